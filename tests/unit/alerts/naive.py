"""A second engine for price rules, as plain and slow as possible: it looks at every rule with every tick."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf, nextafter
from typing import Any

from alerts.condition import (
    Both,
    Channel,
    Comparison,
    Crossing,
    DayMove,
    Direction,
    Inverse,
    Op,
    Repeat,
    Trailing,
    Unit,
    Velocity,
    Way,
)
from alerts.default import Rearm, defaults_of
from alerts.operand import Arithmetic, Number, Price, PriceField, Sign
from alerts.rule import Rule
from market.instrument import Instrument
from market.quote import Tick, TickField

FIELDS = {PriceField.LAST: TickField.LAST, PriceField.BID: TickField.BID, PriceField.ASK: TickField.ASK}
FRESH = timedelta(minutes=5)
OPPOSITE = {Op.GT: Op.LE, Op.GE: Op.LT, Op.LT: Op.GE, Op.LE: Op.GT}
Truth = bool | None


@dataclass
class _Known:
    prices: dict[TickField, float] = field(default_factory=dict)
    received: datetime | None = None
    halted: bool = False
    top: float = -inf
    bottom: float = inf
    trades: list[tuple[datetime, float]] = field(default_factory=list)


@dataclass
class _State:
    rule: Rule
    armed: bool = True
    spent: bool = False
    session_over: bool = False
    last_fired: datetime | None = None
    sides: dict[int, tuple[int, bool]] = field(default_factory=dict)
    bests: dict[int, float] = field(default_factory=dict)
    came_from: dict[int, int] = field(default_factory=dict)
    held: timedelta = timedelta()
    true_since: datetime | None = None
    pending: bool = False
    printed: datetime | None = None
    """A trade between the samples was its last look: the next tick shows where the price stands."""


class NaiveEngine:
    """Returns what fired as (rule id, time)."""

    def __init__(self) -> None:
        self.known: dict[int, _Known] = {}
        self.states: dict[int, _State] = {}
        self.conditions: dict[int, Any] = {}

    def add(self, rule: Rule) -> list[tuple[int, datetime]]:
        state = self.states[rule.id] = _State(rule)
        self.conditions[rule.id] = condition_of(rule.draft.condition)
        return self._look([state], rule.since)

    def forget(self, instrument: Instrument) -> None:
        known = self.known.setdefault(instrument.con_id, _Known())
        known.prices.clear()
        known.halted, known.top, known.bottom = False, -inf, inf

    def on_time(self, now: datetime) -> list[tuple[int, datetime]]:
        return self._look([s for s in self.states.values() if self._is_due(s, now)], now)

    def _is_due(self, state: _State, now: datetime) -> bool:
        if state.printed is None or now >= state.printed + timedelta(seconds=1):
            return True
        atoms = _atoms(self.conditions[state.rule.id])
        is_single = atoms[0] is self.conditions[state.rule.id]
        return state.pending or (not is_single and any(isinstance(atom, Velocity) for atom in atoms))

    def on_tick(self, tick: Tick) -> list[tuple[int, datetime]]:
        known = self.known.setdefault(tick.instrument.con_id, _Known())
        before = known.prices.get(tick.field)
        known.prices[tick.field] = tick.price
        known.received = tick.received
        last = known.prices.get(TickField.LAST)
        if tick.field is TickField.LAST:
            known.top, known.bottom = max(known.top, tick.price), min(known.bottom, tick.price)
            if not known.halted:
                self._trade(known, tick)
        if tick.field is TickField.HALTED:
            was_halted, known.halted = known.halted, tick.price > 0
            if was_halted and not known.halted and last is not None:
                self._trade(known, tick._replace(price=last))
        concerned = [s for s in self.states.values() if _speaks_of(s, tick.instrument)]
        fired = self._look(concerned, tick.received)
        for state in concerned:
            state.printed = None
        if tick.field in {TickField.HIGH, TickField.LOW}:
            fired += self._print(known, tick, before, last)
        return fired

    def _print(self, known: _Known, tick: Tick, before: float | None, last: float | None) -> list[tuple[int, datetime]]:
        is_high = tick.field is TickField.HIGH
        top, bottom = known.top, known.bottom
        if is_high:
            known.top = -inf if last is None else last
        else:
            known.bottom = inf if last is None else last
        if before is None or last is None or known.halted:
            return []
        if tick.price <= before if is_high else tick.price >= before:
            return []
        low, high = (max(top, last), tick.price) if is_high else (tick.price, min(bottom, last))
        if low >= high:
            return []
        reached = [
            s
            for s in self.states.values()
            if any(low < m <= high if is_high else low <= m < high for m in self._marks(s, tick.instrument, low, high))
        ]
        if not reached:
            return []
        known.prices[TickField.LAST] = tick.price
        self._trade(known, tick)
        fired = self._look(reached, tick.received)
        known.prices[TickField.LAST] = last
        for state in reached:
            state.printed = tick.received
        return fired

    def _trade(self, known: _Known, tick: Tick) -> None:
        if known.trades and tick.received - known.trades[-1][0] <= FRESH:
            known.trades.append((tick.received, known.trades[-1][1]))
        known.trades.append((tick.received, tick.price))

    def _look(self, states: list[_State], now: datetime) -> list[tuple[int, datetime]]:
        return [
            (s.rule.id, now) for s in sorted(states, key=lambda s: s.rule.id) if not s.spent and self._fires(s, now)
        ]

    def _fires(self, state: _State, now: datetime) -> bool:  # noqa: C901  plain on purpose: one look, in order
        condition, defaults = self.conditions[state.rule.id], defaults_of(state.rule.draft)
        truth = self._truth(condition, state, now)
        if truth is False and not state.armed:
            state.armed = self._holds(condition, state, now) is False
        if state.rule.draft.options.hold is not None:
            truth = self._held(condition, state, truth, now)
        if truth is not True or not state.armed or state.session_over:
            return False
        repeats = defaults.repeat is Repeat.EVERY
        if repeats and state.last_fired is not None and now < state.last_fired + defaults.cooldown:
            return False
        for atom in _atoms(condition):
            if isinstance(atom, Trailing):
                price = self._price(Price(atom.symbol), state, now)
                state.bests.pop(id(atom), None)
                state.bests |= {} if price is None else {id(atom): price}
        runs_on = defaults.rearm is Rearm.COOLDOWN and state.rule.draft.options.hold is not None
        state.held, state.true_since, state.pending = timedelta(), now if runs_on else None, runs_on
        if defaults.rearm is Rearm.SESSION:
            state.session_over = True
        elif defaults.rearm is not Rearm.COOLDOWN:
            state.armed = self._holds(condition, state, now) is False
        state.last_fired = now
        state.spent = not repeats
        return True

    def _held(self, condition: Any, state: _State, truth: Truth, now: datetime) -> bool:
        standing = self._stays(condition, state, now) if state.pending else truth
        if standing is False or not state.armed:
            state.held, state.true_since, state.pending = timedelta(), None, False
            return False
        if state.true_since is not None:
            state.held += now - state.true_since
        state.true_since = now if standing else None
        state.pending = state.pending or standing is True
        hold = state.rule.draft.options.hold
        return standing is True and hold is not None and state.held >= hold

    def _price(self, operand: Any, state: _State, now: datetime) -> float | None:
        if isinstance(operand, Number):
            return operand.value
        if isinstance(operand, Arithmetic):
            left, right = self._price(operand.left, state, now), self._price(operand.right, state, now)
            if left is None or right is None:
                return None
            return left / right if operand.sign is Sign.OVER else left - right
        known = self._alive(operand.symbol, state, now)
        if known is None:
            return None
        if operand.field is not PriceField.MID:
            return known.prices.get(FIELDS[operand.field])
        bid, ask = known.prices.get(TickField.BID), known.prices.get(TickField.ASK)
        return None if bid is None or ask is None else (bid + ask) / 2

    def _alive(self, symbol: str, state: _State, now: datetime) -> _Known | None:
        known = self.known.get(state.rule.instruments[symbol].con_id)
        if known is None or known.halted or known.received is None or now - known.received > FRESH:
            return None
        return known

    def _truth(self, condition: Any, state: _State, now: datetime) -> Truth:
        match condition:
            case Crossing():
                return self._crossed(condition, state, now)
            case Channel():
                return self._channelled(condition, state, now)
            case Trailing(symbol, _, _, from_low):
                price = self._price(Price(symbol), state, now)
                if price is not None:
                    best = state.bests.get(id(condition), price)
                    state.bests[id(condition)] = min(best, price) if from_low else max(best, price)
                return self._stays(condition, state, now)
            case Comparison() | DayMove() | Velocity():
                return self._stays(condition, state, now)
            case Inverse(part):
                return _opposite(self._truth(part, state, now))
            case _:
                return _joined(condition, [self._truth(part, state, now) for part in condition.parts])

    def _stays(  # noqa: C901, PLR0911  one case for each kind
        self, condition: Any, state: _State, now: datetime
    ) -> Truth:
        match condition:
            case Comparison(left, op, right):
                values = self._price(left, state, now), self._price(right, state, now)
                return None if None in values else _stands(values[0], op, values[1])  # type: ignore[arg-type]
            case Crossing(left, _, right):
                a, b = self._price(left, state, now), self._price(right, state, now)
                if a is None or b is None:
                    return None
                came_from = state.came_from.get(id(condition), 0)
                return False if not came_from else a >= b if came_from < 0 else a <= b
            case Channel(value, enters, low, high):
                price = self._price(value, state, now)
                return None if price is None else (low <= price <= high) is enters
            case DayMove():
                return self._day_moved(condition, state, now)
            case Velocity():
                return self._moved(condition, state, now)
            case Trailing(symbol, _, _, from_low):
                price = self._price(Price(symbol), state, now)
                if price is None:
                    return None
                bound = _trailed(condition, state)
                return price >= bound if from_low else price <= bound
            case Inverse(part):
                return _opposite(self._stays(part, state, now))
            case _:
                return _joined(condition, [self._stays(part, state, now) for part in condition.parts])

    def _day_moved(self, move: DayMove, state: _State, now: datetime) -> Truth:
        price, levels = self._price(Price(move.symbol), state, now), self._levels(move, state)
        if price is None or levels is None:
            return None
        return (move.way is not Way.DOWN and price >= levels[0]) or (move.way is not Way.UP and price <= levels[1])

    def _day_held(self, move: DayMove, state: _State, now: datetime) -> Truth:
        price, levels = self._price(Price(move.symbol), state, now), self._levels(move, state)
        if price is None or levels is None:
            return None
        up = move.way is not Way.DOWN and price > levels[0] - _margin(levels[0])
        return up or (move.way is not Way.UP and price < levels[1] + _margin(levels[1]))

    def _levels(self, move: DayMove, state: _State) -> tuple[float, float] | None:
        known = self.known.get(state.rule.instruments[move.symbol].con_id)
        base = move.base
        if base is None:
            base = None if known is None else known.prices.get(TickField.CLOSE)
        distance = 0.0 if base is None else abs(base) * move.percent / 100
        return None if base is None else (base + distance, base - distance)

    def _moved(self, move: Velocity, state: _State, now: datetime) -> Truth:
        price, known = self._price(Price(move.symbol), state, now), self._alive(move.symbol, state, now)
        if price is None or known is None or not known.trades:
            return None
        within = [p for at, p in known.trades if at >= now - move.window] or [known.trades[-1][1]]
        low, high = min(within), max(within)
        is_percent = move.unit is Unit.PERCENT
        up = price - low >= (low * move.amount / 100 if is_percent else move.amount)
        down = high - price >= (high * move.amount / 100 if is_percent else move.amount)
        return (move.way is not Way.DOWN and up) or (move.way is not Way.UP and down)

    def _crossed(self, condition: Crossing, state: _State, now: datetime) -> Truth:
        left, right = self._price(condition.left, state, now), self._price(condition.right, state, now)
        if left is None or right is None:
            return None
        side, has_crossed = state.sides.get(id(condition), (0, False))
        up = side == -1 and left >= right and condition.direction is not Direction.BELOW
        down = side == 1 and left <= right and condition.direction is not Direction.ABOVE
        if up or down:
            state.came_from[id(condition)] = side
            side, has_crossed = 0, True
        margin = _margin(right) if has_crossed else 0.0
        if left > right and left >= right + margin:
            side = 1
        if left < right and left <= right - margin:
            side = -1
        state.sides[id(condition)] = side, has_crossed
        return up or down

    def _channelled(self, condition: Channel, state: _State, now: datetime) -> Truth:
        price = self._price(condition.value, state, now)
        if price is None:
            return None
        side, has_crossed = state.sides.get(id(condition), (0, False))
        is_inside = condition.low <= price <= condition.high
        happened = side == (-1 if condition.enters else 1) and is_inside is condition.enters
        if happened:
            side, has_crossed = 0, True
        inner, outer = _margins(condition) if has_crossed else (0.0, 0.0)
        if is_inside and condition.low + inner <= price <= condition.high - inner:
            side = 1
        if not is_inside and (price <= condition.low - outer or price >= condition.high + outer):
            side = -1
        state.sides[id(condition)] = side, has_crossed
        return happened

    def _holds(self, condition: Any, state: _State, now: datetime) -> Truth:  # noqa: PLR0911  one case for each kind
        match condition:
            case Crossing() | Channel():
                return False
            case Comparison(left, op, right):
                a, b = self._price(left, state, now), self._price(right, state, now)
                if a is None or b is None:
                    return None
                margin = abs(b) * 0.001 if isinstance(left, Arithmetic) else _margin(b)
                within = a > b - margin if op in {Op.GT, Op.GE} else a < b + margin
                return within or _stands(a, op, b)
            case DayMove():
                return self._day_held(condition, state, now)
            case Velocity() | Trailing():
                return self._stays(condition, state, now)
            case Inverse(part):
                return _opposite(self._holds(part, state, now))
            case _:
                return _joined(condition, [self._holds(part, state, now) for part in condition.parts])

    def _marks(  # noqa: C901  one case for each kind
        self, state: _State, instrument: Instrument, low: float, high: float
    ) -> list[float]:
        """Return where something changes about the rule with the instrument's last price; a price between: always."""
        always = (low + high) / 2
        marks: list[float] = []
        repeats = defaults_of(state.rule.draft).repeat is Repeat.EVERY
        for atom in _atoms(self.conditions[state.rule.id]):
            match atom:
                case Comparison(Arithmetic(), _, _):
                    marks.append(always)
                case Comparison(Price(symbol, PriceField.LAST), op, Number(level)) if _is(state, symbol, instrument):
                    margin = -_margin(level) if op in {Op.GT, Op.GE} else _margin(level)
                    marks += [level, level + margin] if repeats else [level]
                case Crossing(Price(symbol, PriceField.LAST), _, Number(level)) if _is(state, symbol, instrument):
                    marks += [level, level - _margin(level), level + _margin(level)]
                case Channel(Price(symbol, PriceField.LAST), _, a, b) if _is(state, symbol, instrument):
                    inner, outer = _margins(atom)
                    marks += [a, b, a + inner, b - inner, a - outer, b + outer]
                case DayMove(symbol) if _is(state, symbol, instrument):
                    levels = self._levels(atom, state)
                    backs = () if levels is None else (levels[0] - _margin(levels[0]), levels[1] + _margin(levels[1]))
                    for each in (levels, backs if repeats else None):
                        marks += [] if each is None else each[:1] * (atom.way is not Way.DOWN)
                        marks += [] if each is None else each[1:] * (atom.way is not Way.UP)
                case Velocity(symbol) if _is(state, symbol, instrument):
                    marks.append(always)
                case Trailing(symbol, _, _, from_low) if _is(state, symbol, instrument) and id(atom) in state.bests:
                    marks += [nextafter(state.bests[id(atom)], -inf if from_low else inf), _trailed(atom, state)]
        return marks


