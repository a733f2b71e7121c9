"""The numbers that conditions compare, made ready: each is known or unknown at a moment, and says what it hangs on."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, date, datetime

from alerts.book import Book
from alerts.daybars import DayBars
from alerts.indicators import Series
from alerts.ledger import Ledger
from alerts.operand import AverageVolume, Extreme, Sign
from alerts.session import Sessions
from market.instrument import Instrument
from market.quote import BarSize

Study = tuple[int, BarSize, bool]
"""Bars that a value hangs on: contract id, size, and whether they are of regular hours only."""


class Value(ABC):
    """
    A number that changes with time.

    What it hangs on: *quotes* are prices whose ticks move it, *studies* bars, *is_held* the account, *is_timed* the
    passing of time alone.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def text(self) -> str:
        """How the alert language writes it."""

    @property
    def quotes(self) -> "tuple[Quoted, ...]":
        """The prices whose ticks move it."""
        return ()

    @property
    def studies(self) -> tuple[Study, ...]:
        """The bars it is made of."""
        return ()

    @property
    def is_held(self) -> bool:
        """Whether the account's stream moves it."""
        return False

    @property
    def is_timed(self) -> bool:
        """Whether time alone moves it."""
        return False

    @property
    def parts(self) -> "tuple[Value, ...]":
        """What it is put together from, numbers that were typed excepted: itself, where it is of one piece."""
        return (self,)

    @abstractmethod
    def at(self, now: datetime) -> float | None:
        """Return it as it is known at *now*."""


