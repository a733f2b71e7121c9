"""
Statements that are compiled once and then handed to the driver as they are.

Making, hashing and looking up a statement costs SQLAlchemy about 0.3 ms after a pause, and four of them stand between a
tick and the phone. So the hot transaction's statements are written with SQLAlchemy Core, and compiled at first use.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Connection


class Prepared:
    """
    A statement in which every value is given by name with each run.

    *make* returns it for a connection's dialect, *names* are the columns that an insert or an update sets. Only for
    drivers that take values by their position, as SQLite's.
    """

    def __init__(self, make: Callable[[Connection], ClauseElement], names: Sequence[str] = ()) -> None:
        self._make = make
        self._names = list(names)
        self._text = ""
        self._values: tuple[tuple[str, Callable[[Any], Any]], ...] = ()

    def run(self, connection: Connection, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """
        Run it with *values* within the connection's transaction; return the first row, as the driver gives it, or None.

        Raises the driver's own errors.
        """
        found: tuple[Any, ...] | None = self._cursor(connection, values).fetchone()
        return found

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """As `run`; return all rows. Outside of a transaction they are of one consistent state by themselves."""
        found: list[tuple[Any, ...]] = self._cursor(connection, values).fetchall()
        return found

    def _cursor(self, connection: Connection, values: Mapping[str, Any]) -> Any:  # noqa: ANN401  the driver's
        if not self._text:
            self._compile(connection)
        # Typed as whatever a driver's connection is: here sqlite3's.
        driver: Any = connection.connection.driver_connection
        return driver.execute(self._text, [write(values[name]) for name, write in self._values])

    def _compile(self, connection: Connection) -> None:
        dialect = connection.dialect
        compiled: Any = self._make(connection).compile(dialect=dialect, column_keys=self._names)
        self._values = tuple(
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is)
            for name in compiled.positiontup
        )
        self._text = compiled.string


def _as_it_is(value: object) -> object:
    return value
