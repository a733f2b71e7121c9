"""
Reads the scanner parameters document of a gateway (TWS API, reqScannerParameters).

IBKR publishes no schema. A document of a real gateway has about 1.7 MB: a root `ScanParameterResponse` with
`InstrumentList` (twice, the "full" one repeats and adds), a nested `LocationTree`, `ScanTypeList`, `FilterList` (twice)
and layouts, columns and defaults of TWS's own windows, which are of no use here. So whatever is missing is left empty,
whatever is unknown is passed over, and of what comes twice the first one counts, with the instruments of both.

The document comes from the network: one with a document type is refused, because only there can entities be declared
that expand to more than was sent (expat itself bounds only what has grown beyond 8 MB); so is one that is too large,
too deep or no such document at all. No external entity is ever fetched.
"""

from typing import TYPE_CHECKING
from xml.parsers import expat

from market.scan_catalogue import ScanCatalogue, ScanFilter, ScanLocation, ScanType, ScanUniverse

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = "ScanParameterResponse"
_MOST = 16_000_000
_DEEPEST = 100
_LONGEST = 200_000

_KINDS = {
    "DoubleField": "number",
    "IntField": "integer",
    "InvestmentAmountField": "number",
    "ConidField": "integer",
    "DateField": "date",
    "ComboField": "choice",
    "ComboField$ConvertedComboField": "choice",
    "BooleanField": "flag",
}
# Scans that this login may not run at all.
_DISABLED = "disabled"
# A name that stands for several kinds of instruments; no scan can be asked over it.
_GLOBAL = "Global"


class UnreadableParametersError(Exception):
    """The document cannot be read; *reason* says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ParameterReader:
    """
    Reads a document piece by piece, so that whoever feeds it decides how long it works at a time.

    `feed` and `catalogue` raise UnreadableParametersError.
    """

    def __init__(self) -> None:
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        parser.CharacterDataHandler = self._on_text
        parser.StartDoctypeDeclHandler = _refuse_doctype
        self._depth = 0
        # The innermost element whose children are read, and those around it: how deep it is, and what it says.
        self._open: list[tuple[int, dict[str, str]]] = []
        self._text: list[str] = []
        self._length = self._read = 0
        self._places: list[str] = []
        self._found = _Found()
        self._ends: dict[str, Callable[[dict[str, str]], None]] = {
            "Instrument": self._found.universe,
            "ScanType": self._found.scan,
            "AbstractField": self._found.field,
            "ComboValue": self._found.choice,
        }
        self._has_root = False

    def feed(self, piece: str) -> None:
        """Read on."""
        self._read += len(piece)
        if self._read > _MOST:
            raise UnreadableParametersError(f"more than {_MOST} characters")
        self._parse(piece, is_last=False)

    def catalogue(self) -> ScanCatalogue:
        """Return what was read, at the end of the document; one without scans or places is a gateway's that starts."""
        self._parse("", is_last=True)
        found = self._found.catalogue()
        if not found.types or not found.locations:
            raise UnreadableParametersError("it names no scans" if not found.types else "it names no places")
        return found

    def _parse(self, piece: str, *, is_last: bool) -> None:
        try:
            self._parser.Parse(piece, is_last)
        except expat.ExpatError as error:
            raise UnreadableParametersError(str(error)) from None

    def _on_start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._has_root:
            if name != _ROOT:
                raise UnreadableParametersError(f"<{name}> is no {_ROOT}")
            self._has_root = True
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableParametersError(f"more than {_DEEPEST} elements deep")
        self._text, self._length = [], 0
        if name == "LocationTree":
            self._descend()
        elif name in self._ends or name == "Location" or name.endswith("Filter"):
            self._open.append((self._depth, attributes))
            if name == "Location":
                self._places.append("")

    def _descend(self) -> None:
        """Take in the location whose inner ones follow: it comes before them."""
        if self._places and not self._places[-1]:
            self._places[-1] = self._found.place(self._open[-1][1], self._parent())

    def _parent(self) -> str:
        return next((code for code in reversed(self._places[:-1]) if code), "")

    def _on_text(self, text: str) -> None:
        if self._length < _LONGEST:
            self._text.append(text)
            self._length += len(text)

    def _on_end(self, name: str) -> None:
        depth, self._depth = self._depth, self._depth - 1
        said, self._text = "".join(self._text).strip(), []
        if self._open and self._open[-1][0] == depth:
            texts = self._open.pop()[1]
            if name == "Location":
                self._leave(texts)
            elif name in self._ends:
                self._ends[name](texts)
            else:
                self._found.belongs(texts)
        elif said and self._open and self._open[-1][0] == depth - 1:
            self._open[-1][1].setdefault(name, said)

    def _leave(self, texts: dict[str, str]) -> None:
        if not self._places[-1]:
            self._found.place(texts, self._parent())
        self._places.pop()


