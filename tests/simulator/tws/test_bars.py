"""Bars of every size agree with each other and with the ticks, and the seed decides them all."""

import asyncio
import random
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.tws.bars import Bar, parse_duration, split
from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange
from simulator.tws.plan import RegularUS, day_of, moment

DAY = 86400


@st.composite
def parents(draw: Any) -> Any:
    opening, close = draw(st.integers(100, 50_000)), draw(st.integers(100, 50_000))
    high = max(opening, close) + draw(st.integers(0, 3000))
    low = min(opening, close) - draw(st.integers(0, 99))
    volume = draw(st.integers(0, 10_000_000))
    return Bar(0, opening / 100, high / 100, low / 100, close / 100, float(volume), 0.0, draw(st.integers(0, 90_000)))


@settings(deadline=None)
@given(parents(), st.integers(1, 400), st.integers())
def test_the_parts_of_a_bar_are_the_bar(parent: Bar, count: int, seed: int) -> None:
    parts = split(parent, range(0, count * 60, 60), random.Random(seed), lambda value: round(value, 2))  # noqa: S311 - no secret
    assert [part.start for part in parts] == list(range(0, count * 60, 60))
    assert (parts[0].open, parts[-1].close) == (parent.open, parent.close)
    assert max(part.high for part in parts) == parent.high
    assert min(part.low for part in parts) == parent.low
    assert sum(part.volume for part in parts) == parent.volume
    assert sum(part.count for part in parts) == parent.count
    assert all(one.close == two.open for one, two in pairwise(parts))
    for part in parts:
        assert part.low <= min(part.open, part.close)
        assert max(part.open, part.close) <= part.high


