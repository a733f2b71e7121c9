"""The limits that hold for each person: those of the environment, and what an admin has tightened in the chat."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from market.instrument import SecType
from trading.bounds import Limits, tighter, with_limit
from trading.errors import LimitNotTighter, LimitUnreadable

EVERYBODY = 0
"""In the place of a Telegram user id."""

OFF = "off"
NAMES = tuple(field.name for field in fields(Limits))
"""Each limit's name as the settings give it, without LIMIT_ and in lower case."""

SYMBOL_SETS = frozenset({"symbols", "forbidden"})
SWITCHES = frozenset({"short_selling", "closed_market", "buying_power"})
_WHOLE = frozenset({"orders_per_minute", "total_orders_per_minute"})
_SECONDS = frozenset({"quote_age_s", "duplicate_s"})
_PERCENT = frozenset({"net_liquidation_pct", "collar_pct"})
_PLAIN = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,8})?")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){1,3}(?:\.[0-9]{1,8})?")
# One to three digits, a dot, then groups of exactly three: a thousand in half of Europe.
_DOTTED = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+")


@dataclass(frozen=True, slots=True)
class Tightening:
    """The limit *name* was set to *value* (as it is written) for a person, or for EVERYBODY: *by* whom, and when."""

    user_id: int
    name: str
    value: str
    by: int
    at: datetime


class TighteningStore(Protocol):
    """Keeps what was tightened; what is kept is durable when the call returns."""

    async def all(self) -> Sequence[Tightening]:
        """Return every limit that was tightened."""
        ...

    async def put(self, one: Tightening) -> None:
        """Keep it in the place of what was kept of the same limit for the same person."""
        ...

    async def drop(self, user_id: int, name: str) -> None:
        """Forget it."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """One limit as it holds for a person: *value*, and the *ceiling* that the environment sets."""

    name: str
    value: object
    ceiling: object


class LimitBook:
    """
    Tells each person's limits; *ceiling* is the environment's.

    Nothing that is set here can be looser than that, also where the environment was tightened later.
    """

    def __init__(self, ceiling: Limits, store: TighteningStore) -> None:
        self._ceiling = ceiling
        self._store = store
        self._set: dict[tuple[int, str], Tightening] = {}

    async def load(self) -> None:
        """Take over what was stored. Raises StorageUnavailable."""
        self._set = {(one.user_id, one.name): one for one in await self._store.all() if one.name in NAMES}

    def of(self, user_id: int) -> Limits:
        """Return the limits that hold for the person (for EVERYBODY: for who has none of their own)."""
        limits = self._ceiling
        for one in self._set.values():
            if one.user_id in {EVERYBODY, user_id}:
                limits = with_limit(limits, one.name, _stored(one))
        return limits

    def held(self, user_id: int) -> Sequence[Held]:
        """Return each limit as it holds for the person."""
        now = self.of(user_id)
        return [Held(name, getattr(now, name), getattr(self._ceiling, name)) for name in NAMES]

    @property
    def tightened(self) -> Sequence[Tightening]:
        """All that was tightened, by person and name."""
        return [self._set[key] for key in sorted(self._set)]

    def loosens(self, name: str, value: str | None, user_id: int) -> bool:
        """Return whether setting it so (None: not at all) would allow more than now. Raises LimitUnreadable."""
        standing = self._set.get((user_id, name))
        if standing is None:
            return False
        if value is None:
            return True
        wanted = read(name, value)
        return bool(tighter(name, wanted, _stored(standing)) != wanted)

    async def tighten(self, name: str, value: str, *, user_id: int, by: int, at: datetime) -> None:
        """
        Set the limit for a person, or for EVERYBODY.

        Raises LimitUnreadable, LimitNotTighter where the environment allows no more than that anyway,
        StorageUnavailable: then nothing was changed.
        """
        found = read(name, value)
        ceiling = getattr(self._ceiling, name)
        if tighter(name, found, ceiling) == ceiling:
            raise LimitNotTighter(name, written(name, ceiling))
        one = Tightening(user_id, name, written(name, found), by, at)
        await self._store.put(one)
        self._set[user_id, name] = one

    async def drop(self, name: str, *, user_id: int) -> bool:
        """Let the environment's limit hold again; False where it did. Raises StorageUnavailable."""
        if (user_id, name) not in self._set:
            return False
        await self._store.drop(user_id, name)
        self._set.pop((user_id, name), None)
        return True


def read(name: str, value: str) -> Any:  # noqa: ANN401  each limit has a type of its own
    """Return the limit's value as *value* says it. Raises LimitUnreadable, also for a limit that there is not."""
    if name not in NAMES:
        raise LimitUnreadable(name, value)
    try:
        return _reader(name)(value.strip())
    except (ValueError, InvalidOperation):
        raise LimitUnreadable(name, value) from None


def _stored(one: Tightening) -> Any:  # noqa: ANN401  as above
    """Return the value that `written` wrote: of a number there is only one reading then."""
    if _reader(one.name) in {_number, _money}:
        return Decimal(one.value)
    if one.name in _SECONDS:
        return float(one.value)
    return read(one.name, one.value)


def written(name: str, value: Any) -> str:  # noqa: ANN401  as above
    """Return the limit's value so that `read` understands it."""
    if value is None:
        return OFF
    if name in SWITCHES:
        return "on" if value else OFF
    if isinstance(value, frozenset):
        return " ".join(sorted(map(str, value)))
    return f"{Decimal(str(value)).normalize():f}"


def symbols(text: str) -> frozenset[str]:
    """Return the symbols that *text* lists, with spaces or commas between them. Raises ValueError for none."""
    found = frozenset(text.upper().replace(",", " ").split())
    if not found or OFF.upper() in found:
        raise ValueError(text)
    return found


def kinds(text: str) -> frozenset[SecType]:
    """Return the kinds of instruments that *text* lists by IBKR's codes. Raises ValueError for an unknown one."""
    return frozenset(SecType(name) for name in symbols(text))


def _reader(name: str) -> Callable[[str], object]:
    if name in SYMBOL_SETS:
        return symbols
    if name in SWITCHES:
        return lambda text: _ONS[text.lower()]
    if name == "kinds":
        return kinds
    if name in _WHOLE:
        return _whole
    if name in _SECONDS:
        return _seconds
    return _number if name in _PERCENT else _money


def _whole(text: str) -> int:
    number = _number(text)
    if number != number.to_integral_value():
        raise ValueError(text)
    return int(number)


def _seconds(text: str) -> float:
    return float(_number(text))


def _money(text: str) -> Decimal:
    """Return an amount, with thousands commas or without."""
    return _number(text.replace(",", "") if _GROUPED.fullmatch(text) else text)


def _number(text: str) -> Decimal:
    """Return a number above zero that can be read in one way only: neither `2,5` nor `20.000` can."""
    if not _PLAIN.fullmatch(text) or _DOTTED.fullmatch(text):
        raise ValueError(text)
    number = Decimal(text)
    if number <= 0:
        raise ValueError(text)
    return number


class _Switch(dict[str, bool]):
    def __missing__(self, key: str) -> bool:
        raise ValueError(key)


_ONS: Mapping[str, bool] = _Switch({"on": True, "yes": True, "off": False, "no": False})
