"""
Issue of news: 500 headlines in 10 s on 50 watched shares, for 5 people, and how long the loop waits meanwhile.

Each story is published by two providers, the second a little otherwise. The real bot, in a process that also watches
its own loop (`bench/stalled.py`), watches every share for every person. Afterwards each person must have been told each
story once, by a message of its own or in a digest: the rows of the outbox say so.
"""

import asyncio
import json
import sqlite3
import subprocess
from collections import Counter
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import insert

from alerts.catchup import LIVE
from alerts.condition import Draft, NewsMatch
from alerts.rule import Rule
from alerts.wording import format_draft
from bench.between import PATIENCE_S, WatchedTelegram, WatchedTws, tws
from bench.child import running, settings, url_of, words
from bench.listing import exchange_with
from bench.population import BEGAN, PRICE, instruments
from bench.row import Row
from market.clock import SystemClock
from market.instrument import Instrument
from simulator.tws.exchange import Exchange
from storage.database import Database
from storage.moments import SqlMoments
from storage.rules import rule_columns
from storage.tables import rules as rules_table

LIMIT_MS = 20.0
_PEOPLE = range(1001, 1006)
_SHARES = 50
_STORIES = 250
_SECONDS = 10.0
_LOOK_S = 0.1
_TOLD_S = 120.0
_SETTLED_S = 5.0
_STOPPED_S = 20.0
_MARK = "opens plant"
_OPEN = ("new", "sending", "unknown")


def measure() -> list[Row]:
    """Return three rows: the longest stall in milliseconds, stories not told, stories told twice."""
    with TemporaryDirectory() as place:
        waits, told, note = asyncio.run(_measured(Path(place)))
    _, longest, busy = max(waits, key=lambda wait: wait[1], default=(0.0, 0.0, 0.0))
    own = max((wait[2] for wait in waits), default=0.0)
    note = f"{note}; at work for {busy * 1e3:.1f} ms of it, never for more than {own * 1e3:.1f} ms at a time"
    missing = len(_PEOPLE) * _STORIES - len(told)
    twice = sum(count - 1 for count in told.values())
    return [
        Row("longest stall, 500 headlines in 10 s", "value", longest * 1e3, LIMIT_MS, " ms", note=note),
        Row("stories of these not told to somebody", "value", missing, 0, " "),
        Row("stories of these told to somebody twice", "value", twice, 0, " "),
    ]


async def _measured(folder: Path) -> tuple[list[tuple[float, float, float]], Counter[tuple[int, str]], str]:
    over = instruments(_SHARES)
    await _filled(folder, over)
    exchange, _ = exchange_with(over, PRICE)
    telegram = WatchedTelegram()
    telegram.open(_PEOPLE)
    found = folder / "waits"
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(tws(exchange))
        await stack.enter_async_context(telegram.serving())
        users = ",".join(f"{person}:admin" for person in _PEOPLE)
        program = ("-m", "bench.stalled", str(found))
        process = stack.enter_context(running(program, folder, settings(folder, telegram.url, server.port, users)))
        try:
            await _until_listening(server)
            await asyncio.sleep(_SETTLED_S)
            begun = perf_counter()
            await _published(exchange, over)
            ended = perf_counter()
            told = await _told(folder)
        except TimeoutError as error:
            raise RuntimeError(words(folder)) from error
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, _STOPPED_S)
    waits = json.loads(found.read_text(encoding="utf-8"))
    note = f"{2 * _STORIES} headlines in {ended - begun:.1f} s, {len(telegram.arrived)} messages"
    return [(at, long, busy) for at, long, busy in waits if begun <= at - long and at <= ended + 1], told, note


async def _filled(folder: Path, over: list[Instrument]) -> None:
    """Make the database of a bot that watches the news of every share for every person."""
    database = await Database.open(url_of(folder), clock=SystemClock(), boot_id="bench")
    rows = []
    for number, (person, one) in enumerate(((person, one) for person in _PEOPLE for one in over), 1):
        draft = Draft(NewsMatch(one.symbol))
        rule = Rule(number, person, person, format_draft(draft), draft, {one.symbol: one}, created=BEGAN, since=BEGAN)
        rows.append(rule_columns(rule))
    async with database.writing() as connection:
        await connection.execute(insert(rules_table), rows)
    # All was live until now: what is measured is a burst, not the days before the start.
    await SqlMoments(database).put(LIVE, SystemClock().now())
    await database.close()


async def _until_listening(server: WatchedTws) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while sum("mdoff,292" in fields for fields in server.requests) < _SHARES:  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(_LOOK_S)


async def _published(exchange: Exchange, over: list[Instrument]) -> None:
    """Publish every story twice, evenly over ten seconds; the second time by another provider."""
    begun = perf_counter()
    for number in range(2 * _STORIES):
        story, is_copy = divmod(number, 2)
        symbol = over[story % len(over)].symbol
        text = f"{symbol} {_MARK} {story} and hires {story + 1000} people in the north"
        if is_copy:
            exchange.publish(symbol, f"UPDATE 1-{text.upper()}", provider="DJNL")
        else:
            exchange.publish(symbol, text, provider="BRFG")
        await asyncio.sleep(max(0.0, begun + _SECONDS * number / (2 * _STORIES) - perf_counter()))


async def _told(folder: Path) -> Counter[tuple[int, str]]:
    """Wait until the outbox has nothing left to send; return how often each person was told of each story."""
    async with asyncio.timeout(_TOLD_S):
        while await asyncio.to_thread(_open_rows, folder):  # noqa: ASYNC110  another process does it
            await asyncio.sleep(_LOOK_S)
    return await asyncio.to_thread(_stories, folder)


def _open_rows(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "squawkbot.db")) as connection:
        marks = ",".join("?" * len(_OPEN))
        (count,) = connection.execute(f"select count(*) from outbox where state in ({marks})", _OPEN).fetchone()  # noqa: S608  marks only
    return int(count)


def _stories(folder: Path) -> Counter[tuple[int, str]]:
    """Return what was told: rows that were sent, or that another row which was sent tells."""
    with closing(sqlite3.connect(folder / "squawkbot.db")) as connection:
        rows = connection.execute(
            "select o.chat_id, o.payload from outbox o left join outbox t on t.id = o.told_by"
            " where o.kind = 'firing' and (o.state = 'sent' or (o.state = 'folded' and t.state = 'sent'))"
        ).fetchall()
    found = Counter[tuple[int, str]]()
    for chat_id, payload in rows:
        text = json.loads(payload)["cause"]["headline"]["text"]
        # What the exchange published before the start comes too, and is none of these.
        if _MARK in text.casefold():
            found[(int(chat_id), text.casefold().removeprefix("update 1-"))] += 1
    return found