def condition_of(condition: Any) -> Any:
    """Return *condition* with every `not` of a comparison or of several conditions carried out."""
    match condition:
        case Inverse(Comparison(left, op, right)):
            return Comparison(left, OPPOSITE[op], right)
        case Inverse(inner):
            return Inverse(condition_of(inner))
        case Comparison() | Crossing() | Channel() | DayMove() | Velocity() | Trailing():
            return condition
        case _:
            return type(condition)(tuple(condition_of(part) for part in condition.parts))


def _is(state: _State, symbol: str, instrument: Instrument) -> bool:
    return state.rule.instruments[symbol] == instrument


def _speaks_of(state: _State, instrument: Instrument) -> bool:
    return instrument in state.rule.instruments.values()


def _atoms(condition: Any) -> list[Any]:
    if isinstance(condition, Inverse):
        return _atoms(condition.part)
    if hasattr(condition, "parts"):
        return [atom for part in condition.parts for atom in _atoms(part)]
    return [condition]


def _trailed(trailing: Trailing, state: _State) -> float:
    best = state.bests[id(trailing)]
    distance = best * trailing.amount / 100 if trailing.unit is Unit.PERCENT else trailing.amount
    return best + distance if trailing.from_low else best - distance


def _opposite(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _stands(left: float, op: Op, right: float) -> bool:
    return {Op.GT: left > right, Op.GE: left >= right, Op.LT: left < right, Op.LE: left <= right}[op]


def _margin(level: float) -> float:
    return max(abs(level) * 0.1 / 100, 0.02)


def _margins(channel: Channel) -> tuple[float, float]:
    outer = max(_margin(channel.low), _margin(channel.high))
    return min(outer, (channel.high - channel.low) / 4), outer


def _joined(condition: Any, truths: list[Truth]) -> Truth:
    if isinstance(condition, Both):
        return False if False in truths else None if None in truths else True
    return True if True in truths else None if None in truths else False
