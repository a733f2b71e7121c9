"""
The board: the book of every instrument, made when it is first asked for, and moved by prints.

An option follows its underlying through the option model; a combination is quoted from its legs.
"""

from collections.abc import Callable

from simulator.tws.account import Mark
from simulator.tws.bars import Bar, joined
from simulator.tws.book import Book, Print
from simulator.tws.catalogue import Catalogue
from simulator.tws.clock import Clock
from simulator.tws.fees import quote_size
from simulator.tws.instrument import Instrument
from simulator.tws.option_model import Greeks, greeks
from simulator.tws.past import Past
from simulator.tws.plan import Plan, Timetable, day_of
from simulator.tws.tape import Tape, mapped

Move = tuple[Book, Print]


class Board:
    """All books of one market; *plan* and *timetable* say when it is open."""

    def __init__(self, catalogue: Catalogue, seed: int, clock: Clock, plan: Plan, timetable: Timetable) -> None:
        self._catalogue = catalogue
        self._seed = seed
        self._clock = clock
        self._plan = plan
        self._timetable = timetable
        self._opened = clock.time()
        self._books: dict[str, Book] = {}
        self._pasts: dict[int, Past] = {}

    def book(self, instrument: Instrument) -> Book:
        """Return the book of an instrument, made when it is first asked for."""
        found = self._books.get(instrument.key)
        if found is None:
            found = self._books[instrument.key] = self._made(instrument)
        return found

    def named(self, key: str) -> Book:
        """Return the book of the instrument that commands call *key*; raises UnknownInstrument."""
        return self.book(self._catalogue.named(key))

    def _made(self, instrument: Instrument) -> Book:
        if instrument.parts:
            return self._new_combination(instrument)
        return self._new_option(instrument) if instrument.under_key else self._new(instrument)

    def _new(self, instrument: Instrument) -> Book:
        past = Past(instrument, self._seed, self._plan, self._opened)
        self._pasts[instrument.con_id] = past
        day = day_of(self._opened)
        book = Book(instrument, instrument.price, past.close_before(day), self._opened)
        bars = [bar for _, bar in past.segments(day)]
        book.begin(joined(bars, bars[0].start) if bars else None, self._opened)
        quote_around(book, instrument.price)
        return book

    def _new_option(self, instrument: Instrument) -> Book:
        under = self.named(instrument.under_key)
        price = self.option_price(instrument, under.last)
        book = Book(instrument, price, self.option_price(instrument, under.previous_close), self._clock.time())
        book.begin(None, self._opened)
        quote_around(book, price)
        return book

    def _new_combination(self, instrument: Instrument) -> Book:
        last = self._net(instrument, lambda leg: leg.last)
        close = self._net(instrument, lambda leg: leg.previous_close)
        book = Book(instrument, last, close, self._clock.time())
        book.begin(None, self._opened)
        self._quote_combination(book)
        return book

    def _net(self, instrument: Instrument, price_of: Callable[[Book], float]) -> float:
        return round(sum(part.sign * part.ratio * price_of(self.book(part.instrument)) for part in instrument.parts), 8)

    def _quote_combination(self, book: Book) -> None:
        """Quote a combination as one would buy or sell all of its legs at once."""
        bid = ask = 0.0
        sizes: list[float] = []
        for part in book.instrument.parts:
            leg = self.book(part.instrument)
            to_buy, to_sell = (leg.ask, leg.bid) if part.sign > 0 else (leg.bid, leg.ask)
            ask += part.sign * part.ratio * to_buy
            bid += part.sign * part.ratio * to_sell
            sizes.append(min(leg.bid_size, leg.ask_size) // part.ratio)
        book.quote(bid, ask, min(sizes), min(sizes))

    def option_price(self, instrument: Instrument, under: float, at: float | None = None) -> float:
        """Return the model's price of an option, on its grid."""
        return instrument.on_grid(self.greeks(instrument, under, at).price)

    def greeks(self, instrument: Instrument, under: float | None = None, at: float | None = None) -> Greeks:
        """Return an option's model values, by default at the price of its underlying and the time of now."""
        price = self.named(instrument.under_key).last if under is None else under
        left = instrument.expires_at() - (self._clock.time() if at is None else at)
        return greeks(price, instrument.strike, instrument.right, left, instrument.volatility)

    # Prints

    def print(self, book: Book, price: float, size: float, bid: float | None, ask: float | None) -> list[Move]:
        """Print a price; return every book that it has moved, its own first."""
        now = self._clock.time()
        trade = book.print(price, size, now, regular=self._timetable.is_regular(now))
        quote_around(book, price, bid, ask)
        key = book.instrument.key
        options = [self._follow(one, price) for one in list(self._books.values()) if one.instrument.under_key == key]
        combined = [
            self._recombine(one)
            for one in list(self._books.values())
            if any(key in {part.instrument.key, part.instrument.under_key} for part in one.instrument.parts)
        ]
        return [(book, trade), *(move for move in [*options, *combined] if move is not None)]

    def _follow(self, option: Book, under: float) -> Move | None:
        price = self.option_price(option.instrument, under)
        if price == option.last:
            return None
        trade = option.print(price, 1.0, self._clock.time())
        quote_around(option, price)
        return option, trade

    def _recombine(self, book: Book) -> Move | None:
        was = book.bid, book.ask
        self._quote_combination(book)
        price = self._net(book.instrument, lambda leg: leg.last)
        if price == book.last and was == (book.bid, book.ask):
            return None
        return book, book.print(price, 1.0, self._clock.time())

    def split(self, book: Book, factor: float) -> None:
        """Tell a share's past and its day *factor* times as high."""
        self._pasts[book.instrument.con_id].rescale(factor)
        book.rescale(factor)

    # Bars and values

    def bars(self, instrument: Instrument, start: float, end: float, size: int, *, regular: bool) -> list[Bar]:
        """Return the bars of *size* seconds that begin from *start* up to *end*."""
        if instrument.under_key:
            under = self.bars(self._catalogue.named(instrument.under_key), start, end, size, regular=regular)
            return mapped(under, lambda at, price: self.option_price(instrument, price, at))
        return self.tape(instrument).bars(start, end, size, regular=regular)

    def tape(self, instrument: Instrument) -> Tape:
        """Return all bars of an instrument that is neither an option nor a combination."""
        book = self.book(instrument)
        return Tape(self._pasts[instrument.con_id], book, self._timetable)

    def mark(self, instrument: Instrument) -> Mark:
        """Return what one unit is worth, in dollars, and its price."""
        book = self.book(instrument)
        rate, morning_rate = 1.0, 1.0
        if instrument.currency != "USD":
            pair = self.named(f"{instrument.currency}.USD")
            rate, morning_rate = pair.last, pair.previous_close
        factor = instrument.factor
        under = self.named(instrument.under_key).last if instrument.under_key else 0.0
        return Mark(book.last, book.last * factor * rate, book.previous_close * factor * morning_rate, under)


def quote_around(book: Book, price: float, bid: float | None = None, ask: float | None = None) -> None:
    """Set a book's sides; one that is not given stands one tick from *price*, a currency's half of one."""
    if book.instrument.sec_type == "IND":
        book.quote(-1.0, -1.0)
        return
    half = book.instrument.tick(price) * (1 if book.instrument.trades else 0.5)
    size = quote_size(book.instrument)
    book.quote(price - half if bid is None else bid, price + half if ask is None else ask, size, size)
