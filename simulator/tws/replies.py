"""
The messages of the server, field by field, all but those about orders (order_replies).

Each function returns the fields of one message. Source: the decoders of
ib_insync 0.9.86, ib_async 2.1.0 and ibapi 10.19.4, and frames of real gateways.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from simulator.tws.account import Account, Position
from simulator.tws.bars import Bar
from simulator.tws.book import Book
from simulator.tws.instrument import Instrument
from simulator.tws.newsroom import Bulletin
from simulator.tws.option_model import Greeks
from simulator.tws.plan import Timetable
from simulator.tws.wire import UNSET_DOUBLE, Field, price

Fields = tuple[Field, ...]

_PRICE_TICKS_THAT_MAY_EXECUTE = {1, 2, 66, 67}


def error(req_id: int, code: int, message: str) -> Fields:
    """4: an error or a notice; -1 where it belongs to no request, else the request's or order's id."""
    return (4, 2, req_id, code, message, "")


def managed_accounts(names: Iterable[str]) -> Fields:
    """15: the account names."""
    return (15, 1, ",".join(names))


def tick_price(req_id: int, kind: int, value: float, size: float) -> Fields:
    """1: a price with its size; bids and asks of a live quote may execute automatically."""
    return (1, 6, req_id, kind, price(value), size, 1 if kind in _PRICE_TICKS_THAT_MAY_EXECUTE else 0)


def tick_size(req_id: int, kind: int, size: float) -> Fields:
    """2: a size."""
    return (2, 6, req_id, kind, size)


def tick_generic(req_id: int, kind: int, value: float) -> Fields:
    """45: a number."""
    return (45, 6, req_id, kind, value)


def tick_string(req_id: int, kind: int, value: str) -> Fields:
    """46: a text."""
    return (46, 6, req_id, kind, value)


def tick_option(req_id: int, kind: int, volatility: float, model: Greeks, under: float) -> Fields:
    """21: an option's model values."""
    return (
        21, req_id, kind, 0, f"{volatility:.6f}", f"{model.delta:.6f}", f"{model.price:.6f}", "0.0",
        f"{model.gamma:.6f}", f"{model.vega:.6f}", f"{model.theta:.6f}", price(under),
    )  # fmt: skip


def tick_parameters(req_id: int, instrument: Instrument) -> Fields:
    """81: the minimum tick and where the best quotes come from."""
    return (81, req_id, instrument.min_tick, "9c0001" if instrument.exchange == "SMART" else "", 3)


def contract(instrument: Instrument, exchange: str | None = None, *, right: str = "", strike: str = "") -> Fields:
    """Return the contract block of most responses: no primary exchange; *right* and *strike* where it has none."""
    return (
        instrument.con_id, instrument.symbol, instrument.sec_type, instrument.expiry,
        price(instrument.strike) if instrument.strike else strike or "0.0", instrument.right or right,
        instrument.multiplier, instrument.exchange if exchange is None else exchange, instrument.currency,
        instrument.local_symbol, instrument.trading_class,
    )  # fmt: skip


def contract_details(
    req_id: int, instrument: Instrument, exchange: str, timetable: Timetable, now: float, zone: str | None
) -> Fields:
    """
    10: everything about an instrument; *zone* replaces its time zone's name.

    The smallest step is in the currency, also where prices are quoted in its hundredths (ib-api-reloaded/ib_async#55).
    """
    exchanges = instrument.valid_exchanges.split(",")
    expiry = instrument.expiry
    if expiry:
        expiry += {"FUT": " 08:30 US/Central", "FOP": " 15:00 US/Central"}.get(instrument.sec_type, " 16:00 US/Eastern")
    month = datetime.strptime(instrument.expiry, "%Y%m%d").strftime("%Y%m") if expiry else ""  # noqa: DTZ007 - a date alone
    sec_ids: Fields = (1, "ISIN", instrument.isin) if instrument.isin else (0,)
    stock = instrument.sec_type == "STK"
    size = "0.0001" if stock else f"{instrument.min_size:.8f}".rstrip("0").rstrip(".")
    timetable = timetable.of(instrument.sec_type)
    return (
        10, req_id, instrument.symbol, instrument.sec_type, expiry, _strike(instrument), instrument.right,
        exchange, instrument.currency, instrument.local_symbol, instrument.trading_class, instrument.trading_class,
        instrument.con_id, round(instrument.min_tick / instrument.magnifier, 10), instrument.multiplier,
        instrument.order_types, instrument.valid_exchanges, instrument.magnifier, instrument.under_con_id,
        _escaped(instrument.long_name),
        instrument.primary_exchange, month, instrument.industry, instrument.category, instrument.subcategory,
        instrument.zone if zone is None else zone, timetable.hours(now, instrument.zone, liquid=False),
        timetable.hours(now, instrument.zone, liquid=True), "", "0", *sec_ids,
        2 if instrument.is_option else 1, instrument.under_symbol, instrument.under_sec_type,
        ",".join([str(instrument.market_rule)] * len(exchanges)), instrument.expiry, instrument.stock_type,
        size, size, "100" if stock else size,
    )  # fmt: skip


def _strike(instrument: Instrument) -> str:
    return price(instrument.strike) if instrument.strike else "0"


def _escaped(name: str) -> str:
    r"""Return *name* in ASCII with \uXXXX escapes, as gateways have sent long names since version 153."""
    return "".join(letter if letter.isascii() else f"\\u{ord(letter):04x}" for letter in name)


def symbol_samples(req_id: int, found: Sequence[Instrument]) -> Fields:
    """79: what a pattern may mean."""
    rows: list[Field] = []
    for one in found:
        rows += [
            one.con_id, one.symbol, one.sec_type, one.primary_exchange or one.exchange, one.currency,
            len(one.derivatives), *one.derivatives, one.long_name, "",
        ]  # fmt: skip
    return (79, req_id, len(found), *rows)


