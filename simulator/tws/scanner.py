"""The market scanner: ranks from the simulated prices, overridden by command, and its parameters."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from simulator.tws.book import Book
from simulator.tws.requests import Request

MOST_ROWS = 50
# About the size of the document that a real gateway sends.
_REAL_SIZE = 1_700_000

_RANKS: dict[str, Callable[[Book], float]] = {
    "TOP_PERC_GAIN": lambda book: book.change_pct,
    "TOP_PERC_LOSE": lambda book: -book.change_pct,
    "MOST_ACTIVE": lambda book: book.volume,
    "MOST_ACTIVE_USD": lambda book: book.value,
    "HOT_BY_VOLUME": lambda book: book.volume / max(book.instrument.daily_volume, 1.0),
    "HOT_BY_PRICE": lambda book: abs(book.change_pct),
    "TOP_TRADE_COUNT": lambda book: book.count,
    "TOP_VOLUME_RATE": lambda book: book.volume / max(book.instrument.daily_volume, 1.0),
    "TOP_OPEN_PERC_GAIN": lambda book: book.last / book.open if book.open else 0.0,
    "TOP_OPEN_PERC_LOSE": lambda book: -book.last / book.open if book.open else 0.0,
    "HIGH_OPEN_GAP": lambda book: book.open / book.previous_close,
    "LOW_OPEN_GAP": lambda book: -book.open / book.previous_close,
    "TOP_PRICE_RANGE": lambda book: (book.high - book.low) / book.last,
    "HOT_BY_PRICE_RANGE": lambda book: (book.high - book.low) / book.last,
    "HIGH_OPT_IMP_VOLAT": lambda book: book.instrument.volatility,
    "LOW_OPT_IMP_VOLAT": lambda book: -book.instrument.volatility,
}
_INSTRUMENTS = {"STK": {"STK"}, "ETF.EQ.US": {"STK"}, "FUT.US": {"FUT"}, "IND.US": {"IND"}, "STOCK.EU": {"STK"}}


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scanner subscription asks for; price and volume bounds are None where there are none."""

    code: str
    instrument: str
    rows: int
    above_price: float | None
    below_price: float | None
    above_volume: float | None

    @classmethod
    def of(cls, request: Request) -> "Scan":
        """Return the scan in *request*; raises MalformedRequest."""
        bounds = [
            request.number(name) if request.text(name) else None for name in ("abovePrice", "belowPrice", "aboveVolume")
        ]
        # Filters of newer kinds come as "priceAbove=5;..." beside the old fields.
        options = dict(part.split("=", 1) for part in request.text("filterOptions").split(";") if "=" in part)
        for number, name in enumerate(("priceAbove", "priceBelow", "volumeAbove")):
            if options.get(name, "").replace(".", "", 1).isdigit():
                bounds[number] = float(options[name])
        rows = request.whole("rows", -1)
        wanted = MOST_ROWS if rows <= 0 else min(rows, MOST_ROWS)
        return cls(request.text("scanCode"), request.text("instrument"), wanted, *bounds)

    @property
    def is_known(self) -> bool:
        """Whether the exchange can run it."""
        return self.code in _RANKS and self.instrument in _INSTRUMENTS


def ranked(scan: Scan, books: Iterable[Book], on_top: list[str]) -> list[Book]:
    """Return the books that *scan* finds, best first; those named *on_top* come first in that order."""
    found = [book for book in books if _fits(scan, book)]
    found.sort(key=_RANKS[scan.code], reverse=True)
    place = {key: number for number, key in enumerate(on_top)}
    found.sort(key=lambda book: place.get(book.instrument.key, len(place)))
    return found[: scan.rows]


def _fits(scan: Scan, book: Book) -> bool:
    one = book.instrument
    if one.sec_type not in _INSTRUMENTS[scan.instrument]:
        return False
    european = one.currency != "USD"
    if european != (scan.instrument == "STOCK.EU") or (scan.instrument == "ETF.EQ.US" and one.stock_type != "ETF"):
        return False
    return (
        (scan.above_price is None or book.last >= scan.above_price)
        and (scan.below_price is None or book.last <= scan.below_price)
        and (scan.above_volume is None or book.volume >= scan.above_volume)
    )


@cache
def parameters() -> str:
    """Return the XML of all scans, instruments, locations and filters, as large as the real one."""
    kinds = "".join(
        f"<Instrument><name>{name}</name><type>{name}</type><secType>STK</secType></Instrument>"
        for name in _INSTRUMENTS
    )
    places = "".join(
        f"<Location><displayName>{code}</displayName><locationCode>{code}</locationCode>"
        "<access>unrestricted</access></Location>"
        for code in ("STK.US.MAJOR", "STK.US", "STK.NASDAQ", "STK.NYSE", "STK.EU", "FUT.US", "IND.US")
    )
    scans = "".join(
        f"<ScanType><displayName>{code.replace('_', ' ').title()}</displayName><scanCode>{code}</scanCode>"
        f"<instruments>{','.join(_INSTRUMENTS)}</instruments></ScanType>"
        for code in _RANKS
    )
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ScanParameterResponse>'
        f'<InstrumentList varName="instrumentList">{kinds}</InstrumentList>'
        f'<LocationTree varName="locationTree">{places}</LocationTree>'
        f'<ScanTypeList varName="scanTypeList">{scans}</ScanTypeList><FilterList varName="filterList">'
    )
    count = (_REAL_SIZE - len(head)) // len(_filter(10_000))
    return head + "".join(_filter(number) for number in range(count)) + "</FilterList></ScanParameterResponse>"


def _filter(number: int) -> str:
    name = ("price", "volume", "marketCap", "changePerc")[number % 4] if number < 4 else f"field{number:05d}"  # noqa: PLR2004 - the four named ones
    return (
        f"<RangeFilter><id>{name.upper()}</id><category>General</category><histogram>yes</histogram>"
        f'<AbstractField type="scanner.filter.DoubleField" varName="{name}Above"><code>{name}Above</code>'
        f"<displayName>{name} above</displayName></AbstractField></RangeFilter>"
    )
