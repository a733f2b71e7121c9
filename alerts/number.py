"""
Numbers, durations and sizes as typed, each read by the rules of the slot it stands in (PRODUCT A1, "Numbers").

* Misread           the text is no number for this slot
"""

import re
from datetime import timedelta

from alerts.wording import MOST_ROWS, number_text
from market.quote import BarSize

LONGEST_COOLDOWN = timedelta(days=366)
LONGEST_STUDY = 500
LARGEST = 1e12

_PLAIN = re.compile(r"\d+\.?\d*|\.\d+")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_SCALES = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "mo": 2_592_000, "y": 31_536_000}


class Misread(ValueError):
    """The text does not fit its slot: *expected* says what would, *readings* how it might have been meant."""

    def __init__(self, expected: str, readings: tuple[str, ...] = ()) -> None:
        super().__init__(expected)
        self.expected = expected
        self.readings = readings


def price(text: str) -> float:
    """
    Read a price: `200`, `199.5`, `$5`, `1,234.5`, `-3.2`.

    Raises Misread; a comma that reads two ways (`199,5`, `199,500`) gives both readings.
    """
    sign, digits = _unsigned(text)
    if _PLAIN.fullmatch(digits):
        return sign * _bounded(float(digits))
    if _GROUPED.fullmatch(digits) and ("." in digits or digits.count(",") > 1):
        return sign * _bounded(float(digits.replace(",", "")))
    if digits[-1:].lower() in {"k", "m", "b"} and _PLAIN.fullmatch(digits[:-1]):
        full = number_text(float(digits[:-1]) * _SCALES[digits[-1].lower()])
        raise Misread(f"a price written in full, like {full}", (full,))
    if digits.endswith("%"):
        raise Misread("a price, without %")
    raise _two_ways(digits, "a price", "-" if sign < 0 else "") or Misread("a price, like 199.5")


def amount(text: str) -> int:
    """Read a quantity: `100000`, `100,000`, `1M`, `2.5k`. Raises Misread, with both readings of `1,5M`."""
    scale = text[-1:].lower() if text[-1:].lower() in _SCALES else ""
    digits = text[: len(text) - len(scale)]
    if not (_PLAIN.fullmatch(digits) or _GROUPED.fullmatch(digits)):
        raise _two_ways(digits, "an amount", "", scale) or Misread("an amount, like 500000, 500k or 1M")
    value = _bounded(float(digits.replace(",", "")) * _SCALES[scale])
    if value != int(value):
        raise Misread("a whole number, like 500000")
    return int(value)


def duration(text: str) -> timedelta:
    """Read a duration: `30s 15m 2h 3d 1w 6mo 1y` (a month is 30 days, a year 365). Raises Misread."""
    match = re.fullmatch(r"(\d+)\s*([a-z]+)", text.lower())
    seconds = _SECONDS.get(match[2]) if match else None
    if match is None or seconds is None:
        raise Misread("a time span, like 30s, 15m, 2h or 3d")
    # Bounded before it is multiplied: a timedelta of more than 999,999,999 days cannot be made.
    if len(match[1]) > 10 or not 1 <= int(match[1]) * seconds <= LONGEST_COOLDOWN.total_seconds():  # noqa: PLR2004
        raise Misread("a time span from 1s to 366d")
    return timedelta(seconds=int(match[1]) * seconds)


def bar_size(text: str) -> BarSize:
    """Read one of IBKR's bar sizes that are offered. Raises Misread."""
    try:
        return BarSize(re.sub(r"\s+", "", text).lower())
    except ValueError:
        raise Misread("a bar size: " + ", ".join(BarSize)) from None


def study_length(name: str, text: str) -> int:
    """Read how many bars the indicator *name* looks at: 1 (rsi: 2) to 500. Raises Misread."""
    # RSI compares a bar with the one before.
    least = 2 if name == "rsi" else 1
    return _counted(text, least, LONGEST_STUDY, "a number of bars")


def row_count(text: str) -> int:
    """Read how many rows of a scan count: 1 to 50 (IBKR sends no more). Raises Misread."""
    return _counted(text, 1, MOST_ROWS, "a number of rows")


def _counted(text: str, least: int, most: int, what: str) -> int:
    # int() refuses absurdly long digits by itself, but not fast; nobody needs more than six.
    if len(text) > 6 or not least <= int(text) <= most:  # noqa: PLR2004
        raise Misread(f"{what} from {least} to {most}")
    return int(text)


def _unsigned(text: str) -> tuple[int, str]:
    sign = 1
    for mark in text[:3]:
        if mark == "-":
            sign = -sign
        elif mark not in {"+", "$"}:
            break
    return sign, text.lstrip("+-$")


def _bounded(value: float) -> float:
    if value >= LARGEST:
        raise Misread("a number below 1,000,000,000,000")
    return value


def _two_ways(digits: str, what: str, sign: str, scale: str = "") -> Misread | None:
    """Return the refusal of one comma that may be a decimal comma or a thousands separator, or None."""
    if not re.fullmatch(r"\d+,\d+", digits):
        return None
    as_point, as_thousands = sign + digits.replace(",", ".") + scale, sign + digits.replace(",", "") + scale
    return Misread(f"{what} without a comma: {as_point} or {as_thousands}?", (as_point, as_thousands))
