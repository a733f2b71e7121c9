"""Orders that IBKR does not answer, or not clearly: told once, asked about ever more rarely, never sent again."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from market.errors import BrokerError, LinkDown, RequestTimeout
from tests.fakes.desk import DeskBench
from tests.fakes.order_events import fill, hear, paid, report, told
from trading.checks import Checks
from trading.ports import OrderFate
from trading.proposal import LegState


@pytest.fixture
def bench() -> DeskBench:
    return DeskBench()


async def later(bench: DeskBench, *seconds: float) -> None:
    """Let the tracker work after each of the pauses."""
    for pause in seconds:
        bench.clock.advance(pause)
        await bench.tracker.step()


class TestSilence:
    async def test_an_order_that_ibkr_never_answers_is_told_as_unknown_once(self, bench: DeskBench) -> None:
        await bench.sent()
        await later(bench, 9.9)
        assert (told(bench), bench.gateway.queries) == ([], 0)
        await later(bench, 0.1)
        assert (told(bench), bench.gateway.queries) == (["unknown 0"], 3)
        assert not bench.store.told[0].found_at_reconcile
        await later(bench, *[600] * 5)
        assert told(bench) == ["unknown 0"]
        assert len(bench.gateway.submitted) == 1

    async def test_it_is_asked_about_ever_more_rarely_until_it_turns_up(self, bench: DeskBench) -> None:
        await bench.sent()
        asked = []
        for second in range(4000):
            before = bench.gateway.queries
            await later(bench, 1)
            if bench.gateway.queries > before:
                asked.append(second + 1)
        pauses = [after - before for before, after in pairwise(asked)]
        assert (asked[0], pauses) == (10, [15, 30, 60, 120, 240, 480, 900, 900, 900])
        bench.gateway.open.append(report(OrderFate.WORKING))
        await later(bench, 900)
        assert told(bench) == ["unknown 0", "working 0"]
        queries = bench.gateway.queries
        await later(bench, 900, 900)
        assert bench.gateway.queries == queries

    async def test_an_order_that_is_answered_in_time_is_not_asked_about(self, bench: DeskBench) -> None:
        await bench.sent()
        await hear(bench, report(OrderFate.WORKING))
        await later(bench, 10, 600)
        assert (told(bench), bench.gateway.queries) == (["working 0"], 0)

    async def test_where_ibkr_answers_no_question_either_that_is_told_too(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.gateway.query_errors["open"] = RequestTimeout("open orders", 10)
        await later(bench, 10)
        assert told(bench) == ["unknown 0"]

    async def test_what_it_has_spoken_of_is_not_called_unknown_for_its_silence_now(self, bench: DeskBench) -> None:
        await bench.sent()
        await hear(bench, report(OrderFate.WORKING), report(OrderFate.CHECK))
        bench.gateway.query_errors["open"] = RequestTimeout("open orders", 10)
        await later(bench, 1, 15, 30, 60)
        assert told(bench) == ["working 0"]
        bench.gateway.query_errors.clear()
        await later(bench, 120)
        assert told(bench) == ["working 0", "unknown 0"]

    async def test_an_order_that_failed_while_it_was_sent_is_looked_for(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        bench.gateway.submit_error = BrokerError(0, "broken pipe")
        await bench.confirm(proposal)
        bench.gateway.open.append(report(OrderFate.WORKING))
        await later(bench, 10)
        assert told(bench) == ["working 0"]

    async def test_an_order_that_did_not_leave_is_not_looked_for(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        bench.gateway.submit_error = LinkDown("closed")
        await bench.confirm(proposal)
        await later(bench, 10, 600)
        assert (told(bench), bench.gateway.queries) == ([], 0)

    async def test_an_answer_that_cannot_be_had_without_a_link_is_had_later(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.gateway.query_errors["open"] = LinkDown()
        await later(bench, 10)
        assert told(bench) == []
        bench.gateway.query_errors.clear()
        await later(bench, 15)
        assert told(bench) == ["unknown 0"]


class TestPending:
    async def test_an_order_that_no_market_has_taken_is_not_told_as_working_and_is_looked_into(
        self, bench: DeskBench
    ) -> None:
        await bench.sent()
        pending = report(OrderFate.PENDING)
        bench.gateway.open.append(pending)
        await hear(bench, pending)
        await later(bench, 9.9)
        assert (told(bench), bench.gateway.queries) == ([], 0)
        await later(bench, 0.1)
        assert (told(bench), bench.gateway.queries) == (["unknown 0"], 3)
        bench.gateway.open[:] = [report(OrderFate.WORKING)]
        await later(bench, 15)
        assert told(bench) == ["unknown 0", "working 0"]

    async def test_at_a_connect_it_is_given_time(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.gateway.open.append(report(OrderFate.PENDING))
        await bench.tracker.reconcile()
        assert told(bench) == []
        await later(bench, 15)
        assert told(bench) == ["unknown 0"]

    async def test_a_change_on_its_way_does_not_make_a_working_order_doubtful(self, bench: DeskBench) -> None:
        await bench.sent()
        await hear(bench, report(OrderFate.WORKING), report(OrderFate.PENDING))
        bench.gateway.open.append(report(OrderFate.PENDING))
        await bench.tracker.reconcile()
        await later(bench, 15, 600)
        assert told(bench) == ["working 0"]


class TestInactive:
    async def test_a_completed_inactive_order_is_rejected_with_ibkrs_word(self, bench: DeskBench) -> None:
        await bench.sent()
        over = report(OrderFate.REJECTED, order_id=0, client_id=0, message="Inactive")
        bench.gateway.completed.append(over)
        await hear(bench, report(OrderFate.CHECK, message="Inactive"))
        await later(bench, 1)
        assert told(bench) == ["rejected 0"]
        assert bench.store.told[0].leg.message == "Inactive"

    async def test_a_live_inactive_order_is_told_once_with_its_word_and_asked_about_again(
        self, bench: DeskBench
    ) -> None:
        await bench.sent()
        inactive = report(OrderFate.CHECK, message="Inactive")
        bench.gateway.open.append(inactive)
        await hear(bench, inactive)
        await later(bench, 1)
        assert told(bench) == ["unknown 0"]
        assert bench.store.told[0].leg.message == "Inactive"
        await later(bench, 15, 30)
        assert (told(bench), bench.gateway.queries) == (["unknown 0"], 9)
        bench.gateway.open[:] = [report(OrderFate.WORKING)]
        await later(bench, 60)
        assert told(bench) == ["unknown 0", "working 0"]

    async def test_a_part_that_was_filled_before_stays_known(self, bench: DeskBench) -> None:
        await bench.sent()
        await hear(bench, paid(fill(bench, 1, 4, 4)), report(OrderFate.CHECK, 4, 6))
        bench.gateway.open.append(report(OrderFate.CHECK, 4, 6, message="Inactive"))
        await later(bench, 1)
        assert told(bench) == ["partly filled 4", "unknown 4"]


class TestSlowReconcile:
    async def test_a_reconcile_that_is_given_up_is_done_by_the_trackers_own_loop(self, bench: DeskBench) -> None:
        await bench.sent()
        asked = asyncio.Event()
        bench.gateway.during_query = asked.set
        slow = asyncio.ensure_future(bench.tracker.reconcile())
        await asked.wait()
        slow.cancel()
        await asyncio.wait({slow})
        bench.gateway.fills.append(paid(fill(bench, 1, 10, 10)))
        await later(bench, 5)
        assert told(bench) == []
        await later(bench, 10)
        assert told(bench) == ["filled 10"]
        assert bench.store.told[0].found_at_reconcile

    async def test_a_reconcile_that_was_done_is_not_done_again(self, bench: DeskBench) -> None:
        await bench.sent()
        await hear(bench, report(OrderFate.WORKING))
        bench.gateway.open.append(report(OrderFate.WORKING))
        await bench.tracker.reconcile()
        await later(bench, 15, 600)
        assert bench.gateway.queries == 3

    async def test_the_loop_wakes_for_a_reconcile_that_it_owes(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.gateway.query_errors["open"] = LinkDown()
        bench.tracker._arrived.clear()
        with pytest.raises(LinkDown):
            await bench.tracker.reconcile()
        assert bench.tracker._arrived.is_set()
        bench.gateway.query_errors.clear()
        await later(bench, 15)
        assert told(bench) == ["unknown 0"]


class TestPoison:
    async def test_an_event_that_cannot_be_worked_on_does_not_hold_up_the_others(
        self, bench: DeskBench, caplog: pytest.LogCaptureFixture
    ) -> None:
        await bench.sent()
        await bench.sent()
        bench.store.failing += [ValueError("poison")] * 3
        bench.tracker._put(report(OrderFate.WORKING))
        bench.tracker._put(report(OrderFate.WORKING, order_ref="sb-2-1", order_id=102, perm_id=778))
        for _ in range(3):
            with pytest.raises(ValueError, match="poison"):
                await bench.tracker.step()
        await bench.tracker.step()
        assert [news.proposal.id for news in bench.store.told] == [2]
        assert "OrderReport about sb-1-1 is set aside" in caplog.text
        bench.gateway.open.append(report(OrderFate.WORKING))
        await later(bench, 15)
        assert [news.proposal.id for news in bench.store.told] == [2, 1]

    async def test_an_event_that_works_the_third_time_is_not_set_aside(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.store.failing += [OSError("locked")] * 2
        bench.tracker._put(report(OrderFate.WORKING))
        for _ in range(2):
            with pytest.raises(OSError, match="locked"):
                await bench.tracker.step()
        await bench.tracker.step()
        assert told(bench) == ["working 0"]


def test_the_sooner_of_two_checks_counts() -> None:
    checks = Checks(15)
    checks.ask("sb-1-1", 5)
    checks.ask("sb-1-1", 9)
    assert checks.times == [5]
    assert checks.take(4.9) == set()
    assert checks.take(5) == {"sb-1-1"}
    assert checks.times == [20]
    checks.settle("sb-1-1")
    assert checks.times == []


async def test_an_order_of_another_client_id_is_not_the_one_we_sent(bench: DeskBench) -> None:
    proposal = await bench.sent()
    assert proposal.legs[0].client_id == 17
    bench.gateway.open.append(replace(report(OrderFate.WORKING), client_id=18, filled=Decimal(0)))
    await bench.tracker.reconcile()
    assert bench.store.rows[1].legs[0].state is LegState.UNKNOWN
