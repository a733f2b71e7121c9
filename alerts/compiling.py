"""From a rule's condition to a `Node` that can be evaluated: symbols become books, indicators become series."""

from functools import lru_cache, partial
from typing import Protocol

from alerts.book import Book
from alerts.channel import Channelled
from alerts.condition import (
    Both,
    Channel,
    Comparison,
    Condition,
    Crossing,
    DayMove,
    Either,
    Inverse,
    Op,
    PositionMove,
    Stale,
    Trailing,
    Velocity,
)
from alerts.daybars import DayBars
from alerts.default import TABLE, Kind, kind_of
from alerts.errors import NotEvaluable
from alerts.indicators import Series
from alerts.ledger import Ledger
from alerts.manner import is_plain, is_regular
from alerts.motion import CLOSE, OPEN, DayMoved, Gapped, Moved, Silent, Trailed
from alerts.needs import instrument_of
from alerts.operand import (
    AccountValue,
    Arithmetic,
    AverageCost,
    AverageVolume,
    Extreme,
    Indicator,
    Number,
    Operand,
    OptionValue,
    PositionValue,
    Price,
    Volume,
)
from alerts.rule import Rule
from alerts.session import Sessions
from alerts.truth import All, Any, Compared, Crossed, Margin, Node, Not
from alerts.value import Combined, Daily, DaysLeft, DayVolume, Fixed, Held, Quoted, Studied, Value
from alerts.wording import operand_text
from market.instrument import Instrument
from market.quote import BarSize, TickField

_OPTION_SLOTS = {
    "iv": TickField.IV,
    "delta": TickField.DELTA,
    "gamma": TickField.GAMMA,
    "theta": TickField.THETA,
    "vega": TickField.VEGA,
    "openinterest": TickField.OPEN_INTEREST,
}
_MIRRORED = {Op.GT: Op.LT, Op.GE: Op.LE, Op.LT: Op.GT, Op.LE: Op.GE}
_OPPOSITE = {Op.GT: Op.LE, Op.GE: Op.LT, Op.LT: Op.GE, Op.LE: Op.GT}


_Other = (
    Indicator | Volume | AverageVolume | Extreme | OptionValue | AverageCost | PositionValue | AccountValue | Arithmetic
)


class Market(Protocol):
    """Where books, series, hours and the account are kept; equal requests get the same one."""

    sessions: Sessions
    ledger: Ledger

    def book(self, instrument: Instrument) -> Book:
        """Return the instrument's book."""
        ...

    def series(self, instrument: Instrument, indicator: Indicator, *, regular: bool) -> Series:
        """Return the series of *indicator* over the instrument's bars, of *regular* hours or of all."""
        ...

    def days(self, instrument: Instrument, reach: int, *, regular: bool) -> DayBars:
        """Return the instrument's daily bars, *reach* of them at least, of *regular* hours or of all."""
        ...


def compiled(rule: Rule, market: Market) -> Node:
    """Return *rule*'s condition, ready. Raises NotEvaluable where it is no such condition, or lacks an instrument."""
    return _node(rule.draft.condition, rule, market)


def velocity(move: Velocity, instrument: Instrument, market: Market) -> Moved:
    """Return a move of *instrument*, whatever symbol *move* names (the price gate of a news rule)."""
    book = market.book(instrument)
    window = book.window(book.main_slot, move.window)
    return Moved(Quoted(book, book.main_slot, move.symbol), move.amount, move.unit, move.way, window)


def _node(condition: Condition, rule: Rule, market: Market) -> Node:  # noqa: C901, PLR0911  one case for each kind
    value = partial(_value, rule=rule, market=market)
    condition = _faced(condition)
    match condition:
        case Comparison(left, op, right):
            first = value(left)
            return Compared(first, op, value(right), _margin(condition, first, rule))
        case Crossing(left, direction, right):
            first = value(left)
            return Crossed(first, direction, value(right), _margin(condition, first, rule))
        case Channel(watched, enters, low, high):
            first = value(watched)
            return Channelled(first, low, high, _margin(condition, first, rule), enters=enters)
        case PositionMove(symbol, percent):
            first, op = value(PositionValue(symbol, "day%")), Op.LE if percent < 0 else Op.GE
            return Compared(first, op, Fixed(percent), _margin(condition, first, rule))
        case DayMove():
            return _day_move(condition, rule, market)
        case Velocity(symbol):
            return velocity(condition, instrument_of(rule, symbol), market)
        case Trailing(symbol, amount, unit, from_low, atr):
            price = _price(Price(symbol), rule, market)
            return Trailed(price, amount, unit, None if atr is None else value(atr), from_low=from_low)
        case Stale(symbol, age):
            return Silent(market.book(instrument_of(rule, symbol)), age, market.sessions, rule.since)
        case Both(parts):
            return All(tuple(_node(part, rule, market) for part in parts))
        case Either(parts):
            return Any(tuple(_node(part, rule, market) for part in parts))
        case Inverse(part):
            return _inverse(part, rule, market)
        case _:
            # News, scans, orders and times happen at a moment of their own; nothing about prices can be asked of them.
            raise NotEvaluable(type(condition).__name__)


