"""
The simulated exchange: prices, books, orders, accounts and news of one market.

It knows nothing of sockets: sessions listen to it (Listener) and ask it. The
same seed and the same commands on the same clock give the same market.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from simulator.tws.account import Account, Mark, Position
from simulator.tws.bars import Bar, joined
from simulator.tws.book import Book, Print
from simulator.tws.catalogue import Catalogue
from simulator.tws.clock import Clock, SystemClock
from simulator.tws.desk import OrderDesk
from simulator.tws.instrument import Instrument
from simulator.tws.matching import quote_size
from simulator.tws.newsroom import Bulletin, NewsItem, Newsroom
from simulator.tws.option_model import Greeks, greeks
from simulator.tws.order import OrderEvent, OrderRefused, by_hand
from simulator.tws.past import Past
from simulator.tws.plan import AlwaysOpen, Plan, Timetable, day_of, moment
from simulator.tws.tape import Tape, mapped
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
        self._plan = plan or AlwaysOpen()
        self.timetable = Timetable(self._plan)
        self.catalogue = Catalogue(day_of(self.opened), invented)
        self.newsroom = Newsroom(seed, self.opened)
        self.listeners: list[Listener] = []
        self.ranks: dict[str, list[str]] = {}
        self._books: dict[int, Book] = {}
        self._pasts: dict[int, Past] = {}
        self._walk = Walk(seed, STEP_S)
        self._day = day_of(self.opened)
        self.accounts = {name: Account(name, _CASH, self.mark) for name in accounts}
        self.desk = OrderDesk(self.clock, self.timetable, self.accounts, self.book)
        self.desk.listen(self._tell)
        for key, quantity, cost in _ENDOWMENT:
            self.accounts[accounts[0]].endow(self.catalogue.named(key), quantity, cost)

    # Prices

    def book(self, instrument: Instrument) -> Book:
        """Return the book of an instrument, made when it is first asked for."""
        found = self._books.get(instrument.con_id)
        if found is None:
            found = self._new_option_book(instrument) if instrument.under_key else self._new_book(instrument)
            self._books[instrument.con_id] = found
        return found

    def books(self) -> list[Book]:
        """Return the books of everything that has a price of its own."""
        return [self.book(one) for one in self.catalogue.main()]

    def _new_book(self, instrument: Instrument) -> Book:
        past = Past(instrument, self.seed, self._plan, self.opened)
        self._pasts[instrument.con_id] = past
        day = day_of(self.opened)
        book = Book(instrument, instrument.price, past.close_before(day), self.opened)
        bars = [bar for _, bar in past.segments(day)]
        book.begin(joined(bars, bars[0].start) if bars else None, self.opened)
        self._quote_around(book, instrument.price)
        return book

    def _new_option_book(self, instrument: Instrument) -> Book:
        under = self.book(self.catalogue.named(instrument.under_key))
        price = self._option_price(instrument, under.last)
        book = Book(instrument, price, self._option_price(instrument, under.previous_close), self.clock.time())
        book.begin(None, self.opened)
        self._quote_around(book, price)
        return book

    def _option_price(self, instrument: Instrument, under: float, at: float | None = None) -> float:
        return instrument.on_grid(self.greeks(instrument, under, at).price)

    def greeks(self, instrument: Instrument, under: float | None = None, at: float | None = None) -> Greeks:
        """Return an option's model values, by default at the price of its underlying and the time of now."""
        price = self.book(self.catalogue.named(instrument.under_key)).last if under is None else under
        expiry = moment(datetime.strptime(instrument.expiry, "%Y%m%d").date(), 960)  # noqa: DTZ007 - a date alone
        left = expiry - (self.clock.time() if at is None else at)
        return greeks(price, instrument.strike, instrument.right, left, instrument.volatility)

    @staticmethod
    def _quote_around(book: Book, price: float, bid: float | None = None, ask: float | None = None) -> None:
        if book.instrument.sec_type == "IND":
            book.quote(-1.0, -1.0)
            return
        half = book.instrument.min_tick * (1 if book.instrument.trades else 0.5)
        size = quote_size(book.instrument)
        book.quote(price - half if bid is None else bid, price + half if ask is None else ask, size, size)

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
        self._pasts[instrument.con_id].rescale(old / new)
        standing = book.last
        book.rescale(old / new)
        book.last, told = standing, book.last
        self._after(book, Print(self.clock.time(), standing, book.last_size, book.exchange))
        book.last = told
        for account in self.accounts.values():
            account.split(instrument, old / new)
        self._print(book, book.last, 100.0, None, None)

    def _print(self, book: Book, price: float, size: float, bid: float | None, ask: float | None) -> None:
        now = self.clock.time()
        trade = book.print(price, size, now, regular=self.timetable.is_regular(now))
        self._quote_around(book, price, bid, ask)
        self._after(book, trade)
        for other in list(self._books.values()):
            if other.instrument.under_key == book.instrument.key:
                self._follow(other, price)

    def _follow(self, option: Book, under: float) -> None:
        price = self._option_price(option.instrument, under)
        if price != option.last:
            trade = option.print(price, 1.0, self.clock.time())
            self._quote_around(option, price)
            self._after(option, trade)

    def _after(self, book: Book, trade: Print) -> None:
        self.desk.on_market(book, trade)
        for listener in list(self.listeners):
            listener.printed(book, trade)

    def bars(self, instrument: Instrument, start: float, end: float, size: int, *, regular: bool) -> list[Bar]:
        """Return the bars of *size* seconds that begin from *start* up to *end*."""
        if instrument.under_key:
            under = self.bars(self.catalogue.named(instrument.under_key), start, end, size, regular=regular)
            return mapped(under, lambda at, price: self._option_price(instrument, price, at))
        return self.tape(instrument).bars(start, end, size, regular=regular)

    def tape(self, instrument: Instrument) -> Tape:
        """Return all bars of an instrument that is no option."""
        book = self.book(instrument)
        return Tape(self._pasts[instrument.con_id], book, self.timetable)

    def mark(self, instrument: Instrument) -> Mark:
        """Return what one unit is worth, in dollars, and its price."""
        book = self.book(instrument)
        rate, morning_rate = 1.0, 1.0
        if instrument.currency == "EUR":
            euro = self.book(self.catalogue.named("EUR.USD"))
            rate, morning_rate = euro.last, euro.previous_close
        factor = instrument.factor
        return Mark(book.last, book.last * factor * rate, book.previous_close * factor * morning_rate)

    # News, ranks, sessions

    def publish(
        self, symbol: str | None, headline: str, *, provider: str = "BRFG", article: str = "<p></p>"
    ) -> NewsItem:
        """
        Publish a headline on *symbol*, or on the broad tape alone.

        Raises UnknownInstrument for an unknown symbol, ValueError for an
        unknown provider.
        """
        instrument = self.catalogue.named(symbol) if symbol else None
        item = self.newsroom.publish(self.clock.time(), instrument, headline, provider, article)
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
        ids = self.desk.next_hand_id(), self.desk.next_perm_id()
        try:
            self.desk.place(
                by_hand(self.catalogue.named(symbol), ids, next(iter(self.accounts)), action, quantity, limit)
            )
        except OrderRefused as refusal:
            raise ValueError(refusal.message) from None

    def close_session(self) -> None:
        """Ring the closing bell: liquid hours end at the current minute, trading hours stay open."""
        self.desk.on_session(closing=True)
        self.timetable.ring(self.clock.time())

    def open_session(self) -> None:
        """Take the bell back."""
        self.timetable.reopen(self.clock.time())
        self.desk.on_session(closing=False)

    @property
    def session_open(self) -> bool:
        """Whether liquid hours run."""
        return self.timetable.is_regular(self.clock.time())

    def orders(self) -> list[dict[str, Any]]:
        """Return every order ever placed (previews are none), as plain values in order of arrival."""
        return [order.as_dict() for order in self.desk.all()]

    def positions(self, account: str) -> list[Position]:
        """Return what an account holds."""
        return [one for one in self.accounts[account].positions.values() if one.quantity]

    # Time

    async def run(self) -> None:
        """Walk the prices and turn the days, until cancelled."""
        was_open = self.session_open
        while True:
            await self.clock.sleep(STEP_S)
            self._turn_day()
            if self.walking and self.timetable.is_trading(self.clock.time()):
                for book, price, size in self._walk.step(self.books()):
                    self._print(book, price, size, None, None)
            if self.session_open != was_open:
                was_open = self.session_open
                self.desk.on_session(closing=not was_open)

    def _turn_day(self) -> None:
        today = day_of(self.clock.time())
        if today != self._day:
            self._day = today
            self.desk.expire()
            for account in self.accounts.values():
                account.begin_day()

    def _tell(self, event: OrderEvent) -> None:
        for listener in list(self.listeners):
            listener.told(event)


async def cancelled(task: asyncio.Task[None]) -> None:
    """End a background task and wait until it has ended."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
