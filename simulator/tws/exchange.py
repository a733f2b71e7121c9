"""
The simulated exchange: prices, books, orders, accounts and news of one market.

It knows nothing of sockets: sessions listen to it (Listener) and ask it. The
same seed and the same commands on the same clock give the same market.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from simulator.tws.account import Account, Position
from simulator.tws.bars import Bar
from simulator.tws.board import Board
from simulator.tws.book import Book, Print
from simulator.tws.catalogue import Catalogue
from simulator.tws.clock import Clock, SystemClock
from simulator.tws.desk import OrderDesk
from simulator.tws.instrument import Instrument
from simulator.tws.newsroom import Bulletin, NewsItem, Newsroom
from simulator.tws.option_model import Greeks
from simulator.tws.order import OrderEvent, OrderRefused
from simulator.tws.order_reading import by_hand
from simulator.tws.plan import AlwaysOpen, Plan, Timetable, day_of
from simulator.tws.tape import Tape
from simulator.tws.walk import Walk

STEP_S = 0.5
_CASH = 84_312.55
_ENDOWMENT = (("AAPL", 150.0, 171.22), ("MSFT", 60.0, 388.40), ("TSLA", -20.0, 261.05))


class Listener(Protocol):
    """Who wants to know what happens at the exchange."""

    def printed(self, book: Book, trade: Print) -> None:
        """*book* saw a trade, or a new quote where nothing trades."""

    def told(self, event: OrderEvent) -> None:
        """Something happened to an order."""

    def published(self, item: NewsItem) -> None:
        """A headline came out."""

    def announced(self, bulletin: Bulletin) -> None:
        """A bulletin came out."""

    def reranked(self, scan_code: str) -> None:
        """The ranks of a scan were changed by command."""


class Exchange:
    """
    One market under one seed.

    With *walk* off, prices stand still unless they are pushed. *plan* decides
    when it is open (by default always); *accounts* are the names of its paper
    accounts, the first of which holds the starting positions. *invented* is
    how many made-up shares it lists beside the real ones.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        clock: Clock | None = None,
        walk: bool = True,
        plan: Plan | None = None,
        accounts: Sequence[str] = ("DU1234567",),
        invented: int = 0,
    ) -> None:
        self.seed = seed
        self.clock: Clock = clock or SystemClock()
        self.walking = walk
        self.opened = self.clock.time()
        hours = plan or AlwaysOpen()
        self.timetable = Timetable(hours)
        self.catalogue = Catalogue(day_of(self.opened), invented)
        self.newsroom = Newsroom(seed, self.opened)
        self.listeners: list[Listener] = []
        self.ranks: dict[str, list[str]] = {}
        self.board = Board(self.catalogue, seed, self.clock, hours, self.timetable)
        self._walk = Walk(seed, STEP_S)
        self._day = day_of(self.opened)
        self.accounts = {name: Account(name, _CASH, self.board.mark) for name in accounts}
        self.desk = OrderDesk(self.clock, self.timetable, self.accounts, self.book)
        self.desk.listen(self._tell)
        for key, quantity, cost in _ENDOWMENT:
            self.accounts[accounts[0]].endow(self.catalogue.named(key), quantity, cost)

    # Prices

    def book(self, instrument: Instrument) -> Book:
        """Return the book of an instrument, made when it is first asked for."""
        return self.board.book(instrument)

    def books(self) -> list[Book]:
        """Return the books of everything that has a price of its own."""
        return [self.book(one) for one in self.catalogue.main()]

    def greeks(self, instrument: Instrument, under: float | None = None, at: float | None = None) -> Greeks:
        """Return an option's model values, by default at the price of its underlying and the time of now."""
        return self.board.greeks(instrument, under, at)

    def bars(self, instrument: Instrument, start: float, end: float, size: int, *, regular: bool) -> list[Bar]:
        """Return the bars of *size* seconds that begin from *start* up to *end*."""
        return self.board.bars(instrument, start, end, size, regular=regular)

    def tape(self, instrument: Instrument) -> Tape:
        """Return all bars of an instrument that is no option."""
        return self.board.tape(instrument)

    def push(
        self, symbol: str, last: float, *, bid: float | None = None, ask: float | None = None, size: float = 100
    ) -> None:
        """
        Print *symbol* at *last*: ticks, bars and waiting orders all see it.

        A side that is not given stands one tick from the print. Raises
        UnknownInstrument for an unknown symbol, ValueError for a price that is
        none.
        """
        if not 0 < last < 1e9:  # noqa: PLR2004 - no instrument is dearer
            raise ValueError(f"{last!r} is no price")
        book = self.book(self.catalogue.named(symbol))
        self._print(book, float(last), float(size), bid, ask)

    def split(self, symbol: str, new: int, old: int) -> None:
        """
        Let *new* shares of *symbol* stand for *old* ones: prices, past bars and holdings are adjusted.

        The prior close is told before the first price of the new scale, as over night.

        Raises UnknownInstrument for an unknown symbol, ValueError for numbers that are none.
        """
        if new < 1 or old < 1:
            raise ValueError(f"{new}:{old} is no split")
        instrument = self.catalogue.named(symbol)
        book = self.book(instrument)
        standing = book.last
        self.board.split(book, old / new)
        book.last, told = standing, book.last
        self._after(book, Print(self.clock.time(), standing, book.last_size, book.exchange))
        book.last = told
        for account in self.accounts.values():
            account.split(instrument, old / new)
        self._print(book, book.last, 100.0, None, None)

    def _print(self, book: Book, price: float, size: float, bid: float | None, ask: float | None) -> None:
        for moved, trade in self.board.print(book, price, size, bid, ask):
            self._after(moved, trade)

    def _after(self, book: Book, trade: Print) -> None:
        self.desk.on_market(book, trade)
        for listener in list(self.listeners):
            listener.printed(book, trade)

    # News, ranks, sessions

    def publish(
        self,
        symbol: str | None,
        headline: str,
        *,
        provider: str = "BRFG",
        article: str = "<p></p>",
        meta: str | None = None,
        is_hot: bool = False,
        document: bytes = b"",
    ) -> NewsItem:
        """
        Publish a headline on *symbol*, or on the broad tape alone; see NewsItem for the rest.

        Raises UnknownInstrument for an unknown symbol, ValueError for an
        unknown provider.
        """
        instrument = self.catalogue.named(symbol) if symbol else None
        item = self.newsroom.publish(
            self.clock.time(), instrument, headline, provider, article, meta=meta, is_hot=is_hot, document=document
        )
        for listener in list(self.listeners):
            listener.published(item)
        return item

    def bulletin(self, text: str, *, kind: int = 1, exchange: str = "") -> None:
        """Publish a message of IB itself."""
        made = self.newsroom.bulletin(text, kind, exchange)
        for listener in list(self.listeners):
            listener.announced(made)

    def rank(self, scan_code: str, symbols: Sequence[str]) -> None:
        """Put *symbols* on top of a scan, in this order; none of them takes that back."""
        self.ranks[scan_code] = [self.catalogue.named(symbol).key for symbol in symbols]
        for listener in list(self.listeners):
            listener.reranked(scan_code)

    def order(self, symbol: str, action: str, quantity: float, limit: float | None = None) -> None:
        """
        Place an order as its owner does in TWS or on the phone, in the first account; without *limit* at market.

        Raises UnknownInstrument, ValueError for an order that is not taken.
        """
        ids = self.desk.blotter.next_hand_id(), self.desk.blotter.next_perm_id()
        order = by_hand(self.catalogue.named(symbol), ids, next(iter(self.accounts)), action, quantity, limit)
        try:
            self.desk.place(order)
        except OrderRefused as refusal:
            raise ValueError(refusal.message) from None
        if order.reason:
            raise ValueError(order.reason)

    def cancel_by_hand(self, perm_id: int) -> None:
        """Cancel any open order as its owner does in TWS or on the phone; raises ValueError where there is none."""
        order = next((one for one in self.desk.blotter.waiting() if one.perm_id == perm_id), None)
        if order is None:
            raise ValueError(f"no open order has the permId {perm_id}")
        self.desk.withdraw(order)

    def close_session(self) -> None:
        """Ring the closing bell: liquid hours end at the current minute, trading hours stay open."""
        self.timetable.ring(self.clock.time())
        self.desk.floor.on_time()

    def open_session(self) -> None:
        """Take the bell back."""
        self.timetable.reopen(self.clock.time())
        self.desk.floor.on_time()

    @property
    def session_open(self) -> bool:
        """Whether liquid hours run."""
        return self.timetable.is_regular(self.clock.time())

    def orders(self) -> list[dict[str, Any]]:
        """Return every order ever placed (previews are none), as plain values in order of arrival."""
        return [order.as_dict() for order in self.desk.blotter.all()]

    def positions(self, account: str) -> list[Position]:
        """Return what an account holds."""
        return [one for one in self.accounts[account].positions.values() if one.quantity]

    # Time

    async def run(self) -> None:
        """Walk the prices and turn the days, until cancelled."""
        while True:
            await self.clock.sleep(STEP_S)
            self._turn_day()
            if self.walking and self.timetable.is_trading(self.clock.time()):
                for book, price, size in self._walk.step(self.books()):
                    self._print(book, price, size, None, None)
            self.desk.floor.on_time()

    def _turn_day(self) -> None:
        today = day_of(self.clock.time())
        if today != self._day:
            self._day = today
            for account in self.accounts.values():
                account.begin_day()

    def _tell(self, event: OrderEvent) -> None:
        for listener in list(self.listeners):
            listener.told(event)


async def cancelled(task: asyncio.Task[None]) -> None:
    """End a background task and wait until it has ended."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
