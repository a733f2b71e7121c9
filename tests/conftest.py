"""What every test shares."""

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _spare_loop() -> Iterator[None]:
    """
    Own the main thread's event loop between tests.

    pytest-asyncio asks for "the current loop" around each test; before Python 3.14 that question makes one where
    there is none, and nobody closes it.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