def _faced(condition: Condition) -> Condition:
    """Return `200 < AAPL` as `AAPL > 200`: only so it is a level among others, which costs nothing till it is met."""
    if not isinstance(condition, Comparison) or not isinstance(condition.left, Number):
        return condition
    return Comparison(condition.right, _MIRRORED[condition.op], condition.left)


def _inverse(part: Condition, rule: Rule, market: Market) -> Node:
    """Return the opposite; of a comparison that is another one, which has a hysteresis of its own."""
    match part:
        case Comparison(left, op, right):
            return _node(Comparison(left, _OPPOSITE[op], right), rule, market)
        case Inverse(inner):
            return _node(inner, rule, market)
        case Both(parts):
            return _node(Either(tuple(Inverse(each) for each in parts)), rule, market)
        case Either(parts):
            return _node(Both(tuple(Inverse(each) for each in parts)), rule, market)
        case _:
            return Not(_node(part, rule, market))


def _day_move(move: DayMove, rule: Rule, market: Market) -> Node:
    price = _price(Price(move.symbol), rule, market)
    close = Quoted(price.book, CLOSE, f"{move.symbol} close")
    if move.is_gap:
        opening = Quoted(price.book, OPEN, f"{move.symbol} open")
        return Gapped(opening, close, move.percent, move.way, market.sessions)
    base = close if move.base is None else Fixed(move.base)
    typed, usual = rule.draft.options.hysteresis_pct, TABLE[Kind.LEVEL]
    least = price.book.instrument.min_tick * usual.hysteresis_ticks
    margin = _kept_margin(usual.hysteresis_pct, least) if typed is None else _kept_margin(typed, 0.0)
    return DayMoved(price, base, move.percent, move.way, margin)


def _price(price: Price, rule: Rule, market: Market) -> Quoted:
    book = market.book(instrument_of(rule, price.symbol))
    quoted = book.quoted.get(price)
    if not isinstance(quoted, Quoted):
        # Thousands of levels are about one price: they share it.
        quoted = book.quoted[price] = Quoted(book, book.slot(price.field), operand_text(price))
    return quoted


def _value(operand: Operand, rule: Rule, market: Market) -> Value:
    match operand:
        case Number(value):
            return Fixed(value)
        case Price():
            return _price(operand, rule, market)
        case _:
            return _made(operand, operand_text(operand), rule, market)


def _made(operand: _Other, text: str, rule: Rule, market: Market) -> Value:
    match operand:
        case Volume(symbol):
            return DayVolume(market.book(instrument_of(rule, symbol)), int(TickField.VOLUME), text, market.sessions)
        case Indicator(symbol):
            instrument = instrument_of(rule, symbol)
            regular = is_regular(rule.draft)
            series = market.series(instrument, operand, regular=regular)
            study = instrument.con_id, operand.bar, regular
            return Studied(market.book(instrument), series, study, text, is_live=operand.live)
        case AverageVolume(symbol, days) | Extreme(symbol, _, days):
            instrument = instrument_of(rule, symbol)
            regular = is_regular(rule.draft)
            bars = market.days(instrument, days, regular=regular)
            return Daily((instrument.con_id, BarSize.DAY_1, regular), bars, operand, text)
        case OptionValue(symbol, name):
            return _option(instrument_of(rule, symbol), name, market, text)
        case AverageCost() | PositionValue() | AccountValue():
            return _held(operand, rule, market, text)
        case Arithmetic(left, sign, right):
            return Combined(_value(left, rule, market), sign, _value(right, rule, market), text)


def _option(instrument: Instrument, name: str, market: Market, text: str) -> Value:
    if name == "dte":
        return DaysLeft(instrument, market.sessions, text)
    return Quoted(market.book(instrument), int(_OPTION_SLOTS[name]), text)


def _held(operand: AverageCost | PositionValue | AccountValue, rule: Rule, market: Market, text: str) -> Value:
    match operand:
        case AccountValue(name):
            return Held.of_account(market.ledger, name, text)
        case AverageCost(symbol):
            return Held.of_cost(market.ledger, instrument_of(rule, symbol), text)
        case PositionValue(symbol, name):
            return Held.of_position(market.ledger, instrument_of(rule, symbol), name, text)


def _margin(condition: Condition, first: Value, rule: Rule) -> Margin:
    """Return the hysteresis of a single condition: as typed, else as its own kind has it."""
    typed = rule.draft.options.hysteresis_pct
    if typed is not None:
        return _kept_margin(typed, 0.0)
    plain = Kind.LEVEL if isinstance(condition, Comparison) else Kind.CROSSING
    usual = TABLE[plain if is_plain(condition) else kind_of(condition)]
    least = first.book.instrument.min_tick * usual.hysteresis_ticks if isinstance(first, Quoted) else 0.0
    return _kept_margin(usual.hysteresis_pct, least)


@lru_cache(1024)
def _kept_margin(pct: float, least: float) -> Margin:
    return Margin(pct, least)
