"""The watchlist, and one alert for each instrument of a list."""

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from alerts.amendment import renamed
from alerts.condition import Draft
from alerts.errors import AlertError, AlertSyntaxError
from alerts.needs import symbols_of
from alerts.rule import Rule
from alerts.rulebook import Rulebook
from alerts.wording import format_draft
from bot.callback_data import Callback, Code, Place
from bot.handlers.alert_list import UNBULK
from bot.handlers.place import show
from bot.handlers.ports import Forms, LiveQuotes, Reply, WatchlistChanged, Watchlists, Zones
from bot.handlers.symbols import card_of
from bot.request import Press, TextIn
from bot.views import watching as views
from bot.views.message import Message
from bot.views.symbols import which_symbol
from market.clock import Clock
from market.errors import LinkDown, MarketError, SymbolError
from market.instrument import Instrument
from trading.ports import Holdings, SymbolBook

_EACH = re.compile(
    r"each\s+of\s+(?:the\s+|my\s+)?(?P<list>watchlist|portfolio|positions)\s+(?P<line>.+)", re.IGNORECASE | re.DOTALL
)
_SEVERAL = re.compile(r"each\s+of\s+(?P<symbols>[^\s,]+(?:\s*,\s*[^\s,]+)*)\s+(?P<line>.+)", re.IGNORECASE | re.DOTALL)
_MOST_SYMBOLS = 50
_MOST_WATCHED = 250


def looks_like_each(said: str) -> bool:
    """Return whether a line asks for one alert for each of several instruments."""
    return said.lower().startswith("each of ")


