"""Kill -9 at random points of a stream of alerts: the share that runs each time; all of it is `make chaos`."""

from pathlib import Path

import pytest

from tests.chaos.stream import Run


@pytest.mark.parametrize("seed", range(1, 6))
async def test_every_crossing_is_told_and_every_repeat_marked_however_often_the_bot_is_killed(
    seed: int, tmp_path: Path
) -> None:
    came = await Run(seed, tmp_path, count=40, symbols=4, kills=1, crossing=True).finished()
    assert came.is_good, came
