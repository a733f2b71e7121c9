"""
In which order the prices of a bar may have come, and what that makes of a rule.

A bar tells four prices, not their order: the low came before the high, or after it. Of several instruments only the
closes are known to stand at the same moment: who traded first is not known, and highs and lows may have met in any way.
So a rule to which
the order matters is tried out on each way, and the one on which it fires counts: it is then marked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product

from alerts.book import FRESH, MID, Book
from alerts.motion import DayMoved, Gapped, Moved
from alerts.pricewatch import PriceWatch
from alerts.rule import PriceCause, RuleState
from alerts.tape import Tape
from alerts.truth import Compared
from alerts.window import Kept, Window
from market.quote import Bar, Tick, TickField

_SECOND = timedelta(seconds=1)
_MOST_TOGETHER = 3


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one price did in a bar: *moments* are those of its four prices, within the gap."""

    book: Book
    slot: int
    bar: Bar
    moments: tuple[datetime, ...]

    @classmethod
    def of(cls, book: Book, slot: int, bar: Bar, length: timedelta, gap: tuple[datetime, datetime]) -> "Stretch":
        """Return a bar of *length*, of which only what was in the *gap* is news: the running one ends with it."""
        return cls(book, slot, bar, moments_of(bar.start, length, gap))

    @property
    def is_ambiguous(self) -> bool:
        """Whether the order of its prices is not plain: it went beyond its open and close on both sides."""
        bar = self.bar
        return bar.low < min(bar.open, bar.close) and bar.high > max(bar.open, bar.close)

    @property
    def is_still(self) -> bool:
        """Whether its price stood where it had stood before, all the time."""
        return self.bar.low == self.bar.high == self.book.known(self.slot)

    def path(self, *, against: bool = False) -> tuple[float, float, float, float]:
        """
        Return its prices in order: the low first where it rose, the high first where it fell.

        So it was more often than not; *against*: the other way round.
        """
        bar = self.bar
        is_low_first = (bar.close >= bar.open) is not against
        inner = (bar.low, bar.high) if is_low_first else (bar.high, bar.low)
        return bar.open, *inner, bar.close


@dataclass(frozen=True, slots=True)
class Step:
    """Prices that stood at one moment."""

    at: datetime
    prices: tuple[tuple[Stretch, float], ...]


Way = tuple[Step, ...]


@dataclass(slots=True)
class _KeptBook:
    """A book as it stands, put back after a try."""

    book: Book
    prices: list[float | None] = field(init=False)
    latest: Tick | None = field(init=False)
    fresh: timedelta = field(init=False)
    windows: list[tuple[Window, Kept]] = field(init=False)

    def __post_init__(self) -> None:
        self.prices, self.latest, self.fresh = list(self.book.prices), self.book.latest, self.book.fresh
        windows = (window for kept in self.book.windows.values() for window in kept.values())
        self.windows = [(window, window.kept()) for window in windows]

    def put_back(self) -> None:
        self.book.prices[:] = self.prices
        self.book.latest, self.book.fresh = self.latest, self.fresh
        for window, kept in self.windows:
            window.restore(kept)


def moments_of(start: datetime, length: timedelta, gap: tuple[datetime, datetime]) -> tuple[datetime, ...]:
    """Return the moments of a bar's four prices, within the gap."""
    begin, end = gap
    third = (length - _SECOND) / 3
    return tuple(min(max(start + n * third, begin), end) for n in range(4))


def is_ordered(watch: PriceWatch) -> bool:
    """Return whether the order of a bar's prices matters to a rule; what must hold for long it does not concern."""
    if watch.manner.hold is not None:
        return False
    atoms = watch.atoms
    return watch.repeats or len(atoms) > 1 or not isinstance(atoms[0], Compared | DayMoved | Gapped)


def is_out_of_reach(watch: PriceWatch, stretches: Sequence[Stretch], length: timedelta) -> bool:
    """
    Return whether nothing comes of these bars of a *length* for a rule about how far a price moved within minutes.

    It need not be looked at then: such a rule hears of every bar, others only of those that reach their level.
    """
    atoms = watch.atoms
    if len(atoms) != 1 or not isinstance(moved := atoms[0], Moved):
        return False
    if watch.manner.hold is not None or not watch.is_armed or watch.rule.state is not RuleState.ARMED:
        return False
    mine = [one for one in stretches if one.book is moved.price.book and one.slot == moved.price.slot]
    if len(mine) != 1:
        return False
    bar = mine[0].bar
    if not moved.is_within_reach(bar.low, bar.high, mine[0].moments[0]):
        return True
    return watch.is_cooling(bar.start) and watch.is_cooling(bar.start + length)


