"""What must be listened to, so that a rule can be evaluated."""

from dataclasses import dataclass

from alerts.condition import Both, Comparison, Condition, Crossing, Either, NewsMatch, ScanEntry
from alerts.errors import NotEvaluable
from alerts.operand import Indicator, Number, Operand, Price
from alerts.rule import Rule
from market.instrument import Instrument
from market.quote import BarSize
from market.scan import ScanSpec


@dataclass(frozen=True, slots=True)
class Needs:
    """Market data lines, bars, headlines (None: broad tape) and scans."""

    ticks: frozenset[Instrument] = frozenset()
    bars: frozenset[tuple[Instrument, BarSize]] = frozenset()
    news: frozenset[Instrument | None] = frozenset()
    scans: frozenset[ScanSpec] = frozenset()

    def __or__(self, other: "Needs") -> "Needs":
        return Needs(self.ticks | other.ticks, self.bars | other.bars, self.news | other.news, self.scans | other.scans)


def needs_of(rule: Rule) -> Needs:
    """Return what *rule* needs. Raises NotEvaluable where a symbol of its condition has no instrument."""
    return _needs(rule.draft.condition, rule)


def symbols_of(condition: Condition) -> tuple[str, ...]:
    """Return the symbols *condition* speaks of, each once, in order."""
    match condition:
        case Comparison(left, _, right) | Crossing(left, _, right):
            found = [operand.symbol for operand in (left, right) if not isinstance(operand, Number)]
        case NewsMatch(symbol, _):
            found = [] if symbol == "*" else [symbol]
        case ScanEntry():
            found = []
        case Both(parts) | Either(parts):
            found = [symbol for part in parts for symbol in symbols_of(part)]
    return tuple(dict.fromkeys(found))


def instrument_of(rule: Rule, symbol: str) -> Instrument:
    """Return the instrument that *symbol* means in *rule*. Raises NotEvaluable."""
    found = rule.instruments.get(symbol)
    if found is None:
        raise NotEvaluable(symbol)
    return found


def _needs(condition: Condition, rule: Rule) -> Needs:
    match condition:
        case Comparison(left, _, right) | Crossing(left, _, right):
            return _of_operand(left, rule) | _of_operand(right, rule)
        case NewsMatch(symbol, _):
            return Needs(news=frozenset({None if symbol == "*" else instrument_of(rule, symbol)}))
        case ScanEntry(spec):
            return Needs(scans=frozenset({spec}))
        case Both(parts) | Either(parts):
            needs = Needs()
            for part in parts:
                needs |= _needs(part, rule)
            return needs


def _of_operand(operand: Operand, rule: Rule) -> Needs:
    match operand:
        case Number():
            return Needs()
        case Price(symbol, _):
            return Needs(ticks=frozenset({instrument_of(rule, symbol)}))
        case Indicator(symbol, _, _, bar):
            return Needs(bars=frozenset({(instrument_of(rule, symbol), bar)}))
