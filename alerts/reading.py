"""
What each phrase of the grammar means: lark calls one method of `Reader` per rule of `grammar.lark`.

* Contradiction      the grammar took a word that makes no sense where it stands
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from lark import Token, Transformer

from alerts import number
from alerts.condition import (
    Both,
    Comparison,
    Condition,
    Crossing,
    Direction,
    Either,
    NewsMatch,
    Op,
    Options,
    Repeat,
    ScanEntry,
)
from alerts.operand import Indicator, Number, Operand, Price, PriceField
from alerts.wording import MOST_ROWS
from market.scan import ScanSpec

_T = TypeVar("_T")
_OPS = {">": Op.GT, ">=": Op.GE, "≥": Op.GE, "<": Op.LT, "<=": Op.LE, "≤": Op.LE}
_UP = ("above", "over", "up")
_CLIMBING = ("rises", "climbs", "jumps")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class Contradiction(Exception):
    """*token* cannot stand there; *expected* says what could, *readings* what may have been meant by it."""

    def __init__(self, token: Token, expected: str, readings: tuple[str, ...] = ()) -> None:
        super().__init__(token, expected)
        self.token = token
        self.expected = expected
        self.readings = readings


class Reader(Transformer[Token, object]):
    """
    Builds conditions from the bottom up; holds no state, so one serves every line.

    A bare study's symbol stays empty here: only the whole line tells it.
    """

    def start(self, children: list[object]) -> tuple[object, Options]:
        """Return the condition and the options."""
        return children[0], _options([child for child in children[1:] if isinstance(child, tuple)])

    def either(self, children: list[Condition]) -> Either:
        """Join by `or`; an `or` within an `or` is one."""
        parts = [p for child in children for p in (child.parts if isinstance(child, Either) else (child,))]
        return Either(tuple(parts))

    def both(self, children: list[Condition]) -> Both:
        """Join by `and`; an `and` within an `and` is one."""
        parts = [p for child in children for p in (child.parts if isinstance(child, Both) else (child,))]
        return Both(tuple(parts))

    def comparison(self, children: list[object]) -> Comparison:
        """Read `left op right`, the op as a sign or as a word."""
        left, op, right = children
        return Comparison(_operand(left), _op(str(op)), _operand(right))

    def crossing(self, children: list[object]) -> Crossing:
        """Read `left crosses [above] right` and `left hits right`."""
        direction = Direction.EITHER
        if len(children) == 3:  # noqa: PLR2004  left, direction, right
            direction = Direction.ABOVE if str(children[1]).lower() in _UP else Direction.BELOW
        return Crossing(_operand(children[0]), direction, _operand(children[-1]))

    def price(self, children: list[Token]) -> Price:
        """Read `AAPL` and `AAPL bid`."""
        field = PriceField(children[1].lower()) if len(children) > 1 else PriceField.LAST
        return Price(_symbol(children[0]), field)

    def number(self, children: list[Token]) -> Number:
        """Read the number a value is compared with."""
        return Number(_read(number.price, children[0]))

    def function(self, children: list[Token]) -> Indicator:
        """Read `sma(50, 1d)`, of no symbol yet."""
        name = children[0].lower()
        length = _read(lambda text: number.study_length(name, text), children[1])
        return Indicator("", name, length, _read(number.bar_size, children[2]))

    def bare_study(self, children: list[Indicator]) -> Indicator:
        """Read a study of the symbol spoken of before."""
        return children[0]

    def study_of(self, children: list[object]) -> Indicator:
        """Read `sma(50, 1d) of AAPL`."""
        return _study(children[0], children[1])

    def study_on(self, children: list[object]) -> Indicator:
        """Read `AAPL sma(50, 1d)`."""
        return _study(children[1], children[0])

    def subject(self, children: list[Token]) -> str:
        """Read whom the news are about."""
        return _symbol(children[0])

    def any_subject(self, _children: list[Token]) -> str:
        """Read `*`: news about anyone."""
        return "*"

    def news(self, children: list[object]) -> NewsMatch:
        """Read `news AAPL "guidance" or "outlook"`."""
        return NewsMatch(str(children[0]), tuple(_phrase(token) for token in children[1:] if isinstance(token, Token)))

    def scan_price(self, children: list[Token]) -> tuple[str, float, Token]:
        """Read `price > 5` and `price < 50`."""
        which = "above_price" if _op(children[0]) in {Op.GT, Op.GE} else "below_price"
        return which, _read(number.price, children[1]), children[0]

    def scan_volume(self, children: list[Token]) -> tuple[str, int, Token]:
        """Read `volume > 1M`; IBKR's scans know no upper bound."""
        if _op(children[0]) not in {Op.GT, Op.GE}:
            raise Contradiction(children[0], "`>`: a scan's volume has a lower bound only", (">",))
        return "above_volume", _read(number.amount, children[1]), children[0]

    def scan_top(self, children: list[Token]) -> tuple[str, int, Token]:
        """Read `top 10`."""
        return "rows", _read(number.row_count, children[0]), children[0]

    def scan(self, children: list[object]) -> ScanEntry:
        """Read `scan TOP_PERC_GAIN price > 5 volume > 1M top 10`."""
        spec: dict[str, object] = {}
        for child in children[1:]:
            if isinstance(child, tuple):
                key, value, token = child
                if key in spec:
                    raise Contradiction(token, "each bound only once")
                spec[key] = value
        return ScanEntry(_scan_spec(str(children[0]).upper(), spec))

    def plain(self, children: list[Token]) -> tuple[str, object, Token]:
        """Read `once`, `every`, `silent`, `critical`."""
        return children[0].lower(), True, children[0]

    def cooldown(self, children: list[Token]) -> tuple[str, object, Token]:
        """Read `cooldown 30m`."""
        return "cooldown", _read(number.duration, children[1]), children[0]

    def note(self, children: list[Token]) -> tuple[str, object, Token]:
        """Read `note "call Bob"`."""
        return "note", _unquoted(children[1]), children[0]


