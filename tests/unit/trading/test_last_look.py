"""What changes between the looks at a Confirm: the state, the login's accounts, the clock, what others have placed."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from market.account import Position
from market.instrument import Instrument, SecType
from market.ticket import OrderTicket, OrderType, Side, parse
from storage.errors import StorageUnavailable
from tests.fakes.desk import CARD, CHAT, OTHER, TRADER, DeskBench
from tests.fakes.order_events import report
from tests.fakes.trading import AAPL, ACCOUNT
from trading.confirmation import Outcome
from trading.errors import Limit, OrderDenied
from trading.limits import Limits, TradingState
from trading.ports import OrderFate
from trading.proposal import LegOrder, LegRole, Proposal, ProposalState
from trading.second_step import APPROVAL_LASTS, Policy, StepKind

D = Decimal
SECOND = "DU7654321"


def elsewhere(bench: DeskBench, ref: str = "", client_id: int = 99) -> None:
    """Let IBKR show a sale of ten that somebody else has placed."""
    ticket = parse("sell 10 AAPL 199.9")
    bench.gateway.open = [
        replace(
            report(OrderFate.WORKING, 0, 10, order_ref=ref, instrument=AAPL, ticket=ticket),
            order_id=900,
            perm_id=9_000,
            client_id=client_id,
        )
    ]


def after_the_claim(bench: DeskBench, what: object) -> None:
    """Let the trading state be *what* (or come of it, where it can be called) as soon as the claim is stored."""
    claim = bench.store.claim

    async def claimed(*args: object, **kwargs: object) -> Proposal | None:
        found = await claim(*args, **kwargs)  # type: ignore[arg-type]  handed on as they are
        if callable(what):
            what()
        else:
            bench.state = what  # type: ignore[assignment]  a state
        return found

    bench.store.claim = claimed  # type: ignore[method-assign]  the same, with something after it


@pytest.mark.parametrize("seen_from", range(1, 6))
async def test_a_halt_lets_no_order_of_a_list_out_after_the_look_that_sees_it(seen_from: int) -> None:
    bench, looks = DeskBench(), list[TradingState]()
    orders = [LegOrder(LegRole.PART, AAPL, parse(f"buy {n} AAPL 199.5"), ACCOUNT) for n in range(1, 6)]
    shown = await bench.desk.propose_list(orders[0].ticket, orders, user_id=TRADER, chat_id=CHAT)
    await bench.desk.shown(shown.id, CARD)

    def state() -> TradingState:
        looks.append(TradingState.HALTED if len(looks) + 1 >= seen_from else TradingState.ACTIVE)
        return looks[-1]

    def count() -> None:
        bench.trading_state = state  # type: ignore[method-assign]  counts what is read after the claim
        bench.desk._guards._source = state

    after_the_claim(bench, count)
    answer = await bench.confirm(bench.store.rows[shown.id])
    assert len(bench.gateway.submitted) == seen_from - 1
    assert answer.outcome is (Outcome.DENIED if seen_from == 1 else Outcome.PARTLY)


@pytest.mark.parametrize("ref", ["", "sb-900-1", "sb-1-1"])
@pytest.mark.parametrize("state", [TradingState.ACTIVE, TradingState.REDUCING])
async def test_a_sale_of_another_bot_has_its_share_whatever_its_reference(ref: str, state: TradingState) -> None:
    bench = DeskBench(Limits(short_selling=False, duplicate_s=None))
    bench.market.held = D(20)
    await bench.sent("sell 5 AAPL 199.5")
    bench.state = state
    elsewhere(bench, ref)
    with pytest.raises(OrderDenied) as caught:
        await bench.propose("sell 6 AAPL 199.5")
    assert caught.value.allowed == 5
    assert await bench.propose("sell 5 AAPL 199.5")


async def test_our_own_orders_are_not_counted_as_somebody_elses_too() -> None:
    bench = DeskBench(Limits(short_selling=False, duplicate_s=None))
    bench.market.held = D(20)
    await bench.sent("sell 10 AAPL 199.9")
    leg = bench.store.rows[1].legs[0]
    elsewhere(bench, leg.order_ref, leg.client_id)
    bench.gateway.open = [replace(bench.gateway.open[0], order_id=leg.order_id)]
    assert await bench.propose("sell 10 AAPL 199.5")
    with pytest.raises(OrderDenied):
        await bench.propose("sell 11 AAPL 199.5")


async def test_trading_that_begins_to_reduce_during_a_confirm_does_not_pass_what_nobody_asked_about() -> None:
    bench = DeskBench(Limits(short_selling=True))
    bench.market.held = D(10)
    elsewhere(bench)
    card = await bench.propose("sell 10 AAPL 199.5")
    after_the_claim(bench, TradingState.REDUCING)
    answer = await bench.confirm(card)
    assert answer.outcome is Outcome.DENIED
    assert answer.denial is not None
    assert answer.denial.limit is Limit.TRADING_STATE
    assert bench.gateway.submitted == []
    bench.state, bench.gateway.open = TradingState.REDUCING, []
    assert (await bench.confirm(await bench.propose("sell 10 AAPL 199.5"))).outcome is Outcome.SENT


async def test_what_was_asked_for_one_person_is_not_used_for_another() -> None:
    bench = DeskBench(Limits(short_selling=False, duplicate_s=None))
    bench.market.held = D(20)
    card = await bench.propose("sell 10 AAPL 199.5")
    claim = bench.store.claim
    elsewhere(bench)

    async def claimed(*args: object, **kwargs: object) -> Proposal | None:
        found = await claim(*args, **kwargs)  # type: ignore[arg-type]  handed on as they are
        bench.gateway.open = []
        # In the middle of this Confirm IBKR answers another person's card, and what is held becomes less.
        await bench.desk.propose(parse("sell 1 AAPL 199.5"), user_id=OTHER, chat_id=CHAT)
        bench.market.held = D(10)
        return found

    bench.store.claim = claimed  # type: ignore[method-assign]  the same, with something after it
    assert (await bench.confirm(card)).outcome is Outcome.DENIED
    assert bench.gateway.submitted == []


async def test_a_card_whose_account_is_not_managed_any_more_is_denied() -> None:
    bench = DeskBench(Limits(order_value=None, daily_value=None))
    card = await bench.propose()
    bench.market.named = (SECOND,)
    answer = await bench.confirm(card)
    assert answer.outcome is Outcome.DENIED
    assert answer.denial is not None
    assert (answer.denial.limit, answer.denial.allowed) == (Limit.ACCOUNT, ACCOUNT)
    assert bench.gateway.submitted == []


async def test_a_halt_closes_every_card_also_where_the_audit_log_cannot_be_written() -> None:
    bench = DeskBench()
    for n in (1, 2, 3):
        await bench.propose(f"buy {n} AAPL 199.5", card=CARD + n)

    async def full(*_line: object) -> None:
        raise StorageUnavailable("disk full")

    bench.audit.write = full  # type: ignore[method-assign]  a disk that is full
    assert [one.id for one in await bench.desk.halt()] == [1, 2, 3]
    assert {row.state for row in bench.store.rows.values()} == {ProposalState.DENIED}


def set_back(bench: DeskBench, seconds: float) -> None:
    """Set the wall clock back; the other goes on."""
    bench.clock._now -= timedelta(seconds=seconds)
    bench.clock._start -= timedelta(seconds=seconds)


async def test_a_clock_that_is_set_back_a_little_gives_a_card_no_longer_life() -> None:
    bench = DeskBench()
    card = await bench.propose()
    bench.clock.advance(50)
    set_back(bench, 50)
    bench.clock.advance(11)
    assert (await bench.confirm(card)).outcome is Outcome.EXPIRED
    assert bench.gateway.submitted == []


async def test_nor_does_it_to_an_approval() -> None:
    bench = DeskBench()
    bench.second_step.policy = Policy(StepKind.PERSON, D(1))
    card = await bench.propose()
    bench.clock.advance(50)
    assert (await bench.confirm(card)).outcome is Outcome.SECOND_STEP
    button = next(one for one in await bench.steps.approvals_of(card.id) if one.user_id == OTHER)
    await bench.second_step.shown(button.token, 77)
    bench.clock.advance(APPROVAL_LASTS.total_seconds() - 10)
    set_back(bench, 60)
    bench.clock.advance(11)
    answer = await bench.desk.approve(button.token, user_id=OTHER, chat_id=OTHER, message_id=77)
    assert answer.outcome is Outcome.EXPIRED
    assert bench.gateway.submitted == []


@pytest.mark.parametrize("holder_first", [True, False])
async def test_of_a_list_over_accounts_each_order_counts_by_what_its_own_account_held(holder_first: bool) -> None:
    bench = DeskBench(Limits(kinds=None, order_value=None, duplicate_s=None, short_selling=True))
    bench.market.named = (ACCOUNT, SECOND)
    bench.market.summaries[SECOND] = replace(bench.market.summaries[ACCOUNT], account=SECOND)
    put = Instrument(9, "AAPL", SecType.OPTION, multiplier="100", expiry="20261218", strike=200.0, right="P")
    held = [Position(ACCOUNT, put, D(1), D(1))]
    bench.market.positions = lambda account: held if account == ACCOUNT else []  # type: ignore[method-assign]
    bench.market.instrument = put
    bench.move_to(4.0)
    ticket = OrderTicket(Side.SELL, D(1), "AAPL", OrderType.LIMIT, D("4.02"))
    accounts = (ACCOUNT, SECOND) if holder_first else (SECOND, ACCOUNT)
    orders = [LegOrder(LegRole.PART, put, ticket, account) for account in accounts]
    shown = await bench.desk.propose_list(ticket, orders, user_id=TRADER, chat_id=CHAT)
    await bench.desk.shown(shown.id, CARD)
    assert (await bench.confirm(bench.store.rows[shown.id])).outcome is Outcome.SENT
    # 402 for the one that is held, its strike for the other.
    bench.desk = bench.open_desk(Limits(kinds=None, order_value=None, short_selling=True, daily_value=D(20_402)))
    bench.market.instrument = AAPL
    bench.move_to(1.0)
    with pytest.raises(OrderDenied) as caught:
        await bench.propose("buy 1 AAPL 1.00")
    assert caught.value.actual == D(20_403)
