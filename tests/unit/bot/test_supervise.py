"""A task that dies is started again and takes nobody with it."""

import asyncio

from bot.supervise import Supervisor


class Naps:
    """Remembers how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await asyncio.sleep(0)


async def test_a_task_that_dies_is_started_again_with_growing_pauses() -> None:
    naps, told, lives = Naps(), [], 0
    alive = asyncio.Event()

    async def frail() -> None:
        nonlocal lives
        lives += 1
        if lives < 9:
            raise OSError(lives)
        alive.set()

    async with Supervisor(lambda name, error, pause_s: told.append((name, str(error), pause_s)), naps) as supervisor:
        supervisor.start("frail", frail)
        await alive.wait()
    assert naps.taken == [1, 2, 4, 8, 16, 32, 60, 60]
    assert told[:2] == [("frail", "1", 1), ("frail", "2", 2)]
    assert supervisor.deaths == {"frail": 8}


async def test_the_others_go_on_when_one_dies() -> None:
    beats = asyncio.Queue[int]()

    async def steady() -> None:
        for beat in range(3):
            await beats.put(beat)
            await asyncio.sleep(0)

    async def doomed() -> None:
        raise RuntimeError

    async with Supervisor(nap=Naps()) as supervisor:
        supervisor.start("doomed", doomed)
        supervisor.start("steady", steady)
        assert [await beats.get() for _ in range(3)] == [0, 1, 2]


async def test_leaving_ends_every_task() -> None:
    ended = []

    async def endless(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    async with Supervisor() as supervisor:
        supervisor.start("first", lambda: endless("first"))
        supervisor.start("second", lambda: endless("second"))
        await asyncio.sleep(0)
        assert supervisor.running == ("first", "second")
    assert ended == ["second", "first"]


async def test_who_lived_long_starts_again_soon() -> None:
    naps, now, lives = Naps(), 0.0, 0
    alive = asyncio.Event()

    async def sturdy() -> None:
        nonlocal lives, now
        lives += 1
        now += 1.0 if lives < 4 else 100.0
        if lives > 4:
            alive.set()
            await asyncio.Event().wait()
        raise OSError

    async with Supervisor(nap=naps, clock=lambda: now) as supervisor:
        supervisor.start("sturdy", sturdy)
        await alive.wait()
    assert naps.taken == [1, 2, 4, 1]
