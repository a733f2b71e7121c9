"""
A day that has lost too much is over, and stays so when the loss is made good.

The day's profit and loss is IBKR's own. The lock holds until midnight in New York, also over a restart: wherever the
bot's people live, no midnight falls into a session there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from market.clock import Clock
from trading.ports import Holdings

_PREFIX = "loss:"
_NEW_YORK = ZoneInfo("America/New_York")


class Moments(Protocol):
    """Keeps moments by key."""

    async def all(self, prefix: str) -> Mapping[str, datetime]:
        """Return the moments whose keys begin with *prefix*, by key."""
        ...

    async def put(self, key: str, at: datetime) -> None:
        """Keep *at* under *key*, in the place of what was kept there."""
        ...


@dataclass(frozen=True, slots=True)
class DayLost:
    """The *account* has lost *loss* today, and *limit* is what it may, both in *currency*."""

    account: str
    loss: Decimal
    limit: Decimal
    currency: str


class LossLock:
    """Watches what *holdings* say of the day; *limit* tells what it may lose, None for off."""

    def __init__(
        self,
        limit: Callable[[], Decimal | None],
        holdings: Holdings,
        moments: Moments,
        clock: Clock,
    ) -> None:
        self._limit = limit
        self._holdings = holdings
        self._moments = moments
        self._clock = clock
        self._since: dict[str, datetime] = {}
        self._pending: dict[str, DayLost] = {}

    async def load(self) -> None:
        """Take over what was stored. Raises StorageUnavailable."""
        found = await self._moments.all(_PREFIX)
        self._since = {key.removeprefix(_PREFIX): at for key, at in found.items()}

    def since(self, account: str) -> datetime | None:
        """Return since when today is over for the account, or None."""
        at = self._since.get(account)
        return at if at is not None and at >= self._midnight() else None

    async def look(self) -> Sequence[DayLost]:
        """
        Lock each account whose day has lost too much, and return those that were not yet. Called often.

        Raises StorageUnavailable; they are locked then all the same, and stored and returned by the next look.
        """
        self._lock(self._limit())
        for account in list(self._pending):
            await self._moments.put(_PREFIX + account, self._since[account])
        found = list(self._pending.values())
        self._pending.clear()
        return found

    def _lock(self, limit: Decimal | None) -> None:
        if limit is None:
            return
        for account in self._holdings.accounts():
            summary = self._holdings.summary(account)
            profit = summary.daily_pnl if summary is not None else None
            if summary is None or profit is None or -profit < limit or self.since(account) is not None:
                continue
            # At once, and only then stored: no order may slip through meanwhile.
            self._since[account] = self._clock.now()
            self._pending[account] = DayLost(account, -profit, limit, summary.currency)

    def _midnight(self) -> datetime:
        return datetime.combine(self._clock.now().astimezone(_NEW_YORK).date(), time(), _NEW_YORK)
