"""Questions that want an answer now: a fresh quote, and what IBKR's model says of an option."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from broker.call import Link
from broker.lines import Burst, Line, Lines
from broker.session import IbSession
from market.clock import Clock
from market.errors import LinkDown, RequestTimeout
from market.instrument import Instrument
from market.quote import Quote, TickField

# A quote this young answers `fresh` as it is.
_YOUNG_S = 1.0
# After the first price of a burst the others are there or do not exist (an index has no bid).
_REST_OF_BURST_S = 0.25
_MODEL = frozenset({TickField.DELTA, TickField.GAMMA, TickField.THETA, TickField.VEGA, TickField.IV})


class Questions:
    """Asks on the lines that there are, or on one of its own for a moment: a private part of the tick feed."""

    def __init__(self, link: Link, lines: Lines, session: IbSession, clock: Clock) -> None:
        self._link = link
        self._lines = lines
        self._session = session
        self._clock = clock

    async def fresh(self, instrument: Instrument, timeout_s: float) -> Quote:
        """Answer `IbTickFeed.fresh`."""
        self._link.ib()
        line = self._lines.hold(instrument, at_once=True)
        try:
            age = line.quote.age(self._clock.now())
            if line.quote.price is None or age is None or age.total_seconds() > _YOUNG_S:
                await self._burst(line, timeout_s)
            return replace(line.quote)
        finally:
            self._lines.release(instrument)

    async def model(self, option: Instrument, timeout_s: float) -> Mapping[TickField, float]:
        """Answer `IbTickFeed.model`."""
        self._link.ib()
        line = self._lines.hold(option, wants_greeks=True, at_once=True)
        burst = Burst(wanted=_MODEL)
        line.waiting.append(burst)
        line.is_watched = True
        try:
            if not line.values.keys() >= _MODEL:
                with suppress(TimeoutError):
                    async with asyncio.timeout(timeout_s):
                        await self._happened(burst.done)
            return {what: value for what, value in line.values.items() if what in _MODEL}
        finally:
            line.waiting.remove(burst)
            self._lines.release(option)

    async def _burst(self, line: Line, timeout_s: float) -> None:
        burst = Burst()
        line.waiting.append(burst)
        line.is_watched = True
        # A line that was subscribed a moment ago answers by itself.
        extra = [] if line.quote.received is None else [self._lines.request(line)]
        try:
            async with asyncio.timeout(timeout_s):
                await self._happened(burst.begun)
            if line.refusal is not None:
                raise line.refusal
            with suppress(TimeoutError):
                async with asyncio.timeout(_REST_OF_BURST_S):
                    await burst.done.wait()
        except TimeoutError:
            if not self._session.status.is_usable:
                # TWS answers without IBKR behind it (1100), but has no prices.
                raise LinkDown(self._session.status.reason) from None
            raise RequestTimeout("quote", timeout_s) from None
        finally:
            line.waiting.remove(burst)
            self._lines.cancel(line, extra)
            if not line.waiting:
                self._lines.trim(line)

    async def _happened(self, event: asyncio.Event) -> None:
        """Wait for *event*. Raises LinkDown as soon as the connection goes."""
        lost = self._link.expect()
        happened = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait({happened, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not happened.done():
                lost.result()
        finally:
            happened.cancel()
            lost.cancel()
