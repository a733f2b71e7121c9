"""What a crash or a lost link left open is settled by what IBKR knows, and never sent again."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from market.errors import LinkDown, RequestTimeout
from market.instrument import Instrument
from market.ticket import parse
from tests.fakes.desk import DeskBench
from tests.fakes.order_events import fill, hear, paid, report, told
from tests.fakes.trading import AAPL, entry
from trading.confirmation import Outcome
from trading.ports import OrderFate
from trading.proposal import LegState, ProposalState


@pytest.fixture
def bench() -> DeskBench:
    return DeskBench()


class TestReconcile:
    async def crashed(self, bench: DeskBench, *, after_submit: bool) -> None:
        """Leave what a kill -9 right after the claim, or right after the send, leaves in the database."""
        proposal = await bench.propose()
        await bench.store.claim(
            proposal.token,
            user_id=proposal.user_id,
            chat_id=proposal.chat_id,
            message_id=proposal.message_id or 0,
            digest=proposal.digest,
            now=bench.clock.now(),
        )
        if after_submit:
            leg = replace(proposal.legs[0], order_id=bench.gateway.reserve(), client_id=bench.gateway.client_id)
            await bench.store.save_leg(proposal.id, leg)
            await bench.gateway.submit(entry(AAPL, proposal.ticket), "sb-1-1", order_id=leg.order_id)

    @pytest.mark.parametrize(
        ("place", "fate", "filled", "expected"),
        [
            ("open", OrderFate.WORKING, 0, "working 0"),
            ("open", OrderFate.WORKING, 4, "partly filled 4"),
            ("completed", OrderFate.FILLED, 10, "filled 10"),
            ("completed", OrderFate.CANCELLED, 0, "cancelled 0"),
            ("completed", OrderFate.REJECTED, 0, "rejected 0"),
        ],
    )
    async def test_an_order_sent_right_before_the_crash_is_found_and_not_sent_again(
        self, bench: DeskBench, place: str, fate: OrderFate, filled: int, expected: str
    ) -> None:
        await self.crashed(bench, after_submit=True)
        known = report(fate, filled, 10 - filled)
        getattr(bench.gateway, place).append(known if place == "open" else replace(known, order_id=0, client_id=0))
        await bench.tracker.reconcile()
        await bench.tracker.reconcile()
        assert told(bench) == [expected]
        assert bench.store.told[0].found_at_reconcile
        assert bench.store.rows[1].state is ProposalState.SUBMITTED
        assert len(bench.gateway.submitted) == 1

    async def test_fills_made_while_away_are_found_in_the_executions(self, bench: DeskBench) -> None:
        await bench.sent()
        executions = [paid(fill(bench, 2, 6, 10), "0.6"), paid(fill(bench, 1, 4, 4), "0.4")]
        bench.clock.advance(3600)
        bench.gateway.fills += executions
        await bench.tracker.reconcile()
        await bench.tracker.reconcile()
        assert told(bench) == ["filled 10"]
        news = bench.store.told[0]
        assert (news.leg.commission, news.at) == (Decimal("1.0"), bench.clock.now() - timedelta(hours=1))
        assert set(bench.store.fills) == {"e1", "e2"}

    @pytest.mark.parametrize("after_submit", [True, False])
    async def test_what_is_nowhere_is_unknown_told_once_and_never_sent(
        self, bench: DeskBench, *, after_submit: bool
    ) -> None:
        await self.crashed(bench, after_submit=after_submit)
        before = len(bench.gateway.submitted)
        await bench.tracker.reconcile()
        await bench.tracker.reconcile()
        assert told(bench) == ["unknown 0"]
        assert bench.store.told[0].previous is LegState.UNSENT
        assert len(bench.gateway.submitted) == before

    async def test_an_unknown_order_that_turns_up_is_told(self, bench: DeskBench) -> None:
        await self.crashed(bench, after_submit=True)
        await bench.tracker.reconcile()
        await hear(bench, report(OrderFate.WORKING))
        assert told(bench) == ["unknown 0", "working 0"]

    async def test_an_order_that_comes_and_goes_is_told_each_time(self, bench: DeskBench) -> None:
        await bench.sent()
        await hear(bench, report(OrderFate.WORKING))
        for listed in ([], [report(OrderFate.WORKING)], []):
            bench.gateway.open[:] = listed
            await bench.tracker.reconcile()
        assert told(bench) == ["working 0", "unknown 0", "working 0", "unknown 0"]

    async def test_part_of_an_order_whose_rest_is_nowhere_is_unknown(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.gateway.fills.append(paid(fill(bench, 1, 4, 4)))
        await bench.tracker.reconcile()
        assert told(bench) == ["unknown 4"]

    @pytest.mark.parametrize("question", ["open", "executions", "completed"])
    async def test_where_ibkr_did_not_answer_nothing_is_called_missing_yet(
        self, bench: DeskBench, question: str
    ) -> None:
        await bench.sent()
        bench.gateway.query_errors[question] = RequestTimeout(question, 10)
        await bench.tracker.reconcile()
        assert told(bench) == []
        bench.gateway.query_errors.clear()
        bench.clock.advance(15)
        await bench.tracker.step()
        assert told(bench) == ["unknown 0"]

    async def test_what_was_found_counts_even_if_another_question_went_unanswered(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.gateway.query_errors["completed"] = RequestTimeout("completed", 10)
        bench.gateway.open.append(report(OrderFate.WORKING))
        await bench.tracker.reconcile()
        assert told(bench) == ["working 0"]

    async def test_no_link_is_said_to_the_caller(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.gateway.query_errors["executions"] = LinkDown()
        with pytest.raises(LinkDown):
            await bench.tracker.reconcile()

    async def test_without_open_orders_ibkr_is_not_asked(self, bench: DeskBench) -> None:
        await bench.propose()
        await bench.tracker.reconcile()
        assert bench.gateway.queries == 0

    async def test_an_order_confirmed_while_ibkr_is_asked_is_not_called_unknown(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.gateway.open.append(report(OrderFate.WORKING))
        second = await bench.propose()
        confirms: list[asyncio.Future[Any]] = []
        bench.gateway.during_query = lambda: (
            None if confirms else confirms.append(asyncio.ensure_future(bench.confirm(second)))
        )
        await bench.tracker.reconcile()
        await asyncio.gather(*confirms)
        assert told(bench) == ["working 0"]

    async def test_an_order_that_speaks_up_while_ibkr_is_asked_is_not_called_unknown(self, bench: DeskBench) -> None:
        await bench.sent()
        heard: list[asyncio.Future[None]] = []
        bench.gateway.during_query = lambda: (
            None if heard else heard.append(asyncio.ensure_future(hear(bench, report(OrderFate.WORKING))))
        )
        await bench.tracker.reconcile()
        await asyncio.gather(*heard)
        assert told(bench) == ["working 0"]

    async def test_a_confirm_that_is_just_sending_is_let_finish_before_ibkr_is_asked(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        found = asyncio.Event()

        def accepted(order_ref: str) -> None:
            bench.gateway.open.append(report(OrderFate.WORKING, order_ref=order_ref))
            found.set()

        bench.gateway.during_submit = accepted
        confirm = asyncio.ensure_future(bench.confirm(proposal))
        await bench.store.claimed.wait()
        await bench.tracker.reconcile()
        assert (await confirm).outcome is Outcome.SENT
        assert told(bench) == ["working 0"]

    async def test_an_older_order_under_the_same_reference_is_not_taken_for_ours(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.gateway.completed.append(report(OrderFate.FILLED, 10, 0, order_id=0, instrument=Instrument(1, "F")))
        bench.gateway.fills.append(fill(bench, 9, 10, 10, order_id=12))
        await bench.tracker.reconcile()
        assert told(bench) == ["unknown 0"]


class TestReusedReference:
    """A new database begins with #1 again, and IBKR may still know the #1 of the old one."""

    async def test_the_end_of_an_older_order_is_not_taken_for_that_of_the_one_at_work(self, bench: DeskBench) -> None:
        await bench.sent()
        old = report(OrderFate.FILLED, 5, 0, perm_id=900, order_id=0, client_id=0)
        bench.gateway.completed.append(old)
        bench.gateway.open.append(report(OrderFate.WORKING, perm_id=901))
        await bench.tracker.reconcile()
        assert told(bench) == ["working 0"]
        assert bench.store.rows[1].legs[0].perm_id == 901

    async def test_what_ended_before_the_proposal_was_made_is_not_its_order(self, bench: DeskBench) -> None:
        await bench.sent()
        earlier = bench.clock.now() - timedelta(hours=3)
        bench.gateway.completed.append(report(OrderFate.FILLED, 5, 0, perm_id=900, order_id=0, client_id=0, at=earlier))
        bench.gateway.fills.append(replace(fill(bench, 1, 5, 5), perm_id=900, order_id=0, client_id=0, time=earlier))
        await bench.tracker.reconcile()
        assert told(bench) == ["unknown 0"]

    async def test_an_end_that_came_while_the_questions_were_asked_is_its_own(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.gateway.open.append(report(OrderFate.WORKING))
        bench.gateway.completed.append(report(OrderFate.CANCELLED, order_id=0, client_id=0))
        await bench.tracker.reconcile()
        assert told(bench) == ["cancelled 0"]

    async def test_an_execution_under_the_orders_own_id_counts_whatever_our_clock_says(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.gateway.fills.append(paid(replace(fill(bench, 1, 10, 10), time=bench.clock.now() - timedelta(hours=3))))
        await bench.tracker.reconcile()
        assert told(bench) == ["filled 10"]


class TestAnothersOrder:
    """Another bot beside this one, with a database of its own, and this one's before a restore, say #1 too."""

    async def died(self, bench: DeskBench, order_id: int) -> None:
        """Leave what a kill -9 before the order left leaves: claimed, and its id noted if it had one yet."""
        proposal = await bench.propose()
        claimed = await bench.store.claim(
            proposal.token,
            user_id=proposal.user_id,
            chat_id=proposal.chat_id,
            message_id=proposal.message_id or 0,
            digest=proposal.digest,
            now=bench.clock.now(),
        )
        assert claimed is not None
        if order_id:
            leg = replace(claimed.legs[0], order_id=order_id, client_id=bench.gateway.client_id)
            await bench.store.save_leg(claimed.id, leg)

    @pytest.mark.parametrize("order_id", [0, 60])
    @pytest.mark.parametrize("client_id", [17, 99])
    async def test_a_working_order_of_theirs_is_not_told_as_ours(
        self, bench: DeskBench, order_id: int, client_id: int
    ) -> None:
        await self.died(bench, order_id)
        theirs = report(
            OrderFate.WORKING, 0, 500, order_id=5, client_id=client_id, ticket=parse("buy 500 AAPL 150 gtc")
        )
        bench.gateway.open.append(theirs)
        await bench.tracker.reconcile()
        await hear(bench, theirs)
        assert told(bench) == ["unknown 0"]
        row = bench.store.rows[1]
        assert (row.legs[0].order_id, row.legs[0].perm_id) == (order_id, 0)
        assert row.ticket.quantity == 10

    @pytest.mark.parametrize("order_id", [0, 5, 60])
    async def test_an_execution_of_theirs_is_not_told_as_ours(self, bench: DeskBench, order_id: int) -> None:
        await self.died(bench, order_id)
        bench.gateway.fills.append(fill(bench, 1, 10, 10, order_id=5, client_id=99))
        await bench.tracker.reconcile()
        assert told(bench) == ["unknown 0"]

    async def test_a_filled_order_of_theirs_is_known_by_the_ids_of_its_executions(self, bench: DeskBench) -> None:
        # The completed order bears no id of the API's, and its terms are ours.
        await self.died(bench, 60)
        theirs = {"order_id": 0, "client_id": 0, "ticket": parse("buy 10 AAPL 199.5")}
        bench.gateway.completed.append(report(OrderFate.FILLED, 10, 0, **theirs))
        bench.gateway.fills.append(fill(bench, 1, 10, 10, order_id=5, client_id=99))
        await bench.tracker.reconcile()
        assert told(bench) == ["unknown 0"]

    @pytest.mark.parametrize("text", ["buy 10 AAPL 150 gtc", "buy 10 AAPL market", "buy 10 AAPL stop 199.5"])
    async def test_a_cancelled_order_of_theirs_is_known_by_its_prices(self, bench: DeskBench, text: str) -> None:
        await self.died(bench, 60)
        bench.gateway.completed.append(report(OrderFate.CANCELLED, order_id=0, client_id=0, ticket=parse(text)))
        await bench.tracker.reconcile()
        assert told(bench) == ["unknown 0"]

    async def test_our_own_end_is_taken_by_its_lasting_id_whatever_its_price_is_now(self, bench: DeskBench) -> None:
        await bench.sent()
        await hear(bench, report(OrderFate.WORKING))
        changed = report(OrderFate.CANCELLED, order_id=0, client_id=0, ticket=parse("buy 10 AAPL 150"))
        bench.gateway.completed.append(changed)
        await bench.tracker.reconcile()
        assert told(bench) == ["working 0", "cancelled 0"]
