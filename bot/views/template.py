"""
Own words for alerts: text with placeholders, checked when it is saved and filled in when an alert fires.

The parser knows `{name}` and nothing else. `str.format` never sees a person's text: it would follow attributes and
indices, and spend any amount of memory on a width.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from zoneinfo import ZoneInfo

from alerts.aftermath import PRICES
from alerts.default import Kind, kind_of
from alerts.rule import Firing, PriceCause, Rule, ScanCause, TimeCause
from bot.views.condition import describe, instrument_of
from bot.views.gauge import gauge_of
from bot.views.keyboard import shortened
from bot.views.message import text
from bot.views.numbers import clock, percent, price

LONGEST = 300
MOST_LINES = 5
_MOST_SLOTS = 6
_VALUE = 300


class Slot(StrEnum):
    """What can stand between braces; the value is how it is written there."""

    SYMBOL = "symbol"
    PRICE = "price"
    CHANGE = "change%"
    CONDITION = "condition"
    NOTE = "note"
    TIME = "time"


ALWAYS = frozenset({Slot.CONDITION, Slot.NOTE, Slot.TIME})
_ABOUT_ONE = ALWAYS | {Slot.SYMBOL}
_POSSIBLE: Mapping[Kind, frozenset[Slot]] = {
    Kind.POSITION: _ABOUT_ONE,
    Kind.NEWS: _ABOUT_ONE,
    Kind.ORDERS: _ABOUT_ONE,
    Kind.FEED: _ABOUT_ONE,
    Kind.ACCOUNT: ALWAYS,
    Kind.SCANNER: ALWAYS,
    Kind.TIME: ALWAYS,
}


class Flaw(StrEnum):
    """Why a text is no template."""

    EMPTY = "empty"
    LONG = "long"
    UNCLOSED = "unclosed"
    UNOPENED = "unopened"
    UNKNOWN = "unknown"
    PART = "part"
    FORMAT = "format"
    ABSENT = "absent"
    MANY = "many"


class TemplateFault(Exception):
    """*text* is no template: *flaw* at *position* (in characters), where *found* stands between braces."""

    def __init__(self, text: str, flaw: Flaw, position: int = 0, found: str = "") -> None:
        super().__init__(flaw, position)
        self.text = text
        self.flaw = flaw
        self.position = position
        self.found = found

    @property
    def nearest(self) -> str:
        """The placeholder that was probably meant, or nothing."""
        return next(iter(get_close_matches(self.found.strip().lower(), [slot.value for slot in Slot], 1)), "")


Parts = tuple[str | Slot, ...]


def possible(kind: Kind) -> tuple[Slot, ...]:
    """Return the placeholders that have a value when an alert of *kind* fires."""
    found = _POSSIBLE.get(kind, frozenset(Slot))
    return tuple(slot for slot in Slot if slot in found)


def parse(said: str) -> Parts:
    """Return plain text and placeholders, in order. Raises TemplateFault."""
    if not said.strip():
        raise TemplateFault(said, Flaw.EMPTY)
    if len(said) > LONGEST or said.count("\n") >= MOST_LINES:
        raise TemplateFault(said, Flaw.LONG, min(len(said), LONGEST))
    parts = tuple(_parts(said))
    if sum(isinstance(part, Slot) for part in parts) > _MOST_SLOTS:
        raise TemplateFault(said, Flaw.MANY, said.rfind("{"))
    return parts


def check(said: str, kind: Kind) -> Parts:
    """As `parse`, for alerts of *kind*: raises TemplateFault (ABSENT) also for what these have no value for."""
    parts = parse(said)
    allowed = possible(kind)
    for part in parts:
        if isinstance(part, Slot) and part not in allowed:
            raise TemplateFault(said, Flaw.ABSENT, said.find("{" + part + "}"), part)
    return parts


def filled(parts: Parts, values: Mapping[Slot, str]) -> str | None:
    """Return the text with *values* in it, plain; None where one of them is missing or nothing is left to read."""
    try:
        told = "".join(shortened(values[part], _VALUE) if isinstance(part, Slot) else part for part in parts)
    except KeyError:
        return None
    return told.strip() or None


@dataclass(frozen=True, slots=True)
class OwnWords:
    """An alert's message in its owner's words: *lines* of HTML, none where the standard words are to be used."""

    lines: tuple[str, ...] = ()
    tells_note: bool = False


def own_words(said: str | None, fired: Firing, zone: ZoneInfo) -> OwnWords:
    """Return what *fired* says by the template *said*; nothing without one, and where it cannot be filled in."""
    if said is None:
        return OwnWords()
    try:
        parts = parse(said)
    except TemplateFault:
        return OwnWords()
    told = filled(parts, _values(fired, zone))
    return OwnWords() if told is None else OwnWords(emphasised(told), Slot.NOTE in parts)


def emphasised(told: str) -> tuple[str, ...]:
    """Return plain text as lines of HTML, the first as an alert's headline."""
    first, *others = [text(line) for line in told.splitlines()]
    return (f"🔔 <b>{first}</b>", *others)


