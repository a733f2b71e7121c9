"""
Forms: what a person has begun in the chat and not finished (a wizard, a question with a free answer, an import).

They outlive a restart; whoever opened them says when they are too old.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, update

from storage.database import Database
from storage.tables import forms


@dataclass(frozen=True, slots=True)
class Form:
    """
    One form of *kind*, shown as *message_id* (None before it is).

    *data* is its owner's business: JSON values only. *touched* is when it was last filled in.
    """

    id: int
    user_id: int
    chat_id: int
    message_id: int | None
    kind: str
    data: Mapping[str, Any]
    touched: datetime


class SqlForms:
    """Keeps forms. An id is never used twice: it lives on in buttons."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, user_id: int, chat_id: int, kind: str, data: Mapping[str, Any], at: datetime) -> Form:
        """Store a new form and return it with its id."""
        values = {"user_id": user_id, "chat_id": chat_id, "kind": kind, "data": dict(data), "touched": at}
        async with self._database.writing() as connection:
            form_id = (await connection.execute(insert(forms).values(**values).returning(forms.c.id))).scalar_one()
        return Form(form_id, user_id, chat_id, None, kind, data, at)

    async def shown(self, form_id: int, message_id: int) -> None:
        """Note the message that shows the form."""
        await self._change(form_id, message_id=message_id)

    async def fill(self, form_id: int, data: Mapping[str, Any], at: datetime) -> None:
        """Store what stands in the form now; a closed one stays closed."""
        await self._change(form_id, data=dict(data), touched=at)

    async def get(self, form_id: int, user_id: int) -> Form | None:
        """Return the form, or None where it is closed or someone else's."""
        return await self._one(forms.c.id == form_id, forms.c.user_id == user_id)

    async def at_message(self, chat_id: int, message_id: int, user_id: int) -> Form | None:
        """Return the person's form that a message shows, or None."""
        return await self._one(forms.c.chat_id == chat_id, forms.c.message_id == message_id, forms.c.user_id == user_id)

    async def latest(self, user_id: int, chat_id: int, kind: str) -> Form | None:
        """Return the person's newest open form of *kind* in a chat, or None."""
        return await self._one(forms.c.user_id == user_id, forms.c.chat_id == chat_id, forms.c.kind == kind)

    async def untouched_since(self, before: datetime) -> Sequence[Form]:
        """Return the forms that were last touched at or before *before*, oldest first."""
        statement = select(forms).where(forms.c.touched <= before).order_by(forms.c.touched, forms.c.id)
        async with self._database.reading() as connection:
            return [_form(row) for row in await connection.execute(statement)]

    async def close(self, form_id: int) -> bool:
        """Remove the form; True for the one caller who did, so that nobody finishes it twice."""
        async with self._database.writing() as connection:
            return (await connection.execute(delete(forms).where(forms.c.id == form_id))).rowcount == 1

    async def _one(self, *conditions: ColumnElement[bool]) -> Form | None:
        statement = select(forms).where(*conditions).order_by(forms.c.id.desc()).limit(1)
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else _form(row)

    async def _change(self, form_id: int, **values: object) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(forms).where(forms.c.id == form_id).values(**values))


def _form(row: Row[Any]) -> Form:
    return Form(**row._asdict())
