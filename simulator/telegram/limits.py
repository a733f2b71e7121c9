"""
Telegram's published flood limits, each a bucket of tokens.

* 30 messages a second over all chats
* 1 a second to one private chat, after a burst of 20
* 20 a minute to one group

Sends, forwards and copies count everywhere, an album as many as it has items;
edits count over all and in groups. Answers to taps, chat actions and reads are
free. The real numbers are unpublished beyond these; the only right handling of
a 429 is to wait its retry_after.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.telegram.errors import too_many_requests

if TYPE_CHECKING:
    from simulator.telegram.clock import Clock
    from simulator.telegram.params import Params

OVERALL = (30, 30.0)
PRIVATE = (20, 1.0)
GROUP = (20, 20 / 60)


@dataclass(slots=True)
class Bucket:
    """*capacity* tokens, refilled at *per_s* a second."""

    capacity: int
    per_s: float
    tokens: float
    since: float

    def wait(self, now: float, cost: int) -> float:
        """Return the seconds until *cost* tokens are there, 0 where they are."""
        elapsed = max(now - self.since, 0.0)
        self.tokens = min(self.tokens + elapsed * self.per_s, float(self.capacity))
        self.since = now
        # An album may cost more than a bucket holds: then a full one will do.
        missing = min(cost, self.capacity) - self.tokens
        return missing / self.per_s if missing > 1e-9 else 0.0  # noqa: PLR2004 - rounding of binary fractions


class FloodControl:
    """The limits in force; *enabled* may be switched at any time."""

    def __init__(self, clock: Clock, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def check(self, method: str, params: Params) -> None:
        """Count the call *method*; raises the 429 where a limit is reached (and counts nothing then)."""
        cost = _cost(method, params)
        if not self.enabled or not cost:
            return
        now = self._clock.now().timestamp()
        buckets = self._of(method, params.text("chat_id").strip(), now)
        wait = max(bucket.wait(now, cost) for bucket in buckets)
        if wait > 0:
            raise too_many_requests(max(1, math.ceil(wait)))
        for bucket in buckets:
            bucket.tokens -= cost

    def _of(self, method: str, chat: str, now: float) -> list[Bucket]:
        buckets = [self._bucket("", OVERALL, now)]
        if chat.startswith(("-", "@")):
            buckets.append(self._bucket(chat, GROUP, now))
        elif not method.startswith("edit"):
            buckets.append(self._bucket(chat, PRIVATE, now))
        return buckets

    def _bucket(self, key: str, rule: tuple[int, float], now: float) -> Bucket:
        if key not in self._buckets:
            self._buckets[key] = Bucket(*rule, tokens=float(rule[0]), since=now)
        return self._buckets[key]


def _cost(method: str, params: Params) -> int:
    if method == "sendMediaGroup":
        return len(params.array("media") or [None])
    if method == "sendChatAction":
        return 0
    return int(method.startswith(("send", "edit", "forward", "copy")))
