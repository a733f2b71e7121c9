"""
Who is in while the bot runs: the environment's people, those who were let in since, and those who were put out.

The environment is the ceiling: its people have its role, and are in the list of nobody else, so that whoever is
removed from it is out at the next start. An admin may let a stranger in as a viewer, lower, remove and block; more
than a viewer takes a pairing code, which is made on the host.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from bot import pairing
from market.clock import Clock
from storage.members import Blocked, Member
from trading.access import Role, Roster
from trading.ports import AuditLog

_log = logging.getLogger(__name__)


class Store(Protocol):
    """Where both lists are kept; `storage/members.py`."""

    async def all(self) -> Sequence[Member]:
        """Return everyone who is in beside the environment's people."""
        ...

    async def all_blocked(self) -> Sequence[Blocked]:
        """Return everyone who is out."""
        ...

    async def save(self, member: Member) -> None:
        """Let someone in, or change their role."""
        ...

    async def remove(self, user_ids: Collection[int]) -> None:
        """Let people in no more."""
        ...

    async def block(self, entry: Blocked) -> None:
        """Put someone out."""
        ...

    async def unblock(self, user_id: int) -> bool:
        """Take someone off the list of those who are out."""
        ...


class Change(StrEnum):
    """What became of an admin's wish. Only DONE changed anything."""

    DONE = "done"
    NOT_THERE = "not there"
    YOURSELF = "yourself"
    NOT_ADMIN = "not admin"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Person:
    """
    Someone who is known: *role* is None for the blocked. *name* is their own choice, "" where nobody has told it.

    *is_founder* says that the environment names them, *at* when they were let in or blocked (None for a founder).
    """

    user_id: int
    role: Role | None
    name: str = ""
    is_founder: bool = False
    at: datetime | None = None


