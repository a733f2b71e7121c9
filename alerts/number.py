"""
Numbers, durations and sizes as typed, each read by the rules of the slot it stands in (PRODUCT A1, "Numbers").

* Misread           the text is no number for this slot
"""

import re
from datetime import timedelta
from decimal import Decimal

from alerts.condition import Unit
from alerts.spelling import number_text
from market.quote import BarSize
from market.scan import MOST_ROWS

LONGEST = timedelta(days=366)
"""The longest time span of any slot."""

LONGEST_STUDY = 500
LARGEST = 1e12
LARGEST_PERCENT = 10_000

_PLAIN = re.compile(r"\d+\.?\d*|\.\d+")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_SCALES = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "mo": 2_592_000, "y": 31_536_000}
_UNIT_WORDS = {
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("week", "weeks"), "w"),
    **dict.fromkeys(("month", "months"), "mo"),
    **dict.fromkeys(("year", "years"), "y"),
}


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
    value = _scaled(text, "an amount", "500000, 500k or 1M")
    if value != int(value):
        raise Misread("a whole number, like 500000")
    return int(value)


def money(text: str) -> float:
    """Read an amount of money: `-500`, `$1,000`, `100k`, `-1.5m`. Raises Misread, with both readings of `1,5k`."""
    sign, digits = _unsigned(text)
    return sign * _scaled(digits, "an amount of money", "500, $1,000 or 100k", "-" if sign < 0 else "")


def percent(text: str) -> float:
    """Read a percentage, its sign may be missing: `20%`, `20`, `-5`. Raises Misread."""
    sign, digits = _unsigned(text)
    bare = digits.removesuffix("%").rstrip()
    if "$" in text or not _PLAIN.fullmatch(bare):
        raise _two_ways(bare, "a percentage", "-" if sign < 0 else "", "%") or Misread("a percentage, like 5%")
    if float(bare) > LARGEST_PERCENT:
        raise Misread(f"a percentage up to {LARGEST_PERCENT:,}%")
    return sign * float(bare)


def share(text: str) -> float:
    """Read a share of the account in percent: `10%`, `10`. Raises Misread: `0.1` may be a fraction or a percentage."""
    value = percent(text)
    if 0 < abs(value) < 1 and "%" not in text:
        raise Misread("a percentage: is it a fraction?", (f"{_hundredfold(value)}%", f"{number_text(value)}%"))
    return value


def volatility(text: str) -> float:
    """Read an implied volatility as a fraction: `0.25`, `25%`. Raises Misread: `25` may have lost its %."""
    value = percent(text)
    if "%" in text:
        # By the digits as typed: a float times 100 and back is not always itself.
        return float(Decimal(text.replace("%", "").strip()) / 100)
    if abs(value) > 5:  # noqa: PLR2004  more than 500 % is next to never seen
        raise Misread("a volatility, like 0.25 or 25%", (f"{number_text(value)}%", f"{_hundredfold(value)}%"))
    return value


def delta(text: str) -> float:
    """Read an option's delta, -1 to 1. Raises Misread: `50` is meant as 0.5."""
    value = price(text)
    if abs(value) > 1:
        raise Misread("a delta from -1 to 1", (number_text(float(Decimal(repr(value)) / 100)),))
    return value


def index(text: str) -> float:
    """Read a value of an indicator that goes from 0 to 100. Raises Misread."""
    value = price(text)
    if not 0 <= value <= 100:  # noqa: PLR2004  the index's own bounds
        raise Misread("a number from 0 to 100")
    return value


def move(text: str) -> tuple[float, Unit]:
    """Read how far a price moves: `2%`, `$3`, `0.5 %`. Raises Misread: a bare `3` may be either."""
    sign, digits = _unsigned(text)
    bare = digits.removesuffix("%").rstrip()
    if not _PLAIN.fullmatch(bare):
        tail, mark = ("%", "") if "%" in text else ("", "$" if "$" in text else "")
        raise _two_ways(bare, "a size", mark, tail) or Misread("a size, like 2% or $3")
    value = _bounded(float(bare))
    if "%" in text and "$" in text:
        raise Misread("either % or $", (f"{bare}%", f"${bare}"))
    if sign < 0 or value == 0 or ("%" in text and value > LARGEST_PERCENT):
        raise Misread(f"a size above zero, like 2% or $3, and up to {LARGEST_PERCENT:,}%")
    if "%" not in text and "$" not in text:
        raise Misread("a size with its unit: percent or money?", (f"{bare}%", f"${bare}"))
    return value, Unit.PERCENT if "%" in text else Unit.MONEY


def times(text: str) -> float:
    """Read a multiple: `2`, `1.5`. Raises Misread."""
    if not _PLAIN.fullmatch(text) or not 0 < float(text) <= 1000:  # noqa: PLR2004  of an average true range
        raise Misread("a multiple, like 2 or 1.5")
    return float(text)


def range_of(text: str) -> tuple[float, float]:
    """Read a range of prices: `190..200`, `190 to 200`, `$190-$200`. Raises Misread, also where it is upside down."""
    match = re.fullmatch(r"(.*?\d)\s*(?:\.\.\.?|…|\u2013|-|to)\s*([-+$.]*\d.*)", text, re.IGNORECASE | re.DOTALL)
    if match is None:
        raise Misread("a range, like 190..200")
    low, high = _both(match[1], match[2])
    if low >= high:
        turned = f"{number_text(high)}..{number_text(low)}"
        raise Misread("a range from low to high", (turned,) if low > high else ())
    return low, high


