"""PRODUCT M, row 2: one tick that crosses no level costs the same with 1,000,000 level alerts as with one."""

import gc

from alerts.engine import Engine
from alerts.rule import Rule
from bench.population import instruments, quiet_ticks, rules
from bench.row import Row, frozen, in_turns
from market.quote import Tick

LIMIT = 1.2
_MANY = 1_000_000
_TICKS = 20_000
_ROUNDS = 31


def measure(many: int = _MANY) -> list[Row]:
    """Return the row; ticks come singly, each a network read of its own."""
    (instrument,) = instruments(1)
    reads = [[tick] for tick in quiet_ticks(_TICKS, instrument)]
    crowded, lonely = _engine(list(rules(many, [instrument])), reads), _engine(list(rules(1, [instrument])), reads)
    with frozen():
        slow, fast, ratio = in_turns(lambda: _feed(crowded, reads), lambda: _feed(lonely, reads), _ROUNDS)
    note = f"{slow / _TICKS * 1e9:.0f} ns against {fast / _TICKS * 1e9:.0f} ns a tick"
    return [Row(f"one quiet tick, {many:,} levels against 1", "ratio", ratio, LIMIT, note=note)]


def _engine(alerts: list[Rule], reads: list[list[Tick]]) -> Engine:
    engine = Engine()
    # Nothing made here is garbage; looking for some, again and again, would take longer than the loading.
    gc.disable()
    try:
        engine.load(alerts)
    finally:
        gc.enable()
    _feed(engine, reads)
    return engine


def _feed(engine: Engine, reads: list[list[Tick]]) -> None:
    on_ticks = engine.on_ticks
    for read in reads:
        if on_ticks(read):
            raise AssertionError("a quiet tick fired")
