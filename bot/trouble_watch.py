"""
What is wrong with IBKR's data while the link is up: told once per chat, its message edited as it changes and ends.

Nothing tells reliably that such a trouble is over; so what is wrong is looked at again and again, and what stays for a
while is told.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from alerts.ports import Nap
from alerts.rule import Rule, RuleState
from bot.notices import Notices
from bot.views.notices import Notice
from bot.views.trouble import Trouble
from broker.status import LinkStatus
from market.clock import Clock
from market.instrument import Instrument
from market.quote import DataKind

_LOOK_EVERY_S = 1.0
# What ends within the grace is no news; what is over stays over for as long before that is said.
_GRACE = timedelta(seconds=10)
# Lines come one by one: a message is not edited for each.
_EDIT_EVERY = timedelta(seconds=30)
# Prices may take a moment to come after the trouble that explained their absence.
_AFTERWARDS = timedelta(minutes=1)

_PREFIX = "trouble:"

Key = tuple[Trouble, int]
"""A trouble and the chat that is to hear of it."""

_KINDS = {
    DataKind.DELAYED: Trouble.DELAYED,
    DataKind.DELAYED_FROZEN: Trouble.FROZEN,
    DataKind.FROZEN: Trouble.FROZEN,
}


class DataSource(Protocol):
    """What the tick feed knows of its own lines."""

    def rivalled(self) -> Sequence[Instrument]:
        """Return what another session of the same IBKR user has."""
        ...

    def not_live(self) -> Mapping[Instrument, DataKind]:
        """Return what comes delayed or frozen."""
        ...


class Troubles:
    """
    Sees what is wrong just now, and whom it concerns.

    *chats_on* returns the chats of the alerts on an instrument, by its contract id: who has none there does not hear
    of its delayed prices, the quote itself is marked.
    """

    def __init__(
        self,
        link: Callable[[], LinkStatus],
        data: DataSource,
        is_read_only: Callable[[], bool],
        chats_on: Callable[[int], Iterable[int]],
        notices: Notices,
    ) -> None:
        self._link = link
        self._data = data
        self._is_read_only = is_read_only
        self._chats_on = chats_on
        self._notices = notices

    async def look(self) -> Mapping[Key, Sequence[str]] | None:
        """Return what each chat is to know, with the subjects; None while the link is not up: then nothing can be."""
        status = self._link()
        if not status.is_usable:
            return None
        found = self._not_live()
        found |= await self._of_all(Trouble.COMPETING, [one.label for one in self._data.rivalled()])
        found |= await self._of_all(Trouble.FARM, status.broken_farms)
        if self._is_read_only():
            admins = await self._notices.chats(admins_only=True)
            found |= {(Trouble.READ_ONLY, chat_id): () for chat_id in admins}
        return found

    async def _of_all(self, trouble: Trouble, subjects: Sequence[str]) -> dict[Key, Sequence[str]]:
        if not subjects:
            return {}
        return {(trouble, chat_id): tuple(sorted(subjects)) for chat_id in await self._notices.chats()}

    def _not_live(self) -> dict[Key, Sequence[str]]:
        found: dict[Key, list[str]] = {}
        for instrument, kind in self._data.not_live().items():
            for chat_id in self._chats_on(instrument.con_id):
                found.setdefault((_KINDS[kind], chat_id), []).append(instrument.label)
        return {key: tuple(sorted(labels)) for key, labels in found.items()}


@dataclass(slots=True)
class _Course:
    """
    A trouble in one chat: since when, about what, what was said of it (None: nothing yet) and when.

    It is over once it is *gone* for *grace*.
    """

    since: datetime
    subjects: Sequence[str]
    said: Sequence[str] | None = None
    said_at: datetime | None = None
    edits: int = 0
    gone: datetime | None = None
    grace: timedelta = _GRACE


class TroubleWatch:
    """
    Tells of what *look* sees; `run` is its loop.

    It also stands between an alert that turned blind and its owner: what a trouble explains that is told anyway is not
    told for each alert. *rule_of* returns an alert as it stands.
    """

    def __init__(
        self,
        notices: Notices,
        look: Callable[[], Awaitable[Mapping[Key, Sequence[str]] | None]],
        rule_of: Callable[[int], Rule | None],
        clock: Clock,
        *,
        nap: Nap = asyncio.sleep,
    ) -> None:
        self._notices = notices
        self._look = look
        self._rule_of = rule_of
        self._clock = clock
        self._nap = nap
        self._courses: dict[Key, _Course] = {}
        self._untold: dict[int, datetime] = {}

    async def resume(self) -> None:
        """Take up what an earlier run of the program has told and not ended; before `run`. Raises StorageError."""
        now = self._clock.now()
        for one in await self._notices.standing(_PREFIX):
            said = tuple(one.payload["subjects"])
            # What is wrong with a line shows some time after it is asked for.
            course = _Course(one.since, said, said, now, one.edits, grace=_AFTERWARDS)
            self._courses[Trouble(one.payload["trouble"]), one.chat_id] = course

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.step()
            await self._nap(_LOOK_EVERY_S)

    async def step(self) -> None:
        """Look once, and tell what is to be told."""
        found = await self._look()
        if found is None:
            return
        now = self._clock.now()
        for key, subjects in found.items():
            course = self._courses.setdefault(key, _Course(now, subjects))
            course.subjects, course.gone = subjects, None
            await self._tell(key, course, now)
        for key in [key for key in self._courses if key not in found]:
            await self._end(key, self._courses[key], now)
        await self._tell_untold(now)

    async def blind(self, rule: Rule) -> None:
        """Tell an alert's owner that it cannot be evaluated, unless a trouble says so already; then later, if ever."""
        if self._explains(rule):
            self._untold[rule.id] = self._clock.now()
        else:
            await self._notices.blind(rule)

    def _explains(self, rule: Rule) -> bool:
        """Whether a trouble that is known, or about to be, is why the alert is blind."""
        if rule.reason.startswith("IBKR 10197:"):
            return True
        return rule.reason.startswith("no data for") and any(kind is Trouble.FARM for kind, _ in self._courses)

    async def _tell_untold(self, now: datetime) -> None:
        for rule_id, since in list(self._untold.items()):
            rule = self._rule_of(rule_id)
            if rule is None or rule.state is not RuleState.BLIND:
                del self._untold[rule_id]
            elif self._courses and self._explains(rule):
                self._untold[rule_id] = now
            elif now - since >= _AFTERWARDS:
                del self._untold[rule_id]
                await self._notices.blind(rule)

    async def _tell(self, key: Key, course: _Course, now: datetime) -> None:
        if course.said is None or course.said_at is None:
            if now - course.since >= _GRACE:
                await self._say(key, course, now)
        elif course.subjects != course.said and now - course.said_at >= _EDIT_EVERY:
            await self._say(key, course, now)

    async def _say(self, key: Key, course: _Course, now: datetime) -> None:
        trouble, chat_id = key
        name, subjects = _name(trouble, course), course.subjects
        is_edit = course.said is not None
        await self._notices.tell(
            [chat_id],
            Notice.TROUBLE,
            f"{name}:{course.edits + 1}" if is_edit else name,
            at=now if is_edit else course.since,
            edits=name if is_edit else None,
            trouble=trouble.value,
            subjects=list(subjects),
        )
        # Not before it is stored: what could not be told is told again.
        course.edits += is_edit
        course.said, course.said_at = subjects, now

    async def _end(self, key: Key, course: _Course, now: datetime) -> None:
        course.gone = course.gone or now
        if course.said is None:
            del self._courses[key]
        elif now - course.gone >= course.grace:
            trouble, chat_id = key
            name = _name(trouble, course)
            await self._notices.tell(
                [chat_id],
                Notice.TROUBLE_OVER,
                f"{name}:over",
                edits=name,
                silent=True,
                trouble=trouble.value,
                subjects=list(course.said),
                since=course.since.isoformat(),
            )
            del self._courses[key]


def _name(trouble: Trouble, course: _Course) -> str:
    return f"{_PREFIX}{trouble.value}:{course.since.isoformat()}"
