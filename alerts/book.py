"""What the engine knows of one instrument: its latest prices, and who watches which level."""

from datetime import datetime, timedelta
from math import inf

from alerts.levels import Ladder
from alerts.operand import PriceField
from market.instrument import Instrument, SecType
from market.quote import Tick, TickField

FRESH = timedelta(minutes=5)
"""A price older than this is unknown (PRODUCT A1, the default where trading is not liquid)."""

MID = 0
"""The slot of the middle, beside those of `TickField`."""

SLOTS = {
    PriceField.LAST: int(TickField.LAST),
    PriceField.BID: int(TickField.BID),
    PriceField.ASK: int(TickField.ASK),
    PriceField.MID: MID,
}

# These are quoted, not traded on a tape: TWS sends no last price for them.
_WITHOUT_TRADES = frozenset({SecType.FOREX, SecType.CFD, SecType.COMMODITY})


class Book:
    """
    One instrument's prices by slot (`TickField`; `MID` is worked out from two) and their ladders.

    *latest* is the latest tick of any field: as long as anything comes, the line is alive and its prices are current.
    *restless* are the rules that must be looked at with every tick (something about them is unknown just now).
    *top* and *bottom* are the extremes of the last trades since the day's high and low were last heard of: what TWS'
    sampling showed by itself needs no second look when the day's high follows.
    """

    __slots__ = (
        "bottom",
        "halted",
        "instrument",
        "ladders",
        "latest",
        "prices",
        "restless",
        "top",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.prices: list[float | None] = [None] * (max(TickField) + 1)
        self.ladders: list[Ladder | None] = [None] * (max(TickField) + 1)
        self.latest: Tick | None = None
        self.halted = False
        self.top = -inf
        self.bottom = inf
        self.restless: set[int] = set()

    def slot(self, field: PriceField) -> int:
        """Return the slot *field* is read from; the last price of what has no trades is its middle."""
        if field is PriceField.LAST and self.instrument.sec_type in _WITHOUT_TRADES:
            return MID
        return SLOTS[field]

    def price(self, slot: int, now: datetime) -> float | None:
        """Return the price in *slot*, or None where it is unknown at *now*: never seen, halted or too old."""
        if self.halted or self.latest is None or now - self.latest.received > FRESH:
            return None
        return self.known(slot)

    def known(self, slot: int) -> float | None:
        """Return the latest price in *slot*, however old, or None where there never was one."""
        if slot != MID:
            return self.prices[slot]
        bid, ask = self.prices[TickField.BID], self.prices[TickField.ASK]
        return None if bid is None or ask is None else (bid + ask) / 2

    def stretch(self, last: float) -> None:
        """Let *last* be an extreme of the last trades, if it is one."""
        self.top = max(self.top, last)
        self.bottom = min(self.bottom, last)

    def ladder(self, slot: int) -> Ladder:
        """Return the ladder of *slot*, made (and told of the price) when first asked for."""
        ladder = self.ladders[slot]
        if ladder is None:
            ladder = self.ladders[slot] = Ladder()
            price = self.known(slot)
            if price is not None and not self.halted:
                ladder.moved(price)
        return ladder

    @property
    def change_pct(self) -> float | None:
        """The move since the prior close in percent, or None without both prices."""
        price = self.prices[TickField.LAST]
        if price is None:
            price = self.known(MID)
        close = self.prices[TickField.CLOSE]
        return None if price is None or not close else (price / close - 1) * 100
