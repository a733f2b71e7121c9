"""What happened while nobody watched is found and told: each once, with its minute."""

import json
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator.tws.exchange import Exchange
from tests.flow.alerting import FIRED_WITHIN_S, fired, firings, made, passed
from tests.flow.chat import said
from tests.flow.conftest import Stage, opened_stage, trading_day
from tests.flow.test_trouble_ibkr import became, noticed, speaking_of, told

MINUTE = timedelta(minutes=1)
STEP = timedelta(seconds=20)
# Friday, 10:31 in New York.
NOON = datetime(2026, 11, 20, 15, 31, tzinfo=UTC)
SYMBOLS = ("AAPL", "MSFT", "TSLA", "NVDA", "AMZN")
MINUTES = 30
ROUNDS = 10


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened_stage(trading_day(tmp_path, NOON), tmp_path) as stage:
        yield stage


def price_of(exchange: Exchange, symbol: str) -> float:
    return exchange.book(exchange.catalogue.named(symbol)).last


async def watching(stage: Stage) -> dict[int, tuple[str, float]]:
    """Have one alert on each symbol, a little over its price, and wait until it stands below; return them."""
    levels = {}
    for symbol in SYMBOLS:
        level = round(price_of(stage.world.exchange, symbol) * 1.01, 2)
        _, number = await made(stage, f"{symbol} crosses above {level} every cooldown 1s")
        levels[number] = symbol, level
        await stage.desk.push(symbol, round(level * 0.99, 2))
    await passed(stage)
    return levels


async def crossed(stage: Stage, levels: dict[int, tuple[str, float]]) -> set[tuple[int, datetime]]:
    """Let half an hour pass with ten crossings of each level in it; return alert and minute of each."""
    expected = set()
    exchange = stage.world.exchange
    for minute in range(MINUTES):
        await stage.later(MINUTE)
        for number, (symbol, level) in levels.items():
            at = stage.dial.now()
            # Up in every third minute, each symbol in another one.
            is_up = minute % 3 == number % 3
            exchange.push(symbol, round(level * (1.01 if is_up else 0.99), 2))
            if is_up:
                expected.add((number, at.replace(second=0, microsecond=0)))
    await stage.later(MINUTE)
    return expected


def stored(stage: Stage) -> list[dict[str, Any]]:
    """Return all firings that stand in the database, in order."""
    with closing(sqlite3.connect(f"file:{stage.folder / 'squawkbot.db'}?mode=ro", uri=True)) as connection:
        return [json.loads(data) for (data,) in connection.execute("SELECT data FROM firings ORDER BY id")]


def untold(stage: Stage, kind: str = "firing") -> int:
    """Return how many firings nobody was told of: neither by a message of their own nor in a digest."""
    with closing(sqlite3.connect(f"file:{stage.folder / 'squawkbot.db'}?mode=ro", uri=True)) as connection:
        query = "SELECT count(*) FROM outbox WHERE kind = ? AND state NOT IN ('sent', 'folded')"
        (count,) = connection.execute(query, [kind]).fetchone()
        return int(count)


def found(stage: Stage, levels: dict[int, tuple[str, float]]) -> list[tuple[int, datetime]]:
    """Return alert and minute of each firing that was found afterwards."""
    return [
        (one["rule"]["id"], datetime.fromisoformat(one["away"]["begin"]))
        for one in stored(stage)
        if one["rule"]["id"] in levels and "away" in one
    ]


async def all_told(stage: Stage, levels: dict[int, tuple[str, float]], expected: set[tuple[int, datetime]]) -> None:
    """Wait until all that is *expected* is told, and look that it was once, and nothing else."""

    async def look() -> bool:
        return len(found(stage, levels)) >= len(expected) and not untold(stage)

    try:
        await stage.desk.until(look, "all of the gap", 2 * FIRED_WITHIN_S)
    except AssertionError:
        assert sorted(found(stage, levels)) == sorted(expected)
        raise
    await passed(stage)
    assert sorted(found(stage, levels)) == sorted(expected)
    assert not [one for one in stored(stage) if one["rule"]["id"] in levels and "away" not in one]


