"""
What a digest tells: each firing in brief, and what there is to say of all of them.

It travels as JSON in the outbox row of the digest, which holds the newest entries; the others are read from the rows
that the digest tells.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from alerts.codec import firing_from_json
from alerts.rule import (
    AccountCause,
    Away,
    Cause,
    FeedCause,
    Firing,
    NewsCause,
    OrderCause,
    PriceCause,
    ScanCause,
    TimeCause,
)
from bot.views.alerts import kind_mark
from bot.views.away import short as away_words
from bot.views.condition import describe, direction_of, level_of, subject
from bot.views.gauge import gauge_of
from bot.views.keyboard import shortened
from bot.views.news_alert import headline_of
from bot.views.numbers import exact, price
from bot.views.scan_change import gist as scan_gist
from market.instrument import Instrument

PAGE = 10
_GIST = 110
# A headline, or what changed in a scan.
_LONG_GIST = 180
_ABOUT = 60
_NAMES = 3


class Reason(StrEnum):
    """Why firings are told together."""

    BURST = "burst"
    """More than four within half a minute."""
    QUIET = "quiet hours"
    """They waited for the end of the person's quiet hours."""
    STALE = "old"
    """They happened more than twelve hours ago."""
    CALM = "calm"
    """Another alert that calms them had fired just before."""
    NEWS = "news"
    """Headlines, and many of them within ten minutes."""
    HOURLY = "hourly"
    """Headlines that waited for the full hour, as the person wants them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One firing in brief, plain text: *gist* says what happened, *about* what was waited for, *name* what it is about.

    *nth* counts the alert's firings. *con_id* is its instrument's (0: none), *decimals* those of its prices. *repeat*:
    it may have been told before. *gap* says how it was found after a gap, "" where it was seen live. *row_id* is its
    outbox row: what happened at one moment is in the order of these, on all pages (`storage/outbox.told_page`).
    *has_order*: the alert has an order ready to be asked for, by its `then`.
    """

    rule_id: int
    nth: int
    at: datetime
    name: str
    gist: str
    about: str
    con_id: int = 0
    decimals: int = 2
    repeat: bool = False
    gap: str = ""
    row_id: int = 0
    has_story: bool = False
    has_order: bool = False

    @property
    def mark(self) -> str:
        """Return which firing of which alert it is."""
        return f"#{self.rule_id}·{self.nth}"


@dataclass(frozen=True, slots=True)
class Gathered:
    """
    All that one digest tells, so far.

    *entries* are the newest, newest first, and *count* is of all; *begin* and *end* are when the first and the last
    happened; *names* are what they are about, each once, newest first.
    """

    reason: Reason
    count: int
    begin: datetime
    end: datetime
    names: tuple[str, ...]
    entries: tuple[Entry, ...]

    def grown(self, later: Sequence[Entry]) -> "Gathered":
        """Return it with *later* entries, oldest first; all of them are kept."""
        names = dict.fromkeys(entry.name for entry in reversed(later)) | dict.fromkeys(self.names)
        return replace(
            self,
            count=self.count + len(later),
            begin=min(self.begin, *(entry.at for entry in later)),
            end=max(self.end, *(entry.at for entry in later)),
            names=tuple(names),
            entries=tuple(
                sorted((*reversed(later), *self.entries), key=lambda one: (one.at, one.row_id), reverse=True)
            ),
        )

    @property
    def about(self) -> str:
        """Return what they are about: `AAPL, MSFT, NVDA and 4 more`."""
        more = len(self.names) - _NAMES
        return ", ".join(self.names[:_NAMES]) + (f" and {more} more" if more > 0 else "")


def gathered(reason: Reason, entries: Sequence[Entry]) -> Gathered:
    """Return what a digest of *entries* (one at least, oldest first) tells."""
    first = entries[0]
    return Gathered(reason, 0, first.at, first.at, (), ()).grown(entries)


def gathered_to_json(told: Gathered) -> dict[str, Any]:
    """Return *told* as JSON values, with the entries of one page at most."""
    return {
        "reason": told.reason.value,
        "count": told.count,
        "begin": told.begin.isoformat(),
        "end": told.end.isoformat(),
        "names": list(told.names),
        "entries": [asdict(entry) | {"at": entry.at.isoformat()} for entry in told.entries[:PAGE]],
    }


