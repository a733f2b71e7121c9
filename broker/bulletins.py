"""
IBKR's own bulletins: an exchange is gone or back, the system restarts.

A bulletin has no time of its own, and its number counts from one again whenever TWS starts. Asked for all, TWS first
repeats those that it has of the day (TWS API, reqNewsBulletins) and does not say where they end. So it is asked for
its time right after, and what comes until that is answered and a short while is quiet is a repetition: of that the
words are counted, since the same exchange may be gone twice a day. Whatever comes later has just happened.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import blake2b

from broker.call import Link, tap
from broker.library import IB
from market.clock import Clock
from market.errors import MarketError
from market.news import BULLETIN_PROVIDER, BULLETINS, Headline

# Repetitions follow each other at once.
_QUIET_S = 0.25
_ANSWER_S = 2.0
# What was heard longer ago is no more than the same words: systems restart each night.
_DAY = timedelta(hours=18)


class Bulletins:
    """
    One subscription, by reference count; each bulletin goes to *sink* as a headline, once.

    What TWS has already when the first one begins to listen is nobody's news. What came while the link was down is
    told after it, and says so.
    """

    def __init__(self, link: Link, clock: Clock, sink: Callable[[Headline], None]) -> None:
        self._link = link
        self._clock = clock
        self._sink = sink
        self._holders = 0
        self._is_first = True
        self._asking = asyncio.Lock()
        self._is_repeating = False
        self._stir = asyncio.Event()
        # Number and words of what came since TWS was asked.
        self._came: set[tuple[int, str]] = set()
        # By its words: how often it was heard, and when last.
        self._heard: dict[str, tuple[int, datetime]] = {}
        link.on_open(self._attach)
        link.on_sync(self._replay)

    async def hold(self) -> None:
        """Listen, or count one more listener; returns when what comes is news (a fraction of a second)."""
        self._holders += 1
        if self._holders > 1:
            return
        self._is_first = True
        if self._link.is_open:
            try:
                await self._ask()
            except asyncio.CancelledError:
                self.release()
                raise

    def release(self) -> None:
        """Count one listener less; the last one ends the subscription."""
        self._holders = max(0, self._holders - 1)
        if not self._holders and self._link.is_open:
            self._link.ib().client.cancelNewsBulletins()

    def _attach(self, ib: IB) -> None:
        tap(ib, "updateNewsBulletin", self._on_bulletin)
        self._came.clear()

    async def _replay(self) -> None:
        if self._holders:
            await self._ask()

    async def _ask(self) -> None:
        """Ask for all, and take what comes for repetitions until that is over."""
        async with self._asking:
            self._is_repeating = True
            self._came.clear()
            try:
                # A link that is lost meanwhile asks anew; without an answer the quiet has to do.
                with suppress(MarketError):
                    self._link.ib().client.reqNewsBulletins(True)
                    await self._link.call("current time", lambda ib: ib.reqCurrentTimeAsync(), _ANSWER_S, "currentTime")
                await self._quiet()
                self._is_first = self._is_first and not self._link.is_open
            finally:
                self._is_repeating = False

    async def _quiet(self) -> None:
        """Return when nothing came for a short while, or it does not end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_S):
                while await self._stirred():
                    self._stir.clear()

    async def _stirred(self) -> bool:
        try:
            async with asyncio.timeout(_QUIET_S):
                return await self._stir.wait()
        except TimeoutError:
            return False

    def _on_bulletin(self, number: int, kind: int, text: str, exchange: str) -> None:
        if not self._holders:
            return
        self._stir.set()
        words = " ".join(text.split())
        digest = blake2b(f"{kind}|{exchange}|{words}".encode(), digest_size=8).hexdigest()
        if (number, digest) in self._came:
            return
        self._came.add((number, digest))
        now = self._clock.now()
        if not self._is_new(digest, now):
            return
        told = f"{exchange}: {words}" if exchange and exchange not in words else words
        if self._is_repeating:
            told += " (while the link was down)"
        identity = f"bulletin:{now.isoformat()}:{number}:{digest}"
        self._sink(Headline(BULLETIN_PROVIDER, identity, told, now, BULLETINS))

    def _is_new(self, digest: str, now: datetime) -> bool:
        """Return whether what came is to be told, and count it as heard."""
        self._heard = {one: heard for one, heard in self._heard.items() if now - heard[1] < _DAY}
        before, _ = self._heard.get(digest, (0, now))
        if not self._is_repeating:
            self._heard[digest] = before + 1, now
            return True
        repeated = sum(one == digest for _, one in self._came)
        self._heard[digest] = max(before, repeated), now
        return repeated > before and not self._is_first
