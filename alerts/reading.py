"""
What each phrase of the grammar means: lark calls one method of `Reader` per rule of `grammar.lark`.

Raises `alerts.terminal.Contradiction` where the grammar took a word that makes no sense where it stands.
"""

import re
from dataclasses import replace
from typing import cast

from lark import Token, Transformer

from alerts import number, study
from alerts.choice import Choice
from alerts.condition import (
    Both,
    Channel,
    Comparison,
    Condition,
    Crossing,
    DayMove,
    Direction,
    Either,
    Inverse,
    Op,
    Trailing,
    Unit,
    Velocity,
    Way,
)
from alerts.event_reading import EventReader, signed, way
from alerts.operand import (
    AccountValue,
    Arithmetic,
    AverageCost,
    Indicator,
    Operand,
    OptionValue,
    PositionValue,
    Price,
    PriceField,
    Sign,
    Volume,
)
from alerts.slot import Typed, Word, distinct, filled, fitted
from alerts.spelling import RESERVED
from alerts.terminal import Contradiction, read, symbol

_OPS = {">": Op.GT, ">=": Op.GE, "≥": Op.GE, "<": Op.LT, "<=": Op.LE, "≤": Op.LE}
_UP = ("above", "over", "up")
_MORE = ("greater", "more", "higher")
_WHOLE = 100
_CLIMBING = ("rises", "climbs", "jumps")
_AN_OPTION = re.compile(r"\S+ \d{8} \S.*|[A-Z]{1,6} ?\d{6}[CP]\d{8}|#\d+")


