"""
PRODUCT M, row 4: `/alerts` and `/help` against an echo bot on the same library.

From the moment at which a person's message is there for the bot to fetch, until its answer arrives at the Bot API. The
real bot and the echo bot (`bench/echo.py`) have a local Telegram each, and are asked in turns. The person has twenty
alerts, on twenty shares whose prices stand still.
"""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import insert

from bench.between import PATIENCE_S, WatchedTelegram, tws
from bench.child import BOT, TOKEN, running, settings, url_of, words
from bench.listing import exchange_with
from bench.population import PRICE, instruments, rules
from bench.row import Row
from market.clock import SystemClock
from simulator.telegram.people import write
from storage.database import Database
from storage.rules import rule_columns
from storage.tables import rules as rules_table

LIMIT = 1.3
_PERSON = 111
_ALERTS = 20
_ROUNDS = 150
_WARM = 10
_REST_S = 0.025
_LOOK_S = 0.05
_ASKED = ("/alerts", "/help")


def measure(rounds: int = _ROUNDS) -> list[Row]:
    """Return a row for each command."""
    with TemporaryDirectory() as place:
        echoed, ours = asyncio.run(_measured(Path(place), rounds))
    least = median(echoed)
    return [
        Row(
            f"{command}, round trip against an echo bot",
            "ratio",
            median(ours[command]) / least,
            LIMIT,
            note=f"{median(ours[command]) * 1e3:.2f} ms against {least * 1e3:.2f} ms",
        )
        for command in _ASKED
    ]


async def _measured(folder: Path, rounds: int) -> tuple[list[float], dict[str, list[float]]]:
    await _filled(folder)
    theirs, mine = WatchedTelegram(), WatchedTelegram()
    async with AsyncExitStack() as stack:
        exchange, _ = exchange_with(instruments(_ALERTS), PRICE)
        server = await stack.enter_async_context(tws(exchange))
        for telegram in (theirs, mine):
            await stack.enter_async_context(telegram.serving())
        stack.enter_context(running(BOT, folder, settings(folder, mine.url, server.port)))
        stack.enter_context(running(("-m", "bench.echo", theirs.url, TOKEN), folder))
        try:
            return await _asked(theirs, mine, rounds)
        except TimeoutError as error:
            raise RuntimeError(words(folder)) from error


async def _asked(
    theirs: WatchedTelegram, mine: WatchedTelegram, rounds: int
) -> tuple[list[float], dict[str, list[float]]]:
    echoed: list[float] = []
    ours: dict[str, list[float]] = {command: [] for command in _ASKED}
    for telegram in (theirs, mine):
        await _up(telegram)
    for number in range(-_WARM, rounds):
        for command in _ASKED:
            turns = [(theirs, echoed), (mine, ours[command])]
            for telegram, seconds in turns if number % 2 else reversed(turns):
                took = await _round_trip(telegram, command)
                if number >= 0:
                    seconds.append(took)
    return echoed, ours


async def _round_trip(telegram: WatchedTelegram, said: str) -> float:
    known = len(telegram.arrived)
    begun = perf_counter()
    write(telegram.telegram, _PERSON, _PERSON, {"text": said})
    arrived = await telegram.until(known + 1)
    await asyncio.sleep(_REST_S)
    return arrived - begun


async def _up(telegram: WatchedTelegram) -> None:
    """Wait until the bot answers, and has nothing more to say by itself."""
    write(telegram.telegram, _PERSON, _PERSON, {"text": "/start"})
    await telegram.until(1)
    async with asyncio.timeout(PATIENCE_S):
        known = 0
        while known != len(telegram.arrived):
            known = len(telegram.arrived)
            await asyncio.sleep(_LOOK_S * 20)


async def _filled(folder: Path) -> None:
    database = await Database.open(url_of(folder), clock=SystemClock(), boot_id="bench")
    async with database.writing() as connection:
        for rule in rules(_ALERTS, instruments(_ALERTS)):
            await connection.execute(insert(rules_table).values(rule_columns(rule)))
    await database.close()