def ways_of(watch: PriceWatch, stretches: Sequence[Stretch]) -> list[Way]:
    """Return the ways in which the prices a rule looks at may have come, the likeliest first."""
    mine = [one for one in stretches if _looks_at(watch, one)]
    # What stood still met every price of the others.
    if len({one.book.instrument.con_id for one in mine if not one.is_still}) > 1:
        return _together(mine) if watch.manner.hold is None else _together(mine)[:1]
    if not mine:
        return []
    is_ambiguous = watch.manner.hold is None and any(one.is_ambiguous for one in mine)
    against = (False, True) if is_ambiguous else (False,)
    return [_one_by_one(mine, against=is_against) for is_against in against]


class Trial:
    """Tries rules out on ways, and leaves everything as it was."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def chosen(self, watch: PriceWatch, ways: Sequence[Way]) -> tuple[Way, bool]:
        """Return the way that counts, the first on which the rule fires most often, and whether another differs."""
        counts = [self._fired(watch, way) for way in ways] if len(ways) > 1 else [0]
        best = max(range(len(counts)), key=counts.__getitem__)
        return ways[best], len(set(counts)) > 1

    def _fired(self, watch: PriceWatch, way: Way) -> int:
        shadow = self._tape.compiled(watch.current())
        count = 0
        with Aside(way) as steps:
            for step in steps:
                fired = shadow.consider(step.at, cause_of(*step.prices[0]), None, self._tape.sessions, step.at)
                count += fired is not None
                if shadow.rule.state is RuleState.FIRED:
                    break
        return count


class Aside:
    """Lets a way's prices stand one step after the other, for one rule alone; leaving it puts the books back."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._kept: list[_KeptBook] = []

    def __enter__(self) -> Iterator[Step]:
        books = {one.book.instrument.con_id: one.book for step in self._way for one, _ in step.prices}
        self._kept = [_KeptBook(book) for book in books.values()]
        return self._steps()

    def __exit__(self, *_: object) -> None:
        for kept in self._kept:
            kept.put_back()

    def _steps(self) -> Iterator[Step]:
        for step in self._way:
            for stretch, price in step.prices:
                _let_stand(stretch, price, step.at)
            yield step


def cause_of(stretch: Stretch, price: float) -> PriceCause:
    """Return what a firing by a price of a bar tells."""
    field = TickField.LAST if stretch.slot == MID else TickField(stretch.slot)
    return PriceCause(stretch.book.instrument, field, price, change_pct=stretch.book.change_pct, from_minute=True)


def _looks_at(watch: PriceWatch, stretch: Stretch) -> bool:
    return any(
        quoted.book is stretch.book and quoted.slot == stretch.slot for atom in watch.atoms for quoted in atom.quotes
    )


def _one_by_one(stretches: Sequence[Stretch], *, against: bool) -> Way:
    paths = [(one, one.path(against=against)) for one in stretches]
    return tuple(Step(stretches[0].moments[n], tuple((one, path[n]) for one, path in paths)) for n in range(4))


def _together(stretches: Sequence[Stretch]) -> list[Way]:
    """
    Return the opens and closes, then the closes alone, then each meeting of highs and lows between (of a few).

    Which of them traded first is not known: what fires by the opens alone may never have been.
    """
    begin = Step(stretches[0].moments[0], tuple((one, one.bar.open) for one in stretches))
    end = Step(stretches[0].moments[3], tuple((one, one.bar.close) for one in stretches))
    if len(stretches) > _MOST_TOGETHER:
        return [(begin, end), (end,)]
    middle = stretches[0].moments[1]
    corners = product(*([(one, one.bar.low), (one, one.bar.high)] for one in stretches))
    return [(begin, end), (end,), *((begin, Step(middle, corner), end) for corner in corners)]


def _let_stand(stretch: Stretch, price: float, at: datetime) -> None:
    book, slot = stretch.book, stretch.slot
    for each in (TickField.BID, TickField.ASK) if slot == MID else (slot,):
        book.prices[each] = price
    book.latest = Tick(book.instrument, TickField.LAST, price, 0.0, at, stretch.bar.start)
    book.fresh = FRESH
    for window in book.windows.get(slot, {}).values():
        window.add(price, at)