@pytest.mark.parametrize("key", ["AAPL", "EUR.USD", "ES", "SPX", "SAP.DE"])
@pytest.mark.parametrize("size", [300, 3600, 14400])
def test_larger_bars_are_the_sum_of_smaller_ones(exchange: Exchange, clock: ManualClock, key: str, size: Any) -> None:
    one, end = exchange.catalogue.named(key), clock.time()
    start = end - 3 * DAY
    small = exchange.bars(one, start, end, 60, regular=True)
    large = exchange.bars(one, small[0].start // DAY * DAY, end, size, regular=True)
    assert sum(bar.volume for bar in large if bar.start >= start) <= sum(bar.volume for bar in small) + large[0].volume
    for bar in large:
        inside = [part for part in small if bar.start <= part.start < bar.start + size]
        if bar.start < start or not inside:
            continue
        assert (bar.open, bar.close) == (inside[0].open, inside[-1].close)
        assert (bar.high, bar.low) == (max(part.high for part in inside), min(part.low for part in inside))
        assert bar.volume == sum(part.volume for part in inside)


def test_days_are_the_sum_of_their_minutes(exchange: Exchange, clock: ManualClock) -> None:
    one, end = exchange.catalogue.named("AAPL"), clock.time()
    days = exchange.bars(one, end - 10 * DAY, end, DAY, regular=True)
    for day in days[1:]:
        minutes = exchange.bars(one, day.start, day.start + DAY, 60, regular=True)
        assert (day.open, day.close) == (minutes[0].open, minutes[-1].close)
        assert (day.high, day.low) == (max(bar.high for bar in minutes), min(bar.low for bar in minutes))
        assert day.volume == sum(bar.volume for bar in minutes)


def test_minutes_are_the_sum_of_their_seconds(exchange: Exchange, clock: ManualClock) -> None:
    one, end = exchange.catalogue.named("MSFT"), clock.time()
    minutes = exchange.bars(one, end - 600, end, 60, regular=True)
    for size in (1, 5, 15, 30):
        parts = exchange.bars(one, end - 600, end, size, regular=True)
        assert len(parts) == 600 // size
        assert parts[-1].close == minutes[-1].close
        assert max(bar.high for bar in parts) == max(bar.high for bar in minutes)
        assert sum(bar.volume for bar in parts) == sum(bar.volume for bar in minutes)


def test_the_past_ends_at_the_price_the_exchange_opened_with(exchange: Exchange, clock: ManualClock) -> None:
    for book in exchange.books():
        last = exchange.bars(book.instrument, clock.time() - 3600, clock.time(), 60, regular=True)[-1]
        assert last.close == book.last == book.instrument.price


def test_one_seed_gives_one_past_and_another_seed_another() -> Any:
    def closes(seed: int) -> Any:
        exchange = Exchange(seed=seed, clock=ManualClock(), walk=False)
        apple = exchange.catalogue.named("AAPL")
        now = exchange.clock.time()
        days = exchange.bars(apple, now - 700 * DAY, now, DAY, regular=True)
        minutes = exchange.bars(apple, now - 5 * DAY, now - 4 * DAY, 60, regular=True)
        return [bar.close for bar in days], minutes

    assert closes(7) == closes(7)
    assert closes(7)[0] != closes(8)[0]


def test_hours_that_one_exchange_has_made_are_no_other_exchanges() -> None:
    def told(size: int, **own: Any) -> list[tuple[float, float]]:
        exchange = Exchange(clock=ManualClock(), walk=False, **own)
        apple, now = exchange.catalogue.named("AAPL"), exchange.clock.time()
        bars = exchange.bars(apple, now - 5 * DAY, now, size, regular=False)
        return [(bar.start, bar.close) for bar in bars]

    ways: list[dict[str, Any]] = [{"seed": 7}, {"seed": 8}, {"seed": 7, "plan": RegularUS()}]
    for own in ways:
        minutes, hours = told(60, **own), told(3600, **own)
        assert len(hours) > 20
        assert {close for _, close in hours} <= {close for _, close in minutes}
    assert len({tuple(told(3600, **own)) for own in ways}) == len(ways)


def test_a_day_of_the_past_does_not_depend_on_what_was_asked_before(clock: ManualClock) -> None:
    first, second = (Exchange(clock=clock, walk=False) for _ in range(2))
    apple, now = first.catalogue.named("AAPL"), clock.time()
    first.bars(apple, now - 600 * DAY, now, DAY, regular=True)
    same = [one.bars(apple, now - 9 * DAY, now - 8 * DAY, 300, regular=True) for one in (first, second)]
    assert same[0] == same[1]


async def test_one_seed_walks_one_way() -> Any:
    async def walked(seed: int) -> Any:
        clock = ManualClock()
        exchange = Exchange(seed=seed, clock=clock)
        task = asyncio.get_running_loop().create_task(exchange.run())
        await asyncio.sleep(0)
        await clock.advance(60)
        task.cancel()
        return [(book.instrument.key, book.last, book.volume) for book in exchange.books()]

    one, same, other = await walked(7), await walked(7), await walked(8)
    assert one == same
    assert one != other
    assert all(last != Exchange(clock=ManualClock()).catalogue.named(key).price for key, last, _ in one[:3])


async def test_prints_make_the_bars_of_their_minute(exchange: Exchange, clock: ManualClock) -> None:
    apple = exchange.catalogue.named("AAPL")
    for price in (200.0, 205.0, 199.0, 201.5):
        exchange.push("AAPL", price, size=10)
        await clock.advance(2)
    (bar,) = exchange.bars(apple, clock.time() - 60, clock.time() + 1, 60, regular=True)[-1:]
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.count) == (200.0, 205.0, 199.0, 201.5, 40.0, 4)
    fives = exchange.bars(apple, clock.time() - 8, clock.time() + 1, 5, regular=True)
    assert [(one.open, one.close) for one in fives] == [(200.0, 199.0), (201.5, 201.5)]
    day = exchange.bars(apple, clock.time() - DAY, clock.time() + 1, DAY, regular=True)[-1]
    assert (day.high, day.close) == (exchange.book(apple).high, 201.5)
    assert day.volume == exchange.book(apple).volume


async def test_a_new_day_begins_with_its_first_print(exchange: Exchange, clock: ManualClock) -> None:
    exchange.push("AAPL", 200.0)
    await clock.advance(DAY)
    exchange.push("AAPL", 203.0, size=7)
    book = exchange.book(exchange.catalogue.named("AAPL"))
    assert (book.previous_close, book.open, book.high, book.low, book.volume) == (200.0, 203.0, 203.0, 203.0, 7)


