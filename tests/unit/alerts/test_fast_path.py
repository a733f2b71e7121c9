"""The fast path: it agrees with a plain loop over all rules, and its work does not grow with the alerts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.condition import (
    Both,
    Channel,
    Comparison,
    Condition,
    Crossing,
    DayMove,
    Direction,
    Draft,
    Either,
    Inverse,
    Op,
    Options,
    Repeat,
    Trailing,
    Unit,
    Velocity,
    Way,
)
from alerts.engine import Engine
from alerts.levels import Ladder
from alerts.needs import symbols_of
from alerts.operand import Arithmetic, Number, Price, PriceField, Sign
from alerts.rule import Rule
from alerts.truth import Atom, Node
from market.quote import Tick, TickField
from tests.unit.alerts.drafts import AAPL, MSFT, NOW, rule, tick
from tests.unit.alerts.hours import keep_open
from tests.unit.alerts.naive import NaiveEngine

GRID = [98.0, 99.5, 99.9, 99.95, 100.0, 100.05, 100.1, 100.5, 102.0]
LEVELS = st.sampled_from([99.95, 100.0, 100.1]).map(Number)
SIDES = st.sampled_from([Price("AAPL"), Price("MSFT"), Price("AAPL", PriceField.BID), Price("AAPL", PriceField.MID)])
SINGLES = st.one_of(
    st.builds(Comparison, SIDES, st.sampled_from(Op), LEVELS),
    st.builds(Crossing, SIDES, st.sampled_from(Direction), LEVELS),
)
WINDOWS = [timedelta(seconds=2), timedelta(minutes=2)]
TWO = Arithmetic(Price("AAPL"), Sign.OVER, Price("MSFT"))
WAYS = st.sampled_from(Way)
MOVES = st.one_of(
    st.builds(Channel, SIDES, st.booleans(), st.sampled_from([99.5, 99.95]), st.sampled_from([100.1, 100.5])),
    st.builds(DayMove, st.just("AAPL"), st.sampled_from([0.05, 0.5]), WAYS, st.sampled_from([None, 100.0])),
    st.builds(
        Velocity,
        st.sampled_from(["AAPL", "MSFT"]),
        st.sampled_from([0.1, 1.0]),
        st.sampled_from([Unit.PERCENT, Unit.MONEY]),
        WAYS,
        st.sampled_from(WINDOWS),
    ),
    st.builds(
        Trailing,
        st.just("AAPL"),
        st.sampled_from([0.1, 0.5]),
        st.sampled_from([Unit.PERCENT, Unit.MONEY]),
        st.booleans(),
    ),
    st.builds(Comparison, st.just(TWO), st.sampled_from(Op), st.sampled_from([1.0, 1.001]).map(Number)),
)
# `not` of what happens in a moment is true at all other moments: how often one looks decides how often that is.
LASTING = st.one_of(SINGLES, MOVES).filter(lambda condition: not isinstance(condition, Crossing | Channel))
SINGLES = st.one_of(SINGLES, MOVES, st.builds(Inverse, LASTING))
PAIRS = st.lists(SINGLES, min_size=2, max_size=2).map(tuple)
CONDITIONS = st.one_of(SINGLES, SINGLES, PAIRS.map(Both), PAIRS.map(Either))
OPTIONS = st.sampled_from(
    [
        Options(Repeat.ONCE),
        Options(Repeat.EVERY),
        Options(Repeat.EVERY, cooldown=timedelta(seconds=60)),
        Options(),
        Options(hold=timedelta(seconds=2)),
        Options(Repeat.EVERY, hold=timedelta(seconds=60)),
    ]
)
FIELDS = st.sampled_from(
    [
        *[TickField.LAST] * 4,
        TickField.BID,
        TickField.ASK,
        TickField.HIGH,
        TickField.LOW,
        TickField.HALTED,
        TickField.CLOSE,
    ]
)
PAUSES = st.sampled_from([0, 0, 1, 1, 30, 90, 301])
EVENTS = st.one_of(
    *[st.tuples(st.sampled_from([AAPL, AAPL, MSFT]), FIELDS, st.sampled_from(GRID), PAUSES)] * 4,
    st.tuples(CONDITIONS, OPTIONS),
    st.tuples(st.sampled_from([AAPL, MSFT])),
)
"""A tick, a rule that joins, an instrument whose line is let go of."""


def made(rule_id: int, condition: Condition, options: Options, at: datetime) -> Rule:
    base = rule("AAPL > 1 and MSFT > 1", rule_id, at=at)
    spoken = symbols_of(condition)
    return replace(
        base,
        draft=Draft(condition, options),
        instruments={symbol: found for symbol, found in base.instruments.items() if symbol in spoken},
    )


def _never(symbol: str, window: timedelta) -> Condition:
    return Velocity(symbol, 1000.0, Unit.MONEY, Way.EITHER, window)


@given(st.lists(st.tuples(CONDITIONS, OPTIONS), min_size=1, max_size=6), st.lists(EVENTS, max_size=40))
@settings(max_examples=200, deadline=None)
def test_the_fast_path_and_a_plain_loop_agree(first: list[Any], events: list[Any]) -> None:
    fast, naive, now = keep_open(Engine()), NaiveEngine(), NOW
    # Books and windows exist from the start, so that both know the same prices when a rule joins later.
    rules = [
        made(
            1, Both(tuple(_never(symbol, window) for symbol in ("AAPL", "MSFT") for window in WINDOWS)), Options(), now
        ),
        *(made(n, condition, options, now) for n, (condition, options) in enumerate(first, 2)),
    ]
    fast.load(rules)
    for each in rules:
        naive.add(each)
    for event in events:
        if len(event) == 1:
            fast.forget(event[0])
            naive.forget(event[0])
            continue
        if len(event) == 2:
            joining = made(len(naive.states) + 1, event[0], event[1], now)
            fired, expected = fast.add(joining), naive.add(joining)
        else:
            instrument, field, price, pause = event
            now += timedelta(seconds=pause)
            if pause:
                assert [(f.rule.id, f.at) for f in fast.on_time(now)] == naive.on_time(now)
            value = float(price > 100) if field is TickField.HALTED else price
            one = Tick(instrument, field, value, 1.0, now)
            fired, expected = fast.on_ticks([one]), naive.on_tick(one)
        assert [(f.rule.id, f.at) for f in fired] == expected


class CountingFloat(float):
    """Counts how often it is compared."""

    compared = 0

    def __lt__(self, other: float) -> bool:
        CountingFloat.compared += 1
        return float(self) < other

    def __gt__(self, other: float) -> bool:
        CountingFloat.compared += 1
        return float(self) > other

    def __le__(self, other: float) -> bool:
        CountingFloat.compared += 1
        return float(self) <= other

    def __ge__(self, other: float) -> bool:
        CountingFloat.compared += 1
        return float(self) >= other


def comparisons_of_a_tick_between(levels: int) -> int:
    engine = Engine()
    base = rule("AAPL > 1")
    above = [Draft(Comparison(Price("AAPL"), Op.GT, Number(1000.0 + n))) for n in range(levels)]
    engine.load(replace(base, id=n, draft=draft) for n, draft in enumerate(above, 1))
    engine.on_ticks([tick(100.0), tick(102.0), tick(101.0)])
    CountingFloat.compared = 0
    assert engine.on_ticks([tick(CountingFloat(100.5)) for _ in range(10)]) == []
    return CountingFloat.compared // 10


def test_a_tick_between_two_levels_costs_the_same_with_ten_and_with_ten_thousand() -> None:
    # Two with the neighbouring levels, two with the extremes since the day's high and low were last heard of.
    assert comparisons_of_a_tick_between(10) == 4
    assert comparisons_of_a_tick_between(10_000) == 4


class Counting:
    """Stands in for a condition and counts how often it is evaluated."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.asked = 0

    def truth(self, now: datetime) -> bool | None:
        self.asked += 1
        return self._node.truth(now)

    def holds(self, now: datetime) -> bool | None:
        return self._node.holds(now)

    def stays(self, now: datetime) -> bool | None:
        return self._node.stays(now)

    def atoms(self) -> Iterator[Atom]:
        return self._node.atoms()


