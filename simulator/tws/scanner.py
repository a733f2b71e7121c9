"""
The market scanner: ranks from the simulated prices, overridden by command.

What a scan refuses is worded as in public logs; that a filter code is unknown says nobody, so that text is unverified.
Figures of companies that the simulated market does not have (ratios, holdings) are invented, always the same ones.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from zlib import crc32

from simulator.tws.book import Book
from simulator.tws.requests import Request
from simulator.tws.scan_codes import BY_FIELD, CODES
from simulator.tws.scan_places import BY_CODE, Place

MOST_ROWS = 50
_BILLION = 1_000_000_000


def _market_cap(book: Book) -> float | None:
    """Millions; so many days' volume is what is issued: 60 to 300, always the same for a share."""
    one = book.instrument
    if one.sec_type != "STK" or one.stock_type == "ETF":
        return None
    return book.last * one.daily_volume * (60 + crc32(one.key.encode()) % 241) / 1e6


def _order(book: Book) -> float:
    """Return a number that grows with the alphabet."""
    return float(int.from_bytes(book.instrument.symbol.encode()[:6].ljust(6, b"\0")))


_RANKS: dict[str, Callable[[Book], float]] = {
    "TOP_PERC_GAIN": lambda book: book.change_pct,
    "TOP_PERC_LOSE": lambda book: -book.change_pct,
    "MOST_ACTIVE": lambda book: book.volume,
    "MOST_ACTIVE_USD": lambda book: book.value,
    "MOST_ACTIVE_AVG_USD": lambda book: book.instrument.daily_volume * book.last,
    "HOT_BY_VOLUME": lambda book: book.volume / max(book.instrument.daily_volume, 1.0),
    "HOT_BY_PRICE": lambda book: abs(book.change_pct),
    "TOP_TRADE_COUNT": lambda book: book.count,
    "TOP_TRADE_RATE": lambda book: book.count,
    "TOP_VOLUME_RATE": lambda book: book.volume / max(book.instrument.daily_volume, 1.0),
    "TOP_OPEN_PERC_GAIN": lambda book: book.last / book.open if book.open else 0.0,
    "TOP_OPEN_PERC_LOSE": lambda book: -book.last / book.open if book.open else 0.0,
    "HIGH_OPEN_GAP": lambda book: book.open / book.previous_close,
    "LOW_OPEN_GAP": lambda book: -book.open / book.previous_close,
    "TOP_PRICE_RANGE": lambda book: (book.high - book.low) / book.last,
    "HOT_BY_PRICE_RANGE": lambda book: (book.high - book.low) / book.last,
    "HIGH_OPT_IMP_VOLAT": lambda book: book.instrument.volatility,
    "LOW_OPT_IMP_VOLAT": lambda book: -book.instrument.volatility,
    "ALL_SYMBOLS_ASC": lambda book: -_order(book),
    "ALL_SYMBOLS_DESC": _order,
}
# Nothing of the kind ever happens here.
_NEVER = frozenset({"HALTED", "NOT_OPEN", "LIMIT_UP_DOWN"})
# What a filter measures, by its code without Above and Below; None where the instrument has no such figure.
_FIGURES: dict[str, Callable[[Book], float | None]] = {
    "price": lambda book: book.last,
    "volume": lambda book: book.volume,
    "usdVolume": lambda book: book.value,
    "avgVolume": lambda book: book.instrument.daily_volume,
    "tradeCount": lambda book: book.count,
    "changePerc": lambda book: book.change_pct,
    "changeOpenPerc": lambda book: (book.last / book.open - 1) * 100 if book.open else None,
    "openGapPerc": lambda book: (book.open / book.previous_close - 1) * 100 if book.previous_close else None,
    "impVolat": lambda book: book.instrument.volatility,
    "marketCap1e6": _market_cap,
    "usdMarketCap1e6": _market_cap,
}
_FIELDS = {"abovePrice": "priceAbove", "belowPrice": "priceBelow", "aboveVolume": "volumeAbove"}
_ALL_KINDS = {"inc:ETF": True, "exc:ETF": False}


