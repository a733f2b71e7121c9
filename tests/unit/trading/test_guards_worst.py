"""The guards count what orders may come to at worst: a pair its dearer half, new terms, and what is held right now."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from market.ticket import Side, parse
from tests.fakes.desk import CHAT, TRADER, DeskBench
from tests.fakes.order_events import fill, hear, paid, report
from tests.fakes.trading import AAPL, ACCOUNT
from trading.appraisal import Appraisal
from trading.bounds import Limits
from trading.confirmation import Outcome
from trading.errors import Limit, OrderDenied
from trading.limits import TradingState
from trading.ports import OrderFate
from trading.proposal import LegState, Proposal
from trading.second_step import Policy, StepKind

D = Decimal
PAIR = "buy 100 AAPL 1 oco stop 205"


async def working(bench: DeskBench, line: str) -> Proposal:
    """Send *line*; TWS shows all its orders at work."""
    sent = await bench.sent(line)
    orders = [(leg, sent.order_of(leg).ticket) for leg in sent.legs]
    bench.gateway.open = [
        report(
            OrderFate.WORKING,
            0,
            int(ticket.quantity),
            order_ref=leg.order_ref,
            order_id=leg.order_id,
            perm_id=leg.number,
            ticket=ticket,
        )
        for leg, ticket in orders
    ]
    await hear(bench, *bench.gateway.open)
    return bench.store.rows[sent.id]


async def change(bench: DeskBench, order_ref: str, line: str) -> Proposal:
    made = await bench.desk.propose_change(order_ref, parse(line), user_id=TRADER, chat_id=CHAT)
    await bench.desk.shown(made.id, 55)
    return bench.store.rows[made.id]


class TestPairs:
    @pytest.mark.parametrize(
        ("limits", "limit"),
        [
            ({"order_value": D("20500")}, Limit.ORDER_VALUE),
            ({"daily_value": D("20500")}, Limit.DAILY_VALUE),
            ({"position_value": D("20500")}, Limit.POSITION_VALUE),
        ],
    )
    async def test_a_pair_that_buys_is_worth_its_dearer_half(self, limits: dict[str, Any], limit: Limit) -> None:
        bench = DeskBench(Limits(**limits))
        await bench.propose(PAIR)
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("buy 100 AAPL 1 oco stop 205.01")
        assert (caught.value.limit, caught.value.actual) == (limit, D("20501.00"))

    async def test_what_its_stop_has_bought_counts_for_the_day(self) -> None:
        bench = DeskBench(Limits(daily_value=D(25_000)))
        await working(bench, PAIR)
        await hear(
            bench,
            report(OrderFate.FILLED, 100, 0, order_ref="sb-1-2", order_id=102, perm_id=2),
            report(OrderFate.CANCELLED, 0, 100, order_ref="sb-1-1", perm_id=1),
            paid(fill(bench, 1, 100, 100, order_ref="sb-1-2", order_id=102, perm_id=2)),
        )
        bench.clock.advance(5)
        await bench.tracker.step()
        assert [leg.state for leg in bench.store.rows[1].legs] == [LegState.CANCELLED, LegState.FILLED]
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("buy 23 AAPL 200")
        assert caught.value.actual == D("25100.00")
        await bench.propose("buy 22 AAPL 200")

    async def test_while_both_work_the_day_counts_them_once(self) -> None:
        bench = DeskBench(Limits(daily_value=D(25_000)))
        await working(bench, PAIR)
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("buy 23 AAPL 200")
        assert caught.value.actual == D("25100.00")

    @pytest.mark.parametrize(
        ("order_ref", "line", "value"),
        [
            ("sb-1-1", "buy 200 AAPL 1", "41000.00"),
            ("sb-1-1", "buy 100 AAPL 2", "20500.00"),
            ("sb-1-2", "buy 100 AAPL stop 206", "20600.00"),
        ],
    )
    async def test_new_terms_of_one_half_count_with_the_other(self, order_ref: str, line: str, value: str) -> None:
        bench = DeskBench()
        await working(bench, PAIR)
        bench.desk = bench.open_desk(Limits(daily_value=D(value)))
        await change(bench, order_ref, line)
        bench.desk = bench.open_desk(Limits(daily_value=D(value) - 1))
        with pytest.raises(OrderDenied) as caught:
            await change(bench, order_ref, line)
        assert (caught.value.limit, caught.value.actual) == (Limit.DAILY_VALUE, D(value))

    async def test_a_target_far_away_does_not_keep_a_stop_from_being_moved(self) -> None:
        bench = DeskBench(Limits(order_value=D(2000)))
        await working(bench, "buy 10 AAPL 199.50 tp 260 sl 190")
        assert (await change(bench, "sb-1-3", "sell 10 AAPL stop 191 gtc")).id == 2

    async def test_above_the_limit_for_one_tap_a_pair_takes_the_second_step(self) -> None:
        bench = DeskBench()
        bench.second_step.policy = Policy(StepKind.PERSON, D(20_000))
        card = await bench.propose(PAIR)
        assert (await bench.confirm(card)).outcome is Outcome.SECOND_STEP
        assert bench.gateway.submitted == []


class TestPositionsOfNow:
    """Of two sales of the same shares one goes, wherever the other is when the first one is filled."""

    @pytest.fixture(params=["reducing", "no short selling"])
    def bench(self, request: pytest.FixtureRequest) -> DeskBench:
        bench = DeskBench(Limits(short_selling=request.param == "reducing"))
        bench.state = TradingState.REDUCING if request.param == "reducing" else TradingState.ACTIVE
        bench.market.held = D(10)
        return bench

    async def first_is_filled(self, bench: DeskBench, first: Proposal) -> None:
        assert (await bench.confirm(first)).outcome is Outcome.SENT
        bench.market.held = D(0)
        await hear(bench, report(OrderFate.FILLED, 10, 0), paid(fill(bench, 1, 10, 10, side=Side.SELL)))
        assert bench.leg_state == "filled"

    async def test_while_its_quote_is_awaited(self, bench: DeskBench) -> None:
        first, second = [await bench.propose("sell 10 AAPL market") for _ in range(2)]
        appraise = bench.desk._proposer._appraiser.appraise

        async def slowly(*asked: Any) -> Appraisal:
            bench.desk._proposer._appraiser.appraise = appraise  # type: ignore[method-assign]
            seen = await appraise(*asked)
            await self.first_is_filled(bench, first)
            return seen

        bench.desk._proposer._appraiser.appraise = slowly  # type: ignore[method-assign]
        answer = await bench.confirm(second)
        assert (answer.outcome, len(bench.gateway.submitted)) == (Outcome.DENIED, 1)

    async def test_while_it_is_claimed_and_somebody_elses_card_looks_at_the_past(self, bench: DeskBench) -> None:
        first, second = [await bench.propose("sell 10 AAPL market") for _ in range(2)]
        claim = bench.store.claim

        async def slowly(token: str, **terms: Any) -> Proposal | None:
            bench.store.claim = claim  # type: ignore[method-assign]
            await self.first_is_filled(bench, first)
            with pytest.raises(OrderDenied):
                await bench.propose("sell 1 AAPL market")
            return await claim(token, **terms)

        bench.store.claim = slowly  # type: ignore[method-assign]
        answer = await bench.confirm(second)
        assert (answer.outcome, len(bench.gateway.submitted)) == (Outcome.DENIED, 1)


async def test_the_day_counts_each_account_in_its_own_currency_and_at_its_own_rate() -> None:
    bench = DeskBench(Limits(daily_value=D(3000)))
    bench.market.named = (ACCOUNT, "DU2")
    bench.market.summaries["DU2"] = replace(bench.market.summaries[ACCOUNT], account="DU2", rates={"GBP": D("1.5")})
    bench.market.instrument = replace(AAPL, currency="GBP")
    made = await bench.desk.propose(parse("buy 9 AAPL 200"), user_id=TRADER, chat_id=CHAT, account="DU2")
    await bench.desk.shown(made.id, 55)
    assert (await bench.confirm(made)).outcome is Outcome.SENT
    bench.market.instrument = AAPL
    with pytest.raises(OrderDenied) as caught:
        await bench.propose("buy 2 AAPL 200")
    assert caught.value.actual == D("3100.00")
    await bench.propose("buy 1 AAPL 200")


class TestChangesOnTheirWay:
    async def test_a_larger_quantity_counts_before_tws_has_answered(self) -> None:
        bench = DeskBench(Limits(position_value=D(20_000)))
        await working(bench, "buy 10 AAPL 200")
        card = await change(bench, "sb-1-1", "buy 90 AAPL 200")
        await bench.propose("buy 90 AAPL 200")
        assert (await bench.confirm(card)).outcome is Outcome.SENT
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("buy 11 AAPL 200")
        assert (caught.value.limit, caught.value.actual) == (Limit.POSITION_VALUE, D("20200.00"))
        await bench.propose("buy 10 AAPL 200")

    async def test_a_smaller_one_counts_once_tws_has_taken_it(self) -> None:
        bench = DeskBench(Limits(short_selling=False))
        bench.market.held = D(10)
        await working(bench, "sell 10 AAPL 210")
        assert (await bench.confirm(await change(bench, "sb-1-1", "sell 4 AAPL 210"))).outcome is Outcome.SENT
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("sell 6 AAPL 211")
        assert (caught.value.limit, caught.value.allowed) == (Limit.SHORT_SELLING, 0)
        await hear(bench, replace(bench.gateway.open[0], ticket=parse("sell 4 AAPL 210"), remaining=D(4)))
        await bench.propose("sell 6 AAPL 211")

    async def test_one_that_tws_refused_does_not_count(self) -> None:
        bench = DeskBench(Limits(position_value=D(20_000)))
        await working(bench, "buy 10 AAPL 200")
        assert (await bench.confirm(await change(bench, "sb-1-1", "buy 90 AAPL 200"))).outcome is Outcome.SENT
        await hear(bench, replace(bench.gateway.open[0], refused_change="no"))
        await bench.propose("buy 90 AAPL 200")

    async def test_of_a_pair_the_half_that_grows_counts(self) -> None:
        bench = DeskBench(Limits(short_selling=False))
        bench.market.held = D(30)
        await working(bench, "sell 10 AAPL 210 oco stop 190")
        assert (await bench.confirm(await change(bench, "sb-1-1", "sell 20 AAPL 210"))).outcome is Outcome.SENT
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("sell 11 AAPL stop 180")
        assert caught.value.allowed == 10
