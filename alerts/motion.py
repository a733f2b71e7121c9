"""Conditions about how far a price moved, made ready: today, within a window, from its best; and that none came."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from math import inf, nextafter

from alerts.book import Book
from alerts.condition import Unit, Way
from alerts.session import Sessions
from alerts.truth import Atom, Margin, Truth
from alerts.value import Quoted, Value
from alerts.window import Window
from market.instrument import Instrument
from market.quote import TickField


class _Plain(Atom):
    """A condition without hysteresis: it is what it is, however often one asks."""

    __slots__ = ("_values",)

    def __init__(self, values: tuple[Value, ...]) -> None:
        self._values = values

    @property
    def values(self) -> tuple[Value, ...]:
        """What it looks at."""
        return self._values

    def holds(self, now: datetime) -> Truth:
        """Return whether it is true."""
        return self.stays(now)

    def truth(self, now: datetime) -> Truth:
        """Return whether it is true."""
        return self.stays(now)

    def stays(self, now: datetime) -> Truth:
        """Return whether it is true."""
        raise NotImplementedError


class DayMoved(_Plain):
    """
    The price is *percent* away from *base* (the official prior close, or as typed).

    Where it fires more than once a session it must have gone back by the *margin* of its level in between.
    """

    __slots__ = ("base", "margin", "percent", "price", "way")

    def __init__(self, price: Quoted, base: Value, percent: float, way: Way, margin: Margin) -> None:
        super().__init__((price, base))
        self.price = price
        self.base = base
        self.percent = percent
        self.way = way
        self.margin = margin

    def holds(self, now: datetime) -> Truth:
        """Return whether the price has not yet gone back by the hysteresis."""
        price, base = self.price.at(now), self.base.at(now)
        if price is None or base is None:
            return None
        is_within = any(
            price > level - self.margin.about(level) if level > base else price < level + self.margin.about(level)
            for level in _levels(base, self.percent, self.way)
        )
        return is_within or _is_away(price, base, self.percent, self.way)

    def stays(self, now: datetime) -> Truth:
        """Return whether the price has moved so far."""
        price, base = self.price.at(now), self.base.at(now)
        return None if price is None or base is None else _is_away(price, base, self.percent, self.way)

    def listens(self) -> Iterable[Quoted]:
        """Return the prior close: when it changes, so do the levels."""
        return self.base.quotes

    @property
    def is_moving(self) -> bool:  # type: ignore[override]
        """Whether its levels follow a close that may yet change."""
        return bool(self.base.quotes)

    def marks(self, now: datetime, *, repeats: bool) -> Iterable[tuple[Quoted, float]]:
        """Return the levels that lie so far from the base, and where it has gone back from them."""
        base = self.base.at(now)
        if base is None:
            return ()
        levels = _levels(base, self.percent, self.way)
        backs = [level - self.margin.about(level) * (1 if level > base else -1) for level in levels if repeats]
        return [(self.price, mark) for mark in (*levels, *backs)]

    def level(self, now: datetime) -> tuple[Quoted, float] | None:
        """Return the price and the level that is nearer."""
        price, base = self.price.book.known(self.price.slot), self.base.at(now)
        if price is None or base is None:
            return None
        return self.price, min(_levels(base, self.percent, self.way), key=lambda level: abs(level - price))


class Gapped(_Plain):
    """The session opened *percent* away from the prior close; unknown until this session's open is known."""

    __slots__ = ("_book", "_close", "_open", "_percent", "_sessions", "_way")

    def __init__(self, opening: Quoted, close: Quoted, percent: float, way: Way, sessions: Sessions) -> None:
        super().__init__((opening, close))
        self._book = opening.book
        self._open = opening
        self._close = close
        self._percent = percent
        self._way = way
        self._sessions = sessions

    def stays(self, now: datetime) -> Truth:
        """Return whether the session opened so far away."""
        session = self._sessions.running(self._book.instrument.con_id, now)
        opened = self._book.opened
        if session is None or opened is None or opened < session.start:
            return None
        opening, close = self._open.at(now), self._close.at(now)
        return None if opening is None or close is None else _is_away(opening, close, self._percent, self._way)


class Moved(_Plain):
    """Within the window the price moved by *amount* (percent, or money) from its extreme on the other side."""

    __slots__ = ("_amount", "_price", "_unit", "_way", "_window")

    def __init__(self, price: Quoted, amount: float, unit: Unit, way: Way, window: Window) -> None:
        super().__init__((price,))
        self._price = price
        self._amount = amount
        self._unit = unit
        self._way = way
        self._window = window

    def stays(self, now: datetime) -> Truth:
        """Return whether the price stands so far from where it was within the window."""
        price = self._price.at(now)
        low, high = self._window.low(now), self._window.high(now)
        if price is None or low is None or high is None:
            return None
        is_up = self._way is not Way.DOWN and price - low >= self._distance(low)
        is_down = self._way is not Way.UP and high - price >= self._distance(high)
        return is_up or is_down

    def numbers(self, now: datetime) -> Iterator[tuple[str, float]]:
        """Yield the price and the window's extremes."""
        yield from super().numbers(now)
        low, high = self._window.low(now), self._window.high(now)
        if low is not None and high is not None:
            yield "low", low
            yield "high", high

    @property
    def price(self) -> Quoted:
        """The price that moves."""
        return self._price

    def is_within_reach(self, low: float, high: float, now: datetime) -> bool:
        """Return whether prices between *low* and *high* may make it true, in whatever order they come."""
        before = self._window.low(now), self._window.high(now)
        least = low if before[0] is None else min(low, before[0])
        most = high if before[1] is None else max(high, before[1])
        return most - least >= min(self._distance(least), self._distance(most))

    def _distance(self, base: float) -> float:
        return abs(base) * self._amount / 100 if self._unit is Unit.PERCENT else self._amount


