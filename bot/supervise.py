"""
Named tasks that are started again when they die, with backoff, without taking the bot with them.

One of the five places with a broad `except`: whatever kills a task is logged, told, and survived.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0

Work = Callable[[], Awaitable[None]]


class Supervisor:
    """
    Runs long tasks by name until it is left.

    *on_death* is called at every death with the task's name, its error, and the seconds until it starts again; *nap*
    waits those, *clock* tells seconds. Who lived longer than the longest pause starts with the shortest again.
    """

    def __init__(
        self,
        on_death: Callable[[str, BaseException, float], None] = lambda _name, _error, _pause_s: None,
        nap: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._on_death = on_death
        self._nap = nap
        self._clock = clock or asyncio.get_running_loop().time
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._deaths: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        """Be ready to start tasks."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every task and wait until it has ended."""
        await self.stop()

    def start(self, name: str, work: Work) -> None:
        """Run *work* under *name*; when it returns it is done, when it raises it is started again."""
        self._tasks[name] = asyncio.create_task(self._keep(name, work), name=name)

    @property
    def running(self) -> tuple[str, ...]:
        """The names of the tasks that have not finished."""
        return tuple(name for name, task in self._tasks.items() if not task.done())

    @property
    def deaths(self) -> dict[str, int]:
        """How often each task has died so far."""
        return dict(self._deaths)

    async def stop(self, *names: str) -> None:
        """Cancel the named tasks (all, without names), last started first, and wait for their end."""
        for name in reversed(names or tuple(self._tasks)):
            task = self._tasks.pop(name, None)
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _keep(self, name: str, work: Work) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            born = self._clock()
            try:
                await work()
            except Exception as error:  # noqa: BLE001  whatever it was, the others go on
                if self._clock() - born > _LONGEST_PAUSE_S:
                    pause = _FIRST_PAUSE_S
                _log.exception("task %s died, starts again in %.0f s", name, pause)
                self._deaths[name] = self._deaths.get(name, 0) + 1
                self._on_death(name, error, pause)
            else:
                return
            await self._nap(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
