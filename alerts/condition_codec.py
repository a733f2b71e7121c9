"""
Conditions and their values as JSON and back, by one table: a class, its name, and how each of its fields is written.

JSON values only. Fields that hold their class's default are left out, so that rules stored before a field existed read
the same as those that do not use it. The readers raise KeyError, TypeError or ValueError where the JSON is not ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from alerts import condition as spoken
from alerts import operand as value
from market.codec import spec_from_json, spec_to_json
from market.quote import BarSize

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Field:
    """One field: its *name* in the class, its *key* in the JSON, and both ways; None is written as it is."""

    name: str
    key: str
    write: Callable[[Any], Any] | None
    read: Callable[[Any], Any] | None
    default: object


@dataclass(frozen=True, slots=True)
class _Form:
    """How one class is written."""

    of: type
    tag: str
    fields: tuple[_Field, ...]
    plan: tuple[tuple[str, Callable[[Any], Any] | None, object], ...]


def condition_to_json(condition: spoken.Condition) -> Json:
    """Return *condition* as JSON."""
    return _written(condition)


def condition_from_json(data: Mapping[str, Any]) -> spoken.Condition:
    """Return the condition that `condition_to_json` wrote."""
    found: spoken.Condition = _read(data, _CONDITIONS)
    return found


def indicator_to_json(indicator: value.Indicator) -> Json:
    """Return *indicator* as JSON."""
    return _written(indicator)


def indicator_from_json(data: Mapping[str, Any]) -> value.Indicator:
    """Return the indicator that `indicator_to_json` wrote."""
    found: value.Indicator = _read({**data, "is": "indicator"}, _OPERANDS)
    return found


def _written(thing: object) -> Json:
    form = _BY_CLASS[type(thing)]
    data: Json = {"is": form.tag}
    for field in form.fields:
        found = getattr(thing, field.name)
        if field.default is MISSING or found != field.default:
            data[field.key] = found if field.write is None or found is None else field.write(found)
    return data


def _read(data: Mapping[str, Any], forms: Mapping[str, _Form]) -> Any:  # noqa: ANN401  one of the table's classes
    form = forms[data["is"]]
    arguments = []
    # A start reads hundreds of thousands of these: no attribute is looked up within the loop.
    for key, read, default in form.plan:
        got = data.get(key, default)
        if got is MISSING:
            raise KeyError(key)
        arguments.append(got if read is None or got is None or got is default else read(got))
    return form.of(*arguments)


def _form(of: type, tag: str, **ways: tuple[Any, ...]) -> _Form:
    """Return the form of *of*; *ways*: for each field that is no plain JSON value, (write, read[, key])."""
    described = []
    for field in fields(of):
        write, read, *key = ways.get(field.name, (None, None))
        described.append(_Field(field.name, key[0] if key else field.name, write, read, field.default))
    return _Form(of, tag, tuple(described), tuple((field.key, field.read, field.default) for field in described))


def _choice(of: type[StrEnum], *key: str) -> tuple[Any, ...]:
    # A dict is several times as fast as calling the class, and a start reads a hundred thousand of them.
    return (str, {str(member): member for member in of}.__getitem__, *key)


def _names(changes: tuple[spoken.ScanChange, ...]) -> list[str]:
    return [str(change) for change in changes]


def _changes(names: list[str]) -> tuple[spoken.ScanChange, ...]:
    return tuple(spoken.ScanChange(name) for name in names)


def _seconds(length: timedelta) -> float:
    return length.total_seconds()


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def _operand(data: Mapping[str, Any]) -> Any:  # noqa: ANN401  an Operand
    if data["is"] == "price":
        return _price(data["symbol"], data.get("field", "last"))
    return _read(data, _OPERANDS)


@lru_cache(maxsize=4096)
def _price(symbol: str, field: str) -> value.Price:
    """Return the price of a symbol: one for all the rules that look at it."""
    return value.Price(symbol, _PRICE_FIELDS[field])


_PRICE_FIELDS = {str(field): field for field in value.PriceField}


def _condition(data: Mapping[str, Any]) -> Any:  # noqa: ANN401  a Condition
    return _read(data, _CONDITIONS)


def _words(data: Mapping[str, Any]) -> Any:  # noqa: ANN401  Words
    return _read(data, _WORDS)


def _each(one: Callable[[Any], Any] | None = None) -> Callable[[Any], Any]:
    return tuple if one is None else lambda found: tuple(map(one, found))


def _listed(found: tuple[Any, ...]) -> list[Any]:
    return [_written(part) for part in found]


_VALUE = (_written, _operand)
_TUPLE = (list, _each())
_SPAN = (_seconds, _span)
_MOVE = {"unit": _choice(spoken.Unit), "way": _choice(spoken.Way), "window": _SPAN}
_PARTS = (_listed, _each(_words))

_OPERANDS = {
    form.tag: form
    for form in (
        _form(value.Number, "number"),
        _form(value.Price, "price", field=_choice(value.PriceField)),
        _form(value.Indicator, "indicator", bar=_choice(BarSize), more=_TUPLE),
        _form(value.Volume, "volume"),
        _form(value.AverageVolume, "average volume"),
        _form(value.Extreme, "extreme"),
        _form(value.OptionValue, "option"),
        _form(value.AverageCost, "average cost"),
        _form(value.PositionValue, "position"),
        _form(value.AccountValue, "account"),
        _form(value.Arithmetic, "arithmetic", left=_VALUE, sign=_choice(value.Sign), right=_VALUE),
    )
}
_WORDS = {
    form.tag: form
    for form in (
        _form(spoken.Phrase, "phrase"),
        _form(spoken.Pattern, "pattern"),
        _form(spoken.AllOf, "all", parts=_PARTS),
        _form(spoken.AnyOf, "any", parts=_PARTS),
    )
}
_JOINED = (_listed, _each(_condition))
_GATE = _form(spoken.Velocity, "velocity", **_MOVE)
_CONDITIONS = {
    form.tag: form
    for form in (
        _form(spoken.Comparison, "comparison", left=_VALUE, op=_choice(spoken.Op), right=_VALUE),
        _form(spoken.Crossing, "crossing", left=_VALUE, direction=_choice(spoken.Direction, "way"), right=_VALUE),
        _form(spoken.Channel, "channel", value=_VALUE),
        _form(spoken.DayMove, "day move", way=_MOVE["way"]),
        _GATE,
        _form(spoken.Trailing, "trailing", unit=_MOVE["unit"], atr=(_written, indicator_from_json)),
        _form(spoken.PositionMove, "position move"),
        _form(spoken.OrderMatch, "order", event=_choice(spoken.OrderEvent)),
        _form(spoken.AtTime, "at", days=_TUPLE),
        _form(spoken.EveryTime, "every", period=_SPAN),
        _form(spoken.AtSession, "session", offset=_SPAN),
        _form(spoken.Stale, "stale", age=_SPAN),
        _form(
            spoken.NewsMatch,
            "news",
            phrases=_TUPLE,
            words=(_written, _words),
            gate=(_written, _condition),
            providers=_TUPLE,
            languages=_TUPLE,
        ),
        _form(spoken.ScanEntry, "scan", spec=(spec_to_json, spec_from_json), changes=(_names, _changes)),
        _form(spoken.Both, "and", parts=_JOINED),
        _form(spoken.Either, "or", parts=_JOINED),
        _form(spoken.Inverse, "not", part=(_written, _condition)),
    )
}
_BY_CLASS = {form.of: form for forms in (_OPERANDS, _WORDS, _CONDITIONS) for form in forms.values()}
