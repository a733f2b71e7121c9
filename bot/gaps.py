"""From the link's states to the gaps that they are: since when nothing live is to be believed."""

from collections.abc import Callable, Collection
from datetime import datetime

from alerts.backlog import UNNOTICED, Backlog
from alerts.catchup import CatchUp
from broker.status import LinkReason, LinkStatus


class GapWatch:
    """Takes in the link's statuses; *last_tick* is when the latest tick came, None before the first."""

    def __init__(self, catchup: CatchUp, backlog: Backlog, last_tick: Callable[[], datetime | None]) -> None:
        self._catchup = catchup
        self._backlog = backlog
        self._last_tick = last_tick
        self._broken: dict[str, datetime] = {}

    def take(self, status: LinkStatus) -> None:
        """Take in a new status."""
        at = status.heard or status.since
        if status.is_usable:
            self._catchup.restored()
            self._farms(status.broken_farms, at)
        else:
            # With the link goes the word that a farm is back: what it did not serve is behind since the farm broke.
            self._farms((), at)
            self._catchup.lost(self._lost_at(status.reason, at))

    def _lost_at(self, reason: LinkReason, heard: datetime) -> datetime:
        if reason is not LinkReason.LOST_IBKR:
            return heard
        # TWS says so once it has noticed: ticks ended before.
        earliest = heard - UNNOTICED
        return max(earliest, min(self._last_tick() or earliest, heard))

    def _farms(self, broken: Collection[str], at: datetime) -> None:
        """Take in which of IBKR's data farms are down; whose an instrument is shows by its silence."""
        # The farms of historical bars (`ushmds`) and of contracts (`secdefnj`) send no prices.
        broken = [farm for farm in broken if "hmds" not in farm and not farm.startswith("secdef")]
        healed = [since for farm, since in self._broken.items() if farm not in broken]
        self._broken = {farm: self._broken.get(farm, at) for farm in broken}
        if healed:
            self._catchup.healed(min(healed))
        self._catchup.doubt(min(self._broken.values(), default=None))
