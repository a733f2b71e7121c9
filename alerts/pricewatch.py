"""A rule about values while it is watched: its condition made ready, and whether it may fire."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.book import MID, Book
from alerts.default import Rearm
from alerts.hold import Hold
from alerts.levels import Ladder
from alerts.motion import Moved, Silent, Trailed
from alerts.operand import Sign
from alerts.rule import AccountCause, Cause, FeedCause, Firing, PriceCause, Rule, RuleState
from alerts.session import Sessions
from alerts.truth import Atom, Compared, Crossed, Node, Truth
from alerts.value import Combined, Held, Quoted, Studied, Study, Value
from alerts.watch import Watch
from market.quote import TickField

# How often a rule looks whether its market's hours are known by now.
_UNKNOWN_HOURS = timedelta(minutes=1)
# What such a tick says is no price of now: it tells that another one, which stands already, counts.
_PRICELESS = frozenset({TickField.HALTED, TickField.OPEN, TickField.CLOSE, TickField.NO_BID, TickField.NO_ASK})


class PriceWatch(Watch):
    """
    A rule about prices, bars, the account: whatever has a value at any time.

    *is_armed*: it was false (by the hysteresis) since it last fired. *missed* are the books of which a price was
    unknown at the last look. *wake* is when to look again even if nothing happens. *changed* is when its memory last
    changed: prints from before are none of its business.
    """

    __slots__ = (
        "_hold",
        "_node",
        "_placed",
        "_session",
        "books",
        "changed",
        "is_armed",
        "missed",
        "wake",
    )

    def __init__(self, rule: Rule, node: Node) -> None:
        super().__init__(rule)
        self._node = node
        self._placed: tuple[tuple[Ladder, float], ...] | None = ()
        self._hold = None if self.manner.hold is None else Hold(self.manner.hold)
        self._session = str(rule.memory.get("session", ""))
        books = tuple(dict.fromkeys(_books(self._atoms)))
        # Most rules are about one instrument: they share a tuple.
        self.books: tuple[Book, ...] = books[0].alone if len(books) == 1 else books
        self.is_armed = rule.memory.get("armed") is not False and rule.state is not RuleState.SNOOZED
        self.missed: tuple[Book, ...] = ()
        self.wake: datetime | None = None
        self.changed = rule.since
        if rule.memory:
            self._recall(rule.memory)

    @property
    def _atoms(self) -> tuple[Atom, ...]:
        return (self._node,) if isinstance(self._node, Atom) else tuple(self._node.atoms())

    @property
    def bars(self) -> tuple[Study, ...]:
        """The bars it is made of."""
        return tuple(dict.fromkeys(_studies(self._atoms)))

    @property
    def con_ids(self) -> frozenset[int]:
        """The instruments it looks at, prices and bars, by contract id."""
        return frozenset([*(book.instrument.con_id for book in self.books), *(key[0] for key in self.bars)])

    @property
    def is_held(self) -> bool:
        """Whether the account's stream moves it."""
        return any(value.is_held for atom in self._atoms for value in atom.values)

    @property
    def is_holding(self) -> bool:
        """Whether it has been true for a while already, on its way to `for`."""
        return self._hold is not None and self._hold.is_begun

    @property
    def is_ticking(self) -> bool:
        """Whether it is to be looked at each second."""
        if self.is_holding or any(atom.is_timed for atom in self._atoms):
            return True
        # A window empties by itself: beside other conditions, or as a `not`, that may be what it takes.
        return not isinstance(self._node, Atom) and any(isinstance(atom, Moved) for atom in self._atoms)

    @property
    def is_fixed(self) -> bool:
        """Whether all its levels were typed: they need no remembering, they are where they are."""
        return self.rule.state is not RuleState.SNOOZED and all(atom.is_fixed for atom in self._atoms)

    @property
    def keeps_hours(self) -> bool:
        """Whether trading hours matter to it."""
        return self.manner.is_rth or self.manner.rearm is Rearm.SESSION or not self.is_fixed

    @property
    def is_moving(self) -> bool:
        """Whether its levels may change as it is looked at."""
        return any(atom.is_moving for atom in self._atoms)

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """The single conditions in it."""
        return self._atoms

    def listens(self) -> Iterator[Quoted]:
        """Yield the prices of which every move counts."""
        for atom in self._atoms:
            yield from atom.listens()

    def is_left_behind(self, book: Book) -> bool:
        """Return whether a price of *book* that it looks at was known once and is not now: its ladder is of no use."""
        return any(quoted.book is book and book.is_left_behind(quoted.slot) for quoted in _quoted(self._atoms))

    def memory(self) -> Mapping[str, object]:
        """Return whether it is armed, where its crossings were last seen, its best, what was held, when it fired."""
        memory: dict[str, object] = {} if self.is_armed else {"armed": False}
        sides = [[0, False] if (seen := atom.memory()) is None else seen for atom in self._atoms if _is_sided(atom)]
        if any(side or crossed for side, crossed, *_ in sides):
            memory["sides"] = sides
        bests = [atom.best for atom in self._atoms if isinstance(atom, Trailed)]
        if any(best is not None for best in bests):
            memory["best"] = bests
        if self._hold is not None and self._hold.is_begun:
            memory["held_s"] = self._hold.stored_s
        if self._session:
            memory["session"] = self._session
        if self.manner.most is not None and self.fired_count:
            memory["count"] = self.fired_count
        return memory

    def current(self) -> Rule:
        """Return the rule as it stands with its memory, and when that last changed: what was before is no news."""
        rule = super().current()
        if not rule.memory or self.changed <= rule.since:
            return rule
        return rule.remembering({**rule.memory, "at": self.changed.timestamp()})

    def consider(
        self, at: datetime, cause: Cause, exchange_time: datetime | None, sessions: Sessions, counted: datetime
    ) -> Firing | None:
        """Evaluate *at* a moment, and return the firing if it fires; *counted* is the moment whose hours matter."""
        self.missed = ()
        self.wake = None
        if self.is_over(at):
            return None
        if not self.is_in_hours(counted, sessions):
            opening = sessions.next_open(self.venue, at)
            self.wake = at + _UNKNOWN_HOURS if opening is None else opening
            if self._hold is not None:
                # Nothing is known of it until its hours begin: the night does not count.
                self._hold.pause()
            return None
        truth = self._node.truth(at)
        self._see(truth, at)
        if truth and not isinstance(self._node, Atom) and any(_is_sided(atom) for atom in self._atoms):
            # A crossing is over in the next moment: what it makes of the whole then is looked at by itself.
            self.wake = at
        if not self.is_armed:
            self._rearm(truth, at)
        ready = truth if self._hold is None else self._held(self._hold, truth, at)
        if not ready or not self.is_armed or self._is_waiting(at, sessions):
            return None
        return self._firing(at, cause, exchange_time, sessions)

    def place(self, now: datetime) -> tuple[tuple[Ladder, float], ...]:
        """Return the ladders and levels at which something changes about it, and remember them."""
        marks = self.marks(now)
        self._placed = None if self.is_fixed else marks
        return marks

    def marks(self, now: datetime) -> tuple[tuple[Ladder, float], ...]:
        """Return the ladders and levels at which something changes about it as things are now."""
        return self._marks(now, repeats=self.repeats or self.rule.state is RuleState.SNOOZED)

    def _marks(self, now: datetime, *, repeats: bool) -> tuple[tuple[Ladder, float], ...]:
        return tuple(
            (quoted.book.ladder(quoted.slot), mark)
            for atom in self._atoms
            for quoted, mark in atom.marks(now, repeats=repeats)
        )

    def unplace(self) -> tuple[tuple[Ladder, float], ...]:
        """Return where it was placed last, and forget it."""
        placed, self._placed = self._placed, ()
        return self._fixed_marks() if placed is None else placed

    def _fixed_marks(self) -> tuple[tuple[Ladder, float], ...]:
        return self._marks(self.rule.since, repeats=self.repeats)

    def is_misplaced(self, now: datetime) -> bool:
        """Return whether its levels are no longer where they were placed."""
        return self.is_moving and self.marks(now) != self._placed

    def standing_cause(self) -> Cause | None:
        """Return what a look without a tick speaks of: the first price or bar close it knows; None without one."""
        for atom in self._atoms:
            if isinstance(atom, Silent):
                return FeedCause(atom.instrument, atom.last)
        for quoted in _quoted(self._atoms):
            book = quoted.book
            field = TickField.BID if quoted.slot == MID else TickField(quoted.slot)
            price = book.prices[field]
            if price is not None and book.latest is not None:
                bid, ask = book.prices[TickField.BID], book.prices[TickField.ASK]
                told = PriceCause(book.instrument, field, price, book.latest.kind, bid, ask, book.change_pct)
                return replace(told, from_minute=book.is_on_minutes)
        for value in (value for atom in self._atoms for value in atom.values):
            if isinstance(value, Studied) and value.series.close is not None:
                return PriceCause(value.instrument, TickField.LAST, value.series.close)
            if value.is_held or value.is_timed:
                of = value if isinstance(value, Held) else None
                return AccountCause({}, of.instrument if of else None, of.currency if of else "")
        return None

    def standing(self, now: datetime) -> dict[str, float]:
        """Return the condition's values as they are known *now*, by their text."""
        return {text: number for atom in self._atoms for text, number in atom.numbers(now)}

    def distance(self) -> float | None:
        """
        Return how far the nearest price is from its level, in percent of the price: positive where it must rise.

        Of a ratio it is how far that is, of a sum or difference how far its first price would have to move.

        None where no price or no level is known.
        """
        gaps = [gap for atom in self._atoms if (gap := _gap(atom)) is not None]
        return min(gaps, key=abs, default=None)

    def _see(self, truth: Truth, at: datetime) -> None:
        """Note what was unknown; what is known is not blind."""
        if truth is None or not isinstance(self._node, Atom):
            # Also where another part decides: what observes (a crossing, a best) must not miss the first price.
            self.missed = self._unknown(at)
        if truth is not None and self.rule.state is RuleState.BLIND:
            self.rule = self.rule.calmed(at)

    def _rearm(self, truth: Truth, at: datetime) -> None:
        """Let it fire again where it is false by the hysteresis; one that slept until then is awake."""
        if truth is not False:
            return
        holds = self._node.holds(at)
        self.is_armed = holds is False
        if holds is None:
            self.missed = self._unknown(at)
        if self.is_armed and self.rule.state is RuleState.SNOOZED:
            self.rule = replace(self.rule.calmed(at), snoozed_until=None, wake_on="")

    def _held(self, hold: Hold, truth: Truth, at: datetime) -> bool:
        """Return whether it has been true for long enough; PENDING while it is on its way."""
        is_pending = hold.is_begun
        standing = self._node.stays(at) if is_pending else truth
        if standing is None:
            self.missed = self._unknown(at)
        is_done = hold.observe(truth=standing if self.is_armed else False, at=at)
        state = self.rule.state
        if hold.is_begun and standing is not None and state is RuleState.ARMED:
            self.rule = self.rule.pending(at)
        elif state is RuleState.PENDING and not hold.is_begun:
            self.rule = self.rule.calmed(at)
        return is_done

    def _is_waiting(self, at: datetime, sessions: Sessions) -> bool:
        """Return whether it would fire, but not yet: it is cooling, or fired in this session; it wakes by itself."""
        if self.is_cooling(at) and self.rule.last_fired is not None:
            self.wake = self.rule.last_fired + self.manner.cooldown
            return True
        if self.manner.rearm is Rearm.SESSION and self._session == self._session_of(at, sessions):
            self.wake = sessions.next_open(self.venue, at)
            return True
        return False

    def _firing(self, at: datetime, cause: Cause, exchange_time: datetime | None, sessions: Sessions) -> Firing:
        if isinstance(cause, PriceCause) and cause.field in _PRICELESS:
            cause = self.standing_cause() or cause
        if isinstance(cause, PriceCause | AccountCause):
            cause = replace(cause, values=self.standing(at))
        for atom in self._atoms:
            atom.began(at)
        if self._hold is not None:
            self._hold.reset()
            if self.manner.rearm is Rearm.COOLDOWN:
                # It is true still, and need not become false first: the time runs anew from here.
                self._hold.observe(truth=True, at=at)
        if self.manner.rearm is Rearm.SESSION:
            self._session = self._session_of(at, sessions)
            self.wake = sessions.next_open(self.venue, at)
        elif self.manner.rearm is Rearm.COOLDOWN:
            self.wake = at + self.manner.cooldown
        else:
            # A crossing is over at once, a level is not: only what still holds must become false first.
            self.is_armed = self._node.holds(at) is False
        return self.fired(at, cause, exchange_time)

    def _session_of(self, at: datetime, sessions: Sessions) -> str:
        """Return the session that *at* belongs to; a day of its own where the hours are not known."""
        return str(sessions.trading_day(self.venue, at) or at.date())

    def _unknown(self, at: datetime) -> tuple[Book, ...]:
        return tuple(dict.fromkeys(quoted.book for quoted in _quoted(self._atoms) if quoted.at(at) is None))

    def _recall(self, memory: Mapping[str, object]) -> None:
        """Let each part know again what it saw."""
        for key, atoms in (
            ("sides", [atom for atom in self._atoms if _is_sided(atom)]),
            ("best", [atom for atom in self._atoms if isinstance(atom, Trailed)]),
        ):
            kept = memory.get(key, [])
            if not isinstance(kept, list):
                raise TypeError(kept)
            for atom, seen in zip(atoms, kept, strict=False):
                if seen is not None:
                    atom.recall(list(seen) if isinstance(seen, list | tuple) else [seen])
        at = memory.get("at")
        if isinstance(at, int | float):
            self.changed = max(self.changed, datetime.fromtimestamp(at, UTC))
        held = memory.get("held_s")
        if self._hold is not None and isinstance(held, int | float):
            self._hold.recall(held)