class _Found:
    """What the document said so far."""

    def __init__(self) -> None:
        self._scans: dict[str, ScanType] = {}
        self._universes: dict[str, ScanUniverse] = {}
        self._places: dict[str, ScanLocation] = {}
        self._filters: dict[str, ScanFilter] = {}
        self._fields: list[ScanFilter] = []
        self._choices: list[tuple[str, str]] = []

    def universe(self, texts: dict[str, str]) -> None:
        code = texts.get("type", "")
        if code and code != _GLOBAL:
            known = self._universes.get(code)
            filters = _codes(texts, "filters") | (known.filters if known else frozenset())
            name = known.name if known else texts.get("name") or texts.get("shortName") or code
            self._universes[code] = ScanUniverse(code, name, filters)

    def scan(self, texts: dict[str, str]) -> None:
        code = texts.get("scanCode", "")
        if not code or texts.get("access", "").startswith(_DISABLED):
            return
        known = self._scans.get(code)
        instruments = _codes(texts, "instruments") | (known.instruments if known else frozenset())
        name = known.name if known else _named(texts.get("displayName"), texts.get("searchName"), code)
        self._scans[code] = ScanType(code, name, instruments)

    def place(self, texts: dict[str, str], parent: str) -> str:
        code = texts.get("locationCode", "")
        if code and code not in self._places:
            name = _named(texts.get("displayName"), texts.get("tooltip"), code)
            self._places[code] = ScanLocation(code, name, _codes(texts, "instruments"), parent)
        return code

    def choice(self, texts: dict[str, str]) -> None:
        code = texts.get("code", "")
        if code:
            self._choices.append((code, _named(texts.get("displayName"), texts.get("tooltip"), code)))

    def field(self, texts: dict[str, str]) -> None:
        choices, self._choices = tuple(dict(self._choices).items()), []
        code = texts.get("code", "")
        if code:
            kind = _KINDS.get(texts.get("type", "").removeprefix("scanner.filter."), "text")
            name = _named(texts.get("displayName"), texts.get("tooltip"), code)
            self._fields.append(ScanFilter(code, name, kind, "", choices=choices))

    def belongs(self, texts: dict[str, str]) -> None:
        fields, self._fields = self._fields, []
        for one in fields:
            self._filters.setdefault(
                one.code,
                ScanFilter(
                    one.code, one.name, one.kind, texts.get("id", ""), texts.get("category", ""), choices=one.choices
                ),
            )

    def catalogue(self) -> ScanCatalogue:
        return ScanCatalogue(
            tuple(self._scans.values()),
            tuple(self._universes.values()),
            tuple(self._places.values()),
            tuple(self._filters.values()),
        )


def _codes(texts: dict[str, str], name: str) -> frozenset[str]:
    return frozenset(filter(None, (code.strip() for code in texts.get(name, "").split(","))))


def _named(*names: str | None) -> str:
    """Return the first name that is one: IBKR writes "None" too."""
    return next(name for name in names if name and name != "None")


def _refuse_doctype(*_declaration: object) -> None:
    raise UnreadableParametersError("it declares a document type")
