"""What guards make of several orders: at once, one after another, in a list, on a position that is being reduced."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from market.account import Position
from market.errors import LinkDown
from market.instrument import ComboLeg, Instrument, SecType
from market.ticket import parse
from tests.fakes.desk import ADMIN, CHAT, OTHER, TRADER, DeskBench
from tests.fakes.order_events import fill, hear, paid, report
from tests.fakes.trading import AAPL, ACCOUNT
from trading.bounds import Limits
from trading.confirmation import Outcome
from trading.errors import Limit, OrderDenied
from trading.limits import TradingState
from trading.ports import OrderFate
from trading.proposal import LegOrder, LegRole

D = Decimal


def give(bench: DeskBench, **values: Any) -> None:
    """Change what IBKR tells of the account."""
    bench.market.summaries[ACCOUNT] = replace(bench.market.summaries[ACCOUNT], **values)


class TestTwoAtOnce:
    @pytest.mark.parametrize(
        ("limits", "limit"),
        [
            ({"orders_per_minute": 1}, Limit.ORDERS_PER_MINUTE),
            ({"total_orders_per_minute": 1}, Limit.TOTAL_ORDERS_PER_MINUTE),
            ({"daily_value": D("3000")}, Limit.DAILY_VALUE),
            ({"total_daily_value": D("3000")}, Limit.TOTAL_DAILY_VALUE),
            ({"position_value": D("3000")}, Limit.POSITION_VALUE),
            ({"duplicate_s": 10.0}, Limit.DUPLICATE),
        ],
    )
    async def test_of_two_cards_confirmed_at_once_the_limit_lets_one_through(
        self, limits: dict[str, Any], limit: Limit
    ) -> None:
        bench = DeskBench(replace(Limits(), **limits))
        cards = [await bench.propose(card=number) for number in (1, 2)]
        answers = await asyncio.gather(*(bench.confirm(one, card=number) for number, one in enumerate(cards, 1)))
        assert sorted(one.outcome for one in answers) == [Outcome.DENIED, Outcome.SENT]
        assert [one.denial.limit for one in answers if one.denial] == [limit]
        assert len(bench.gateway.submitted) == 1

    async def test_two_sales_on_their_way_do_not_turn_a_position_around(self) -> None:
        bench = DeskBench()
        bench.market.held = Decimal(10)
        bench.state = TradingState.REDUCING
        cards = [await bench.propose("sell 10 AAPL market", card=number) for number in (1, 2)]
        answers = await asyncio.gather(*(bench.confirm(one, card=number) for number, one in enumerate(cards, 1)))
        assert sorted(one.outcome for one in answers) == [Outcome.DENIED, Outcome.SENT]
        assert len(bench.gateway.submitted) == 1


class TestHistory:
    async def test_a_restart_forgets_neither_the_minute_nor_the_day(self) -> None:
        for limits in ({"orders_per_minute": 1}, {"daily_value": D("3000")}, {"duplicate_s": 10.0}):
            bench = DeskBench(replace(Limits(), **limits))
            await bench.sent()
            bench.desk = bench.open_desk(replace(Limits(), **limits))
            with pytest.raises(OrderDenied):
                await bench.propose()

    async def test_a_day_begins_at_midnight_of_the_bots_own_zone(self) -> None:
        bench = DeskBench(replace(Limits(quote_age_s=None), daily_value=D("3000")))
        await bench.sent()
        # 15:00 UTC is 10:00 in New York: midnight there is fourteen hours away.
        bench.clock.advance(14 * 3600 - 1)
        with pytest.raises(OrderDenied):
            await bench.propose()
        bench.clock.advance(1)
        await bench.propose()

    async def test_what_was_never_filled_does_not_count_for_the_day(self) -> None:
        bench = DeskBench(replace(Limits(), daily_value=D("3000")))
        await bench.sent()
        await hear(bench, report(OrderFate.CANCELLED, filled=4))
        with pytest.raises(OrderDenied):
            await bench.propose("buy 12 AAPL 199.50")
        await bench.propose("buy 11 AAPL 199.50")

    async def test_an_order_that_was_not_sent_does_not_count(self) -> None:
        bench = DeskBench(replace(Limits(), orders_per_minute=1))
        bench.gateway.submit_error = LinkDown()
        first = await bench.propose()
        assert (await bench.confirm(first)).outcome is Outcome.NOT_SENT
        bench.gateway.submit_error = None
        second = await bench.propose()
        assert (await bench.confirm(second)).outcome is Outcome.SENT

    async def test_another_persons_orders_count_for_all_people_only(self) -> None:
        bench = DeskBench(replace(Limits(), orders_per_minute=1, duplicate_s=10.0))
        await bench.sent()
        proposal = await bench.desk.propose(parse("buy 10 AAPL 199.50"), user_id=OTHER, chat_id=CHAT)
        assert proposal.id == 2


class TestReducing:
    async def test_what_closes_a_position_is_held_up_by_no_count(self) -> None:
        limits = replace(Limits(), orders_per_minute=1, daily_value=D(1), total_orders_per_minute=1, daily_loss=D(1))
        bench = DeskBench()
        await bench.sent("buy 1 AAPL 199.50")
        bench.market.held = Decimal(10)
        give(bench, daily_pnl=D(-1000))
        bench.desk = bench.open_desk(limits)
        with pytest.raises(OrderDenied):
            await bench.propose("buy 1 AAPL 199.50")
        await bench.propose("sell 10 AAPL market")
        with pytest.raises(OrderDenied):
            await bench.propose("sell 11 AAPL market")

    async def test_a_stop_that_protects_does_not_keep_a_position_from_being_closed_unless_trading_reduces(self) -> None:
        bench = DeskBench(replace(Limits(), short_selling=False))
        bench.market.held = Decimal(10)
        await bench.sent("sell 10 AAPL stop 190")
        await bench.propose("sell 10 AAPL market")
        bench.state = TradingState.REDUCING
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("sell 1 AAPL market")
        assert caught.value.allowed == 0

    async def test_neither_does_the_target_that_goes_with_a_stop(self) -> None:
        bench = DeskBench(replace(Limits(), short_selling=False))
        bench.market.held = Decimal(10)
        await bench.sent("sell 10 AAPL 210 oco stop 190")
        await bench.propose("sell 10 AAPL market")
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("sell 11 AAPL market")
        assert (caught.value.limit, caught.value.allowed) == (Limit.SHORT_SELLING, 10)

    async def test_a_position_can_be_closed_beside_the_children_of_the_bracket_that_opened_it(self) -> None:
        bench = DeskBench(replace(Limits(), short_selling=False))
        await bench.sent("buy 10 AAPL 199.50 tp 210 sl 190")
        await hear(bench, paid(fill(bench, 1, 10, 10)))
        bench.market.held = Decimal(10)
        await bench.propose("sell 10 AAPL market")
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("sell 11 AAPL market")
        assert caught.value.allowed == 10

    @pytest.mark.parametrize("first", ["sell 6 AAPL 210 oco stop 190", "sell 6 AAPL 215", "sell 6 AAPL stop 180"])
    async def test_a_pair_is_a_target_and_a_stop_and_neither_may_be_one_too_many(self, first: str) -> None:
        bench = DeskBench(replace(Limits(), short_selling=False))
        bench.market.held = Decimal(10)
        await bench.sent(first)
        await bench.propose("sell 4 AAPL 211 oco stop 191")
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("sell 5 AAPL 211 oco stop 191")
        assert caught.value.allowed == 4

    async def test_two_sales_of_what_is_there_once_are_a_short_sale(self) -> None:
        bench = DeskBench(replace(Limits(), short_selling=False))
        bench.market.held = Decimal(10)
        await bench.sent("sell 6 AAPL 210")
        await bench.propose("sell 4 AAPL 211")
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("sell 5 AAPL 211")
        assert (caught.value.limit, caught.value.allowed) == (Limit.SHORT_SELLING, 4)

    async def test_a_bracket_would_open_a_position_again(self) -> None:
        bench = DeskBench()
        bench.market.held = Decimal(10)
        bench.state = TradingState.REDUCING
        with pytest.raises(OrderDenied):
            await bench.propose("sell 10 AAPL 199.50 tp 190 sl 210")

    async def test_of_a_pair_that_cancels_itself_one_counts(self) -> None:
        bench = DeskBench()
        bench.market.held = Decimal(20)
        await bench.sent("sell 10 AAPL 210 oco stop 190")
        bench.state = TradingState.REDUCING
        await bench.propose("sell 10 AAPL market")
        with pytest.raises(OrderDenied):
            await bench.propose("sell 11 AAPL market")

    async def test_a_brackets_children_sell_nothing_before_it_is_filled(self) -> None:
        bench = DeskBench()
        await bench.sent("buy 10 AAPL 199.50 tp 210 sl 190")
        bench.market.held = Decimal(10)
        bench.state = TradingState.REDUCING
        await bench.propose("sell 10 AAPL market")

    async def test_a_combo_reduces_where_each_of_its_legs_does(self) -> None:
        combo = Instrument(-7, "SPY", SecType.COMBO, legs=(ComboLeg(1, 1, "BUY"), ComboLeg(2, 1, "SELL")))
        bench = DeskBench(Limits(kinds=None))
        bench.market.instrument = combo
        bench.state = TradingState.REDUCING
        legs = {1: Decimal(3), 2: Decimal(-2)}
        bench.market.positions = lambda account: [  # type: ignore[method-assign]
            Position(account, Instrument(con_id, "SPY"), quantity, Decimal(1)) for con_id, quantity in legs.items()
        ]
        await bench.propose("sell 2 SPY market")
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("sell 3 SPY market")
        assert caught.value.allowed == 2
        with pytest.raises(OrderDenied):
            await bench.propose("buy 1 SPY market")

    async def test_what_tws_has_placed_counts_while_trading_reduces(self) -> None:
        bench = DeskBench()
        bench.market.held = Decimal(10)
        ticket = parse("sell 6 AAPL 210")
        known = {"order_ref": "", "ticket": ticket, "instrument": AAPL}
        bench.gateway.open = [report(OrderFate.WORKING, remaining=6, **known)]
        await bench.propose("sell 10 AAPL market")
        bench.state = TradingState.REDUCING
        await bench.propose("sell 4 AAPL market")
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("sell 5 AAPL market")
        assert caught.value.allowed == 4
        bench.gateway.query_errors["open"] = LinkDown()
        with pytest.raises(LinkDown):
            await bench.propose("sell 4 AAPL market")


class TestLists:
    def orders(self, *texts: str) -> list[LegOrder]:
        return [LegOrder(LegRole.PART, AAPL, parse(text), ACCOUNT, reference_price=Decimal("200.0")) for text in texts]

    async def propose(self, bench: DeskBench, *texts: str) -> None:
        orders = self.orders(*texts)
        await bench.desk.propose_list(orders[0].ticket, orders, user_id=TRADER, chat_id=CHAT)

    @pytest.mark.parametrize(
        ("limits", "limit"),
        [
            ({"orders_per_minute": 2}, Limit.ORDERS_PER_MINUTE),
            ({"daily_value": D("4189.98")}, Limit.DAILY_VALUE),
            ({"total_daily_value": D("4189.98")}, Limit.TOTAL_DAILY_VALUE),
            ({"position_value": D("4189.98")}, Limit.POSITION_VALUE),
        ],
    )
    async def test_the_whole_of_a_list_counts(self, limits: dict[str, Any], limit: Limit) -> None:
        bench = DeskBench(replace(Limits(), **limits))
        await self.propose(bench, "buy 10 AAPL 199.50", "buy 10 AAPL 199.50")
        with pytest.raises(OrderDenied) as caught:
            await self.propose(bench, "buy 10 AAPL 199.50", "buy 10 AAPL 199.50", "buy 1 AAPL 199.99")
        assert (caught.value.limit, caught.value.about) == (limit, "AAPL")

    async def test_each_of_a_list_takes_its_part_of_the_buying_power(self) -> None:
        bench = DeskBench(replace(Limits(), buying_power=True))
        give(bench, buying_power=D("3990.00"))
        await self.propose(bench, "buy 10 AAPL 199.50", "buy 10 AAPL 199.50")
        with pytest.raises(OrderDenied) as caught:
            await self.propose(bench, "buy 10 AAPL 199.50", "buy 10 AAPL 199.51")
        assert (caught.value.allowed, caught.value.actual) == (D("1995.00"), D("1995.10"))

    async def test_two_of_a_list_do_not_sell_the_same_shares(self) -> None:
        bench = DeskBench(replace(Limits(), short_selling=False))
        bench.market.held = Decimal(10)
        await self.propose(bench, "sell 5 AAPL 199.50", "sell 5 AAPL 199.50")
        with pytest.raises(OrderDenied):
            await self.propose(bench, "sell 5 AAPL 199.50", "sell 6 AAPL 199.50")

    async def test_a_bracket_is_one_order(self) -> None:
        bench = DeskBench(replace(Limits(), orders_per_minute=1, daily_value=D("1995.00")))
        await bench.sent("buy 10 AAPL 199.50 tp 210 sl 190")
        assert len(bench.gateway.submitted) == 3
        bench.clock.advance(61)
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("buy 1 AAPL 1")
        assert caught.value.actual == D("1996.00")


class TestState:
    async def test_a_halt_between_the_claim_and_the_order_stops_the_order(self) -> None:
        bench = DeskBench()
        proposal = await bench.propose()
        claim = bench.store.claim

        async def halted_meanwhile(*args: Any, **kwargs: Any) -> Any:
            claimed = await claim(*args, **kwargs)
            bench.state = TradingState.HALTED
            return claimed

        bench.store.claim = halted_meanwhile  # type: ignore[method-assign]
        answer = await bench.confirm(proposal)
        assert (answer.outcome, answer.denial and answer.denial.limit) == (Outcome.DENIED, Limit.TRADING_STATE)
        assert bench.gateway.submitted == []

    async def test_a_halt_between_two_orders_of_a_list_stops_the_second(self) -> None:
        bench = DeskBench()
        orders = TestLists().orders("buy 1 AAPL 199.50", "buy 2 AAPL 199.50")
        proposal = await bench.desk.propose_list(orders[0].ticket, orders, user_id=TRADER, chat_id=CHAT)
        await bench.desk.shown(proposal.id, 1)
        bench.gateway.during_submit = lambda _ref: setattr(bench, "state", TradingState.HALTED)
        answer = await bench.confirm(bench.store.rows[proposal.id], card=1)
        assert answer.outcome is Outcome.PARTLY
        assert len(bench.gateway.submitted) == 1

    async def test_a_halt_voids_every_open_card(self) -> None:
        bench = DeskBench()
        first, second = await bench.propose(card=1), await bench.propose(card=None)
        closed = await bench.desk.halt()
        assert [one.id for one in closed] == [first.id, second.id]
        assert (await bench.confirm(first, card=1)).outcome is Outcome.DENIED
        assert await bench.desk.halt() == []

    async def test_what_cannot_be_read_is_a_halt(self) -> None:
        bench = DeskBench()
        bench.state = OSError("no such folder")
        with pytest.raises(OrderDenied) as caught:
            await bench.propose()
        assert caught.value.actual == "halted"

    async def test_limits_are_each_persons_own(self) -> None:
        bench = DeskBench()
        guards = bench.desk._guards
        guards._limits = lambda user: Limits(order_value=Decimal(1000 if user == TRADER else 5000))
        with pytest.raises(OrderDenied):
            await bench.propose()
        await bench.desk.propose(parse("buy 10 AAPL 199.50"), user_id=ADMIN, chat_id=CHAT)

    async def test_a_day_that_was_lost_once_stays_so(self) -> None:
        bench = DeskBench(replace(Limits(), daily_loss=D(500)))
        give(bench, daily_pnl=D(100))
        await bench.propose()
        bench.desk._guards._loss_locked = lambda _account: bench.clock.now() - timedelta(hours=1)
        with pytest.raises(OrderDenied) as caught:
            await bench.propose()
        assert caught.value.limit is Limit.DAILY_LOSS
