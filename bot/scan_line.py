"""
A scan as one line, and the changes that buttons make to it: pure.

The line is all there is of a scan that is being built: what a button adds could as well have been typed.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerts.condition import AtSession, AtTime, Draft, EveryTime, Options, ScanEntry
from alerts.errors import AlertSyntaxError
from alerts.language import parse
from alerts.scan_check import checked
from alerts.wording import format_draft
from market.scan import MOST_ROWS, ScanSpec
from market.scan_catalogue import ScanCatalogue, ScanFilter

EXAMPLES = ("scan TOP_PERC_GAIN top 10", "scan MOST_ACTIVE price > 5 volume > 1M")
TIMES = ("at 09:35 ET weekdays", "every 30m rth")

_SCAN = "scan "
# `at 09:35`, `at open + 5m` and `every 30m` begin a schedule; "every" alone is an option of alerts.
_SCHEDULE = re.compile(
    r"\s+(?=(?:at\s+(?:\d|noon\b|midnight\b|(?:the\s+)?(?:open|close)\b)|every\s+\d))", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Bound:
    """
    A bound that a scan may have: its *key* in buttons, its *label*, and how it is written around the value ({v}).

    *presets* are values as one types them. *field* is the scan's own field for it, "" for one of IBKR's filters, whose
    code the key then is.
    """

    key: str
    label: str
    words: str
    presets: tuple[str, ...]
    field: str = ""


_AMOUNTS = ("100k", "500k", "1m", "5m", "10m")
_CAPS = ("300m", "2b", "10b", "200b")
BOUNDS = (
    Bound("price>", "Price above", "price > {v}", ("1", "5", "10", "20", "50", "100"), "above_price"),
    Bound("price<", "Price below", "price < {v}", ("5", "10", "20", "50", "100", "500"), "below_price"),
    Bound("volume>", "Volume above", "volume > {v}", _AMOUNTS, "above_volume"),
    Bound("marketCapAbove1e6", "Market cap above", "marketcap > {v}", _CAPS),
    Bound("marketCapBelow1e6", "Market cap below", "marketcap < {v}", _CAPS),
    Bound("changePercAbove", "Change above", "change > {v}", ("1%", "3%", "5%", "10%")),
    Bound("changePercBelow", "Change below", "change < {v}", ("-1%", "-3%", "-5%", "-10%")),
    Bound("avgVolumeAbove", "Average volume above", "avgvolume > {v}", _AMOUNTS),
    Bound("top", "Rows", "top {v}", ("5", "10", "20", "50"), "rows"),
)
"""What is asked for most; everything else is one of IBKR's filters, by its code."""

_BY_KEY = {bound.key: bound for bound in BOUNDS}


def entry_of(line: str, now: datetime, zone: ZoneInfo) -> ScanEntry:
    """Return the scan that *line* (`scan TOP_PERC_GAIN top 10`) asks for. Raises AlertSyntaxError."""
    draft = parse(line, now, zone)
    if not isinstance(draft.condition, ScanEntry) or draft.options != Options():
        raise AlertSyntaxError(line, len(_SCAN), "a scan by itself", EXAMPLES)
    return draft.condition


def as_listed(entry: ScanEntry, catalogue: ScanCatalogue | None) -> ScanEntry:
    """Return the scan as IBKR's *catalogue* has it, where that is known. Raises NoSuchScan."""
    return entry if catalogue is None else replace(entry, spec=checked(entry.spec, catalogue))


def line_of(entry: ScanEntry) -> str:
    """Return a scan as a line."""
    return format_draft(Draft(entry))


def split(line: str) -> tuple[str, str]:
    """Return a scan's line without the schedule at its end, and that schedule ("" for none)."""
    found = list(_SCHEDULE.finditer(line))
    return (line, "") if not found else (line[: found[0].start()].rstrip(), line[found[0].end() :].strip())


def schedule_of(text: str, now: datetime, zone: ZoneInfo) -> Draft:
    """
    Return when *text* (`at 09:35 ET weekdays`, `every 30m rth`) lets a scan run, as a time alert says it.

    Raises AlertSyntaxError, also for what is no time or bears options that do nothing here.
    """
    draft = parse(text, now, zone)
    when = draft.condition
    if not isinstance(when, AtTime | EveryTime | AtSession) or when.message:
        raise AlertSyntaxError(text, 0, "when to run the scan", TIMES)
    if draft.options != Options(hours=draft.options.hours):
        raise AlertSyntaxError(text, len(text), "nothing more than when, and rth", TIMES)
    return draft


def bound_of(key: str, catalogue: ScanCatalogue | None = None) -> Bound:
    """Return the bound of a button's *key*, with IBKR's own name and choices where *catalogue* has them."""
    known = _BY_KEY.get(key)
    if known is not None:
        return known
    listed = filter_of(key, catalogue)
    name, choices = (key, ()) if listed is None else (listed.name or key, listed.choices)
    return Bound(key, name, f"where {key} = {{v}}", tuple(value for value, _ in choices))


def filter_of(code: str, catalogue: ScanCatalogue | None) -> ScanFilter | None:
    """Return IBKR's filter of that code, or None."""
    every = () if catalogue is None else catalogue.filters
    return next((one for one in every if one.code == code), None)


def value_of(spec: ScanSpec, key: str) -> object | None:
    """Return what stands in a scan under *key*, None for nothing."""
    bound = _BY_KEY.get(key)
    if bound is None or not bound.field:
        return dict(spec.filters).get(key)
    value: object | None = getattr(spec, bound.field)
    return None if bound.key == "top" and value == MOST_ROWS else value


def keys_of(spec: ScanSpec) -> list[str]:
    """Return the keys of the bounds that a scan has."""
    own = [bound.key for bound in BOUNDS if bound.field and value_of(spec, bound.key) is not None]
    return [*own, *(code for code, _ in spec.filters)]


def clause(key: str, value: str) -> str:
    """Return a bound as a line has it: `price > 5`."""
    return bound_of(key).words.format(v=value)


def with_bound(entry: ScanEntry, key: str, value: str, now: datetime, zone: ZoneInfo) -> ScanEntry:
    """Return the scan with a bound as typed in the place of an earlier one, "" for none. Raises AlertSyntaxError."""
    bare = _without(entry.spec, key)
    if not value:
        return replace(entry, spec=bare)
    alone = entry_of(f"{_SCAN}{entry.spec.code} {clause(key, value)}", now, zone).spec
    spec = replace(bare, filters=tuple(sorted({**dict(bare.filters), **dict(alone.filters)}.items())))
    for bound in BOUNDS:
        # IBKR has filter codes for these fields, too: whichever way it was typed, it is the field that is set.
        if bound.field and value_of(alone, bound.key) is not None:
            given: dict[str, Any] = {bound.field: getattr(alone, bound.field)}
            spec = replace(spec, **given)
    return replace(entry, spec=spec)


def _without(spec: ScanSpec, key: str) -> ScanSpec:
    bound = _BY_KEY.get(key)
    if bound is not None and bound.field:
        blank: dict[str, Any] = {bound.field: MOST_ROWS if key == "top" else None}
        return replace(spec, **blank)
    return replace(spec, filters=tuple(pair for pair in spec.filters if pair[0] != key))