class WatchHandler:
    """Answers /watch and its buttons, and `each of watchlist -3% today`. *changed* hears of each new watchlist."""

    def __init__(  # noqa: PLR0913  lists, what is on them, and what is set for it
        self,
        *,
        reply: Reply,
        watchlists: Watchlists,
        symbols: SymbolBook,
        live: LiveQuotes,
        holdings: Holdings,
        rulebook: Rulebook,
        forms: Forms,
        zones: Zones,
        clock: Clock,
        changed: WatchlistChanged,
    ) -> None:
        self._reply = reply
        self._watchlists = watchlists
        self._symbols = symbols
        self._live = live
        self._holdings = holdings
        self._rulebook = rulebook
        self._forms = forms
        self._zones = zones
        self._clock = clock
        self._changed = changed

    async def watch(self, request: TextIn) -> None:
        """Show the list, or put each of the command's symbols on it (`-AAPL` takes one off). Raises MarketError."""
        words = request.args.replace(",", " ").split()[:_MOST_SYMBOLS]
        for word in words:
            try:
                await self._take(request.user_id, word)
            except SymbolError as error:
                question = which_symbol(error, card_of(Code.WATCH_ADD, Place.HERE))
                await self._reply.send(request.chat_id, question, reply_to=request.message_id)
        await self._reply.send(request.chat_id, await self._page(request.user_id, 0), reply_to=request.message_id)

    async def on_list(self, press: Press, callback: Callback) -> None:
        """Show a page of the list."""
        await self._reply.answer(press)
        await show(self._reply, press, callback, await self._page(press.user_id, callback.number(1)))

    async def on_add(self, press: Press, callback: Callback) -> None:
        """Put an instrument on the list."""
        instrument = await self._symbols.find(f"#{callback.number(1)}")
        told = await self._added(press.user_id, instrument)
        await self._reply.answer(press, told)
        await show(self._reply, press, callback, await self._page(press.user_id, 0))

    async def on_drop(self, press: Press, callback: Callback) -> None:
        """Take an instrument off the list."""
        gone = await self._watchlists.remove(press.user_id, callback.number(1))
        await self._tell(press.user_id)
        await self._reply.answer(press, "Taken off your watchlist" if gone else "It was not on your watchlist")
        await show(self._reply, press, callback, await self._page(press.user_id, 0))

    async def each(self, request: TextIn, said: str) -> None:
        """
        Set one alert for each instrument: `each of watchlist -3% today`, also of portfolio or of `AAPL, MSFT`.

        Nothing is set where the line itself is wrong or there is no room for all. Raises AlertError, MarketError.
        """
        found, line = await self._asked(request.user_id, said)
        if not found or not line:
            await self._reply.send(request.chat_id, views.each_of_what(said), reply_to=request.message_id)
            return
        room = await self._rulebook.room(request.user_id)
        if room < len(found):
            message = views.no_room(len(found), room)
            await self._reply.send(request.chat_id, message, reply_to=request.message_id)
            return
        try:
            rules = await self._rules(found, line, request)
        except AlertSyntaxError as error:
            raise _as_typed(error, said.strip(), line) from None
        made, failed = await self._entered(rules)
        ids = {"ids": [rule.id for rule in made]}
        undo = await self._forms.open(request.user_id, request.chat_id, UNBULK, ids, self._clock.now())
        message = views.each_set(made, failed, undo.id)
        await self._reply.send(request.chat_id, message, reply_to=request.message_id)

    async def _take(self, user_id: int, word: str) -> None:
        instrument = await self._symbols.find(word.lstrip("-").upper())
        if word.startswith("-"):
            await self._watchlists.remove(user_id, instrument.con_id)
            await self._tell(user_id)
        else:
            await self._added(user_id, instrument)

    async def _added(self, user_id: int, instrument: Instrument) -> str:
        if len(await self._watchlists.of(user_id)) >= _MOST_WATCHED:
            return f"{_MOST_WATCHED} are the most a watchlist may have"
        is_new = await self._watchlists.add(user_id, instrument, self._clock.now())
        await self._tell(user_id)
        return f"{instrument.label} is on your watchlist" + ("" if is_new else " already")

    async def _tell(self, user_id: int) -> None:
        await self._changed(user_id, await self._watchlists.of(user_id))

    async def _asked(self, user_id: int, said: str) -> tuple[Sequence[Instrument], str]:
        match = _EACH.fullmatch(said.strip())
        if match is not None:
            is_watchlist = match["list"].lower() == "watchlist"
            found = await self._watchlists.of(user_id) if is_watchlist else self._held()
            return found, match["line"].strip()
        several = _SEVERAL.fullmatch(said.strip())
        if several is None:
            return (), ""
        names = [name.strip().upper() for name in several["symbols"].split(",")][:_MOST_SYMBOLS]
        return [await self._symbols.find(name) for name in dict.fromkeys(names)], several["line"].strip()

    def _held(self) -> Sequence[Instrument]:
        accounts = self._holdings.accounts()[:1]
        return [one.instrument for account in accounts for one in self._holdings.positions(account) if one.quantity]

    async def _rules(self, found: Sequence[Instrument], line: str, request: TextIn) -> list[Rule]:
        zone = await self._zones.zone_of(request.user_id)
        rules = []
        for instrument in found:
            draft = self._rulebook.read(f"#{instrument.con_id} {line}", zone)
            named, label = about(draft, instrument)
            if not self._says(named, zone):
                named, label = draft, f"#{instrument.con_id}"
            known = {label: instrument}
            rules.append(await self._rulebook.resolve(named, request.user_id, request.chat_id, known))
        return rules

    def _says(self, draft: Draft, zone: ZoneInfo) -> bool:
        """Return whether a line says *draft*: tickers that are numbers are no symbols of the language."""
        try:
            return self._rulebook.read(format_draft(draft), zone) == draft
        except AlertSyntaxError:
            return False

    async def _entered(self, rules: Sequence[Rule]) -> tuple[list[Rule], list[Rule]]:
        made, failed = [], []
        for rule in rules:
            try:
                made.append((await self._rulebook.enter(rule)).rule)
            except LinkDown:
                raise
            except (AlertError, MarketError):
                failed.append(rule)
        return made, failed

    async def _page(self, user_id: int, page: int) -> Message:
        rows = [(one, self._live.quote(one.con_id)) for one in await self._watchlists.of(user_id)]
        return views.watchlist(rows, page)


def _as_typed(error: AlertSyntaxError, said: str, line: str) -> AlertSyntaxError:
    """Return the refusal of one instrument's line as one of the whole line that was typed."""
    lead, before = len(error.text) - len(line), said[: len(said) - len(line)]
    ours = error.text[:lead]

    def whole(lines: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(f"{before}{one[lead:]}" if one.startswith(ours) else one for one in lines)

    position = max(error.position - lead, 0) + len(before)
    return AlertSyntaxError(
        said, position, error.expected, whole(error.examples), error.suggestion, whole(error.readings)
    )


def about(draft: Draft, instrument: Instrument) -> tuple[Draft, str]:
    """Return *draft*, which speaks of *instrument* by its conId, with its label instead where that is free."""
    label, con_id = instrument.label, f"#{instrument.con_id}"
    if label in symbols_of(draft):
        return draft, con_id
    return Draft(renamed(draft.condition, con_id, label), draft.options), label
