"""
Telegram's published flood limits.

* 30 messages in any second over all chats (three more are let pass: what leaves evenly may arrive in a bunch)
* 1 a second to one private chat, after a burst of 20 (a bucket of tokens)
* 20 in any minute to one group

Sends, forwards and copies count everywhere, an album as many as it has items;
edits count over all and in groups. Answers to taps, chat actions and reads are
free. The real numbers are unpublished beyond these; the only right handling of
a 429 is to wait its retry_after.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.telegram.errors import too_many_requests

if TYPE_CHECKING:
    from simulator.telegram.clock import Clock
    from simulator.telegram.params import Params

OVERALL = (30, 1.0)
_BUNCHED = 3
PRIVATE = (20, 1.0)
GROUP = (20, 60.0)


@dataclass(slots=True)
class Bucket:
    """*capacity* tokens, refilled at *per_s* a second."""

    capacity: int
    per_s: float
    tokens: float
    since: float

    def spend(self, now: float, cost: int) -> None:
        """Take *cost* tokens."""
        self.wait(now, cost)
        self.tokens -= cost

    def wait(self, now: float, cost: int) -> float:
        """Return the seconds until *cost* tokens are there, 0 where they are."""
        elapsed = max(now - self.since, 0.0)
        self.tokens = min(self.tokens + elapsed * self.per_s, float(self.capacity))
        self.since = now
        # An album may cost more than a bucket holds: then a full one will do.
        missing = min(cost, self.capacity) - self.tokens
        return missing / self.per_s if missing > 1e-9 else 0.0  # noqa: PLR2004 - rounding of binary fractions


@dataclass(slots=True)
class Window:
    """*most* in any *seconds*."""

    most: int
    seconds: float
    times: deque[float] = field(default_factory=deque)

    def spend(self, now: float, cost: int) -> None:
        """Count *cost* messages at *now*."""
        self.times.extend([now] * cost)

    def wait(self, now: float, cost: int) -> float:
        """Return the seconds until *cost* messages may go, 0 where they may."""
        # A clock that was set back must not make a minute of hours.
        while self.times and not 0 <= now - self.times[0] < self.seconds - 1e-6:
            self.times.popleft()
        # An album may cost more than fits: then an empty window will do.
        over = len(self.times) + min(cost, self.most) - self.most
        return self.times[over - 1] + self.seconds - now if over > 0 else 0.0


class FloodControl:
    """The limits in force; *enabled* may be switched at any time."""

    def __init__(self, clock: Clock, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self._clock = clock
        self._limits: dict[str, Bucket | Window] = {}

    def check(self, method: str, params: Params) -> None:
        """Count the call *method*; raises the 429 where a limit is reached (and counts nothing then)."""
        cost = _cost(method, params)
        if not self.enabled or not cost:
            return
        now = self._clock.now().timestamp()
        limits = self._of(method, params.text("chat_id").strip(), now)
        wait = max(limit.wait(now, cost) for limit in limits)
        if wait > 0:
            raise too_many_requests(max(1, math.ceil(wait)))
        for limit in limits:
            limit.spend(now, cost)

    def _of(self, method: str, chat: str, now: float) -> list[Bucket | Window]:
        found = [self._limits.setdefault("", Window(OVERALL[0] + _BUNCHED, OVERALL[1]))]
        if chat.startswith(("-", "@")):
            found.append(self._limits.setdefault(chat, Window(*GROUP)))
        elif not method.startswith("edit"):
            found.append(self._limits.setdefault(chat, Bucket(*PRIVATE, tokens=float(PRIVATE[0]), since=now)))
        return found


def _cost(method: str, params: Params) -> int:
    if method == "sendMediaGroup":
        return len(params.array("media") or [None])
    if method == "sendChatAction":
        return 0
    return int(method.startswith(("send", "edit", "forward", "copy")))
