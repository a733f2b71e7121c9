"""Headlines on demand, and the stories behind them."""

from collections import OrderedDict

from bot.callback_data import Callback, Code, Place
from bot.handlers.place import show
from bot.handlers.ports import HeadlineSource, Reply, Zones
from bot.handlers.symbols import card_of
from bot.request import Press, TextIn
from bot.views import news as views
from bot.views.message import Message
from bot.views.symbols import which_symbol
from market.clock import Clock
from market.errors import SymbolError
from market.instrument import Instrument
from market.news import Article
from trading.ports import SymbolBook

_HEADLINES = 8
_KEPT_STORIES = 32


class NewsHandler:
    """Answers /news and its buttons; keeps the last stories so that turning a page asks IBKR nothing."""

    def __init__(self, reply: Reply, symbols: SymbolBook, source: HeadlineSource, zones: Zones, clock: Clock) -> None:
        self._reply = reply
        self._symbols = symbols
        self._source = source
        self._zones = zones
        self._clock = clock
        self._stories: OrderedDict[tuple[str, str], Article] = OrderedDict()

    async def headlines(self, request: TextIn, symbol: str) -> None:
        """Send the last headlines of *symbol*. Raises as `SymbolBook.find` and `HeadlineSource.headlines`."""
        try:
            message = await self._headlines(await self._symbols.find(symbol.upper()), request.user_id)
        except SymbolError as error:
            message = which_symbol(error, card_of(Code.NEWS_LIST, Place.HERE))
        await self._reply.send(request.chat_id, message, reply_to=request.message_id)

    async def which(self, request: TextIn) -> None:
        """Say how to ask."""
        await self._reply.send(request.chat_id, views.which(), reply_to=request.message_id)

    async def on_list(self, press: Press, callback: Callback) -> None:
        """Show an instrument's headlines."""
        instrument = await self._symbols.find(f"#{callback.number(1)}")
        message = await self._headlines(instrument, press.user_id)
        await self._reply.answer(press)
        await show(self._reply, press, callback, message)

    async def on_story(self, press: Press, callback: Callback) -> None:
        """Show a page of a story."""
        _, page, provider, article_id = callback.args
        article = await self._article(provider, article_id)
        await self._reply.answer(press)
        await show(self._reply, press, callback, views.story(article, int(page)))

    async def _headlines(self, instrument: Instrument, user_id: int) -> Message:
        found = await self._source.headlines(instrument, _HEADLINES)
        zone = await self._zones.zone_of(user_id)
        return views.headlines(instrument, found[:_HEADLINES], now=self._clock.now(), zone=zone)

    async def _article(self, provider: str, article_id: str) -> Article:
        key = (provider, article_id)
        if key not in self._stories:
            self._stories[key] = await self._source.article(provider, article_id)
            if len(self._stories) > _KEPT_STORIES:
                self._stories.popitem(last=False)
        self._stories.move_to_end(key)
        return self._stories[key]
