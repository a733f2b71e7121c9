"""Which orders may be at IBKR although nobody noted that they left."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from market.ticket import parse
from tests.fakes.desk import CHAT, TRADER, DeskBench
from tests.fakes.trading import AAPL, ACCOUNT
from trading.leaving import may_have_left
from trading.proposal import LegOrder, LegRole, LegState, Proposal, ProposalState

BRACKET = "buy 10 AAPL 199.5 tp 210 sl 180"
PAIR = "sell 10 AAPL 210 oco stop 180"


@pytest.fixture
def bench() -> DeskBench:
    return DeskBench()


def perhaps(proposal: Proposal) -> list[bool]:
    return [may_have_left(proposal, leg) for leg in proposal.legs]


def numbered(proposal: Proposal, numbers: Sequence[int]) -> Proposal:
    legs = tuple(replace(leg, order_id=number) for leg, number in zip(proposal.legs, numbers, strict=True))
    return replace(proposal, legs=legs)


@pytest.mark.parametrize("state", [one for one in ProposalState if one is not ProposalState.CONFIRMED])
async def test_what_was_not_claimed_has_not_left(bench: DeskBench, state: ProposalState) -> None:
    shown = (await bench.propose()).with_state(state)
    assert perhaps(shown) == [state is ProposalState.SUBMITTED]


async def test_a_single_order_may_have_left_until_it_is_noted(bench: DeskBench) -> None:
    claimed = (await bench.propose()).with_state(ProposalState.CONFIRMED)
    assert perhaps(claimed) == [True]
    assert perhaps(claimed.with_leg(replace(claimed.legs[0], state=LegState.SENT))) == [False]
    assert perhaps(claimed.with_leg(replace(claimed.legs[0], state=LegState.NOT_SENT))) == [False]


async def test_of_a_bracket_nothing_has_left_before_all_have_ids(bench: DeskBench) -> None:
    claimed = (await bench.propose(BRACKET)).with_state(ProposalState.CONFIRMED)
    assert perhaps(claimed) == [False] * 3
    assert perhaps(numbered(claimed, (7, 8, 0))) == [False] * 3
    assert perhaps(numbered(claimed, (7, 8, 9))) == [True] * 3


async def test_both_orders_of_a_pair_leave_in_one_go(bench: DeskBench) -> None:
    claimed = (await bench.propose(PAIR)).with_state(ProposalState.CONFIRMED)
    assert perhaps(claimed) == [True, True]


async def test_of_a_list_only_the_first_that_is_not_noted_may_have_left(bench: DeskBench) -> None:
    orders = [LegOrder(LegRole.PART, AAPL, parse(f"buy {number} AAPL 199.5"), ACCOUNT) for number in (1, 2, 3)]
    shown = await bench.desk.propose_list(orders[0].ticket, orders, user_id=TRADER, chat_id=CHAT)
    claimed = shown.with_state(ProposalState.CONFIRMED)
    assert perhaps(claimed) == [True, False, False]
    assert perhaps(claimed.with_leg(replace(claimed.legs[0], state=LegState.SENT))) == [False, True, False]
