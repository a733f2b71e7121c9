"""
PRODUCT M, row 3: bytes -> library -> engine against bytes -> library -> an empty `pendingTickersEvent` handler.

100,000 alerts on 100 symbols; nothing fires. Both sides read what the simulated TWS sent to each of them.
"""

import asyncio
from collections.abc import Sequence

from alerts.engine import Engine
from bench.capture import Client, captured
from bench.population import PRICE, instruments, rules
from bench.row import Row, frozen, in_turns
from market.instrument import Instrument
from market.quote import Tick

LIMIT = 0.75
_ALERTS = 100_000
_SYMBOLS = 100
_MOVES = 60
_ROUNDS = 15


class _Sink:
    """What stands between the feed and the engine in the bot: it looks at what fired."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.ticks = 0
        self.firings = 0

    def __call__(self, ticks: Sequence[Tick]) -> None:
        firings = self._engine.on_ticks(ticks)
        self.ticks += len(ticks)
        if firings or self._engine.has_changes:
            self.firings += len(firings)


def measure(alerts: int = _ALERTS) -> list[Row]:
    """Return the row: how many ticks a second, as a share of the bare library's."""
    over = instruments(_SYMBOLS)
    engine = Engine()
    engine.load(rules(alerts, over))
    return asyncio.run(_measured(engine, over, alerts))


async def _measured(engine: Engine, over: list[Instrument], alerts: int) -> list[Row]:
    sink = _Sink(engine)
    async with captured(over, PRICE, _MOVES, sink) as (ours, theirs):
        _same(ours, theirs)
        with frozen():
            sink.ticks = 0
            slow, fast, ratio = in_turns(theirs.play, ours.play, _ROUNDS)
            ticks = sink.ticks / (_ROUNDS + 1)
        if sink.firings:
            raise AssertionError(f"{sink.firings} quiet ticks fired")
    note = f"{ours.frames / fast:,.0f} frames/s ({ticks / fast:,.0f} ticks/s) against {theirs.frames / slow:,.0f}"
    return [
        Row(
            f"bytes → engine, {alerts:,} alerts",
            "ratio",
            ratio,
            LIMIT,
            is_floor=True,
            note=note,
        )
    ]


def _same(ours: Client, theirs: Client) -> None:
    """Raise AssertionError where the two were not sent the same number of frames."""
    if ours.frames != theirs.frames or not ours.frames:
        raise AssertionError(f"{ours.frames} frames against {theirs.frames}")