class Trailed(_Plain):
    """The price came back by *amount* from its *best* since the rule was armed: its high, or *from_low* its low."""

    __slots__ = ("_amount", "_atr", "_from_low", "_price", "_unit", "best")

    is_moving = True

    def __init__(self, price: Quoted, amount: float, unit: Unit, atr: Value | None, *, from_low: bool) -> None:
        super().__init__((price,) if atr is None else (price, atr))
        self._price = price
        self._amount = amount
        self._unit = unit
        self._atr = atr
        self._from_low = from_low
        self.best: float | None = None

    def truth(self, now: datetime) -> Truth:
        """Observe, and return whether the price came back so far."""
        price = self._price.at(now)
        if price is not None:
            best = price if self.best is None else self.best
            self.best = min(best, price) if self._from_low else max(best, price)
        return self.stays(now)

    def stays(self, now: datetime) -> Truth:
        """Return whether the price stands so far from its best."""
        price, bound = self._price.at(now), self._bound(now)
        if price is None or bound is None:
            return None
        return price >= bound if self._from_low else price <= bound

    def listens(self) -> Iterable[Quoted]:
        """Return nothing: its best and its bound stand on the ladder."""
        return () if self._atr is None else self._atr.quotes

    def marks(self, now: datetime, *, repeats: bool) -> Iterable[tuple[Quoted, float]]:  # noqa: ARG002  no hysteresis
        """Return its best, and the level at which it came back far enough."""
        if self.best is None:
            return ()
        # The best itself is no news; what is better than it, be it by a hair, is.
        better = nextafter(self.best, -inf if self._from_low else inf)
        bound = self._bound(now)
        return [(self._price, level) for level in (better, bound) if level is not None]

    def level(self, now: datetime) -> tuple[Quoted, float] | None:
        """Return the price and the level at which it came back far enough."""
        bound = self._bound(now)
        return None if bound is None else (self._price, bound)

    def numbers(self, now: datetime) -> Iterator[tuple[str, float]]:
        """Yield the values and the best."""
        yield from super().numbers(now)
        if self.best is not None:
            yield "low" if self._from_low else "high", self.best

    def memory(self) -> list[object] | None:
        """Return the best."""
        return None if self.best is None else [self.best]

    def recall(self, memory: list[object]) -> None:
        """Take in the best."""
        (best,) = memory
        if not isinstance(best, int | float):
            raise TypeError(memory)
        self.best = float(best)

    def began(self, at: datetime) -> None:
        """Let the best begin anew where the price stands."""
        self.best = self._price.at(at)

    def _bound(self, now: datetime) -> float | None:
        if self.best is None:
            return None
        if self._atr is None:
            distance = abs(self.best) * self._amount / 100 if self._unit is Unit.PERCENT else self._amount
        else:
            atr = self._atr.at(now)
            if atr is None:
                return None
            distance = atr * self._amount
        return self.best + distance if self._from_low else self.best - distance


class Silent(_Plain):
    """No tick came for *age* while the market is open, counted from the session's start and from *since* at most."""

    __slots__ = ("_age", "_sessions", "_since", "book")

    is_timed = True

    def __init__(self, book: Book, age: timedelta, sessions: Sessions, since: datetime) -> None:
        super().__init__(())
        self.book = book
        self._age = age
        self._sessions = sessions
        self._since = since

    @property
    def instrument(self) -> Instrument:
        """Whose ticks are missed."""
        return self.book.instrument

    @property
    def last(self) -> datetime | None:
        """When the last one came."""
        return None if self.book.latest is None else self.book.latest.received

    def stays(self, now: datetime) -> Truth:
        """Return whether nothing came for so long; unknown while the market is closed, or not known to be open."""
        session = self._sessions.running(self.instrument.con_id, now)
        if session is None:
            return None
        heard = max(session.start, self._since, self.last or self._since)
        return now - heard >= self._age


CLOSE = int(TickField.CLOSE)
OPEN = int(TickField.OPEN)


def _levels(base: float, percent: float, way: Way) -> tuple[float, ...]:
    # A spread, a future may stand below zero: up is up.
    distance = abs(base) * percent / 100
    return {Way.UP: (base + distance,), Way.DOWN: (base - distance,), Way.EITHER: (base + distance, base - distance)}[
        way
    ]


def _is_away(price: float, base: float, percent: float, way: Way) -> bool:
    distance = abs(base) * percent / 100
    is_up = way is not Way.DOWN and price >= base + distance
    is_down = way is not Way.UP and price <= base - distance
    return is_up or is_down
