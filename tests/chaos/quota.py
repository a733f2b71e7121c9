"""
A disk that can be full, and a database that can only be read: by SQLite's own means, so that the errors are real.

A file holds the word: "" for all is well, "full" (no page more than there are), "readonly".
"""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

_WORDS = {
    "": ("PRAGMA max_page_count = 1073741823", "PRAGMA query_only = 0"),
    "full": ("PRAGMA max_page_count = 1", "PRAGMA query_only = 0"),
    "readonly": ("PRAGMA query_only = 1",),
}


def keep(file: Path) -> None:
    """Do to every connection, each time before a transaction begins, what *file* says."""

    def on_begin(connection: Any) -> None:
        for pragma in _WORDS[file.read_text(encoding="utf-8")]:
            connection.exec_driver_sql(pragma)

    # Before the engine's own listener, which begins the transaction: a pragma within one would come too late.
    event.listen(Engine, "begin", on_begin, insert=True)