def test_history_reaches_back_two_years(exchange: Exchange, clock: ManualClock) -> None:
    apple, now = exchange.catalogue.named("AAPL"), clock.time()
    days = exchange.bars(apple, now - 3 * 365 * DAY, now, DAY, regular=True)
    assert day_of(days[0].start) == day_of(now) - timedelta(days=730)
    weeks = exchange.bars(apple, now - 365 * DAY, now, 7 * DAY, regular=True)
    assert {day_of(bar.start).weekday() for bar in weeks} == {0}
    months = exchange.bars(apple, now - 365 * DAY, now, 30 * DAY, regular=True)
    assert {day_of(bar.start).day for bar in months} == {1}


def test_regular_hours_leave_out_early_and_late_trading() -> None:
    clock = ManualClock()
    exchange = Exchange(clock=clock, walk=False, plan=RegularUS())
    apple = exchange.catalogue.named("AAPL")
    start, end = moment(date(2024, 3, 27), 0), moment(date(2024, 3, 28), 0)
    regular = exchange.bars(apple, start, end, 60, regular=True)
    every = exchange.bars(apple, start, end, 60, regular=False)
    assert (len(regular), len(every)) == (390, 960)
    assert sum(bar.volume for bar in regular) > 5 * sum(bar.volume for bar in every if bar not in regular)
    saturday = moment(date(2024, 3, 23), 0)
    assert exchange.bars(apple, saturday, saturday + DAY, 60, regular=False) == []
    days = exchange.bars(apple, start - 30 * DAY, end, DAY, regular=True)
    assert all(day_of(bar.start).weekday() < 5 for bar in days)


def test_before_the_first_bell_the_last_close_is_the_price() -> None:
    saturday = moment(date(2024, 3, 30), 720)
    exchange = Exchange(clock=ManualClock(float(saturday)), walk=False, plan=RegularUS())
    for book in exchange.books():
        assert book.previous_close == book.last
        day = exchange.bars(book.instrument, saturday - 5 * DAY, saturday, DAY, regular=True)[-1]
        assert (day_of(day.start), day.close) == (date(2024, 3, 29), book.last if day.volume else day.close)


def test_an_option_follows_its_underlying(exchange: Exchange, clock: ManualClock) -> None:
    option = next(one for one in exchange.catalogue.options(265598) if one.strike == 195.0 and one.right == "C")
    before = exchange.book(option).last
    exchange.push("AAPL", 206.45)
    assert exchange.book(option).last > before + 5
    bars = exchange.bars(option, clock.time() - 3600, clock.time(), 60, regular=True)
    assert len(bars) == 60
    assert all(bar.low <= bar.open <= bar.high for bar in bars)


@pytest.mark.parametrize(
    ("written", "meant"), [("2 D", (2, "D")), ("3600 S", (3600, "S")), ("1 Y", (1, "Y")), ("2 X", None), ("D", None)]
)
def test_durations(written: str, meant: Any) -> None:
    assert parse_duration(written) == meant


def test_after_a_split_the_past_is_told_in_the_new_scale(exchange: Exchange, clock: ManualClock) -> None:
    apple = exchange.catalogue.named("AAPL")
    exchange.push("AAPL", 200.0)
    begin, now = clock.time() - 30 * DAY, clock.time() + 60
    before = {size: exchange.bars(apple, begin, now, size, regular=True) for size in (DAY, 3600, 60)}
    held = exchange.accounts["DU1234567"].positions[apple.con_id].quantity
    prior = exchange.book(apple).previous_close
    exchange.split("AAPL", 2, 1)
    for size, known in before.items():
        told = exchange.bars(apple, begin, now, size, regular=True)
        assert [bar.start for bar in told] == [bar.start for bar in known]
        assert all(abs(new.close - old.close / 2) <= 0.011 for new, old in zip(told, known, strict=True))
    book = exchange.book(apple)
    assert (book.last, book.previous_close) == (100.0, apple.on_grid(prior / 2))
    assert exchange.accounts["DU1234567"].positions[apple.con_id].quantity == held * 2
    with pytest.raises(ValueError, match="no split"):
        exchange.split("AAPL", 0, 1)
