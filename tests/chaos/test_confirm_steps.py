"""Kill -9 at a few steps of the confirm path each time; `python -m tests.chaos.confirm` walks through all of them."""

from pathlib import Path

import pytest

from tests.chaos.confirm import die_at


@pytest.mark.parametrize(
    ("step", "outcomes"),
    [
        # Telegram repeats the press, maybe before the link is up; or it was written down, and its person presses again.
        ("press taken 1", {"one", "none"}),
        # Meant, but not known to have left: never sent by itself.
        ("claim done 1", {"unknown"}),
        # At TWS, and nothing of that stored.
        ("TWS tells 5 1", {"one"}),
    ],
)
async def test_a_kill_in_the_middle_of_confirm_leaves_one_order_or_none_and_a_person_who_knows(
    step: str, outcomes: set[str], tmp_path: Path
) -> None:
    assert await die_at(step, tmp_path) in outcomes
