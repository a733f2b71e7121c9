"""What the card warns of."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from market.account import AccountSummary
from market.hours import Hours, Session
from market.instrument import Instrument
from market.quote import DataKind, Quote
from market.ticket import parse
from trading.appraisal import Appraisal
from trading.caution import cautions

AAPL = Instrument(265598, "AAPL")
NOON = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
EVENING = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
FRIDAY = Session(
    datetime(2026, 11, 20, 14, 30, tzinfo=UTC), datetime(2026, 11, 20, 21, 0, tzinfo=UTC), date(2026, 11, 20)
)
MONDAY = Session(
    datetime(2026, 11, 23, 14, 30, tzinfo=UTC), datetime(2026, 11, 23, 21, 0, tzinfo=UTC), date(2026, 11, 23)
)
QUOTE = Quote(AAPL, last=200.0, bid=199.98, ask=200.02)
SEEN = Appraisal(
    "DU1",
    QUOTE,
    NOON,
    hours=Hours("US/Eastern", (FRIDAY, MONDAY)),
    summary=AccountSummary("DU1", "USD", net_liquidation=Decimal(10_000)),
)


def warned(text: str, **changes: Any) -> tuple[str, ...]:
    return cautions(parse(text), AAPL, replace(SEEN, **changes))


@pytest.mark.parametrize(
    ("line", "held", "again"),
    [
        ("sell 10 AAPL 200 sl 210", 10, "buy"),
        ("sell 4 AAPL 200 tp 190", 10, "buy"),
        ("buy 10 AAPL 200 tp 210 sl 190", -10, "sell"),
        ("buy 10 AAPL 200 tp 210 sl 190", 10, ""),
        ("sell 10 AAPL 201", 10, ""),
    ],
)
def test_the_children_of_an_order_that_closes_a_position_would_open_it_again(line: str, held: int, again: str) -> None:
    told = f"it closes what you hold, and its target or stop would {again} again afterwards"
    found = [one for one in warned(line, position=Decimal(held)) if "closes" in one]
    assert found == ([told] if again else [])


def test_an_ordinary_order_has_no_warnings() -> None:
    assert warned("buy 10 AAPL 199.5") == ()


@pytest.mark.parametrize(
    ("price", "warning"),
    [
        ("190", ()),
        ("189.99", ("limit is 5.0% below the market",)),
        ("210", ()),
        ("212", ("limit is 6.0% above the market",)),
    ],
)
def test_a_limit_far_from_the_market(price: str, warning: tuple[str, ...]) -> None:
    assert warned(f"buy 1 AAPL {price}") == warning


@pytest.mark.parametrize(
    ("text", "warning"),
    [("buy 5 AAPL 200", ()), ("buy 10 AAPL 250", ("limit is 25.0% above the market",))],
)
def test_a_quarter_of_the_account_is_not_yet_much(text: str, warning: tuple[str, ...]) -> None:
    assert warned(text) == warning


def test_more_than_a_quarter_of_the_account() -> None:
    assert warned("buy 17 AAPL 200") == ("34% of net liquidation value",)


def test_shares_across_currencies_are_not_guessed() -> None:
    euros = AccountSummary("DU1", "EUR", net_liquidation=Decimal(100))
    assert warned("buy 10 AAPL 200", summary=euros) == ()
    assert warned("buy 10 AAPL 200", summary=None) == ()


@pytest.mark.parametrize(
    ("held", "warning"),
    [
        (10, ()),
        (4, ("sells 6 more than you hold: a short sale",)),
        (-5, ("sells 10 more than you hold: a short sale",)),
    ],
)
def test_selling_more_than_is_held(held: int, warning: tuple[str, ...]) -> None:
    assert warned("sell 10 AAPL 200.5", position=Decimal(held)) == warning


def test_a_closed_market_says_when_it_opens_there() -> None:
    assert warned("buy 10 AAPL 199.5", at=EVENING) == ("market closed, works from Mon 23 Nov 09:30 ET",)
    assert warned("buy 10 AAPL 199.5 outside", at=EVENING) == ("regular market closed, works in extended hours",)
    assert warned("buy 10 AAPL market outside", at=EVENING) == (
        "market closed, works from Mon 23 Nov 09:30 ET; a market order waits for regular hours",
    )


@pytest.mark.parametrize(
    ("zone", "text"),
    [("Europe/Berlin", "Mon 23 Nov 15:30 Europe/Berlin"), ("nowhere", "Mon 23 Nov 14:30 UTC")],
)
def test_hours_are_told_in_the_venues_zone(zone: str, text: str) -> None:
    hours = Hours(zone, (FRIDAY, MONDAY))
    assert warned("buy 10 AAPL 199.5", at=EVENING, hours=hours) == (f"market closed, works from {text}",)


def test_what_is_not_known_about_hours_is_said() -> None:
    assert warned("buy 10 AAPL 199.5", at=EVENING, hours=Hours("UTC", (FRIDAY,))) == ("market closed",)
    assert warned("buy 10 AAPL 199.5", hours=None) == ("trading hours not known",)


def test_old_and_halted_prices_are_marked_and_the_gravest_comes_first() -> None:
    quote = replace(QUOTE, halted=True, kind=DataKind.DELAYED)
    assert warned("buy 10 AAPL 199.5", quote=quote) == ("trading in it is halted", "prices are delayed")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("sell 10 AAPL stop 260", "stop at 260"),
        ("sell 10 AAPL stop 200", "stop at 200"),
        ("buy 10 AAPL stop 150", "stop at 150"),
        ("sell 10 AAPL 210 oco stop 205", "stop of the pair at 205"),
        ("buy 10 AAPL market sl 201", "stop loss at 201"),
        ("sell 10 AAPL market sl 199", "stop loss at 199"),
    ],
)
def test_a_stop_that_the_market_has_passed_is_said_to_trade_at_once(line: str, name: str) -> None:
    said = f"the market is past the {name} already: it trades at once"
    assert said in warned(line, position=Decimal(10) if "oco" in line else Decimal(0))


@pytest.mark.parametrize(
    "line",
    ["sell 10 AAPL stop 199.99", "buy 10 AAPL stop 200.01", "sell 10 AAPL 210 oco stop 199", "buy 10 AAPL 199 sl 198"],
)
def test_a_stop_that_waits_says_nothing(line: str) -> None:
    assert not any("at once" in one for one in warned(line))


def test_a_last_trade_of_long_ago_is_pointed_out_beside_bid_and_ask() -> None:
    told = ("the last trade was 12 min ago, bid and ask are newer",)
    quote = replace(QUOTE, received=NOON, last_time=NOON - timedelta(minutes=12, seconds=59))
    assert warned("buy 10 AAPL 199.5", quote=quote) == told
    assert warned("buy 10 AAPL 199.5", quote=replace(quote, last_time=NOON - timedelta(seconds=59))) == ()
    assert warned("buy 10 AAPL 199.5", quote=replace(quote, last_time=None)) == ()
    assert not set(told) & set(warned("buy 10 AAPL 199.5", quote=quote, at=EVENING))
