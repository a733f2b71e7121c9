"""
The engine against a plain loop over the same alerts, which is what polling bots do.

A pass of such a bot looks at every alert with the newest price of its symbol: one price for each symbol. The engine
gets the same prices, one tick each. Nothing that such a bot also does (asking for each price over HTTP) is counted.
"""

from alerts.condition import Comparison, Crossing, Op
from alerts.engine import Engine
from alerts.operand import Number
from bench.population import BEGAN, PRICE, instruments, rules
from bench.row import Row, frozen, in_turns
from market.quote import Tick, TickField

_ALERTS = 100_000
_SYMBOLS = 100
_PASSES = 10
_ROUNDS = 7


def measure(alerts: int = _ALERTS) -> list[Row]:
    """Return how many times faster the engine is; there is no limit to keep."""
    over = instruments(_SYMBOLS)
    made = list(rules(alerts, over))
    engine = Engine()
    engine.load(made)
    listed = [(rule.draft.condition, next(iter(rule.instruments.values())).symbol) for rule in made]
    plain = [(symbol, *_level(condition)) for condition, symbol in listed]
    passes = [
        [PRICE + (number % 40 - 20) / 100 + offset / 1000 for offset in range(_SYMBOLS)] for number in range(_PASSES)
    ]
    ticks = [
        [Tick(one, TickField.LAST, price, 100.0, BEGAN) for one, price in zip(over, prices, strict=True)]
        for prices in passes
    ]
    quotes = [dict(zip((one.symbol for one in over), prices, strict=True)) for prices in passes]

    def poll() -> None:
        for prices in quotes:
            for symbol, is_above, level in plain:
                price = prices[symbol]
                if price > level if is_above else price < level:
                    raise AssertionError("a quiet price fired")

    def tick() -> None:
        for read in ticks:
            if engine.on_ticks(read):
                raise AssertionError("a quiet tick fired")

    tick()
    with frozen():
        slow, fast, ratio = in_turns(poll, tick, _ROUNDS)
    each = _PASSES * _SYMBOLS
    note = f"{slow / each * 1e6:.1f} µs against {fast / each * 1e6:.2f} µs a tick"
    return [Row(f"a plain loop over {alerts:,} alerts against the engine", "ratio", ratio, note=note)]


def _level(condition: object) -> tuple[bool, float]:
    match condition:
        case Comparison(_, op, Number(level)):
            return op is Op.GT, level
        case Crossing(_, direction, Number(level)):
            return direction.value == "above", level
    raise TypeError(condition)
