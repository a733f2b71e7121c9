"""What must be listened to, so that a rule can be evaluated."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from alerts.condition import (
    AtSession,
    AtTime,
    Both,
    Channel,
    Comparison,
    Condition,
    Crossing,
    DayMove,
    Draft,
    Either,
    EveryTime,
    Inverse,
    NewsMatch,
    OrderMatch,
    PositionMove,
    ScanEntry,
    Stale,
    TradingTime,
    Trailing,
    Velocity,
)
from alerts.errors import NotEvaluable
from alerts.leaf import operands_of
from alerts.operand import (
    AccountValue,
    Arithmetic,
    AverageCost,
    AverageVolume,
    Extreme,
    Indicator,
    Number,
    Operand,
    OptionValue,
    PositionValue,
    Price,
    PriceField,
    Volume,
)
from alerts.rule import Rule
from market.instrument import Instrument, SecType
from market.quote import BarSize
from market.scan import ScanSpec, whole

_T = TypeVar("_T")

MARKET = "SPY"
"""Whose regular session is meant where no instrument is named (`at close - 10m`, `every 30m rth`, `news * rth`)."""

ANY = "any"
"""The symbol of `positions any`: each position by itself."""

_BROAD = "*"
_BULLETINS = "bulletins"
_GROUPS = frozenset({"portfolio", "watchlist"})
_QUOTED = frozenset({SecType.FOREX, SecType.CFD, SecType.COMMODITY})


@dataclass(frozen=True, slots=True)
class Needs:
    """
    Market data lines, bars, headlines (None: broad tape), scans, and the rest.

    *fast* are those of *ticks* whose rules live on every tick (velocity, trailing, two instruments, options, volume,
    bid and ask, `stale`): 1-minute bars do not do for them. *options* want greeks. *daily* are closed daily bars, so
    many (they are among *bars* too). *account*, *orders*, *clock* and *bulletins*: the account's stream, what happens
    to orders, a look each second, IBKR's own messages.
    """

    ticks: frozenset[Instrument] = frozenset()
    bars: frozenset[tuple[Instrument, BarSize]] = frozenset()
    news: frozenset[Instrument | None] = frozenset()
    scans: frozenset[ScanSpec] = frozenset()
    hours: frozenset[Instrument] = frozenset()
    daily: frozenset[tuple[Instrument, int]] = frozenset()
    options: frozenset[Instrument] = frozenset()
    fast: frozenset[Instrument] = frozenset()
    account: bool = False
    orders: bool = False
    clock: bool = False
    bulletins: bool = False

    def __or__(self, other: "Needs") -> "Needs":
        return Needs.of_all((self, other))

    @staticmethod
    def of_all(needs: Iterable["Needs"]) -> "Needs":
        """Return what all of *needs* come to."""
        found = tuple(needs)
        return Needs(
            _joined(*(need.ticks for need in found)),
            _joined(*(need.bars for need in found)),
            _joined(*(need.news for need in found)),
            _joined(*(need.scans for need in found)),
            _joined(*(need.hours for need in found)),
            _joined(*(need.daily for need in found)),
            _joined(*(need.options for need in found)),
            _joined(*(need.fast for need in found)),
            account=any(need.account for need in found),
            orders=any(need.orders for need in found),
            clock=any(need.clock for need in found),
            bulletins=any(need.bulletins for need in found),
        )


def needs_of(rule: Rule) -> Needs:
    """Return what *rule* needs. Raises NotEvaluable where a symbol of its condition has no instrument."""
    condition, hold = rule.draft.condition, rule.draft.options.hold
    if hold is None and isinstance(condition, Comparison | Crossing) and isinstance(condition.right, Number):
        left = condition.left
        if isinstance(left, Price) and left.field is PriceField.LAST:
            return _of_level(instrument_of(rule, left.symbol))
    needs = _needs(condition, rule)
    spoken = {instrument_of(rule, symbol) for symbol in symbols_of(rule.draft)}
    return needs | Needs(hours=frozenset(spoken), clock=hold is not None)


@lru_cache(maxsize=4096)
def _of_level(instrument: Instrument) -> Needs:
    """Return what the commonest rule needs, the level of a last price: one object for all of an instrument."""
    only = frozenset({instrument})
    return Needs(ticks=only, hours=only)


def _joined(*parts: frozenset[_T]) -> frozenset[_T]:
    """Return the union; an empty set or the only one is shared, since there is a set of each kind for each rule."""
    filled = [part for part in parts if part]
    if not filled:
        return frozenset()
    return filled[0] if len(filled) == 1 else filled[0].union(*filled[1:])


def symbols_of(said: Draft | Condition) -> tuple[str, ...]:
    """
    Return the symbols that *said* speaks of, each once, in order: all must be resolved.

    Of a draft, that includes the market whose hours its options mean.
    """
    if not isinstance(said, Draft):
        return tuple(dict.fromkeys(_symbols(said)))
    found = dict.fromkeys(_symbols(said.condition))
    if not found and said.options.hours is TradingTime.RTH:
        found[MARKET] = None
    return tuple(found)


def instrument_of(rule: Rule, symbol: str) -> Instrument:
    """Return the instrument that *symbol* means in *rule*. Raises NotEvaluable."""
    found = rule.instruments.get(symbol)
    if found is None:
        raise NotEvaluable(symbol)
    return found


def _symbols(condition: Condition) -> Iterator[str]:  # noqa: C901  one case for each kind
    match condition:
        case Comparison() | Crossing() | Channel():
            for operand in operands_of(condition):
                if not isinstance(operand, Number | AccountValue | Arithmetic) and operand.symbol != ANY:
                    yield operand.symbol
        case DayMove(symbol) | Velocity(symbol) | Trailing(symbol) | Stale(symbol):
            yield symbol
        case NewsMatch(symbol) | PositionMove(symbol) | OrderMatch(_, symbol):
            if symbol not in {_BROAD, _BULLETINS, ANY, ""} | _GROUPS:
                yield symbol
        case AtSession():
            yield MARKET
        case AtTime() | EveryTime() | ScanEntry():
            return
        case Both(parts) | Either(parts):
            for part in parts:
                yield from _symbols(part)
        case Inverse(part):
            yield from _symbols(part)


def _needs(condition: Condition, rule: Rule) -> Needs:  # noqa: C901, PLR0911  one case for each kind
    match condition:
        case Comparison() | Crossing() | Channel():
            return _of_values(condition, rule)
        case DayMove(symbol):
            return Needs(ticks=frozenset({instrument_of(rule, symbol)}))
        case Trailing(symbol, _, _, _, atr):
            found = _fast(symbol, rule)
            return found if atr is None else found | _of_operand(atr, rule)
        case Velocity(symbol):
            return _fast(symbol, rule)
        case Stale(symbol):
            return _fast(symbol, rule) | Needs(clock=True)
        case PositionMove():
            return Needs(account=True)
        case NewsMatch():
            return _of_news(condition, rule)
        case ScanEntry(spec):
            return Needs(scans=frozenset({whole(spec)}))
        case OrderMatch():
            return Needs(orders=True)
        case AtTime() | EveryTime() | AtSession():
            return Needs(clock=True)
        case Both(parts) | Either(parts):
            return Needs.of_all(_needs(part, rule) for part in parts)
        case Inverse(part):
            return _needs(part, rule)


def _of_values(condition: Comparison | Crossing | Channel, rule: Rule) -> Needs:
    needs = Needs.of_all(_of_operand(operand, rule) for operand in operands_of(condition))
    # Two prices move each other's bound: minutes are too coarse to tell which was where when.
    return needs | Needs(fast=needs.ticks) if len(needs.ticks) > 1 else needs


def _of_operand(operand: Operand, rule: Rule) -> Needs:  # noqa: PLR0911  one case for each kind
    match operand:
        case Number() | Arithmetic():
            return Needs()
        case AccountValue() | PositionValue() | AverageCost():
            return Needs(account=True)
        case Indicator(symbol, _, _, bar, _, _, live):
            found = instrument_of(rule, symbol)
            return Needs(bars=frozenset({(found, bar)}), ticks=frozenset({found} if live else ()))
        case AverageVolume(symbol, days) | Extreme(symbol, _, days):
            found = instrument_of(rule, symbol)
            return Needs(bars=frozenset({(found, BarSize.DAY_1)}), daily=frozenset({(found, days)}))
        case OptionValue(symbol, name):
            return Needs(clock=True) if name == "dte" else _fast(symbol, rule, is_option=True)
        case Price(symbol, field):
            found = instrument_of(rule, symbol)
            is_fast = field is not PriceField.LAST and found.sec_type not in _QUOTED
            return Needs(ticks=frozenset({found}), fast=frozenset({found} if is_fast else ()))
        case Volume(symbol):
            # A minute's bar tells its own volume, not the session's.
            return _fast(symbol, rule)


def _fast(symbol: str, rule: Rule, *, is_option: bool = False) -> Needs:
    found = frozenset({instrument_of(rule, symbol)})
    return Needs(ticks=found, fast=found, options=found if is_option else frozenset())


def _of_news(match: NewsMatch, rule: Rule) -> Needs:
    if match.symbol == _BROAD:
        return Needs(news=frozenset({None}))
    if match.symbol == _BULLETINS:
        return Needs(bulletins=True)
    # Whose headlines a portfolio means follows from the account; the engine adds them (`Engine.needs_of`).
    about = frozenset[Instrument]() if match.symbol in _GROUPS else frozenset({instrument_of(rule, match.symbol)})
    priced = about if match.gate is not None else frozenset()
    return Needs(news=frozenset(about), ticks=priced, fast=priced, account=match.symbol == "portfolio")
