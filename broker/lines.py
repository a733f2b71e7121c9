"""
Market data lines: one request for each held instrument, within the cap, and anew after each loss.

IBKR gives about a hundred lines to all clients of a login together and answers what is too much with error 101
(tws-wire.md); what was refused so waits here until a line is free, and its holder is told.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from broker import convert
from broker.call import Link, guarded
from market.clock import Clock
from market.errors import BrokerError, LinkDown
from market.instrument import Instrument
from market.quote import Quote, TickField

_DELAYED_IF_NOT_LIVE = 3
# Lines that TWS refused may be free again later: somebody closed a watchlist.
_LOW_S = 600.0
# How long ago a message may have been sent that TWS now says was one too many.
_THROWN_AWAY_S = 5.0
_CANCELS_KEPT = 200
_REPEATED_AT_ONCE = 20


WHOLE = frozenset({TickField.LAST, TickField.BID, TickField.ASK})


@dataclass(slots=True, eq=False)
class Burst:
    """Somebody waits for new ticks; *begun* after the first, *done* when all that are *wanted* were seen."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    seen: set[TickField] = field(default_factory=set)
    wanted: frozenset[TickField] = WHOLE

    def take(self, what: TickField) -> None:
        """Take in that a tick has come."""
        self.seen.add(what)
        self.begun.set()
        if self.seen >= self.wanted:
            self.done.set()


@dataclass(slots=True, eq=False)
class Line:
    """
    One instrument's subscription. *requests* are its live request ids: one (none: it waits), and one more for `fresh`.

    *last_size* is the latest trade's size until TWS has sent it again by itself; *is_watched* that the next tick
    matters to somebody who waits, or ends a refusal. *refused* is why nothing comes: it outlasts a new connection,
    which may be refused again. *values* are the option's model values told last.
    """

    instrument: Instrument
    negative: bool
    quote: Quote
    holders: int = 0
    wants_greeks: bool = False
    requests: set[int] = field(default_factory=set)
    last_size: float | None = None
    trouble: str = ""
    refused: str = ""
    refused_code: int = 0
    asked: datetime | None = None
    refusal: BrokerError | None = None
    waiting: list[Burst] = field(default_factory=list)
    is_watched: bool = False
    values: dict[TickField, float] = field(default_factory=dict)


