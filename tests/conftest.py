"""What every test shares."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# The same examples in every run: a test that fails must fail for whoever made it fail. HYPOTHESIS_PROFILE=default in
# the environment looks for new ones.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


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
