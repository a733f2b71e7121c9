"""
What stands between the outbox and a chat: quiet hours, calm, and digests; headlines have a measure of their own.

Nothing is dropped here: what does not go out now is held in the outbox until its time, or folded into a row that tells
it. Where nothing is silenced a row passes without a wait.

The outbox remembers what was folded into what; how many events there were just now, and which digest still grows, is
forgotten by a restart, after which a new digest begins.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from alerts.silence import CALM, NEWS_ALONE, NEWS_WINDOW, STALE, Burst, QuietHours, is_open, next_hour
from bot.views.gathered import (
    PAGE,
    Entry,
    Gathered,
    Reason,
    entries_of,
    entry_of,
    gathered,
    gathered_to_json,
)
from bot.views.notices import Notice
from market.clock import Clock
from storage.message import NewMessage, OutboxMessage, Priority
from storage.users import UserSettings

BUSY, HOURLY = "busy", "hourly"
"""How a person may want headlines (`UserSettings.news`), beside each as it comes."""

_FIRING = "firing"
_NOTICE = "notice"
_AT_ONCE = {Notice.TEST.value, Notice.ORDER_CARDS_CANCELLED.value}
_TOGETHER = 4
# A payload that is not a firing's goes to the notifier as it is, which says what is wrong with it.
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)


class Shelf(Protocol):
    """What the sieve needs of the outbox; `storage/outbox.py`."""

    async def put_digest(
        self, message: NewMessage, ids: Sequence[int], silence: str, told_by: int | None = None
    ) -> OutboxMessage:
        """Store *message* and fold the rows *ids* into it (or into *told_by*), in one transaction."""
        ...

    async def fold(self, ids: Sequence[int], told_by: int, silence: str) -> None:
        """Let the row *told_by* tell these."""
        ...

    async def hold(self, ids: Sequence[int], until: datetime, silence: str) -> None:
        """Send these not before *until*."""
        ...

    async def message_id_of(self, dedupe_key: str) -> int | None:
        """Return Telegram's id of a delivered message, or None."""
        ...

    async def members(self, told_by: int) -> Sequence[OutboxMessage]:
        """Return the rows that the row *told_by* tells."""
        ...

    async def fired_since(self, chat_id: int, since: datetime) -> Sequence[OutboxMessage]:
        """Return the chat's firings since then that were not folded, oldest first."""
        ...


@dataclass(slots=True)
class _Digest:
    """A digest that still grows: its outbox row, and what it tells so far."""

    root: OutboxMessage
    told: Gathered
    opened: datetime
    grown: datetime


@dataclass(slots=True)
class _Calm:
    """An alert's message that speaks for its owner's others, and what it tells so far."""

    root: OutboxMessage
    sent: datetime
    told: Gathered | None = None

    def covers(self, row: OutboxMessage) -> bool:
        """Return whether *row* is told by it."""
        return row.id != self.root.id and self.root.happened <= row.happened <= self.root.happened + CALM


