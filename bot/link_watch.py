"""A lost link: told once, and that message edited as more becomes known of it, and when it is back."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.notices import Notices
from bot.views.notices import Notice
from bot.views.trouble import Advice
from broker.status import LinkReason, LinkState, LinkStatus
from market.clock import Clock

# A gateway's nightly restart or a flap of seconds is no news; what lasts longer is.
_GRACE_S = 10.0
_STEP_S = 1.0
_LOOK_EVERY_S = 5.0
# TWS connects to IBKR again by itself; what lasts longer than this may last for ever (833 messages over 15 h were seen:
# QuantConnect/Lean.Brokerages.InteractiveBrokers PR #258).
_LONG = timedelta(minutes=15)
# A login lives until Sunday 01:00 New York time (IBKR, auto-restart considerations); a gateway that restarts once a day
# needs a person the first time it does so after that. A restart alone takes a minute or two.
_NEW_YORK = ZoneInfo("America/New_York")
_SUNDAY = 6
_LOGIN_ENDS = timedelta(minutes=45)
_RESTART_TAKES = timedelta(minutes=5)
_STUCK = frozenset({LinkReason.LOST_IBKR, LinkReason.SILENT})
_LOGGED_OUT = frozenset({LinkReason.REFUSED, LinkReason.CLOSED, LinkReason.SILENT, LinkReason.LOST_IBKR})

_PREFIX = "link:"
_Saying = tuple[LinkReason, Advice]


def advice(reason: LinkReason, since: datetime, now: datetime) -> Advice:
    """Return what helps at *now* against a link that has been lost *since*, for *reason*."""
    local = since.astimezone(_NEW_YORK)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    is_sunday = local.weekday() == _SUNDAY and local - midnight >= _LOGIN_ENDS
    if reason in _LOGGED_OUT and is_sunday and now - since >= _RESTART_TAKES:
        return Advice.LOGIN
    if reason in _STUCK and now - since >= _LONG:
        return Advice.RESTART
    return Advice.NONE


class LinkWatch:
    """
    Tells of a lost link once it has lasted *grace_s*, and edits that message when it is back.

    Meanwhile it edits it when there is another reason (for *grace_s*), or something to be done. *watching* counts the
    alerts that are evaluated again.
    """

    def __init__(self, notices: Notices, clock: Clock, watching: Callable[[], int], grace_s: float = _GRACE_S) -> None:
        self._notices = notices
        self._clock = clock
        self._watching = watching
        self._grace_s = grace_s
        self._changed = asyncio.Event()
        self._status: LinkStatus | None = None
        self._down_since: datetime | None = clock.now()
        self._reason = LinkReason.NONE
        self._reason_since = clock.now()
        self._told: str | None = None
        self._said: _Saying = (LinkReason.NONE, Advice.NONE)
        self._edits = 0
        self.was_up = False
        """Whether the link was up at any time since the start."""

    @property
    def down_since(self) -> datetime | None:
        """Since when the link is not up, over all its tries; None while it is."""
        return None if self._is_up else self._down_since

    def take(self, status: LinkStatus) -> None:
        """Take in a new status."""
        self._status = status
        self._changed.set()
        if status.state is LinkState.UP:
            self.was_up = True
            return
        if status.reason is not LinkReason.NONE and status.reason is not self._reason:
            self._reason, self._reason_since = status.reason, self._clock.now()
        if self._down_since is None:
            self._down_since = status.since

    async def resume(self) -> None:
        """Take up what an earlier run of the program has told and not ended; before `run`. Raises StorageError."""
        standing = await self._notices.standing(_PREFIX)
        if standing:
            last = standing[-1]
            self._told, self._down_since, self._edits = last.key, last.since, last.edits
            self._reason = LinkReason(last.payload["reason"])
            self._said = (self._reason, Advice(last.payload.get("advice", "")))

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            if self._is_up:
                await self._back()
                await self._next()
            elif self._told is not None:
                await self._more()
                await self._next(_LOOK_EVERY_S)
            elif await self._recovers():
                await self._next()
            else:
                await self._lost()

    @property
    def _is_up(self) -> bool:
        return self._status is not None and self._status.state is LinkState.UP

    async def _next(self, within_s: float | None = None) -> None:
        """Wait for a new status, so many seconds at most."""
        try:
            async with asyncio.timeout(within_s):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    async def _recovers(self) -> bool:
        """Wait out the grace; return whether the link came up within it."""
        while not self._is_up:
            now = self._clock.now()
            if (now - (self._down_since or now)).total_seconds() >= self._grace_s:
                return False
            await self._next(_STEP_S)
        self._changed.set()
        return True

    async def _lost(self) -> None:
        since = self._down_since or self._clock.now()
        key, said = f"{_PREFIX}{since.isoformat()}", (self._reason, Advice.NONE)
        chats = await self._notices.chats()
        await self._notices.tell(chats, Notice.LINK_LOST, key, at=since, reason=said[0].value)
        # Not before it is stored: what could not be told is told again.
        self._told, self._said, self._edits = key, said, 0

    async def _more(self) -> None:
        """Say what became known since the message was sent, in its place."""
        now = self._clock.now()
        since = self._down_since or now
        saying = (self._reason, advice(self._reason, since, now))
        is_settled = (now - self._reason_since).total_seconds() >= self._grace_s
        if saying == self._said or not (is_settled or saying[0] is self._said[0]):
            return
        await self._notices.tell(
            await self._notices.chats(),
            Notice.LINK_LOST,
            f"{self._told}:{self._edits + 1}",
            edits=self._told,
            silent=True,
            reason=saying[0].value,
            advice=saying[1].value,
            since=since.isoformat(),
        )
        self._said = saying
        self._edits += 1

    async def _back(self) -> None:
        if self._told is not None and self._down_since is not None:
            await self._notices.tell(
                await self._notices.chats(),
                Notice.LINK_BACK,
                f"{self._told}:back",
                edits=self._told,
                silent=True,
                since=self._down_since.isoformat(),
                alerts=self._watching(),
            )
        self._told, self._reason = None, LinkReason.NONE
        # It may be lost again by now.
        self._down_since = None if self._is_up or self._status is None else self._status.since
