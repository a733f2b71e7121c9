"""From a rule's condition to a `Node` that can be evaluated: symbols become books, indicators become series."""

from typing import Protocol

from alerts.book import Book
from alerts.condition import Both, Comparison, Condition, Crossing, Either
from alerts.errors import NotEvaluable
from alerts.indicators import Series
from alerts.needs import instrument_of
from alerts.operand import Indicator, Number, Operand, Price
from alerts.rule import Rule
from alerts.truth import All, Any, Compared, Crossed, Fixed, Node, Quoted, Studied, Value
from alerts.wording import operand_text
from market.instrument import Instrument


class Market(Protocol):
    """Where books and series are kept; equal requests get the same one."""

    def book(self, instrument: Instrument) -> Book:
        """Return the instrument's book."""
        ...

    def series(self, instrument: Instrument, indicator: Indicator) -> Series:
        """Return the series of *indicator* over the instrument's bars."""
        ...


def compiled(rule: Rule, market: Market) -> Node:
    """Return *rule*'s condition, ready. Raises NotEvaluable where it is not about prices or lacks an instrument."""
    return _node(rule.draft.condition, rule, market)


def _node(condition: Condition, rule: Rule, market: Market) -> Node:
    match condition:
        case Comparison(left, op, right):
            values = _value(left, rule, market), _value(right, rule, market)
            return Compared(values[0], op, values[1], _min_tick(*values))
        case Crossing(left, direction, right):
            values = _value(left, rule, market), _value(right, rule, market)
            return Crossed(values[0], direction, values[1], _min_tick(*values))
        case Both(parts):
            return All(tuple(_node(part, rule, market) for part in parts))
        case Either(parts):
            return Any(tuple(_node(part, rule, market) for part in parts))
        case _:
            # News and scans happen at a moment of their own; nothing about prices can be asked of them.
            raise NotEvaluable(type(condition).__name__)


def _value(operand: Operand, rule: Rule, market: Market) -> Value:
    text = operand_text(operand)
    match operand:
        case Number(value):
            return Fixed(value, text)
        case Price(symbol, field):
            book = market.book(instrument_of(rule, symbol))
            return Quoted(book, book.slot(field), text)
        case Indicator(symbol):
            instrument = instrument_of(rule, symbol)
            return Studied(instrument, market.series(instrument, operand), text)


def _min_tick(left: Value, right: Value) -> float | None:
    for value in (left, right):
        if isinstance(value, Quoted):
            return value.book.instrument.min_tick
    return None
