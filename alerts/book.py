"""What the engine knows of one instrument: its latest prices, and who watches which level."""

from datetime import datetime, timedelta
from math import inf

from alerts.indicators import Series
from alerts.levels import Ladder
from alerts.operand import Price, PriceField
from alerts.split import split_between
from alerts.window import Window
from market.instrument import Instrument, SecType
from market.quote import Tick, TickField

FRESH = timedelta(minutes=5)
"""A price older than this is unknown where trading is not liquid (PRODUCT A1, the table of defaults)."""

LIQUID_FRESH = timedelta(seconds=30)
"""The same where it is."""

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

# Known for the whole session once they are known; everything else ages with the line.
_OF_THE_DAY = frozenset({int(TickField.OPEN), int(TickField.CLOSE)})
_LAST = int(TickField.LAST)
_OPTION_FRESH = timedelta(minutes=2)
_FRESH = {int(TickField.VOLUME): timedelta(minutes=1), int(TickField.OPEN_INTEREST): _OPTION_FRESH}
# These are told again as soon as they change at all: each ages by itself, whatever else comes.
_AGEING = frozenset(range(TickField.IV, TickField.OPEN_INTEREST))

# Between these a price is a day's move away from a close at most; the smallest usual splits are 5:4 and 4:5.
_SAME_SCALE = 0.85, 1.2
_DOUBTED_FOR = timedelta(minutes=1)

# Liquid: ticks in at least so many of the seconds in which the line was looked at.
_LOOKS = 60
_LIQUID_LOOKS = 30