async def test_fifty_crossings_while_the_bot_was_dead_are_told_each_once_with_its_minute(stage: Stage) -> None:
    bot = await stage.up()
    levels = await watching(stage)
    await bot.kill()
    expected = await crossed(stage, levels)
    assert len(expected) == len(SYMBOLS) * ROUNDS
    await stage.up()
    await all_told(stage, levels, expected)
    first = await stage.ada.until("while I was away, 10:")
    assert re.search(r"while I was away, 10:3\d", said(first).splitlines()[0])


async def test_fifty_crossings_while_the_link_was_lost_are_told_each_once_with_its_minute(stage: Stage) -> None:
    await stage.up()
    levels = await watching(stage)
    stage.world.server.faults.refuse()
    stage.world.server.faults.drop()
    await stage.ada.ask("/status", "IBKR link is not up")
    expected = await crossed(stage, levels)
    stage.world.server.faults.heal()
    await stage.linked()
    await all_told(stage, levels, expected)


async def test_fifty_crossings_until_a_1101_are_told_each_once_with_its_minute(stage: Stage) -> None:
    await stage.up()
    levels = await watching(stage)
    stage.world.server.faults.lose_connection()
    await stage.desk.until(lambda: is_unlinked(stage), "a lost link")
    expected = await crossed(stage, levels)
    stage.world.server.faults.regain_connection(data_lost=True)
    await stage.linked()
    await all_told(stage, levels, expected)


async def is_unlinked(stage: Stage) -> bool:
    return "IBKR link is not up" in said(await stage.ada.ask("/status", "Version"))


async def turned(stage: Stage, times: int) -> None:
    """Turn the clock by twenty seconds so many times: the bot takes no such step for a sleep."""
    goal = stage.dial.now() + times * STEP

    async def look() -> bool:
        if stage.dial.now() < goal:
            await stage.wade(STEP)
            return False
        return True

    await stage.desk.until(look, f"{times} turns of the clock")


async def test_what_a_farm_did_not_send_is_told_once_it_is_back(stage: Stage) -> None:
    await stage.up()
    exchange = stage.world.exchange
    level = round(price_of(exchange, "AAPL") * 1.01, 2)
    # Trades near a level are found by their minute's bar all the same; bids are not.
    _, number = await made(stage, f"AAPL bid crosses above {level} every cooldown 1s")
    await stage.desk.push("AAPL", round(level * 0.99, 2))
    await passed(stage)
    fault = {"kind": "notice", "code": 2103, "message": "Market data farm connection is broken:usfarm"}
    await stage.desk.post("/sim/market/faults", **fault)
    stage.world.server.forget_streams()
    await noticed(stage, "an IBKR data farm is down", "usfarm")
    await turned(stage, 2)
    exchange.push("AAPL", round(level * 1.01, 2))
    crossed_at = stage.dial.now()
    await turned(stage, 1)
    exchange.push("AAPL", round(level * 0.99, 2))
    await turned(stage, 4)
    assert not await firings(stage, number)
    healed = {"kind": "notice", "code": 2104, "message": "Market data farm connection is OK:usfarm"}
    await stage.desk.post("/sim/market/faults", **healed)
    words = said(await fired(stage, number))
    assert "while I was away, 10:" in words.splitlines()[0], words
    await passed(stage)
    assert found(stage, {number: ("AAPL", level)}) == [(number, crossed_at.replace(second=0, microsecond=0))]
    assert len(await firings(stage, number)) == 1


async def test_a_loss_told_before_the_bot_died_is_ended_by_the_next_in_the_same_message(stage: Stage) -> None:
    bot = await stage.up()
    stage.world.server.faults.refuse()
    stage.world.server.faults.drop()
    lost = await told(stage, "IBKR link lost", "nothing listens")

    async def delivered() -> bool:
        return not untold(stage, "notice")

    await stage.desk.until(delivered, "a notice that is acknowledged")
    await bot.kill()
    await stage.start()
    await stage.ada.ask("/help", "/orders")
    await turned(stage, 2)
    stage.world.server.faults.heal()
    await became(stage, lost, "IBKR link is up again")
    await stage.linked()
    assert await speaking_of(stage, "IBKR link lost") == 0