class Reader(EventReader, Transformer[Token, object]):
    """
    Builds conditions from the bottom up; holds no state, so one serves every line.

    A bare study's symbol stays empty here: only the whole line tells it. Options stay as typed: they need the clock.
    """

    def start(self, children: list[object]) -> tuple[object, tuple[Choice, ...]]:
        """Return the condition and the options."""
        return children[0], tuple(child for child in children[1:] if isinstance(child, Choice))

    def option(self, children: list[Token]) -> Choice:
        """Keep an option and its value."""
        return Choice(*children)

    def either(self, children: list[Condition]) -> Either:
        """Join by `or`; an `or` within an `or` is one."""
        parts = [p for child in children for p in (child.parts if isinstance(child, Either) else (child,))]
        return Either(tuple(parts))

    def both(self, children: list[Condition]) -> Both:
        """Join by `and`; an `and` within an `and` is one."""
        parts = [p for child in children for p in (child.parts if isinstance(child, Both) else (child,))]
        return Both(tuple(parts))

    def inverse(self, children: list[Condition]) -> Inverse:
        """Read `not SPY -1%`."""
        return Inverse(children[0])

    def comparison(self, children: list[object]) -> Comparison:
        """Read `left op right`, the op as a sign or as a word."""
        left, op, right = children
        first, second = fitted(_operand(left), distinct(_operand(right)))
        return Comparison(first, _op(str(op)), second)

    def crossing(self, children: list[object]) -> Crossing:
        """Read `left crosses [above] right` and `left hits right`."""
        direction = Direction.EITHER
        if len(children) == 3:  # noqa: PLR2004  left, direction, right
            direction = Direction.ABOVE if str(children[1]).lower() in _UP else Direction.BELOW
        left, right = fitted(_operand(children[0]), distinct(_operand(children[-1])))
        return Crossing(left, direction, right)

    def channel(self, children: list[object]) -> Channel:
        """Read `AAPL enters 190..200`."""
        value, word, bounds = children
        return Channel(filled(_operand(value)), str(word).lower() == "enters", *read(number.range_of, _token(bounds)))

    def signed_move(self, children: list[Token]) -> DayMove:
        """Read `AAPL +5%` and `AAPL ±4% from 187.20`."""
        percent, side = _possible(children[1], *signed(children[1]))
        return DayMove(symbol(children[0]), percent, side, _base(children[2:]))

    def worded_move(self, children: list[Token]) -> DayMove:
        """Read `AAPL drops 3% today`."""
        percent = _percent(children[2], "a percentage; money moves in a time: `in 15m`")
        percent, side = _possible(children[2], percent, way(children[1]))
        return DayMove(symbol(children[0]), percent, side, _base(children[3:]))

    def signed_gap(self, children: list[Token]) -> DayMove:
        """Read `AAPL gaps +3%`."""
        percent, side = _possible(children[1], *signed(children[1]))
        return DayMove(symbol(children[0]), percent, side, is_gap=True)

    def worded_gap(self, children: list[Token]) -> DayMove:
        """Read `AAPL gaps 3%` and `AAPL gaps down 3%`."""
        side = Way.EITHER if len(children) == 2 else way(children[1])  # noqa: PLR2004  symbol, size
        percent, side = _possible(children[-1], _percent(children[-1], "a percentage, like 3%"), side)
        return DayMove(symbol(children[0]), percent, side, is_gap=True)

    def signed_velocity(self, children: list[Token]) -> Velocity:
        """Read `AAPL -2% in 15m`."""
        percent, side = _possible(children[1], *signed(children[1]))
        return Velocity(symbol(children[0]), percent, Unit.PERCENT, side, read(number.window, children[2]))

    def worded_velocity(self, children: list[Token]) -> Velocity:
        """Read `AAPL drops $3 in 5m`."""
        amount, unit = read(number.move, children[2])
        window, side = read(number.window, children[3]), way(children[1])
        if unit is Unit.PERCENT:
            _possible(children[2], amount, side)
        return Velocity(symbol(children[0]), amount, unit, side, window)

    def trailing(self, children: list[object]) -> Trailing:
        """Read `AAPL trails 5%`, with `up` from the low, and `TSLA trails 2 atr(14, 1d)`."""
        name, size, *rest = children
        from_low = bool(rest) and isinstance(rest[-1], Token)
        of = symbol(_token(name))
        if not rest or isinstance(rest[0], Token):
            amount, unit = read(number.move, _token(size))
            if unit is Unit.PERCENT and not from_low:
                _possible(_token(size), amount, Way.DOWN)
            return Trailing(of, amount, unit, from_low)
        if not isinstance(rest[0], Indicator) or rest[0].name != "atr":
            raise Contradiction(_token(size), "%, $ or an atr, like 2 atr(14, 1d)")
        atr = Indicator(of, "atr", rest[0].length, rest[0].bar, live=rest[0].live)
        return Trailing(of, read(number.times, _token(size)), Unit.ATR, from_low, atr)

    def arithmetic(self, children: list[object]) -> Arithmetic:
        """Read two values and the sign between them."""
        left, sign, right = children
        return Arithmetic(_operand(left), Sign(str(sign)), _operand(right))

    def number(self, children: list[Token]) -> Typed:
        """Keep a number until the comparison tells its slot."""
        return Typed(0.0, children[0])

    def price(self, children: list[Token]) -> Price:
        """Read `AAPL` and `AAPL bid`."""
        field = PriceField(children[1].lower()) if len(children) > 1 else PriceField.LAST
        of = symbol(children[0])
        if children[0].startswith("$") or of not in RESERVED:
            return Price(of, field)
        return Word(of, field, children[0])

    def volume(self, children: list[Token]) -> Volume:
        """Read `AAPL volume`."""
        return Volume(symbol(children[0]))

    def bare_volume(self, _children: list[Token]) -> Volume:
        """Read the volume of the symbol spoken of before."""
        return Volume("")

    def option_value(self, children: list[Token]) -> OptionValue:
        """Read `SPY 20261218 C600 iv`."""
        of = symbol(children[0])
        if not _AN_OPTION.fullmatch(of):
            raise Contradiction(children[0], "an option, like SPY 20261218 C600")
        return OptionValue(of, re.sub(r"\s+", "", children[1].lower()))

    def bare_cost(self, _children: list[Token]) -> AverageCost:
        """Read the average cost of the symbol spoken of before."""
        return AverageCost("")

    def cost_of(self, children: list[Token]) -> AverageCost:
        """Read `avgcost of AAPL`."""
        return AverageCost(symbol(children[0]))

    def position_value(self, children: list[object]) -> PositionValue:
        """Read `position AAPL pnl%`."""
        return PositionValue(str(children[0]), re.sub(r"\s+", "", str(children[1]).lower()))

    def account_value(self, children: list[Token]) -> AccountValue:
        """Read `account dailypnl`."""
        return AccountValue(re.sub(r"\s+", "", children[0].lower()))

    def function(self, children: list[Token]) -> study.Named:
        """Read `sma(50, 1d)`, of no symbol yet."""
        of = {kind: [c for c in children if c.type == kind] for kind in ("ARGUMENT", "PART", "LIVE")}
        return study.function(children[0], of["ARGUMENT"], *(next(iter(of[k]), None) for k in ("PART", "LIVE")))

    def bare_study(self, children: list[study.Named]) -> study.Named:
        """Read a study of the symbol spoken of before."""
        return children[0]

    def study_of(self, children: list[object]) -> study.Named:
        """Read `sma(50, 1d) of AAPL`."""
        return _study(children[0], children[1])

    def study_on(self, children: list[object]) -> study.Named:
        """Read `AAPL sma(50, 1d)`."""
        return _study(children[1], children[0])


def _operand(child: object) -> Operand:
    if isinstance(child, Operand):
        return child
    raise TypeError(child)


def _token(child: object) -> Token:
    if isinstance(child, Token):
        return child
    raise TypeError(child)


def _study(found: object, name: object) -> study.Named:
    return replace(cast("study.Named", found), symbol=symbol(_token(name)))


def _percent(size: Token, expected: str) -> float:
    amount, unit = read(number.move, size)
    if unit is not Unit.PERCENT:
        raise Contradiction(size, expected)
    return amount


def _possible(size: Token, percent: float, side: Way) -> tuple[float, Way]:
    """Return a move in percent, unless it is a fall that leaves nothing. Raises Contradiction."""
    if side is Way.DOWN and percent >= _WHOLE:
        raise Contradiction(size, "a fall of less than 100%")
    return percent, side


def _base(tail: list[Token]) -> float | None:
    return read(number.price, tail[0]) if tail else None


def _op(text: str) -> Op:
    words = text.lower().split()
    if words[0] in _OPS:
        return _OPS[words[0]]
    if words[-1] == "than":
        return Op.GT if words[-2] in _MORE else Op.LT
    if words[-1] == "to":
        return Op.GE if words[0] in _CLIMBING else Op.LE
    return Op.GT if words[-1] in _UP else Op.LT
