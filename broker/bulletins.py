"""
IBKR's own bulletins: an exchange is gone or back, the system restarts.

A bulletin has no time of its own and its number counts from one again whenever TWS starts, so it is known by its words
and the day on which it came. With a new connection TWS is asked for all that it has of the day: what came meanwhile is
among them.
"""

from collections.abc import Callable
from datetime import UTC
from hashlib import blake2b

from broker.call import Link, tap
from broker.library import IB
from market.clock import Clock
from market.news import BULLETIN_PROVIDER, BULLETINS, Headline


class Bulletins:
    """One subscription, by reference count; each bulletin goes to *sink* as a headline."""

    def __init__(self, link: Link, clock: Clock, sink: Callable[[Headline], None]) -> None:
        self._link = link
        self._clock = clock
        self._sink = sink
        self._holders = 0
        self._heard: set[str] = set()
        link.on_open(self._attach)
        link.on_sync(self._replay)

    def hold(self) -> None:
        """Listen, or count one more listener. What came before is nobody's news."""
        self._holders += 1
        if self._holders == 1 and self._link.is_open:
            self._link.ib().client.reqNewsBulletins(False)

    def release(self) -> None:
        """Count one listener less; the last one ends the subscription."""
        self._holders = max(0, self._holders - 1)
        if not self._holders and self._link.is_open:
            self._link.ib().client.cancelNewsBulletins()

    def _attach(self, ib: IB) -> None:
        tap(ib, "updateNewsBulletin", self._on_bulletin)

    async def _replay(self) -> None:
        if self._holders:
            self._link.ib().client.reqNewsBulletins(True)

    def _on_bulletin(self, _number: int, kind: int, text: str, exchange: str) -> None:
        if not self._holders:
            return
        now = self._clock.now()
        day = now.astimezone(UTC).date().isoformat()
        words = " ".join(text.split())
        digest = blake2b(f"{kind}|{exchange}|{words}".encode(), digest_size=8).hexdigest()
        identity = f"bulletin:{day}:{digest}"
        if identity in self._heard:
            return
        self._heard = {one for one in self._heard if one.startswith(f"bulletin:{day}:")} | {identity}
        told = f"{exchange}: {words}" if exchange and exchange not in words else words
        self._sink(Headline(BULLETIN_PROVIDER, identity, told, now, BULLETINS))