class Book:
    """
    One instrument's prices by slot (`TickField`; `MID` is worked out from two) and their ladders. *latest* is the
    latest tick of any field: as long as anything comes, the line is alive and its prices are current. *quoted* are
    its prices as conditions hold them, *is_printing*: the last price is a trade between the samples just now.
    *alone* is the book by itself: rules share them. *opened* is when the session's open was told. *restless* are
    the rules that must be looked at with every tick (a price of this book was unknown to them). *top* and *bottom*
    are the extremes of the last trades since the day's high and low were last heard of: what TWS' sampling showed
    by itself needs no second look when the day's high follows. *base* is the last official close as it was told on its
    day (None: not known), *doubted* since when the price is of another scale than that. *gone* are the sides that went
    away, and when. *told* is when each value that is neither last, bid nor ask came. *windows* keep a slot's recent
    prices, *rules* are all that speak of the instrument.
    """

    __slots__ = (
        "_active",
        "_bar_tick",
        "_looked",
        "_looks",
        "alone",
        "base",
        "bottom",
        "doubted",
        "fresh",
        "gone",
        "halted",
        "halted_at",
        "instrument",
        "is_printing",
        "ladders",
        "latest",
        "live",
        "opened",
        "prices",
        "quoted",
        "restless",
        "rules",
        "told",
        "top",
        "windows",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.prices: list[float | None] = [None] * (max(TickField) + 1)
        self.ladders: list[Ladder | None] = [None] * (max(TickField) + 1)
        self.latest: Tick | None = None
        self.opened: datetime | None = None
        self.is_printing = False
        self.halted = False
        self.halted_at: datetime | None = None
        self.alone = (self,)
        self.quoted: dict[Price, object] = {}
        self.live = list[Series]()
        self.top = -inf
        self.bottom = inf
        self.fresh = FRESH
        self.gone: dict[int, datetime] = {}
        self.base: float | None = None
        self.doubted: datetime | None = None
        self.restless: set[int] = set()
        self.rules: set[int] = set()
        self.told: dict[int, datetime] = {}
        self.windows: dict[int, dict[timedelta, Window]] = {}
        self._looked: Tick | None = None
        self._bar_tick: Tick | None = None
        self._looks = 0
        self._active = 0

    def slot(self, field: PriceField) -> int:
        """Return the slot *field* is read from; the last price of what has no trades is its middle."""
        if field is PriceField.LAST and self.instrument.sec_type in _WITHOUT_TRADES:
            return MID
        return SLOTS[field]

    @property
    def main_slot(self) -> int:
        """The slot of the price one means without saying which."""
        return self.slot(PriceField.LAST)

    def price(self, slot: int, now: datetime) -> float | None:
        """Return the price in *slot*, or None where it is unknown at *now*: never seen, halted or too old."""
        if self.halted or self.latest is None:
            return None
        if slot not in _OF_THE_DAY and now - self.latest.received > _FRESH.get(slot, self.fresh):
            return None
        if slot in _AGEING and (slot not in self.told or now - self.told[slot] > _OPTION_FRESH):
            return None
        return self.known(slot)

    def known(self, slot: int) -> float | None:
        """Return the latest price in *slot*, however old, or None where there never was one."""
        if slot != MID:
            return self.prices[slot]
        bid, ask = self.prices[TickField.BID], self.prices[TickField.ASK]
        return None if bid is None or ask is None else (bid + ask) / 2

    def forget(self) -> None:
        """
        Let all prices be unknown: no more ticks come, and what comes later is not to be mixed with these.

        When the last tick came stays known: whoever misses ticks counts from there.
        """
        self.prices = [None] * len(self.prices)
        self.halted, self.halted_at = False, None
        self.gone.clear()
        self.told.clear()
        self.top, self.bottom = -inf, inf

    def is_of_other_scale(self, price: float) -> bool:
        """Return whether *price* is further from the last close, as it was told on its day, than a day moves it."""
        return self.base is not None and not _SAME_SCALE[0] < price / self.base < _SAME_SCALE[1]

    def is_doubtful(self, now: datetime, *, is_past: bool = False) -> bool:
        """
        Return whether the shares may have been split since the last close: the price is of another scale.

        A fall is none: then the prior close that TWS tells (tick 9) is still the one that was told on its day. Where
        TWS tells none, or a split one, who looks at daily bars has a minute's time to say what it is. Of a moment that
        *is_past* nobody has: what is in doubt stays so.
        """
        price = self.known(self.main_slot)
        if self.base is None or price is None or not self.is_of_other_scale(price):
            self.doubted = None
            return False
        close = self.prices[TickField.CLOSE]
        if close is not None and split_between(self.base, close) is None:
            self.doubted = None
            return False
        if is_past:
            return True
        self.doubted = self.doubted or now
        return now - self.doubted < _DOUBTED_FOR

    def stretch(self, last: float) -> None:
        """Let *last* be an extreme of the last trades, if it is one."""
        self.top = max(self.top, last)
        self.bottom = min(self.bottom, last)

    def ladder(self, slot: int) -> Ladder:
        """Return the ladder of *slot*, made when first asked for, and told where the price stands."""
        ladder = self.ladders[slot]
        price = None if self.halted or self.is_printing else self.known(slot)
        if ladder is None:
            ladder = self.ladders[slot] = Ladder()
            if price is not None:
                ladder.moved(price)
        elif price is not None:
            ladder.stand(price)
        return ladder

    def is_left_behind(self, slot: int) -> bool:
        """Return whether the ladder of *slot* stands where a price stood that is known no more (see `forget`)."""
        ladder = self.ladders[slot]
        return ladder is not None and ladder.is_placed and self.known(slot) is None

    def window(self, slot: int, length: timedelta) -> Window:
        """Return what keeps the prices in *slot* of the last *length*, made (with the price as known) when needed."""
        windows = self.windows.setdefault(slot, {})
        window = windows.get(length)
        if window is None:
            window = windows[length] = Window(length)
            price = self.known(slot)
            if price is not None and self.latest is not None and not self.halted:
                window.add(price, self.latest.received)
        return window

    def follow(self, tick: Tick) -> None:
        """Let the windows and the running bars follow a last, bid or ask price."""
        slot = _LAST if tick.field is TickField.LAST else MID
        price = self.known(slot)
        if price is None:
            return
        for kept in (slot, tick.field) if slot == MID else (slot,):
            for window in self.windows.get(kept, {}).values():
                window.add(price if kept == slot else tick.price, tick.received)
        if self.live and slot == self.main_slot:
            self._run(price, tick.received)

    def run_on(self) -> None:
        """Let the bars that run behind one that just came begin with the price that stands: it was waiting for them."""
        price = self.known(self.main_slot)
        if self.live and price is not None and self.latest is not None and not self.halted:
            self._run(price, self.latest.received)

    def follow_print(self, tick: Tick) -> None:
        """Let the windows and the running bars follow a trade between the samples."""
        for window in self.windows.get(_LAST, {}).values():
            window.add(tick.price, tick.received)
        self._run(tick.price, tick.received)

    def halt(self, tick: Tick) -> None:
        """Take in that trading is halted, or goes on."""
        is_halted = tick.price > 0
        if is_halted is not self.halted:
            self.halted, self.halted_at = is_halted, tick.received if is_halted else None
            self._resume(tick.received)

    def lose(self, tick: Tick) -> None:
        """Take in that there is no bid, or no ask, any more."""
        side = int(TickField.BID if tick.field is TickField.NO_BID else TickField.ASK)
        self.prices[side] = None
        self.gone[side] = tick.received

    def is_untold(self, slot: int, now: datetime) -> bool:
        """Return whether what *slot* tells never came, or (an option's value) came too long ago."""
        if slot in _AGEING:
            return slot not in self.told or now - self.told[slot] > _OPTION_FRESH
        return self.prices[slot] is None

    def wanted_slots(self) -> set[int]:
        """Return the slots that rules look at: those of prices that were asked for, and those with ladders in use."""
        used = {slot for slot, ladder in enumerate(self.ladders) if ladder is not None and ladder.is_used}
        return used | {self.slot(price.field) for price in self.quoted}

    def absent_since(self, side: int) -> datetime | None:
        """Return since when there is no bid (or ask) to be had; None where there is one, or none was ever seen."""
        return self.gone.get(side) if self.prices[side] is None else None

    def _resume(self, at: datetime) -> None:
        """Let the windows know where the price stands after a halt: what came in it they did not follow."""
        for slot, windows in self.windows.items():
            price = self.known(slot)
            if price is None or self.halted:
                continue
            for window in windows.values():
                window.add(price, at)

    def is_without_ticks_since(self, moment: datetime) -> bool:
        """Return whether no tick came since *moment*: a minute's bar is all there is."""
        return self.latest is None or self.latest is self._bar_tick or self.latest.received < moment

    @property
    def is_on_minutes(self) -> bool:
        """Whether what is known last is of a closed minute's bar, not of a tick."""
        return self.latest is not None and self.latest is self._bar_tick

    def stand_at(self, price: float, at: datetime, start: datetime, slot: int | None = None) -> set[int]:
        """
        Let the price of a bar that began at *start* be the price, *at* its receipt; return whom it concerns.

        *slot* is whose price it is: by default the main one.
        """
        main = self.main_slot
        slot = main if slot is None else slot
        self.latest = self._bar_tick = Tick(self.instrument, TickField.LAST, price, 0.0, at, start)
        self.fresh = FRESH
        for each in (TickField.BID, TickField.ASK) if slot == MID else (slot,):
            self.prices[each] = price
        for window in self.windows.get(slot, {}).values():
            window.add(price, at)
        if slot == main:
            self._run(price, start)
        ladder = self.ladders[slot]
        return set() if ladder is None else ladder.moved(price)

    def gap_pct(self) -> float | None:
        """Return how far the nearest level of any price is from that price, in percent; None where unknown."""
        gaps = []
        for slot in SLOTS.values():
            ladder, price = self.ladders[slot], self.known(slot)
            gap = None if ladder is None or not price else ladder.gap(price)
            if gap is not None and price:
                gaps.append(gap / abs(price) * 100)
        return min(gaps, default=None)

    def _run(self, price: float, at: datetime) -> None:
        for series in self.live:
            series.run(price, at, self.prices[TickField.VOLUME])

    def looked_at(self) -> None:
        """
        Judge, once a second, how liquid the instrument is: what trades every other second is unknown after 30 s.

        A line without any tick says nothing: it may be the session's end or the link.
        """
        self._looks += 1
        if self.latest is not self._looked:
            self._looked = self.latest
            self._active += 1
        if self._looks >= _LOOKS:
            if self._active:
                is_liquid = self._active >= _LIQUID_LOOKS and self.latest is not self._bar_tick
                self.fresh = LIQUID_FRESH if is_liquid else FRESH
            self._looks = self._active = 0

    @property
    def change_pct(self) -> float | None:
        """The move since the prior close in percent, or None without both prices."""
        price = self.prices[TickField.LAST]
        if price is None:
            price = self.known(MID)
        close = self.prices[TickField.CLOSE]
        return None if price is None or not close else (price - close) / abs(close) * 100
