"""/news: headlines of a symbol, of what is held or watched; providers, news alerts and mutes."""

from collections.abc import Coroutine, Sequence
from typing import Any

from alerts.condition import NewsMatch
from alerts.rulebook import Rulebook
from bot.callback_data import BadCallback, Callback, Code, Place
from bot.handlers.chores import Chores
from bot.handlers.place import show
from bot.handlers.ports import MuteBook, Reply, Watchlists, Zones
from bot.handlers.symbols import card_of
from bot.headlines import HeadlineBook
from bot.request import Press, TextIn
from bot.stories import Stories
from bot.views import news as views
from bot.views import news_home
from bot.views.errors import explain
from bot.views.message import Message
from bot.views.symbols import which_symbol
from market.clock import Clock
from market.errors import MarketError, SymbolError
from market.instrument import Instrument
from market.news import Provider
from storage.mute import Mute
from trading.ports import Holdings, SymbolBook

_LISTS = frozenset({views.PORTFOLIO, views.WATCHLIST})


class NewsHandler:
    """
    Answers /news and its buttons.

    What IBKR is asked for is asked after the press is answered, and the chat goes on meanwhile.
    """

    def __init__(  # noqa: PLR0913  what the screen shows is in many places
        self,
        *,
        reply: Reply,
        symbols: SymbolBook,
        book: HeadlineBook,
        stories: Stories,
        holdings: Holdings,
        watchlists: Watchlists,
        rulebook: Rulebook,
        mutes: MuteBook,
        zones: Zones,
        clock: Clock,
        chores: Chores,
    ) -> None:
        self._reply = reply
        self._symbols = symbols
        self._book = book
        self._stories = stories
        self._holdings = holdings
        self._watchlists = watchlists
        self._rulebook = rulebook
        self._mutes = mutes
        self._zones = zones
        self._clock = clock
        self._chores = chores

    async def headlines(self, request: TextIn, said: str) -> None:
        """Send the last headlines of a symbol, the portfolio or the watchlist. Raises as `SymbolBook.find`."""
        word = said.strip().lower()
        if word in _LISTS:
            subject = word
        else:
            try:
                subject = str((await self._symbols.find(said.strip().upper())).con_id)
            except SymbolError as error:
                question = which_symbol(error, card_of(Code.NEWS_LIST, Place.HERE))
                await self._reply.send(request.chat_id, question, reply_to=request.message_id)
                return

        async def told() -> None:
            message = await self._listed(subject, 0, request.user_id, anew=True)
            await self._reply.send(request.chat_id, message, reply_to=request.message_id)

        self._aside(told(), request, subject)

    async def home(self, request: TextIn) -> None:
        """Send the providers, the person's news alerts and mutes."""

        async def told() -> None:
            message = await self.screen(request.user_id)
            await self._reply.send(request.chat_id, message, reply_to=request.message_id)

        self._aside(told(), request, "home")

    async def on_home(self, press: Press, callback: Callback) -> None:
        """Show the screen of /news."""
        await self._reply.answer(press)
        self._aside(self._shown(press, callback, self.screen(press.user_id)), press, "home")

    async def on_list(self, press: Press, callback: Callback) -> None:
        """Show an instrument's headlines as they are now."""
        await self._reply.answer(press)
        listed = self._listed(callback.args[1], 0, press.user_id, anew=True)
        self._aside(self._shown(press, callback, listed), press, callback.args[1])

    async def on_page(self, press: Press, callback: Callback) -> None:
        """Turn to a page of headlines as they were a moment ago."""
        page, subject = callback.number(1), _known(press, callback.args[2])
        await self._reply.answer(press)
        listed = self._listed(subject, page, press.user_id, anew=False)
        self._aside(self._shown(press, callback, listed), press, subject)

    async def on_again(self, press: Press, callback: Callback) -> None:
        """Show the headlines as they are now."""
        subject = _known(press, callback.args[1])
        await self._reply.answer(press)
        listed = self._listed(subject, 0, press.user_id, anew=True)
        self._aside(self._shown(press, callback, listed), press, subject)

    async def screen(self, user_id: int, *, undone: Mute | None = None, renewed: Mute | None = None) -> Message:
        """Return the screen of /news, after a mute was taken away or set again."""
        rules = await self._rulebook.owned_by(user_id)
        about_news = [rule for rule in rules if isinstance(rule.draft.condition, NewsMatch)]
        stands = news_home.Home(await self._providers(), about_news, self._mutes.listed(user_id), undone, renewed)
        return news_home.home(stands)

    async def _providers(self) -> Sequence[Provider] | None:
        try:
            return await self._book.providers()
        except MarketError:
            return None

    async def _listed(self, subject: str, page: int, user_id: int, *, anew: bool) -> Message:
        listing = await (self._of_list(subject, user_id, anew) if subject in _LISTS else self._of_one(subject, anew))
        self._stories.note(line.headline for line in listing.lines)
        zone = await self._zones.zone_of(user_id)
        return views.headlines(listing, page, names=self._book.name_of, now=self._clock.now(), zone=zone)

    async def _of_one(self, subject: str, anew: bool) -> views.Listing:  # noqa: FBT001  passed on
        instrument = await self._symbols.find(f"#{subject}")
        return views.of_instrument(instrument, await self._book.of(instrument, anew=anew))

    async def _of_list(self, which: str, user_id: int, anew: bool) -> views.Listing:  # noqa: FBT001  passed on
        members = self._held() if which == views.PORTFOLIO else await self._watchlists.of(user_id)
        found = await self._book.of_many(members, anew=anew)
        return views.of_list(which, found.lines, found.asked, found.missing)

    def _held(self) -> Sequence[Instrument]:
        accounts = self._holdings.accounts()
        held = (one for account in accounts for one in self._holdings.positions(account) if one.quantity)
        return list({one.instrument.con_id: one.instrument for one in held}.values())

    async def _shown(self, press: Press, callback: Callback, made: Coroutine[Any, Any, Message]) -> None:
        await show(self._reply, press, callback, await made)

    def _aside(self, work: Coroutine[Any, Any, None], asked: Press | TextIn, subject: str) -> None:
        """Do *work* after the answer; what IBKR refuses is told."""

        async def explained() -> None:
            try:
                await work
            except MarketError as error:
                await self._reply.send(asked.chat_id, explain(error), reply_to=asked.message_id)

        self._chores.begin(explained(), f"news of {subject}")


def _known(press: Press, subject: str) -> str:
    """Return *subject*, where it is a contract id or one of the lists. Raises BadCallback."""
    if subject in _LISTS or (subject.isdecimal() and subject.isascii()):
        return subject
    raise BadCallback(press.data)