@pytest.mark.parametrize("text", ["AAPL > 200 and MSFT > 100 and not AAPL bid > 300", "AAPL / MSFT > 3"])
def test_a_condition_is_evaluated_only_when_one_of_its_inputs_changes(text: str) -> None:
    engine = keep_open(Engine())
    engine.load([rule(text)])
    engine.on_ticks([tick(150.0), tick(99.0, instrument=MSFT), tick(149.0, TickField.BID)])
    watch = engine._roster.watched[1]
    counting = watch._node = Counting(watch._node)  # type: ignore[attr-defined]
    same = [tick(150.0), tick(99.0, instrument=MSFT), tick(151.0, TickField.ASK), tick(1000.0, TickField.VOLUME)]
    assert engine.on_ticks(same * 100) == []
    assert counting.asked == 0
    engine.on_ticks([tick(201.0), tick(202.0), tick(203.0)])
    assert counting.asked == (1 if "and" in text else 3)


@pytest.mark.parametrize("price", [99.0, 100.0, 100.5, 101.0, 102.0])
def test_a_ladder_knows_its_neighbours(price: float) -> None:
    ladder = Ladder()
    ladder.fill([(100.0, 1), (101.0, 2), (101.0, 3)])
    assert ladder.moved(price) == {1, 2, 3}
    below, above = {99.0: (float("-inf"), 100.0), 100.0: (100.0, 100.0), 100.5: (100.0, 101.0)}.get(
        price, (101.0, 101.0 if price == 101.0 else float("inf"))
    )
    assert (ladder.below, ladder.above) == (below, above)


def test_a_ladder_tells_what_a_move_left_passed_and_reached() -> None:
    ladder = Ladder()
    ladder.fill([(100.0, 1), (101.0, 2), (102.0, 3), (103.0, 4)])
    ladder.moved(100.5)
    assert ladder.moved(102.0) == {2, 3}
    assert ladder.moved(102.0) == set()
    assert ladder.moved(102.5) == {3}
    assert ladder.moved(99.0) == {1, 2, 3}
    assert ladder.over(100.0, 102.0) == {2, 3}
    assert ladder.under(102.0, 100.0) == {1, 2}


def test_a_ladder_forgets_levels_nobody_watches() -> None:
    ladder = Ladder()
    ladder.moved(100.0)
    ladder.insert(101.0, 1)
    ladder.insert(101.0, 2)
    ladder.discard(101.0, 1)
    assert (len(ladder), ladder.above) == (1, 101.0)
    ladder.discard(101.0, 2)
    ladder.discard(101.0, 2)
    assert (len(ladder), ladder.above) == (0, float("inf"))
