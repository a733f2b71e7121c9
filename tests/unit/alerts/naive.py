"""A second engine for price rules, as plain and slow as possible: it looks at every rule with every tick."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Any

from alerts.condition import Both, Comparison, Condition, Crossing, Direction, Op, Repeat
from alerts.default import cooldown_of, repeat_of
from alerts.operand import Number, Price, PriceField
from alerts.rule import Rule
from market.instrument import Instrument
from market.quote import Tick, TickField

FIELDS = {PriceField.LAST: TickField.LAST, PriceField.BID: TickField.BID, PriceField.ASK: TickField.ASK}


@dataclass
class _Known:
    prices: dict[TickField, float] = field(default_factory=dict)
    received: datetime | None = None
    halted: bool = False
    top: float = -inf
    bottom: float = inf


@dataclass
class _State:
    rule: Rule
    armed: bool = True
    spent: bool = False
    last_fired: datetime | None = None
    sides: dict[int, tuple[int, bool]] = field(default_factory=dict)


class NaiveEngine:
    """Returns what fired as (rule id, time)."""

    def __init__(self) -> None:
        self.known: dict[int, _Known] = {}
        self.states: dict[int, _State] = {}

    def add(self, rule: Rule) -> list[tuple[int, datetime]]:
        state = self.states[rule.id] = _State(rule)
        return self._look([state], rule.since)

    def on_tick(self, tick: Tick) -> list[tuple[int, datetime]]:
        known = self.known.setdefault(tick.instrument.con_id, _Known())
        before = known.prices.get(tick.field)
        known.prices[tick.field] = tick.price
        known.received = tick.received
        last = known.prices.get(TickField.LAST)
        if tick.field is TickField.LAST:
            known.top, known.bottom = max(known.top, tick.price), min(known.bottom, tick.price)
        if tick.field is TickField.HALTED:
            known.halted = tick.price > 0
        if tick.field not in {TickField.HIGH, TickField.LOW}:
            return self._look([s for s in self.states.values() if self._speaks_of(s, tick.instrument)], tick.received)
        is_high = tick.field is TickField.HIGH
        top, bottom = known.top, known.bottom
        if is_high:
            known.top = -inf if last is None else last
        else:
            known.bottom = inf if last is None else last
        if (
            before is None
            or last is None
            or known.halted
            or (tick.price <= before if is_high else tick.price >= before)
        ):
            return []
        low, high = (max(top, last), tick.price) if is_high else (tick.price, min(bottom, last))
        reached = [
            s
            for s in self.states.values()
            if any(low < m <= high if is_high else low <= m < high for m in self._marks(s, tick.instrument))
        ]
        known.prices[TickField.LAST] = tick.price
        fired = self._look(reached, tick.received)
        known.prices[TickField.LAST] = last
        return fired

    def _look(self, states: list[_State], now: datetime) -> list[tuple[int, datetime]]:
        return [
            (s.rule.id, now) for s in sorted(states, key=lambda s: s.rule.id) if not s.spent and self._fires(s, now)
        ]

    def _fires(self, state: _State, now: datetime) -> bool:
        condition, draft = state.rule.draft.condition, state.rule.draft
        truth = self._truth(condition, state, now)
        if truth is False and not state.armed:
            state.armed = self._holds(condition, state, now) is False
        if truth is not True or not state.armed:
            return False
        repeats = repeat_of(draft) is Repeat.EVERY
        if repeats and state.last_fired is not None and now < state.last_fired + cooldown_of(draft):
            return False
        state.armed = self._holds(condition, state, now) is False
        state.last_fired = now
        state.spent = not repeats
        return True

    def _value(self, operand: Any, state: _State, now: datetime) -> float | None:
        if isinstance(operand, Number):
            return operand.value
        known = self.known.get(state.rule.instruments[operand.symbol].con_id)
        if known is None or known.halted or known.received is None or now - known.received > timedelta(minutes=5):
            return None
        if operand.field is not PriceField.MID:
            return known.prices.get(FIELDS[operand.field])
        bid, ask = known.prices.get(TickField.BID), known.prices.get(TickField.ASK)
        return None if bid is None or ask is None else (bid + ask) / 2

    def _truth(self, condition: Condition, state: _State, now: datetime) -> bool | None:
        if isinstance(condition, Comparison):
            left, right = self._value(condition.left, state, now), self._value(condition.right, state, now)
            return None if left is None or right is None else _stands(left, condition.op, right)
        if isinstance(condition, Crossing):
            return self._crossed(condition, state, now)
        return _joined(condition, [self._truth(part, state, now) for part in condition.parts])  # type: ignore[union-attr]

    def _crossed(self, condition: Crossing, state: _State, now: datetime) -> bool | None:
        left, right = self._value(condition.left, state, now), self._value(condition.right, state, now)
        if left is None or right is None:
            return None
        side, has_crossed = state.sides.get(id(condition), (0, False))
        up = side == -1 and left >= right and condition.direction is not Direction.BELOW
        down = side == 1 and left <= right and condition.direction is not Direction.ABOVE
        if up or down:
            side, has_crossed = 0, True
        margin = _margin(right) if has_crossed else 0.0
        if left > right and left >= right + margin:
            side = 1
        if left < right and left <= right - margin:
            side = -1
        state.sides[id(condition)] = side, has_crossed
        return up or down

    def _holds(self, condition: Condition, state: _State, now: datetime) -> bool | None:
        if isinstance(condition, Crossing):
            return False
        if not isinstance(condition, Comparison):
            return _joined(condition, [self._holds(part, state, now) for part in condition.parts])  # type: ignore[union-attr]
        left, right = self._value(condition.left, state, now), self._value(condition.right, state, now)
        if left is None or right is None:
            return None
        margin = _margin(right)
        return left > right - margin if condition.op in {Op.GT, Op.GE} else left < right + margin

    def _speaks_of(self, state: _State, instrument: Instrument) -> bool:
        return instrument in state.rule.instruments.values()

    def _marks(self, state: _State, instrument: Instrument) -> list[float]:
        marks = []
        for atom in _atoms(state.rule.draft.condition):
            price, level = atom.left, atom.right.value
            if price.field is not PriceField.LAST or state.rule.instruments[price.symbol] != instrument:
                continue
            marks.append(level)
            repeats = repeat_of(state.rule.draft) is Repeat.EVERY
            if isinstance(atom, Crossing) or (repeats and atom.op in {Op.GT, Op.GE}):
                marks.append(level - _margin(level))
            if isinstance(atom, Crossing) or (repeats and atom.op in {Op.LT, Op.LE}):
                marks.append(level + _margin(level))
        return marks


def _atoms(condition: Any) -> list[Any]:
    if isinstance(condition, Comparison | Crossing):
        assert isinstance(condition.left, Price)
        return [condition]
    return [atom for part in condition.parts for atom in _atoms(part)]


def _stands(left: float, op: Op, right: float) -> bool:
    return {Op.GT: left > right, Op.GE: left >= right, Op.LT: left < right, Op.LE: left <= right}[op]


def _margin(level: float) -> float:
    return max(abs(level) * 0.001, 0.02)


def _joined(condition: Condition, truths: list[bool | None]) -> bool | None:
    if isinstance(condition, Both):
        return False if False in truths else None if None in truths else True
    return True if True in truths else None if None in truths else False
