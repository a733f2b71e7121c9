"""Kill -9 at a few steps of the confirm path each time; `python -m tests.chaos.confirm` walks through all of them."""

from pathlib import Path

import pytest

from tests.chaos import cut, of_list, of_rebalance
from tests.chaos.confirm import BRACKET, die_at


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


@pytest.mark.parametrize(
    ("step", "outcomes"),
    [
        # The entry is at TWS, which holds it and says nothing of it.
        ("TWS 3 left 1", {"unknown"}),
        # The last child as well, and with it the family is at the market; or all was lost with the socket.
        ("TWS 3 left 3", {"one", "unknown"}),
    ],
)
async def test_a_kill_between_the_orders_of_a_bracket_leaves_all_of_it_or_none_and_nothing_held_back(
    step: str, outcomes: set[str], tmp_path: Path
) -> None:
    assert await die_at(step, tmp_path, BRACKET) in outcomes


async def test_a_kill_between_the_orders_of_a_list_sends_none_of_them_later_and_tells_of_each(tmp_path: Path) -> None:
    # It may have reached TWS, be lost with the socket, or not have been begun: `die_at` holds each to what is told.
    assert "sent, " in await of_list.die_at("TWS 3 left 2", tmp_path)


@pytest.mark.parametrize(
    ("step", "purchases"),
    [
        # The second card is noted, and no chat has it: another one comes.
        ("sequel offered known 1", {"filled"}),
        # It is confirmed, and not known to have left: never sent by itself, and on no third card.
        ("claim done 2", {"unknown"}),
    ],
)
async def test_a_kill_about_the_second_card_of_a_rebalance_leaves_one_purchase_or_none_and_a_person_who_knows(
    step: str, purchases: set[str], tmp_path: Path
) -> None:
    sale, _, purchase = (await of_rebalance.die_at(step, tmp_path)).partition(", ")
    assert (sale, purchase.partition(" on ")[0]) in {("filled", one) for one in purchases}


@pytest.mark.parametrize(
    ("step", "outcomes"),
    [
        # Nothing has left yet.
        ("claim done 1", {"none"}),
        # The entry is at TWS, which holds it, and the children go nowhere.
        ("TWS 3 leaves 2", {"unknown"}),
    ],
)
async def test_a_link_cut_in_the_middle_of_a_bracket_leaves_all_of_it_or_none_and_nothing_held_back(
    step: str, outcomes: set[str], tmp_path: Path
) -> None:
    assert await cut.cut_at(step, tmp_path, BRACKET) in outcomes


async def test_a_link_cut_between_the_orders_of_a_list_sends_none_of_them_later_and_tells_of_each(
    tmp_path: Path,
) -> None:
    assert "sent, " in await cut.cut_at("TWS 3 leaves 2", tmp_path, cut.LIST)
