"""Real migrations on real files."""

import shutil
import sqlite3
import tomllib
from collections.abc import Callable
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from storage.engine import single_engine
from storage.errors import BrokenReferences, NewerDatabase
from storage.migrate import migrate
from storage.tables import metadata
from tests.fakes.clock import FakeClock

Later = Callable[..., str]
VERSIONS = Path(str(files("storage") / "migrations" / "versions"))
HEAD = max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))

SECOND = f'''
"""A later step."""

from alembic import op

revision = "9999"
down_revision = "{HEAD}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE jobs ADD COLUMN mood TEXT")
    op.execute("{{more}}")
'''


@pytest.fixture
def later(tmp_path: Path) -> Later:
    """Return a maker of a newer program's migrations: ours and one more, with a statement of the test's own."""

    def make(more: str = "SELECT 1") -> str:
        scripts = tmp_path / "newer"
        shutil.copytree(str(files("storage") / "migrations"), scripts, ignore=shutil.ignore_patterns("__pycache__"))
        (scripts / "versions" / "9999_later.py").write_text(SECOND.format(more=more))
        return str(scripts)

    return make


def rows(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(statement).fetchall()
        connection.commit()
        return found


def test_an_empty_file_gets_the_whole_schema_and_needs_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    assert migrate(path, FakeClock(), 5_000) is None
    assert rows(path, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix == ".db") == ["a.db"]


def test_the_migrations_make_exactly_the_tables_the_code_speaks_of(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    migrate(path, FakeClock(), 5_000)
    engine = single_engine(path, 5_000)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    migrate(path, FakeClock(), 5_000)
    rows(path, "INSERT INTO jobs (key, day, marked) VALUES ('summary', '2026-11-20', 1)")
    assert migrate(path, FakeClock(), 5_000) is None
    assert rows(path, "SELECT key FROM jobs") == [("summary",)]


def test_a_migration_of_a_database_with_data_leaves_a_copy_beside_it(tmp_path: Path, later: Later) -> None:
    path = tmp_path / "a.db"
    migrate(path, FakeClock(), 5_000)
    rows(path, "INSERT INTO jobs (key, day, marked) VALUES ('summary', '2026-11-20', 1)")
    backup = migrate(path, FakeClock(), 5_000, later())
    assert backup == tmp_path / f"a.before-migration-{HEAD}-20261120T150000Z.db"
    assert backup.stat().st_mode & 0o777 == 0o600
    assert rows(backup, "SELECT * FROM jobs") == [("summary", "2026-11-20", 1)]
    assert rows(path, "SELECT * FROM jobs") == [("summary", "2026-11-20", 1, None)]


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, later: Later) -> None:
    path = tmp_path / "a.db"
    migrate(path, FakeClock(), 5_000)
    with pytest.raises(Exception, match="no such table: nowhere"):
        migrate(path, FakeClock(), 5_000, later("DROP TABLE nowhere"))
    assert rows(path, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert "mood" not in str(rows(path, "SELECT sql FROM sqlite_master WHERE name = 'jobs'"))


def test_a_migration_that_would_leave_rows_pointing_nowhere_is_taken_back(tmp_path: Path, later: Later) -> None:
    path = tmp_path / "a.db"
    migrate(path, FakeClock(), 5_000)
    orphan = "INSERT INTO legs VALUES (7, 1, 'sb-7-1', 'sent', 0, 0, '0', NULL, NULL, NULL, '')"
    with pytest.raises(BrokenReferences) as caught:
        migrate(path, FakeClock(), 5_000, later(orphan))
    assert (caught.value.tables, caught.value.rows) == (("legs",), 1)
    assert rows(path, "SELECT count(*) FROM legs") == [(0,)]


def test_a_database_newer_than_the_program_is_refused(tmp_path: Path, later: Later) -> None:
    path = tmp_path / "a.db"
    migrate(path, FakeClock(), 5_000, later())
    with pytest.raises(NewerDatabase) as caught:
        migrate(path, FakeClock(), 5_000)
    assert (caught.value.found, caught.value.known) == ("9999", HEAD)


def test_every_file_a_migration_needs_is_in_the_wheel_and_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(str(files("storage"))).parent
    setup = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert "storage*" in setup["packages"]["find"]["include"]
    packed = {found for pattern in setup["package-data"]["storage"] for found in (root / "storage").glob(pattern)}
    for needed in (root / "storage" / "migrations").rglob("*"):
        if needed.is_file() and needed.suffix != ".pyc":
            assert needed in packed or (needed.suffix == ".py" and (needed.parent / "__init__.py").exists())
    monkeypatch.chdir(tmp_path)
    migrate(tmp_path / "a.db", FakeClock(), 5_000)
