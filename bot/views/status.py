"""How everything stands: /status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.rule import RuleState
from bot.callback_data import Code, Place
from bot.views.errors import LINK_REASONS
from bot.views.keyboard import button, rows
from bot.views.message import Message, text
from bot.views.numbers import fixed, moment, span
from bot.views.storage import why
from broker.status import LinkState, LinkStatus
from market.account import is_paper_account

_QUIET_S = 60
_SLOW_S = 5
_QUEUE = 20
_MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class StatusReport:
    """
    What /status tells. Durations in seconds.

    *alerts* counts the asking person's alerts by state, *telegram_lag_s* is the last round trip to the Bot API (None
    before the first), *telegram_trouble* what is wrong with it ("" for nothing), *outbox_depth* the undelivered
    messages, *lines* the market data lines in use of *most_lines*. *rivalled* are symbols that another session of the
    IBKR user has, *not_live* those whose prices come delayed or frozen, *stale* those that say nothing though they were
    asked for again, and since when. *storage_trouble* is why nothing can be stored ("" for nothing).
    """

    version: str
    started: datetime
    link: LinkStatus
    alerts: Mapping[RuleState, int] = field(default_factory=dict)
    last_tick: datetime | None = None
    lines: int = 0
    most_lines: int = 0
    telegram_lag_s: float | None = None
    telegram_trouble: str = ""
    outbox_depth: int = 0
    next_summary: datetime | None = None
    trading: str = "active"
    rivalled: Sequence[str] = ()
    not_live: Sequence[str] = ()
    stale: Sequence[tuple[str, datetime]] = ()
    storage_trouble: str = ""


def status(report: StatusReport, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return the report; the first line says whether all is well, and if not, what is wrong."""
    link = report.link
    lines = [
        _head(report),
        "",
        *_link_lines(link, now),
        _data_line(report, now),
        *_data_troubles(report, zone, now),
        _telegram_line(report),
        *_storage_lines(report),
        _alerts_line(report),
        f"Trading: <b>{text(report.trading)}</b>",
        f"Next summary: {moment(report.next_summary, zone, now) if report.next_summary else 'not known yet'}",
        f"Version {text(report.version)} · {text(link.library or 'no library')} · up {span(now - report.started)}",
        f"<i>{moment(now, zone, now, seconds=True)}</i>",
    ]
    return Message("\n".join(lines), rows((button("🔄 Refresh", Code.STATUS, Place.HERE),)))


def _head(report: StatusReport) -> str:
    accounts = ", ".join(map(text, report.link.accounts))
    venue = ""
    if accounts:
        paper = all(is_paper_account(account) for account in report.link.accounts)
        venue = f" · {'PAPER' if paper else '<b>LIVE</b>'} {accounts}"
    found = wrong(report)
    return f"🔴 <b>{text(', '.join(found))}</b>{venue}" if found else f"🟢 <b>All good</b>{venue}"


def wrong(report: StatusReport) -> list[str]:
    """Return what is not well, plain text; nothing where all is."""
    found = []
    if report.storage_trouble:
        found.append("nothing can be stored")
    if not report.link.is_usable:
        found.append("IBKR link is not up")
    if report.link.broken_farms:
        found.append("an IBKR data farm is down")
    if report.rivalled:
        found.append("no market data: the IBKR user is logged in elsewhere")
    if report.telegram_trouble:
        found.append("Telegram is in trouble")
    if report.outbox_depth >= _QUEUE:
        found.append(f"{report.outbox_depth} messages wait")
    blind = report.alerts.get(RuleState.BLIND, 0)
    if blind:
        found.append(f"{blind} alerts blind")
    return found


def _link_lines(link: LinkStatus, now: datetime) -> list[str]:
    lasting = span(now - link.since)
    at = f" at {text(link.address)}" if link.address else ""
    if link.state is LinkState.UP:
        return [f"IBKR: link up {lasting}{at} · client {link.client_id} · server {link.server_version}"]
    why = LINK_REASONS.get(link.reason.value, "")
    lines = [f"IBKR: <b>{text(link.state.value)}</b> for {lasting}{at}" + (f", {text(why)}" if why else "")]
    tried = f" {link.attempts} tries so far;" if link.attempts else ""
    return [*lines, f"Retrying by myself:{tried} no order can be sent until it is up."]


def _data_line(report: StatusReport, now: datetime) -> str:
    lines = f" · {report.lines} of {report.most_lines} lines" if report.most_lines else ""
    if report.last_tick is None:
        return f"Market data: nothing received yet{lines}"
    age = now - report.last_tick
    quiet = " (quiet)" if age > timedelta(seconds=_QUIET_S) else ""
    return f"Market data: last tick {span(age)} ago{quiet}{lines}"


def _data_troubles(report: StatusReport, zone: ZoneInfo, now: datetime) -> list[str]:
    farms, stale = report.link.broken_farms, [f"{name} since {moment(at, zone, now)}" for name, at in report.stale]
    found = {
        "IBKR's data farms down": farms,
        "Held by another session of the same IBKR user": report.rivalled,
        "Delayed or frozen": report.not_live,
        "Silent, asked for again": stale,
    }
    return [f"⚠️ {what}: {text(_some(names))}" for what, names in found.items() if names]


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _telegram_line(report: StatusReport) -> str:
    if report.telegram_trouble:
        return f"Telegram: <b>{text(report.telegram_trouble)}</b>, retrying · {report.outbox_depth} to deliver"
    lag = report.telegram_lag_s
    slow = " (slow)" if lag is not None and lag > _SLOW_S else ""
    speed = "lag not measured yet" if lag is None else f"lag {fixed(lag, 1)} s{slow}"
    return f"Telegram: {speed} · {report.outbox_depth} to deliver"


def _storage_lines(report: StatusReport) -> list[str]:
    if not report.storage_trouble:
        return []
    what = "what fires is kept in memory, orders are refused"
    return [f"Database: <b>{text(why(report.storage_trouble))}</b>, retrying; {what}"]


def _alerts_line(report: StatusReport) -> str:
    counted = [f"{count} {state.value}" for state, count in report.alerts.items() if count]
    return "Alerts: " + (", ".join(counted) if counted else "none")
