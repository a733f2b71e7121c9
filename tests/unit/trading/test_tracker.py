"""What is told about an order that was sent: everything, once, and never backwards."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from market.errors import LinkDown
from market.instrument import Instrument
from market.ticket import OrderTicket, OrderType, Side
from tests.fakes.desk import DeskBench
from tests.fakes.order_events import fill, hear, paid, report, told
from trading.confirmation import Outcome
from trading.ports import OrderFate
from trading.proposal import LegState


@pytest.fixture
def bench() -> DeskBench:
    return DeskBench()


class TestEvents:
    async def test_a_resting_limit_order_that_fills_in_two_parts(self, bench: DeskBench) -> None:
        await bench.sent()
        first, second = fill(bench, 1, 4, 4), fill(bench, 2, 6, 10)
        await hear(bench, report(OrderFate.WORKING), report(OrderFate.WORKING))
        await hear(bench, first, report(OrderFate.WORKING, 4, 6), paid(first, "0.40"))
        await hear(bench, second, report(OrderFate.FILLED, 10, 0), report(OrderFate.FILLED, 10, 0))
        assert told(bench) == ["working 0", "partly filled 4"]
        await hear(bench, paid(second, "0.60"), report(OrderFate.FILLED, 10, 0))
        assert told(bench) == ["working 0", "partly filled 4", "filled 10"]
        news = bench.store.told[-1]
        assert (news.leg.commission, news.leg.realized_pnl, news.leg.average_price) == (
            Decimal("1.00"),
            Decimal(6),
            Decimal("199.5"),
        )
        assert news.leg.commission_currency == "USD"
        assert (news.previous, news.found_at_reconcile) == (LegState.PARTIAL, False)
        assert news.proposal.legs == (news.leg,)
        assert bench.store.rows[1].legs == (news.leg,)

    async def test_words_about_an_order_at_work_change_what_shows_it_and_are_gone_with_the_fill(
        self, bench: DeskBench
    ) -> None:
        await bench.sent("buy 10 AAPL 199.5 outside")
        words = "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored."
        await hear(bench, report(OrderFate.WORKING), report(OrderFate.WORKING, message=words))
        await hear(bench, report(OrderFate.WORKING, message=words))
        assert told(bench) == ["working 0"]
        assert [(leg.state, leg.message) for leg in bench.store.retold] == [(LegState.WORKING, words)]
        await hear(bench, paid(fill(bench, 1, 10, 10)))
        assert bench.store.told[-1].leg.message == ""

    async def test_a_fill_is_told_without_its_commission_when_that_does_not_come(self, bench: DeskBench) -> None:
        await bench.sent()
        whole = fill(bench, 1, 10, 10)
        await hear(bench, whole)
        bench.clock.advance(1.9)
        await bench.tracker.step()
        assert told(bench) == []
        bench.clock.advance(0.1)
        await bench.tracker.step()
        assert told(bench) == ["filled 10"]
        assert bench.store.told[0].leg.commission is None
        await hear(bench, paid(whole))
        assert told(bench) == ["filled 10"]
        assert bench.store.rows[1].legs[0].commission == Decimal("1.00")
        assert [leg.commission for leg in bench.store.retold] == [Decimal("1.00")]
        await hear(bench, paid(whole))
        assert len(bench.store.retold) == 1

    async def test_late_commissions_are_told_once_when_all_of_them_are_known(self, bench: DeskBench) -> None:
        await bench.sent()
        first, second = fill(bench, 1, 4, 4), fill(bench, 2, 6, 10)
        await hear(bench, first, second)
        bench.clock.advance(2)
        await bench.tracker.step()
        await hear(bench, paid(first, "0.40"))
        assert bench.store.retold == []
        await hear(bench, paid(second, "0.60"))
        assert [leg.commission for leg in bench.store.retold] == [Decimal("1.00")]
        assert told(bench)[-1] == "filled 10"

    async def test_a_commission_that_comes_in_time_is_no_second_news(self, bench: DeskBench) -> None:
        await bench.sent()
        whole = fill(bench, 1, 10, 10)
        await hear(bench, whole, paid(whole), report(OrderFate.FILLED, 10, 0))
        assert (told(bench), bench.store.retold) == (["filled 10"], [])

    async def test_news_of_a_fill_bear_the_time_of_the_execution(self, bench: DeskBench) -> None:
        await bench.sent()
        whole = fill(bench, 1, 10, 10)
        bench.clock.advance(5)
        await hear(bench, whole, report(OrderFate.FILLED, 10, 0))
        bench.clock.advance(2)
        await bench.tracker.step()
        assert bench.store.told[0].at == whole.time

    async def test_a_shutdown_tells_at_once_what_still_waits(self, bench: DeskBench) -> None:
        await bench.sent()
        await hear(bench, fill(bench, 1, 10, 10))
        await bench.tracker.flush()
        await bench.tracker.flush()
        assert told(bench) == ["filled 10"]

    async def test_a_fill_faster_than_our_own_note_of_sending_is_not_overwritten(self, bench: DeskBench) -> None:
        proposal = await bench.propose()
        whole = fill(bench, 1, 10, 10)
        tasks = []

        def at_once(order_ref: str) -> None:
            assert bench.gateway.on_fill
            bench.gateway.on_fill(paid(whole))
            tasks.append(asyncio.ensure_future(bench.tracker.step()))

        bench.gateway.during_submit = at_once
        bench.gateway.submit_turns = 50
        assert (await bench.confirm(proposal)).outcome is Outcome.SENT
        await asyncio.gather(*tasks)
        assert bench.leg_state == "filled"
        assert told(bench) == ["filled 10"]

    @pytest.mark.parametrize(
        ("fate", "state"),
        [
            (OrderFate.REJECTED, "rejected"),
            (OrderFate.CANCELLED, "cancelled"),
            (OrderFate.EXPIRED, "expired"),
        ],
    )
    async def test_four_words_for_four_fates_each_told_once_with_ibkrs_words(
        self, bench: DeskBench, fate: OrderFate, state: str
    ) -> None:
        await bench.sent()
        end = report(fate, message="IBKR's words")
        await hear(bench, end, end, report(OrderFate.WORKING), end)
        assert told(bench) == [f"{state} 0"]
        assert bench.store.told[0].leg.message == "IBKR's words"

    async def test_a_partly_filled_order_keeps_its_part_when_cancelled(self, bench: DeskBench) -> None:
        await bench.sent()
        await hear(bench, fill(bench, 1, 4, 4), report(OrderFate.CANCELLED, 4, 6))
        assert told(bench) == ["partly filled 4", "cancelled 4"]

    async def test_an_execution_that_crossed_the_cancel_counts(self, bench: DeskBench) -> None:
        await bench.sent()
        await hear(bench, report(OrderFate.CANCELLED))
        await hear(bench, paid(fill(bench, 1, 10, 10)))
        assert told(bench) == ["cancelled 0", "filled 10"]

    async def test_filled_needs_proof(self, bench: DeskBench) -> None:
        await bench.sent()
        await hear(bench, report(OrderFate.FILLED, 0, 0), report(OrderFate.FILLED, 4, 6))
        assert told(bench) == []
        assert bench.leg_state == "sent"

    async def test_orders_are_known_by_their_lasting_id_where_the_reference_is_left_out(self, bench: DeskBench) -> None:
        await bench.sent()
        await hear(bench, report(OrderFate.WORKING), report(OrderFate.CANCELLED, order_ref=""))
        assert told(bench) == ["working 0", "cancelled 0"]

    @pytest.mark.parametrize(
        "other",
        [
            {"order_ref": "", "perm_id": 1},
            {"order_ref": "someone else's"},
            {"order_ref": "sb-99-1"},
            {"order_ref": "sb-1-2"},
            {"order_id": 5},
            {"client_id": 18},
            {"account": "U7654321"},
            {"instrument": Instrument(1, "F")},
            {"ticket": OrderTicket(Side.SELL, Decimal(10), "AAPL", OrderType.MARKET)},
        ],
    )
    async def test_orders_that_cannot_be_this_one_change_nothing(self, bench: DeskBench, other: dict[str, Any]) -> None:
        await bench.sent()
        await hear(bench, report(OrderFate.FILLED, 10, 0, **other))
        bench.clock.advance(5)
        await bench.tracker.step()
        assert (told(bench), bench.leg_state) == ([], "sent")

    async def test_what_was_never_confirmed_cannot_have_been_filled(self, bench: DeskBench) -> None:
        await bench.propose()
        await hear(bench, paid(fill(bench, 1, 10, 10, order_id=4)), report(OrderFate.FILLED, 10, 0, order_id=4))
        assert (told(bench), bench.leg_state) == ([], "unsent")

    async def test_an_event_is_not_lost_when_the_database_fails(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.store.failing.append(OSError("disk full"))
        with pytest.raises(OSError, match="disk full"):
            await hear(bench, report(OrderFate.WORKING))
        await bench.tracker.step()
        assert told(bench) == ["working 0"]

    async def test_the_loop_wakes_for_events_and_for_what_is_due(self, bench: DeskBench) -> None:
        await bench.sent()
        loop = asyncio.ensure_future(bench.tracker.run())
        assert bench.gateway.on_report
        bench.gateway.on_report(report(OrderFate.WORKING))
        async with asyncio.timeout(5):
            await bench.store.recorded.wait()
        loop.cancel()
        assert told(bench) == ["working 0"]


class TestUnclear:
    async def test_an_unclear_word_is_looked_into_before_anything_is_told(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.gateway.open.append(report(OrderFate.WORKING))
        await hear(bench, report(OrderFate.CHECK, message="399"))
        assert (told(bench), bench.gateway.queries) == ([], 0)
        bench.clock.advance(1)
        await bench.tracker.step()
        assert told(bench) == ["working 0"]
        assert not bench.store.told[0].found_at_reconcile
        await bench.tracker.step()
        assert bench.gateway.queries == 3

    async def test_other_orders_are_left_alone_meanwhile(self, bench: DeskBench) -> None:
        await bench.sent()
        await bench.sent()
        bench.gateway.open.append(report(OrderFate.WORKING))
        await hear(bench, report(OrderFate.CHECK))
        bench.clock.advance(1)
        await bench.tracker.step()
        assert bench.store.rows[2].legs[0].state is LegState.SENT

    async def test_without_a_link_it_is_left_to_the_next_connect(self, bench: DeskBench) -> None:
        await bench.sent()
        bench.gateway.query_errors["open"] = LinkDown()
        await hear(bench, report(OrderFate.CHECK))
        bench.clock.advance(1)
        await bench.tracker.step()
        assert told(bench) == []
        bench.gateway.query_errors.clear()
        await bench.tracker.reconcile()
        assert told(bench) == ["unknown 0"]
