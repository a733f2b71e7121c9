"""
Which rules cannot be evaluated, because what they look at does not come: they are BLIND, and told so once.

A price is missed only while its market is open. Looked at once a second; what turns dark is handed on a few hundred
rules at a time, so that a lost link over many rules does not stall the loop.
"""

from collections import deque
from collections.abc import Iterator
from datetime import datetime

from alerts.book import FRESH, Book
from alerts.motion import Silent
from alerts.pricewatch import PriceWatch
from alerts.rule import RuleState
from alerts.tape import Tape
from alerts.watch import Roster
from market.quote import BarSize

_AT_ONCE = 500
_Input = tuple[str, int, str]
"""A kind of input, a contract id and a bar size, as far as it has them."""

_ACCOUNT: _Input = ("account", 0, "")


class Sight:
    """What is dark, and since when each input has been wanted."""

    def __init__(self, roster: Roster, tape: Tape) -> None:
        self._roster = roster
        self._tape = tape
        self._dark: dict[_Input, str] = {}
        self._wanted: dict[_Input, datetime] = {}
        self._open: deque[int] = deque()

    def concern(self, rule_id: int) -> None:
        """Look at a rule that is new: what it needs may be dark already."""
        self._open.append(rule_id)

    def look(self, now: datetime) -> None:
        """See what turned dark or light, and let the rules be BLIND or ARMED accordingly."""
        dark = dict(self._darkness(now))
        for seen in dark.keys() ^ self._dark.keys():
            self._open.extend(self._concerned(seen))
        self._dark = dark
        for _ in range(min(len(self._open), _AT_ONCE)):
            self._settle(self._open.popleft(), now)

    def _settle(self, rule_id: int, now: datetime) -> None:
        watch = self._roster.watched.get(rule_id)
        if not isinstance(watch, PriceWatch):
            return
        reason = next((self._dark[one] for one in _inputs(watch) if one in self._dark), None)
        if reason is not None and watch.rule.state in {RuleState.ARMED, RuleState.PENDING}:
            self._roster.turned(watch, watch.rule.blinded(now, reason))
        elif reason is None and watch.rule.state is RuleState.BLIND:
            self._roster.turned(watch, watch.rule.calmed(now))

    def _concerned(self, seen: _Input) -> set[int]:
        kind, con_id, size = seen
        if kind == "account":
            return self._tape.held
        if kind == "bars":
            return self._tape.studio.rules((con_id, BarSize(size)))
        book = self._tape.books.get(con_id)
        return set() if book is None else book.rules

    def _darkness(self, now: datetime) -> Iterator[tuple[_Input, str]]:
        """Yield what does not come, and how a person is told of it."""
        wanted = {one: self._wanted.get(one, now) for one in self._all_inputs()}
        self._wanted = wanted
        for book in self._tape.books.values():
            book.looked_at()
        for one, since in wanted.items():
            kind, con_id, size = one
            if kind == "book":
                reason = self._missing(self._tape.books[con_id], since, now)
                if reason is not None:
                    yield one, reason
            elif kind == "bars":
                if now - since > FRESH:
                    yield one, f"no {size} bars of {self._tape.studio.instrument(con_id).label}"
            elif now - max(since, self._tape.ledger.at or since) > FRESH:
                yield one, "no account data"

    def _all_inputs(self) -> Iterator[_Input]:
        for con_id, book in self._tape.books.items():
            if book.rules:
                yield "book", con_id, ""
        for con_id, size in self._tape.studio.unseeded():
            yield "bars", con_id, str(size)
        if self._tape.held:
            yield _ACCOUNT

    def _missing(self, book: Book, wanted: datetime, now: datetime) -> str | None:
        session = self._tape.sessions.running(book.instrument.con_id, now)
        if session is None:
            return None
        if book.halted and book.halted_at is not None:
            return f"{book.instrument.label} is halted" if now - book.halted_at > FRESH else None
        heard = book.latest.received if book.latest is not None else wanted
        return f"no data for {book.instrument.label}" if now - max(heard, wanted, session.start) > FRESH else None


def _inputs(watch: PriceWatch) -> Iterator[_Input]:
    if not any(isinstance(atom, Silent) for atom in watch.atoms):
        for book in watch.books:
            yield "book", book.instrument.con_id, ""
    for con_id, size in watch.bars:
        yield "bars", con_id, str(size)
    if watch.is_held:
        yield _ACCOUNT
