"""Mutes: the instruments and providers whose headlines a person does not want to hear of for now."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select

from alerts.mute import Mutes
from storage.database import Database
from storage.mute import Mute
from storage.statement import insert_new
from storage.tables import mutes


class SqlMutes:
    """
    Keeps mutes by person; all of them in memory too, since the words of each news alert ask for them.

    `load` comes first.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int, tuple[Mute, ...]] = {}

    async def load(self) -> None:
        """Read every mute."""
        order = mutes.c.name, mutes.c.con_id, mutes.c.provider
        known: dict[int, tuple[Mute, ...]] = {}
        async with self._database.reading() as connection:
            for row in await connection.execute(select(mutes).order_by(*order)):
                known[row.user_id] = (*known.get(row.user_id, ()), Mute(row.con_id, row.provider, row.name))
        self._known = known

    async def all(self) -> Mapping[int, Mutes]:
        """Return everybody's mutes, by person; who has none is not in it."""
        return {user_id: _together(listed) for user_id, listed in self._known.items() if listed}

    async def of(self, user_id: int) -> Mutes:
        """Return a person's mutes."""
        return self.known(user_id)

    def known(self, user_id: int) -> Mutes:
        """As `of`, for whoever cannot wait."""
        return _together(self._known.get(user_id, ()))

    def listed(self, user_id: int) -> Sequence[Mute]:
        """Return a person's mutes one by one, by name."""
        return self._known.get(user_id, ())

    async def add(self, user_id: int, *, con_id: int = 0, provider: str = "", name: str = "") -> bool:
        """Mute an instrument or a provider for a person; False where that was so already."""
        async with self._database.writing() as connection:
            statement = insert_new(connection, mutes, "user_id", "con_id", "provider").returning(mutes.c.con_id)
            values = {"user_id": user_id, "con_id": con_id, "provider": provider, "name": name}
            is_new = (await connection.execute(statement, values)).one_or_none() is not None
        if is_new:
            listed = (*self._known.get(user_id, ()), Mute(con_id, provider, name))
            self._known[user_id] = tuple(sorted(listed, key=lambda one: (one.name, one.con_id, one.provider)))
        return is_new

    async def remove(self, user_id: int, *, con_id: int = 0, provider: str = "") -> bool:
        """Hear of it again; False where it was not muted."""
        this = mutes.c.user_id == user_id, mutes.c.con_id == con_id, mutes.c.provider == provider
        async with self._database.writing() as connection:
            was_there = (await connection.execute(delete(mutes).where(*this))).rowcount == 1
        others = (one for one in self._known.get(user_id, ()) if (one.con_id, one.provider) != (con_id, provider))
        self._known[user_id] = tuple(others)
        return was_there


def _together(listed: Sequence[Mute]) -> Mutes:
    return Mutes(
        frozenset(one.con_id for one in listed if one.con_id), frozenset(one.provider for one in listed if one.provider)
    )
