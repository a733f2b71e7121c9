"""What was done, by whom, and what came of it; only ever added to (the database itself refuses anything else)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from storage.database import Database
from storage.tables import audit


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line: *subject* is a reference (`#12`) or empty, *detail* whatever a person would want to know later."""

    id: int
    at: datetime
    user_id: int
    chat_id: int
    action: str
    subject: str
    outcome: str
    detail: str


class SqlAuditLog:
    """Implements `trading.ports.AuditLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(
        self, at: datetime, user_id: int, chat_id: int, action: str, subject: str, outcome: str, detail: str
    ) -> None:
        """Add one line."""
        statement = insert(audit).values(
            at=at, user_id=user_id, chat_id=chat_id, action=action, subject=subject, outcome=outcome, detail=detail
        )
        async with self._database.writing() as connection:
            await connection.execute(statement)

    async def recent(self, limit: int) -> Sequence[AuditLine]:
        """Return the latest lines, newest first."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(audit).order_by(audit.c.id.desc()).limit(limit))
            return [AuditLine(**row._asdict()) for row in rows]
