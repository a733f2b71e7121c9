"""With the limits that the bot has where no setting says otherwise, everyday trading goes its way."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.limit_settings import LimitSettings
from tests.fakes.desk import CHAT, TRADER, DeskBench
from tests.fakes.order_events import report
from trading.errors import Limit, OrderDenied
from trading.limits import TradingState
from trading.ports import OrderFate
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
