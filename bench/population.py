"""Alerts and ticks to measure with: levels well away from the price, so that nothing fires."""

from collections.abc import Iterator
from datetime import UTC, datetime

from alerts.condition import Comparison, Condition, Crossing, Direction, Draft, Op
from alerts.operand import Number, Price
from alerts.rule import Rule
from alerts.wording import format_draft
from market.instrument import Instrument
from market.quote import Tick, TickField

BEGAN = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
PRICE = 150.0
_FIRST_CON_ID = 900_000_001
# The price stays within these of PRICE; every level lies outside.
_INNER, _OUTER = 0.05, 0.45
_EVERY_TENTH = 10


def instruments(count: int) -> list[Instrument]:
    """Return *count* stocks."""
    return [
        Instrument(_FIRST_CON_ID + number, f"B{number:03}", primary_exchange="NASDAQ", name=f"BENCH {number}")
        for number in range(count)
    ]


def rules(count: int, over: list[Instrument]) -> Iterator[Rule]:
    """Yield *count* alerts, each with a level of its own: above and below the price, every tenth a crossing."""
    each = max(1, count // len(over))
    for number in range(count):
        instrument = over[number % len(over)]
        share = _INNER + (_OUTER - _INNER) * ((number // len(over)) % each) / each
        is_above = number // len(over) % 2 == 0
        level = Number(round(PRICE * (1 + share if is_above else 1 - share), 6))
        price = Price(instrument.symbol)
        condition: Condition = Comparison(price, Op.GT if is_above else Op.LT, level)
        if number % _EVERY_TENTH == 0:
            condition = Crossing(price, Direction.ABOVE if is_above else Direction.BELOW, level)
        draft = Draft(condition)
        text = format_draft(draft)
        yield Rule(number + 1, 111, 111, text, draft, {instrument.symbol: instrument}, created=BEGAN, since=BEGAN)


def quiet_ticks(count: int, instrument: Instrument) -> list[Tick]:
    """Return *count* last prices of *instrument*, each another than the one before, which reach no level."""
    return [Tick(instrument, TickField.LAST, PRICE + (number % 40 - 20) / 100, 100.0, BEGAN) for number in range(count)]
