"""
Issue 6: a scanner parameters document of 1.7 MB loads in under 1 s, and no call of the loop is late by more than 20 ms.

The document comes from the simulated TWS, which is a process of its own here, over a socket and through the library;
loading ends when the catalogue is there. Meanwhile the loop is asked to call back each millisecond. That is done
several times: the row tells the longest load, and the longest wait of all of them; on a machine that has other work a
wait is also the time without a processor, so the row tells how much of it the loop's own thread was at work, and how
long the longest wait was in as much time with nothing to do. Then the same from the file that is kept.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, thread_time

from bench.child import free_port, running, words
from bench.row import Row, frozen
from broker.catalogue import IbCatalogue
from broker.catalogue_file import CatalogueFile
from broker.session import IbAddress, IbSession
from broker.status import LinkState
from market.clock import SystemClock

LOAD_S = 1.0
STALL_MS = 20.0
_TIMES = 5
_EVERY_S = 0.001
_PATIENCE_S = 30.0


class _Watch:
    """How long a call that was due had to wait at most, and for how much of that the loop's thread was at work."""

    def __init__(self) -> None:
        self.longest = self.busy = 0.0

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            due, worked = perf_counter() + _EVERY_S, thread_time()
            await asyncio.sleep(_EVERY_S)
            late = perf_counter() - due
            if late > self.longest:
                self.longest, self.busy = late, thread_time() - worked


@asynccontextmanager
async def _watched() -> AsyncIterator[_Watch]:
    watch = _Watch()
    watching = asyncio.create_task(watch.run())
    yield watch
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


def measure(times: int = _TIMES) -> list[Row]:
    """Return the rows: seconds of the longest load, milliseconds of the longest wait, seconds from the file."""
    with TemporaryDirectory() as place, _gateway(Path(place)) as port:
        return asyncio.run(_measured(Path(place), port, times))


@contextmanager
def _gateway(folder: Path) -> Iterator[int]:
    port = free_port()
    with running(("-m", "bench.gateway", str(port)), folder):
        yield port


async def _measured(folder: Path, port: int, times: int) -> list[Row]:
    session = IbSession(IbAddress(port=port), SystemClock(), backoff_s=(0.05, 0.2))
    task = asyncio.create_task(session.run())
    loads = []
    try:
        await _up(session, folder)
        with frozen():
            async with _watched() as watch:
                for number in range(times):
                    file = CatalogueFile(folder / f"{number}.json")
                    begun = perf_counter()
                    known = await IbCatalogue(session, SystemClock(), file).get()
                    loads.append(perf_counter() - begun)
            async with _watched() as idle:
                await asyncio.sleep(sum(loads))
        begun = perf_counter()
        again = IbCatalogue(session, SystemClock(), file).known
        from_file = perf_counter() - begun
    finally:
        await session.stop()
        await task
    if again != known:
        raise AssertionError("the file says something else")
    note = f"{len(known.types)} scans, {len(known.locations)} locations, {len(known.filters)} filters"
    return [
        Row("scanner parameters, 1.7 MB: loaded", "value", max(loads), LOAD_S, " s", note=note),
        Row(
            "scanner parameters, 1.7 MB: longest stall", "value", watch.longest * 1e3, STALL_MS, " ms",
            note=f"at work for {watch.busy * 1e3:.1f} ms of it; with nothing to do {idle.longest * 1e3:.1f} ms",
        ),
        Row("scanner parameters, from the file", "value", from_file, unit=" s"),
    ]  # fmt: skip


async def _up(session: IbSession, folder: Path) -> None:
    is_up = asyncio.Event()
    session.on_status(lambda status: is_up.set() if status.state is LinkState.UP else None)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await is_up.wait()
    except TimeoutError:
        sys.stderr.write(words(folder))
        raise
