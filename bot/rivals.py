"""A second program with our token: told to the admins once, and edited when it has gone."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from bot.views.notices import Notice
from market.clock import Clock

GONE_AFTER_S = 60.0
"""Of two programs each ends the other's request in turn: only a while without any says that it is alone."""

RIVALS = "rival:"
"""With what the keys of its notices begin."""

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

    def resume(self, since: datetime) -> None:
        """Take up what an earlier run of the program has told and not ended: another was met *since* then."""
        self._since, self._last = since, self._clock.monotonic()

    async def conflict(self) -> None:
        """Telegram has ended our request because of another."""
        self.met += 1
        self._last = self._clock.monotonic()
        if self._since is None:
            since = self._clock.now()
            await self._tell(await self._admins(), Notice.RIVAL, self._key(since), at=since)
            # Not before it is stored: what could not be told is told again.
            self._since = since

    async def alone(self) -> None:
        """A read worked."""
        if self._since is None or self._clock.monotonic() - self._last < GONE_AFTER_S:
            return
        since, key = self._since, self._key(self._since)
        await self._tell(
            await self._admins(), Notice.RIVAL_GONE, f"{key}:gone", edits=key, silent=True, since=since.isoformat()
        )
        self._since, self.met = None, 0

    @staticmethod
    def _key(since: datetime) -> str:
        return f"{RIVALS}{since.isoformat()}"