class Membership:
    """
    Keeps the roster; `load` comes first.

    *founders* are the environment's people. *is_open* is the setting PAIRING: without it nobody else is in. *folder*
    holds the pairing codes. *changed* is awaited with whoever came, went, or has another role.
    """

    def __init__(
        self,
        *,
        roster: Roster,
        founders: Mapping[int, Role],
        store: Store,
        clock: Clock,
        audit: AuditLog,
        folder: Path,
        is_open: bool,
    ) -> None:
        self._roster = roster
        self._founders = dict(founders)
        self._store = store
        self._clock = clock
        self._audit = audit
        self._folder = folder
        self.is_open = is_open
        self._members: dict[int, Member] = {}
        self._blocked: dict[int, Blocked] = {}
        self._going: set[int] = set()
        # One change at a time: what is stored and who is in must not part.
        self._turn = asyncio.Lock()
        self._changed: list[Callable[[int], Awaitable[None]]] = []

    def on_change(self, callback: Callable[[int], Awaitable[None]]) -> None:
        """Await *callback* with the id of whoever came, went, or has another role."""
        self._changed.append(callback)

    async def load(self) -> None:
        """Make the roster what the environment and both lists say."""
        await self._store.remove(self._founders.keys())
        self._blocked = {entry.user_id: entry for entry in await self._store.all_blocked()}
        known = await self._store.all() if self.is_open else ()
        self._members = {member.user_id: member for member in known}
        for user_id, role in self._founders.items():
            self._roster.admit(user_id, role)
        for member in self._members.values():
            self._roster.admit(member.user_id, member.role)
        for user_id in self._blocked:
            self._roster.dismiss(user_id)
        if not self._roster.admins:
            # Only the environment can have brought that about, and its word is the host's.
            _log.warning("every admin of TELEGRAM_USERS is blocked; they are let in all the same")
            for user_id, role in self._founders.items():
                if role is Role.ADMIN:
                    self._roster.admit(user_id, role)

    def is_blocked(self, user_id: int) -> bool:
        """Return whether an admin has put this person out."""
        return user_id in self._blocked

    def people(self) -> Sequence[Person]:
        """Return everyone who is known: those who are in by role, then the blocked."""
        inside = [self._person(user_id) for user_id in self._roster.roles]
        outside = [self._person(user_id) for user_id in self._blocked if user_id not in self._roster.roles]
        return sorted(inside, key=lambda one: (-(one.role or 0), one.user_id)) + outside

    def person(self, user_id: int) -> Person | None:
        """Return what is known of one person, or None."""
        is_known = user_id in self._roster.roles or user_id in self._blocked
        return self._person(user_id) if is_known else None

    async def pair(self, user_id: int, name: str, letters: str) -> Role | None:
        """Use a pairing code up; return the role it gives, None where it gives none. Not for founders."""
        if not self.is_open or user_id in self._founders or user_id in self._blocked:
            return None
        role = await asyncio.to_thread(pairing.redeem, self._folder, letters, self._clock.now())
        if role is not None:
            async with self._turn:
                is_in = await self._admit(Member(user_id, role, name, 0, self._clock.now()))
            role = role if is_in else None
        if role is None:
            await self._note(user_id, "pair", user_id, "refused")
            return None
        await self._tell(user_id)
        await self._note(user_id, "pair", user_id, role.name.lower())
        return role

    async def let_in(self, user_id: int, name: str, *, by: int) -> Change:
        """Let a stranger in as a viewer, for an admin: one who is blocked comes off that list."""
        async with self._turn:
            refusal = self._not_admin(by) or (None if self.is_open else Change.ENVIRONMENT)
            if refusal is not None or user_id in self._roster.roles:
                return refusal or Change.NOT_THERE
            if user_id in self._blocked:
                await self._store.unblock(user_id)
                self._blocked.pop(user_id, None)
            if not await self._admit(Member(user_id, Role.VIEWER, name, by, self._clock.now())):
                return Change.NOT_THERE
        return await self._done("let in", user_id, by, "viewer")

    async def lower(self, user_id: int, *, by: int) -> Change:
        """Make a viewer of a trader or admin who was let in, for an admin; at once, whatever becomes of the store."""
        async with self._turn:
            member = self._members.get(user_id)
            refusal = self._refusal(user_id, by)
            if refusal is not None or member is None or member.role is Role.VIEWER:
                return refusal or (Change.ENVIRONMENT if user_id in self._founders else Change.NOT_THERE)
            self._roster.admit(user_id, Role.VIEWER)
            now = self._clock.now()
            if not await self._admit(Member(user_id, Role.VIEWER, member.name, member.added_by, now)):
                return Change.NOT_THERE
        return await self._done("lower", user_id, by, "viewer")

    async def remove(self, user_id: int, *, by: int) -> Change:
        """Let someone in no more, for an admin; they may be let in again."""
        refusal = self._refusal(user_id, by)
        if refusal is not None or user_id not in self._members:
            return refusal or (Change.ENVIRONMENT if user_id in self._founders else Change.NOT_THERE)
        # Out at once, whatever becomes of the store and of who has the turn.
        self._dismiss(user_id)
        self._going.add(user_id)
        try:
            async with self._turn:
                await self._store.remove([user_id])
        finally:
            self._going.discard(user_id)
        return await self._done("remove", user_id, by, "done")

    async def block(self, user_id: int, name: str, *, by: int) -> Change:
        """Put someone out for good, for an admin: a stranger, a member, or one of the environment's people."""
        refusal = self._refusal(user_id, by)
        if refusal is not None or user_id in self._blocked:
            return refusal or Change.NOT_THERE
        entry = Blocked(user_id, name, by, self._clock.now())
        # Out at once, whatever becomes of the store and of who has the turn.
        self._put_out(entry)
        async with self._turn:
            self._put_out(entry)
            await self._store.block(entry)
            await self._store.remove([user_id])
        return await self._done("block", user_id, by, "done")

    async def unblock(self, user_id: int, *, by: int) -> Change:
        """Take someone off the list of those who are out, for an admin: a founder is in again, others are strangers."""
        async with self._turn:
            entry, refusal = self._blocked.get(user_id), self._not_admin(by)
            if refusal is not None or entry is None:
                return refusal or Change.NOT_THERE
            await self._store.unblock(user_id)
            del self._blocked[user_id]
            is_founder = user_id in self._founders
            if is_founder:
                self._roster.admit(user_id, self._founders[user_id])
        if is_founder:
            await self._tell(user_id)
        await self._note(by, "unblock", user_id, "done")
        return Change.DONE

    def _refusal(self, user_id: int, by: int) -> Change | None:
        """Nobody puts themselves out, and who is out puts nobody out: so there is always an admin left."""
        return Change.YOURSELF if user_id == by else self._not_admin(by)

    def _not_admin(self, by: int) -> Change | None:
        """Return the refusal of a wish of someone who was an admin when they pressed and is none any more."""
        return None if self._roster.may(by, Role.ADMIN) else Change.NOT_ADMIN

    async def _admit(self, member: Member) -> bool:
        """Store *member* and let them in, in the turn; False where an admin has put them out by then."""
        if not self._is_out(member.user_id):
            await self._store.save(member)
        if self._is_out(member.user_id):
            return False
        self._members[member.user_id] = member
        self._roster.admit(member.user_id, member.role)
        return True

    def _is_out(self, user_id: int) -> bool:
        return user_id in self._blocked or user_id in self._going

    def _put_out(self, entry: Blocked) -> None:
        self._dismiss(entry.user_id)
        self._blocked[entry.user_id] = entry

    def _dismiss(self, user_id: int) -> None:
        self._members.pop(user_id, None)
        self._roster.dismiss(user_id)

    async def _done(self, action: str, user_id: int, by: int, outcome: str) -> Change:
        await self._tell(user_id)
        await self._note(by, action, user_id, outcome)
        return Change.DONE

    async def _tell(self, user_id: int) -> None:
        for callback in self._changed:
            await callback(user_id)

    def _person(self, user_id: int) -> Person:
        member, entry = self._members.get(user_id), self._blocked.get(user_id)
        role = self._roster.role_of(user_id)
        if role is None and entry is not None:
            return Person(user_id, None, entry.name, user_id in self._founders, entry.at)
        if member is not None:
            return Person(user_id, role, member.name, at=member.at)
        return Person(user_id, role, is_founder=True)

    async def _note(self, by: int, action: str, user_id: int, outcome: str) -> None:
        await self._audit.write(self._clock.now(), by, by, action, str(user_id), outcome, "")
