"""Which news of an order ring: ends do, what only follows from another end does not."""

from dataclasses import replace
from decimal import Decimal

import pytest

from market.ticket import parse
from tests.fakes.trading import AAPL, ACCOUNT
from tests.unit.bot.samples import NOW, proposal
from trading.plan import orders_of
from trading.proposal import Leg, LegOrder, LegRole, LegState, OrderNews, Proposal
from trading.telling import clears_up, rings

S = LegState


def family(line: str) -> Proposal:
    one = proposal(line)
    orders = orders_of(one.ticket, AAPL, ACCOUNT, "group-1")
    return replace(one, orders=orders, legs=tuple(Leg(n, f"sb-7-{n}") for n in range(1, len(orders) + 1)))


def shared(count: int) -> Proposal:
    one = proposal("buy 10 AAPL 199.5")
    orders = tuple(LegOrder(LegRole.PART, AAPL, parse("buy 10 AAPL 199.5"), f"DU{n}") for n in range(count))
    return replace(one, orders=orders, legs=tuple(Leg(n + 1, f"sb-7-{n + 1}") for n in range(count)))


def news(one: Proposal, number: int, *states: LegState, filled: int = 0) -> OrderNews:
    """Return the news about leg *number* where the legs are as *states* say; a filled one has its quantity."""
    for leg, state in zip(one.legs, states, strict=True):
        some = Decimal(10 if state is S.FILLED else filled if leg.number == number else 0)
        one = one.with_leg(replace(leg, state=state, filled=some))
    return OrderNews(one, one.legs[number - 1], S.SENT, NOW)


BRACKET, PAIR = family("buy 10 AAPL 199.5 tp 210 sl 190"), family("sell 10 AAPL 210 oco stop 190")


@pytest.mark.parametrize("state", S)
def test_an_order_of_its_own_rings_when_it_is_over_or_nobody_knows(state: LegState) -> None:
    quiet = {S.UNSENT, S.SENT, S.WORKING, S.PARTIAL, S.CHANGED}
    assert rings(news(family("buy 10 AAPL 199.5"), 1, state)) is (state not in quiet)


@pytest.mark.parametrize(
    ("told", "is_loud"),
    [
        (news(BRACKET, 1, S.FILLED, S.WORKING, S.WORKING), True),
        (news(BRACKET, 2, S.FILLED, S.FILLED, S.WORKING), True),
        (news(BRACKET, 3, S.FILLED, S.FILLED, S.CANCELLED), False),
        (news(BRACKET, 3, S.FILLED, S.WORKING, S.CANCELLED), True),
        (news(BRACKET, 3, S.FILLED, S.WORKING, S.REJECTED), True),
        (news(BRACKET, 1, S.CANCELLED, S.WORKING, S.WORKING), True),
        (news(BRACKET, 2, S.CANCELLED, S.CANCELLED, S.WORKING), False),
        (news(BRACKET, 2, S.REJECTED, S.CANCELLED, S.WORKING), False),
        (news(PAIR, 2, S.FILLED, S.CANCELLED), False),
        (news(PAIR, 1, S.CANCELLED, S.FILLED), False),
        (news(PAIR, 1, S.CANCELLED, S.WORKING), True),
        (news(shared(2), 1, S.FILLED, S.WORKING), False),
        (news(shared(2), 2, S.FILLED, S.FILLED), True),
        (news(shared(2), 1, S.REJECTED, S.WORKING), True),
        (news(shared(2), 1, S.FILLED, S.REJECTED), True),
    ],
)
def test_what_follows_from_another_end_is_quiet(told: OrderNews, is_loud: bool) -> None:
    assert rings(told) is is_loud


def test_what_was_in_doubt_is_told_when_it_is_found() -> None:
    told = news(family("buy 10 AAPL 199.5"), 1, S.WORKING)
    assert not clears_up(told)
    assert clears_up(replace(told, previous=S.UNKNOWN))
    assert clears_up(replace(told, found_at_reconcile=True))
