"""
PRODUCT M, row 7: the longest stall of the loop while charts are drawn and prices stream in.

The real bot with 100,000 alerts on 90 shares (as many as it has lines), in a process that also watches its own loop
(`bench/stalled.py`). More than 2,000 prices a second arrive from the simulated TWS, nothing fires, and a person asks
for one alert's chart after the other. A stall is the time for which a call that was due had to wait: on a machine that
has other work that is also the time in which the process got no processor, so the row tells the stall's own work too.
"""

import asyncio
import json
import subprocess
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from alerts.catchup import LIVE
from bench.between import PATIENCE_S, WatchedTelegram, WatchedTws, tws, until_watched
from bench.child import running, settings, url_of, words
from bench.listing import exchange_with
from bench.population import PRICE, instruments
from bench.row import Row
from bench.start import filled
from bot.callback_data import Code, Place
from bot.views.keyboard import button
from market.clock import SystemClock
from simulator.telegram.people import press, write
from simulator.tws.exchange import Exchange
from simulator.tws.instrument import Instrument as Listed
from storage.database import Database
from storage.moments import SqlMoments

LIMIT_MS = 20.0
_ALERTS = 100_000
_SYMBOLS = 90
_CHARTS = 12
_PERSON = 111
_SWING = 20
_BEAT_S = 0.05
# Each trade moves bid, ask and last: three prices.
_TRADES_A_BEAT = 36
_SETTLED_S = 15.0
_STOPPED_S = 20.0


def measure(alerts: int = _ALERTS, charts: int = _CHARTS) -> list[Row]:
    """Return the row: milliseconds."""
    with TemporaryDirectory() as place:
        waits, note = asyncio.run(_measured(Path(place), alerts, charts))
    _, longest, busy = max(waits, key=lambda wait: wait[1], default=(0.0, 0.0, 0.0))
    own = max((wait[2] for wait in waits), default=0.0)
    note = f"{note}; at work for {busy * 1e3:.1f} ms of it, never for more than {own * 1e3:.1f} ms at a time"
    return [Row(f"longest stall, charts, {alerts:,} alerts", "value", longest * 1e3, LIMIT_MS, " ms", note=note)]


async def _measured(folder: Path, alerts: int, charts: int) -> tuple[list[tuple[float, float, float]], str]:
    await filled(folder, alerts, _SYMBOLS)
    await _live_until_now(folder)
    exchange, listed = exchange_with(instruments(_SYMBOLS), PRICE)
    telegram = WatchedTelegram()
    found = folder / "waits"
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(tws(exchange))
        await stack.enter_async_context(telegram.serving())
        program = ("-m", "bench.stalled", str(found))
        process = stack.enter_context(running(program, folder, settings(folder, telegram.url, server.port)))
        try:
            await until_watched(server, [one.key for one in listed])
            stream = asyncio.create_task(_streamed(exchange, listed))
            stack.callback(stream.cancel)
            await asyncio.sleep(_SETTLED_S)
            write(telegram.telegram, _PERSON, _PERSON, {"text": "/start"})
            await telegram.until(len(telegram.arrived) + 1)
            begun, ended, note = await _drawn(telegram, server, charts)
        except TimeoutError as error:
            raise RuntimeError(words(folder)) from error
        stream.cancel()
        process.terminate()
        # The loop goes on: the bot still talks to both simulators as it stops.
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, _STOPPED_S)
    waits = json.loads(found.read_text(encoding="utf-8"))
    return [(at, long, busy) for at, long, busy in waits if begun <= at - long and at <= ended], note


async def _live_until_now(folder: Path) -> None:
    """Note that all was live until now: what is measured is a day's work, not the days before the start."""
    clock = SystemClock()
    database = await Database.open(url_of(folder), clock=clock, boot_id="bench")
    await SqlMoments(database).put(LIVE, clock.now())
    await database.close()


async def _streamed(exchange: Exchange, listed: list[Listed]) -> None:
    """Move prices for ever, each by a few cents about where it began."""
    number = 0
    while True:
        for _ in range(_TRADES_A_BEAT):
            number += 1
            one = listed[number % len(listed)]
            step = (number * 7 // len(listed)) % (2 * _SWING) - _SWING
            exchange.push(one.key, one.price + step / 100, size=100.0 + number % 9 * 100)
        await asyncio.sleep(_BEAT_S)


async def _drawn(telegram: WatchedTelegram, server: WatchedTws, charts: int) -> tuple[float, float, str]:
    """Ask for one chart after the other; return when that began and ended, and what arrived meanwhile."""
    prices, begun = server.prices, perf_counter()
    for number in range(1, charts + 1):
        known = _pictures(telegram)
        data = button("", Code.ALERT_CHART, Place.ANEW, number).data
        press(telegram.telegram, _PERSON, _PERSON, {"message_id": 1, "data": data, "force": True})
        async with asyncio.timeout(PATIENCE_S):
            while _pictures(telegram) == known:  # noqa: ASYNC110  the simulator tells of edits by no event
                await asyncio.sleep(_BEAT_S)
    ended = perf_counter()
    rate = (server.prices - prices) / (ended - begun)
    return begun, ended, f"{charts} charts in {ended - begun:.1f} s, {rate:,.0f} prices/s"


def _pictures(telegram: WatchedTelegram) -> int:
    return len(telegram.telegram.calls.select("editMessageMedia", 0))
