"""What nobody asked for and no alert says (a lost link, a closed chat), put into the outbox for the right people."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.amendment import amount_of
from alerts.catchup import Unobserved
from alerts.rule import Rule
from alerts.split import Split, adjusted
from alerts.wording import format_draft
from bot.views.lists import spelled
from bot.views.notices import Notice
from market.clock import Clock
from market.instrument import Instrument
from storage.errors import StorageError
from storage.message import NewMessage, OutboxMessage, Priority
from storage.outbox import SqlOutbox
from storage.users import SqlUsers
from trading.access import Roster
from trading.sequel import Sequel

_log = logging.getLogger(__name__)


_ENDS = frozenset({Notice.LINK_BACK, Notice.TROUBLE_OVER, Notice.RIVAL_GONE})


@dataclass(frozen=True, slots=True)
class Standing:
    """
    A notice in a chat that says that something is wrong, and was not ended: told under *key*, of what began *since*.

    *payload* is that of its latest edit, and *edits* counts these.
    """

    chat_id: int
    key: str
    since: datetime
    payload: Mapping[str, Any]
    edits: int


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

    async def standing(self, prefix: str) -> Sequence[Standing]:
        """Return the notices under *prefix* of which no end was told, as an earlier run may have left them."""
        found: dict[str, list[OutboxMessage]] = {}
        for row in await self._outbox.beginning(prefix):
            found.setdefault(row.edit_key or row.dedupe_key, []).append(row)
        return [
            Standing(first.chat_id, key.removesuffix(f":{first.chat_id}"), first.happened, latest.payload, len(edits))
            for key, (first, *edits) in found.items()
            for latest in [edits[-1] if edits else first]
            if first.edit_key is None and latest.payload["notice"] not in _ENDS
        ]

    def task_died(self, name: str, error: BaseException, pause_s: float) -> None:
        """Tell the admins of a task's death; for `bot.supervise.Supervisor`, which does not wait."""
        telling = asyncio.ensure_future(self._task_died(name, error, pause_s))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _task_died(self, name: str, error: BaseException, pause_s: float) -> None:
        # One message an hour and task: one that dies every minute must not fill the chat.
        key = f"died:{name}:{self._clock.now():%Y%m%d%H}"
        reason = type(error).__name__
        try:
            admins = await self.chats(admins_only=True)
            await self.tell(admins, Notice.TASK_DIED, key, task=name, reason=reason, restart_s=pause_s)
        except StorageError as full:
            _log.warning("the death of task %s cannot be told: %r", name, full)

    async def chat_closed(self, chat_id: int, reason: str) -> None:
        """Send nothing more to a chat that takes nothing, and tell the other admins."""
        now = self._clock.now()
        # Groups are not kept in the table of chats: of them it is told once a day.
        is_group = chat_id < 0
        if is_group or await self._users.disable_chat(chat_id, now, reason):
            admins = await self.chats(admins_only=True)
            key = f"closed:{chat_id}:{now.date() if is_group else now.isoformat()}"
            await self.tell(admins, Notice.CHAT_CLOSED, key, chat_id=chat_id, reason=reason)

    async def test(self, chat_id: int) -> None:
        """Put a test notification into the outbox, for a chat that asked for one."""
        await self.tell([chat_id], Notice.TEST, f"test:{self._clock.now().isoformat()}")

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

    async def rest_waits(self, sequel: Sequel, first: str, why: str) -> None:
        """Tell a person of purchases that waited and are on no card now; *why* is HTML, "" where their card ended."""
        key = f"rest:{sequel.id}:{sequel.offered}"
        fields: dict[str, Any] = {"sequel_id": sequel.id, **_rest(sequel, first), "why": why}
        await self.tell([sequel.chat_id], Notice.REST_WAITS, key, **fields)

    async def rest_dropped(self, sequel: Sequel, first: str, *, sold: bool) -> None:
        """Tell a person that there is no money for purchases that waited."""
        fields: dict[str, Any] = {**_rest(sequel, first), "sold": sold}
        await self.tell([sequel.chat_id], Notice.REST_DROPPED, f"rest over:{sequel.id}", **fields)

    async def blind(self, rule: Rule) -> None:
        """Tell an alert's owner that it cannot be evaluated."""
        key = f"blind:{rule.id}:{rule.since.isoformat()}"
        await self.tell([rule.chat_id], Notice.ALERT_BLIND, key, rule_id=rule.id, alert=rule.text, reason=rule.reason)

    async def unobserved(self, found: Sequence[Unobserved]) -> None:
        """Tell the owners of what stayed unknown in a gap: one message a chat and gap, without a sound."""
        begin, end = min(one.begin for one in found), max(one.end for one in found)
        for chat_id in dict.fromkeys(one.rule.chat_id for one in found):
            mine = {one.rule.id: one for one in found if one.rule.chat_id == chat_id}
            await self.tell(
                [chat_id],
                Notice.UNOBSERVED,
                f"gap:{begin.isoformat()}:{end.isoformat()}",
                silent=True,
                begin=begin.isoformat(),
                end=end.isoformat(),
                alerts=[
                    {"rule_id": one.rule.id, "alert": one.rule.text, "reason": one.reason, "state": list(one.state)}
                    for _, one in sorted(mine.items())
                ],
            )

    async def split(self, rule: Rule, instrument: Instrument, split: Split) -> None:
        """Tell an alert's owner that it is held because *instrument* was *split*, and what it would be afterwards."""
        draft = adjusted(rule, instrument, split)
        await self.tell(
            [rule.chat_id],
            Notice.ALERT_SPLIT,
            f"split:{rule.id}:{rule.since.isoformat()}",
            rule_id=rule.id,
            symbol=instrument.label,
            split=str(split),
            alert=rule.text,
            adjusted="" if draft is None else format_draft(draft),
            before=None if draft is None else amount_of(rule.draft),
            after=None if draft is None else amount_of(draft),
        )

    async def renamed(self, rule: Rule, old: str, new: str) -> None:
        """Tell an alert's owner that its instrument has another symbol now."""
        key = f"renamed:{rule.id}:{old}:{new}"
        chats = [rule.chat_id]
        told = Notice.ALERT_RENAMED
        await self.tell(chats, told, key, silent=True, rule_id=rule.id, old=old, new=new, alert=rule.text)

    async def expired(self, rule: Rule) -> None:
        """Tell an alert's owner that its end has come: once, silently, however often this is asked for."""
        end = rule.draft.options.until or rule.since
        await self.tell(
            [rule.chat_id],
            Notice.ALERT_EXPIRED,
            f"expired:{rule.id}:{end.isoformat()}",
            at=end,
            silent=True,
            rule_id=rule.id,
            alert=rule.text,
            fired=rule.fired_count,
        )


def _rest(sequel: Sequel, first: str) -> dict[str, str]:
    waiting = spelled((one.quantity, one.instrument.label) for one in sequel.waiting)
    return {"account": sequel.account, "first": first, "waiting": waiting}
