"""What the words of a scan's line mean."""

import re
from contextlib import suppress
from decimal import Decimal

from lark import Token

from alerts import number
from alerts.condition import EVERY_CHANGE, USUAL_JUMP, ScanChange, ScanEntry
from alerts.scan_filters import BOUNDS, FIELDS, Bound, exact_code, universe_of
from alerts.spelling import number_text
from alerts.terminal import Contradiction, read
from market.scan import MOST_ROWS, ScanSpec

_Given = tuple[str, object, Token]

_WORDS = {bound.word: bound for bound in BOUNDS}
_FILTER = "filter "
_US = "STK.US.MAJOR"


class ScanReader:
    """The part of `alerts.reading.Reader` that reads scans."""

    def scan_place(self, children: list[Token]) -> _Given:
        """Read `on STK.NASDAQ`."""
        return "location", children[0].upper(), children[0]

    def scan_price(self, children: list[Token]) -> _Given:
        """Read `price > 5`."""
        return f"{_side(children[0])}_price", read(number.price, children[1]), children[0]

    def scan_volume(self, children: list[Token]) -> _Given:
        """Read `volume > 1M`; IBKR's scans know no upper bound."""
        if _side(children[0]) == "below":
            raise Contradiction(children[0], "`>`: a scan's volume has a lower bound only", (">",))
        return "above_volume", read(number.amount, children[1]), children[0]

    def scan_bound(self, children: list[Token]) -> _Given:
        """Read `marketcap > 1b`, `avgvolume > 500k` and `change > 3%`."""
        word, op, size = children
        bound = _WORDS[re.sub(r"\s+", "", word.lower()).replace("average", "avg")]
        value = read(number.percent, size) if bound.is_percent else read(number.amount, size)
        code = bound.above if _side(op) == "above" else bound.below
        return _FILTER + code, _scaled(bound, value), op

    def scan_where(self, children: list[Token]) -> _Given:
        """Read `where optVolumeAbove = 1000`: any of IBKR's filters, by its code."""
        code, value = children
        key = FIELDS.get(code.lower())
        if key is None:
            if re.search("[;=]", value):
                # IBKR takes the filters as one text, `code=value;code=value;`: another filter would hide in this one.
                raise Contradiction(value, "one value, without `;` and `=`")
            return _FILTER + exact_code(str(code)), _plain(value), code
        return key, read(number.amount if key == "above_volume" else number.price, value), code

    def scan_top(self, children: list[Token]) -> _Given:
        """Read `top 10`."""
        return "rows", read(number.row_count, children[0]), children[0]

    def change(self, children: list[Token]) -> tuple[ScanChange, int | None, Token]:
        """Read `new`, `dropped` and `jumps 3`."""
        word = children[0]
        kind = next(one for one in ScanChange if one == word.lower())
        jump = read(number.row_count, children[1]) if len(children) > 1 else None
        if jump is not None and kind is not ScanChange.JUMPED:
            raise Contradiction(children[1], "the end of the line: only `jumps` takes a number")
        return kind, jump, word

    def scan_only(self, children: list[tuple[ScanChange, int | None, Token]]) -> _Given:
        """Read `only new, dropped, jumps 3`."""
        kinds = [kind for kind, _, _ in children]
        for number_, (kind, _, token) in enumerate(children):
            if kind in kinds[:number_]:
                raise Contradiction(token, "each change only once")
        jump = next((jump for _, jump, _ in children if jump is not None), USUAL_JUMP)
        return "only", (tuple(kind for kind in EVERY_CHANGE if kind in kinds), jump), children[0][2]

    def scan(self, children: list[object]) -> ScanEntry:
        """Read `scan TOP_PERC_GAIN on STK.NASDAQ price > 5 marketcap > 1b top 10 only new`."""
        given: dict[str, object] = {}
        for child in children[1:]:
            if isinstance(child, tuple):
                key, value, token = child
                if key in given:
                    raise Contradiction(token, "each bound only once")
                given[key] = value
        return _entry(str(children[0]).upper(), given)


def _entry(code: str, given: dict[str, object]) -> ScanEntry:
    above, below = given.get("above_price"), given.get("below_price")
    volume, rows = given.get("above_volume"), given.get("rows")
    location = str(given.get("location", _US))
    filters = {key.removeprefix(_FILTER): str(value) for key, value in given.items() if key.startswith(_FILTER)}
    spec = ScanSpec(
        code,
        universe_of(location),
        location,
        rows if isinstance(rows, int) else MOST_ROWS,
        above if isinstance(above, float) else None,
        below if isinstance(below, float) else None,
        volume if isinstance(volume, int) else None,
        tuple(sorted(filters.items())),
    )
    match given.get("only"):
        case (tuple() as changes, int() as jump):
            return ScanEntry(spec, changes, jump)
        case _:
            return ScanEntry(spec)


def _side(op: Token) -> str:
    text = op.lower()
    return "above" if text[0] in ">≥" or re.search(r"above|over|more|greater|higher", text) else "below"


def _scaled(bound: Bound, value: float) -> str:
    return number_text(float(Decimal(repr(value)) / bound.scale))


def _plain(token: Token) -> str:
    """Return a filter's value in full where it is an amount (`500k`), else as it stands."""
    with suppress(number.Misread):
        return number_text(float(number.amount(str(token))))
    return str(token)