class Lines:
    """
    Holds, releases, requests. *by_request* stays the same object for ever: each tick is looked up in it.

    *most* is how many instruments may have a line; a 101 lowers that to what TWS gave, for ten minutes or until the
    next connection.
    """

    def __init__(self, link: Link, clock: Clock, most: int) -> None:
        self.by_request: dict[int, Line] = {}
        self._link = link
        self._clock = clock
        self._most = most
        self._given = most
        self._reserved = 0
        self._lowered = 0.0
        self._lines: dict[int, Line] = {}
        self._listeners: list[Callable[[Instrument], None]] = []
        self._unanswered: set[int] = set()
        self._cancelled: deque[tuple[float, int]] = deque(maxlen=_CANCELS_KEPT)
        self._doubtful: list[int] = []

    @property
    def cap(self) -> int:
        """How many instruments may have a line just now."""
        if self._given < self._most and self._clock.monotonic() - self._lowered >= _LOW_S:
            self._given = self._most
        return max(min(self._given, self._most - self._reserved), 0)

    def reserve(self, count: int) -> None:
        """
        Leave so many of all lines to others: a subscription to an instrument's news takes one too.

        Who has a line keeps it until whoever shares them out looks again at the cap.
        """
        self._reserved = count
        self._fill()

    @property
    def held_count(self) -> int:
        """How many instruments are held."""
        return len(self._lines)

    def on_demoted(self, listener: Callable[[Instrument], None]) -> None:
        """Call *listener* with each held instrument that is left without a line."""
        self._listeners.append(guarded(listener))

    def of(self, con_id: int) -> Line | None:
        """Return the line of a held instrument."""
        return self._lines.get(con_id)

    def refused(self) -> dict[int, str]:
        """Return the lines on which nothing comes because TWS refuses it, by contract id, and why."""
        return {con_id: line.refused for con_id, line in self._lines.items() if line.refused}

    def asked_for(self) -> list[Line]:
        """Return the lines that are asked for on this connection, whether or not anything comes."""
        return [line for line in self._lines.values() if line.requests]

    def renew(self, line: Line) -> None:
        """Ask for a line anew; without a link nothing happens."""
        if self._link.is_open and line.requests and not line.waiting:
            self.cancel(line, list(line.requests))
            self.request(line)

    def hold(self, instrument: Instrument, *, wants_greeks: bool = False, at_once: bool = False) -> Line:
        """
        Count one more holder; a line that was refused, or lacks the greeks, is asked for anew.

        *at_once*: though it be one too many. The cap leaves room for a moment's question, or TWS says 101.
        """
        line = self._lines.get(instrument.con_id)
        if line is None:
            negative = convert.may_be_negative(instrument.sec_type)
            line = self._lines[instrument.con_id] = Line(instrument, negative, Quote(instrument))
        line.holders += 1
        is_short = wants_greeks and not line.wants_greeks
        line.wants_greeks |= wants_greeks
        if self._link.is_open and (is_short or line.refusal is not None or not line.requests):
            self.cancel(line, list(line.requests))
            self._ask(line, at_once=at_once)
        return line

    def release(self, instrument: Instrument) -> None:
        """Count one holder less; the last one ends the subscription, and who waits gets the line."""
        line = self._lines.get(instrument.con_id)
        if line is None:
            return
        line.holders -= 1
        if line.holders <= 0:
            del self._lines[instrument.con_id]
            self.cancel(line, list(line.requests))
            self._fill()

    def request(self, line: Line) -> int:
        """Ask TWS for the line's ticks and return the request's id. Raises LinkDown."""
        client = self._link.ib().client
        request_id: int = client.getReqId()
        generics = convert.generics(line.instrument.sec_type) if line.wants_greeks else ""
        client.reqMktData(request_id, convert.contract(line.instrument), generics, False, False, [])
        line.trouble, line.refusal = "", None
        line.asked = self._clock.now()
        line.requests.add(request_id)
        self.by_request[request_id] = line
        self._unanswered.add(request_id)
        return request_id

    def answered(self, request_id: int) -> None:
        """Take in that TWS has said something about a request."""
        self._unanswered.discard(request_id)

    def doubt(self) -> None:
        """Take in that TWS has thrown messages away, it does not say which (error 100)."""
        since = self._clock.monotonic() - _THROWN_AWAY_S
        self._doubtful += [request_id for at, request_id in self._cancelled if at >= since]
        self._cancelled.clear()

    def repeat(self) -> bool:
        """Cancel and ask again what may have been thrown away, a few at a time; return whether there is more."""
        if not self._link.is_open:
            return False
        doubtful, self._doubtful = self._doubtful[:_REPEATED_AT_ONCE], self._doubtful[_REPEATED_AT_ONCE:]
        for request_id in doubtful:
            self._link.ib().client.cancelMktData(request_id)
        unanswered = sorted(self._unanswered)
        room = _REPEATED_AT_ONCE - len(doubtful)
        for request_id in unanswered[:room]:
            line = self.by_request[request_id]
            self.cancel(line, [request_id])
            self.request(line)
        return bool(self._doubtful) or len(unanswered) > room

    def cancel(self, line: Line, requests: list[int]) -> None:
        """End some of the line's requests."""
        for request_id in requests:
            if self._forget(line, request_id) and self._link.is_open:
                self._link.ib().client.cancelMktData(request_id)
                self._cancelled.append((self._clock.monotonic(), request_id))

    def trim(self, line: Line) -> None:
        """Leave the line one request, the oldest: `repeat` may have asked anew for one that was to end."""
        self.cancel(line, sorted(line.requests)[1:])

    def demote(self, request_id: int, text: str) -> None:
        """
        Take in that TWS has no line for a request (101): so many as it gave are all there are.

        A second request of a line that streams goes without an answer of its own: what streams must do.
        """
        line = self.by_request[request_id]
        self._forget(line, request_id)
        line.trouble = text
        self._given = max(min(self._given, self._used() - bool(line.requests)), 0)
        self._lowered = self._clock.monotonic()
        if line.requests:
            for burst in line.waiting:
                burst.begun.set()
                burst.done.set()
        self._tell(line.instrument)

    def attach(self) -> None:
        """Begin a new connection: what was asked of the one before is gone with it."""
        self.by_request.clear()
        self._unanswered.clear()
        self._cancelled.clear()
        self._doubtful.clear()
        self._given = self._most
        for line in self._lines.values():
            line.requests.clear()

    async def replay(self) -> None:
        """Ask for every held instrument anew. Raises LinkDown."""
        try:
            self._link.ib().reqMarketDataType(_DELAYED_IF_NOT_LIVE)
            for line in self._lines.values():
                self.cancel(line, list(line.requests))
            for line in list(self._lines.values()):
                self._ask(line)
        except ConnectionError:
            raise LinkDown from None

    def _ask(self, line: Line, *, at_once: bool = False) -> None:
        if at_once or self._used() < self.cap:
            self.request(line)
        else:
            self._tell(line.instrument)

    def _fill(self) -> None:
        """Give free lines to those who wait, the longest first."""
        if not self._link.is_open:
            return
        for line in [one for one in self._lines.values() if not one.requests]:
            if self._used() >= self.cap:
                return
            self.request(line)

    def _used(self) -> int:
        return sum(1 for line in self._lines.values() if line.requests)

    def _forget(self, line: Line, request_id: int) -> bool:
        line.requests.discard(request_id)
        self._unanswered.discard(request_id)
        return self.by_request.pop(request_id, None) is not None

    def _tell(self, instrument: Instrument) -> None:
        for listener in self._listeners:
            listener(instrument)
