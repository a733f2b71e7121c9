"""Waiting for something to become true, with a deadline instead of a fixed pause."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

_T = TypeVar("_T")

_STEP_S = 0.005


async def eventually(condition: Callable[[], _T], within_s: float = 30.0) -> _T:
    """Return *condition*'s first true result; fails with its name when none came *within_s* seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not (result := condition()):
        if loop.time() > deadline:
            raise AssertionError(f"not within {within_s} s: {condition}")
        # Yields to the loop and asks again; nothing depends on how long that takes.
        with suppress(TimeoutError):
            async with asyncio.timeout(_STEP_S):
                await asyncio.Event().wait()
    return result