def _is_sided(atom: Atom) -> bool:
    return hasattr(atom, "has_crossed")


def _quoted(atoms: tuple[Atom, ...]) -> Iterator[Quoted]:
    for atom in atoms:
        yield from atom.quotes


def _studies(atoms: tuple[Atom, ...]) -> Iterator[Study]:
    for atom in atoms:
        for value in atom.values:
            yield from value.studies


def _books(atoms: tuple[Atom, ...]) -> Iterator[Book]:
    for atom in atoms:
        if isinstance(atom, Silent):
            yield atom.book
    for quoted in _quoted(atoms):
        yield quoted.book


def _gap(atom: Atom) -> float | None:
    """Return how far the atom's price is from its level in percent, or None."""
    quoted = next(iter(atom.quotes), None)
    if quoted is None or quoted.book.latest is None:
        return None
    now = quoted.book.latest.received
    if isinstance(atom, Compared | Crossed) and isinstance(atom.left, Combined):
        return _gap_of_combined(atom.left, atom.right, quoted, now)
    found = atom.level(now)
    price = None if found is None else found[0].book.known(found[0].slot)
    return None if found is None or not price else (found[1] - price) / abs(price) * 100


def _gap_of_combined(left: Combined, right: Value, first: Quoted, now: datetime) -> float | None:
    """Return how far two values put together are from the level, in percent of themselves, or of their first price."""
    value, level = left.at(now), right.at(now)
    whole = value if left.sign in {Sign.TIMES, Sign.OVER} else first.at(now)
    return None if value is None or level is None or not whole else (level - value) / abs(whole) * 100
