"""
What happens at its time: the daily summary after each session's close, and the end of unconfirmed order cards.

The timers only say "look now". Whether a summary is due follows from the session's hours and from what was sent
already: the session date is part of the message's unique key, so that a timer that rings twice, or a process that
died in between, sends it once; one that was missed goes out late and says so.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.calendar import SessionCalendar
from bot.notices import Notices
from bot.summaries import AccountSummaries
from market.clock import Clock
from market.hours import Hours, Session
from storage.jobs import SqlJobs
from storage.message import NewMessage, Priority
from storage.outbox import SqlOutbox
from storage.users import SqlUsers
from trading.codec import summary_to_json

_log = logging.getLogger(__name__)

_SUMMARY = "summary"
_DAY = timedelta(days=1)
# What trades after the bell belongs to the day that rang it.
_AFTER_HOURS = timedelta(hours=4)


class DailySummaries:
    """
    Puts each session's summary into the outbox, once, *delay* after its close.

    Without a link (*is_linked*) there are no values to tell of: what is due then is sent when it is back.
    Sessions before the day of the bot's very first start are nobody's: they are passed over. Days are the venue's own:
    a session that ends in the evening, as the clocks of Greenwich go, is not yesterday's.
    """

    def __init__(  # noqa: PLR0913  when, what, for whom, and what was sent
        self,
        calendar: SessionCalendar,
        summaries: AccountSummaries,
        notices: Notices,
        users: SqlUsers,
        outbox: SqlOutbox,
        jobs: SqlJobs,
        clock: Clock,
        delay: timedelta,
        is_linked: Callable[[], bool],
    ) -> None:
        self._calendar = calendar
        self._summaries = summaries
        self._notices = notices
        self._users = users
        self._outbox = outbox
        self._jobs = jobs
        self._clock = clock
        self._delay = delay
        self._is_linked = is_linked
        self._hours: Hours | None = None

    @property
    def next(self) -> datetime | None:
        """When the next session's summary is due; None before a look at the hours."""
        coming = None if self._hours is None else self._hours.next_close(self._clock.now() - self._delay)
        return None if coming is None else coming.end + self._delay

    async def look(self) -> None:
        """Send the summary of the last session, if that is due and was not sent."""
        if not self._is_linked():
            return
        today = await self._calendar.today()
        # A later mark was made by a clock that was wrong: it must not keep this silent until then.
        told = await self._jobs.last(_SUMMARY, today + _DAY)
        if told is None:
            told = today - _DAY
            await self._jobs.mark(_SUMMARY, told)
        self._hours = await self._calendar.hours(told)
        ended = self._hours.last_close(self._clock.now() - self._delay)
        if ended is not None and ended.day > told:
            await self._send(ended)

    async def _send(self, session: Session) -> None:
        snapshot = self._summaries.snapshot(session.day)
        if snapshot is None:
            _log.info("the summary of %s waits for the account's values", session.day)
            return
        snapshot = await self._summaries.keep(snapshot)
        for chat_id in await self._notices.chats():
            settings = await self._users.settings(chat_id)
            if settings is not None and not settings.summary:
                continue
            summary = await self._summaries.of(snapshot, chat_id, session.end - _DAY, session.end + _AFTER_HOURS)
            await self._outbox.put(
                NewMessage(
                    chat_id,
                    _SUMMARY,
                    f"{_SUMMARY}:{snapshot.account}:{session.day.isoformat()}:{chat_id}",
                    summary_to_json(summary),
                    priority=Priority.REFRESH,
                    silent=True,
                    happened=session.end,
                )
            )
        await self._jobs.mark(_SUMMARY, session.day)


class Timers:
    """APScheduler, with our own idea of lateness: a timer that was held up rings late, and once."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )

    def every(self, seconds: float, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Run *work* every so many seconds, for the first time at once; one that fails is logged and runs again."""
        self._scheduler.add_job(work, "interval", seconds=seconds, id=name, next_run_time=datetime.now(UTC))  # noqa: TID251  APScheduler goes by the machine's clock

    def ring(self, name: str) -> None:
        """Run the work of *name* now, and from now on as often as before; for what would be late by its turn."""
        self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))  # noqa: TID251  as in `every`

    def start(self) -> None:
        """Start ringing, in the running event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop ringing."""
        self._scheduler.shutdown(wait=False)
