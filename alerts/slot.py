"""Which kind of number belongs beside a value: 200 beside a price, 10M beside a volume, 10% beside a margin."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from lark import Token

from alerts import number
from alerts.leaf import leaves
from alerts.operand import (
    AccountValue,
    Arithmetic,
    AverageVolume,
    Indicator,
    Number,
    Operand,
    OptionValue,
    PositionValue,
    Price,
    Sign,
    Volume,
)
from alerts.study import STUDIES
from alerts.terminal import Contradiction, read


@dataclass(frozen=True, slots=True)
class Typed(Number):
    """A number whose slot is not known yet; only the whole comparison tells it."""

    token: Token = Token("NUMBER", "")  # noqa: RUF009  a token is never changed


@dataclass(frozen=True, slots=True)
class Word(Price):
    """A symbol typed as a bare word (*token*) that means something else elsewhere in the language."""

    token: Token = Token("SYMBOL", "")  # noqa: RUF009  a token is never changed


_GREEKS: dict[str, Callable[[str], float]] = {
    "iv": number.volatility,
    "delta": number.delta,
    "openinterest": number.amount,
}
_USAGES = {
    **{name.upper(): study.usage for name, study in STUDIES.items()},
    "HIGH": "high(52w)",
    "LOW": "low(20d)",
    "AVGVOLUME": "avgvolume(20)",
    "OPEN": "",
    "CLOSE": "",
}
_SHARES = frozenset({"cushion", "margin"})
_BOUNDED = frozenset({"rsi", "adx", "stoch"})


def fitted(left: Operand, right: Operand) -> tuple[Operand, Operand]:
    """Return both sides of a comparison with their numbers read. Raises Contradiction, also where both are numbers."""
    value = next((leaf for side in (left, right) for leaf in leaves(side) if not isinstance(leaf, Number)), None)
    if value is None:
        typed = next(leaf for leaf in leaves(left) if isinstance(leaf, Typed))
        raise Contradiction(typed.token, "a symbol on one side")
    joined = isinstance(left, Arithmetic) or isinstance(right, Arithmetic)
    reader = number.price if _is_ratio(left) or _is_ratio(right) else _reader(value, is_alone=not joined)
    return _filled(left, reader), _filled(right, reader)


def filled(operand: Operand) -> Operand:
    """Return *operand*, the value of a channel, with its numbers read as prices. Raises Contradiction."""
    if all(isinstance(leaf, Number) for leaf in leaves(operand)):
        typed = next(leaf for leaf in leaves(operand) if isinstance(leaf, Typed))
        raise Contradiction(typed.token, "a symbol")
    return _filled(operand, number.price)


def distinct(operand: Operand) -> Operand:
    """Return *operand* unless it is one bare word that may as well be a study: `AAPL > LOW`. Raises Contradiction."""
    usage = _USAGES.get(operand.symbol) if isinstance(operand, Word) else None
    if isinstance(operand, Word) and usage is not None:
        readings = (usage, f"${operand.symbol}") if usage else (f"${operand.symbol}",)
        shown = f"{usage}, or {readings[-1]} for the symbol" if usage else f"a number, or {readings[-1]} for the symbol"
        raise Contradiction(operand.token, shown, readings)
    return operand


def _is_ratio(operand: Operand) -> bool:
    return isinstance(operand, Arithmetic) and operand.sign is Sign.OVER


def _reader(value: Operand, *, is_alone: bool) -> Callable[[str], float]:
    match value:
        case Indicator(_, name) if name in _BOUNDED and is_alone:
            return number.index
        case Volume() | AverageVolume():
            return number.amount
        case AccountValue(name):
            return number.share if name in _SHARES else number.money
        case PositionValue(_, name):
            return number.percent if name.endswith("%") else number.money
        case OptionValue(_, name):
            return _GREEKS.get(name, number.price)
        case _:
            return number.price


def _filled(operand: Operand, reader: Callable[[str], float]) -> Operand:
    match operand:
        case Typed():
            return Number(float(read(reader, operand.token)))
        case Word(symbol, field):
            return Price(symbol, field)
        case Arithmetic(left, sign, right):
            # A factor is a plain number, whatever it multiplies.
            inner = number.price if sign in {Sign.TIMES, Sign.OVER} else reader
            if sign is Sign.OVER and isinstance(right, Typed) and not read(inner, right.token):
                raise Contradiction(right.token, "a number other than 0")
            return replace(operand, left=_filled(left, inner), right=_filled(right, inner))
        case _:
            return operand
