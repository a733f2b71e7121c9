"""
What a portfolio is to be made of, and what the orders of a list are shared out by: text <-> what it says.

`AAPL 40% MSFT 30% cash 30%` is in parts of the net liquidation value; `accounts equal`, `accounts nlv` and
`accounts U1=5,U2=5` end an order line. `cash` is money; the ticker of that name is `$CASH`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn

from market.errors import TicketSyntaxError
from market.ticket import plain

REBALANCES = ("AAPL 40% MSFT 30% cash 30%", "AAPL 50% MSFT 0%")
"""Two lines of targets that work."""

SHARINGS = ("buy 10 AAPL 199.5 accounts equal", "buy 10 AAPL 199.5 accounts nlv")
"""Two lines of an order for several accounts that work."""

MOST_TARGETS = 20
"""More than a card can show as lines that a person reads before Confirm."""

_WHOLE = Decimal(100)
_SIGNS = "+-\N{MINUS SIGN}"
_PERCENT = re.compile(r"(?P<number>\d{1,3}(?:\.\d{1,4})?)\s*%")
_CASH = "cash"
_ACCOUNTS = re.compile(r"\s+(?:over\s+|in\s+)?accounts?(?P<how>\s.*)?$", re.IGNORECASE)
_WAYS = {"equal": "equal", "equally": "equal", "nlv": "nlv", "netliq": "nlv"}
_GIVEN = re.compile(r"(?P<account>[A-Za-z]{1,4}\d{1,12})=(?P<number>\d{1,9}(?:\.\d{1,8})?)")


@dataclass(frozen=True, slots=True)
class Target:
    """One instrument, as typed, and what part of the net liquidation value it is to be, in percent."""

    symbol: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Targets:
    """What is to be held; *cash* is None where nothing was said of it."""

    parts: tuple[Target, ...]
    cash: Decimal | None = None


class Way(StrEnum):
    """By what an order is shared out over accounts; GIVEN: as many for each as was said."""

    EQUAL = "equal"
    NET_LIQUIDATION = "nlv"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Sharing:
    """How an order is shared out; *given* says how many each account gets (GIVEN alone)."""

    way: Way
    given: tuple[tuple[str, Decimal], ...] = ()


def parse_targets(text: str) -> Targets:
    """
    Return what *text* asks for; `parse_targets(format_targets(targets)) == targets`.

    Raises TicketSyntaxError: no part in percent, one symbol twice, more than 100 % together.
    """
    parts: list[Target] = []
    cash, start = None, 0
    found = list(_PERCENT.finditer(text))
    for share in found:
        symbol = text[start : share.start()].strip().removesuffix("=").removesuffix(":").strip()
        percent = _percent(text, share)
        if not symbol or symbol[-1] in _SIGNS:
            _refuse(text, start, "a symbol, then a percentage of 0 or more")
        if symbol.lower() == _CASH:
            cash = _only_once(text, start, cash, percent)
        else:
            parts.append(_part(text, start, symbol, percent, parts))
        start = share.end() + len(text[share.end() :]) - len(text[share.end() :].lstrip(" ,;"))
    if text[start:].strip():
        _refuse(text, start, "a percentage after each symbol")
    if not parts:
        _refuse(text, len(text), "symbols, each with the part it is to be")
    if sum((one.percent for one in parts), cash or Decimal(0)) > _WHOLE:
        _refuse(text, len(text), "at most 100% together")
    return Targets(tuple(parts), cash)


def format_targets(targets: Targets) -> str:
    """Return the line that `parse_targets` reads as *targets*."""
    parts = [f"{one.symbol} {plain(one.percent)}%" for one in targets.parts]
    return " ".join(parts + ([] if targets.cash is None else [f"cash {plain(targets.cash)}%"]))


def split_sharing(line: str) -> tuple[str, Sharing | None]:
    """
    Return an order line without its `accounts …` at the end, and what that says; None where there is none.

    Raises TicketSyntaxError where it says neither `equal` nor `nlv` nor how many for which account.
    """
    found = _ACCOUNTS.search(line)
    if found is None or not line[: found.start()].strip():
        return line, None
    how = (found["how"] or "").strip()
    at = found.end() - len(found["how"] or "")
    named = how.lower().removeprefix("by ")
    if named in _WAYS:
        return line[: found.start()], Sharing(Way(_WAYS[named]))
    words = [word for word in re.split(r"[,\s]+", how) if word]
    given = [_GIVEN.fullmatch(word) for word in words]
    shares = tuple((one["account"].upper(), Decimal(one["number"])) for one in given if one is not None)
    if not words or len(shares) != len(words) or len({account for account, _ in shares}) != len(shares):
        expected = "`equal`, `nlv`, or how many for each account, like `U1=5,U2=5`"
        raise TicketSyntaxError(line, at, expected, SHARINGS)
    return line[: found.start()], Sharing(Way.GIVEN, shares)


def _percent(text: str, share: re.Match[str]) -> Decimal:
    percent = Decimal(share["number"])
    if percent > _WHOLE:
        _refuse(text, share.start(), "at most 100%")
    return percent


def _only_once(text: str, start: int, cash: Decimal | None, percent: Decimal) -> Decimal:
    if cash is not None:
        _refuse(text, start, "cash once only")
    return percent


def _part(text: str, start: int, symbol: str, percent: Decimal, before: Sequence[Target]) -> Target:
    if any(one.symbol.upper() == symbol.upper() for one in before):
        _refuse(text, start, "each symbol once only")
    if len(before) >= MOST_TARGETS:
        _refuse(text, start, f"at most {MOST_TARGETS} symbols")
    return Target(symbol, percent)


def _refuse(text: str, at: int, expected: str) -> NoReturn:
    raise TicketSyntaxError(text, at, expected, REBALANCES)
