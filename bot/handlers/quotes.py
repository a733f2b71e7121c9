"""Quote cards, and the questions that their buttons ask."""

import re

from bot.callback_data import Callback, Code, Place
from bot.handlers.place import show
from bot.handlers.ports import Reply, Zones
from bot.handlers.symbols import card_of
from bot.request import Press, TextIn
from bot.views import quotes as views
from bot.views.message import Message
from bot.views.symbols import which_symbol
from market.account import Position
from market.clock import Clock
from market.errors import SymbolError
from market.instrument import Instrument
from trading.ports import Holdings, QuoteSource, SymbolBook

_SYMBOL = re.compile(
    r"\$[A-Za-z][A-Za-z.]{0,11}"
    r"|\#[1-9][0-9]{0,11}"
    r"|[A-Z][A-Z0-9]{0,7}(?:[.-][A-Z]{1,4})?(?:@[A-Z]{2,12}(?:/[A-Z]{3})?)?"
    r"|[A-Z]{1,6} [0-9]{6}(?:[0-9]{2} [CP][0-9]{1,6}(?:\.[0-9]{1,3})?)?"
)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,11}")


class QuotesHandler:
    """Answers a lone symbol, and every button that opens a quote."""

    def __init__(
        self, reply: Reply, symbols: SymbolBook, quotes: QuoteSource, holdings: Holdings, zones: Zones, clock: Clock
    ) -> None:
        self._reply = reply
        self._symbols = symbols
        self._quotes = quotes
        self._holdings = holdings
        self._zones = zones
        self._clock = clock

    def is_symbol(self, said: str) -> bool:
        """
        Return whether a lone word is meant as a symbol: in upper case, with `$`, or one that is held already.

        "ok", "it" and "all" are not.
        """
        if _SYMBOL.fullmatch(said):
            return True
        return _WORD.fullmatch(said) is not None and said.upper() in self._held_labels()

    async def card(self, request: TextIn, symbol: str) -> None:
        """Send the card of *symbol*. Raises as `SymbolBook.find` and `QuoteSource.fresh`."""
        try:
            instrument = await self._symbols.find(symbol if symbol[0] in "$#" else symbol.upper())
            card = await self._card(instrument, request.user_id)
        except SymbolError as error:
            card = which_symbol(error, card_of(Code.QUOTE, Place.HERE))
        await self._reply.send(request.chat_id, card, reply_to=request.message_id)

    async def on_quote(self, press: Press, callback: Callback) -> None:
        """Show an instrument's card."""
        instrument = await self._found(callback.number(1))
        card = await self._card(instrument, press.user_id)
        await self._reply.answer(press)
        await show(self._reply, press, callback, card)

    async def on_alert(self, press: Press, callback: Callback) -> None:
        """Ask at what level to alert."""
        quote = await self._quotes.fresh(await self._found(callback.number(1)))
        await self._reply.answer(press)
        await show(self._reply, press, callback, views.alert_levels(quote))

    async def _card(self, instrument: Instrument, user_id: int) -> Message:
        quote = await self._quotes.fresh(instrument)
        zone = await self._zones.zone_of(user_id)
        return views.quote_card(quote, self._position(instrument), now=self._clock.now(), zone=zone)

    async def _found(self, con_id: int) -> Instrument:
        return await self._symbols.find(f"#{con_id}")

    def _position(self, instrument: Instrument) -> Position | None:
        for account in self._holdings.accounts()[:1]:
            for position in self._holdings.positions(account):
                if position.instrument == instrument:
                    return position
        return None

    def _held_labels(self) -> set[str]:
        accounts = self._holdings.accounts()[:1]
        return {one.instrument.label for account in accounts for one in self._holdings.positions(account)}
