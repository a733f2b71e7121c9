"""How numbers, money and times are written."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bot.views import numbers
from bot.views.numbers import MINUS

NY = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 20, 17, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (199.5, 2, "199.50"),
        (1234567.891, 2, "1,234,567.89"),
        (1.10005, 5, "1.10005"),
        (-3.2, 2, f"{MINUS}3.20"),
        (-0.001, 2, "0.00"),
        (None, 2, "\N{EN DASH}"),
    ],
)
def test_prices(value: float | None, decimals: int, text: str) -> None:
    assert numbers.price(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (200.0, 2, "200.00"),
        (199.505, 2, "199.505"),
        (30.0, 0, "30"),
        (0.00001, 0, "0.00001"),
        (1_000_000.0, 0, "1,000,000"),
        (Decimal("2E+2"), 0, "200"),
        (Decimal("0.10"), 0, "0.1"),
        (1e-7, 0, "0.0000001"),
    ],
)
def test_a_given_number_is_repeated_in_full(value: float | Decimal, decimals: int, text: str) -> None:
    assert numbers.exact(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "currency", "signed", "text"),
    [
        ("1204.1", "USD", False, "$1,204.10"),
        ("1204.1", "USD", True, "+$1,204.10"),
        ("-3", "EUR", True, f"{MINUS}€3.00"),
        ("0", "USD", True, "$0.00"),
        ("-0.001", "USD", True, "$0.00"),
        ("1204.1", "CHF", True, "+1,204.10 CHF"),
        ("120400", "JPY", False, "¥120,400"),
    ],
)
def test_money(value: str, currency: str, text: str, *, signed: bool) -> None:
    assert numbers.money(Decimal(value), currency, signed=signed) == text


def test_unknown_money_is_a_dash_and_never_zero() -> None:
    assert numbers.money(None) == "\N{EN DASH}"
    assert numbers.percent(None) == "\N{EN DASH}"
    assert numbers.big(None) == "\N{EN DASH}"


@pytest.mark.parametrize(
    ("value", "text"), [(1.818, "+1.82%"), (-2.2, f"{MINUS}2.20%"), (0.0, "0.00%"), (-0.0001, "0.00%")]
)
def test_percent_is_always_signed(value: float, text: str) -> None:
    assert numbers.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(9_999, "9,999"), (48_123_456, "48.1M"), (10_000, "10.0K"), (999_960, "1.0M"), (2.5e9, "2.5B"), (0, "0")],
)
def test_large_counts(value: float, text: str) -> None:
    assert numbers.big(value) == text


def test_times_are_the_users_with_new_york_beside() -> None:
    assert numbers.clock(NOON, NY, seconds=True) == "12:00:05 ET"
    assert numbers.clock(NOON, BERLIN) == "18:00 CET (12:00 ET)"
    assert numbers.clock(NOON, ZoneInfo("Asia/Dubai")) == "21:00 UTC+04 (12:00 ET)"
    assert numbers.clock(NOON, ZoneInfo("America/Toronto")) == "12:00 EST"


def test_another_day_is_named() -> None:
    assert numbers.moment(NOON, NY, NOON) == "12:00 ET"
    assert numbers.moment(NOON, NY, NOON + timedelta(days=1)) == "Fri 20 Nov 12:00 ET"
    assert numbers.moment(NOON, NY, NOON + timedelta(days=100)) == "Fri 20 Nov 2026 12:00 ET"
    late = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    assert numbers.moment(late, NY, NOON) == "22:00 ET"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (11100, "3 h 5 min"),
        (273600, "3 d 4 h"),
    ],
)
def test_spans(seconds: int, text: str) -> None:
    assert numbers.span(timedelta(seconds=seconds)) == text


def test_a_span_is_never_negative() -> None:
    assert numbers.span(timedelta(seconds=-5)) == "0 s"
