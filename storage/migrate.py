"""Brings a database file up to this program's schema, with a copy of it beside it first."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from market.clock import Clock
from storage.engine import own_errors, single_engine
from storage.errors import BrokenReferences, NewerDatabase

SCRIPTS = "storage:migrations"
"""Where the migrations are, as Alembic names a folder inside a package: found in a wheel as in a checkout."""


def migrate(path: Path, clock: Clock, busy_timeout_ms: int, scripts: str = SCRIPTS) -> Path | None:
    """
    Upgrade the database at *path* to the newest schema; return its backup, or None where none was needed.

    Blocks: to be called off the event loop. A failed migration leaves the file as it was.
    Raises NewerDatabase, BrokenReferences, StorageUnavailable.
    """
    config = Config()
    config.set_main_option("script_location", scripts)
    config.set_main_option("path_separator", "os")
    known = ScriptDirectory.from_config(config)
    # Rebuilding a table, as SQLite's ALTER needs it, would delete what refers to it were foreign keys on.
    engine = single_engine(path, busy_timeout_ms, foreign_keys=False)
    try:
        with own_errors(), engine.connect() as connection:
            found, is_empty = _look(connection)
            if found is not None and found not in {script.revision for script in known.walk_revisions()}:
                raise NewerDatabase(str(path), found, known.get_current_head() or "")
            if found == known.get_current_head():
                return None
            backup = None if is_empty else _back_up(path, f"{found or 'unversioned'}-{clock.now():%Y%m%dT%H%M%SZ}")
            with connection.begin():
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                _check_references(connection)
            return backup
    finally:
        engine.dispose()


def _look(connection: Connection) -> tuple[str | None, bool]:
    """Return the revision the database is at, and whether it holds no table at all."""
    with connection.begin():
        return MigrationContext.configure(connection).get_current_revision(), not inspect(connection).get_table_names()


def _back_up(path: Path, mark: str) -> Path:
    """Copy the database consistently (SQLite's backup API sees the write-ahead log; a file copy would not)."""
    target = path.with_name(f"{path.stem}.before-migration-{mark}{path.suffix}")
    # Nobody else may read it, not for a moment either.
    os.close(os.open(target, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    target.chmod(0o600)
    return target


def _check_references(connection: Connection) -> None:
    """Raise BrokenReferences if any row points nowhere."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise BrokenReferences(tuple(sorted({row[0] for row in broken})), len(broken))
