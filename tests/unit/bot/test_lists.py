"""Lists in the chat: close, flatten, several accounts, rebalance and its second card."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.callback_data import Code, encode
from bot.errors import ChatClosed, DeliveryUnknown
from market.account import AccountSummary, Position
from market.errors import LinkDown
from market.ticket import Side
from tests.fakes.chat import AAPL, ACCOUNT, ADMIN, MSFT, VIEWER, Chat
from trading.proposal import LegState, ProposalState
from trading.state import TradingState


@pytest.fixture
def chat() -> Chat:
    return Chat()


def hold(chat: Chat, **quantities: int) -> None:
    """Let the account hold so many shares of each."""
    named = {"AAPL": AAPL, "MSFT": MSFT}
    chat.floor.held_positions = [
        Position(ACCOUNT, named[name], Decimal(number), Decimal(150), Decimal(200), Decimal(200) * number)
        for name, number in quantities.items()
    ]


def fund(chat: Chat, *, net: int, cash: int) -> None:
    chat.floor.summaries[ACCOUNT] = AccountSummary(
        ACCOUNT, "USD", net_liquidation=Decimal(net), cash=Decimal(cash), buying_power=Decimal(net) * 2
    )


class TestClose:
    @pytest.mark.parametrize(
        ("line", "order"),
        [
            ("/close AAPL", "SELL 15 AAPL"),
            ("/close half AAPL", "SELL 7 AAPL"),
            ("/close AAPL half", "SELL 7 AAPL"),
            ("/close 25% AAPL", "SELL 3 AAPL"),
        ],
    )
    async def test_without_a_price_it_is_asked_for(self, chat: Chat, line: str, order: str) -> None:
        hold(chat, AAPL=15)
        text = await chat.say(line)
        assert f"{order}: at what price?" in text
        assert chat.store.rows == {}
        await chat.tap("Market")
        assert f"{order} MARKET · confirm?" in chat.reply.text

    async def test_with_a_price_the_card_comes_at_once(self, chat: Chat) -> None:
        hold(chat, AAPL=15)
        assert "SELL 15 AAPL LIMIT 201.00 · confirm?" in await chat.say("/close AAPL 201 gtc")

    async def test_a_short_position_is_bought_back(self, chat: Chat) -> None:
        hold(chat, AAPL=-4)
        assert "BUY 4 AAPL MARKET · confirm?" in await chat.say("/close AAPL market")

    async def test_what_is_not_held_is_said_so_and_nothing_is_sent(self, chat: Chat) -> None:
        text = await chat.say("/close AAPL")
        assert "you hold no AAPL" in text
        assert "PAPER" in text.splitlines()[0]
        assert "Nothing was sent to the market" in text

    async def test_alone_it_asks_which_position(self, chat: Chat) -> None:
        hold(chat, AAPL=15, MSFT=3)
        assert "Close which position?" in await chat.say("/close")
        assert chat.labels() == ["Close AAPL", "50%", "25%", "Close MSFT", "50%", "25%"]
        await chat.tap("25%")
        assert "SELL 3 AAPL: at what price?" in chat.reply.text

    async def test_a_share_that_no_button_has_is_not_understood(self, chat: Chat) -> None:
        hold(chat, AAPL=15)
        for share in (0, 101):
            assert "not understood" in await chat.press(encode(Code.POSITION_CLOSE, AAPL.con_id, share), 1)
        assert "traders" in await chat.press(encode(Code.POSITION_CLOSE, AAPL.con_id, 100), 1, VIEWER)
        assert chat.store.rows == {}

    async def test_what_ends_the_position_already_is_said_with_a_button_to_cancel_it(self, chat: Chat) -> None:
        hold(chat, AAPL=15)
        await chat.say("sell 15 AAPL stop 190 gtc")
        await chat.tap("Confirm")
        await chat.say("/close AAPL market")
        warning = chat.reply.last_id - 1
        assert "#1 SELL 15 AAPL STOP 190.00 still works" in chat.reply.shown[warning].html
        await chat.tap("Cancel #1", on=warning)
        assert "A protective stop is among them" in chat.reply.text
        chat.clock.advance(10)
        assert "#1 SELL 15 AAPL STOP 190.00 still works" in await chat.say("/flatten")
        await chat.tap("Cancel #1", on=chat.reply.last_id - 1)
        assert "A protective stop is among them" in chat.reply.text

    async def test_where_the_card_is_denied_what_stands_in_its_way_can_be_cancelled(self, chat: Chat) -> None:
        hold(chat, AAPL=15)
        await chat.say("sell 15 AAPL 210 gtc")
        await chat.tap("Confirm")
        chat.trading_state = TradingState.REDUCING
        assert "Denied by a limit" in await chat.say("/flatten")
        await chat.tap("Cancel #1", on=chat.reply.last_id - 1)
        assert chat.gateway.cancelled == [chat.store.rows[1].legs[0].order_id]

    async def test_a_bracket_that_waits_for_its_fill_ends_no_position(self, chat: Chat) -> None:
        hold(chat, AAPL=15)
        await chat.say("buy 10 AAPL 190 tp 210 sl 180")
        await chat.tap("Confirm")
        before = chat.reply.last_id
        assert "still works" not in await chat.say("/flatten")
        assert chat.reply.last_id == before + 1


class TestFlatten:
    async def test_one_card_and_one_confirm_send_each_order_once(self, chat: Chat) -> None:
        hold(chat, AAPL=15, MSFT=-3)
        text = await chat.say("/flatten")
        assert "PAPER" in text.splitlines()[0]
        assert "SELL 15 AAPL MARKET" in text
        assert "BUY 3 MSFT MARKET" in text
        assert chat.gateway.submitted == []
        await chat.tap("Confirm")
        sent = [(ref, ticket.side, ticket.quantity) for ref, ticket, _ in chat.gateway.submitted]
        assert sent == [("sb-1-1", Side.SELL, 15), ("sb-1-2", Side.BUY, 3)]

    async def test_with_nothing_held_nothing_is_proposed(self, chat: Chat) -> None:
        assert "No positions" in await chat.say("/flatten")
        assert chat.store.rows == {}

    @pytest.mark.parametrize("line", ["/flatten", "/close AAPL", "/rebalance AAPL 20%"])
    async def test_before_the_account_is_told_of_nobody_says_that_nothing_is_held(self, chat: Chat, line: str) -> None:
        chat.floor.summaries.clear()
        text = await chat.say(line)
        assert f"IBKR has not told yet what account {ACCOUNT} is worth" in text
        assert "Nothing was sent to the market" in text
        assert chat.store.rows == {}

    async def test_a_closed_market_is_said_with_when_it_opens(self, chat: Chat) -> None:
        hold(chat, AAPL=15)
        chat.clock.advance(timedelta(hours=8).total_seconds())
        text = await chat.say("/flatten")
        assert "15 AAPL stays: its market is closed" in text
        assert chat.store.rows == {}

    async def test_an_account_that_is_not_managed_here_is_refused(self, chat: Chat) -> None:
        assert "there is no account U99" in await chat.say("/flatten u99")


class TestOverAccounts:
    async def test_a_line_with_accounts_becomes_one_order_each(self, chat: Chat) -> None:
        chat.floor.named = (ACCOUNT, "DU7654321")
        chat.floor.summaries["DU7654321"] = replace(chat.floor.summaries[ACCOUNT], account="DU7654321")
        text = await chat.say("buy 11 AAPL 199.5 accounts equal")
        assert "1 AAPL not ordered: left over by the division" in text
        await chat.tap("Confirm")
        sent = [(ticket.quantity, account) for _, ticket, account in chat.gateway.submitted]
        assert sent == [(5, ACCOUNT), (5, "DU7654321")]

    async def test_the_command_reads_it_too(self, chat: Chat) -> None:
        text = await chat.say(f"/buy 10 AAPL 199.5 accounts {ACCOUNT}=9")
        assert "the accounts get 9 together, and the order is about 10" in text

    async def test_a_price_must_be_said(self, chat: Chat) -> None:
        assert "before the accounts" in await chat.say("buy 10 AAPL accounts equal")
        assert chat.store.rows == {}


class TestRebalance:
    async def test_one_card_lists_every_order_and_what_stays(self, chat: Chat) -> None:
        hold(chat, AAPL=100)
        text = await chat.say("/rebalance MSFT 10% cash 50%")
        assert "BUY 49 MSFT MARKET" in text
        assert "100 AAPL stays: not named, 20.0% of net liquidation" in text
        assert "cash comes to about $50,199.02 (50.2%), 50.0% was asked for" in text

    async def test_what_is_balanced_orders_nothing(self, chat: Chat) -> None:
        hold(chat, AAPL=100)
        assert "balanced already" in await chat.say("/rebalance AAPL 20%")
        assert chat.store.rows == {}

    async def test_alone_it_says_how_it_is_written(self, chat: Chat) -> None:
        assert "/rebalance AAPL 40% MSFT 30% cash 30%" in await chat.say("/rebalance")

    async def test_a_bad_line_is_answered_with_two_that_work(self, chat: Chat) -> None:
        text = await chat.say("/rebalance AAPL 60% MSFT 50%")
        assert "at most 100% together" in text
        assert "AAPL 40% MSFT 30% cash 30%" in text


class TestSecondCard:
    async def sold(self, chat: Chat, *, price: str = "199.98", state: LegState = LegState.FILLED) -> None:
        """Confirm sales whose purchases wait, and let IBKR end them."""
        hold(chat, AAPL=200)
        fund(chat, net=100_000, cash=1_000)
        await chat.say("/rebalance AAPL 20% MSFT 15%")
        await chat.tap("Confirm")
        await self.end(chat, state, price)

    @staticmethod
    async def end(chat: Chat, state: LegState, price: str = "199.98") -> None:
        row = chat.store.rows[1]
        (leg,) = row.legs
        filled = row.ticket.quantity if state is LegState.FILLED else Decimal(0)
        await chat.store.save_leg(1, replace(leg, state=state, filled=filled, average_price=Decimal(price)))

    async def test_purchases_wait_for_the_sales_and_then_get_a_card_of_their_own(self, chat: Chat) -> None:
        hold(chat, AAPL=200)
        fund(chat, net=100_000, cash=1_000)
        text = await chat.say("/rebalance AAPL 20% MSFT 15%")
        first = chat.reply.last_id
        assert "SELL 99 AAPL MARKET" in text
        assert "BUY 74 MSFT (about $14,801.48) waits for the sales" in text
        await chat.tap("Confirm")
        await chat.handlers.rest.look()
        assert [ref for ref, _, _ in chat.gateway.submitted] == ["sb-1-1"]
        assert len(chat.store.rows) == 1
        await self.end(chat, LegState.FILLED)
        await chat.handlers.rest.look()
        assert "BUY 74 MSFT MARKET · confirm?" in chat.reply.text
        assert "The sales of #1 are done" in chat.reply.text
        assert chat.reply.replies[chat.reply.last_id] == first
        assert len(chat.gateway.submitted) == 1
        await chat.tap("Confirm")
        assert [ref for ref, _, _ in chat.gateway.submitted] == ["sb-1-1", "sb-2-1"]
        await chat.handlers.rest.look()
        assert chat.sequels.rows == {}
        assert chat.rest_news.told == []

    async def test_the_card_is_offered_once_however_often_it_is_looked(self, chat: Chat) -> None:
        await self.sold(chat)
        for _ in range(3):
            await chat.handlers.rest.look()
        assert len(chat.store.rows) == 2

    async def test_sales_that_brought_less_buy_less(self, chat: Chat) -> None:
        await self.sold(chat, price="100")
        await chat.handlers.rest.look()
        # 1,000 and 9,900 are there; 54 shares at 200.02.
        assert "BUY 54 MSFT MARKET · confirm?" in chat.reply.text
        assert "20 MSFT not bought: the money does not reach" in chat.reply.text

    async def test_where_nothing_was_sold_the_purchases_are_dropped_and_that_is_told(self, chat: Chat) -> None:
        await self.sold(chat, state=LegState.REJECTED)
        await chat.handlers.rest.look()
        assert chat.rest_news.told == [("dropped", 1, "not sold")]
        assert chat.sequels.rows == {}
        assert len(chat.store.rows) == 1

    async def test_a_first_card_that_is_cancelled_leaves_nothing_waiting(self, chat: Chat) -> None:
        hold(chat, AAPL=200)
        fund(chat, net=100_000, cash=1_000)
        await chat.say("/rebalance AAPL 20% MSFT 15%")
        await chat.tap("Cancel")
        await chat.handlers.rest.look()
        assert chat.sequels.rows == {}
        assert chat.rest_news.told == []

    async def test_purchases_wait_for_the_card_that_took_the_first_ones_place(self, chat: Chat) -> None:
        hold(chat, AAPL=200)
        fund(chat, net=100_000, cash=1_000)
        await chat.say("/rebalance AAPL 20% MSFT 15%")
        chat.floor.last, chat.floor.bid, chat.floor.ask = 205.0, 204.98, 205.02
        await chat.tap("Confirm")
        assert "The price has moved" in chat.reply.text
        assert chat.gateway.submitted == []
        await chat.handlers.rest.look()
        await chat.tap("Confirm")
        assert [ref for ref, _, _ in chat.gateway.submitted] == ["sb-2-1"]
        (leg,) = chat.store.rows[2].legs
        sold = replace(leg, state=LegState.FILLED, filled=Decimal(99), average_price=Decimal(205))
        await chat.store.save_leg(2, sold)
        await chat.handlers.rest.look()
        assert "The sales of #2 are done" in chat.reply.text
        assert "BUY 74 MSFT MARKET · confirm?" in chat.reply.text

    async def test_a_first_card_of_which_nobody_knows_whether_it_arrived_waits_once(self, chat: Chat) -> None:
        hold(chat, AAPL=200)
        fund(chat, net=100_000, cash=1_000)
        chat.reply.failures.append(DeliveryUnknown("timed out"))
        await chat.say("/rebalance AAPL 20% MSFT 15%")
        assert len(chat.sequels.rows) == 1
        await chat.handlers.rest.look()
        await chat.tap("Confirm")
        (leg,) = chat.store.rows[2].legs
        sold = replace(leg, state=LegState.FILLED, filled=Decimal(99), average_price=Decimal(200))
        await chat.store.save_leg(2, sold)
        await chat.handlers.rest.look()
        await chat.handlers.rest.look()
        assert len(chat.store.rows) == 3
        assert "BUY 74 MSFT MARKET · confirm?" in chat.reply.text

    async def test_a_second_card_that_does_not_arrive_is_told_through_the_outbox(self, chat: Chat) -> None:
        await self.sold(chat)
        chat.reply.failures.append(ChatClosed("blocked"))
        await chat.handlers.rest.look()
        await chat.handlers.rest.look()
        assert chat.rest_news.told == [("waits", 1, "")]
        assert chat.store.rows[2].state is ProposalState.VOID
        assert len(chat.store.rows) == 2

    async def test_a_second_card_that_expires_is_told_once_and_can_be_had_again_by_its_person(self, chat: Chat) -> None:
        await self.sold(chat)
        await chat.handlers.rest.look()
        chat.clock.advance(61)
        await chat.handlers.orders.expire()
        for _ in range(2):
            await chat.handlers.rest.look()
        assert chat.rest_news.told == [("waits", 1, "")]
        data = encode(Code.ORDER_REST, 1)
        assert "do not wait" in await chat.press(data, 1, ADMIN)
        await chat.press(data, 1)
        assert "BUY 74 MSFT MARKET · confirm?" in chat.reply.text
        assert chat.store.rows[3].state is ProposalState.PROPOSED
        assert "already: #3" in await chat.press(data, 1)
        assert len(chat.store.rows) == 3

    async def test_what_forbids_the_second_card_is_told_once(self, chat: Chat) -> None:
        await self.sold(chat)
        chat.floor.quote_error = None
        chat.floor.bid = chat.floor.ask = chat.floor.last = None
        for _ in range(2):
            await chat.handlers.rest.look()
        ((kind, _, why),) = chat.rest_news.told
        assert kind == "waits"
        assert "there is no price of <b>MSFT</b>" in why

    async def test_without_a_link_it_is_tried_again(self, chat: Chat) -> None:
        await self.sold(chat)
        chat.floor.quote_error = LinkDown("lost")
        await chat.handlers.rest.look()
        assert chat.rest_news.told == []
        chat.floor.quote_error = None
        await chat.handlers.rest.look()
        assert "BUY 74 MSFT MARKET · confirm?" in chat.reply.text

    async def test_before_the_link_is_in_step_no_card_is_made(self, chat: Chat) -> None:
        await self.sold(chat)
        chat.is_linked = False
        for _ in range(3):
            await chat.handlers.rest.look()
            chat.clock.advance(60)
        assert len(chat.store.rows) == 1
        chat.is_linked = True
        await chat.handlers.rest.look()
        assert "BUY 74 MSFT MARKET · confirm?" in chat.reply.text
        assert chat.rest_news.told == []

    @pytest.mark.parametrize("cash", [None, Decimal(1_000)])
    async def test_before_the_accounts_values_have_come_it_is_looked_again(
        self, chat: Chat, cash: Decimal | None
    ) -> None:
        await self.sold(chat)
        known = chat.floor.summaries.pop(ACCOUNT)
        if cash is not None:
            chat.floor.summaries[ACCOUNT] = AccountSummary(ACCOUNT, "USD", cash=cash)
        for _ in range(3):
            await chat.handlers.rest.look()
            chat.clock.advance(2)
        assert (len(chat.store.rows), chat.rest_news.told) == (1, [])
        chat.floor.summaries[ACCOUNT] = known
        await chat.handlers.rest.look()
        assert "BUY 74 MSFT MARKET · confirm?" in chat.reply.text
        assert chat.rest_news.told == []

    async def test_values_that_do_not_come_are_said_so_once_and_the_purchases_stay_to_be_had(self, chat: Chat) -> None:
        await self.sold(chat)
        known = chat.floor.summaries.pop(ACCOUNT)
        for _ in range(40):
            await chat.handlers.rest.look()
            chat.clock.advance(2)
        ((kind, number, why),) = chat.rest_news.told
        assert (kind, number) == ("waits", 1)
        assert f"IBKR has not told yet what account <b>{ACCOUNT}</b> is worth" in why
        chat.floor.summaries[ACCOUNT] = known
        await chat.press(encode(Code.ORDER_REST, 1), 1)
        assert "BUY 74 MSFT MARKET · confirm?" in chat.reply.text

    async def test_asked_for_before_the_values_have_come_it_says_what_is_missing(self, chat: Chat) -> None:
        await self.sold(chat)
        chat.floor.summaries.pop(ACCOUNT)
        await chat.press(encode(Code.ORDER_REST, 1), 1)
        assert "IBKR has not told yet what account" in chat.reply.text
        assert "Nothing was sent to the market" in chat.reply.text
        assert len(chat.store.rows) == 1

    async def test_a_fee_without_a_rate_is_named_with_its_currency(self, chat: Chat) -> None:
        await self.sold(chat)
        (leg,) = chat.store.rows[1].legs
        await chat.store.save_leg(1, replace(leg, commission=Decimal(1), commission_currency="EUR"))
        await chat.handlers.rest.look()
        ((kind, _, why),) = chat.rest_news.told
        assert kind == "waits"
        assert "<b>the fee of AAPL</b> is in EUR, and the rate" in why
