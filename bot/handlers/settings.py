"""/settings: what each person sets for themselves, by text and by buttons."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, time
from functools import cache
from zoneinfo import available_timezones

from alerts.rulebook import Rulebook
from alerts.silence import QuietHours, next_slot
from bot.callback_data import BadCallback, Callback
from bot.handlers.cards import AlertCards
from bot.handlers.place import show
from bot.handlers.ports import Preferences, Reply, Zones
from bot.request import Press, TextIn
from bot.views import settings as views
from bot.views.message import Message
from market.clock import Clock
from storage.users import UserSettings

_SCREENS = {views.ZONE, views.QUIET, views.HEARTBEAT, views.NEWS}
_WORDS = {
    "zone": views.ZONE,
    "timezone": views.ZONE,
    "quiet": views.QUIET,
    "heartbeat": views.HEARTBEAT,
    "news": views.NEWS,
    "summary": "summary",
    "test": "test",
    "calm": "calm",
}
_OFF = {"off", "no", "never", "none", "0"}
_ON = {"on", "yes"}
_SHORT_ZONES = {"et": "America/New_York", "ct": "America/Chicago", "pt": "America/Los_Angeles", "utc": "UTC"}
_PULSE = re.compile(r"(?:1?\s*d|daily|day|(?P<hours>\d{1,2})\s*h)(?:\s+(?:at\s+)?(?P<at>\d{1,2}(?::[0-5]\d)?))?")
_NEWS = {
    **dict.fromkeys(("all", "each", "as they come", "at once"), "all"),
    **dict.fromkeys(("busy", "digest", "when busy", "digest when busy"), "busy"),
    **dict.fromkeys(("hourly", "1h", "every hour", "digest every hour"), "hourly"),
}
_CALM = re.compile(r"#?(?P<rule>\d{1,17})(?:\s+(?P<on>on|off))?")
_DAY_H = 24


class SettingsHandler:
    """
    Shows and changes a person's settings.

    *test* puts a test notification into the outbox for a chat; *let_go* sends what waits there for an end that was
    changed: of quiet hours, of the hour that headlines wait for.
    """

    def __init__(
        self,
        *,
        reply: Reply,
        preferences: Preferences,
        rulebook: Rulebook,
        cards: AlertCards,
        zones: Zones,
        clock: Clock,
        test: Callable[[int], Awaitable[None]],
        let_go: Callable[[int], Awaitable[None]],
    ) -> None:
        self._reply = reply
        self._preferences = preferences
        self._rulebook = rulebook
        self._cards = cards
        self._zones = zones
        self._clock = clock
        self._test = test
        self._let_go = let_go

    async def settings(self, request: TextIn) -> None:
        """Show what is set, or change what the text says. Raises RuleGone."""
        word, _, rest = request.args.strip().partition(" ")
        if not word:
            answer = await self._all(request.user_id)
        else:
            answer = await self._said(request, word.lower(), rest.strip())
        await self._reply.send(request.chat_id, answer, reply_to=request.message_id)

    async def on_settings(self, press: Press, callback: Callback) -> None:
        """Show all, or the screen on which one thing is chosen."""
        which = callback.args[1]
        await self._reply.answer(press)
        if which in _SCREENS:
            message = views.screen(which, await self._standing(press.user_id), now=self._clock.now())
        else:
            message = await self._all(press.user_id)
        await show(self._reply, press, callback, message)

    async def on_set(self, press: Press, callback: Callback) -> None:
        """Change one thing to what the button says."""
        what, value = callback.args[1], callback.args[2]
        if what == "test":
            await self._test(press.chat_id)
            await self._reply.answer(press, "A test notification is on its way.")
            return
        current = await self._preferences.of(press.user_id)
        changed = None if what == "calm" else _changed(current, what, value, self._clock.now())
        if changed is None:
            raise BadCallback(press.data)
        await self._save(changed)
        await self._reply.answer(press, "Changed")
        await show(self._reply, press, callback, await self._all(press.user_id))

    async def on_calm(self, press: Press, callback: Callback) -> None:
        """Let an alert calm its owner's others when it fires, or no longer. Raises RuleGone."""
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        calms = callback.args[2] == "on"
        await self._calm(press.user_id, rule.id, calms=calms)
        told = "For 15 min after it fires it speaks for your other price alerts. Critical ones still come alone."
        await self._reply.answer(press, told if calms else "It does not calm the others any more.")
        await self._cards.show(self._reply, press, callback, rule)

    async def _said(self, request: TextIn, word: str, rest: str) -> Message:
        what = _WORDS.get(word, "")
        if what == "test":
            await self._test(request.chat_id)
            return views.testing()
        if what == "calm":
            return await self._calm_said(request.user_id, rest)
        if what in _SCREENS and not rest:
            return views.screen(what, await self._standing(request.user_id), now=self._clock.now())
        if what == views.ZONE and len(found := _zones_like(rest)) > 1:
            return views.which_zone(rest, found)
        changed = _changed(await self._preferences.of(request.user_id), what, rest, self._clock.now())
        if changed is None:
            return views.not_understood(what or word, rest)
        await self._save(changed)
        return await self._all(request.user_id, "Changed")

    async def _calm_said(self, user_id: int, rest: str) -> Message:
        found = _CALM.fullmatch(rest.lower())
        if found is None:
            return views.not_understood("calm", rest)
        rule = await self._rulebook.get(int(found["rule"]), user_id)
        await self._calm(user_id, rule.id, calms=found["on"] != "off")
        return await self._all(user_id, "Changed")

    async def _calm(self, user_id: int, rule_id: int, *, calms: bool) -> None:
        current = await self._preferences.of(user_id)
        others = tuple(one for one in current.calming if one != rule_id)
        await self._preferences.save(replace(current, calming=(*others, rule_id) if calms else others))

    async def _save(self, changed: UserSettings) -> None:
        before = await self._preferences.of(changed.user_id)
        await self._preferences.save(changed)
        if (before.quiet, before.zone, before.news) != (changed.quiet, changed.zone, changed.news):
            # What waits is looked at anew: it may be time by now.
            await self._let_go(changed.user_id)

    async def _all(self, user_id: int, done: str = "") -> Message:
        return views.settings(await self._standing(user_id), now=self._clock.now(), done=done)

    async def _standing(self, user_id: int) -> views.Standing:
        current, zone, now = await self._preferences.of(user_id), await self._zones.zone_of(user_id), self._clock.now()
        quiet = QuietHours.read(current.quiet)
        at = time.fromisoformat(current.heartbeat_at)
        owned = {rule.id for rule in await self._rulebook.owned_by(user_id)}
        return views.Standing(
            zone,
            is_own=bool(current.zone),
            summary=current.summary,
            quiet=quiet,
            quiet_until=None if quiet is None else quiet.until(now, zone),
            pulses=current.heartbeat,
            pulse_at=at,
            next_pulse=next_slot(now, zone, at, current.heartbeat) if current.heartbeat else None,
            calming=tuple(one for one in current.calming if one in owned),
            news=current.news,
        )


