"""Column types that SQLite has not: moments in UTC, and exact decimals."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

BIG = BigInteger()
"""Telegram's and IBKR's own numbers, which outgrow 32 bits."""

SERIAL = BigInteger().with_variant(Integer(), "sqlite")
"""A primary key the database counts; SQLite counts only a column that is called INTEGER."""


class Instant(TypeDecorator[datetime]):
    """A moment, kept as whole microseconds since 1970 UTC; comes back aware, in UTC. A naive one is refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002  SQLAlchemy's signature
        """Return the microseconds; raises ValueError for a moment without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(value)
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  as above
        """Return the moment, aware, in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Money(TypeDecorator[Decimal]):
    """A `Decimal`, kept as its own text: SQLite's NUMERIC would make a float of it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002  as above
        """Return the decimal's text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002  as above
        """Return the decimal, with the digits it was stored with."""
        return None if value is None else Decimal(value)