def option_parameters(req_id: int, exchange: str, options: Sequence[Instrument]) -> Fields:
    """75: expirations and strikes of the options on one underlying at one exchange."""
    expiries = sorted({one.expiry for one in options})
    strikes = sorted({one.strike for one in options})
    first = options[0]
    return (
        75, req_id, exchange, first.under_con_id, first.trading_class, first.multiplier,
        len(expiries), *expiries, len(strikes), *(price(strike) for strike in strikes),
    )  # fmt: skip


def historical_data(req_id: int, start: str, end: str, rows: Sequence[Fields]) -> Fields:
    """17: all bars of an answer in one message."""
    return (17, req_id, start, end, len(rows), *(value for row in rows for value in row))


def bar_row(bar: Bar, when: str, *, traded: bool) -> Fields:
    """Return the eight fields of one bar; without trades, volume, average and count are -1."""
    ends: Fields = (bar.volume, price(bar.average), bar.count) if traded else (-1, "-1", -1)
    return (when, price(bar.open), price(bar.high), price(bar.low), price(bar.close), *ends)


def historical_update(req_id: int, bar: Bar, when: str, *, traded: bool) -> Fields:
    """90: the current bar of a request that is kept up to date; close comes before high and low."""
    count, average, volume = (bar.count, price(bar.average), bar.volume) if traded else (-1, "-1", -1)
    return (
        90, req_id, count, when, price(bar.open), price(bar.close), price(bar.high), price(bar.low), average, volume,
    )  # fmt: skip


def real_time_bar(req_id: int, bar: Bar, *, traded: bool) -> Fields:
    """50: a five-second bar."""
    ends: Fields = (bar.volume, price(bar.average), bar.count) if traded else (-1, "-1", -1)
    return (50, 3, req_id, bar.start, price(bar.open), price(bar.high), price(bar.low), price(bar.close), *ends)


def scanner_data(req_id: int, books: Sequence[Book]) -> Fields:
    """20: the complete list of a scan, best first."""
    rows: list[Field] = []
    for rank, book in enumerate(books):
        one = book.instrument
        rows += [
            rank, one.con_id, one.symbol, one.sec_type, one.expiry, _strike(one),
            one.right, one.exchange, one.currency, one.local_symbol, one.trading_class, one.trading_class,
            "", "", "", "",
        ]  # fmt: skip
    return (20, 3, req_id, len(books), *rows)


def account_value(key: str, value: str, currency: str, account: str) -> Fields:
    """6: one value of an account."""
    return (6, 2, key, value, currency, account)


def portfolio_value(account: Account, position: Position) -> Fields:
    """7: a position with its price and profit; the eighth slot is the primary exchange, as real frames have it."""
    one = position.instrument
    held = bool(position.quantity)
    return (
        7, 8, one.con_id, one.symbol, one.sec_type, one.expiry, _strike(one),
        one.right or "0", one.multiplier, one.primary_exchange or one.exchange, one.currency, one.local_symbol,
        one.trading_class, position.quantity, price(account.price_of(position)),
        f"{account.value_of(position):.2f}", f"{position.average_cost:.8f}",
        f"{account.unrealized(position) if held else 0.0:.2f}", f"{position.realized:.2f}", account.name,
    )  # fmt: skip


def position_row(account: str, position: Position) -> Fields:
    """61: a position; currencies and futures come without exchange."""
    exchange = position.instrument.primary_exchange if position.instrument.sec_type == "STK" else ""
    return (61, 3, account, *contract(position.instrument, exchange), position.quantity, f"{position.average_cost:.8f}")


def profit(req_id: int, account: Account, *, unset: bool = False) -> Fields:
    """94: daily, unrealized and realized profit of an account."""
    daily, unrealized, realized = account.profit()
    return (94, req_id, UNSET_DOUBLE if unset else f"{daily:.2f}", f"{unrealized:.2f}", f"{realized:.2f}")


def profit_single(req_id: int, account: Account, position: Position, *, unset: bool = False) -> Fields:
    """95: profit of one position."""
    return (
        95, req_id, position.quantity, UNSET_DOUBLE if unset else f"{account.daily(position):.2f}",
        f"{account.unrealized(position):.2f}", f"{position.realized:.2f}", f"{account.value_of(position):.2f}",
    )  # fmt: skip


def news_bulletin(one: Bulletin) -> Fields:
    """14: a message of IB itself."""
    return (14, 1, one.number, one.kind, one.text, one.exchange)


def historical_news(req_id: int, at: float, provider: str, article_id: str, headline: str) -> Fields:
    """86: one headline of the past, its time in UTC."""
    return (86, req_id, f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}.0", provider, article_id, headline)


def tick_news(req_id: int, at: float, provider: str, article_id: str, headline: str, extra: str) -> Fields:
    """84: a headline of now; the time is in milliseconds."""
    return (84, req_id, int(at * 1000), provider, article_id, headline, extra)


def tick_by_tick_last(req_id: int, kind: int, at: float, value: float, size: float, exchange: str) -> Fields:
    """99: a trade (*kind* 1 Last, 2 AllLast)."""
    return (99, req_id, kind, int(at), price(value), size, 0, exchange, "")


def tick_by_tick_quote(req_id: int, at: float, book: Book) -> Fields:
    """99: a quote (BidAsk)."""
    return (99, req_id, 3, int(at), price(book.bid), price(book.ask), book.bid_size, book.ask_size, 0)


def tick_by_tick_middle(req_id: int, at: float, value: float) -> Fields:
    """99: a midpoint."""
    return (99, req_id, 4, int(at), price(value))
