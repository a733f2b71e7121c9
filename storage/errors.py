"""
What the storage can refuse, told in fields; words for people are made in `bot/views/errors.py`.

* StorageError
  + StorageBusy             another process holds this database
  + StorageUnavailable      the database cannot be used: locked, disk full, input/output error, damaged
  + NewerDatabase           a newer version of this program wrote this database
  + BrokenReferences        a migration would leave rows that point nowhere
  + UnsupportedDatabase     the url names a database that is not spoken here
"""


class StorageError(Exception):
    """Anything the storage could not do."""


class StorageBusy(StorageError):
    """Another process holds the database at *path*; *holder* is what it wrote about itself, "" if nothing."""

    def __init__(self, path: str, holder: str = "") -> None:
        super().__init__(path, holder)
        self.path = path
        self.holder = holder


class StorageUnavailable(StorageError):
    """The database cannot be used just now, and nothing was changed. *reason* is its own text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NewerDatabase(StorageError):
    """The database at *path* is at revision *found*, which this program, at revision *known*, has never heard of."""

    def __init__(self, path: str, found: str, known: str) -> None:
        super().__init__(path, found, known)
        self.path = path
        self.found = found
        self.known = known


class BrokenReferences(StorageError):
    """After a migration *rows* rows of *tables* would point nowhere; the migration was taken back."""

    def __init__(self, tables: tuple[str, ...], rows: int) -> None:
        super().__init__(tables, rows)
        self.tables = tables
        self.rows = rows


class UnsupportedDatabase(StorageError):
    """The url names a *backend* that is not spoken here, or a SQLite database that is not a file."""

    def __init__(self, backend: str) -> None:
        super().__init__(backend)
        self.backend = backend