def _both(first: str, second: str) -> tuple[float, float]:
    """Read two prices; where a comma reads two ways, both are read the one way or both the other. Raises Misread."""
    read: list[float] = []
    readings: list[tuple[str, ...]] = []
    expected = ""
    for text in (first, second):
        try:
            read.append(price(text))
            readings.append((text, text))
        except Misread as error:
            expected = expected or error.expected
            readings.append(error.readings if len(error.readings) == 2 else ())  # noqa: PLR2004  both ways
    if expected:
        pairs = zip(*readings, strict=False)
        raise Misread(f"a range, like 190..200, with {expected}", tuple("..".join(pair) for pair in pairs))
    return read[0], read[1]


def duration(text: str, least: timedelta = timedelta(seconds=1), most: timedelta = LONGEST) -> timedelta:
    """Read a duration: `30s 15m 2h 3d 1w 6mo 1y` (a month is 30 days, a year 365). Raises Misread."""
    match = re.fullmatch(r"(\d+)\s*([a-z]+)", text.lower())
    unit = _UNIT_WORDS.get(match[2], match[2]) if match else ""
    seconds = _SECONDS.get(unit)
    if match is None or seconds is None:
        raise Misread("a time span, like 30s, 15m, 2h or 3d")
    # Bounded before it is multiplied: a timedelta of more than 999,999,999 days cannot be made.
    if len(match[1]) > 10 or not least.total_seconds() <= int(match[1]) * seconds <= most.total_seconds():  # noqa: PLR2004
        raise Misread(f"a time span from {_span(least)} to {_span(most)}")
    return timedelta(seconds=int(match[1]) * seconds)


def window(text: str) -> timedelta:
    """Read the window of a move: 10 s to a day. Raises Misread."""
    return duration(text, timedelta(seconds=10), timedelta(days=1))


def days(text: str) -> int:
    """Read a number of days: `20d`, `52w`, `6mo`, `1y`, at most two years. Raises Misread; a bare `20` lacks its d."""
    if text.isascii() and text.isdigit() and len(text) < 5:  # noqa: PLR2004  no longer span is offered
        raise Misread("a number of days or weeks", (f"{text}d", f"{text}w"))
    return duration(text, timedelta(days=1), timedelta(days=731)).days


def day_count(text: str) -> int:
    """Read how many daily bars count: `20`, `20d`; 1 to 250. Raises Misread."""
    return _counted(text.lower().removesuffix("d"), 1, 250, "a number of days")


def bar_size(text: str) -> BarSize:
    """Read one of IBKR's bar sizes that are offered. Raises Misread."""
    try:
        return BarSize(re.sub(r"\s+", "", text).lower())
    except ValueError:
        raise Misread("a bar size: " + ", ".join(BarSize)) from None


def bar_count(text: str, least: int = 1) -> int:
    """Read how many bars an indicator looks at: *least* to 500. Raises Misread."""
    return _counted(text, least, LONGEST_STUDY, "a number of bars")


def width(text: str) -> float:
    """Read how many standard deviations a band is away: `2`, `2.5`. Raises Misread."""
    if not _PLAIN.fullmatch(text) or not 0 < float(text) <= 10:  # noqa: PLR2004  nothing is ten deviations away
        raise Misread("a number of standard deviations, like 2")
    return float(text)


def row_count(text: str) -> int:
    """Read how many rows of a scan count: 1 to 50 (IBKR sends no more). Raises Misread."""
    return _counted(text, 1, MOST_ROWS, "a number of rows")


def most_count(text: str) -> int:
    """Read how often an alert may fire: 1 to 10000. Raises Misread."""
    return _counted(text, 1, 10_000, "a number of times")


def _counted(text: str, least: int, most: int, what: str) -> int:
    # int() refuses absurdly long digits by itself, but not fast; nobody needs more than six.
    if not (text.isascii() and text.isdigit()) or len(text) > 6 or not least <= int(text) <= most:  # noqa: PLR2004
        raise Misread(f"{what} from {least} to {most}")
    return int(text)


def _scaled(text: str, what: str, like: str, sign: str = "") -> float:
    scale = text[-1:].lower() if text[-1:].lower() in _SCALES else ""
    digits = text[: len(text) - len(scale)]
    if not (_PLAIN.fullmatch(digits) or _GROUPED.fullmatch(digits)):
        raise _two_ways(digits, what, sign, scale) or Misread(f"{what}, like {like}")
    return _bounded(float(Decimal(digits.replace(",", "")) * _SCALES[scale]))


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


def _hundredfold(value: float) -> str:
    return number_text(float(Decimal(repr(value)) * 100))


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    return f"{seconds // 86_400}d" if seconds >= 86_400 else f"{seconds}s"  # noqa: PLR2004  a day


def _two_ways(digits: str, what: str, sign: str, scale: str = "") -> Misread | None:
    """Return the refusal of one comma that may be a decimal comma or a thousands separator, or None."""
    if not re.fullmatch(r"\d+,\d+", digits):
        return None
    as_point, as_thousands = sign + digits.replace(",", ".") + scale, sign + digits.replace(",", "") + scale
    return Misread(f"{what} without a comma: {as_point} or {as_thousands}?", (as_point, as_thousands))
