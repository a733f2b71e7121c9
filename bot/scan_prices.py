"""
Prices for the rows of a scan: what streams already, snapshots of the rest, and usual volumes, all within a moment.

A scan's list tells no price. Its rows are many and their prices are an aside, so nobody waits long for the slowest.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from alerts.ports import BarSource
from bot.errors import DeliveryError
from bot.handlers.ports import LiveQuotes
from market.clock import Clock
from market.codec import row_from_json
from market.errors import MarketError
from market.instrument import Instrument
from market.quote import BarSize, Quote
from storage.message import OutboxMessage
from trading.ports import QuoteSource

_log = logging.getLogger(__name__)

_WITHIN_S = 2.5
_DAYS = 20
_KEPT = 2_000
_MOST = 8

Amend = Callable[[OutboxMessage, int, Mapping[int, Quote]], Awaitable[None]]
"""Makes the message of a row anew, with these prices, in the place of a Telegram message."""


@dataclass(frozen=True, slots=True)
class _Usual:
    """The usual volume of a day, as measured on *day*; None: there is none to be had."""

    day: date
    volume: float | None


class UsualVolumes:
    """The average volume of an instrument's last 20 whole days, in shares; asked for once a day."""

    def __init__(self, bars: BarSource, clock: Clock) -> None:
        self._bars = bars
        self._clock = clock
        self._known: dict[int, _Usual] = {}

    def of(self, con_id: int) -> float | None:
        """Return what is known, None for what nobody asked for yet; asks nothing."""
        usual = self._known.get(con_id)
        return None if usual is None else usual.volume

    async def learn(self, instrument: Instrument) -> None:
        """Ask for what is not known of today; what IBKR refuses stays unknown."""
        today = self._clock.now().date()
        known = self._known.get(instrument.con_id)
        if known is not None and known.day == today:
            return
        try:
            bars = await self._bars.bars(instrument, BarSize.DAY_1, _DAYS + 1, regular=True)
        except MarketError as error:
            _log.info("no usual volume of %s: %r", instrument.label, error)
            return
        whole = [bar.volume for bar in bars if bar.start.date() < today and bar.volume > 0][-_DAYS:]
        self._known.pop(instrument.con_id, None)
        self._known[instrument.con_id] = _Usual(today, sum(whole) / len(whole) if whole else None)
        while len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]


class ScanPrices:
    """
    Gathers prices, and puts them by edit into messages that were sent without them.

    *quotes* takes a snapshot where *live* knows no price; who has none within *within_s* seconds goes without.
    """

    def __init__(
        self, live: LiveQuotes, quotes: QuoteSource, volumes: UsualVolumes, *, within_s: float = _WITHIN_S
    ) -> None:
        self._live = live
        self._quotes = quotes
        self._volumes = volumes
        self._within_s = within_s

    def usual(self, con_id: int) -> float | None:
        """Return an instrument's usual volume of a day as far as it is known."""
        return self._volumes.of(con_id)

    async def of(self, instruments: Sequence[Instrument]) -> Mapping[int, Quote]:
        """Return the quotes that can be had in time, by contract id, and learn usual volumes meanwhile."""
        found: dict[int, Quote] = {}
        missing = []
        for instrument in instruments:
            quote = self._live.quote(instrument.con_id)
            if quote is not None and quote.price is not None and quote.change_pct is not None:
                found[instrument.con_id] = quote
            else:
                missing.append(instrument)
        asked = [*(self._fresh(one, found) for one in missing), *(self._volumes.learn(one) for one in instruments)]
        tasks = [asyncio.ensure_future(each) for each in asked]
        if tasks:
            await _within(tasks, self._within_s)
        return found

    async def _fresh(self, instrument: Instrument, found: dict[int, Quote]) -> None:
        try:
            found[instrument.con_id] = await self._quotes.fresh(instrument, self._within_s)
        except MarketError as error:
            _log.info("no price of %s for a scan: %r", instrument.label, error)


class SentScans:
    """Follows the delivery of messages about scans, to put prices into them."""

    def __init__(self, prices: ScanPrices, amend: Amend) -> None:
        self._prices = prices
        self._amend = amend

    async def add(self, row: OutboxMessage, message_id: int) -> None:
        """Put prices into a message that was sent; one that is about no scan is left alone."""
        instruments = list(_instruments(row.kind, row.payload))[:_MOST]
        if not instruments:
            return
        known = await self._prices.of(instruments)
        if not known:
            return
        try:
            await self._amend(row, message_id, known)
        except DeliveryError as error:
            _log.warning("the prices of row %s are not added: %r", row.id, error)


def _instruments(kind: str, payload: Mapping[str, Any]) -> Iterable[Instrument]:
    """Return whose prices a message of a firing or of a scheduled scan shows."""
    told = payload.get("cause", {}) if kind == "firing" else payload
    if kind == "firing" and told.get("is") != "scan":
        return ()
    return [row_from_json(one).instrument for one in told.get("rows", ())]


async def _within(tasks: Sequence[asyncio.Future[None]], seconds: float) -> None:
    """Wait for *tasks* so many seconds at most; those that are late are ended."""
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
