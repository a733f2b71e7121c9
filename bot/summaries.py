"""The account's day: on demand as it stands, and after a session's close as a snapshot that is kept."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from market.account import Fill
from market.clock import Clock
from market.errors import MarketError
from storage.firings import SqlFiringLog
from storage.snapshots import SqlSnapshots
from trading.ports import Holdings
from trading.summary import DailySummary, Snapshot, build_summary, take_snapshot

_log = logging.getLogger(__name__)

_CURVE = timedelta(days=366)
# What "today" means while a session is on: IBKR's own days begin there.
_VENUE = ZoneInfo("America/New_York")


class AccountSummaries:
    """
    Makes summaries of the default account.

    *executions* asks IBKR for today's, *own_fills* gives our own orders' of an account since a moment: a summary that
    comes a day late finds those in the database only.

    Implements `bot.handlers.ports.Summaries`.
    """

    def __init__(
        self,
        holdings: Holdings,
        snapshots: SqlSnapshots,
        firings: SqlFiringLog,
        executions: Callable[[], Awaitable[Sequence[Fill]]],
        own_fills: Callable[[str, datetime], Awaitable[Sequence[Fill]]],
        clock: Clock,
    ) -> None:
        self._holdings = holdings
        self._snapshots = snapshots
        self._firings = firings
        self._executions = executions
        self._own_fills = own_fills
        self._clock = clock

    async def latest(self, user_id: int) -> DailySummary | None:
        """Return the account as it stands now; nothing is kept. None before IBKR has told of any account."""
        now = self._clock.now()
        today = now.astimezone(_VENUE).date()
        snapshot = self.snapshot(today)
        if snapshot is None:
            return None
        midnight = datetime.combine(today, time(), _VENUE).astimezone(UTC)
        return await self.of(snapshot, user_id, midnight, now)

    def snapshot(self, day: date) -> Snapshot | None:
        """Return the default account as it stands, as of *day*; None before IBKR has told its value."""
        accounts = self._holdings.accounts()
        account = self._holdings.summary(accounts[0]) if accounts else None
        if account is None:
            return None
        positions = self._holdings.positions(account.account)
        return take_snapshot(account, positions, day=day, at=self._clock.now())

    async def of(self, snapshot: Snapshot, user_id: int, begin: datetime, end: datetime) -> DailySummary:
        """Return the summary of *snapshot*'s day for one person: trades and alerts from *begin* up to *end*."""
        history = await self._snapshots.series(snapshot.account, snapshot.day - _CURVE)
        fills = [fill for fill in await self._fills(snapshot.account, begin) if begin <= fill.time <= end]
        fired = await self._firings.count_since(user_id, begin)
        return build_summary(snapshot, history, fills, alerts_fired=fired)

    async def keep(self, snapshot: Snapshot) -> Snapshot:
        """Keep the day's snapshot; where the day has one already, return that: it is what people were told."""
        if await self._snapshots.save(snapshot):
            return snapshot
        kept = await self._snapshots.latest(snapshot.account, snapshot.day + timedelta(days=1))
        return kept or snapshot

    async def _fills(self, account: str, begin: datetime) -> Sequence[Fill]:
        found = list(await self._own_fills(account, begin))
        try:
            found += [fill for fill in await self._executions() if fill.account == account]
        except MarketError as error:
            _log.warning("the summary goes without today's executions: %r", error)
        # Of an execution that IBKR has corrected since, the last correction counts.
        return tuple({fill.execution: fill for fill in sorted(found, key=lambda fill: fill.revision)}.values())
