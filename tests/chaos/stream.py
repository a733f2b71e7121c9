"""
Kill -9 at random points of a stream of alerts: one run.

The real process between both simulators, its database full of alerts; prices cross their levels one after another, and
the process is killed at seeded moments: as a request of its reaches Telegram, as Telegram has done what it asked but
has not said so, right after a price has left TWS, and while it starts. In between some sends fail, are late, or arrive
without an acknowledgement, reads of updates fail, and one person blocks the bot and lets it in again. At the end every
crossing has to be told, and every message that tells one again marked.
"""

import asyncio
import contextlib
import functools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from simulator.world import World
from tests.chaos.body import program
from tests.chaos.crowd import Crossed, crossings, settle
from tests.chaos.telling import asked, tellings, untold
from tests.flow.conftest import Stage, exchange_at, opened_stage

_TOLD_WITHIN_S = 150.0
_CLUMP = 12
_FAR = 9000
_DONE_TWICE = "SELECT count(*) - count(DISTINCT text) FROM rules WHERE text LIKE 'AAPL %'"
_DEAF_SHARE, _BLOCK_SHARE = 0.05, 0.08
_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "drop_after"},
    {"kind": "drop"},
    {"kind": "502"},
    {"kind": "garbage"},
    {"kind": "slow", "seconds": 0.2},
    {"kind": "429", "retry_after": 1},
)
_DEAF: tuple[dict[str, Any], ...] = ({"kind": "502"}, {"kind": "drop"}, {"kind": "drop_after"}, {"kind": "garbage"})


@dataclass(frozen=True, slots=True)
class Told:
    """
    What came of a run: *lost* alerts were never told, *unmarked* ones told again without the mark.

    *blocked* and *deaf* count how often the bot was blocked, and how often reads of updates failed. *done_twice* counts
    alerts that were asked for once then and made twice: a kill right after one is made may do that, and nobody promises
    otherwise.
    """

    seed: int
    crossings: int
    kills: tuple[str, ...]
    told: int
    digested: int
    repeats: int
    lost: tuple[int, ...]
    unmarked: tuple[int, ...]
    fired_twice: tuple[int, ...]
    left_open: int
    seconds: float
    blocked: int = 0
    deaf: int = 0
    done_twice: int = 0
    failure: str = ""

    @property
    def is_good(self) -> bool:
        """Whether both promises were kept."""
        return not (self.lost or self.unmarked or self.fired_twice or self.left_open or self.failure)

    @classmethod
    def failed(cls, seed: int, why: str) -> "Told":
        """Return what came of a run that did not come to its end."""
        return cls(seed, 0, (), 0, 0, 0, (), (), (), 0, 0.0, failure=why)


class _Reaper:
    """
    Kills the bot at one moment: the n-th event of a kind that it is told of, counted from `aim` on.

    *requests* counts all sends and edits that reached Telegram.
    """

    def __init__(self) -> None:
        self.requests = 0
        self._kind = ""
        self._left = 0
        self._strike: Callable[[], None] = lambda: None

    def aim(self, kind: str, nth: int, strike: Callable[[], None]) -> None:
        """Kill with *strike* at the *nth* event of *kind*."""
        self._kind, self._left, self._strike = kind, nth, strike

    def on(self, kind: str) -> None:
        """Count an event; the right one is the last that the bot lives to see."""
        self.requests += kind == "request"
        if kind == self._kind and self._left > 0:
            self._left -= 1
            if self._left == 0:
                self._strike()


def overheard(world: World, reaper: _Reaper) -> None:
    """Let *reaper* know of every request that reaches Telegram, and of every one it has carried out."""
    calls = world.telegram.calls
    begin, end = calls.begin, calls.end

    def begun(method: str, params: dict[str, Any]) -> dict[str, Any]:
        reaper.on("any request")
        if method.startswith(("send", "edit")):
            reaper.on("request")
        return begin(method, params)

    def ended(entry: dict[str, Any]) -> None:
        end(entry)
        if str(entry["method"]).startswith(("send", "edit")):
            reaper.on("done")

    calls.begin, calls.end = begun, ended  # type: ignore[method-assign]


