"""What a person has set: /settings, its screens, and what came of a change."""

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from alerts.silence import QuietHours
from bot.callback_data import Code, Place
from bot.views.keyboard import button, grid, rows, shortened
from bot.views.message import Button, Message, Rows, text
from bot.views.numbers import clock, moment

_HERE = Place.HERE
_SAID = 60
_SHOWN = 12
ALL, ZONE, QUIET, HEARTBEAT, NEWS = "all", "zone", "quiet", "heartbeat", "news"
OFF = "off"
_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Zurich",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Hong_Kong",
    "Asia/Tokyo",
    "Australia/Sydney",
    "UTC",
)
_NIGHTS = ("21:00-06:00", "22:00-07:00", "23:00-07:00", "00:00-08:00")
_PULSES = (("Once a day", "1d"), ("Every 12 h", "12h"))
_MORNINGS = ("06:00", "07:00", "08:00", "09:00")
_HEADLINES = {
    "all": ("As they come", "as they come"),
    "busy": ("Digest when busy", "in a digest when there are many"),
    "hourly": ("Digest every hour", "in a digest every hour"),
}
_EXAMPLES = {
    ZONE: "/settings zone Europe/Berlin",
    QUIET: "/settings quiet 22:00-07:00",
    HEARTBEAT: "/settings heartbeat 1d 08:00",
    NEWS: "/settings news hourly",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What is set, and what follows from it.

    *zone* is the one that counts, *is_own* whether the person chose it. *quiet_until* is when the quiet that reigns is
    over. *pulses* is how often a day there is a heartbeat, at *pulse_at* for the first time, *next_pulse* the next.
    *calming* are the numbers of the alerts that calm the others, *news* says how headlines come.
    """

    zone: ZoneInfo
    is_own: bool = False
    summary: bool = True
    quiet: QuietHours | None = None
    quiet_until: datetime | None = None
    pulses: int = 0
    pulse_at: time = time(8)
    next_pulse: datetime | None = None
    calming: tuple[int, ...] = ()
    news: str = "busy"


def settings(set_: Standing, *, now: datetime, done: str = "") -> Message:
    """Return all that is set, with the buttons to change it; *done* (plain text) is what has just been changed."""
    lines = [
        f"✅ <b>{text(done)}</b>" if done else "⚙️ <b>Your settings</b>",
        "",
        _zone_line(set_, now),
        _quiet_line(set_, now),
        _pulse_line(set_, now),
        f"📅 Daily summary: <b>{'on' if set_.summary else OFF}</b>" + (", without a sound" if set_.summary else ""),
        _news_line(set_),
        _calm_line(set_),
        "",
        "Each can be typed too, such as <code>/settings quiet 22:00-07:00</code>",
    ]
    turned = OFF if set_.summary else "on"
    return Message(
        "\n".join(lines),
        rows(
            (_open("🌍 Time zone", ZONE), _open("🌙 Quiet hours", QUIET)),
            (_open("💓 Heartbeat", HEARTBEAT), _choice(f"📅 Summary {turned}", "summary", turned)),
            (_open("📰 News", NEWS),),
            (button("🔔 Test notification", Code.SETTING, Place.ANEW, "test", "now"),),
        ),
    )


def screen(which: str, set_: Standing, *, now: datetime) -> Message:
    """Return one of the screens on which a single thing is chosen. Raises KeyError for one that there is not."""
    lines, choices = {ZONE: _zones, QUIET: _nights, HEARTBEAT: _pulses, NEWS: _headlines}[which](set_, now)
    lines.append(f"Or type it: <code>{_EXAMPLES[which]}</code>")
    back = (button("« Settings", Code.SETTINGS, _HERE, ALL),)
    return Message("\n".join(lines), rows(*choices, back))


def not_understood(what: str, said: str) -> Message:
    """Return what is said of a setting that makes no sense, with what would."""
    shown = text(shortened(f"{what} {said}".strip(), _SAID))
    works = [_EXAMPLES[what]] if what in _EXAMPLES else [*_EXAMPLES.values(), "/settings summary off"]
    lines = "\n".join(f"<code>{example}</code>" for example in works)
    return Message(f"🤔 <b>I don't understand “{shown}”.</b> Nothing was changed.\nThis would work:\n{lines}")


def which_zone(said: str, found: tuple[str, ...]) -> Message:
    """Return the question which of several time zones is meant."""
    choices = [_choice(name, ZONE, name) for name in found[:_SHOWN]]
    shown = text(shortened(said, _SAID))
    return Message(f"🌍 <b>Which time zone is “{shown}”?</b> Nothing was changed.", grid(choices, 1))


def testing() -> Message:
    """Return the answer to the wish for a test notification."""
    return Message("📨 <b>A test notification is on its way.</b>\nIt goes the way of an alert, and makes a sound.")


def _zone_line(set_: Standing, now: datetime) -> str:
    whose = "" if set_.is_own else " (the bot's own)"
    return f"🌍 Time zone: <b>{text(set_.zone.key)}</b>{whose} · now {clock(now, set_.zone)}"


def _quiet_line(set_: Standing, now: datetime) -> str:
    if set_.quiet is None:
        return "🌙 Quiet hours: <b>none</b>"
    reigns = "" if set_.quiet_until is None else f" · quiet now, until {moment(set_.quiet_until, set_.zone, now)}"
    return f"🌙 Quiet hours: <b>{set_.quiet}</b>{reigns}"


def _pulse_line(set_: Standing, now: datetime) -> str:
    if not set_.pulses:
        return "💓 Heartbeat: <b>off</b>"
    often = "once a day" if set_.pulses == 1 else f"every {24 // set_.pulses} h"
    following = "" if set_.next_pulse is None else f" · next {moment(set_.next_pulse, set_.zone, now)}"
    return f"💓 Heartbeat: <b>{often}</b>, first at {set_.pulse_at:%H:%M}{following}"


def _news_line(set_: Standing) -> str:
    return f"📰 News: <b>{_HEADLINES[set_.news][1]}</b>"


def _calm_line(set_: Standing) -> str:
    if not set_.calming:
        return "🤫 Alerts that calm the others: <b>none</b> (a button on an alert's card)"
    named = ", ".join(f"#{number}" for number in set_.calming)
    return f"🤫 Alerts that calm the others for 15 min: <b>{named}</b>"


def _zones(set_: Standing, now: datetime) -> tuple[list[str], Rows]:
    lines = ["🌍 <b>In which time zone are you?</b>", _zone_line(set_, now)]
    lines.append("It counts for times in messages, quiet hours, and alerts at a time of day.")
    named = [(name.rpartition("/")[2].replace("_", " "), name) for name in _ZONES]
    return lines, grid([_choice(label, ZONE, name) for label, name in [*named, ("The bot's own", OFF)]], 3)


def _nights(set_: Standing, now: datetime) -> tuple[list[str], Rows]:
    lines = [
        "🌙 <b>When shall I be quiet?</b>",
        _quiet_line(set_, now),
        "What happens then waits and comes at the end, marked. Orders and critical alerts come at once all the same.",
    ]
    return lines, (*grid([_choice(night, QUIET, night) for night in _NIGHTS], 2), (_choice("Never", QUIET, OFF),))


def _pulses(set_: Standing, now: datetime) -> tuple[list[str], Rows]:
    lines = [
        "💓 <b>How often shall I say that I am well?</b>",
        _pulse_line(set_, now),
        "Without a sound, so that silence means that nothing happened. If something is wrong, with one.",
    ]
    often = [_choice(label, HEARTBEAT, value) for label, value in _PULSES]
    every = {1: "1d"}.get(set_.pulses, f"{24 // set_.pulses}h" if set_.pulses else "1d")
    mornings = [_choice(f"at {at}", HEARTBEAT, f"{every} {at}") for at in _MORNINGS]
    return lines, (tuple(often), *grid(mornings, 4), (_choice("Never", HEARTBEAT, OFF),))


def _headlines(set_: Standing, _now: datetime) -> tuple[list[str], Rows]:
    lines = ["📰 <b>How shall headlines come?</b>", _news_line(set_)]
    lines.append(
        "Many: more than 8 in 10 min, or 4 in 30 s. Then the following ones share a message that grows; none is left "
        "out, each has its button. Critical alerts, and those that wait for the price to move, always come at once."
    )
    return lines, grid([_choice(label, NEWS, value) for value, (label, _) in _HEADLINES.items()], 1)


def _open(label: str, which: str) -> Button:
    return button(label, Code.SETTINGS, _HERE, which)


def _choice(label: str, what: str, value: str) -> Button:
    return button(label, Code.SETTING, _HERE, what, value)
