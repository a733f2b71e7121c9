"""Firings of every kind, as the engine makes them."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerts.condition import OrderEvent
from alerts.language import parse
from alerts.rule import Cause, Firing, NewsCause, OrderCause, PriceCause, Rule
from market.instrument import Instrument
from market.news import Headline
from market.quote import TickField
from tests.fakes.chat import AAPL

START = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
_ZONE = ZoneInfo("America/New_York")


def rule_of(number: int, line: str, instrument: Instrument | None = AAPL, owner: int = 222) -> Rule:
    """Return alert *number*, set by *line*, in which AAPL stands for *instrument*."""
    named = {} if instrument is None else {"AAPL": instrument}
    return Rule(number, owner, owner, line, parse(line, START, _ZONE), named, created=START, since=START)


def fired_by(rule: Rule, cause: Cause, at: datetime, nth: int = 1) -> Firing:
    """Return the *nth* firing of *rule*."""
    return Firing(f"{rule.id}:{nth}:0", replace(rule, fired_count=nth, last_fired=at), at, cause)


def price_firing(
    number: int,
    at: datetime,
    *,
    instrument: Instrument = AAPL,
    options: str = "",
    nth: int = 1,
    price: float = 200.15,
    owner: int = 222,
) -> Firing:
    """Return a firing of a level."""
    rule = rule_of(number, f"AAPL > 200 every {options}".strip(), instrument, owner)
    return fired_by(rule, PriceCause(instrument, TickField.LAST, price), at, nth)


def news_firing(number: int, at: datetime, text: str = "Apple raises guidance", options: str = "") -> Firing:
    """Return a firing by a headline."""
    rule = rule_of(number, f'news AAPL "guidance" {options}'.strip())
    return fired_by(rule, NewsCause(Headline("DJNL", f"DJNL${number}", text, at, AAPL.con_id), AAPL), at)


def order_firing(number: int, at: datetime) -> Firing:
    """Return a firing by an order that filled."""
    rule = rule_of(number, "orders filled", None)
    return fired_by(rule, OrderCause(OrderEvent.FILLED, "BUY 10 AAPL", AAPL, 199.5), at)