class Run:
    """One run: *count* crossings over *symbols* shares, *kills* times kill -9, all by *seed*."""

    def __init__(self, seed: int, folder: Path, *, count: int, symbols: int, kills: int, crossing: bool) -> None:
        self._seed = seed
        self._folder = folder
        self._count = count
        self._kills = kills
        self._crossing = crossing
        self._symbols = symbols
        self._chance = Random(seed)  # noqa: S311  the same run for the same seed
        self._reaper = _Reaper()
        self._done: list[str] = []
        self._told: dict[int, list[bool]] = {}
        self._is_blocked = False
        self._unrests: Counter[str] = Counter()

    async def finished(self) -> Told:
        """Do it, and return what came of it."""
        begun = perf_counter()
        exchange = exchange_at(self._folder, seed=self._seed, invented=self._symbols)
        expected = crossings(self._count, self._symbols, exchange.catalogue, self._chance)
        await settle(self._folder, expected, exchange, crossing=self._crossing)
        world = World(exchange=exchange, limits=False, sample_s=0.0)
        overheard(world, self._reaper)
        async with AsyncExitStack() as stack:
            stage = await stack.enter_async_context(opened_stage(world, self._folder))
            lives = list(self._portions(expected))
            for portion in lives[:-1]:
                await self._killed(stage, portion)
            await self._last(stage, lives[-1])
        return self._counted(expected, perf_counter() - begun)

    def _portions(self, expected: Sequence[Crossed]) -> Iterator[Sequence[Crossed]]:
        cuts = sorted(self._chance.sample(range(1, len(expected)), self._kills))
        yield from (expected[a:b] for a, b in zip([0, *cuts], [*cuts, len(expected)], strict=True))

    async def _killed(self, stage: Stage, portion: Sequence[Crossed]) -> None:
        """Let the bot live through *portion*, or a part of it, and kill it; the rest is pushed while it is dead."""
        bot = await stage.start(program=program(unpaced=True))
        kind, most = self._chance.choice(
            [("request", 12), ("request", 60), ("done", 12), ("done", 60), ("print", len(portion)), ("any request", 8)]
        )
        nth = self._chance.randint(1, most)
        self._reaper.aim(kind, nth, bot.strike)
        left = list(portion)
        life = asyncio.create_task(self._live(stage, left))
        death = asyncio.create_task(bot.death())
        await asyncio.wait({life, death}, return_when=asyncio.FIRST_COMPLETED)
        how = f"{kind} {nth}" if death.done() else "all asked for"
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
        bot.strike()
        await death
        self._done.append(how)
        self._push(stage, left)

    async def _last(self, stage: Stage, portion: Sequence[Crossed]) -> None:
        self._reaper.aim("", 0, lambda: None)
        bot = await stage.start(program=program(unpaced=True))
        await self._live(stage, list(portion))
        if self._is_blocked:
            await self._let_in(stage)
        await stage.desk.post("/sim/faults", kind="clear")
        with contextlib.suppress(AssertionError):
            # What did not come is counted, and by its number.
            await stage.desk.until(lambda: self._is_told(stage), "every crossing told", _TOLD_WITHIN_S)
        await stage.ada.ask("/help", "/orders")
        self._told = await tellings(stage)
        assert await bot.stop() == 0

    async def _live(self, stage: Stage, left: list[Crossed]) -> None:
        # What a person asks for is answered or not: only what nobody asked for has to survive a fault.
        await stage.desk.post("/sim/faults", kind="clear")
        await stage.linked()
        while left:
            if self._chance.random() < 0.2:
                fault = self._chance.choice(_FAULTS)
                await stage.desk.post("/sim/faults", method="sendMessage", count=self._chance.randint(1, 3), **fault)
            await self._unrest(stage)
            clump = [left.pop(0) for _ in range(min(len(left), self._chance.randint(1, _CLUMP)))]
            before = self._reaper.requests
            self._push(stage, clump)
            if self._chance.random() < 0.5:
                await stage.desk.until(functools.partial(self._is_heard_after, before), "a request to Telegram")

    async def _unrest(self, stage: Stage) -> None:
        """Let updates not come for a while, or a person block the bot, or let it in again."""
        chance = self._chance.random()
        if chance < _DEAF_SHARE:
            self._unrests["deaf"] += 1
            fault = self._chance.choice(_DEAF)
            await stage.desk.post("/sim/faults", method="getUpdates", count=self._chance.randint(1, 2), **fault)
            # What it handles now it cannot confirm at once; far off, so that it never fires.
            await stage.ada.say(f"/alert AAPL > {_FAR + self._unrests['deaf']}")
        elif chance < _DEAF_SHARE + _BLOCK_SHARE:
            if self._is_blocked:
                await self._let_in(stage)
            else:
                await stage.desk.post(f"/sim/chats/{stage.vera.user_id}/block", user_id=stage.vera.user_id)
                self._is_blocked = True
                self._unrests["blocked"] += 1

    async def _let_in(self, stage: Stage) -> None:
        self._is_blocked = False
        await stage.vera.say("/start")

    async def _is_heard_after(self, requests: int) -> bool:
        return self._reaper.requests > requests

    def _push(self, stage: Stage, crossed: Sequence[Crossed]) -> None:
        for one in crossed:
            stage.world.exchange.push(one.symbol, one.price)
            self._reaper.on("print")

    async def _is_told(self, stage: Stage) -> bool:
        fired = asked(self._folder, "SELECT count(DISTINCT rule_id) FROM firings")
        return bool(fired == self._count and untold(self._folder) == 0)

    def _counted(self, expected: Sequence[Crossed], seconds: float) -> Told:
        told = self._told
        twice = "SELECT group_concat(rule_id) FROM (SELECT rule_id FROM firings GROUP BY rule_id HAVING count(*) > 1)"
        digested = "SELECT count(*) FROM outbox WHERE kind = 'firing' AND state = 'folded'"
        return Told(
            seed=self._seed,
            crossings=len(expected),
            kills=tuple(self._done),
            told=len(told),
            digested=asked(self._folder, digested),
            repeats=sum(len(marks) - 1 for marks in told.values()),
            lost=tuple(one.number for one in expected if one.number not in told),
            unmarked=tuple(number for number, marks in told.items() if marks.count(False) > 1),
            fired_twice=tuple(int(number) for number in (asked(self._folder, twice) or "").split(",") if number),
            left_open=untold(self._folder),
            seconds=round(seconds, 1),
            blocked=self._unrests["blocked"],
            deaf=self._unrests["deaf"],
            done_twice=asked(self._folder, _DONE_TWICE),
        )
