"""Every row of the table of catch-up (PRODUCT B), with feeds that bring what a test says."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from alerts.catchup import CAUGHT, LIVE
from alerts.condition import OrderEvent
from alerts.eclipse import DARK
from alerts.missed import MOST_HEADLINES, Missed
from alerts.operand import PriceField
from alerts.retrace import Retrace
from alerts.rule import OrderHappened, TimeCause
from market.account import AccountSummary
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.news import Headline
from market.quote import Bar, BarSize
from tests.unit.alerts.drafts import AAPL, EURUSD, MSFT, NOW, rule
from tests.unit.alerts.gapdesk import LAST, MINUTE, Desk, gone_for

BID = PriceField.BID


@pytest.mark.parametrize(
    ("line", "prices", "minute"),
    [
        ("AAPL > 200", (199.0, 199.0, 201.0, 199.0), 2),
        ("AAPL crosses 200", (199.0, 199.0, 201.0, 199.0), 2),
        ("AAPL enters 200..210", (199.0, 199.0, 201.0, 199.0), 2),
        ("AAPL drops $3 in 5m", (199.0, 199.0, 195.0, 195.0), 2),
        ("AAPL trails 5%", (199.0, 210.0, 199.0, 199.0), 2),
        ("AAPL +4% from 190", (190.0, 191.0, 198.0, 190.0), 2),
        ("AAPL volume > 250", (199.0, 199.0, 199.0, 199.0), 2),
        ("AAPL > 200 and AAPL < 210", (199.0, 211.0, 201.0, 199.0), 2),
        ("AAPL / MSFT > 0.5", (190.0, 195.0, 201.0, 190.0), 2),
    ],
)
async def test_price_kinds_are_found_in_the_bars_of_the_gap(line: str, prices: Sequence[float], minute: int) -> None:
    desk = Desk(rule(line))
    desk.minutes(*prices)
    desk.minutes(*[400.0] * len(prices), instrument=MSFT)
    await gone_for(desk, len(prices))
    assert desk.found() == [(1, minute)]


@pytest.mark.parametrize("line", ["AAPL +5%", "AAPL gaps 5%"])
async def test_day_moves_and_gaps_are_measured_from_the_close_before(line: str) -> None:
    desk = Desk(rule(line))
    # The session begins at midnight UTC, in the middle of the gap.
    midnight = (NOW + timedelta(days=1)).replace(hour=0, minute=0)
    desk.past.history[AAPL.con_id, BarSize.DAY_1] = [
        Bar(midnight - timedelta(days=n + 1), 100.0, 100.0, 100.0, 100.0 - n, 1.0) for n in (1, 0)
    ]
    desk.past.made[AAPL.con_id, LAST] = [
        Bar(midnight + n * MINUTE, price, price, price, price, 1.0)
        for n, price in enumerate((100.0, 100.0, 100.0, 106.0, 106.0), -3)
    ]
    await desk.live()
    desk.lose()
    desk.clock.advance((midnight - NOW).total_seconds() + 600)
    await desk.regain()
    assert [one.rule.id for one in desk.fired] == [1]
    assert midnight <= desk.fired[0].at < midnight + MINUTE


async def test_an_indicator_is_continuous_over_the_gap_and_no_bar_counts_twice() -> None:
    desk = Desk(rule("AAPL sma(3, 1m) > 200"))
    prices = [190.0] * 20 + [190.0, 210.0, 220.0, 190.0, 190.0]
    desk.past.history[AAPL.con_id, BarSize.MIN_1] = [
        Bar(NOW + (n - 20) * MINUTE, price, price, price, price, 1.0) for n, price in enumerate(prices)
    ]
    await gone_for(desk, 5)
    # Closed at 190, 210, 220: 206.67 on average, as the third minute ends.
    assert desk.found() == [(1, 3)]
    again = desk.past.history[AAPL.con_id, BarSize.MIN_1]
    assert desk.engine.seed(AAPL, BarSize.MIN_1, again, desk.clock.now(), regular=True) == []


async def test_bids_are_asked_for_as_bids() -> None:
    desk = Desk(rule("AAPL bid > 200"), rule("EUR.USD > 1.1", 2))
    desk.minutes(199.0, 201.0, field=BID)
    desk.minutes(1.05, 1.2, instrument=EURUSD, field=PriceField.MID)
    await gone_for(desk, 3)
    assert sorted(desk.past.asked) == [("AAPL", BID, BarSize.MIN_1), ("EUR", PriceField.MID, BarSize.MIN_1)]
    assert sorted(desk.found()) == [(1, 1), (2, 1)]


async def test_headlines_of_the_gap_are_told_once_each() -> None:
    desk = Desk(rule('news AAPL "guidance"'))
    told = Headline("DJNL", "DJNL$1", "Apple raises guidance", NOW + MINUTE, AAPL.con_id)
    desk.past.headlines = [told, Headline("DJNL", "DJNL$2", "Apple cuts guidance", NOW + 2 * MINUTE, AAPL.con_id)]
    await desk.live()
    desk.lose()
    desk.clock.advance(300)
    # TWS sends the latest again with a new subscription: it may be there before the past is asked for.
    desk.fired += desk.engine.on_headline(told, desk.clock.now())
    await desk.regain()
    assert [one.at for one in desk.fired] == [NOW + 5 * MINUTE, NOW + 2 * MINUTE]


async def test_what_happened_to_orders_meanwhile_carries_its_time() -> None:
    desk = Desk(rule("orders filled"))
    await gone_for(desk, 10)
    happened = OrderHappened(
        OrderEvent.FILLED, "BUY 10 AAPL", AAPL, 199.0, is_ours=False, at=NOW + 3 * MINUTE, key="7:filled"
    )
    desk.feeds.orders.push(happened)  # type: ignore[attr-defined]
    assert desk.watcher.pending == 1
    [firing] = desk.watcher._queue
    assert firing.at == NOW + 3 * MINUTE
    assert firing.away is not None


async def test_times_that_were_missed_are_told_together() -> None:
    desk = Desk(rule("every 5m"))
    await gone_for(desk, 31)
    [firing] = desk.engine.on_time(desk.clock.now())
    assert isinstance(firing.cause, TimeCause)
    assert (firing.cause.due, firing.cause.collapsed) == (NOW + 30 * MINUTE, 5)


@pytest.mark.parametrize("line", ["account cushion < 10%", "AAPL stale 5m", "scan TOP_PERC_GAIN"])
async def test_what_no_history_tells_is_said_once_to_be_unknown(line: str) -> None:
    desk = Desk(rule(line), rule("AAPL > 200", 2))
    await gone_for(desk, 27)
    assert [(one.rule.id, one.begin, one.end, one.reason) for one in desk.told] == [(1, NOW, NOW + 27 * MINUTE, "")]


async def test_a_state_that_is_true_after_the_gap_fires_once_and_says_that_nobody_saw_it_come() -> None:
    desk = Desk(rule("account cushion < 10%"))
    await gone_for(desk, 27)
    for _ in range(2):
        desk.clock.advance(1)
        desk.take(desk.engine.on_account(AccountSummary("DU1", "USD", cushion=Decimal("0.05")), (), desk.clock.now()))
    [firing] = desk.fired
    assert firing.away is not None
    assert (firing.away.begin, firing.away.span, firing.away.is_observed) == (NOW, 27 * MINUTE, False)


async def test_a_short_gap_makes_nothing_of_the_account_unknown() -> None:
    desk = Desk(rule("account cushion < 10%"))
    await gone_for(desk, 1)
    assert desk.told == []


async def test_bars_that_ibkr_refuses_are_told_with_its_words_and_live_goes_on() -> None:
    desk = Desk(rule("AAPL > 200"), rule("MSFT > 500", 2))
    desk.minutes(199.0, 199.0)
    desk.minutes(499.0, 501.0, instrument=MSFT)
    await desk.live()
    desk.lose()
    desk.past.errors = [BrokerError(162, "No market data permissions")]
    await desk.regain(3 * MINUTE)
    assert [(one.rule.id, one.reason) for one in desk.told] == [(1, "IBKR 162: No market data permissions")]
    assert [one.rule.id for one in desk.fired] == [2]
    desk.print(201.0)
    assert desk.watcher.pending == 1


async def test_an_answer_that_is_late_is_asked_for_again() -> None:
    desk = Desk(rule("AAPL > 200"))
    desk.minutes(199.0, 201.0)
    await desk.live()
    desk.lose()
    desk.past.errors = [RequestTimeout("bars", 30.0), RequestTimeout("bars", 30.0)]
    await desk.regain(3 * MINUTE)
    assert desk.found() == [(1, 1)]
    assert desk.told == []


async def test_a_link_that_is_lost_while_catching_up_leaves_the_gap_as_it_was() -> None:
    desk = Desk(rule("AAPL > 200"))
    desk.minutes(199.0, 201.0)
    await desk.live()
    desk.lose()
    desk.past.errors = [LinkDown()]
    await desk.regain(3 * MINUTE)
    assert (desk.fired, desk.told, desk.catchup.count) == ([], [], 1)
    desk.lose()
    await desk.regain(3 * MINUTE)
    assert desk.found() == [(1, 1)]


async def test_live_ticks_wait_until_the_past_is_told_and_nothing_fires_twice() -> None:
    desk = Desk(rule("AAPL crosses above 200 every cooldown 1s"))
    await desk.live()
    desk.print(199.0)
    desk.lose()
    desk.minutes(199.0, 201.0, 198.0, 202.0)
    desk.clock.advance(200)
    desk.print(202.0)
    assert desk.watcher.pending == 0
    await desk.regain()
    assert desk.found() == [(1, 1), (1, 3)]
    desk.print(203.0)
    assert desk.watcher.pending == 0
    desk.print(198.0)
    desk.print(203.0)
    assert desk.watcher.pending == 1


async def test_the_gap_of_a_start_begins_where_all_was_live_last() -> None:
    desk = Desk(rule("AAPL > 200", at=NOW - 60 * MINUTE), **{LIVE: NOW - 10 * MINUTE})
    desk.past.made[AAPL.con_id, LAST] = [
        Bar(NOW + n * MINUTE, price, price, price, price, 1.0) for n, price in ((-11, 201.0), (-10, 199.0), (-5, 201.0))
    ]
    await desk.catchup.begin()
    desk.catchup.restored()
    await desk.catchup.fill()
    assert desk.found() == [(1, -5)]
    assert desk.moments.kept[LIVE] == NOW


async def test_a_crash_while_some_have_caught_up_begins_each_where_it_was() -> None:
    kept = {LIVE: NOW - 10 * MINUTE, f"{CAUGHT}{AAPL.con_id}": NOW - 2 * MINUTE}
    lines = (rule("AAPL > 200", at=NOW - 60 * MINUTE), rule("MSFT > 200", 2, at=NOW - 60 * MINUTE))
    desk = Desk(*lines, **kept)
    for instrument in (AAPL, MSFT):
        desk.past.made[instrument.con_id, LAST] = [Bar(NOW - 5 * MINUTE, 201.0, 201.0, 201.0, 201.0)]
    await desk.catchup.begin()
    desk.catchup.restored()
    await desk.catchup.fill()
    assert desk.found() == [(2, -5)]
    assert list(desk.moments.kept) == [LIVE]


async def test_nothing_is_noted_as_live_while_something_is_behind() -> None:
    desk = Desk(rule("AAPL > 200"))
    await desk.live()
    desk.lose()
    desk.clock.advance(600)
    await desk.catchup.note()
    assert desk.moments.kept[LIVE] == NOW


async def test_what_was_dark_by_itself_is_looked_up_from_when_it_was_and_nothing_else() -> None:
    desk = Desk(rule("AAPL > 200"), rule("MSFT > 500", 2))
    await desk.live()
    desk.clock.advance(20)
    desk.print(199.0)
    desk.print(499.0, MSFT)
    desk.minutes(199.0, 201.0, 199.0)
    desk.minutes(499.0, 501.0, instrument=MSFT)
    desk.clock.advance(120)
    desk.catchup.missed({AAPL.con_id: NOW + MINUTE})
    await desk.catchup.fill()
    assert desk.found() == [(1, 1)]
    assert desk.past.asked == [("AAPL", LAST, BarSize.MIN_1)]


async def test_what_is_dark_by_itself_makes_nothing_of_the_account_unknown() -> None:
    desk = Desk(rule("account cushion < 10%"), rule("AAPL > 200", 2), rule("AAPL stale 30m", 3))
    await desk.live()
    desk.clock.advance(1200)
    desk.catchup.missed({AAPL.con_id: NOW})
    await desk.catchup.fill()
    assert [(one.rule.id, one.begin) for one in desk.told] == [(3, NOW)]


async def test_a_crash_while_some_are_dark_looks_up_these_from_when_they_were() -> None:
    desk = Desk(rule("AAPL > 200"), rule("MSFT > 500", 2))
    await desk.live()
    desk.clock.advance(60)
    desk.print(499.0, MSFT)
    desk.catchup.doubt(desk.clock.now())
    for _ in range(600):
        desk.clock.advance(1)
        desk.print(499.5, MSFT)
        desk.catchup._eclipse.look()
    await desk.catchup.note()
    kept = dict(desk.moments.kept)
    assert kept == {LIVE: NOW + 11 * MINUTE - timedelta(seconds=5), f"{DARK}{AAPL.con_id}": NOW}
    again = Desk(rule("AAPL > 200"), rule("MSFT > 500", 2), **kept)
    again.clock.advance(720)
    again.minutes(199.0, 199.0, 199.0, 201.0, 199.0)
    again.minutes(499.0, 499.0, 499.0, 501.0, 499.0, instrument=MSFT)
    await again.catchup.begin()
    again.catchup.restored()
    await again.catchup.fill()
    assert again.found() == [(1, 3)]
    assert list(again.moments.kept) == [LIVE]


async def test_a_machine_that_slept_looks_at_what_it_missed() -> None:
    desk = Desk(rule("AAPL > 200"))
    desk.watcher.on_sleep(desk.catchup.slept)
    await desk.live()
    desk.minutes(199.0, 201.0)
    desk.clock.advance(300)
    desk.print(199.5)
    assert desk.catchup.count
    await desk.catchup.fill()
    assert desk.found() == [(1, 1)]


@pytest.mark.parametrize(("days", "size"), [(0.9, BarSize.MIN_1), (3, BarSize.MIN_5), (20, BarSize.HOUR_1)])
async def test_a_longer_gap_is_looked_at_in_coarser_bars(days: float, size: BarSize) -> None:
    desk = Desk(rule("AAPL > 200"))
    await gone_for(desk, int(days * 1440))
    assert desk.past.asked == [("AAPL", LAST, size)]
    assert desk.told == []


async def test_what_is_longer_ago_than_ibkr_tells_is_said_to_be_unknown() -> None:
    desk = Desk(rule("AAPL > 200"))
    await gone_for(desk, 40 * 1440)
    assert [(one.rule.id, one.begin, one.end) for one in desk.told] == [(1, NOW, NOW + timedelta(days=10))]


async def test_the_nearest_to_a_level_come_first() -> None:
    desk = Desk(rule("AAPL > 300"), rule("MSFT > 400", 2), rule("EUR.USD > 1.2", 3))
    await desk.live()
    desk.lose()
    desk.print(200.0)
    desk.print(399.0, MSFT)
    await desk.regain(3 * MINUTE)
    assert [symbol for symbol, _, _ in desk.past.asked] == ["MSFT", "AAPL", "EUR"]
    assert desk.caught == [MSFT, AAPL, EURUSD]


async def test_what_waited_for_what_was_before_it_was_not_missed() -> None:
    desk = Desk(rule("AAPL > 200"), rule("AAPL > 210", 2), rule("AAPL > 220", 3))
    desk.minutes(199.0, 201.0, 199.0, 211.0, 221.0)
    await desk.live()
    desk.lose()
    desk.clock.advance(200)
    desk.catchup.restored()
    desk.clock.advance(60)
    await desk.catchup.fill()
    words = [(one.rule.id, one.away.is_torn, one.away.is_belated) for one in desk.fired if one.away is not None]
    assert words == [(1, False, False), (2, True, False), (3, False, True)]


async def test_after_a_leap_of_the_clock_the_tick_that_fires_is_not_said_to_be_missed() -> None:
    desk = Desk(rule("AAPL > 200"))
    desk.watcher.on_sleep(desk.catchup.slept)
    await desk.live()
    desk.clock.advance(35)
    desk.minutes(201.0)
    desk.print(201.0)
    await desk.catchup.fill()
    [firing] = desk.fired
    assert firing.away is not None
    assert firing.away.is_torn


async def test_a_machine_that_slept_without_alerts_on_prices_says_what_it_does_not_know() -> None:
    desk = Desk(rule("account cushion < 10%"))
    await desk.live()
    desk.clock.advance(600)
    desk.catchup.slept(NOW)
    await desk.catchup.fill()
    assert [(one.rule.id, one.begin, one.end) for one in desk.told] == [(1, NOW, NOW + 10 * MINUTE)]


@pytest.mark.parametrize(
    "line",
    [
        "AAPL crosses above 200 every cooldown 1s",
        "AAPL > 200 every cooldown 1s",
        "AAPL enters 200..210 every cooldown 1s",
        "AAPL moves 1% in 5m cooldown 1s",
    ],
)
async def test_what_bars_and_waiting_ticks_both_tell_fires_once(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(rule(line))
    await desk.live()
    desk.print(199.0)
    desk.lose()
    desk.minutes(199.0, 199.0, 199.0)
    desk.past.made[AAPL.con_id, LAST].append(Bar(NOW + 3 * MINUTE, 199.0, 202.0, 199.0, 202.0, 100.0))
    desk.clock.advance(190)
    desk.catchup.restored()
    answer = desk.past.since

    async def late(*asked: object) -> Sequence[Bar]:
        for seconds, price in ((0, 199.0), (10, 201.0), (5, 202.0)):
            desk.clock.advance(seconds)
            desk.print(price)
        desk.clock.advance(15)
        return await answer(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.past, "since", late)
    await desk.catchup.fill()
    assert desk.found() == [(1, 3)]
    assert desk.fired == [one for one in desk.fired if one.away is not None]
    desk.clock.advance(5)
    desk.print(202.0)
    assert desk.watcher.pending == 0


async def test_a_gap_that_breaks_the_run_is_given_up_at_the_second_try_and_live_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(rule("AAPL > 200"), rule("MSFT > 500", 2))
    desk.minutes(199.0, 199.0)
    desk.minutes(499.0, 501.0, instrument=MSFT)
    await desk.live()
    desk.lose()
    whole = desk.engine.retracing

    def broken(missed: Sequence[Missed], *more: Any) -> Retrace:
        if missed[0].wanted.instrument == AAPL:
            raise RuntimeError(missed)
        return whole(missed, *more)

    monkeypatch.setattr(desk.engine, "retracing", broken)
    with pytest.raises(ExceptionGroup):
        await desk.regain(3 * MINUTE)
    await desk.catchup.fill()
    assert desk.catchup.count == 0
    assert [(one.rule.id, one.reason) for one in desk.told] == [(1, "what was fetched could not be worked through")]
    assert desk.found() == [(2, 1)]
    desk.print(201.0)
    assert desk.watcher.pending == 1


async def test_what_could_not_be_told_is_told_by_the_next_try(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(rule("account cushion < 10%"))
    await desk.live()
    tell = desk.catchup._tell

    async def full(_found: object) -> None:
        raise OSError

    desk.catchup._tell = full
    desk.lose()
    with pytest.raises(OSError):  # noqa: PT011  whatever it is
        await desk.regain(10 * MINUTE)
    desk.catchup._tell = tell
    await desk.catchup.fill()
    assert [one.rule.id for one in desk.told] == [1]
    await desk.catchup.fill()
    assert len(desk.told) == 1


async def test_what_moves_fast_is_asked_for_before_what_has_a_level() -> None:
    desk = Desk(rule("AAPL > 201"), rule("MSFT moves 1% in 5m", 2))
    await desk.live()
    desk.lose()
    desk.print(200.0)
    await desk.regain(3 * MINUTE)
    assert [symbol for symbol, _, _ in desk.past.asked] == ["MSFT", "AAPL"]


async def test_headlines_before_the_first_that_ibkr_tells_of_are_said_to_be_unknown() -> None:
    desk = Desk(rule('news AAPL "guidance"'), rule("AAPL > 200", 2))
    first = NOW + 5 * MINUTE
    desk.past.headlines = [
        Headline("DJNL", f"DJNL${n}", "Apple opens a shop", first + timedelta(seconds=n), AAPL.con_id)
        for n in range(MOST_HEADLINES)
    ]
    await gone_for(desk, 20)
    assert [(one.rule.id, one.begin, one.end) for one in desk.told] == [(1, NOW, first)]


async def test_moments_noted_by_a_clock_that_was_ahead_hide_no_gap() -> None:
    kept = {LIVE: NOW + 60 * MINUTE, f"{CAUGHT}{AAPL.con_id}": NOW + 60 * MINUTE, f"{DARK}{AAPL.con_id}": NOW + MINUTE}
    desk = Desk(rule("AAPL > 200"), **kept)
    await desk.catchup.begin()
    assert desk.engine.backlog.since == {AAPL.con_id: NOW}


def _crowd(count: int = 400) -> Desk:
    """Return a desk with many alerts on a gap of four minutes, in the third of which each comes true."""
    desk = Desk(*(rule("AAPL crosses 200", number) for number in range(1, count + 1)), rule("MSFT > 500", 9999))
    desk.minutes(199.0, 199.0, 201.0, 199.0)
    desk.minutes(*[499.0] * 4, instrument=MSFT)
    return desk


async def _in_the_middle(desk: Desk) -> None:
    """Let the loop turn until the first alert has seen a price of the gap."""
    for _ in range(1000):
        first = desk.engine.rule(1)
        if desk.catchup._turn.locked() and first is not None and first.memory:
            return
        await asyncio.sleep(0)
    raise AssertionError(desk.catchup.count)


async def test_while_many_alerts_catch_up_the_loop_goes_round() -> None:
    desk = _crowd(1000)
    await desk.live()
    desk.lose()
    turns = 0

    async def going_round() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    rounds = asyncio.ensure_future(going_round())
    desk.clock.advance(240)
    desk.catchup.restored()
    await asyncio.sleep(0)
    before = turns
    await desk.catchup.fill()
    rounds.cancel()
    assert turns - before > 20
    assert sorted(one.rule.id for one in desk.fired) == list(range(1, 1001))


async def test_a_catch_up_that_is_stopped_in_the_middle_of_a_gap_runs_it_to_its_end() -> None:
    desk = _crowd()
    await desk.live()
    desk.lose()
    desk.clock.advance(240)
    desk.catchup.restored()
    filling = asyncio.ensure_future(desk.catchup.fill())
    await _in_the_middle(desk)
    assert desk.catchup.count
    filling.cancel()
    await asyncio.gather(filling, return_exceptions=True)
    assert sorted(one.rule.id for one in desk.fired) == list(range(1, 401))


async def test_a_link_that_is_lost_in_the_middle_of_a_gap_leaves_what_is_known_known() -> None:
    desk = _crowd()
    await desk.live()
    desk.lose()
    desk.clock.advance(240)
    desk.catchup.restored()
    filling = asyncio.ensure_future(desk.catchup.fill())
    await _in_the_middle(desk)
    desk.lose()
    await filling
    assert desk.catchup.count == 2
    await desk.regain(MINUTE)
    assert sorted(one.rule.id for one in desk.fired) == list(range(1, 401))
    assert desk.catchup.count == 0


async def test_what_is_remembered_in_the_middle_of_a_gap_is_stored_at_its_end() -> None:
    desk = _crowd()
    await desk.live()
    desk.engine.take_changed()
    desk.lose()
    desk.clock.advance(240)
    desk.catchup.restored()
    stored = []
    filling = asyncio.ensure_future(desk.catchup.fill())
    while not filling.done():
        stored += [one.id for one in desk.engine.take_changed() if desk.engine.is_behind(AAPL.con_id)]
        await asyncio.sleep(0)
    assert [rule_id for rule_id in stored if rule_id != 9999] == []
