"""What was done, by whom, and what came of it; only ever added to (the database itself refuses anything else)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select

from storage.audit_line import AuditLine
from storage.database import Database
from storage.tables import audit


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

    async def recent(self, limit: int, offset: int = 0) -> Sequence[AuditLine]:
        """Return the latest lines, newest first, but for the *offset* newest."""
        statement = select(audit).order_by(audit.c.id.desc()).limit(limit).offset(offset)
        async with self._database.reading() as connection:
            return [AuditLine(**row._asdict()) for row in await connection.execute(statement)]

    async def count(self) -> int:
        """Return how many lines there are."""
        async with self._database.reading() as connection:
            found: int = (await connection.execute(select(func.count()).select_from(audit))).scalar_one()
        return found
