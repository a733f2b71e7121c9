"""The heartbeat: that the bot is well, or what is wrong, so that silence means that nothing happened."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerts.rule import RuleState
from bot.callback_data import Code, Place
from bot.views.firing import LATE
from bot.views.keyboard import button, rows
from bot.views.message import Message, text
from bot.views.numbers import moment, span
from bot.views.status import StatusReport, wrong

_QUIET = timedelta(hours=1)
_WATCHING = (RuleState.ARMED, RuleState.PENDING)


def heartbeat_to_json(report: StatusReport, *, at: datetime, following: datetime, fired: int) -> dict[str, Any]:
    """Return what a heartbeat tells as JSON: the *report* as of *at*, how many *fired*, when the *following* is due."""
    return {
        "at": at.isoformat(),
        "next": following.isoformat(),
        "fired": fired,
        "wrong": wrong(report),
        "link": report.link.state.value,
        "link_since": report.link.since.isoformat(),
        "last_tick": report.last_tick.isoformat() if report.last_tick else None,
        "alerts": {state.value: count for state, count in report.alerts.items() if count},
        "started": report.started.isoformat(),
    }


def heartbeat(payload: Mapping[str, Any], *, now: datetime, zone: ZoneInfo, may_repeat: bool = False) -> Message:
    """
    Return the message of a heartbeat; without a sound where all is well.

    Raises KeyError, TypeError or ValueError for a payload that `heartbeat_to_json` does not make.
    """
    at = datetime.fromisoformat(payload["at"])
    trouble = [str(one) for one in payload["wrong"]]
    alerts = {RuleState(state): int(count) for state, count in payload["alerts"].items()}
    watching = sum(alerts.get(state, 0) for state in _WATCHING)
    told, following = moment(at, zone, now), moment(datetime.fromisoformat(payload["next"]), zone, now)
    lines = [
        _head(trouble, watching),
        _link(payload, at),
        _data(payload, at),
        "Alerts: " + (", ".join(f"{count} {state.value}" for state, count in alerts.items()) or "none"),
        f"Fired since the last heartbeat: {int(payload['fired'])}",
        f"Running for {span(at - datetime.fromisoformat(payload['started']))}",
        f"<i>{told} · the next one {following}. If it does not come, look after me.</i>",
    ]
    if now - at > LATE:
        lines.append(f"⚠️ <b>Late</b>: told {span(now - at)} after")
    if may_repeat:
        lines.append("↻ <i>may repeat: the first send was not acknowledged</i>")
    change = button("⚙️ Change", Code.SETTINGS, Place.ANEW, "heartbeat")
    buttons = rows((button("🟢 Status", Code.STATUS, Place.ANEW), change))
    return Message("\n".join(lines), buttons, silent=not trouble)


def _head(trouble: list[str], watching: int) -> str:
    many = "1 alert is watched" if watching == 1 else f"{watching} alerts are watched"
    if trouble:
        return f"💔 <b>Not well: {text(', '.join(trouble))}</b>"
    return f"💓 <b>All is well</b>, {many}"


def _link(payload: Mapping[str, Any], at: datetime) -> str:
    lasting = span(at - datetime.fromisoformat(payload["link_since"]))
    return f"IBKR link: {text(payload['link'])} for {lasting}"


def _data(payload: Mapping[str, Any], at: datetime) -> str:
    if payload["last_tick"] is None:
        return "Market data: nothing received yet"
    age = at - datetime.fromisoformat(payload["last_tick"])
    return f"Market data: last tick {span(age)} before" + (" (a closed market is quiet)" if age > _QUIET else "")
