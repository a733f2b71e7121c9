"""
Which instruments are behind: what happened to them is not known yet, and nothing live is believed until it is.

Their rules stand still from the moment since when nothing was heard. Instruments that rules tie together are behind
together.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from alerts.book import MID, SLOTS, Book
from alerts.condition import NewsMatch
from alerts.missed import Missed, Wanted
from alerts.news import NewsDesk
from alerts.operand import PriceField
from alerts.pastplan import is_of_now
from alerts.pricewatch import PriceWatch
from alerts.rule import Rule
from alerts.sleep import Sleepers
from alerts.tape import Tape
from alerts.watch import Roster
from market.instrument import Instrument
from market.quote import TickField

UNNOTICED = timedelta(seconds=60)
"""So long after the last tick TWS may notice that it has lost IBKR, or one of its farms."""

_FIELDS = {slot: field for field, slot in SLOTS.items()}
_BROAD = "*"
_SIDES = frozenset({PriceField.BID, PriceField.ASK})
_OF_THE_DAY = (TickField.VOLUME, TickField.OPEN, TickField.CLOSE)


class Backlog:
    """What is behind, and what is wanted of its past. *spoken* are the instruments that rules speak of, by id."""

    def __init__(
        self, roster: Roster, tape: Tape, news: NewsDesk, sleepers: Sleepers, spoken: Mapping[int, Instrument]
    ) -> None:
        self._roster = roster
        self._tape = tape
        self._news = news
        self._sleepers = sleepers
        self._spoken = spoken

    @property
    def since(self) -> Mapping[int, datetime]:
        """Since when each instrument that is behind is not heard of, by contract id."""
        return self._tape.behind

    @property
    def changed_last(self) -> datetime | None:
        """When a rule that is watched became what it is, the newest of all: until then somebody was there."""
        return max((watch.rule.since for watch in self._roster.watched.values()), default=None)

    def darken(self, since: datetime) -> None:
        """Let everything be behind since a moment, also what is added until it `dawns`; what is so already stays so."""
        if self._tape.dark_since is None:
            self._tape.dark_since = since
        for con_id in self._known():
            self._fall(con_id, since)

    def dawn(self) -> None:
        """Let what is new from now on be live from its beginning."""
        self._tape.dark_since = None

    def fall(self, since: Mapping[int, datetime]) -> None:
        """
        Let these instruments be behind, each *since* its moment; what is so for longer stays so.

        Those that rules tie to them are behind with them, since the earliest of their moments.
        """
        for group in self._tied():
            begins = [since[con_id] for con_id in group if con_id in since]
            if begins:
                begin = min(begins)
                for con_id in group:
                    self._fall(con_id, begin)
                    self._tape.behind[con_id] = min(begin, self._tape.behind[con_id])
                    self._rewind(con_id, begin)

    def begun(self, con_id: int, since: datetime) -> None:
        """Let an instrument that is behind be so from a later moment: up to there it is known."""
        if con_id in self._tape.behind:
            self._tape.behind[con_id] = max(self._tape.behind[con_id], since)

    def release(self, con_ids: Collection[int]) -> set[int]:
        """Let these instruments be live again; return the rules about them."""
        for con_id in con_ids:
            self._tape.behind.pop(con_id, None)
        return self._rules_of(con_ids)

    def known(self) -> list[int]:
        """Return all instruments that rules speak of."""
        return list(self._known())

    def latest(self) -> dict[int, datetime | None]:
        """Return when each instrument that rules look at was heard of last, by contract id; None: never."""
        books = self._tape.books.items()
        return {con_id: book.latest and book.latest.received for con_id, book in books if book.rules}

    def groups(self) -> list[frozenset[int]]:
        """Return the instruments that are behind, those that catch up together together."""
        behind = self._tape.behind
        return [group for group in self._tied() if any(con_id in behind for con_id in group)]

    def wanted(self, con_id: int) -> Wanted | None:
        """Return what is wanted of an instrument's past, or None where it is not behind."""
        begin, book = self._tape.behind.get(con_id), self._tape.books.get(con_id)
        instrument = self._known().get(con_id)
        if begin is None or instrument is None:
            return None
        is_of_day = book is not None and any(book.ladders[field] is not None for field in _OF_THE_DAY)
        return Wanted(
            instrument,
            begin,
            frozenset(self._fields(con_id, book)),
            tuple(self._tape.studio.studies_of(con_id)),
            _reach(book),
            is_daily=is_of_day,
            has_volume=book is not None and book.ladders[TickField.VOLUME] is not None,
            has_news=con_id in self._news.subjects(),
        )

    def gap_pct(self, con_id: int, price: float | None = None) -> float | None:
        """Return how far an instrument is from its nearest level in percent, at *price* or as it was known last."""
        book = self._tape.books.get(con_id)
        ladder = None if book is None else book.ladders[book.main_slot]
        if book is None or not price or ladder is None:
            return None if book is None else book.gap_pct()
        gap = ladder.gap(price)
        return None if gap is None else gap / abs(price) * 100

    def is_fast(self, con_id: int) -> bool:
        """Return whether rules look at how far an instrument moved within minutes: such have no level to be near to."""
        book = self._tape.books.get(con_id)
        return book is not None and any(book.windows.values())

    def listeners(self, con_id: int) -> list[Rule]:
        """Return the rules that listen to an instrument's headlines (0: to the broad tape)."""
        return self._news.listeners(con_id)

    def unobservable(
        self, now: datetime, con_ids: Collection[int] | None = None
    ) -> list[tuple[Rule, list[tuple[str, float]]]]:
        """
        Return the rules about what no history tells of, by id, each with its values as they are known.

        With *con_ids* only those whose values stream with these instruments' prices (options').
        """
        found = []
        for rule_id in sorted(self._roster.odd):
            watch = self._roster.watched[rule_id]
            if con_ids is not None and (not isinstance(watch, PriceWatch) or watch.con_ids.isdisjoint(con_ids)):
                continue
            condition = watch.rule.draft.condition
            if is_of_now(condition) or (isinstance(condition, NewsMatch) and condition.symbol == _BROAD):
                atoms = watch.atoms if isinstance(watch, PriceWatch) else ()
                found.append((watch.rule, [pair for atom in atoms for pair in atom.numbers(now)]))
        return found

    def watches(self, con_ids: Collection[int]) -> Iterator[PriceWatch]:
        """Yield the rules about prices and bars of these instruments, by id."""
        for rule_id in sorted(self._rules_of(con_ids)):
            watch = self._roster.watched.get(rule_id)
            if isinstance(watch, PriceWatch):
                yield watch

    def is_of_other_scale(self, missed: Missed) -> bool:
        """Return whether what was missed has prices of another scale than the close that is known: perhaps a split."""
        book = self._tape.books.get(missed.wanted.instrument.con_id)
        if book is None:
            return False
        bars = missed.bars.get(_FIELDS[book.main_slot], ())
        return any(book.is_of_other_scale(price) for bar in bars for price in (bar.low, bar.high))

    def take_withheld(self) -> list[Rule]:
        """Return, once, the rules that kept silent in a gap because its prices were of another scale, by id."""
        held, self._tape.withheld = sorted(self._tape.withheld), set()
        return [rule for rule in map(self._roster.rule, held) if rule is not None]

    def _rules_of(self, con_ids: Collection[int]) -> set[int]:
        found = set[int]()
        for con_id in con_ids:
            book = self._tape.books.get(con_id)
            found |= set() if book is None else book.rules
            for study in self._tape.studio.studies_of(con_id):
                found |= self._tape.studio.rules((con_id, study.size, study.is_regular))
        return found

    def _fall(self, con_id: int, since: datetime) -> None:
        self._tape.behind.setdefault(con_id, since)
        book = self._tape.books.get(con_id)
        if book is not None:
            book.forget()

    def _rewind(self, con_id: int, since: datetime) -> None:
        """Forget prices that came live after a moment from when on all is told anew."""
        book = self._tape.books.get(con_id)
        for windows in () if book is None else book.windows.values():
            for window in windows.values():
                window.rewind(since)

    def _tied(self) -> list[frozenset[int]]:
        """Return all instruments, those that rules tie together in one set."""
        home: dict[int, set[int]] = {con_id: {con_id} for con_id in self._known()}
        for rule_id in self._tape.joint:
            watch = self._roster.watched.get(rule_id)
            if isinstance(watch, PriceWatch):
                together = set[int]().union(*(home.get(con_id, {con_id}) for con_id in watch.con_ids))
                for con_id in together:
                    home[con_id] = together
        return list({id(group): frozenset(group) for group in home.values()}.values())

    def _fields(self, con_id: int, book: Book | None) -> set[PriceField]:
        """Return the prices that rules look at; more may be asked for than is needed, never less."""
        slots = set[int]()
        sleeps = any(con_id == one.con_id for rule in self._sleepers.asleep() for one in rule.instruments.values())
        if book is not None and (book.rules or sleeps):
            slots = {slot for slot in _FIELDS if book.ladders[slot] is not None or book.windows.get(slot)}
            slots |= {book.slot(price.field) for price in book.quoted}
            if sleeps or book.live or any(book.ladders[field] is not None for field in _OF_THE_DAY):
                slots.add(book.main_slot)
        elif sleeps:
            slots = {SLOTS[PriceField.LAST]}
        fields = {_FIELDS[slot] for slot in slots}
        # The middle is worked out of both sides: where one is asked for, the other is needed with it.
        return fields | _SIDES if MID in slots and fields & _SIDES else fields

    def _known(self) -> dict[int, Instrument]:
        books = {con_id: book.instrument for con_id, book in self._tape.books.items()}
        return {**self._spoken, **self._news.subjects(), **books}


def _reach(book: Book | None) -> timedelta:
    """Return how long the longest window is."""
    if book is None:
        return timedelta()
    return max((length for windows in book.windows.values() for length in windows), default=timedelta())
