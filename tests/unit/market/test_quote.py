from datetime import UTC, datetime, timedelta

import pytest

from market.instrument import Instrument
from market.quote import BarSize, DataKind, Quote, Tick, TickField

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
AAPL = Instrument(265598, "AAPL")


def quote(**prices: float) -> Quote:
    made = Quote(AAPL)
    for n, (name, price) in enumerate(prices.items()):
        made.applied(Tick(AAPL, TickField[name.upper()], price, 300.0, NOW + timedelta(seconds=n)))
    return made


def test_each_tick_lands_in_its_field() -> None:
    made = quote(last=200.0, bid=199.9, ask=200.1, high=202.0, low=198.0, open=199.0, close=198.5, volume=1e6)
    assert (made.last, made.bid, made.ask, made.high, made.low) == (200.0, 199.9, 200.1, 202.0, 198.0)
    assert (made.open, made.close, made.volume) == (199.0, 198.5, 1e6)
    assert (made.bid_size, made.ask_size) == (300.0, 300.0)


def test_the_latest_of_each_field_counts() -> None:
    made = quote(last=200.0)
    made.applied(Tick(AAPL, TickField.LAST, 201.0, 1.0, NOW + timedelta(minutes=1), kind=DataKind.DELAYED))
    assert (made.last, made.kind, made.received) == (201.0, DataKind.DELAYED, NOW + timedelta(minutes=1))


def test_a_trade_ages_while_the_sides_move() -> None:
    made = quote(last=200.0, bid=199.9, ask=200.1)
    assert made.last_age(NOW + timedelta(seconds=9)) == timedelta(seconds=9)
    assert made.age(NOW + timedelta(seconds=9)) == timedelta(seconds=7)
    traded = NOW - timedelta(hours=1)
    made.applied(Tick(AAPL, TickField.LAST, 200.0, 1.0, NOW, exchange_time=traded))
    assert made.last_age(NOW) == timedelta(hours=1)


def test_a_trade_whose_time_is_not_known_is_as_old_as_the_quote() -> None:
    assert Quote(AAPL, last=200.0, received=NOW).last_age(NOW + timedelta(seconds=5)) == timedelta(seconds=5)
    assert Quote(AAPL).last_age(NOW) is None


def test_a_halt_begins_and_ends() -> None:
    made = quote(halted=1.0)
    assert made.halted
    made.applied(Tick(AAPL, TickField.HALTED, 0.0, 0.0, NOW))
    assert not made.halted


def test_the_price_is_the_last_trade_else_the_middle_else_the_close() -> None:
    assert quote(last=200.0, bid=1.0, ask=2.0).price == 200.0
    assert quote(bid=1.0, ask=2.0, close=9.0).price == 1.5
    assert quote(bid=1.0, close=9.0).price == 9.0
    assert quote(bid=1.0).price is None


def test_the_change_is_since_the_prior_close() -> None:
    assert quote(last=202.0, close=200.0).change_pct == pytest.approx(1.0)
    assert quote(bid=201.0, ask=203.0, close=200.0).change_pct == pytest.approx(1.0)
    assert quote(close=200.0).change_pct is None
    assert quote(last=202.0).change_pct is None


def test_the_age_is_since_anything_was_received() -> None:
    assert quote(last=200.0).age(NOW + timedelta(seconds=5)) == timedelta(seconds=5)
    assert Quote(AAPL).age(NOW) is None


def test_bar_sizes_last_as_long_as_they_say() -> None:
    minutes = [size.duration / timedelta(minutes=1) for size in BarSize]
    assert minutes == [1, 5, 15, 60, 1440]