class _Named(Value):
    """A value that bears its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def text(self) -> str:
        """How the alert language writes it."""
        return self._text


class Fixed(Value):
    """A number that was typed."""

    __slots__ = ("value",)

    def __init__(self, value: float) -> None:
        self.value = value

    @property
    def text(self) -> str:
        """The number, plainly."""
        return f"{self.value:g}"

    @property
    def parts(self) -> tuple[Value, ...]:
        """Nothing that moves."""
        return ()

    def at(self, now: datetime) -> float | None:  # noqa: ARG002  a value's signature
        """Return the number."""
        return self.value


class Quoted(_Named):
    """A price (or a volume, or an option's value) out of a book."""

    __slots__ = ("book", "slot")

    def __init__(self, book: Book, slot: int, text: str) -> None:
        super().__init__(text)
        self.book = book
        self.slot = slot

    @property
    def quotes(self) -> "tuple[Quoted, ...]":
        """Itself."""
        return (self,)

    def at(self, now: datetime) -> float | None:
        """Return the price, or None where it is unknown."""
        return self.book.price(self.slot, now)


class DayVolume(Quoted):
    """The volume of the session; what was told before it began is another one's."""

    __slots__ = ("_sessions",)

    def __init__(self, book: Book, slot: int, text: str, sessions: Sessions) -> None:
        super().__init__(book, slot, text)
        self._sessions = sessions

    def at(self, now: datetime) -> float | None:
        """Return the volume, or None where it is unknown: not told yet in this session."""
        con_id, told = self.book.instrument.con_id, self.book.told.get(self.slot)
        if told is None:
            return None
        running = self._sessions.running(con_id, now)
        if running is not None and told < running.start:
            return None
        is_todays = self._sessions.trading_day(con_id, told) == self._sessions.trading_day(con_id, now)
        return super().at(now) if is_todays else None


class Studied(_Named):
    """An indicator's value; a live one moves with each trade."""

    __slots__ = ("_quotes", "_studies", "instrument", "series")

    def __init__(self, book: Book, series: Series, study: Study, text: str, *, is_live: bool) -> None:
        super().__init__(text)
        self.instrument = book.instrument
        self.series = series
        self._studies = (study,)
        self._quotes = (Quoted(book, book.main_slot, text),) if is_live else ()

    @property
    def quotes(self) -> tuple[Quoted, ...]:
        """A live one: the trades."""
        return self._quotes

    @property
    def studies(self) -> tuple[Study, ...]:
        """Its bars."""
        return self._studies

    def at(self, now: datetime) -> float | None:
        """Return the value at the latest bar's close (live: in the running bar), or None where it is unknown."""
        return self.series.value_at(now)


class Daily(_Named):
    """An extreme or the mean volume of closed daily bars."""

    __slots__ = ("_studies", "bars", "spec")

    def __init__(self, study: Study, bars: DayBars, spec: Extreme | AverageVolume, text: str) -> None:
        super().__init__(text)
        self.bars = bars
        self.spec = spec
        self._studies = (study,)

    @property
    def studies(self) -> tuple[Study, ...]:
        """The daily bars."""
        return self._studies

    def at(self, now: datetime) -> float | None:
        """Return the value, or None where there are not enough bars."""
        return self.bars.value(self.spec, now)


class Held(_Named):
    """A value of the account (as *ledger* has it) or of a position in *instrument*; *read* returns it."""

    __slots__ = ("_ledger", "instrument", "read")

    def __init__(
        self, read: Callable[[datetime], float | None], text: str, instrument: Instrument | None, ledger: Ledger
    ) -> None:
        super().__init__(text)
        self.read = read
        self.instrument = instrument
        self._ledger = ledger

    @property
    def is_held(self) -> bool:
        """It is the account's."""
        return True

    @classmethod
    def of_account(cls, ledger: Ledger, name: str, text: str) -> "Held":
        """Return a value of the account."""
        return cls(lambda now: ledger.account(name, now), text, None, ledger)

    @classmethod
    def of_position(cls, ledger: Ledger, instrument: Instrument, name: str, text: str) -> "Held":
        """Return a value of the position in *instrument*."""
        return cls(lambda now: ledger.position(instrument.con_id, name, now), text, instrument, ledger)

    @classmethod
    def of_cost(cls, ledger: Ledger, instrument: Instrument, text: str) -> "Held":
        """Return the average cost of the position in *instrument*."""
        return cls(lambda now: ledger.cost(instrument, now), text, instrument, ledger)

    @property
    def currency(self) -> str:
        """The currency of its money: the account's base currency, or the instrument's."""
        return self._ledger.currency if self.instrument is None else self.instrument.currency

    def at(self, now: datetime) -> float | None:
        """Return the value, or None where it is unknown."""
        return self.read(now)


class DaysLeft(_Named):
    """The days until an instrument expires, counted by dates at its venue."""

    __slots__ = ("instrument", "sessions")

    def __init__(self, instrument: Instrument, sessions: Sessions, text: str) -> None:
        super().__init__(text)
        self.instrument = instrument
        self.sessions = sessions

    @property
    def is_timed(self) -> bool:
        """A day passes by itself."""
        return True

    def at(self, now: datetime) -> float | None:
        """Return the days, or None for what does not expire."""
        expiry = self.instrument.expiry
        if len(expiry) != len("20261218"):
            return None
        today = now.astimezone(self.sessions.zone(self.instrument.con_id) or UTC).date()
        return float((date.fromisoformat(expiry) - today).days)


class Combined(_Named):
    """Two values, combined."""

    __slots__ = ("left", "right", "sign")

    def __init__(self, left: Value, sign: Sign, right: Value, text: str) -> None:
        super().__init__(text)
        self.left = left
        self.sign = sign
        self.right = right

    @property
    def quotes(self) -> tuple[Quoted, ...]:
        """Those of both."""
        return self.left.quotes + self.right.quotes

    @property
    def studies(self) -> tuple[Study, ...]:
        """Those of both."""
        return self.left.studies + self.right.studies

    @property
    def is_held(self) -> bool:
        """Whether either hangs on the account."""
        return self.left.is_held or self.right.is_held

    @property
    def is_timed(self) -> bool:
        """Whether either hangs on time alone."""
        return self.left.is_timed or self.right.is_timed

    @property
    def parts(self) -> tuple[Value, ...]:
        """Those of both."""
        return self.left.parts + self.right.parts

    def at(self, now: datetime) -> float | None:
        """Return the outcome; None where either is unknown, or where it would divide by zero."""
        left, right = self.left.at(now), self.right.at(now)
        if left is None or right is None:
            return None
        match self.sign:
            case Sign.PLUS:
                return left + right
            case Sign.MINUS:
                return left - right
            case Sign.TIMES:
                return left * right
            case Sign.OVER:
                return left / right if right else None
