"""
PRODUCT M, row 1: from a trade on TWS' socket to the request at the Bot API.

The real bot (`python -m bot run`) and two scripts of about ten lines on the same libraries (`bench/script.py`) stand
between the same two simulators, each watching a share of its own. A trade past the next level is told to one after the
other, in turns; each has long been idle again by then. The bot's alerts are critical ones of several people, as only
these are never put together in a digest, and so that nobody gets more than Telegram takes for one chat.

The one script commits a row durably before it sends (`sqlite3`, synchronous=FULL), which is the least that loses no
alert; the other one stores nothing, and is told for comparison.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from sqlalchemy import insert

from alerts.condition import Comparison, Draft, Op, Options
from alerts.operand import Number, Price
from alerts.rule import Rule
from alerts.wording import format_draft
from bench.between import WatchedTelegram, WatchedTws, tws, until_watched
from bench.child import BOT, TOKEN, running, settings, url_of, words
from bench.row import Row
from market.clock import SystemClock
from market.instrument import Instrument
from simulator.tws.exchange import Exchange
from storage.database import Database
from storage.rules import rule_columns
from storage.tables import rules as rules_table

LIMIT = 1.3
LIMIT_P99 = 1.6
_ROUNDS = 300
_WARM = 20
_PEOPLE = range(1001, 1031)
_STEP = 0.01
_REST_S = 0.025
_OURS, _STORING, _BARE = "NVDA", "AMZN", "NFLX"


@dataclass(slots=True)
class _Side:
    """One of the three: its share's *symbol*, the price it is told of next, and the *seconds* it took."""

    symbol: str
    next: float
    seconds: list[float] = field(default_factory=list)

    @property
    def p99(self) -> float:
        """The time that 99 of 100 stay within."""
        return quantiles(self.seconds, n=100)[-1]


def measure(rounds: int = _ROUNDS) -> list[Row]:
    """Return three rows: the medians, the 99th percentiles, and the medians against the script that stores nothing."""
    with TemporaryDirectory() as place:
        ours, storing, bare = asyncio.run(_measured(Path(place), rounds))
    mid, least, nothing = (median(side.seconds) for side in (ours, storing, bare))
    against = f"{mid * 1e3:.2f} ms against"
    return [
        Row(
            "tick → phone, against a script that stores",
            "ratio",
            mid / least,
            LIMIT,
            note=f"{against} {least * 1e3:.2f} ms",
        ),
        Row(
            "tick → phone, 99 of 100",
            "ratio",
            ours.p99 / storing.p99,
            LIMIT_P99,
            note=f"{ours.p99 * 1e3:.2f} ms against {storing.p99 * 1e3:.2f} ms",
        ),
        Row(
            "tick → phone, against a script that stores nothing",
            "ratio",
            mid / nothing,
            note=f"{against} {nothing * 1e3:.2f} ms",
        ),
    ]


async def _measured(folder: Path, rounds: int) -> Sequence[_Side]:
    exchange = Exchange(walk=False)
    sides = [_Side(symbol, exchange.catalogue.named(symbol).price + 1) for symbol in (_OURS, _STORING, _BARE)]
    await _filled(folder, exchange, sides[0], rounds + _WARM)
    telegram = WatchedTelegram()
    telegram.open(_PEOPLE)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(tws(exchange))
        await stack.enter_async_context(telegram.serving())
        users = ",".join(f"{person}:admin" for person in _PEOPLE)
        stack.enter_context(running(BOT, folder, settings(folder, telegram.url, server.port, users)))
        for chat, side, name in ((_PEOPLE[0], sides[1], "script.db"), (_PEOPLE[1], sides[2], "")):
            about = exchange.catalogue.named(side.symbol).con_id
            words_ = (
                server.port,
                telegram.url,
                TOKEN,
                chat,
                about,
                side.next,
                _STEP,
                str(folder / name) if name else "",
            )
            stack.enter_context(running(("-m", "bench.script", *map(str, words_)), folder))
        try:
            await _compared(exchange, server, telegram, sides, rounds)
        except TimeoutError as error:
            raise RuntimeError(words(folder)) from error
    return sides


async def _compared(
    exchange: Exchange, server: WatchedTws, telegram: WatchedTelegram, sides: Sequence[_Side], rounds: int
) -> None:
    await until_watched(server, [side.symbol for side in sides])
    await asyncio.sleep(1.0)
    order = list(sides)
    shuffle = random.Random(7).shuffle  # noqa: S311  nobody is to be surprised
    for number in range(-_WARM, rounds):
        shuffle(order)
        for side in order:
            known = len(telegram.arrived)
            exchange.push(side.symbol, side.next)
            side.next = round(side.next + _STEP, 2)
            arrived = await telegram.until(known + 1)
            if number >= 0:
                side.seconds.append(arrived - server.written)
            await asyncio.sleep(_REST_S)
            if len(telegram.arrived) != known + 1:
                raise AssertionError(f"{len(telegram.arrived) - known} messages of one trade")


async def _filled(folder: Path, exchange: Exchange, side: _Side, count: int) -> None:
    """Store *count* alerts on *side*'s share, each a step above the one before, in turns of all people."""
    database = await Database.open(url_of(folder), clock=SystemClock(), boot_id="bench")
    listed = exchange.catalogue.named(side.symbol)
    about = Instrument(listed.con_id, side.symbol, primary_exchange=listed.primary_exchange)
    now = SystemClock().now()
    rows = []
    for number in range(count):
        level = Number(round(side.next + number * _STEP, 2))
        draft = Draft(Comparison(Price(side.symbol), Op.GE, level), Options(critical=True))
        person = _PEOPLE[number % len(_PEOPLE)]
        rows.append(rule_columns(Rule(0, person, person, format_draft(draft), draft, {side.symbol: about}, now, now)))
    async with database.writing() as connection:
        await connection.execute(insert(rules_table), rows)
    await database.close()
