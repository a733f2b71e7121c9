"""
The wizard: an alert put together by buttons alone. Pure; what is filled in is kept as JSON (`storage/forms.py`).

Symbol, kind, level, options: each step can be gone back to, and what stands in the others stays where it still fits.
"""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from alerts.spelling import quoted
from market.instrument import Instrument


class Step(StrEnum):
    """What is asked for just now."""

    SYMBOL = "symbol"
    KIND = "kind"
    LEVEL = "level"
    OPTIONS = "options"


@dataclass(frozen=True, slots=True)
class Kind:
    """
    A kind of alert: its *label*, its *line* (with `{s}` the symbol and `{v}` the level), and presets for the level.

    *is_price*: the presets are steps in percent around the price. Without `{v}` there is no level to ask for.
    """

    label: str
    line: str
    presets: tuple[str, ...] = ()
    unit: str = ""
    is_price: bool = False

    @property
    def has_level(self) -> bool:
        """Whether a level is asked for."""
        return "{v}" in self.line


_AROUND = ("-5", "-2", "-1", "1", "2", "5")
KINDS: dict[str, Kind] = {
    "above": Kind("▲ Above", "{s} > {v}", _AROUND, is_price=True),
    "below": Kind("▼ Below", "{s} < {v}", _AROUND, is_price=True),
    "crosses": Kind("↕ Crosses", "{s} crosses {v}", _AROUND, is_price=True),
    "up": Kind("Up % today", "{s} +{v}% today", ("1", "2", "3", "5", "10"), "%"),
    "down": Kind("Down % today", "{s} -{v}% today", ("1", "2", "3", "5", "10"), "%"),
    "fast": Kind("% in 15 min", "{s} moves {v}% in 15m", ("0.5", "1", "2", "3", "5"), "%"),
    "trail": Kind("Trailing %", "{s} trails {v}%", ("2", "3", "5", "8", "10"), "%"),
    "volume": Kind("Volume", "{s} volume > {v} * avgvolume(20)", ("1.5", "2", "3", "5"), "x average"),
    "rsilow": Kind("RSI below", "{s} rsi(14, 1h) < {v}", ("20", "25", "30", "35", "40")),
    "rsihigh": Kind("RSI above", "{s} rsi(14, 1h) > {v}", ("60", "65", "70", "75", "80")),
    "high52": Kind("52 w high", "{s} > high(52w)"),
    "low52": Kind("52 w low", "{s} < low(52w)"),
    "gap": Kind("Gap %", "{s} gaps {v}%", ("1", "2", "3", "5"), "%"),
    "news": Kind("📰 News", "news {s}"),
}

CHOICES: dict[str, dict[str, str]] = {
    "repeat": {"": "as the kind does", "once": "once", "every": "every", "1h": "every cooldown 1h"},
    "hours": {"": "as the kind does", "rth": "rth", "eth": "eth"},
    "ends": {"": "never", "1d": "expires 1d", "1w": "expires 1w", "30d": "expires 30d"},
    "sound": {"": "normal", "critical": "critical", "silent": "silent"},
}
"""The options, what each may be, and the words of the language for it ("" adds none)."""


@dataclass(frozen=True, slots=True)
class Wizard:
    """
    What is filled in so far. *typed* are the letters of a symbol search.

    *level* is as the person chose it; *price* the one the presets stand around.
    """

    step: Step = Step.SYMBOL
    typed: str = ""
    con_id: int = 0
    label: str = ""
    decimals: int = 2
    min_tick: float = 0.01
    price: float | None = None
    kind: str = ""
    level: str = ""
    repeat: str = ""
    hours: str = ""
    ends: str = ""
    sound: str = ""
    note: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether an alert can be made of it."""
        kind = KINDS.get(self.kind)
        return bool(self.con_id and kind and (self.level or not kind.has_level))

    def about(self, instrument: Instrument, price: float | None) -> "Wizard":
        """Return it about *instrument*; a level in another's price is forgotten."""
        kind = KINDS.get(self.kind)
        keeps = self.con_id == instrument.con_id or (kind is not None and not kind.is_price)
        moved = replace(
            self,
            typed="",
            con_id=instrument.con_id,
            label=instrument.label,
            decimals=instrument.decimals,
            min_tick=instrument.min_tick,
            price=price,
            level=self.level if keeps else "",
        )
        return moved.onward()

    def of_kind(self, name: str) -> "Wizard":
        """Return it of another kind. Raises KeyError for one that there is not."""
        kind, before = KINDS[name], KINDS.get(self.kind)
        fits = before is not None and before.is_price and kind.is_price
        return replace(self, kind=name, level=self.level if fits else "").onward()

    def at_level(self, level: str) -> "Wizard":
        """Return it with a level."""
        return replace(self, level=level).onward()

    def with_option(self, name: str, value: str) -> "Wizard":
        """Return it with an option of `CHOICES`. Raises KeyError for one that there is not."""
        CHOICES[name][value]
        return Wizard(**{**asdict(self), name: value})

    def bare(self) -> "Wizard":
        """Return it without its options."""
        return replace(self, repeat="", hours="", ends="", sound="", note="")

    def at(self, step: Step) -> "Wizard":
        """Return it gone back (or on) to a step."""
        return replace(self, step=step)

    def onward(self) -> "Wizard":
        """Return it at the first step that is still to be filled in."""
        kind = KINDS.get(self.kind)
        if not self.con_id:
            return self.at(Step.SYMBOL)
        if kind is None:
            return self.at(Step.KIND)
        if kind.has_level and not self.level:
            return self.at(Step.LEVEL)
        return self.at(Step.OPTIONS)

    def line(self) -> str:
        """Return the alert as a line of the alert language, its symbol by conId; "" before it is whole."""
        if not self.is_whole:
            return ""
        said = KINDS[self.kind].line.format(s=f"#{self.con_id}", v=self.level)
        chosen = ((name, getattr(self, name)) for name in CHOICES)
        words = [said, *(CHOICES[name][value] for name, value in chosen if value)]
        if self.note:
            words.append(f"note {quoted(self.note)}")
        return " ".join(words)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self) | {"step": self.step.value}

    @classmethod
    def from_json(cls, data: Any) -> "Wizard":  # noqa: ANN401  whatever JSON has
        """Return what `to_json` wrote. Raises TypeError or ValueError where it is not ours."""
        return cls(**{**data, "step": Step(data["step"])})
