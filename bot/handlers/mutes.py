"""Mutes: whose headlines a person does not want to hear of for now; each press can be taken back in place."""

from alerts.mute import Mutes
from alerts.rule import Firing, NewsCause
from bot.callback_data import BadCallback, Callback
from bot.handlers.news import NewsHandler
from bot.handlers.place import show
from bot.handlers.ports import MuteBook, MutesChanged, Reply, ToldFirings
from bot.headlines import HeadlineBook
from bot.request import Press
from bot.views.firing import news_keys
from bot.views.news_alert import Around
from bot.views.news_home import INSTRUMENT, OFF, ON, PROVIDER, is_digest, word_of
from market.errors import MarketError
from storage.mute import Mute
from trading.ports import SymbolBook

_KINDS = frozenset({INSTRUMENT, PROVIDER})
_TURNS = frozenset({ON, OFF})


class MutesHandler:
    """Answers the mute buttons of news alerts and of /news; *changed* lets it count at once."""

    def __init__(
        self,
        *,
        reply: Reply,
        mutes: MuteBook,
        changed: MutesChanged,
        firings: ToldFirings,
        book: HeadlineBook,
        symbols: SymbolBook,
        news: NewsHandler,
    ) -> None:
        self._reply = reply
        self._mutes = mutes
        self._changed = changed
        self._firings = firings
        self._book = book
        self._symbols = symbols
        self._news = news

    async def on_hush(self, press: Press, callback: Callback) -> None:
        """Mute or unmute the instrument or the provider of a news alert; its button then does the opposite."""
        rule_id, number = callback.number(0), callback.number(1)
        kind, turn = self._read(press, callback.args[2], callback.args[3])
        fired = await self._firings.nth(rule_id, number)
        mute = None if fired is None else self._mute_of(fired, kind)
        if fired is None or mute is None:
            await self._reply.answer(press, "This headline is not kept any more. Nothing was changed; see /news.")
            return
        if fired.rule.owner_id != press.user_id:
            await self._reply.answer(press, "This is not your alert. Nothing was changed; your own mutes are in /news.")
            return
        mutes = await self._turn(press.user_id, mute, is_on=turn == ON)
        await self._reply.answer(press, _toast(mute, is_on=turn == ON))
        around = Around(self._book.name_of, mutes=mutes)
        await self._reply.rekey(press.chat_id, press.message_id, news_keys(fired, around))

    async def on_mute(self, press: Press, callback: Callback) -> None:
        """Mute or unmute what the screen of /news names, and show the screen as it stands then."""
        kind, turn = self._read(press, callback.args[1], callback.args[3])
        mute = await self._named(press, kind, callback.args[2])
        await self._turn(press.user_id, mute, is_on=turn == ON)
        await self._reply.answer(press, _toast(mute, is_on=turn == ON))
        undone, renewed = (None, mute) if turn == ON else (mute, None)
        await show(self._reply, press, callback, await self._news.screen(press.user_id, undone=undone, renewed=renewed))

    async def _turn(self, user_id: int, mute: Mute, *, is_on: bool) -> Mutes:
        if is_on:
            await self._mutes.add(user_id, con_id=mute.con_id, provider=mute.provider, name=mute.name)
        else:
            await self._mutes.remove(user_id, con_id=mute.con_id, provider=mute.provider)
        mutes = self._mutes.known(user_id)
        self._changed(user_id, mutes)
        return mutes

    def _mute_of(self, fired: Firing, kind: str) -> Mute | None:
        if not isinstance(fired.cause, NewsCause):
            return None
        provider, instrument = fired.cause.headline.provider, fired.cause.instrument
        if kind == PROVIDER:
            return Mute(0, provider, self._book.name_of(provider))
        return None if instrument is None else Mute(instrument.con_id, "", instrument.label)

    async def _named(self, press: Press, kind: str, word: str) -> Mute:
        """Return the mute that the button means, by the name it has. Raises BadCallback."""
        if kind == PROVIDER and is_digest(word):
            listed = self._mutes.listed(press.user_id)
            meant = next((one for one in listed if one.provider and word_of(one.provider) == word), None)
            if meant is None:
                raise BadCallback(press.data)
            return meant
        if kind == PROVIDER:
            return Mute(0, word, self._book.name_of(word))
        if not (word.isdecimal() and word.isascii()):
            raise BadCallback(press.data)
        con_id = int(word)
        kept = next((one for one in self._mutes.listed(press.user_id) if one.con_id == con_id), None)
        if kept is not None:
            return kept
        try:
            return Mute(con_id, "", (await self._symbols.find(f"#{con_id}")).label)
        except MarketError:
            return Mute(con_id, "", f"#{con_id}")

    @staticmethod
    def _read(press: Press, kind: str, turn: str) -> tuple[str, str]:
        if kind not in _KINDS or turn not in _TURNS:
            raise BadCallback(press.data)
        return kind, turn


def _toast(mute: Mute, *, is_on: bool) -> str:
    name = mute.name[:60]
    if is_on:
        return f"News of {name} are muted for you, in every alert. Your alerts stay set; /news takes it back."
    return f"News of {name} are told again. What came meanwhile is not told any more."