class ScanRefused(Exception):
    """TWS would not run the scan; *reason* is what it says."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scanner subscription asks for: *bounds* are filter codes with their values."""

    code: str
    instrument: str
    places: tuple[Place, ...]
    rows: int
    bounds: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request) -> "Scan":
        """Return the scan in *request*; raises MalformedRequest, ScanRefused."""
        code, instrument = request.text("scanCode"), request.text("instrument")
        if code not in CODES or instrument not in CODES[code].kinds:
            raise ScanRefused(f"Scanner type with code {code} is disabled")
        rows = request.whole("rows", -1)
        wanted = MOST_ROWS if rows <= 0 else min(rows, MOST_ROWS)
        return cls(code, instrument, _places(request.text("locationCode"), instrument), wanted, _bounds(request))


def _places(codes: str, instrument: str) -> tuple[Place, ...]:
    places = [BY_CODE.get(code) for code in codes.split(",")]
    found = tuple(place for place in places if place is not None and place.is_open and place.kind == instrument)
    if len(found) < len(places):
        raise ScanRefused("Market Scanner is not configured for one of the chosen locations.")
    return found


def _bounds(request: Request) -> dict[str, str]:
    # Filters of newer kinds come as "priceAbove=5;..." beside the old fields.
    bounds = dict(part.split("=", 1) for part in request.text("filterOptions").split(";") if "=" in part)
    for code, value in bounds.items():
        bound = BY_FIELD.get(code)
        if bound is None or (bound.type in {"Double", "Int"} and not _is_number(value)):
            raise ScanRefused(f"Scanner filter {code}={value} is not valid")
    for name, code in _FIELDS.items():
        if request.text(name):
            request.number(name)
            bounds[code] = request.text(name)
    return bounds


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def ranked(scan: Scan, books: Iterable[Book], on_top: list[str]) -> list[Book]:
    """Return the books that *scan* finds, best first; those named *on_top* come first in that order."""
    place = {key: number for number, key in enumerate(on_top)}
    found = [book for book in books if _fits(scan, book) and (scan.code not in _NEVER or book.instrument.key in place)]
    found.sort(key=_RANKS.get(scan.code, lambda book: _invented(scan.code, book)), reverse=True)
    found.sort(key=lambda book: place.get(book.instrument.key, len(place)))
    return found[: scan.rows]


def _fits(scan: Scan, book: Book) -> bool:
    return _is_there(scan, book) and all(_is_within(code, value, book) for code, value in scan.bounds.items())


def _is_there(scan: Scan, book: Book) -> bool:
    one = book.instrument
    sec_type = scan.instrument.partition(".")[0]
    if sec_type in {"STOCK", "ETF"}:
        sec_type = "STK"
    # ETFs come among the shares too.
    if one.sec_type != sec_type or (scan.instrument.startswith("ETF") and one.stock_type != "ETF"):
        return False
    listed = one.primary_exchange or one.exchange
    return any(listed in place.exchanges for place in scan.places)


def _is_within(code: str, value: str, book: Book) -> bool:
    if code == "stkTypes":
        return _ALL_KINDS.get(value) in {None, book.instrument.stock_type == "ETF"}
    million = "1e6" if code.endswith("1e6") else ""
    name = code.removesuffix("1e6")
    is_floor = name.endswith("Above")
    measure = _FIGURES.get(name.removesuffix("Above").removesuffix("Below") + million)
    if measure is None:
        # No figure of this market: it keeps nothing out.
        return True
    figure = measure(book)
    return figure is not None and (figure >= float(value) if is_floor else figure <= float(value))


def _invented(code: str, book: Book) -> float:
    return crc32(f"{code} {book.instrument.key}".encode()) / _BILLION
