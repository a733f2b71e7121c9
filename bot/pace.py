"""
How fast messages leave: Telegram's published limits, kept by ourselves so that it need not say 429.

* 30 messages a second over all chats
* 1 a second to one private chat, short bursts allowed
* 20 a minute to one group

(Bot FAQ, "My bot is hitting limits".) The real limits are unpublished beyond these: a 429 is still obeyed. Only what
nobody asked for waits its turn here. An answer goes at once, and what it uses up the others wait for.
"""

import asyncio
import itertools
import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from market.clock import Clock


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Messages over all: so many in a window, so many at once and then so many a second; to a private chat: so many at
    once, then so many a second; to a group: so many in a window.

    Windows are a little longer and bursts smaller than what Telegram would take: requests that leave evenly may arrive
    in a bunch.
    """

    overall_most: int
    overall_window_s: float
    overall_burst: float
    overall_per_s: float
    private_burst: float
    private_per_s: float
    group_most: int
    group_window_s: float


PUBLISHED = Limits(30, 1.03, 2, 29.0, 12, 1.0, 20, 61.0)
UNLIMITED = Limits(1, 0.0, math.inf, math.inf, math.inf, math.inf, 1, 0.0)


# What is shorter is the rounding of floats, and a nap of that length would not move every clock.
_SHORTEST_S = 0.001


class _Allowance(Protocol):
    def wait_s(self, now: float) -> float: ...
    def spend(self, now: float) -> None: ...
    def give_back(self) -> None: ...


class Bucket:
    """
    *burst* tokens, refilled at *per_s* a second; answers may overdraw it by *debt*.

    A private chat has none: however much a person asks, their alert waits a second at most.
    """

    def __init__(self, burst: float, per_s: float, debt: float = 0.0) -> None:
        self._burst = burst
        self._debt = debt
        self._per_s = per_s
        self._tokens = burst
        self._since = -math.inf

    def wait_s(self, now: float) -> float:
        """Return the seconds until a token is there, 0 where one is."""
        self._refill(now)
        return 0.0 if self._tokens >= 1 else max((1 - self._tokens) / self._per_s, _SHORTEST_S)

    def spend(self, now: float) -> None:
        """Take a token, there or not."""
        self._refill(now)
        self._tokens = max(self._tokens - 1, -self._debt)

    def give_back(self) -> None:
        """Put back a token that was not used after all."""
        self._tokens = min(self._tokens + 1, self._burst)

    def _refill(self, now: float) -> None:
        if now > self._since:
            self._tokens = min(self._tokens + (now - self._since) * self._per_s, self._burst)
            self._since = now


class Window:
    """*most* in any *seconds*."""

    def __init__(self, most: int, seconds: float) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque(maxlen=most)

    def wait_s(self, now: float) -> float:
        """Return the seconds until there is room for one more, 0 where there is."""
        if len(self._times) < (self._times.maxlen or 0):
            return 0.0
        wait = self._times[0] + self._seconds - now
        return max(wait, _SHORTEST_S) if wait > 0 else 0.0

    def spend(self, now: float) -> None:
        """Count one."""
        self._times.append(now)

    def give_back(self) -> None:
        """Take back the last one, which was not used after all."""
        if self._times:
            self._times.pop()


class Strictest:
    """Several allowances at once: the slowest of them decides."""

    def __init__(self, *allowances: _Allowance) -> None:
        self._allowances = allowances

    def wait_s(self, now: float) -> float:
        """Return the seconds until all have room, 0 where they have."""
        return max(allowance.wait_s(now) for allowance in self._allowances)

    def spend(self, now: float) -> None:
        """Count one everywhere."""
        for allowance in self._allowances:
            allowance.spend(now)

    def give_back(self) -> None:
        """Take back the last one everywhere."""
        for allowance in self._allowances:
            allowance.give_back()


@dataclass(eq=False, slots=True)
class _Ticket:
    chat_id: int
    rank: Callable[[], int]
    number: int
    granted: asyncio.Future[None] = field(repr=False)


class Pace:
    """
    Gives turns to send within *limits*; *nap* waits. Of one chat only one may wait at a time.

    Among chats that wait for the limit over all, the lowest rank goes first, then who came first.
    """

    def __init__(
        self, clock: Clock, limits: Limits = PUBLISHED, nap: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._nap = nap
        self._overall = Strictest(
            Window(limits.overall_most, limits.overall_window_s),
            Bucket(limits.overall_burst, limits.overall_per_s, limits.overall_burst),
        )
        self._left = Window(limits.overall_most, limits.overall_window_s)
        self._chats: dict[int, _Allowance] = {}
        self._tickets: list[_Ticket] = []
        self._numbers = itertools.count()
        self._granting: asyncio.Task[None] | None = None

    async def turn(self, chat_id: int, rank: Callable[[], int] = int) -> None:
        """
        Wait until one message may go to the chat, and count it.

        *rank* is asked when turns are given, since what waits in a chat may have become more urgent. Where nothing has
        to wait this does not wait for anything.
        """
        chat = self._allowance(chat_id)
        while (wait := chat.wait_s(self._clock.monotonic())) > 0:
            await self._nap(wait)
        now = self._clock.monotonic()
        if not self._tickets and self._overall.wait_s(now) <= 0:
            self._spend(chat_id, now)
            return
        ticket = _Ticket(chat_id, rank, next(self._numbers), asyncio.get_running_loop().create_future())
        self._tickets.append(ticket)
        if self._granting is None:
            self._granting = asyncio.create_task(self._grant(), name="pace")
        try:
            await ticket.granted
        except asyncio.CancelledError:
            self._withdraw(ticket)
            raise

    async def leave(self) -> None:
        """
        Wait, right before a message leaves that had its turn, while as many have just left as may in a second.

        Between its turn and its leaving a message waits for the disk: where that takes long once, those that had their
        turns meanwhile would all leave together.
        """
        while (wait := self._left.wait_s(self._clock.monotonic())) > 0:
            await self._nap(wait)
        self._left.spend(self._clock.monotonic())

    def spend(self, chat_id: int, count: int = 1) -> None:
        """Count *count* messages that did not wait: answers, and the further parts of a long message."""
        now = self._clock.monotonic()
        for _ in range(count):
            self._spend(chat_id, now)
            self._left.spend(now)

    def give_back(self, chat_id: int) -> None:
        """Give back a turn that was not used."""
        self._overall.give_back()
        self._allowance(chat_id).give_back()

    def _withdraw(self, ticket: _Ticket) -> None:
        if ticket in self._tickets:
            self._tickets.remove(ticket)
        elif not ticket.granted.cancelled():
            self.give_back(ticket.chat_id)

    async def _grant(self) -> None:
        """Give turns, as the limit over all allows, until nobody waits."""
        try:
            while self._tickets:
                now = self._clock.monotonic()
                wait = self._overall.wait_s(now)
                if wait > 0:
                    await self._nap(wait)
                    continue
                first = min(self._tickets, key=lambda waiting: (waiting.rank(), waiting.number))
                self._tickets.remove(first)
                if not first.granted.done():
                    self._spend(first.chat_id, now)
                    first.granted.set_result(None)
        finally:
            self._granting = None

    def _spend(self, chat_id: int, now: float) -> None:
        self._overall.spend(now)
        self._allowance(chat_id).spend(now)

    def _allowance(self, chat_id: int) -> _Allowance:
        found = self._chats.get(chat_id)
        if found is None:
            limits = self._limits
            # Groups have negative ids (Bot API, Chat).
            found = (
                Window(limits.group_most, limits.group_window_s)
                if chat_id < 0
                else Bucket(limits.private_burst, limits.private_per_s)
            )
            self._chats[chat_id] = found
        return found
