"""
Indicators over the bars of one instrument: one number at each bar's close, or over the running bar too (`live`).

What is computed, and how it compares with TA-Lib, stands in `alerts/streams.py`.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.operand import Indicator
from alerts.streams import Stream, parameters, stream_of
from market.hours import Hours
from market.quote import Bar, BarSize

# Sessions are not around the clock: over a long weekend the latest day bar is still the latest.
_REST = {BarSize.DAY_1: timedelta(days=4)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# How often an indicator's own length its memory reaches back: what came before weighs less than 1/10,000.
_MEMORY = {"ema": 5, "macd": 5, "rsi": 10, "atr": 10, "adx": 14}
_AT_LEAST = 50


class Series:
    """
    One indicator of one instrument; *value* is that of the latest closed bar, *close* its price.

    None until there are enough bars. A live one includes the running bar, which `run` makes of trades: *value* is then
    that of the closed bars with the running one behind them.
    """

    def __init__(self, indicator: Indicator, hours: Hours | None = None) -> None:
        self.indicator = indicator
        self._size = indicator.bar
        self._zone: ZoneInfo | None = None if hours is None else ZoneInfo(hours.zone)
        self._stream: Stream = stream_of(indicator, self._day_of)
        self._latest: datetime | None = None
        self._running: Bar | None = None
        self._shares_before: float | None = None
        self.value: float | None = None
        self.close: float | None = None

    def keep_hours(self, hours: Hours) -> None:
        """Let the trading day be that of the venue (without: of UTC); it is where vwap begins anew."""
        self._zone = ZoneInfo(hours.zone)

    def seed(self, bars: Iterable[Bar]) -> None:
        """Begin anew with *bars*, oldest first."""
        self._stream = stream_of(self.indicator, self._day_of)
        self._latest = self._running = None
        self.value = None
        for bar in bars:
            self.add(bar)

    def add(self, bar: Bar) -> None:
        """Take the next closed bar in; one that is not newer than the latest changes nothing."""
        if self._latest is not None and bar.start <= self._latest:
            return
        running = self._running
        if running is not None:
            self._stream.drop()
        self._latest = bar.start
        self.close = bar.close
        self.value = self._stream.add(bar)
        self._running = None
        if running is not None and running.start > bar.start:
            # The bar came after the next one had begun to run.
            self._let_run(running)

    def run(self, price: float, at: datetime, day_volume: float | None = None) -> None:
        """
        Take a trade into the running bar, where the indicator is live; nothing happens otherwise.

        *day_volume* is the session's volume so far in shares, by which vwap weighs the running bar. A trade counts
        only behind closed bars. One of the next bar waits until the one that ran is there closed (some seconds): until
        then the value is that at its end.
        """
        if not self.indicator.live or self._latest is None:
            return
        start, running = self._start_of(at), self._running
        if start <= self._latest or (running is not None and running.start != start):
            return
        if running is None:
            self._shares_before = day_volume
            self._let_run(Bar(start, price, price, price, price))
            return
        before = self._shares_before
        volume = 0.0 if day_volume is None or before is None else max(0.0, day_volume - before)
        self._stream.drop()
        self._let_run(Bar(start, running.open, max(running.high, price), min(running.low, price), price, volume))

    def value_at(self, now: datetime) -> float | None:
        """Return the value, or None where it is unknown at *now*: too few bars, or none for two bars' time."""
        if self._latest is None:
            return None
        start = self._latest if self._running is None else self._running.start
        return None if now - start > 3 * self._size.duration + _REST.get(self._size, timedelta()) else self.value

    def _let_run(self, bar: Bar) -> None:
        self._running = bar
        self.close = bar.close
        self.value = self._stream.add(bar)

    def _day_of(self, at: datetime) -> date:
        return at.date() if self._zone is None else at.astimezone(self._zone).date()

    def _start_of(self, at: datetime) -> datetime:
        """Return when the bar that runs at *at* began, as IBKR cuts them: on the clock; a day by its date."""
        if self._size is BarSize.DAY_1:
            return datetime.combine(self._day_of(at), time(), UTC)
        return _EPOCH + (at - _EPOCH) // self._size.duration * self._size.duration


def bars_needed(indicator: Indicator) -> int:
    """
    Return how many bars to seed with.

    Averages that remember for ever are seeded until what came before weighs less than 1/10,000 (an ema after five
    lengths, Wilder's after ten, adx after fourteen, being smoothed twice); the others just fill their window, and vwap
    a day of 24 hours.
    """
    given = parameters(indicator)
    if indicator.name == "vwap":
        return timedelta(days=1) // indicator.bar.duration + 1
    if indicator.name in _MEMORY:
        longest = sum(sorted(given)[-2:]) if indicator.name == "macd" else max(given)
        return int(_MEMORY[indicator.name] * longest) + _AT_LEAST
    return int(given[0] if indicator.name == "bbands" else sum(given)) + 10
