"""What is told late, and a headline, gets the price now by edit; the message itself waits for no price."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from alerts.errors import AlertError
from bot.errors import DeliveryError
from bot.handlers.ports import LiveQuotes
from bot.views.firing import LATE
from market.clock import Clock
from market.errors import MarketError
from market.quote import Quote
from storage.message import OutboxMessage
from trading.ports import QuoteSource, SymbolBook

_log = logging.getLogger(__name__)

_WITHIN_S = 5.0
_MOST = 10
_HEADLINES = 3

NO_QUOTES: Mapping[int, Quote] = {}
"""No price is known beside those that stream."""

Amend = Callable[[OutboxMessage, int, Mapping[int, Quote]], Awaitable[None]]
"""Makes the message of a row anew, with these prices, in the place of a Telegram message."""


class LatePrices:
    """
    Follows the delivery of firings and digests.

    An alert that has fired once holds no line any more, and a headline never had one, so the price now has to be asked
    for. Of many headlines at once a few get theirs: their prices would take the lines of alerts.
    """

    def __init__(self, live: LiveQuotes, quotes: QuoteSource, symbols: SymbolBook, amend: Amend, clock: Clock) -> None:
        self._live = live
        self._quotes = quotes
        self._symbols = symbols
        self._amend = amend
        self._clock = clock
        self._headlines = 0

    async def add(self, row: OutboxMessage, message_id: int) -> None:
        """Add the prices now to a message that was late or tells a headline, if not in it already and to be had."""
        if self._clock.now() - row.happened > LATE:
            await self._add(row, message_id)
        elif row.payload.get("cause", {}).get("is") == "news" and self._headlines < _HEADLINES:
            self._headlines += 1
            try:
                await self._add(row, message_id)
            finally:
                self._headlines -= 1

    async def _add(self, row: OutboxMessage, message_id: int) -> None:
        asked = [con_id for con_id in _con_ids(row.kind, row.payload) if not self._is_known(con_id)]
        found = await asyncio.gather(*(self._fresh(con_id) for con_id in asked[:_MOST]))
        known = {quote.instrument.con_id: quote for quote in found if quote is not None and quote.price is not None}
        if not known:
            return
        try:
            await self._amend(row, message_id, known)
        except DeliveryError as error:
            _log.warning("the prices now of row %s are not added: %r", row.id, error)

    def _is_known(self, con_id: int) -> bool:
        quote = self._live.quote(con_id)
        return quote is not None and quote.price is not None

    async def _fresh(self, con_id: int) -> Quote | None:
        try:
            return await self._quotes.fresh(await self._symbols.find(f"#{con_id}"), _WITHIN_S)
        except (MarketError, AlertError) as error:
            _log.info("no price now of #%s: %r", con_id, error)
            return None


def _con_ids(kind: str, payload: Mapping[str, Any]) -> list[int]:
    if kind == "digest":
        found = [entry["con_id"] for entry in payload["entries"]] if payload["root"] is None else []
    else:
        instrument = payload["cause"].get("instrument")
        found = [] if instrument is None else [instrument["con_id"]]
    return [con_id for con_id in dict.fromkeys(map(int, found)) if con_id]
