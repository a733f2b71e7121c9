"""
The symbol of an order line: one word, or a root with what follows it.

`ES 202612` is a future (six digits after a root are its month), `SPY 20261218 C600` an option and
`SPY 20261218 C600/C610` a vertical spread: the first leg is bought and the second sold by who buys it.
"""

import re
from datetime import date
from decimal import Decimal
from typing import NoReturn

from market.ticket_line import Line, Word
from market.ticket_number import plain

_SYMBOL = re.compile(
    r"\$?[A-Z][A-Z0-9]{0,29}(?:[.-][A-Z0-9]{1,9})*(?:@[A-Z][A-Z0-9]{0,11}(?:/[A-Z]{3})?)?"
    r"|[0-9][A-Z0-9]{0,11}@[A-Z][A-Z0-9]{0,11}(?:/[A-Z]{3})?"
    r"|#[0-9]{1,12}",
    re.IGNORECASE,
)
_MOST = 48
_ROOT = re.compile(r"[A-Z][A-Z0-9]{0,11}")
_OPTION_ROOT = re.compile(r"[A-Z][A-Z0-9]{0,11}(?:\.[A-Z])?")
_MONTH = re.compile(r"(20[0-9]{2}(?:0[1-9]|1[0-2]))(@[A-Z][A-Z0-9]{0,11})?", re.IGNORECASE)
_DAY = re.compile(r"(20[0-9]{6})(@[A-Z][A-Z0-9]{0,11})?", re.IGNORECASE)
_SHORT_DAY = re.compile(r"[0-9]{6}")
_OCC_REST = re.compile(r"[0-9]{6}[CP][0-9]{8}", re.IGNORECASE)
_NUMBER = r"([0-9]{1,7}(?:\.[0-9]{1,4})?)"
_STRIKE = re.compile(rf"(?:([CP]){_NUMBER}|{_NUMBER}([CP]))", re.IGNORECASE)
_BARE_STRIKE = re.compile(_NUMBER)
_SPREAD = re.compile(r"[0-9CP.]+/[0-9CP.]+", re.IGNORECASE)
_BELOW_ZERO = re.compile(r"#\d+|\S+ \d{6,8}(?:@\S+)?|\S+ \d{8} \S+/\S+")

_DAY_EXPECTED = "the option's last day and its strike, like `20261218 C600`"
_LEGS_EXPECTED = "two calls or two puts of different strikes, like `C600/C610`"
_OPTION_LINES = ("buy 10 SPY 20261218 C600 4.20", "buy 1 SPY 20261218 C600/C610 2.35")


def is_symbol(text: str) -> bool:
    """Return whether *text* can be a symbol of one word, whatever else it spells."""
    return len(text) <= _MOST and _SYMBOL.fullmatch(text) is not None


def may_be_below_zero(symbol: str) -> bool:
    """Return whether a price of zero or less is real for *symbol*: a future, a spread, or who knows which contract."""
    return _BELOW_ZERO.fullmatch(symbol) is not None


def reads_on(symbol: str, text: str) -> bool:
    """Return whether *text* after *symbol* would be read as a part of it: `202612` after `ES`."""
    return _ROOT.fullmatch(symbol) is not None and (_MONTH.fullmatch(text) is not None or _day(text) is not None)


def read_symbol(line: Line) -> str:
    """Take the symbol that is next, in upper case and with single blanks. Refuses what is none."""
    word = line.take()
    if word is None or not is_symbol(word.text):
        line.refuse(word, "a symbol")
    root = word.text.upper().removeprefix("$")
    following = line.peek()
    if following is None or not _OPTION_ROOT.fullmatch(root):
        return root
    if _OCC_REST.fullmatch(following.text):
        line.take()
        return f"{root} {following.text.upper()}"
    return _option(line, root, following) or _future(line, root, following) or root


def _option(line: Line, root: str, expiry: Word) -> str:
    """Take expiry and strike after *root*; "" where they are none."""
    if not expiry.text.isdecimal() or len(expiry.text) not in {6, 8}:
        return ""
    strikes, words = _strikes(line)
    if not strikes:
        return ""
    day = _day(expiry.text) or (_day(f"20{expiry.text}") if _SHORT_DAY.fullmatch(expiry.text) else None)
    if day is None:
        line.refuse(expiry, _DAY_EXPECTED, _OPTION_LINES)
    for _ in range(1 + words):
        line.take()
    return f"{root} {day} {strikes}"


def _strikes(line: Line) -> tuple[str, int]:
    """Return what follows the expiry as strikes and how many words it takes: `C600`, `600C`, `C 600`, `C600/C610`."""
    first, second = line.peek(1), line.peek(2)
    if first is None:
        return "", 0
    if "/" in first.text:
        return (_spread(line, first), 1) if _SPREAD.fullmatch(first.text) else ("", 0)
    if strike := _strike(first.text):
        return strike, 1
    strike = _strike(first.text + second.text) if second is not None else ""
    return (strike, 2) if strike else ("", 0)


def _spread(line: Line, word: Word) -> str:
    """Return the two strikes of a vertical spread; the second may leave out its letter."""
    left, _, right = word.text.partition("/")
    bought = _strike(left)
    sold = _strike(right)
    if bought and not sold and _BARE_STRIKE.fullmatch(right):
        sold = _strike(f"{bought[0]}{right}")
    if not bought or not sold or bought[0] != sold[0] or bought == sold:
        _refuse_spread(line, word)
    return f"{bought}/{sold}"


def _refuse_spread(line: Line, word: Word) -> NoReturn:
    line.refuse(word, _LEGS_EXPECTED, _OPTION_LINES[::-1])


def _strike(text: str) -> str:
    """Return `C600` for `C600.0`, `600c` and the like, "" for what is no strike."""
    match = _STRIKE.fullmatch(text)
    if match is None:
        return ""
    number = Decimal(match[2] or match[3])
    return f"{(match[1] or match[4]).upper()}{plain(number)}" if number else ""


def _future(line: Line, root: str, expiry: Word) -> str:
    """Take a future's month, or its last day, after *root*; "" where it is none."""
    match = _MONTH.fullmatch(expiry.text) or _DAY.fullmatch(expiry.text)
    if match is None or not _ROOT.fullmatch(root) or (len(match[1]) > 6 and _day(match[1]) is None):  # noqa: PLR2004  YYYYMM
        return ""
    line.take()
    return f"{root} {match[1]}{(match[2] or '').upper()}"


def _day(text: str) -> str | None:
    """Return *text* if it is a day: YYYYMMDD."""
    if not _DAY.fullmatch(text) or "@" in text:
        return None
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    return text
