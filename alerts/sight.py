"""
Which rules cannot be evaluated, because what they look at does not come: they are BLIND, and told so once.

A price is missed only while its market is open; what IBKR refuses is missed at once, whenever that is. Looked at once
a second; what turns dark is handed on a few hundred rules at a time, so that a lost link over many rules does not stall
the loop.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from alerts.book import FRESH, MID, Book
from alerts.condition import AtSession
from alerts.eachwatch import EachWatch
from alerts.motion import Gapped, Silent
from alerts.news import NewsWatch
from alerts.pricewatch import PriceWatch
from alerts.refusal import Refusals
from alerts.rule import RuleState
from alerts.scan import ScanWatch
from alerts.tape import Tape
from alerts.timewatch import TimeWatch
from alerts.value import Held
from alerts.watch import Roster, Watch
from market.quote import BarSize, TickField
from market.scan import whole

_AT_ONCE = 500
_Input = tuple[str, int, str]
"""A kind of input, a contract id and a bar size (or a scan in full, or a slot), as far as it has them."""

_ACCOUNT: _Input = ("account", 0, "")
_BID, _ASK = int(TickField.BID), int(TickField.ASK)
_SIDES = {_BID: (_BID,), _ASK: (_ASK,), MID: (_BID, _ASK)}
_BARS = {True: "bars", False: "bars of all hours"}
_NAMES = {
    TickField.LAST: "trade",
    TickField.OPEN: "opening price",
    TickField.CLOSE: "prior close",
    TickField.IV: "implied volatility",
    TickField.OPEN_INTEREST: "open interest",
}


class Sight:
    """What is dark, and since when each input has been wanted."""

    def __init__(self, roster: Roster, tape: Tape) -> None:
        self._roster = roster
        self._tape = tape
        self._dark: dict[_Input, str] = {}
        self._wanted: dict[_Input, datetime] = {}
        self._open: deque[int] = deque()
        self._refused = Refusals()
        # All that are not about values, and by contract id how the instruments are called whose hours they keep.
        self._apart: set[int] = set()
        self._labels: dict[int, str] = {}

    def keep(self, refused: Refusals) -> None:
        """Take in what IBKR refuses just now."""
        self._refused = refused

    def concern(self, rule_id: int) -> None:
        """Look at a rule that is new: what it needs may be dark already."""
        self._open.append(rule_id)
        watch = self._roster.watched.get(rule_id)
        if watch is not None and not isinstance(watch, PriceWatch):
            self._apart.add(rule_id)
            self._labels |= {one.con_id: one.label for one in watch.rule.instruments.values()}

    def renew(self, con_ids: Collection[int], rule_ids: Iterable[int]) -> None:
        """Miss what comes of these instruments from now on only, and look at these rules about them."""
        self._wanted = {one: since for one, since in self._wanted.items() if one[1] not in con_ids}
        self._open.extend(rule_ids)

    def look(self, now: datetime) -> None:
        """
        See what turned dark or light, and let the rules be BLIND or ARMED accordingly.

        While nothing at all is heard, that is told as such, and no rule is BLIND for it.
        """
        if self._tape.dark_since is not None:
            self._wanted.clear()
            return
        dark = dict(self._darkness(now))
        for seen in dark.keys() ^ self._dark.keys():
            self._open.extend(self._concerned(seen))
        self._dark = dark
        for _ in range(min(len(self._open), _AT_ONCE)):
            self._settle(self._open.popleft(), now)

    def _settle(self, rule_id: int, now: datetime) -> None:
        watch = self._roster.watched.get(rule_id)
        if watch is None or self._tape.is_behind(watch):
            return
        reason = next((self._dark[one] for one in _inputs(watch) if one in self._dark), None)
        if reason is not None and watch.rule.state in {RuleState.ARMED, RuleState.PENDING}:
            self._roster.turned(watch, watch.rule.blinded(now, reason))
        elif reason is None and watch.rule.state is RuleState.BLIND:
            self._roster.turned(watch, watch.rule.calmed(now))

    def _concerned(self, seen: _Input) -> set[int]:
        kind, con_id, size = seen
        apart = {watch.rule.id for watch in self._others() if seen in _inputs(watch)}
        if kind in {"news", "scan", "vain"}:
            return apart
        if kind in {"account", "position"}:
            return self._tape.held | apart
        if kind in _BARS.values():
            return self._tape.studio.rules((con_id, BarSize(size), kind == _BARS[True]))
        book = self._tape.books.get(con_id)
        return apart if book is None else book.rules | apart

    def _others(self) -> list[Watch]:
        """Return all that are not about values."""
        watched = self._roster.watched
        self._apart &= watched.keys()
        return [watched[rule_id] for rule_id in sorted(self._apart)]

    def _darkness(self, now: datetime) -> Iterator[tuple[_Input, str]]:
        """Yield what does not come, and how a person is told of it."""
        wanted = {one: self._wanted.get(one, now) for one in self._all_inputs(now)}
        self._wanted = wanted
        for book in self._tape.books.values():
            book.looked_at()
        for one, since in wanted.items():
            reason = self._why_dark(one, since, now)
            if reason is not None:
                yield one, reason
        yield from self._refusals()

    def _why_dark(self, one: _Input, since: datetime, now: datetime) -> str | None:
        kind, con_id, size = one
        if kind == "book":
            return self._refused.ticks.get(con_id) or self._missing(self._tape.books[con_id], since, now)
        if kind == "side":
            return self._absent(self._tape.books[con_id], int(size), now)
        if kind == "value":
            return self._untold(self._tape.books[con_id], TickField(int(size)), since, now)
        if kind == "vain":
            return "its time is never within regular trading hours"
        if kind == _ACCOUNT[0]:
            since = max(since, self._tape.ledger.at or since)
        return self._lack(one) if now - since > FRESH else None

    def _lack(self, one: _Input) -> str:
        """Return how a person is told of what did not come for so long."""
        kind, con_id, size = one
        if kind == _ACCOUNT[0]:
            return "no account data"
        if kind in _BARS.values():
            return f"no {size} bars of {self._tape.studio.instrument(con_id).label}"
        book = self._tape.books.get(con_id)
        label = self._labels.get(con_id, "its market") if book is None else book.instrument.label
        return (
            f"there is no position in {size}" if kind == "position" else f"the trading hours of {label} are not known"
        )

    def _refusals(self) -> Iterator[tuple[_Input, str]]:
        refused = self._refused
        for (con_id, size, regular), reason in refused.bars.items():
            yield (_BARS[regular], con_id, str(size)), reason
        for con_id, reason in refused.news.items():
            yield ("news", con_id, ""), reason
        for spec, reason in refused.scans.items():
            yield ("scan", 0, str(whole(spec))), reason

    def _all_inputs(self, now: datetime) -> Iterator[_Input]:
        for con_id, book in self._tape.books.items():
            if book.rules:
                yield from self._inputs_of(con_id, book, now)
        for con_id, size, regular in self._tape.studio.unseeded():
            yield _BARS[regular], con_id, str(size)
        if self._tape.held:
            yield _ACCOUNT
            yield from self._positions(now)
        for watch in self._others():
            yield from (one for one in _inputs(watch) if self._is_lacking(one, watch, now))

    def _inputs_of(self, con_id: int, book: Book, now: datetime) -> Iterator[_Input]:
        yield "book", con_id, ""
        for side in book.gone:
            yield "side", con_id, str(side)
        for slot in book.wanted_slots():
            for each in _SIDES.get(slot, (slot,)):
                if book.is_untold(each, now):
                    yield "value", con_id, str(each)
        if self._tape.sessions.is_open(con_id, now) is None:
            yield "hours", con_id, ""

    def _positions(self, now: datetime) -> Iterator[_Input]:
        """Yield the positions that rules speak of and that are not there, where the account is known."""
        ledger = self._tape.ledger
        if ledger.at is None or now - ledger.at > FRESH:
            return
        for rule_id in self._tape.held:
            watch = self._roster.watched.get(rule_id)
            for one in _inputs(watch) if isinstance(watch, PriceWatch) else ():
                if one[0] == "position" and not ledger.has(one[1]):
                    yield one

    def _is_lacking(self, one: _Input, watch: Watch, now: datetime) -> bool:
        """Return whether that rule has to do without *one* as things are now; news and scans are only ever refused."""
        if one[0] == "hours":
            return self._tape.sessions.is_open(one[1], now) is None
        if one[0] == "vain":
            return isinstance(watch, TimeWatch) and watch.is_vain(self._tape.sessions)
        return one == _ACCOUNT

    def _absent(self, book: Book, side: int, now: datetime) -> str | None:
        session, since = self._tape.sessions.running(book.instrument.con_id, now), book.absent_since(side)
        if session is None or since is None or now - max(since, session.start) <= FRESH:
            return None
        return f"there is no {TickField(side).name.lower()} for {book.instrument.label}"

    def _untold(self, book: Book, slot: TickField, since: datetime, now: datetime) -> str | None:
        """Return that what a rule looks at is not told, although the line is alive."""
        session = self._tape.sessions.running(book.instrument.con_id, now)
        if session is None or book.halted or now - max(since, session.start) <= FRESH:
            return None
        return f"there is no {_NAMES.get(slot, slot.name.lower())} for {book.instrument.label}"

    def _missing(self, book: Book, wanted: datetime, now: datetime) -> str | None:
        session = self._tape.sessions.running(book.instrument.con_id, now)
        if session is None:
            return None
        if book.halted and book.halted_at is not None:
            return f"{book.instrument.label} is halted" if now - book.halted_at > FRESH else None
        heard = book.latest.received if book.latest is not None else wanted
        return f"no data for {book.instrument.label}" if now - max(heard, wanted, session.start) > FRESH else None


def _inputs(watch: Watch) -> Iterator[_Input]:
    if isinstance(watch, PriceWatch):
        yield from _inputs_of_values(watch)
    elif isinstance(watch, NewsWatch):
        yield from (("news", con_id, "") for con_id in watch.keys)
        yield from (_ACCOUNT,) if watch.group == "portfolio" else ()
    elif isinstance(watch, ScanWatch):
        yield "scan", 0, str(whole(watch.spec))
    elif isinstance(watch, EachWatch):
        yield _ACCOUNT
    elif isinstance(watch, TimeWatch):
        yield "vain", watch.rule.id, ""
    if _keeps_hours(watch):
        yield "hours", watch.venue, ""


def _keeps_hours(watch: Watch) -> bool:
    """Return whether nothing can come of a rule as long as its market's hours are not known."""
    if isinstance(watch, PriceWatch) and any(isinstance(atom, Silent | Gapped) for atom in watch.atoms):
        return True
    return watch.manner.is_rth or (isinstance(watch, TimeWatch) and isinstance(watch.course.when, AtSession))


def _inputs_of_values(watch: PriceWatch) -> Iterator[_Input]:
    if not any(isinstance(atom, Silent) for atom in watch.atoms):
        for book in watch.books:
            yield "book", book.instrument.con_id, ""
        for quoted in (quoted for atom in watch.atoms for quoted in atom.quotes):
            for slot in _SIDES.get(quoted.slot, (quoted.slot,)):
                yield "side", quoted.book.instrument.con_id, str(slot)
                yield "value", quoted.book.instrument.con_id, str(slot)
    for con_id, size, regular in watch.bars:
        yield _BARS[regular], con_id, str(size)
    if watch.is_held:
        yield _ACCOUNT
        yield from _positions_of(watch)


def _positions_of(watch: PriceWatch) -> Iterator[_Input]:
    parts = (part for atom in watch.atoms for value in atom.values for part in value.parts)
    for part in parts:
        if isinstance(part, Held) and part.instrument is not None:
            yield "position", part.instrument.con_id, part.instrument.label
