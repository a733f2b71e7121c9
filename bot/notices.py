"""What nobody asked for and no alert says (a lost link, a closed chat), put into the outbox for the right people."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from alerts.rule import Rule
from bot.views.notices import Notice
from broker.status import LinkReason, LinkState, LinkStatus
from market.clock import Clock
from storage.message import NewMessage, OutboxMessage, Priority
from storage.outbox import SqlOutbox
from storage.users import SqlUsers
from trading.access import Roster

_log = logging.getLogger(__name__)

# A gateway's nightly restart or a flap of seconds is no news; what lasts longer is.
_GRACE_S = 10.0


class Notices:
    """Tells whitelisted people, in the private chats from which they have written."""

    def __init__(self, outbox: SqlOutbox, users: SqlUsers, roster: Roster, clock: Clock) -> None:
        self._outbox = outbox
        self._users = users
        self._roster = roster
        self._clock = clock
        self._telling: set[asyncio.Future[None]] = set()

    async def chats(self, *, admins_only: bool = False) -> tuple[int, ...]:
        """Return the open private chats of whitelisted people."""
        return tuple(
            chat.chat_id
            for chat in await self._users.chats()
            if chat.disabled is None
            and self._roster.role_of(chat.user_id) is not None
            and (not admins_only or chat.user_id in self._roster.admins)
        )

    async def tell(
        self,
        chats: Iterable[int],
        notice: Notice,
        key: str,
        *,
        at: datetime | None = None,
        edits: str | None = None,
        silent: bool = False,
        **fields: object,
    ) -> None:
        """
        Put *notice* with its *fields* into the outbox, once per chat and *key*.

        *edits* is the key of an earlier notice whose message this one takes the place of.
        """
        happened = at or self._clock.now()
        for chat_id in chats:
            await self._outbox.put(
                NewMessage(
                    chat_id,
                    "notice",
                    f"{key}:{chat_id}",
                    {"notice": notice.value, "at": happened.isoformat(), **fields},
                    priority=Priority.ALERT,
                    silent=silent,
                    happened=happened,
                    edit_key=None if edits is None else f"{edits}:{chat_id}",
                )
            )

    def task_died(self, name: str, error: BaseException, pause_s: float) -> None:
        """Tell the admins of a task's death; for `bot.supervise.Supervisor`, which does not wait."""
        telling = asyncio.ensure_future(self._task_died(name, error, pause_s))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _task_died(self, name: str, error: BaseException, pause_s: float) -> None:
        now = self._clock.now()
        admins = await self.chats(admins_only=True)
        # One message an hour and task: one that dies every minute must not fill the chat.
        key = f"died:{name}:{now:%Y%m%d%H}"
        await self.tell(admins, Notice.TASK_DIED, key, task=name, reason=type(error).__name__, restart_s=pause_s)

    async def chat_closed(self, chat_id: int, reason: str) -> None:
        """Send nothing more to a chat that takes nothing, and tell the other admins."""
        now = self._clock.now()
        if await self._users.disable_chat(chat_id, now, reason):
            admins = await self.chats(admins_only=True)
            key = f"closed:{chat_id}:{now.isoformat()}"
            await self.tell(admins, Notice.CHAT_CLOSED, key, chat_id=chat_id, reason=reason)

    async def message_failed(self, row: OutboxMessage, reason: str) -> None:
        """Tell the admins of a message that can never arrive; of such a notice itself only the log tells."""
        if row.kind != "notice":
            admins = await self.chats(admins_only=True)
            key = f"failed:{row.id}"
            await self.tell(admins, Notice.MESSAGE_FAILED, key, kind=row.kind, row_id=row.id, reason=reason)

    async def cards_cancelled(self, chat_id: int, count: int) -> None:
        """Tell a person of cards that the shutdown cancelled and whose messages could not be edited."""
        key = f"cards:{self._clock.now().isoformat()}"
        await self.tell([chat_id], Notice.ORDER_CARDS_CANCELLED, key, count=count)

    async def blind(self, rule: Rule) -> None:
        """Tell an alert's owner that it cannot be evaluated."""
        key = f"blind:{rule.id}:{rule.since.isoformat()}"
        await self.tell([rule.chat_id], Notice.ALERT_BLIND, key, rule_id=rule.id, alert=rule.text, reason=rule.reason)


class LinkWatch:
    """
    Tells of a lost link once it has lasted *grace_s*, and edits that message when it is back.

    *watching* counts the alerts that are evaluated again.
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
        self._told: str | None = None

    @property
    def down_since(self) -> datetime | None:
        """Since when the link is not up, over all its tries; None while it is."""
        return None if self._is_up else self._down_since

    def take(self, status: LinkStatus) -> None:
        """Take in a new status."""
        self._status = status
        if status.state is LinkState.UP:
            self._changed.set()
            return
        if status.reason is not LinkReason.NONE:
            self._reason = status.reason
        if self._down_since is None:
            self._down_since = status.since
        self._changed.set()

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            if self._is_up:
                await self._back()
                await self._next()
            elif self._told is not None or await self._recovers():
                await self._next()
            else:
                await self._lost()

    @property
    def _is_up(self) -> bool:
        return self._status is not None and self._status.state is LinkState.UP

    async def _next(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    async def _recovers(self) -> bool:
        """Wait out the grace; return whether the link came up within it."""
        try:
            async with asyncio.timeout(self._grace_s):
                while not self._is_up:
                    await self._next()
        except TimeoutError:
            return False
        self._changed.set()
        return True

    async def _lost(self) -> None:
        since = self._down_since or self._clock.now()
        self._told = f"link:{since.isoformat()}"
        chats = await self._notices.chats()
        await self._notices.tell(chats, Notice.LINK_LOST, self._told, at=since, reason=self._reason.value)

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
        self._told, self._down_since, self._reason = None, None, LinkReason.NONE