def gathered_from_json(data: Mapping[str, Any]) -> Gathered:
    """Return what `gathered_to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    return Gathered(
        reason=Reason(data["reason"]),
        count=int(data["count"]),
        begin=datetime.fromisoformat(data["begin"]),
        end=datetime.fromisoformat(data["end"]),
        names=tuple(data["names"]),
        entries=tuple(Entry(**entry | {"at": datetime.fromisoformat(entry["at"])}) for entry in data["entries"]),
    )


def entry_of(payload: Mapping[str, Any], *, repeat: bool = False, row_id: int = 0) -> Entry:
    """Return a firing's outbox payload in brief. Raises KeyError, TypeError or ValueError where it is none."""
    fired = firing_from_json(payload)
    rule, about, told = fired.rule, _instrument_of(fired.cause), gauge_of(fired)
    name = subject(rule) if about is None else about.label
    is_composed = told is not None and told.is_composed
    if told is not None and is_composed:
        # No price of one instrument is its price now.
        name = told.name
    return Entry(
        rule.id,
        rule.fired_count,
        fired.at,
        name,
        shortened(_gist(fired), _LONG_GIST if isinstance(fired.cause, NewsCause | ScanCause) else _GIST),
        _awaited(fired, name),
        0 if about is None or is_composed else about.con_id,
        2 if about is None else about.decimals,
        repeat,
        _gap(fired.away),
        row_id,
        headline_of(fired) is not None,
        bool(rule.draft.options.then),
    )


def entries_of(payloads: Iterable[tuple[Mapping[str, Any], bool]]) -> list[Entry]:
    """Return firings in brief, each given with whether it may repeat."""
    return [entry_of(payload, repeat=repeat) for payload, repeat in payloads]


def _awaited(fired: Firing, name: str) -> str:
    """Return what was waited for; of a headline, which says that itself, the provider."""
    if isinstance(fired.cause, NewsCause):
        return fired.cause.headline.provider
    return shortened(describe(fired.rule).removeprefix(f"{name} "), _ABOUT)


def _instrument_of(cause: Cause) -> Instrument | None:
    return None if isinstance(cause, ScanCause | TimeCause) else cause.instrument


def _gist(fired: Firing) -> str:  # noqa: PLR0911  one for each cause
    match fired.cause:
        case PriceCause(kind=kind) as cause:
            return _measured(fired, cause) + kind_mark(kind)
        case NewsCause(headline, about):
            whose = "" if about is None else f"{about.label}: "
            return f"📰 {'HOT · ' if headline.is_hot else ''}{whose}{headline.text}"
        case ScanCause() as cause:
            return scan_gist(cause)
        case AccountCause() as cause:
            return _measured(fired, cause)
        case OrderCause(event, order):
            return f"{event.value.capitalize()}: {order}"
        case TimeCause(_, message, collapsed):
            return f"⏰ {message or 'Time'}" + (f" ({collapsed} earlier missed)" if collapsed else "")
        case FeedCause(about):
            return f"⚠️ {about.label}: nothing received"


def _measured(fired: Firing, cause: PriceCause | AccountCause) -> str:
    """Return the number that the alert speaks about; where the values do not tell it, what the cause has."""
    told = gauge_of(fired)
    if told is not None:
        return told.line
    if isinstance(cause, PriceCause):
        about = cause.instrument
        return " ".join(filter(None, (about.label, _arrow(fired, cause.price), price(cause.price, about.decimals))))
    named = " · ".join(f"{name} {exact(round(value, 4))}" for name, value in cause.values.items())
    return f"{'' if cause.instrument is None else f'{cause.instrument.label} · '}{named or describe(fired.rule)}"


def _gap(away: Away | None) -> str:
    if away is None:
        return ""
    return away_words(away) + (", order within its bar unknown" if away.is_unordered else "")


def _arrow(fired: Firing, value: float) -> str:
    way, level = direction_of(fired.rule), level_of(fired.rule)
    if way != "↕" or level is None:
        return way
    return "▲" if value >= level else "▼"
