"""A second program with our token: told to the admins once, and edited when it has gone."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from bot.views.notices import Notice
from market.clock import Clock

GONE_AFTER_S = 60.0
"""Of two programs each ends the other's request in turn: only a while without any says that it is alone."""

Tell = Callable[..., Awaitable[None]]


class RivalWatch:
    """Hears of each 409 and of each read that worked; *tell* is `Notices.tell`, *admins* gives their chats."""

    def __init__(self, tell: Tell, admins: Callable[[], Awaitable[Iterable[int]]], clock: Clock) -> None:
        self._tell = tell
        self._admins = admins
        self._clock = clock
        self._since: datetime | None = None
        self._last = 0.0
        self.met = 0
        """How often in a row it was met; 0 while we are alone."""

    async def conflict(self) -> None:
        """Telegram has ended our request because of another."""
        self.met += 1
        self._last = self._clock.monotonic()
        if self._since is None:
            self._since = self._clock.now()
            await self._tell(await self._admins(), Notice.RIVAL, self._key(self._since), at=self._since)

    async def alone(self) -> None:
        """A read worked."""
        if self._since is None or self._clock.monotonic() - self._last < GONE_AFTER_S:
            return
        since, self._since, self.met = self._since, None, 0
        key = self._key(since)
        await self._tell(
            await self._admins(), Notice.RIVAL_GONE, f"{key}:gone", edits=key, silent=True, since=since.isoformat()
        )

    @staticmethod
    def _key(since: datetime) -> str:
        return f"rival:{since.isoformat()}"
