"""Prices: single ticks, the quote they add up to, and bars."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import NamedTuple

from market.instrument import Instrument


class TickField(IntEnum):
    """
    What a tick speaks of. `HIGH` and `LOW` are the day's, `CLOSE` the prior session's official close.

    `IV` to `VEGA` are an option's, by IBKR's model: implied volatility a year (0.25: 25 %), theta a day, vega a
    point of volatility. `OPEN_INTEREST` counts contracts. `NO_BID` and `NO_ASK`: there is none any more.
    """

    LAST = 1
    BID = 2
    ASK = 3
    HIGH = 4
    LOW = 5
    OPEN = 6
    CLOSE = 7
    VOLUME = 8
    MARK = 9
    HALTED = 10
    IV = 11
    DELTA = 12
    GAMMA = 13
    THETA = 14
    VEGA = 15
    OPEN_INTEREST = 16
    NO_BID = 17
    NO_ASK = 18


class DataKind(StrEnum):
    """How fresh IBKR says its data is (message marketDataType 1 to 4)."""

    LIVE = "live"
    FROZEN = "frozen"
    DELAYED = "delayed"
    DELAYED_FROZEN = "delayed, frozen"


class Tick(NamedTuple):
    """
    One change that TWS sent; a tuple because there may be thousands a second.

    *price* is never NaN, -1, 0 or unset: those die in `broker/convert.py`. For `VOLUME` it is the session's volume in
    shares, for `HALTED` 1.0 or 0.0, for `NO_BID` and `NO_ASK` 0.0; delta and theta may be below zero.
    *received* is when its network read arrived (UTC), *exchange_time* the exchange's own where TWS gives one (tick 45).
    """

    instrument: Instrument
    field: TickField
    price: float
    size: float
    received: datetime
    exchange_time: datetime | None = None
    kind: DataKind = DataKind.LIVE


_PLAIN = {
    TickField.LAST: "last",
    TickField.HIGH: "high",
    TickField.LOW: "low",
    TickField.OPEN: "open",
    TickField.CLOSE: "close",
    TickField.VOLUME: "volume",
}


@dataclass(slots=True)
class Quote:
    """
    The latest value of each field of one instrument; `None` where nothing was received yet.

    *received* is of whatever came last, *last_time* of the last trade: by the exchange's time where TWS gave one, else
    when it was received. A bid and an ask stand until they are taken back; a trade is over at once.
    """

    instrument: Instrument
    last: float | None = None
    bid: float | None = None
    ask: float | None = None
    high: float | None = None
    low: float | None = None
    open: float | None = None
    close: float | None = None
    volume: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    halted: bool = False
    received: datetime | None = None
    kind: DataKind = DataKind.LIVE
    last_time: datetime | None = None

    @property
    def mid(self) -> float | None:
        """The middle of bid and ask, or None without both."""
        if self.bid is None or self.ask is None:
            return None
        return (self.bid + self.ask) / 2

    @property
    def price(self) -> float | None:
        """The last trade, else the middle (FX has no trades), else the prior close."""
        for candidate in (self.last, self.mid, self.close):
            if candidate is not None:
                return candidate
        return None

    @property
    def change_pct(self) -> float | None:
        """The move since the prior close in percent, or None without both prices."""
        price = self.last if self.last is not None else self.mid
        if price is None or not self.close:
            return None
        return (price / self.close - 1) * 100

    def age(self, now: datetime) -> timedelta | None:
        """Return how long ago anything was received, or None if nothing was."""
        return None if self.received is None else now - self.received

    def last_age(self, now: datetime) -> timedelta | None:
        """Return how long ago the last trade was, as `age` where its own time is not known."""
        return self.age(now) if self.last_time is None else now - self.last_time

    def applied(self, tick: Tick) -> None:
        """Take *tick* in."""
        name = _PLAIN.get(tick.field)
        if name is not None:
            setattr(self, name, tick.price)
        elif tick.field is TickField.BID:
            self.bid, self.bid_size = tick.price, tick.size
        elif tick.field is TickField.ASK:
            self.ask, self.ask_size = tick.price, tick.size
        elif tick.field is TickField.NO_BID:
            self.bid = self.bid_size = None
        elif tick.field is TickField.NO_ASK:
            self.ask = self.ask_size = None
        elif tick.field is TickField.HALTED:
            self.halted = tick.price > 0
        if tick.field is TickField.LAST:
            self.last_time = tick.exchange_time or tick.received
        self.received = tick.received
        self.kind = tick.kind


@dataclass(frozen=True, slots=True)
class Bar:
    """
    One bar: *start* is its first moment (UTC); *volume* in shares, 0 for bars that have none (FX, bid/ask bars).

    A daily bar's *start* is midnight UTC of its session date.
    """

    start: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0


class BarSize(StrEnum):
    """The bar sizes offered, as the alert language writes them."""

    MIN_1 = "1m"
    MIN_5 = "5m"
    MIN_15 = "15m"
    HOUR_1 = "1h"
    DAY_1 = "1d"

    @property
    def duration(self) -> timedelta:
        """How long one bar lasts (a day: 24 h)."""
        return {
            BarSize.MIN_1: timedelta(minutes=1),
            BarSize.MIN_5: timedelta(minutes=5),
            BarSize.MIN_15: timedelta(minutes=15),
            BarSize.HOUR_1: timedelta(hours=1),
            BarSize.DAY_1: timedelta(days=1),
        }[self]
