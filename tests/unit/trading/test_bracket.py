"""A bracket is sent whole or taken back, and each of its orders has a state of its own."""

from dataclasses import replace
from decimal import Decimal

import pytest

from market.errors import BrokerError, LinkDown, ReadOnlyApi, RequestTimeout
from tests.fakes.desk import DeskBench
from tests.fakes.order_events import fill, hear, paid, report, told
from tests.fakes.trading import AAPL
from trading.confirmation import Outcome
from trading.errors import OrderGone
from trading.family import INCOMPLETE, PARENT_OVER
from trading.limits import Limits, TradingState
from trading.ports import OrderFate, OrderReport
from trading.proposal import Leg, LegState, Proposal, ProposalState

LINE = "buy 10 AAPL 199.5 tp 210 sl 190"


@pytest.fixture
def bench() -> DeskBench:
    return DeskBench(Limits(duplicate_s=None))


def of_leg(fate: OrderFate, number: int, filled: int = 0, remaining: int = 10) -> OrderReport:
    known = {"order_ref": f"sb-1-{number}", "perm_id": 770 + number, "order_id": 100 + number}
    return report(fate, filled, remaining, **known)


def states(bench: DeskBench, proposal_id: int = 1) -> list[LegState]:
    return [leg.state for leg in bench.store.rows[proposal_id].legs]


def broken(bench: DeskBench, ref: str, error: Exception) -> None:
    bench.gateway.submit_errors[ref] = error


