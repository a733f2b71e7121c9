"""With the limits that the bot has where no setting says otherwise, everyday trading goes its way."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.limit_settings import LimitSettings
from market.errors import LinkDown
from market.ticket import parse
from tests.fakes.desk import CHAT, TRADER, DeskBench
from tests.fakes.order_events import report
from tests.fakes.trading import AAPL
from trading.confirmation import Outcome
from trading.errors import Limit, OrderDenied
from trading.limits import TradingState
from trading.ports import OrderFate, OrderReport
from trading.proposal import LegState, Proposal

D = Decimal
BRACKET = "buy 10 AAPL 199.5 tp 210 sl 190"
PAIR = "sell 10 AAPL 210 oco stop 190"


@pytest.fixture
def bench() -> DeskBench:
    return DeskBench(LimitSettings.model_construct().limits)


async def working(bench: DeskBench, line: str, filled: int = 0) -> Proposal:
    """Send *line*; all its orders work, of the first so much is filled."""
    sent = await bench.sent(line)
    for leg in sent.legs:
        done = D(filled if leg.number == 1 else 0)
        state = LegState.FILLED if done == sent.order_of(leg).ticket.quantity else LegState.WORKING
        await bench.store.save_leg(sent.id, replace(leg, state=state, filled=done, perm_id=770 + leg.number))
    row = bench.store.rows[sent.id]
    bench.gateway.open = [report(OrderFate.WORKING, order_ref=leg.order_ref) for leg in row.legs]
    bench.clock.advance(10)
    return row


async def move(bench: DeskBench, sent: Proposal, number: int, **terms: Decimal) -> Proposal:
    leg = sent.legs[number - 1]
    ticket = replace(sent.order_of(leg).ticket, **terms)
    return await bench.desk.propose_change(leg.order_ref, ticket, user_id=TRADER, chat_id=CHAT)


class TestMovingWhatProtects:
    @pytest.mark.parametrize(("number", "terms"), [(2, {"limit_price": D(211)}), (3, {"stop_price": D(191)})])
    @pytest.mark.parametrize("filled", [0, 4, 10])
    async def test_target_and_stop_of_a_bracket_move_before_and_after_its_fill(
        self, bench: DeskBench, number: int, terms: dict[str, Decimal], filled: int
    ) -> None:
        sent = await working(bench, BRACKET, filled)
        bench.market.held = D(filled)
        shown = await move(bench, sent, number, **terms)
        await bench.desk.shown(shown.id, 55)
        await bench.confirm(bench.store.rows[shown.id])
        assert [ref for _, ref, _, _ in bench.gateway.changed] == [f"sb-1-{number}"]

    @pytest.mark.parametrize(("number", "terms"), [(1, {"limit_price": D(211)}), (2, {"stop_price": D(191)})])
    async def test_both_halves_of_a_pair_move(self, bench: DeskBench, number: int, terms: dict[str, Decimal]) -> None:
        bench.market.held = D(10)
        sent = await working(bench, PAIR)
        assert (await move(bench, sent, number, **terms)).id == 2

    async def test_the_stop_of_a_filled_bracket_moves_while_trading_reduces(self, bench: DeskBench) -> None:
        sent = await working(bench, BRACKET, 10)
        bench.market.held = D(10)
        bench.state = TradingState.REDUCING
        assert (await move(bench, sent, 3, stop_price=D(191))).id == 2

    async def test_a_rate_that_is_used_up_holds_no_stop_of_an_entry_at_work_where_it_is(self) -> None:
        shipped = LimitSettings.model_construct().limits
        bench = DeskBench(replace(shipped, orders_per_minute=1, daily_value=D(2000), position_value=D(2000)))
        sent = await working(bench, BRACKET)
        assert (await move(bench, sent, 3, stop_price=D(191))).id == 2

    async def test_a_stop_does_not_grow_beyond_what_is_held_and_what_still_comes(self, bench: DeskBench) -> None:
        sent = await working(bench, BRACKET, 4)
        bench.market.held = D(4)
        with pytest.raises(OrderDenied) as caught:
            await move(bench, sent, 3, quantity=D(11))
        assert (caught.value.limit, caught.value.allowed) == (Limit.SHORT_SELLING, D(10))

    async def test_a_target_left_over_without_a_position_does_not_become_a_short_sale(self, bench: DeskBench) -> None:
        sent = await working(bench, BRACKET, 10)
        bench.market.held = D(0)
        with pytest.raises(OrderDenied) as caught:
            await move(bench, sent, 2, limit_price=D(199))
        assert caught.value.limit is Limit.SHORT_SELLING


def placed(line: str, group: str = "") -> OrderReport:
    """Return an order that was placed by hand in TWS."""
    ticket = parse(line)
    more = {"order_ref": "", "order_id": 0, "client_id": 0, "instrument": AAPL, "ticket": ticket, "group": group}
    return report(OrderFate.WORKING, 0, int(ticket.quantity), **more)


class TestWhatWorksBeside:
    @pytest.mark.parametrize(
        ("first", "second", "said"),
        [
            (BRACKET, "sell 10 AAPL market", "with this one 10 more than you hold"),
            (
                "sell 10 AAPL stop 190",
                "sell 4 AAPL 201",
                "with this one 4 more than you hold",
            ),
        ],
    )
    async def test_a_sale_beside_a_stop_says_what_would_trade_on(
        self, bench: DeskBench, first: str, second: str, said: str
    ) -> None:
        bench.market.held = D(10)
        await working(bench, first, 10 if first is BRACKET else 0)
        assert f"orders at work sell 10 too: {said}" in (await bench.propose(second)).warnings

    async def test_a_sale_that_leaves_the_stop_its_share_says_nothing(self, bench: DeskBench) -> None:
        bench.market.held = D(10)
        await working(bench, "sell 6 AAPL stop 190")
        assert (await bench.propose("sell 4 AAPL 201")).warnings == ()

    async def test_a_purchase_that_covers_beside_a_stop_says_it_too(self, bench: DeskBench) -> None:
        bench.market.held = D(-10)
        await working(bench, "buy 10 AAPL stop 210")
        said = "orders at work buy 10 too: with this one 10 more than you are short"
        assert said in (await bench.propose("buy 10 AAPL 199")).warnings

    async def test_what_sells_in_tws_has_its_share_of_what_is_held(self, bench: DeskBench) -> None:
        bench.market.held = D(10)
        bench.gateway.open = [placed("sell 7 AAPL 205")]
        assert (await bench.propose("sell 3 AAPL 201")).id == 1
        with pytest.raises(OrderDenied) as caught:
            await bench.propose("sell 4 AAPL 201")
        assert (caught.value.limit, caught.value.allowed) == (Limit.SHORT_SELLING, D(3))

    async def test_a_purchase_does_not_ask_what_works_in_tws(self, bench: DeskBench) -> None:
        bench.gateway.query_errors = {"open": LinkDown()}
        assert (await bench.propose("buy 10 AAPL 199")).id == 1

    async def test_without_an_answer_about_tws_nothing_is_sold(self, bench: DeskBench) -> None:
        bench.market.held = D(10)
        shown = await bench.propose("sell 10 AAPL 201")
        bench.gateway.query_errors = {"open": LinkDown()}
        assert (await bench.confirm(shown)).outcome is Outcome.LINK_DOWN
        assert bench.gateway.submitted == []

    async def test_a_target_with_its_stop_in_tws_holds_up_nobody_who_closes(self, bench: DeskBench) -> None:
        bench.market.held = D(10)
        bench.gateway.open = [placed("sell 10 AAPL 210", "g"), placed("sell 10 AAPL stop 190", "g")]
        shown = await bench.propose("sell 10 AAPL market")
        assert "orders at work sell 10 too: with this one 10 more than you hold" in shown.warnings

    async def test_a_purchase_asked_meanwhile_does_not_hide_what_sells_in_tws(self, bench: DeskBench) -> None:
        bench.market.held = D(10)
        shown = await bench.propose("sell 10 AAPL 201")
        bench.gateway.open = [placed("sell 10 AAPL 205")]
        await bench.propose("buy 1 AAPL 199", card=56)
        answer = await bench.confirm(shown)
        assert answer.denial is not None
        assert answer.denial.limit is Limit.SHORT_SELLING
