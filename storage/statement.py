"""Statements that each database spells in its own way."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert_new(connection: Connection | AsyncConnection, table: Table, *key: str) -> sqlite.Insert | postgresql.Insert:
    """
    Return an insert into *table* that does nothing where a row with the same *key* columns is there already.

    With `returning`, such a row gives no result row.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing(index_elements=key)


def upsert(connection: Connection | AsyncConnection, table: Table, *key: str) -> sqlite.Insert | postgresql.Insert:
    """Return an insert into *table* that overwrites every other column of a row with the same *key* columns."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table)
    others = {column.name: statement.excluded[column.name] for column in table.c if column.name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=others)
