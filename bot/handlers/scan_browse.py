"""All of IBKR's scans by buttons: kinds of instruments, places, codes, and the search."""

from bot.callback_data import Callback
from bot.handlers.ports import Reply
from bot.handlers.scan_errand import ScanErrands
from bot.handlers.scan_shelf import ScanShelf
from bot.request import Press, TextIn
from bot.views import scan_browse as views
from bot.views.message import Message

_LONGEST = 40


class ScanBrowseHandler:
    """Answers the buttons that lead to a scan, and `/scan find`; nobody waits for IBKR's list but who asked for it."""

    def __init__(self, reply: Reply, shelf: ScanShelf, errands: ScanErrands) -> None:
        self._reply = reply
        self._shelf = shelf
        self._errands = errands

    async def find(self, request: TextIn, words: str) -> None:
        """Send what is found by *words*."""
        self._errands.send(request, self._search(words, 0), "search for a scan")

    async def on_types(self, press: Press, callback: Callback) -> None:
        """Show a page of the kinds of instruments."""
        page = callback.number(1)
        await self._reply.answer(press)
        self._errands.show(press, callback, self._kinds(page), "kinds of scans")

    async def on_places(self, press: Press, callback: Callback) -> None:
        """Show a page of the places of a kind of instruments."""
        page = callback.number(1)
        await self._reply.answer(press)
        self._errands.show(press, callback, self._places(callback.args[2], page), "places of scans")

    async def on_codes(self, press: Press, callback: Callback) -> None:
        """Show a page of the scans at a place."""
        page = callback.number(1)
        await self._reply.answer(press)
        self._errands.show(press, callback, self._codes(callback.args[2], page), "codes of scans")

    async def on_found(self, press: Press, callback: Callback) -> None:
        """Show a page of what a search found."""
        page = callback.number(1)
        await self._reply.answer(press)
        self._errands.show(press, callback, self._search(callback.args[2], page), "search for a scan")

    async def _kinds(self, page: int) -> Message:
        catalogue = await self._shelf.catalogue()
        return views.kinds(catalogue, page) if catalogue.universes else views.nothing_known()

    async def _places(self, kind: str, page: int) -> Message:
        return views.places(await self._shelf.catalogue(), kind, page)

    async def _codes(self, where: str, page: int) -> Message:
        kind, _, place = where.partition(" ")
        return views.codes(await self._shelf.catalogue(), kind, place, page)

    async def _search(self, words: str, page: int) -> Message:
        # The words stand in the buttons that turn its pages, which count in bytes and hold no control characters.
        plain = "".join(char for char in " ".join(words.split()) if char.isprintable())
        short = plain.encode(errors="ignore")[:_LONGEST].decode(errors="ignore").strip()
        return views.found(await self._shelf.catalogue(), short or "?", page)
