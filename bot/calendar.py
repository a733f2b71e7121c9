"""
When sessions end: from IBKR's own liquid hours, with the exchange's calendar for what IBKR does not say.

IBKR reports today and the days to come; a close that was missed, and any close while the link is down, comes from
`exchange_calendars`. That library reads "today" for its range and is slow to load (pandas), so it is not pure, is
imported when first needed, and runs in a thread.
"""

import asyncio
import logging
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from market.clock import Clock
from market.errors import MarketError
from market.hours import Hours, Session
from market.instrument import Instrument

_log = logging.getLogger(__name__)

_EXCHANGE = "XNYS"
_ZONE = "America/New_York"
_DAYS_BACK = 10
_DAYS_AHEAD = 10


class SymbolBook(Protocol):
    """Finds an instrument and its hours; `broker/contracts.py`."""

    async def find(self, symbol: str) -> Instrument:
        """Return the instrument."""
        ...

    async def hours(self, instrument: Instrument) -> Hours:
        """Return its liquid hours."""
        ...


class SessionCalendar:
    """The sessions of *symbol*'s venue."""

    def __init__(self, symbols: SymbolBook, symbol: str, clock: Clock) -> None:
        self._symbols = symbols
        self._symbol = symbol
        self._clock = clock
        self._reported: Hours | None = None
        self._exchange_day: date | None = None
        self._exchange_sessions: tuple[Session, ...] = ()

    async def today(self) -> date:
        """Return the date at the venue now, by which its sessions are named; New York's before IBKR has told of it."""
        reported = await self._told()
        zone = reported.zone if reported is not None and reported.sessions else _ZONE
        return self._clock.now().astimezone(ZoneInfo(zone)).date()

    async def hours(self, since: date) -> Hours:
        """
        Return the sessions of all days after *since* (within ten days), and the next ten days'.

        IBKR's word counts for every day it speaks of; the exchange calendar is asked only for days it leaves out.
        """
        reported = await self._told()
        if reported is not None and reported.sessions:
            first = min(session.day for session in reported.sessions)
            if first <= since + timedelta(days=1):
                return reported
        return merged(reported, await self._exchange())

    async def _told(self) -> Hours | None:
        """Return IBKR's word, the last one where it gives none now."""
        try:
            self._reported = await self._symbols.hours(await self._symbols.find(self._symbol))
        except MarketError as error:
            _log.debug("session hours not read from IBKR: %r", error)
        return self._reported

    async def _exchange(self) -> tuple[Session, ...]:
        now = self._clock.now()
        if self._exchange_day != now.date():
            self._exchange_sessions = await asyncio.to_thread(_exchange_sessions, now)
            self._exchange_day = now.date()
        return self._exchange_sessions


def merged(reported: Hours | None, calendar: tuple[Session, ...]) -> Hours:
    """Return *reported* with *calendar*'s sessions for the days before its first one."""
    if reported is None or not reported.sessions:
        return Hours(_ZONE, calendar)
    first = min(session.day for session in reported.sessions)
    earlier = tuple(session for session in calendar if session.day < first)
    return Hours(reported.zone, earlier + reported.sessions)


def _exchange_sessions(now: datetime) -> tuple[Session, ...]:
    import exchange_calendars  # noqa: PLC0415  loads pandas; nobody waits for it at start

    calendar = exchange_calendars.get_calendar(_EXCHANGE)
    start = (now - timedelta(days=_DAYS_BACK)).date()
    end = (now + timedelta(days=_DAYS_AHEAD)).date()
    schedule = calendar.schedule.loc[str(start) : str(end)]
    return tuple(
        Session(row.open.to_pydatetime().astimezone(UTC), row.close.to_pydatetime().astimezone(UTC), day.date())
        for day, row in schedule.iterrows()
    )
