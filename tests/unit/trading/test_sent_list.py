"""Orders of a list are sent one by one, each once; one that fails is told and the others are not doubled."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from market.errors import BrokerError, LinkDown, NoMarketData, TicketSyntaxError
from market.ticket import OrderType, Side, parse
from tests.fakes.desk import CARD, CHAT, TRADER, DeskBench
from tests.fakes.trading import AAPL, ACCOUNT
from trading.confirmation import Outcome
from trading.errors import Limit, OrderDenied, ProposalGone, UnknownAccount
from trading.limits import Limits, TradingState
from trading.proposal import LegOrder, LegRole, LegState, Proposal, ProposalState

OTHER = "DU7654321"


@pytest.fixture
def bench() -> DeskBench:
    bench = DeskBench()
    bench.market.named = (ACCOUNT, OTHER)
    bench.market.summaries[OTHER] = replace(bench.market.summaries[ACCOUNT], account=OTHER)
    return bench


def parts(*lines: str, accounts: Sequence[str] = (ACCOUNT, OTHER)) -> list[LegOrder]:
    found = []
    for at, line in enumerate(lines):
        found.append(LegOrder(LegRole.PART, AAPL, parse(line), accounts[at % len(accounts)]))
    return found


async def listed(bench: DeskBench, *lines: str, notes: Sequence[str] = ()) -> Proposal:
    orders = parts(*lines)
    shown = await bench.desk.propose_list(orders[0].ticket, orders, user_id=TRADER, chat_id=CHAT, notes=notes)
    await bench.desk.shown(shown.id, CARD)
    return bench.store.rows[shown.id]


def states(bench: DeskBench) -> list[LegState]:
    return [leg.state for leg in bench.store.rows[1].legs]


async def test_one_confirm_sends_each_order_for_its_account_in_their_order(bench: DeskBench) -> None:
    shown = await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5", "buy 1 AAPL market")
    assert (await bench.confirm(shown)).outcome is Outcome.SENT
    assert [(ref, ticket.quantity, account) for ref, ticket, account in bench.gateway.submitted] == [
        ("sb-1-1", Decimal(10), ACCOUNT),
        ("sb-1-2", Decimal(5), OTHER),
        ("sb-1-3", Decimal(1), ACCOUNT),
    ]
    assert set(bench.gateway.hung) == {(0, False)}
    assert states(bench) == [LegState.SENT] * 3


async def test_each_is_noted_before_the_next_leaves(bench: DeskBench) -> None:
    seen: list[list[LegState]] = []
    bench.gateway.during_submit = lambda _ref: seen.append(states(bench))
    await bench.confirm(await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5"))
    assert seen[1] == [LegState.SENT, LegState.UNSENT]


async def test_the_card_has_the_price_of_each_and_what_was_noted(bench: DeskBench) -> None:
    shown = await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5", notes=("SPY stays as it is",))
    assert [order.reference_price for order in shown.orders] == [Decimal(200)] * 2
    assert shown.warnings[0] == "SPY stays as it is"
    assert shown.preview is not None
    assert (bench.gateway.previewed, shown.preview.commission) == (2, Decimal(2))


@pytest.mark.parametrize(
    ("error", "outcome", "now"),
    [
        (LinkDown("closed"), Outcome.PARTLY, [LegState.SENT, LegState.NOT_SENT, LegState.NOT_SENT]),
        (BrokerError(1, "no"), Outcome.PARTLY, [LegState.SENT, LegState.UNKNOWN, LegState.NOT_SENT]),
    ],
)
async def test_one_that_fails_ends_the_list_and_the_rest_is_never_sent(
    bench: DeskBench, error: Exception, outcome: Outcome, now: list[LegState]
) -> None:
    shown = await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5", "buy 1 AAPL market")
    bench.gateway.submit_errors["sb-1-2"] = error
    assert (await bench.confirm(shown)).outcome is outcome
    assert states(bench) == now
    bench.gateway.submit_errors.clear()
    await bench.tracker.reconcile()
    assert (await bench.confirm(shown)).outcome is Outcome.ALREADY
    assert len(bench.gateway.submitted) == 1


async def test_a_halt_between_two_keeps_the_second_back(bench: DeskBench) -> None:
    shown = await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5")

    def halt(_ref: str) -> None:
        bench.state = TradingState.HALTED

    bench.gateway.during_submit = halt
    answer = await bench.confirm(shown)
    assert answer.outcome is Outcome.PARTLY
    assert answer.denial is not None
    assert answer.denial.limit is Limit.TRADING_STATE
    assert states(bench) == [LegState.SENT, LegState.NOT_SENT]


async def test_what_cannot_be_noted_ends_the_list(bench: DeskBench) -> None:
    shown = await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5")
    # The id of the first is noted; that it left is not.
    bench.store.good_saves, bench.store.failing_saves = 1, 1
    answer = await bench.confirm(shown)
    assert (answer.outcome, answer.detail) == (Outcome.PARTLY, "not noted")
    assert len(bench.gateway.submitted) == 1


async def test_an_order_of_a_list_whose_id_cannot_be_noted_does_not_leave(bench: DeskBench) -> None:
    shown = await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5")
    # The id of the first, that it left; then the id of the second.
    bench.store.good_saves, bench.store.failing_saves = 2, 1
    answer = await bench.confirm(shown)
    assert (answer.outcome, answer.detail) == (Outcome.PARTLY, "not noted")
    assert states(bench) == [LegState.SENT, LegState.NOT_SENT]
    assert len(bench.gateway.submitted) == 1


async def test_the_id_of_each_order_of_a_list_is_noted_when_it_leaves(bench: DeskBench) -> None:
    shown = await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5", "buy 1 AAPL 199.5")
    seen: list[list[tuple[int, int]]] = []

    def leaves(_ref: str) -> None:
        seen.append([(leg.order_id, leg.client_id) for leg in bench.store.rows[1].legs])

    bench.gateway.during_submit = leaves
    await bench.confirm(shown)
    none = (0, 0)
    assert seen == [[(101, 17), none, none], [(101, 17), (102, 17), none], [(101, 17), (102, 17), (103, 17)]]


async def test_an_order_of_a_list_gets_another_id_where_its_own_was_overtaken(bench: DeskBench) -> None:
    shown = await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5")
    bench.gateway.during_submit = lambda _ref: setattr(bench.gateway, "overtaken", 2)
    assert (await bench.confirm(shown)).outcome is Outcome.SENT
    legs = bench.store.rows[1].legs
    assert legs[1].order_id > 102
    assert bench.gateway.ids == [leg.order_id for leg in legs]


async def test_without_a_link_before_the_first_nothing_is_sent(bench: DeskBench) -> None:
    shown = await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5")
    bench.gateway.submit_errors["sb-1-1"] = LinkDown("closed")
    assert (await bench.confirm(shown)).outcome is Outcome.NOT_SENT
    assert bench.store.rows[1].state is ProposalState.CANCELLED


async def test_the_list_as_a_whole_meets_the_limits(bench: DeskBench) -> None:
    bench.desk = bench.open_desk(Limits(orders_per_minute=2))
    await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5")
    with pytest.raises(OrderDenied) as caught:
        await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5", "buy 1 AAPL 199.5")
    assert caught.value.limit is Limit.ORDERS_PER_MINUTE
    assert len(bench.store.rows) == 1


async def test_a_move_of_one_price_makes_a_new_card_with_the_same_orders(bench: DeskBench) -> None:
    shown = await listed(bench, "buy 10 AAPL 199.5", "sell 5 AAPL 201", notes=("SPY stays",))
    bench.move_to(204)
    answer = await bench.confirm(shown)
    assert answer.outcome is Outcome.DRIFTED
    assert answer.replacement is not None
    assert (answer.replacement.digest, answer.replacement.notes) == (shown.digest, ("SPY stays",))
    assert [order.reference_price for order in answer.replacement.orders] == [Decimal(204)] * 2
    assert bench.gateway.submitted == []


async def test_a_touch_of_one_that_moved_before_anything_has_traded_makes_a_new_card(bench: DeskBench) -> None:
    shown = await listed(bench, "sell 1 AAPL market", "buy 5 AAPL market")
    bench.market.ask = 203.0
    answer = await bench.confirm(shown)
    assert answer.outcome is Outcome.DRIFTED
    assert answer.replacement is not None
    assert [order.ask for order in answer.replacement.orders] == [Decimal(203)] * 2
    assert bench.gateway.submitted == []


async def test_a_touch_that_is_gone_is_a_move_for_one_at_the_market_alone(bench: DeskBench) -> None:
    limited = await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5")
    at_market = await listed(bench, "buy 1 AAPL 199.5", "buy 5 AAPL market")
    bench.market.ask = None
    assert (await bench.confirm(at_market)).outcome is Outcome.DRIFTED
    assert (await bench.confirm(limited)).outcome is Outcome.SENT


async def test_a_price_of_the_market_that_the_card_showed_is_no_move(bench: DeskBench) -> None:
    bench.market.bid, bench.market.ask = 195.0, 205.0
    shown = await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5")
    assert (await bench.confirm(shown)).outcome is Outcome.SENT


async def test_without_any_price_there_is_no_list(bench: DeskBench) -> None:
    with pytest.raises(TicketSyntaxError):
        await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL")
    bench.market.quote_error = NoMarketData(354, "not subscribed")
    with pytest.raises(OrderDenied):
        await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5")
    assert bench.audit.lines[-1][2] == "denied"


async def test_an_account_that_is_not_there_gets_no_order(bench: DeskBench) -> None:
    bench.market.named = (ACCOUNT,)
    with pytest.raises(UnknownAccount):
        await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5")
    with pytest.raises(UnknownAccount):
        await bench.desk.propose(parse("buy 10 AAPL 199.5"), user_id=TRADER, chat_id=CHAT, account=OTHER)


async def test_one_order_can_be_for_another_account_than_the_default(bench: DeskBench) -> None:
    shown = await bench.desk.propose(parse("buy 10 AAPL 199.5"), user_id=TRADER, chat_id=CHAT, account=OTHER)
    await bench.desk.shown(shown.id, CARD)
    await bench.confirm(shown)
    assert bench.gateway.submitted[0][2] == OTHER


async def test_a_list_is_not_edited(bench: DeskBench) -> None:
    shown = await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5")
    with pytest.raises(ProposalGone):
        await bench.desk.amend(shown.token, parse("buy 1 AAPL 199"), user_id=TRADER, chat_id=CHAT)
    assert bench.store.rows[1].state is ProposalState.PROPOSED


async def test_an_order_of_one_is_a_list_too(bench: DeskBench) -> None:
    shown = await listed(bench, "sell 10 AAPL market")
    assert [order.role for order in shown.orders] == [LegRole.PART]
    await bench.confirm(shown)
    assert (bench.gateway.submitted[0][1].side, bench.gateway.submitted[0][1].order_type) == (
        Side.SELL,
        OrderType.MARKET,
    )


async def test_after_a_crash_what_followed_the_first_unsent_was_never_sent(bench: DeskBench) -> None:
    shown = await listed(bench, "buy 10 AAPL 199.5", "buy 5 AAPL 199.5", "buy 1 AAPL market")
    first, *rest = shown.legs
    sent = replace(first, state=LegState.SENT, order_id=101, client_id=17)
    bench.store.rows[1] = replace(shown, state=ProposalState.CONFIRMED, legs=(sent, *rest))
    await bench.tracker.reconcile()
    assert bench.gateway.submitted == []
    assert states(bench) == [LegState.UNKNOWN, LegState.UNKNOWN, LegState.NOT_SENT]
    assert sorted(news.leg.number for news in bench.store.told) == [1, 2, 3]
