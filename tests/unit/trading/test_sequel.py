"""What is done about purchases that wait for the money of sales, and how much money that is."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from market.ticket import parse
from tests.fakes.clock import FakeClock
from tests.fakes.exchange_floor import BMW, MSFT
from tests.fakes.trading import AAPL, ACCOUNT
from trading.batch import part
from trading.proposal import Leg, LegState, Proposal, ProposalState
from trading.sequel import (
    LIFETIME,
    Sequel,
    Step,
    Waiting,
    latest,
    money_of,
    step_of,
    waiting_from_json,
    waiting_to_json,
)

NOW = FakeClock().now()
ORDERS = (
    part(AAPL, parse("sell 100 AAPL market"), ACCOUNT),
    part(MSFT, parse("buy 10 MSFT market"), ACCOUNT),
)
FILLED = (
    Leg(1, "sb-1-1", LegState.FILLED, filled=Decimal(100), average_price=Decimal(200), commission=Decimal("1.5")),
    Leg(2, "sb-1-2", LegState.FILLED, filled=Decimal(10), average_price=Decimal(400)),
)
FIRST = Proposal(
    id=1,
    token="t",
    user_id=7,
    chat_id=7,
    account=ACCOUNT,
    ticket=ORDERS[0].ticket,
    instrument=AAPL,
    created=NOW,
    expires=NOW + timedelta(seconds=60),
    legs=FILLED,
    orders=ORDERS,
)
SEQUEL = Sequel(
    id=1,
    user_id=7,
    chat_id=7,
    account=ACCOUNT,
    digest=FIRST.digest,
    cash=Decimal(5_000),
    waiting=(Waiting(MSFT, "MSFT", Decimal(50)),),
    created=NOW,
)
LATER = NOW + timedelta(minutes=5)


def in_state(state: ProposalState, number: int = 1) -> Proposal:
    return replace(FIRST.with_state(state), id=number)


def step(
    first: Proposal | None, second: Proposal | None = None, sequel: Sequel = SEQUEL, after: timedelta = timedelta()
) -> Step:
    return step_of(sequel, first, second, NOW + after)


def test_purchases_wait_until_every_order_of_the_first_card_is_over() -> None:
    assert step(in_state(ProposalState.PROPOSED)) is Step.WAIT
    assert step(in_state(ProposalState.CONFIRMED)) is Step.WAIT
    sent = in_state(ProposalState.SUBMITTED)
    for state in (LegState.SENT, LegState.WORKING, LegState.PARTIAL, LegState.UNKNOWN):
        assert step(sent.with_leg(replace(FILLED[1], state=state))) is Step.WAIT
    assert step(sent) is Step.OFFER
    assert step(sent.with_leg(replace(FILLED[1], state=LegState.REJECTED))) is Step.OFFER


def test_where_nothing_was_sold_there_is_nothing_to_buy_with() -> None:
    legs = tuple(Leg(number, f"sb-1-{number}", LegState.REJECTED) for number in (1, 2))
    assert step(replace(in_state(ProposalState.SUBMITTED), legs=legs)) is Step.BARREN


@pytest.mark.parametrize("state", [ProposalState.CANCELLED, ProposalState.EXPIRED, ProposalState.DENIED])
def test_a_first_card_that_was_never_confirmed_leaves_nothing_to_wait_for(state: ProposalState) -> None:
    assert step(in_state(state)) is Step.DROP
    assert step(None) is Step.DROP


@pytest.mark.parametrize("state", [ProposalState.REPLACED, ProposalState.VOID])
def test_a_card_whose_place_another_takes_is_waited_for_a_moment(state: ProposalState) -> None:
    assert step(in_state(state)) is Step.WAIT
    assert step(in_state(state), after=timedelta(minutes=3)) is Step.DROP


def test_purchases_are_offered_once_and_their_end_is_told_once() -> None:
    first, offered = in_state(ProposalState.SUBMITTED), replace(SEQUEL, offered=2)
    assert step(first, in_state(ProposalState.PROPOSED, 2), offered) is Step.WAIT
    assert step(first, in_state(ProposalState.VOID, 2), offered) is Step.OFFER
    for state in (ProposalState.EXPIRED, ProposalState.CANCELLED, ProposalState.DENIED):
        assert step(first, in_state(state, 2), offered) is Step.REMIND
        assert step(first, in_state(state, 2), replace(offered, reminded=True)) is Step.WAIT


def test_after_a_refusal_the_person_asks_for_the_card() -> None:
    assert step(in_state(ProposalState.SUBMITTED), None, replace(SEQUEL, reminded=True)) is Step.WAIT


@pytest.mark.parametrize("state", [ProposalState.CONFIRMED, ProposalState.SUBMITTED])
def test_purchases_that_were_confirmed_wait_no_more(state: ProposalState) -> None:
    assert step(in_state(ProposalState.SUBMITTED), in_state(state, 2), replace(SEQUEL, offered=2)) is Step.DROP


def test_what_was_worked_out_a_day_ago_is_forgotten() -> None:
    first = in_state(ProposalState.SUBMITTED)
    assert step(first, after=LIFETIME) is Step.OFFER
    assert step(first, after=LIFETIME + timedelta(seconds=1)) is Step.DROP


def test_the_newest_card_of_the_same_orders_counts() -> None:
    older, newer = in_state(ProposalState.REPLACED, 3), in_state(ProposalState.PROPOSED, 4)
    other = replace(in_state(ProposalState.PROPOSED, 5), orders=ORDERS[:1])
    assert latest([newer, older, other], FIRST.digest, NOW) == newer
    assert latest([older], FIRST.digest, NOW + timedelta(seconds=1)) is None


def test_there_is_what_there_was_and_what_came_in_less_what_went_out() -> None:
    assert money_of(SEQUEL, FIRST, lambda amount, _: amount) == 5_000 + 20_000 - 4_000 - Decimal("1.5")


def test_a_sale_that_was_filled_in_part_brings_its_part_in_the_accounts_currency() -> None:
    order = part(BMW, parse("sell 10 BMW market"), ACCOUNT)
    leg = Leg(1, "sb-1-1", LegState.CANCELLED, filled=Decimal(4), average_price=Decimal(80))
    first = replace(FIRST, orders=(order,), legs=(leg,))
    assert money_of(SEQUEL, first, lambda amount, name: amount * 2 if name == "EUR" else None) == 5_640
    assert money_of(SEQUEL, first, lambda _amount, _name: None) is None


def test_what_waits_outlives_its_json() -> None:
    assert waiting_from_json(waiting_to_json(SEQUEL.waiting)) == SEQUEL.waiting
