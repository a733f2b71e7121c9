"""Secrets of authenticator apps, the codes used and mistyped, and the buttons of second persons."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, delete, literal, or_, select, update

from storage.columns import Instant
from storage.database import Database
from storage.statement import upsert
from storage.tables import approvals, second_steps
from trading.second_step import Approval, Enrolment


class SqlStepStore:
    """
    Implements `trading.second_step.StepStore`; every change goes through the durable writer.

    A secret is kept as it is: a key to it would lie beside it. The database's file is for its owner's eyes only.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enrolment(self, user_id: int) -> Enrolment | None:
        """Return the person's enrolment, confirmed or not."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(second_steps).where(_of(user_id)))).one_or_none()
        return None if row is None else _enrolment(row)

    async def begin(self, enrolment: Enrolment) -> bool:
        """Store a new enrolment in the place of an unconfirmed one; False where a confirmed one stands."""

        def unit(connection: Connection) -> bool:
            confirmed = select(second_steps.c.user_id).where(_of(enrolment.user_id), second_steps.c.is_confirmed)
            if connection.execute(confirmed).one_or_none() is not None:
                return False
            connection.execute(upsert(connection, second_steps, "user_id"), asdict(enrolment))
            return True

        return await self._database.writer.run(unit)

    async def spend(self, user_id: int, counter: int) -> bool:
        """Note that the code of *counter* was used; False, and nothing changed, where it or a later one was before."""
        statement = (
            update(second_steps)
            .where(_of(user_id), second_steps.c.last_counter < counter)
            .values(last_counter=counter, is_confirmed=True, failures=0, locked_until=None)
        )
        return await self._database.writer.run(lambda connection: connection.execute(statement).rowcount == 1)

    async def failed(self, user_id: int, *, most: int, until: datetime) -> Enrolment | None:
        """Count a wrong code; the one that makes *most* in a row locks until then and begins a new row."""
        is_last = second_steps.c.failures + 1 >= most
        statement = (
            update(second_steps)
            .where(_of(user_id))
            .values(
                failures=case((is_last, 0), else_=second_steps.c.failures + 1),
                locked_until=case((is_last, literal(until, Instant)), else_=second_steps.c.locked_until),
            )
            .returning(*second_steps.c)
        )

        def unit(connection: Connection) -> Enrolment | None:
            row = connection.execute(statement).one_or_none()
            return None if row is None else _enrolment(row)

        return await self._database.writer.run(unit)

    async def unlock(self, user_id: int) -> bool:
        """End a lock and the row of wrong codes; False where there was neither."""
        is_marked = or_(second_steps.c.failures > 0, second_steps.c.locked_until.is_not(None))
        statement = update(second_steps).where(_of(user_id), is_marked).values(failures=0, locked_until=None)
        return await self._database.writer.run(lambda connection: connection.execute(statement).rowcount == 1)

    async def forget(self, user_id: int) -> bool:
        """Remove the person's enrolment; False where there was none."""
        statement = delete(second_steps).where(_of(user_id))
        return await self._database.writer.run(lambda connection: connection.execute(statement).rowcount == 1)

    async def add_approvals(self, asked: Sequence[Approval]) -> None:
        """Store the buttons of one proposal, in the place of earlier ones of the same people."""

        def unit(connection: Connection) -> None:
            statement = upsert(connection, approvals, "proposal_id", "user_id")
            connection.execute(statement, [asdict(one) for one in asked])

        await self._database.writer.run(unit)

    async def approval(self, token: str) -> Approval | None:
        """Return whose button this is."""
        found = await self._approvals(approvals.c.token == token)
        return found[0] if found else None

    async def approvals_of(self, proposal_id: int) -> Sequence[Approval]:
        """Return all buttons of one proposal, by person."""
        return await self._approvals(approvals.c.proposal_id == proposal_id)

    async def bind(self, token: str, message_id: int) -> None:
        """Note the message that has the button."""
        statement = update(approvals).where(approvals.c.token == token).values(message_id=message_id)
        await self._database.writer.run(lambda connection: connection.execute(statement))

    async def _approvals(self, which: ColumnElement[bool]) -> list[Approval]:
        statement = select(approvals).where(which).order_by(approvals.c.user_id)
        async with self._database.reading() as connection:
            return [Approval(**row._asdict()) for row in await connection.execute(statement)]


def _of(user_id: int) -> ColumnElement[bool]:
    return second_steps.c.user_id == user_id


def _enrolment(row: Row[Any]) -> Enrolment:
    return Enrolment(**row._asdict())
