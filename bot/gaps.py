"""From the link's states to the gaps that they are: since when nothing live is to be believed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from alerts.backlog import Backlog
from alerts.catchup import CatchUp
from broker.status import LinkReason, LinkStatus

# So long after the last tick TWS may notice that it has lost IBKR.
_UNNOTICED = timedelta(seconds=60)


class GapWatch:
    """Takes in the link's statuses; *last_tick* is when the latest tick came, None before the first."""

    def __init__(self, catchup: CatchUp, backlog: Backlog, last_tick: Callable[[], datetime | None]) -> None:
        self._catchup = catchup
        self._backlog = backlog
        self._last_tick = last_tick
        self._broken_since: datetime | None = None
        self._broken: frozenset[str] = frozenset()

    def take(self, status: LinkStatus) -> None:
        """Take in a new status."""
        if not status.is_usable:
            self._catchup.lost(self._lost_at(status))
            self._broken, self._broken_since = frozenset(), None
            return
        self._catchup.restored()
        self._farms(frozenset(status.broken_farms), status.heard or status.since)

    def _lost_at(self, status: LinkStatus) -> datetime:
        heard = status.heard or status.since
        if status.reason is not LinkReason.LOST_IBKR:
            return heard
        # TWS says so once it has noticed: ticks ended before.
        earliest = heard - _UNNOTICED
        return max(earliest, min(self._last_tick() or earliest, heard))

    def _farms(self, broken: frozenset[str], at: datetime) -> None:
        """Take in which of IBKR's data farms are down; whose an instrument is shows by its silence."""
        if broken - self._broken and self._broken_since is None:
            self._broken_since = at
        if self._broken - broken and self._broken_since is not None:
            self._catchup.missed(self._backlog.silent(self._broken_since), self._broken_since)
            self._broken_since = at if broken else None
        self._broken = broken