class TestSending:
    async def test_the_children_hang_on_the_entry_and_all_but_the_last_are_held(self, bench: DeskBench) -> None:
        shown = await bench.propose(LINE)
        assert (await bench.confirm(shown)).outcome is Outcome.SENT
        assert [ref for ref, _, _ in bench.gateway.submitted] == ["sb-1-1", "sb-1-2", "sb-1-3"]
        assert bench.gateway.hung == [(0, True), (101, True), (101, False)]
        assert [ticket for _, ticket, _ in bench.gateway.submitted] == [order.ticket for order in shown.orders]
        assert [(leg.state, leg.order_id) for leg in bench.store.rows[1].legs] == [
            (LegState.SENT, 101),
            (LegState.SENT, 102),
            (LegState.SENT, 103),
        ]

    async def test_the_ids_are_stored_before_the_first_leaves(self, bench: DeskBench) -> None:
        ids: list[list[int]] = []
        bench.gateway.during_submit = lambda _ref: ids.append([leg.order_id for leg in bench.store.rows[1].legs])
        await bench.sent(LINE)
        assert ids[0] == [101, 102, 103]

    async def test_ibkr_previews_the_entry_alone(self, bench: DeskBench) -> None:
        await bench.propose(LINE)
        assert bench.gateway.previewed == 1

    async def test_the_children_are_no_orders_of_their_own_for_the_limits(self, bench: DeskBench) -> None:
        bench.desk = bench.open_desk(Limits(orders_per_minute=1, order_value=Decimal(1995), duplicate_s=None))
        assert (await bench.confirm(await bench.propose(LINE))).outcome is Outcome.SENT

    async def test_ids_that_another_order_has_overtaken_are_not_used(self, bench: DeskBench) -> None:
        bench.gateway.overtaken = 2
        assert (await bench.confirm(await bench.propose(LINE))).outcome is Outcome.SENT
        assert bench.gateway.hung == [(0, True), (107, True), (107, False)]
        assert [leg.order_id for leg in bench.store.rows[1].legs] == [107, 108, 109]

    async def test_where_others_are_always_first_nothing_is_sent(self, bench: DeskBench) -> None:
        bench.gateway.overtaken = 100
        answer = await bench.confirm(await bench.propose(LINE))
        assert (answer.outcome, answer.detail) == (Outcome.NOT_SENT, "timeout")
        assert bench.gateway.submitted == []

    async def test_without_a_link_before_the_first_nothing_is_sent(self, bench: DeskBench) -> None:
        shown = await bench.propose(LINE)
        bench.gateway.reserve_error = LinkDown("closed")
        answer = await bench.confirm(shown)
        assert (answer.outcome, answer.detail) == (Outcome.NOT_SENT, "closed")
        assert bench.gateway.submitted == []
        assert bench.store.rows[1].state is ProposalState.CANCELLED

    @pytest.mark.parametrize("error", [LinkDown("closed"), ReadOnlyApi(321, "Read-Only"), RequestTimeout("submit", 3)])
    @pytest.mark.parametrize("ref", ["sb-1-2", "sb-1-3"])
    async def test_what_leaves_the_children_out_takes_the_entry_back(
        self, bench: DeskBench, ref: str, error: Exception
    ) -> None:
        shown = await bench.propose(LINE)
        broken(bench, ref, error)
        answer = await bench.confirm(shown)
        sent = len(bench.gateway.submitted)
        is_unknown = isinstance(error, RequestTimeout)
        if ref == "sb-1-3" and is_unknown:
            # The last may have come, and then the family is at the market: only IBKR can tell.
            assert answer.outcome is Outcome.UNKNOWN
            assert bench.gateway.discarded == []
            return
        assert answer.outcome is Outcome.PARTLY
        tried = sent + is_unknown
        assert [number for number, _ in bench.gateway.discarded] == list(range(101, 101 + tried))
        assert states(bench)[tried:] == [LegState.NOT_SENT] * (3 - tried)
        assert bench.store.rows[1].state is ProposalState.SUBMITTED

    async def test_a_child_that_was_not_sent_is_never_sent_later(self, bench: DeskBench) -> None:
        shown = await bench.propose(LINE)
        broken(bench, "sb-1-3", LinkDown("closed"))
        await bench.confirm(shown)
        bench.gateway.submit_errors.clear()
        await bench.tracker.reconcile()
        assert (await bench.confirm(shown)).outcome is Outcome.ALREADY
        assert len(bench.gateway.submitted) == 2

    async def test_a_halt_comes_before_the_entry_or_after_the_last_child(self, bench: DeskBench) -> None:
        shown = await bench.propose(LINE)

        def halt(_ref: str) -> None:
            bench.state = TradingState.HALTED

        bench.gateway.during_submit = halt
        assert (await bench.confirm(shown)).outcome is Outcome.SENT
        assert len(bench.gateway.submitted) == 3

    async def test_a_store_that_fails_before_the_first_keeps_it_all_back(self, bench: DeskBench) -> None:
        shown = await bench.propose(LINE)
        bench.store.failing_saves = 1
        answer = await bench.confirm(shown)
        assert (answer.outcome, answer.detail) == (Outcome.NOT_SENT, "not noted")
        assert bench.gateway.submitted == []

    async def test_a_bracket_whose_ids_took_long_to_note_is_not_sent_at_prices_of_before(
        self, bench: DeskBench
    ) -> None:
        shown = await bench.propose(LINE)
        save = bench.store.save_leg

        async def slowly(proposal_id: int, leg: Leg) -> None:
            bench.clock.advance(2)
            await save(proposal_id, leg)

        bench.store.save_leg = slowly  # type: ignore[method-assign]
        assert (await bench.confirm(shown)).outcome is Outcome.TOO_SLOW
        assert bench.gateway.submitted == []
        assert bench.store.rows[1].state is ProposalState.CANCELLED