def sample(kind: Kind) -> dict[Slot, str]:
    """Return values that look like those of an alert of *kind*, for a preview."""
    values = {
        Slot.SYMBOL: "AAPL",
        Slot.PRICE: "200.15",
        Slot.CHANGE: "+1.82%",
        Slot.CONDITION: f"the {kind.value} that you set",
        Slot.NOTE: "your note",
        Slot.TIME: "15:42 ET",
    }
    return {slot: values[slot] for slot in possible(kind)}


def sample_of(rule: Rule, now_price: float | None, now: datetime, zone: ZoneInfo) -> dict[Slot, str]:
    """Return what *rule* would say if it fired now, as far as that is known; the rest is made up."""
    values = sample(kind_of(rule.draft.condition))
    known = {
        Slot.CONDITION: describe(rule),
        Slot.NOTE: rule.draft.options.note,
        Slot.TIME: clock(now, zone),
    }
    instrument = instrument_of(rule)
    if instrument is not None:
        known[Slot.SYMBOL] = instrument.label
        if now_price is not None:
            known[Slot.PRICE] = price(now_price, instrument.decimals)
    return values | {slot: value for slot, value in known.items() if slot in values}


def _values(fired: Firing, zone: ZoneInfo) -> Mapping[Slot, str]:
    rule, cause = fired.rule, fired.cause
    values = {
        Slot.CONDITION: describe(rule),
        Slot.NOTE: rule.draft.options.note,
        Slot.TIME: clock(fired.exchange_time or fired.at, zone),
    }
    instrument = None if isinstance(cause, ScanCause | TimeCause) else cause.instrument
    if instrument is not None:
        values[Slot.SYMBOL] = instrument.label
    if isinstance(cause, PriceCause):
        values[Slot.PRICE] = price(cause.price, cause.instrument.decimals)
        values[Slot.CHANGE] = percent(cause.change_pct)
        told = gauge_of(fired)
        if told is not None and (told.is_price or told.is_composed or cause.field not in PRICES):
            # A bid that a trade found, a ratio, a volume: the price of the tick is not the one that is meant.
            values[Slot.PRICE] = told.told
            values[Slot.SYMBOL] = told.name if told.is_composed else values[Slot.SYMBOL]
    return values


def _parts(said: str) -> Iterator[str | Slot]:
    position = 0
    while position < len(said):
        opens = said.find("{", position)
        plain_end = len(said) if opens < 0 else opens
        stray = said.find("}", position, plain_end)
        if stray >= 0:
            raise TemplateFault(said, Flaw.UNOPENED, stray)
        if plain_end > position:
            yield said[position:plain_end]
        if opens < 0:
            return
        closes = said.find("}", opens)
        if closes < 0 or "{" in said[opens + 1 : closes]:
            raise TemplateFault(said, Flaw.UNCLOSED, opens)
        yield _slot(said, opens, said[opens + 1 : closes])
        position = closes + 1


def _slot(said: str, position: int, name: str) -> Slot:
    try:
        return Slot(name)
    except ValueError:
        pass
    if any(mark in name for mark in ":!"):
        raise TemplateFault(said, Flaw.FORMAT, position, name)
    if any(mark in name for mark in ".[]()"):
        raise TemplateFault(said, Flaw.PART, position, name)
    raise TemplateFault(said, Flaw.UNKNOWN, position, name)
