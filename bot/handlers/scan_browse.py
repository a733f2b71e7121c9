"""All of IBKR's scans by buttons: kinds of instruments, places, codes, and the search."""

from bot.callback_data import Callback
from bot.handlers.place import show
from bot.handlers.ports import Reply
from bot.handlers.scan_shelf import ScanShelf
from bot.request import Press, TextIn
from bot.views import scan_browse as views
from bot.views.message import Message

_LONGEST = 40


class ScanBrowseHandler:
    """Answers the buttons that lead to a scan, and `/scan find`."""

    def __init__(self, reply: Reply, shelf: ScanShelf) -> None:
        self._reply = reply
        self._shelf = shelf

    async def find(self, request: TextIn, words: str) -> None:
        """Send what is found by *words*. Raises MarketError."""
        await self._reply.send(request.chat_id, await self._search(words, 0), reply_to=request.message_id)

    async def on_types(self, press: Press, callback: Callback) -> None:
        """Show a page of the kinds of instruments. Raises MarketError."""
        catalogue = await self._shelf.catalogue()
        await self._reply.answer(press)
        page = views.kinds(catalogue, callback.number(1)) if catalogue.universes else views.nothing_known()
        await show(self._reply, press, callback, page)

    async def on_places(self, press: Press, callback: Callback) -> None:
        """Show a page of the places of a kind of instruments. Raises MarketError."""
        catalogue = await self._shelf.catalogue()
        await self._reply.answer(press)
        await show(self._reply, press, callback, views.places(catalogue, callback.args[2], callback.number(1)))

    async def on_codes(self, press: Press, callback: Callback) -> None:
        """Show a page of the scans at a place. Raises MarketError."""
        catalogue = await self._shelf.catalogue()
        kind, _, place = callback.args[2].partition(" ")
        await self._reply.answer(press)
        await show(self._reply, press, callback, views.codes(catalogue, kind, place, callback.number(1)))

    async def on_found(self, press: Press, callback: Callback) -> None:
        """Show a page of what a search found. Raises MarketError."""
        message = await self._search(callback.args[2], callback.number(1))
        await self._reply.answer(press)
        await show(self._reply, press, callback, message)

    async def _search(self, words: str, page: int) -> Message:
        # The words stand in the buttons that turn its pages, which count in bytes and hold no control characters.
        plain = "".join(char for char in " ".join(words.split()) if char.isprintable())
        short = plain.encode(errors="ignore")[:_LONGEST].decode(errors="ignore").strip()
        return views.found(await self._shelf.catalogue(), short or "?", page)