class TestAfter:
    async def test_each_order_is_told_for_itself(self, bench: DeskBench) -> None:
        await bench.sent(LINE)
        await hear(bench, *(of_leg(OrderFate.WORKING, number) for number in (1, 2, 3)))
        await hear(bench, paid(fill(bench, 1, 10, 10, perm_id=771)), of_leg(OrderFate.FILLED, 1, 10, 0))
        await hear(bench, of_leg(OrderFate.CANCELLED, 2))
        assert states(bench) == [LegState.FILLED, LegState.CANCELLED, LegState.WORKING]
        assert told(bench) == ["working 0", "working 0", "working 0", "filled 10", "cancelled 0"]

    @pytest.mark.parametrize("number", [2, 3])
    async def test_a_rejected_child_takes_its_entry_back(self, bench: DeskBench, number: int) -> None:
        await bench.sent(LINE)
        await hear(bench, of_leg(OrderFate.WORKING, 1), of_leg(OrderFate.REJECTED, number))
        assert bench.gateway.discarded == [(101, "sb-1-1")]
        await hear(bench, of_leg(OrderFate.CANCELLED, 1))
        assert states(bench)[0] is LegState.CANCELLED

    async def test_of_an_entry_that_is_filled_there_is_nothing_to_take_back(self, bench: DeskBench) -> None:
        await bench.sent(LINE)
        await hear(bench, of_leg(OrderFate.FILLED, 1, 10, 0), of_leg(OrderFate.REJECTED, 3))
        assert bench.gateway.discarded == []
        assert told(bench)[-1] == "rejected 0"

    async def test_a_link_that_is_lost_with_the_rejection_does_not_lose_it(self, bench: DeskBench) -> None:
        await bench.sent(LINE)
        bench.gateway.discard_error = LinkDown("closed")
        await hear(bench, of_leg(OrderFate.WORKING, 1), of_leg(OrderFate.REJECTED, 3))
        assert states(bench)[2] is LegState.REJECTED
        bench.gateway.discard_error = None
        bench.gateway.open = [of_leg(OrderFate.WORKING, 1)]
        await bench.tracker.reconcile()
        assert bench.gateway.discarded == [(101, "sb-1-1")]

    async def test_an_order_that_ibkr_makes_smaller_is_filled_by_what_is_left(self, bench: DeskBench) -> None:
        sent = await bench.sent(LINE)
        less = replace(sent.orders[2].ticket, quantity=Decimal(4))
        await hear(bench, replace(of_leg(OrderFate.WORKING, 3, 0, 4), ticket=less))
        assert bench.store.rows[1].orders[2].ticket.quantity == 4
        known = {"order_ref": "sb-1-3", "perm_id": 773, "order_id": 103, "side": less.side}
        await hear(bench, paid(fill(bench, 1, 4, 4, **known)))
        assert states(bench)[2] is LegState.FILLED


class TestCancelling:
    async def test_ibkr_is_asked_for_the_entry_and_cancels_the_rest_with_it(self, bench: DeskBench) -> None:
        sent = await bench.sent(LINE)
        await bench.desk.cancel_order(sent.id, user_id=sent.user_id, chat_id=sent.chat_id)
        assert bench.gateway.cancelled == [101]

    async def test_one_leg_can_go_alone(self, bench: DeskBench) -> None:
        sent = await bench.sent(LINE)
        await bench.desk.cancel_order(sent.id, 2, user_id=sent.user_id, chat_id=sent.chat_id)
        assert bench.gateway.cancelled == [102]

    async def test_the_children_of_a_filled_entry_are_each_asked_for(self, bench: DeskBench) -> None:
        sent = await bench.sent(LINE)
        # The fill still waits for its commission, so that the store does not know of it.
        await hear(bench, of_leg(OrderFate.FILLED, 1, 10, 0))
        bench.gateway.cancel_errors[101] = OrderGone("sb-1-1")
        await bench.desk.cancel_order(sent.id, user_id=sent.user_id, chat_id=sent.chat_id)
        assert bench.gateway.cancelled == [102, 103]


async def crashed(bench: DeskBench, *, noted: int) -> Proposal:
    """A proposal whose process died between claim and note; the ids of *noted* legs were stored."""
    shown = await bench.propose(LINE)
    legs = tuple(
        replace(leg, order_id=100 + leg.number, client_id=17) if leg.number <= noted else leg for leg in shown.legs
    )
    bench.store.rows[shown.id] = replace(shown, state=ProposalState.CONFIRMED, legs=legs)
    return bench.store.rows[shown.id]


