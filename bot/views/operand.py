"""The values of the alert language as a person would say them. Plain text: whoever inserts it escapes it."""

from collections.abc import Mapping

from alerts.condition import Unit
from alerts.leaf import leaves
from alerts.operand import (
    AccountValue,
    Arithmetic,
    AverageCost,
    AverageVolume,
    Extreme,
    Indicator,
    Number,
    Operand,
    OptionValue,
    PositionValue,
    Price,
    PriceField,
    Sign,
    Volume,
)
from alerts.spelling import needs_parentheses
from bot.views.numbers import exact
from market.instrument import Instrument

Instruments = Mapping[str, Instrument]

_ACCOUNT = {
    "dailypnl": "today's P&L of the account",
    "netliq": "the account's net liquidation",
    "cash": "the account's cash",
    "buyingpower": "the account's buying power",
    "cushion": "the account's cushion",
    "margin": "the account's margin",
}
_POSITION = {"pnl": "P&L", "pnl%": "P&L in %", "day%": "today's move in %", "value": "value"}
_OPTION = {"iv": "implied volatility", "openinterest": "open interest", "dte": "days to expiry"}
BOUNDED = frozenset({"rsi", "adx", "stoch"})
_SIGNS = {Sign.PLUS: "+", Sign.MINUS: "−", Sign.TIMES: "×", Sign.OVER: "/"}  # noqa: RUF001  as people write them
IN_SHARES = frozenset({"cushion", "margin", "pnl%", "day%"})


def label(symbol: str, instruments: Instruments) -> str:
    """Return the name of the instrument that *symbol* means."""
    instrument = instruments.get(symbol)
    return symbol if instrument is None else instrument.label


def operand(value: Operand, other: Operand, instruments: Instruments) -> str:
    """Return *value* in words; a number is written as its *other* side wants it."""
    match value:
        case Number(fixed):
            return number(fixed, other, instruments)
        case Price(symbol, field):
            name = label(symbol, instruments)
            return name if field is PriceField.LAST else f"{name} {field.value}"
        case AccountValue(name):
            return _ACCOUNT.get(name, name)
        case PositionValue(symbol, name):
            is_any = symbol == "any" and symbol not in instruments
            whose = "any position" if is_any else f"your {label(symbol, instruments)}"
            return f"{_POSITION.get(name, name)} of {whose}"
        case Arithmetic(left, sign, right):
            return f"{_term(left, sign, instruments)} {_SIGNS[sign]} {_term(right, sign, instruments, is_right=True)}"
        case _:
            return f"{label(value.symbol, instruments)} {_study(value)}"


def number(value: float, beside: Operand, instruments: Instruments) -> str:
    """Return a fixed number in full: as a price, a percentage or a count, by what stands *beside* it."""
    match beside:
        case AccountValue(name) | PositionValue(_, name) if name in IN_SHARES:
            return f"{exact(value)}%"
        case Indicator(_, name) if name in BOUNDED:
            return exact(value)
        case Price(symbol) | Indicator(symbol) | AverageCost(symbol) | Extreme(symbol):
            instrument = instruments.get(symbol)
            return exact(value, 2 if instrument is None else instrument.decimals)
        case _:
            return exact(value)


def size(amount: float, unit: Unit, atr: Indicator | None = None) -> str:
    """Return how far a price moves: `2%`, `$3.00`, a multiple of an ATR."""
    if unit is Unit.ATR and atr is not None:
        return f"{exact(amount)} × {_study(atr)}"  # noqa: RUF001  as people write it
    return f"{exact(amount)}%" if unit is Unit.PERCENT else f"${exact(amount, 2)}"


def first_symbol(value: Operand) -> str:
    """Return the first symbol that *value* names ("any" included), or ''."""
    return next((symbol for leaf in leaves(value) if (symbol := getattr(leaf, "symbol", ""))), "")


def _study(value: Operand) -> str:
    match value:
        case Indicator(_, name, length, bar, more, part, live):
            numbers = [exact(number) for number in ((length, *more) if length else more)]
            line = f" {part}" if part and part != name else ""
            return f"{name.upper()}({', '.join([*numbers, bar.value])}){line}{' on the running bar' if live else ''}"
        case Volume():
            return "volume"
        case AverageVolume(_, days):
            return f"average volume of {days} days"
        case Extreme(_, is_high, days):
            return f"{days}-day {'high' if is_high else 'low'}"
        case OptionValue(_, name):
            return _OPTION.get(name, name)
        case AverageCost():
            return "average cost"
        case _:
            raise TypeError(value)


def _term(value: Operand, sign: Sign, instruments: Instruments, *, is_right: bool = False) -> str:
    words = operand(value, value, instruments)
    if not isinstance(value, Arithmetic):
        return words
    return f"({words})" if needs_parentheses(value.sign, sign, is_right=is_right) else words