def _changed(current: UserSettings, what: str, value: str, now: datetime) -> UserSettings | None:
    """Return the settings with *what* set to *value*, or None where that makes no sense."""
    said = value.strip().lower()
    match what:
        case views.ZONE:
            found = _zones_like(said)
            return replace(current, zone=found[0]) if len(found) == 1 else None
        case views.QUIET:
            quiet = QuietHours.read(said)
            return replace(current, quiet="" if quiet is None else str(quiet)) if quiet or said in _OFF else None
        case views.HEARTBEAT:
            return _with_heartbeat(current, said, now)
        case views.NEWS if said in _NEWS:
            return replace(current, news=_NEWS[said])
        case "summary" if said in _ON | _OFF:
            return replace(current, summary=said in _ON)
    return None


def _with_heartbeat(current: UserSettings, said: str, now: datetime) -> UserSettings | None:
    if said in _OFF:
        return replace(current, heartbeat=0)
    found = _PULSE.fullmatch(said)
    hours = int(found["hours"] or _DAY_H) if found else 0
    if found is None or not hours or _DAY_H % hours:
        return None
    at = found["at"] or current.heartbeat_at
    hour, _, minute = at.partition(":")
    if int(hour) >= _DAY_H:
        return None
    begins = f"{int(hour):02}:{minute or '00'}"
    return replace(current, heartbeat=_DAY_H // hours, heartbeat_at=begins, heartbeat_since=now)


@cache
def _zone_names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones() if name not in {"localtime", "posixrules", "Factory"}}


def _zones_like(said: str) -> tuple[str, ...]:
    """Return the names of the zones that *said* may mean, `""` for the bot's own; none where there is none."""
    word = said.strip().lower().replace(" ", "_")
    if word in {*_OFF, "bot", "default"}:
        return ("",)
    names = _zone_names()
    word = _SHORT_ZONES.get(word, word).lower()
    if word in names:
        return (names[word],)
    return tuple(sorted(name for low, name in names.items() if low.endswith(f"/{word}")))