class OutboxSieve:
    """
    Implements `bot.notifier.Sieve`.

    *settings* and *zone* give what a person has set, without a wait; a chat with one person has that person's id.
    """

    def __init__(
        self,
        shelf: Shelf,
        settings: Callable[[int], UserSettings],
        zone: Callable[[int], ZoneInfo],
        clock: Clock,
    ) -> None:
        self._shelf = shelf
        self._settings = settings
        self._zone = zone
        self._clock = clock
        self._bursts: dict[tuple[int, bool], Burst] = {}
        self._news: dict[int, Burst] = {}
        self._digests: dict[tuple[int, Reason, bool], _Digest] = {}
        self._calms: dict[tuple[int, int], _Calm] = {}

    async def load(self, user_id: int) -> None:
        """Call at start for each person: an alert that calms the others goes on doing so. Raises StorageError."""
        calming = self._settings(user_id).calming
        if not calming:
            return
        for row in await self._shelf.fired_since(user_id, self._clock.now() - CALM):
            if _rule(row).get("owner_id") == user_id and _rule(row).get("id") in calming:
                members = entries_of((one.payload, one.may_repeat) for one in await self._shelf.members(row.id))
                told = gathered(Reason.CALM, members) if members else None
                self._calms[row.chat_id, user_id] = _Calm(row, row.created, told)

    def forget(self, chat_id: int) -> None:
        """Begin anew in a chat: what its digests told so far is told again."""
        self._bursts = {key: kept for key, kept in self._bursts.items() if key[0] != chat_id}
        self._news.pop(chat_id, None)
        self._digests = {key: kept for key, kept in self._digests.items() if key[0] != chat_id}
        self._calms = {key: kept for key, kept in self._calms.items() if key[0] != chat_id}

    async def sift(self, chat_id: int, rows: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        """Return those of *rows*, in their order, that go out now. Raises StorageError; then nothing has changed."""
        now = self._clock.now()
        rows = await self._not_over(await self._awake(chat_id, rows, now))
        firings = [row for row in rows if row.kind == _FIRING]
        if not firings:
            return rows
        told = await self._calmed(chat_id, firings, now)
        for step in (self._hourly, self._belated, self._bundled):
            told |= await step(chat_id, [row for row in firings if _is_event(row) and row.id not in told], now)
        return [row for row in rows if row.id not in told] if told else rows

    async def _awake(self, chat_id: int, rows: Sequence[OutboxMessage], now: datetime) -> Sequence[OutboxMessage]:
        """Hold what can wait until the person's quiet hours are over; return the others."""
        said = self._settings(chat_id).quiet
        quiet = QuietHours.read(said) if said else None
        until = None if quiet is None else quiet.until(now, self._zone(chat_id))
        if until is None:
            return rows
        waiting = [row for row in rows if not _breaks_through(row) and not await self._changes_silently(row)]
        if waiting:
            await self._shelf.hold([row.id for row in waiting], until, Reason.QUIET.value)
        held = {row.id for row in waiting}
        return [row for row in rows if row.id not in held]

    async def _not_over(self, rows: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        """Let a notice that waited for the morning, and is over by then, be told by its end; return the others."""
        ends = {row.edit_key: row.id for row in rows if row.kind == _NOTICE and row.edit_key is not None}
        over = [row for row in rows if row.silence == Reason.QUIET.value and row.dedupe_key in ends]
        for row in over:
            await self._shelf.fold([row.id], ends[row.dedupe_key], "over")
        return [row for row in rows if row not in over]

    async def _changes_silently(self, row: OutboxMessage) -> bool:
        """Return whether the row only edits a message that is there: that makes no sound."""
        return row.edit_key is not None and await self._shelf.message_id_of(row.edit_key) is not None

    async def _calmed(self, chat_id: int, rows: Sequence[OutboxMessage], now: datetime) -> set[int]:
        """Fold price alerts into the message of an alert of the same owner that calms them; return which."""
        folded: set[int] = set()
        by_calm: dict[int, tuple[_Calm, list[OutboxMessage]]] = {}
        for row in rows:
            owner = _rule(row).get("owner_id", 0)
            calm = self._calms.get((chat_id, owner))
            if _rule(row).get("id") in self._settings(owner).calming:
                if calm is None or (row.id > calm.root.id and row.happened >= calm.root.happened):
                    self._calms[chat_id, owner] = _Calm(row, now)
            elif calm is not None and row.priority is Priority.ALERT and _cause(row) == "price" and calm.covers(row):
                by_calm.setdefault(calm.root.id, (calm, []))[1].append(row)
        for calm, many in by_calm.values():
            folded |= await self._fold_calm(calm, many)
        return folded

    async def _fold_calm(self, calm: _Calm, rows: Sequence[OutboxMessage]) -> set[int]:
        members, entries = _readable(rows)
        if not members:
            return set()
        told = calm.told.grown(entries) if calm.told else gathered(Reason.CALM, entries)
        root = calm.root
        payload = {
            "firing": root.payload,
            "sent": calm.sent.isoformat(),
            "may_repeat": root.may_repeat,
            "root": root.id,
            "told": gathered_to_json(told) | {"entries": []},
        }
        message = NewMessage(
            root.chat_id,
            "calmed",
            f"calmed:{root.id}:{members[-1].id}",
            payload,
            priority=root.priority,
            silent=root.silent,
            happened=root.happened,
            edit_key=root.dedupe_key,
        )
        ids = [row.id for row in members]
        await self._shelf.put_digest(message, ids, f"calmed by #{_rule(root)['id']}", root.id)
        calm.told = replace(told, entries=())
        return set(ids)

    async def _hourly(self, chat_id: int, rows: Sequence[OutboxMessage], now: datetime) -> set[int]:
        """Let headlines wait for the full hour where the person wants that, and gather what has waited; say which."""
        news = [row for row in rows if _is_plain_news(row) and not self._speaks_for_others(row)]
        waited = [row for row in news if row.silence == Reason.HOURLY.value]
        folded = await self._gather(chat_id, Reason.HOURLY, waited, now) if waited else set()
        if self._settings(chat_id).news != HOURLY:
            return folded
        held = [row.id for row in news if row.silence is None]
        if held:
            await self._shelf.hold(held, next_hour(now, self._zone(chat_id)), Reason.HOURLY.value)
        return folded | set(held)

    async def _belated(self, chat_id: int, rows: Sequence[OutboxMessage], now: datetime) -> set[int]:
        """Gather what waited for the end of the quiet hours, and what is older than half a day; return which."""
        rows = [row for row in rows if not self._speaks_for_others(row)]
        held = [row for row in rows if row.silence == Reason.QUIET.value]
        folded: set[int] = set()
        if len(held) > _TOGETHER or self._grows(chat_id, Reason.QUIET, held, now):
            folded |= await self._gather(chat_id, Reason.QUIET, held, now)
        old = [row for row in rows if row.id not in folded and now - row.happened > STALE]
        if len(old) > 1 or self._grows(chat_id, Reason.STALE, old, now):
            folded |= await self._gather(chat_id, Reason.STALE, old, now)
        return folded

    async def _bundled(self, chat_id: int, rows: Sequence[OutboxMessage], now: datetime) -> set[int]:
        """
        Gather the events of a burst, all but its first few; return which.

        What has a sound and what has none are counted apart: no stream of headlines takes a price its own message.
        """
        waiting = [row.id for row in rows]
        bursts = [self._bursts.setdefault((chat_id, silent), Burst()) for silent in (False, True)]
        for burst in bursts:
            burst.look(waiting)
        many = [row for row in rows if not self._speaks_for_others(row) and not bursts[row.silent].admits(row.id, now)]
        if self._settings(chat_id).news != BUSY:
            return await self._gather(chat_id, Reason.BURST, many, now) if many else set()
        news = [row for row in rows if _is_plain_news(row) and not self._speaks_for_others(row)]
        headlines = self._too_many(chat_id, news, {row.id for row in many}, waiting, now)
        told = {row.id for row in headlines}
        others = [row for row in many if row.id not in told]
        folded = await self._gather(chat_id, Reason.NEWS, headlines, now) if headlines else set()
        return folded | (await self._gather(chat_id, Reason.BURST, others, now) if others else set())

    def _too_many(
        self, chat_id: int, news: Sequence[OutboxMessage], burst: set[int], waiting: Sequence[int], now: datetime
    ) -> list[OutboxMessage]:
        """Return the headlines that are not told alone: those of a *burst*, and all after eight in 10 min."""
        measure = self._news.setdefault(chat_id, Burst(NEWS_WINDOW, NEWS_ALONE))
        measure.look(waiting)
        # Each is counted, also one that the burst keeps back already.
        return [row for row in news if not measure.admits(row.id, now) or row.id in burst]

    async def _gather(self, chat_id: int, reason: Reason, rows: Sequence[OutboxMessage], now: datetime) -> set[int]:
        """Fold *rows* into digests, what has a sound apart from what has none; return which were folded."""
        folded: set[int] = set()
        for silent in (False, True):
            members, entries = _readable([row for row in rows if row.silent is silent])
            if members:
                await self._fold(chat_id, reason, members, entries, now)
            folded |= {row.id for row in members}
        return folded

    async def _fold(
        self, chat_id: int, reason: Reason, rows: Sequence[OutboxMessage], entries: Sequence[Entry], now: datetime
    ) -> None:
        silent = rows[0].silent
        key = (chat_id, reason, silent)
        digest = self._digests.get(key)
        grows = digest is not None and _takes_more(digest, reason, now)
        told = digest.told.grown(entries) if digest and grows else gathered(reason, entries)
        root = digest.root if digest and grows else None
        message = NewMessage(
            chat_id,
            "digest",
            f"digest:{root.id if root else 'of'}:{rows[-1].id}",
            gathered_to_json(told) | {"root": root.id if root else None},
            priority=Priority.NEWS if silent else Priority.ALERT,
            silent=silent,
            happened=told.end,
            edit_key=root.dedupe_key if root else None,
        )
        row = await self._shelf.put_digest(message, [one.id for one in rows], reason.value, root.id if root else None)
        kept = replace(told, entries=told.entries[:PAGE])
        if digest and grows:
            digest.told, digest.grown = kept, now
        else:
            self._digests[key] = _Digest(row, kept, now, now)

    def _grows(self, chat_id: int, reason: Reason, rows: Sequence[OutboxMessage], now: datetime) -> bool:
        """Return whether a digest of that *reason* takes in *rows*, however few they are."""
        found = [self._digests.get((chat_id, reason, row.silent)) for row in rows]
        return any(one is not None and _takes_more(one, reason, now) for one in found)

    def _speaks_for_others(self, row: OutboxMessage) -> bool:
        return _rule(row).get("id") in self._settings(_rule(row).get("owner_id", 0)).calming


def _takes_more(digest: _Digest, reason: Reason, now: datetime) -> bool:
    """Return whether a digest takes in more: one of headlines does for ten minutes, however slowly they come."""
    if reason is Reason.NEWS:
        return timedelta() <= now - digest.opened <= NEWS_WINDOW
    return is_open(digest.opened, digest.grown, now)


def _readable(rows: Sequence[OutboxMessage]) -> tuple[list[OutboxMessage], list[Entry]]:
    members, entries = [], []
    for row in rows:
        try:
            entries.append(entry_of(row.payload, repeat=row.may_repeat, row_id=row.id))
        except _UNREADABLE:
            continue
        members.append(row)
    return members, entries


def _rule(row: OutboxMessage) -> Mapping[str, Any]:
    found = row.payload.get("rule") if row.kind == _FIRING else None
    return found if isinstance(found, dict) else {}


def _cause(row: OutboxMessage) -> object:
    found = row.payload.get("cause") if row.kind == _FIRING else None
    return found.get("is") if isinstance(found, dict) else None


def _is_plain_news(row: OutboxMessage) -> bool:
    """Return whether the row is a headline that may wait: no price had to move with it, and no order hangs on it."""
    if _cause(row) != "news" or row.priority <= Priority.CRITICAL:
        return False
    draft = _rule(row).get("draft") or {}
    return not (draft.get("condition") or {}).get("gate") and not draft.get("then")


def _is_event(row: OutboxMessage) -> bool:
    """Return whether the row may be told together with others: a firing that is neither critical nor of an order."""
    return row.kind == _FIRING and row.priority > Priority.CRITICAL and _cause(row) != "order"


def _breaks_through(row: OutboxMessage) -> bool:
    """Return whether the row is told in quiet hours too: what is critical, of orders, or was asked for just now."""
    if row.priority <= Priority.CRITICAL or row.kind == "order":
        return True
    return _cause(row) == "order" or (row.kind == _NOTICE and row.payload.get("notice") in _AT_ONCE)