def _scan_spec(code: str, given: dict[str, object]) -> ScanSpec:
    above, below = given.get("above_price"), given.get("below_price")
    volume, rows = given.get("above_volume"), given.get("rows", MOST_ROWS)
    return ScanSpec(
        code,
        rows=rows if isinstance(rows, int) else MOST_ROWS,
        above_price=above if isinstance(above, float) else None,
        below_price=below if isinstance(below, float) else None,
        above_volume=volume if isinstance(volume, int) else None,
    )


def _options(found: list[tuple[str, object, Token]]) -> Options:
    """Return the options; each may stand once, and some exclude each other."""
    given: dict[str, object] = {}
    for word, value, token in found:
        other = {"once": "every", "every": "once", "silent": "critical", "critical": "silent"}.get(word)
        if word in given:
            raise Contradiction(token, f"`{word}` only once")
        if other in given:
            raise Contradiction(token, f"either `{other}` or `{word}`")
        if {"once", "cooldown"} <= {word, *given}:
            raise Contradiction(token, "either `once` or `every` with `cooldown`")
        given[word] = value
    cooldown, note = given.get("cooldown"), given.get("note", "")
    return Options(
        repeat=Repeat.ONCE if "once" in given else Repeat.EVERY if "every" in given else None,
        cooldown=cooldown if isinstance(cooldown, timedelta) else None,
        note=str(note),
        silent="silent" in given,
        critical="critical" in given,
    )


def _op(text: str) -> Op:
    words = text.lower().split()
    if words[0] in _OPS:
        return _OPS[words[0]]
    if words[-1] == "to":
        return Op.GE if words[0] in _CLIMBING else Op.LE
    return Op.GT if words[-1] in _UP else Op.LT


def _operand(child: object) -> Operand:
    if isinstance(child, Number | Price | Indicator):
        return child
    raise TypeError(child)


def _study(study: object, symbol: object) -> Indicator:
    if isinstance(study, Indicator) and isinstance(symbol, Token):
        return Indicator(_symbol(symbol), study.name, study.length, study.bar)
    raise TypeError(study)


def _symbol(token: Token) -> str:
    return " ".join(token.removeprefix("$").upper().split())


def _phrase(token: Token) -> str:
    text = _unquoted(token)
    if not re.search(r"\w", text):
        raise Contradiction(token, "a word or phrase in quotes")
    return text


def _unquoted(token: Token) -> str:
    return _ESCAPE.sub(r"\1", token[1:-1])


def _read(reader: Callable[[str], _T], token: Token) -> _T:
    try:
        return reader(str(token))
    except number.Misread as error:
        raise Contradiction(token, error.expected, error.readings) from None
