"""The functions of the language (`rsi(14, 1h)`, `high(52w)`): what stands between their parentheses and after them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lark import Token

from alerts import number
from alerts.operand import AverageVolume, Extreme, Indicator
from alerts.terminal import Contradiction, read


@dataclass(frozen=True, slots=True)
class Study:
    """
    An indicator: how its numbers are read, what they are where none is typed, and its lines.

    A bar size always comes last. Without a *line* to fall back on, one of *lines* must be typed.
    """

    usage: str
    readers: tuple[Callable[[str], float], ...] = (number.bar_count,)
    usual: tuple[float, ...] = ()
    lines: tuple[str, ...] = ()
    line: str = ""


# RSI and ADX compare a bar with the one before.
_TWO_BARS = partial(number.bar_count, least=2)
STUDIES = {
    "sma": Study("sma(50, 1d)"),
    "ema": Study("ema(20, 1h)"),
    "rsi": Study("rsi(14, 1h)", (_TWO_BARS,), (14,)),
    "atr": Study("atr(14, 1d)", usual=(14,)),
    "adx": Study("adx(14, 1d)", (_TWO_BARS,), (14,)),
    "vwap": Study("vwap(1m)", ()),
    "macd": Study("macd(12, 26, 9, 1d)", (number.bar_count,) * 3, (12, 26, 9), ("macd", "signal", "histogram"), "macd"),
    "bbands": Study("bbands(20, 2, 1d)", (number.bar_count, number.width), (20, 2), ("upper", "middle", "lower")),
    "stoch": Study("stoch(14, 3, 3, 1h)", (number.bar_count,) * 3, (14, 3, 3), ("k", "d"), "k"),
}
"""The indicators offered; the parameters that are usual among traders may be left out."""

Named = Indicator | AverageVolume | Extreme


def function(name: Token, arguments: list[Token], part: Token | None, live: Token | None) -> Named:
    """Return what `name(arguments) part live` says, of no symbol yet. Raises Contradiction."""
    word = name.lower()
    if word in STUDIES:
        return _indicator(word, arguments, part, live)
    if len(arguments) > 1 or part is not None or live is not None:
        odd = arguments[1] if len(arguments) > 1 else part or live or name
        raise Contradiction(odd, "the end of " + ("avgvolume(20)" if word == "avgvolume" else f"{word}(52w)"))
    if word == "avgvolume":
        return AverageVolume("", read(number.day_count, arguments[0]))
    return Extreme("", word == "high", read(number.days, arguments[0]))


def _indicator(name: str, arguments: list[Token], part: Token | None, live: Token | None) -> Indicator:
    study = STUDIES[name]
    *typed, last = arguments
    if typed and not typed[0][0].isdigit() and typed[0][0] != ".":
        raise Contradiction(typed[0], f"a number, like {study.usage}; the symbol goes in front of {name}")
    if len(typed) == len(study.readers) - 1 and last.isdigit():
        raise Contradiction(last, f"a bar size after it, like {study.usage}", (f"{last}, 1h", f"{last}, 1d"))
    if typed or not study.usual:
        _count(study, typed, last)
    values = tuple(read(reader, token) for reader, token in zip(study.readers, typed, strict=False)) or study.usual
    bar = read(number.bar_size, last)
    if name == "macd" and values[0] >= values[1]:
        raise Contradiction(arguments[0], f"the shorter length first, like {study.usage}")
    length, more = (int(values[0]), values[1:]) if values else (0, ())
    return Indicator("", name, length, bar, tuple(map(float, more)), _line(name, part, last), live is not None)


def _count(study: Study, typed: list[Token], last: Token) -> None:
    if len(typed) < len(study.readers):
        raise Contradiction(typed[-1] if typed else last, f"{len(study.readers) + 1} values, like {study.usage}")
    if len(typed) > len(study.readers):
        raise Contradiction(typed[len(study.readers)], f"the bar size here, like {study.usage}")


def _line(name: str, part: Token | None, last: Token) -> str:
    study = STUDIES[name]
    if part is None:
        if study.lines and not study.line:
            raise Contradiction(last, f"which line after it: {study.usage} {' or '.join(study.lines)}")
        return study.line
    if part.lower() not in study.lines:
        raise Contradiction(part, " or ".join(study.lines) if study.lines else "no line of it: it has only one")
    return part.lower()