class TestAfterACrash:
    async def test_a_family_of_which_ibkr_knows_nothing_is_taken_back_and_told_as_unknown(
        self, bench: DeskBench
    ) -> None:
        await crashed(bench, noted=3)
        await bench.tracker.reconcile()
        assert bench.gateway.discarded == [(101, "sb-1-1"), (102, "sb-1-2"), (103, "sb-1-3")]
        assert bench.gateway.submitted == []
        assert states(bench) == [LegState.UNKNOWN] * 3
        assert told(bench) == ["unknown 0"] * 3

    async def test_one_that_is_still_unknown_after_it_was_taken_back_was_never_at_the_market(
        self, bench: DeskBench
    ) -> None:
        await crashed(bench, noted=3)
        await bench.tracker.reconcile()
        bench.clock.advance(16)
        await bench.tracker.step()
        assert states(bench) == [LegState.CANCELLED] * 3
        assert [leg.message for leg in bench.store.rows[1].legs] == [INCOMPLETE, PARENT_OVER, PARENT_OVER]

    async def test_what_was_asked_over_a_link_that_is_gone_proves_nothing(self, bench: DeskBench) -> None:
        await crashed(bench, noted=3)
        await bench.tracker.reconcile()
        await bench.tracker.reconcile()
        assert states(bench) == [LegState.UNKNOWN] * 3
        assert len(bench.gateway.discarded) == 6

    async def test_one_that_died_before_the_ids_were_stored_sent_nothing_to_take_back(self, bench: DeskBench) -> None:
        await crashed(bench, noted=1)
        await bench.tracker.reconcile()
        assert bench.gateway.discarded == [(101, "sb-1-1")]

    async def test_a_family_that_came_whole_stays(self, bench: DeskBench) -> None:
        await crashed(bench, noted=3)
        bench.gateway.open = [of_leg(OrderFate.WORKING, number) for number in (1, 2, 3)]
        await bench.tracker.reconcile()
        assert bench.gateway.discarded == []
        assert states(bench) == [LegState.WORKING] * 3

    async def test_nothing_is_taken_back_on_half_an_answer(self, bench: DeskBench) -> None:
        await crashed(bench, noted=3)
        bench.gateway.query_errors["completed"] = BrokerError(1, "no")
        await bench.tracker.reconcile()
        assert bench.gateway.discarded == []

    async def test_what_another_client_id_sent_is_not_ours_to_take_back(self, bench: DeskBench) -> None:
        await crashed(bench, noted=3)
        bench.gateway.client_id = 18
        await bench.tracker.reconcile()
        assert bench.gateway.discarded == []

    async def test_an_entry_whose_children_were_never_sent_was_never_at_the_market(self, bench: DeskBench) -> None:
        shown = await bench.propose(LINE)
        broken(bench, "sb-1-2", LinkDown("closed"))
        bench.gateway.discard_error = LinkDown("closed")
        await bench.confirm(shown)
        assert states(bench) == [LegState.SENT, LegState.NOT_SENT, LegState.NOT_SENT]
        bench.gateway.discard_error = None
        await bench.tracker.reconcile()
        assert bench.gateway.discarded == [(101, "sb-1-1")]
        assert (states(bench)[0], bench.store.rows[1].legs[0].message) == (LegState.CANCELLED, INCOMPLETE)
        assert told(bench) == ["cancelled 0"]

    async def test_children_that_ibkr_never_spoke_of_end_with_their_entry(self, bench: DeskBench) -> None:
        await bench.sent(LINE)
        bench.gateway.completed = [replace(of_leg(OrderFate.REJECTED, 1), instrument=AAPL)]
        await bench.tracker.reconcile()
        await bench.tracker.reconcile()
        assert states(bench) == [LegState.REJECTED, LegState.CANCELLED, LegState.CANCELLED]
        assert {leg.message for leg in bench.store.rows[1].legs[1:]} == {PARENT_OVER}
