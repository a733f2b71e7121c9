"""The live side of one instrument: its quote, its day so far, and the bars its prints make."""

from collections import deque
from dataclasses import dataclass, field

from simulator.tws.bars import Bar, of_print
from simulator.tws.instrument import Instrument
from simulator.tws.past import scaled
from simulator.tws.plan import day_of, moment

_MINUTE = 60
# One-second bars are kept for the last prints only; older seconds are split from minutes.
_SECONDS_KEPT = 3600
_EXCHANGES = "QPZKNBJX"


@dataclass(slots=True)
class Print:
    """One trade on the tape (for instruments without trades, one change of the midpoint)."""

    time: float
    price: float
    size: float
    exchange: str


@dataclass(slots=True)
class Book:
    """
    Quote and day of one instrument.

    *open*, *high*, *low*, *volume* are those of the day in New York that
    contains *last_time*; *previous_close* is the last price of the regular
    hours before that day.
    """

    instrument: Instrument
    last: float
    previous_close: float
    last_time: float
    bid: float = 0.0
    ask: float = 0.0
    bid_size: float = 300.0
    ask_size: float = 300.0
    last_size: float = 100.0
    open: float = 0.0
    high: float = 0.0
    low: float = 0.0
    volume: float = 0.0
    value: float = 0.0
    count: int = 0
    exchange: str = "Q"
    minutes: list[Bar] = field(default_factory=list)
    seconds: deque[Bar] = field(default_factory=lambda: deque(maxlen=_SECONDS_KEPT))
    opened: int = 0
    official: float = 0.0

    @property
    def middle(self) -> float:
        """The midpoint of bid and ask, the last price where there is no quote."""
        return (self.bid + self.ask) / 2 if self.bid_size > 0 and self.ask_size > 0 else self.last

    @property
    def change_pct(self) -> float:
        """Change since the previous close, in percent."""
        return (self.last / self.previous_close - 1) * 100 if self.previous_close else 0.0

    def begin(self, day: Bar | None, now: float) -> None:
        """Take over the day so far, as history tells it, when the exchange opens at *now*."""
        self.official = self.last
        self.opened = int(now) // _MINUTE * _MINUTE
        self.open = day.open if day else self.last
        self.high = day.high if day else self.last
        self.low = day.low if day else self.last
        self.volume = day.volume if day else 0.0
        self.value = day.value if day else 0.0
        self.count = day.count if day else 0
        self.quote(self.last - self.instrument.min_tick, self.last + self.instrument.min_tick)

    def quote(self, bid: float, ask: float, bid_size: float = 300.0, ask_size: float = 300.0) -> None:
        """Set both sides; a side that is not above zero is no side, but of a combination."""
        decimals = self.instrument.decimals + 2
        self.bid, self.ask = round(bid, decimals), round(ask, decimals)
        may_be_negative = bool(self.instrument.parts)
        self.bid_size = bid_size if bid > 0 or may_be_negative else 0.0
        self.ask_size = ask_size if ask > 0 or may_be_negative else 0.0

    def print(self, price: float, size: float, now: float, *, regular: bool = True) -> Print:
        """Record a print: the day, the minute and the second see it; one of *regular* hours may be the close."""
        if day_of(now) != day_of(self.last_time):
            self._begin_day(price)
        volume = size if self.instrument.trades else 0.0
        self.last, self.last_size, self.last_time = price, size, now
        if regular:
            self.official = price
        self.high, self.low = max(self.high, price), min(self.low, price)
        self.volume += volume
        self.value += price * volume
        self.count += 1
        self.exchange = _EXCHANGES[self.count % len(_EXCHANGES)]
        _record(self.minutes, int(now) // _MINUTE * _MINUTE, price, volume)
        _record(self.seconds, int(now), price, volume)
        return Print(now, price, size, self.exchange)

    def rescale(self, factor: float) -> None:
        """Let the shares be split: all prices are *factor* times as high, also those of the day so far."""
        grid = self.instrument.on_grid
        for name in ("last", "previous_close", "open", "high", "low", "official"):
            setattr(self, name, grid(getattr(self, name) * factor))
        self.volume = float(round(self.volume / factor))
        self.minutes = [scaled(bar, factor, grid) for bar in self.minutes]
        self.seconds = deque((scaled(bar, factor, grid) for bar in self.seconds), maxlen=_SECONDS_KEPT)

    def _begin_day(self, price: float) -> None:
        self.previous_close = self.official
        self.open = self.high = self.low = price
        self.volume = self.value = 0.0
        self.count = 0

    def minutes_of(self, start: float, end: float) -> list[Bar]:
        """Return the minutes made by prints that begin from *start* up to *end*."""
        return [bar for bar in self.minutes if start <= bar.start < end]

    def day_start(self) -> int:
        """Return the second in which the day of the last print began."""
        return moment(day_of(self.last_time), 0)


def _record(bars: list[Bar] | deque[Bar], start: int, price: float, volume: float) -> None:
    if bars and bars[-1].start >= start:
        bars[-1].take(price, volume)
    else:
        bars.append(of_print(start, price, volume))
