"""What people have set for themselves, and the private chats they are reached in."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import select, update

from storage.database import Database
from storage.statement import insert_new, upsert
from storage.tables import chats, users


@dataclass(frozen=True, slots=True)
class UserSettings:
    """
    One person's own settings.

    *zone* is an IANA time zone ("": the bot's), *summary* whether the daily summary is sent, *quiet* the quiet hours
    (`22:00-07:00`, "": none). *heartbeat* is how often a day the bot says that it is well (0: never), for the first
    time at *heartbeat_at*, since *heartbeat_since*. *calming* are the alerts that calm the person's others when they
    fire. *news* says how headlines come: `all` as they come, `busy` together when there are many, `hourly` together
    once an hour.
    """

    user_id: int
    zone: str = ""
    summary: bool = True
    quiet: str = ""
    heartbeat: int = 0
    heartbeat_at: str = "08:00"
    heartbeat_since: datetime | None = None
    calming: tuple[int, ...] = ()
    news: str = "busy"


@dataclass(frozen=True, slots=True)
class Chat:
    """A private chat: *seen* is when its person first wrote, *disabled* since when it takes no messages."""

    chat_id: int
    user_id: int
    seen: datetime
    disabled: datetime | None = None
    reason: str = ""


class SqlUsers:
    """Keeps settings and chats. Who is let in, and as what, is the environment's say and not kept here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settings(self, user_id: int) -> UserSettings | None:
        """Return what the person has set, or None."""
        statement = select(users.c.settings).where(users.c.user_id == user_id)
        async with self._database.reading() as connection:
            found = (await connection.execute(statement)).scalar_one_or_none()
        if found is None:
            return None
        known = {field.name: found[field.name] for field in fields(UserSettings) if field.name in found}
        since = known.get("heartbeat_since")
        known["heartbeat_since"] = None if since is None else datetime.fromisoformat(since)
        known["calming"] = tuple(known.get("calming", ()))
        return UserSettings(user_id, **known)

    async def save(self, settings: UserSettings) -> None:
        """Store the person's settings."""
        data = asdict(settings)
        del data["user_id"]
        since = settings.heartbeat_since
        data["heartbeat_since"] = None if since is None else since.isoformat()
        async with self._database.writing() as connection:
            statement = upsert(connection, users, "user_id")
            await connection.execute(statement, {"user_id": settings.user_id, "settings": data})

    async def saw_chat(self, chat_id: int, user_id: int, at: datetime) -> None:
        """Note that a person wrote in a private chat: it is known from now on, and takes messages (again)."""
        async with self._database.writing() as connection:
            first = insert_new(connection, chats, "chat_id")
            await connection.execute(
                first, {"chat_id": chat_id, "user_id": user_id, "seen": at, "disabled": None, "reason": ""}
            )
            again = update(chats).where(chats.c.chat_id == chat_id, chats.c.disabled.is_not(None))
            await connection.execute(again.values(disabled=None, reason=""))

    async def disable_chat(self, chat_id: int, at: datetime, reason: str) -> bool:
        """Note that a chat takes no messages any more; False if it is unknown, or that was known."""
        open_chat = chats.c.chat_id == chat_id, chats.c.disabled.is_(None)
        async with self._database.writing() as connection:
            changed = await connection.execute(update(chats).where(*open_chat).values(disabled=at, reason=reason))
            return changed.rowcount == 1

    async def chat_disabled(self, chat_id: int) -> bool:
        """Return whether the chat is known to take no messages."""
        blocked = select(chats.c.chat_id).where(chats.c.chat_id == chat_id, chats.c.disabled.is_not(None))
        async with self._database.reading() as connection:
            return (await connection.execute(blocked)).one_or_none() is not None

    async def chats(self) -> Sequence[Chat]:
        """Return every known private chat, by id."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(chats).order_by(chats.c.chat_id))
            return [Chat(**row._asdict()) for row in rows]
