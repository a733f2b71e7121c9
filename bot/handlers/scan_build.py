"""A scan put together by buttons; each change makes another line, kept under an id of its own."""

from alerts.condition import ScanEntry
from alerts.errors import AlertSyntaxError
from bot.callback_data import BadCallback, Callback
from bot.handlers.ports import Forms, Reply, Zones
from bot.handlers.scan_browse import ScanBrowseHandler
from bot.handlers.scan_errand import ScanErrands
from bot.handlers.scan_saved import ScanSavedHandler
from bot.handlers.scan_shelf import ScanShelf, found_scan
from bot.request import Press, TextIn
from bot.scan_line import bound_of, filter_of, with_bound
from bot.views import scan as scan_views
from bot.views import scan_build as views
from bot.views.message import Message
from bot.views.scan_browse import filters_of
from market.clock import Clock
from market.errors import MarketError
from market.scan_catalogue import ScanCatalogue
from storage.forms import Form
from storage.saved_scan import SavedScan

QUESTION = "scan?"
"""The kind of form of a question that a reply answers: for a bound's value, a name, a time, words to look for."""

FIND, NAME, TIME = "find", "name", "time"


class ScanBuildHandler:
    """Answers the buttons of a scan's bounds, and the replies to their questions."""

    def __init__(
        self,
        *,
        reply: Reply,
        shelf: ScanShelf,
        browse: ScanBrowseHandler,
        saved: ScanSavedHandler,
        errands: ScanErrands,
        forms: Forms,
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._shelf = shelf
        self._browse = browse
        self._saved = saved
        self._errands = errands
        self._forms = forms
        self._zones = zones
        self._clock = clock

    async def on_build(self, press: Press, callback: Callback) -> None:
        """Begin with a button's code and place. Raises AlertSyntaxError, NoSuchScan."""
        code, _, place = callback.args[1].partition(" ")
        line = f"scan {code} on {place}" if place else f"scan {code}"
        entry = await self._shelf.entry(line, press.user_id)
        scan = await self._shelf.keep(entry, press.user_id, press.chat_id)
        await self._reply.answer(press)
        await self._errands.put(press, callback, _card(scan, entry))

    async def on_card(self, press: Press, callback: Callback) -> None:
        """Show a scan with its bounds."""
        scan = await self._found(press, callback, 1)
        if scan is not None:
            entry = await self._shelf.entry(scan.line, press.user_id)
            await self._reply.answer(press)
            await self._errands.put(press, callback, _card(scan, entry))

    async def on_filters(self, press: Press, callback: Callback) -> None:
        """Show a page of IBKR's filters for this kind of scan."""
        page, scan = callback.number(1), await self._found(press, callback, 2)
        if scan is not None:
            await self._reply.answer(press)
            self._errands.show(press, callback, self._filters(scan, page), "filters of scans")

    async def on_filter(self, press: Press, callback: Callback) -> None:
        """Ask to what a bound is to be set."""
        scan = await self._found(press, callback, 1)
        if scan is not None:
            await self._reply.answer(press)
            self._errands.show(press, callback, self._choice(scan, callback.args[2]), "values of a filter")

    async def on_set(self, press: Press, callback: Callback) -> None:
        """Set a bound, or take it out. Raises AlertSyntaxError where a filter's value cannot be written as a line."""
        scan = await self._found(press, callback, 1)
        if scan is None:
            return
        key, _, value = callback.args[2].partition("=")
        entry = await self._shelf.entry(scan.line, press.user_id)
        zone = await self._zones.zone_of(press.user_id)
        changed = with_bound(entry, key, value, self._clock.now(), zone)
        kept = await self._shelf.keep(changed, press.user_id, press.chat_id)
        await self._reply.answer(press)
        await self._errands.put(press, callback, _card(kept, changed))

    async def on_ask(self, press: Press, callback: Callback) -> None:
        """Ask for what no button has: a value, a name, a time, or words to look for."""
        what = callback.args[1]
        scan = await self._shelf.get(callback.number(0), press.user_id)
        if what == FIND:
            question = views.asked_words()
        elif scan is None:
            raise BadCallback(press.data)
        elif what == NAME:
            question = views.asked_name(scan.name)
        elif what == TIME:
            question = self._saved.asked_time(scan)
        else:
            question = views.asked(bound_of(what, self._shelf.known))
        data = {"scan": callback.number(0), "what": what, "message": press.message_id}
        form = await self._forms.open(press.user_id, press.chat_id, QUESTION, data, self._clock.now())
        await self._reply.answer(press)
        await self._forms.shown(form.id, await self._reply.send(press.chat_id, question))

    async def answered(self, form: Form, request: TextIn) -> None:
        """Take in the reply to a question. Raises MarketError, AlertSyntaxError."""
        what, said = str(form.data["what"]), " ".join(request.text.split())
        scan = await self._shelf.get(int(form.data["scan"]), request.user_id)
        if what == FIND:
            await self._browse.find(request, said)
        elif scan is None:
            await self._reply.send(request.chat_id, scan_views.gone(), reply_to=request.message_id)
        elif what == NAME:
            await self._saved.rename(scan, said, request.chat_id, int(form.data["message"]))
        elif what == TIME:
            await self._saved.schedule(scan, said, request.chat_id, int(form.data["message"]))
        elif not await self._valued(scan, what, said, request, int(form.data["message"])):
            # The question still stands.
            return
        if await self._forms.close(form.id) and form.message_id is not None:
            await self._reply.delete(request.chat_id, form.message_id, request.message_id)

    async def _valued(self, scan: SavedScan, key: str, said: str, request: TextIn, message_id: int) -> bool:
        """Set a bound as typed; False, and said, where that is no value for it."""
        entry = await self._shelf.entry(scan.line, request.user_id)
        zone = await self._zones.zone_of(request.user_id)
        try:
            changed = with_bound(entry, key, said, self._clock.now(), zone)
        except AlertSyntaxError as error:
            refusal = views.unfit(bound_of(key, self._shelf.known), said, error.expected)
            await self._reply.send(request.chat_id, refusal, reply_to=request.message_id)
            return False
        kept = await self._shelf.keep(changed, request.user_id, request.chat_id)
        await self._reply.edit(request.chat_id, message_id, _card(kept, changed))
        return True

    async def _filters(self, scan: SavedScan, page: int) -> Message:
        entry = await self._shelf.entry(scan.line, scan.owner_id)
        every = filters_of(await self._shelf.catalogue(), entry.spec.instrument)
        return views.filters(scan.id, scan.line, every, page)

    async def _choice(self, scan: SavedScan, key: str) -> Message:
        entry, catalogue = await self._shelf.entry(scan.line, scan.owner_id), await self._catalogue()
        return views.bound_choice(scan.id, scan.line, bound_of(key, catalogue), entry.spec, filter_of(key, catalogue))

    async def _catalogue(self) -> ScanCatalogue | None:
        """Return what scans there are, None where IBKR does not say: a bound can be typed all the same."""
        try:
            return await self._shelf.catalogue()
        except MarketError:
            return None

    async def _found(self, press: Press, callback: Callback, index: int) -> SavedScan | None:
        return await found_scan(self._shelf, self._reply, press, callback.number(index))


def _card(scan: SavedScan, entry: ScanEntry) -> Message:
    return views.card(scan.id, scan.name, scan.line, entry.spec)
