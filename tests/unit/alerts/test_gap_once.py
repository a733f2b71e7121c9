"""Nothing fires twice when live data resumes: gaps and crashes at any second, whatever the ticks were."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.engine import Engine
from alerts.missed import Missed
from alerts.operand import PriceField
from alerts.rule import Firing
from market.instrument import Instrument
from market.quote import Bar, BarSize, Tick, TickField
from tests.unit.alerts.drafts import AAPL, MSFT, NOW, rule
from tests.unit.alerts.hours import ALWAYS, keep_open

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
LENGTH = 4
STEP_S = 5
SLOTS = LENGTH * 60 // STEP_S
CLOSE = 190.0
"""The close of the day before: +5 % are 199.50."""

KINDS = {
    "level": ["AAPL > 200", "AAPL > 200 every", "AAPL < 199 every cooldown 1s"],
    "crossing": ["AAPL crosses 200", "AAPL crosses above 200 every cooldown 1s", "AAPL crosses 200 every cooldown 1s"],
    "indicator": ["AAPL sma(2, 1m) > 200 every cooldown 1s", "AAPL sma(2, 1m) crosses 200 every cooldown 1s"],
    "pct_change": ["AAPL +5%", "AAPL +5% every cooldown 1s", "AAPL +5% from 190 every cooldown 1s"],
    "ratio": ["AAPL / MSFT > 1", "AAPL / MSFT > 1 every cooldown 1s", "AAPL / MSFT crosses 1 every cooldown 1s"],
}
Prices = Mapping[Instrument, Mapping[int, float]]


TRADES = st.dictionaries(st.integers(1, SLOTS - 1), st.integers(396, 404).map(lambda half: half / 2), max_size=24)
"""The price by slot; it stays about 200."""


def at(slot: int) -> datetime:
    return NOW + slot * STEP_S * SECOND


class Run:
    """An engine with one alert, which is told of trades by time."""

    def __init__(self, line: str, prices: Prices) -> None:
        self.prices = prices
        self.firings = list[Firing]()
        self.engine = keep_open(Engine())
        self.engine.load([rule(line)])
        self._snapshot(NOW)

    def live(self, first: int, end: int) -> None:
        """Tell the slots from *first* up to *end* tick by tick, and each minute's bar as it has closed."""
        for slot in range(first, end):
            now = at(slot)
            self.firings += self.engine.on_time(now)
            if slot and (now - NOW) % MINUTE == timedelta():
                self._closed(slot, 1)
            ticks = [self._tick(one, told[slot], now) for one, told in self.prices.items() if slot in told]
            self.firings += self.engine.on_ticks(ticks)

    def gap(self, first: int, end: int) -> None:
        """Hear nothing from *first* up to *end*, and catch up."""
        self._catch_up(at(first), end)

    def crash(self, first: int, end: int, lag: int) -> None:
        """Die at *first*, be there again at *end*; that all was live was noted so many slots before."""
        kept = self.engine.rule(1)
        assert kept is not None
        self.engine = keep_open(Engine())
        self.engine.load([kept])
        self._catch_up(at(max(first - lag, 0)), end)

    def _catch_up(self, begin: datetime, end: int) -> None:
        backlog, until = self.engine.backlog, at(end)
        backlog.darken(begin)
        backlog.dawn()
        missed = []
        for one in self.prices:
            wanted = backlog.wanted(one.con_id)
            if wanted is not None:
                bars = {PriceField.LAST: list(self._bars(one, end))} if wanted.fields else {}
                closed = [bar for bar in self._bars(one, end) if bar.start + MINUTE <= until]
                closes = {NOW.date() - timedelta(days=1): CLOSE}
                missed.append(Missed(wanted, ALWAYS, bars, dict.fromkeys(wanted.studies, closed), closes=closes))
        self.firings += self.engine.retrace(missed, BarSize.MIN_1, until)
        self.engine.release(list(backlog.since))
        self._snapshot(until, end)
        # The loop that brings bars may bring again what is known.
        self._closed(end, 2)

    def _snapshot(self, now: datetime, end: int = 0) -> None:
        """Tell what a new subscription begins with."""
        for one, told in self.prices.items():
            known = [price for slot, price in sorted(told.items()) if slot < end]
            self.firings += self.engine.on_ticks([self._tick(one, CLOSE, now, TickField.CLOSE)])
            if known:
                high = self._tick(one, max(known), now, TickField.HIGH)
                low = self._tick(one, min(known), now, TickField.LOW)
                self.firings += self.engine.on_ticks([self._tick(one, known[-1], now), high, low])

    def _closed(self, slot: int, count: int) -> None:
        bars = [bar for bar in self._bars(AAPL, slot) if bar.start + MINUTE <= at(slot)]
        for bar in bars[-count:]:
            self.firings += self.engine.on_bar(AAPL, BarSize.MIN_1, bar, at(slot))

    def _bars(self, one: Instrument, end: int) -> Iterator[Bar]:
        """Yield the minutes up to *end*, the last as far as it has come."""
        per = 60 // STEP_S
        for first in range(0, end, per):
            told = [price for slot, price in sorted(self.prices[one].items()) if first <= slot < min(first + per, end)]
            if told:
                yield Bar(at(first), told[0], max(told), min(told), told[-1], 10.0)

    @staticmethod
    def _tick(one: Instrument, price: float, now: datetime, field: TickField = TickField.LAST) -> Tick:
        return Tick(one, field, price, 1.0, now)

    def told(self) -> Counter[datetime]:
        """Count the firings by minute, up to the first that is marked: it may be, or not."""
        sure = takewhile(lambda one: one.away is None or not one.away.is_unordered, self.firings)
        return Counter(one.at.replace(second=0, microsecond=0) for one in sure)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=100)
@given(data=st.data(), aapl=TRADES, msft=TRADES)
def test_nothing_fires_twice_after_a_gap(
    kind: str, data: st.DataObject, aapl: dict[int, float], msft: dict[int, float]
) -> None:
    line = data.draw(st.sampled_from(KINDS[kind]))
    first = data.draw(st.integers(1, SLOTS - 2))
    end = data.draw(st.integers(first + 1, SLOTS - 1))
    lag = data.draw(st.none() | st.integers(0, 2))
    prices = {AAPL: {0: 199.0} | aapl} | ({MSFT: {0: 200.0} | msft} if kind == "ratio" else {})
    whole, torn = Run(line, prices), Run(line, prices)
    whole.live(0, SLOTS)
    torn.live(0, first)
    torn.gap(first, end) if lag is None else torn.crash(first, end, lag)
    torn.live(end, SLOTS)
    found, expected = torn.told(), whole.told()
    assert found <= expected, (line, first, end, lag, found - expected)
    keys = [one.key for one in torn.firings]
    assert len(keys) == len(set(keys))
