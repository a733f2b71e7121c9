"""
A draft waiting for another number: a preset that was pressed, or a number that was typed for one.

What comes out is the same alert but for that number. A typed one is read as part of the alert's own line, so by the
rules of the slot it goes into: `12M` of a volume, `30%` of a volatility, no `3%` of a price.

* Unfit             what was typed is no answer for that alert
"""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.amendment import amount_of, with_amount
from alerts.condition import Comparison, Crossing, DayMove, Draft, PositionMove, Trailing, Unit, Velocity, Way
from alerts.errors import AlertError, AlertSyntaxError
from alerts.language import LONGEST_LINE, parse
from alerts.operand import Number, Price
from alerts.wording import condition_text, format_draft

_Move = DayMove | PositionMove | Velocity | Trailing
_MINUSES = str.maketrans(dict.fromkeys("\N{MINUS SIGN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}", "-"))
_SIGNS = {Way.UP: "+", Way.DOWN: "-", Way.EITHER: "±"}
_UNITS = {Unit.PERCENT: "%", Unit.MONEY: "$", Unit.ATR: ""}
_NUMBER = re.compile(r"-?\$?[\d.,]+\s*[kmb%]?", re.IGNORECASE)
_SIZE = re.compile(r"(?P<sign>[-+±]?)\s*(?P<money>\$?)(?P<digits>[\d.,]+)\s*(?P<percent>%?)")
# Stands for the number while the rest of its line is written; nobody types it.
_STAND_IN = 1.000000119
_SLOT = re.compile(r"1\.000000119")
_SLOT_WITH_UNIT = re.compile(r"1\.000000119%?")


class Unfit(AlertError):
    """*expected* is what could have been said, *readings* the amounts of which one is surely meant (`199,500`)."""

    def __init__(self, expected: str, readings: tuple[float, ...] = ()) -> None:
        super().__init__(expected)
        self.expected = expected
        self.readings = readings


def sound(draft: Draft, now: datetime, zone: ZoneInfo) -> Draft:
    """
    Return *draft*, in which something was changed, if a line says it: `parse(format_draft(draft)) == draft`.

    Raises Unfit, and AlertSyntaxError where what was changed contradicts the rest of the line.
    """
    line, until = format_draft(draft), draft.options.until
    if len(line) > LONGEST_LINE:
        raise Unfit(f"something shorter: the alert would be a line of {len(line)} characters, {LONGEST_LINE} at most")
    # An end that is over is no mistake of this change.
    then = now if until is None else min(now, until - timedelta(seconds=1))
    if parse(line, then, zone) != draft:
        raise Unfit("what the alert language can write")
    return draft


def releveled(draft: Draft, amount: float, now: datetime, zone: ZoneInfo) -> Draft:
    """Return *draft* waiting for *amount*. Raises ValueError where that is no alert, or one of another kind."""
    condition, changed = draft.condition, with_amount(draft, amount)
    turns = isinstance(condition, PositionMove) and (condition.percent > 0) is not (amount > 0)
    try:
        is_same = parse(condition_text(changed.condition), now, zone) == Draft(changed.condition)
    except AlertSyntaxError:
        is_same = False
    if turns or not is_same:
        raise ValueError(amount)
    return changed


def retyped(draft: Draft, said: str, now: datetime, zone: ZoneInfo) -> Draft:
    """
    Return *draft* waiting for the number that was *said*; a move may be said without its unit: it keeps its own.

    Raises Unfit, also for a number that would turn the alert the other way round.
    """
    if amount_of(draft) is None:
        raise Unfit("the whole line, for this alert waits for more than one number")
    condition, typed = draft.condition, said.strip().translate(_MINUSES)
    slot, text = _SLOT_WITH_UNIT, typed
    if isinstance(condition, _Move):
        slot, text = _SLOT, _digits(condition, typed)
    else:
        _ensure_plain(draft, typed)
    bare = Draft(_with_stand_in(draft).condition)
    line = slot.sub(lambda _: text, condition_text(bare.condition), count=1)
    try:
        read = parse(line, now, zone)
    except AlertSyntaxError as error:
        raise Unfit(error.expected, _amounts(error.readings, now, zone)) from None
    amount = amount_of(read)
    if amount is None or read != with_amount(bare, amount):
        raise Unfit("a number")
    standing = amount_of(draft)
    if standing is not None and standing < 0 < amount and typed[0] not in "+-" and not isinstance(condition, _Move):
        raise Unfit("a sign, for it was below zero", (-amount, amount))
    return with_amount(draft, amount)


def size_mark(draft: Draft) -> str:
    """Return what the number of a move is measured in: `%` or `$`; "" for multiples and all other kinds."""
    match draft.condition:
        case DayMove() | PositionMove():
            return "%"
        case Velocity(unit=unit) | Trailing(unit=unit):
            return _UNITS[unit]
        case _:
            return ""


def _ensure_plain(draft: Draft, typed: str) -> None:
    """Refuse what is more than a number, and a sign that may be meant as a way to go from here."""
    standing = amount_of(draft)
    if not _NUMBER.fullmatch(typed.removeprefix("+")):
        raise Unfit("a number")
    if typed.startswith("+") and (standing is None or standing >= 0):
        raise Unfit("a number without a sign")
    if typed.startswith("-") and _is_price_above_zero(draft.condition):
        raise Unfit("a price above zero, without a sign")


def _digits(move: _Move, typed: str) -> str:
    """Return the digits of how far a price moves. Raises Unfit for another unit or way than the alert's."""
    mark = size_mark(Draft(move))
    like = {"%": "a percentage, like 7%", "$": "an amount of money, like $3", "": "a multiple, like 2.5"}[mark]
    found = _SIZE.fullmatch(typed)
    if found is None or (found["money"] + found["percent"]) not in {"", mark}:
        raise Unfit(like)
    match move:
        case DayMove(way=way):
            sign = _SIGNS[way]
        case PositionMove(percent=percent):
            sign = "+" if percent > 0 else "-"
        case _:
            sign = ""
    if found["sign"] not in {"", sign}:
        raise Unfit(f"{like}: the alert looks one way only" if sign in {"+", "-"} else f"{like}, without a sign")
    return found["digits"]


def _is_price_above_zero(condition: object) -> bool:
    match condition:
        case Comparison(Price(), _, Number(value)) | Crossing(Price(), _, Number(value)):
            return value > 0
        case Comparison(Number(value), _, Price()) | Crossing(Number(value), _, Price()):
            return value > 0
        case _:
            return False


def _with_stand_in(draft: Draft) -> Draft:
    falls = isinstance(draft.condition, PositionMove) and draft.condition.percent < 0
    return with_amount(draft, -_STAND_IN if falls else _STAND_IN)


def _amounts(lines: tuple[str, ...], now: datetime, zone: ZoneInfo) -> tuple[float, ...]:
    found = (amount_of(parse(line, now, zone)) for line in lines)
    return tuple(amount for amount in found if amount is not None)
