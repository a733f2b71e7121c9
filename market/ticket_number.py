"""
The numbers of an order line. What can be read in two ways is refused with both readings, never guessed.

Thousands commas stand in groups of exactly three. `199,5` is refused, and so is `199,500` where a price belongs and
`1.000` where a quantity does.
"""

import re
from decimal import Decimal
from typing import NoReturn

from market.ticket_line import Line, Word

_PLAIN = re.compile(r"(?:[0-9]{1,13}(?:\.[0-9]{1,19})?|\.[0-9]{1,19})")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){1,3}(?:\.[0-9]{1,19})?")
# One to three digits, a dot, then groups of exactly three: a thousand in half of Europe.
_DOTTED = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_ONE_GROUP = re.compile(r"[0-9]{1,3},[0-9]{3}")
_COMMA = re.compile(r"[0-9]+(?:,[0-9]+)+(?:\.[0-9]+)?")
_MULTIPLES = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_MOST = 10**12
_SHARES = "a number of shares"


def plain(number: Decimal) -> str:
    """Return *number* without exponent, grouping or needless zeros: `1000`, `199.5`."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def certain(number: Decimal) -> str:
    """Return *number* as `plain` does, but `1.0150` for 1.015: so it can mean one thing only as a quantity too."""
    text = plain(number)
    return f"{text}0" if _DOTTED.fullmatch(text) else text


def is_plain(text: str) -> bool:
    """Return whether *text* is a number without sign, comma or multiple."""
    return _PLAIN.fullmatch(text) is not None


def read_quantity(line: Line, word: Word, expected: str = _SHARES) -> Decimal:
    """Return how many, or how much money after a `$`: `10`, `1,000`, `1.5k`, `2m`. Refuses what is none."""
    digits, multiple = word.digits.lower(), 1
    if _DOTTED.fullmatch(digits):
        _refuse_dot(line, word, expected)
    if digits[-1:] in _MULTIPLES:
        digits, multiple = digits[:-1], _MULTIPLES[digits[-1]]
    quantity = _read(line, word, digits, expected) * multiple
    if not 0 < quantity <= _MOST:
        line.refuse(word, f"{expected} above zero, and one that exists")
    return quantity


def read_percent(line: Line, word: Word, expected: str) -> Decimal:
    """Return a percentage above zero and of at most 100: `5%`. Refuses what is none."""
    percent = _read(line, word, word.text.removesuffix("%"), expected)
    if not 0 < percent <= 100:  # noqa: PLR2004  percent
        line.refuse(word, f"{expected}, above 0% and of at most 100%")
    return percent


def read_price(line: Line, word: Word | None, expected: str = "a price", *, below_zero: bool = False) -> Decimal:
    """Return a price, in full; zero and below only where *below_zero*. Refuses what is none, and the line's end."""
    if word is None:
        line.refuse(None, expected)
    digits = word.digits
    if _ONE_GROUP.fullmatch(digits):
        _refuse_comma(line, word, digits, expected)
    is_minus = digits.startswith("-")
    price = _read(line, word, digits.removeprefix("-"), expected)
    if not below_zero and (is_minus or not price):
        line.refuse(word, f"{expected} above zero")
    return -price if is_minus else price


def _read(line: Line, word: Word, digits: str, expected: str) -> Decimal:
    if not (_PLAIN.fullmatch(digits) or _GROUPED.fullmatch(digits)):
        if _COMMA.fullmatch(digits):
            _refuse_comma(line, word, digits, expected)
        # `199.5, tp 210`: a list's comma.
        line.refuse(word, expected, line.instead(word, word.text.rstrip(",;")))
    return Decimal(digits.replace(",", ""))


def _refuse_dot(line: Line, word: Word, expected: str) -> NoReturn:
    """Refuse `1.000` shares: one share to some, a thousand to others."""
    sign = "$" if word.text.startswith("$") else ""
    readings = [certain(Decimal(word.digits))] if word.digits.count(".") == 1 else []
    readings.append(word.digits.replace(".", ""))
    _refuse_readings(line, word, [f"{sign}{reading}" for reading in readings], expected)


def _refuse_comma(line: Line, word: Word, digits: str, expected: str) -> NoReturn:
    """Refuse *digits*, whose comma may mean thousands or a decimal point, with a line for each reading."""
    whole, _, part = digits.rpartition(",")
    readings = [digits.replace(",", "")]
    if "." not in digits and "," not in whole:
        readings.insert(0, plain(Decimal(f"{whole}.{part}")))
    before, _, after = word.text.partition(digits)
    _refuse_readings(line, word, [f"{before}{reading}{after}" for reading in readings], expected)


def _refuse_readings(line: Line, word: Word, readings: list[str], expected: str) -> NoReturn:
    shown = " or ".join(f"`{reading}`" for reading in readings)
    line.refuse(word, f"{expected}, written {shown}", line.instead(word, *readings))
