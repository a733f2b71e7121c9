"""The options at the end of a line: each at most once, none against another, all moments absolute."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lark import Token

from alerts import moment, number
from alerts.condition import Options, Repeat, TradingTime, Unit
from alerts.sequel import sequel
from alerts.terminal import Contradiction, read, unquoted

LONGEST_NOTE = 300
LONGEST_HOLD = timedelta(days=7)
MOST_HYSTERESIS = 50

_EXCLUDING = (
    ({"once"}, {"every"}, "either `once` or `every`"),
    ({"silent"}, {"critical"}, "either `silent` or `critical`"),
    ({"once"}, {"cooldown"}, "either `once` or `every` with `cooldown`"),
    ({"once"}, {"max"}, "either `once` or `max`"),
    ({"rth"}, {"eth"}, "either `rth` or `eth`"),
    ({"until"}, {"expires"}, "either `until` or `expires`"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One option: its *word* and, where it takes one, its *value*."""

    word: Token
    value: Token | None = None

    @property
    def name(self) -> str:
        """The option's word, as options are compared: `expires in` is `expires`."""
        return self.word.lower().split()[0]


def options(choices: Iterable[Choice], now: datetime, zone: ZoneInfo) -> Options:
    """Return what *choices* say. Raises Contradiction."""
    given: dict[str, Choice] = {}
    for choice in choices:
        _ensure_agrees(choice, given)
        given[choice.name] = choice
    found: dict[str, Any] = {}
    for name, choice in given.items():
        if name in {"until", "expires"}:
            found["until"] = _end(choice, now, zone)
        elif choice.value is None:
            found.update(_PLAIN[name])
        else:
            field, reader = _VALUED[name]
            found[field] = read(reader, choice.value) if name != "note" else _note(choice.value)
    return Options(**found)


def _ensure_agrees(choice: Choice, given: dict[str, Choice]) -> None:
    if choice.name in given:
        raise Contradiction(choice.word, f"`{choice.name}` only once")
    for one, other, expected in _EXCLUDING:
        words = {choice.name, *given}
        if choice.name in one | other and one <= words and other <= words:
            raise Contradiction(choice.word, expected)


def _end(choice: Choice, now: datetime, zone: ZoneInfo) -> datetime:
    value = choice.value if choice.value is not None else choice.word
    if choice.name == "until":
        return read(lambda text: moment.until(text, now, zone), value)
    # Whole seconds: what is written back must read the same.
    return now.replace(microsecond=0) + read(number.duration, value)


def _note(token: Token) -> str:
    text = unquoted(token)
    if len(text) > LONGEST_NOTE:
        raise Contradiction(token, f"a note of at most {LONGEST_NOTE} characters")
    return text


def _hysteresis(text: str) -> float:
    value, unit = number.move(text)
    if unit is not Unit.PERCENT or value > MOST_HYSTERESIS:
        raise number.Misread(f"a percentage up to {MOST_HYSTERESIS}%, like 0.5%")
    return value


def _hold(text: str) -> timedelta:
    return number.duration(text, most=LONGEST_HOLD)


def _tag(text: str) -> str:
    return text.lower()


def _chat(text: str) -> str:
    return text.removeprefix("@")


_PLAIN: dict[str, dict[str, Any]] = {
    "once": {"repeat": Repeat.ONCE},
    "every": {"repeat": Repeat.EVERY},
    "silent": {"silent": True},
    "critical": {"critical": True},
    "rth": {"hours": TradingTime.RTH},
    "eth": {"hours": TradingTime.ETH},
}
_VALUED: dict[str, tuple[str, Callable[[str], Any]]] = {
    "cooldown": ("cooldown", number.duration),
    "max": ("most", number.most_count),
    "for": ("hold", _hold),
    "hysteresis": ("hysteresis_pct", _hysteresis),
    "tag": ("tag", _tag),
    "note": ("note", str),
    "to": ("to", _chat),
    "then": ("then", sequel),
}
