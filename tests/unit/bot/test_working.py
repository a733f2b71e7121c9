"""What works at IBKR: /orders, taking orders back, moving a price, protecting what was filled."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.callback_data import Code, encode
from market.account import Position
from market.errors import RequestTimeout
from market.ticket import parse
from tests.fakes.chat import AAPL, ACCOUNT, ADMIN, TRADER, VIEWER, Chat
from trading.ports import OrderFate, OrderReport
from trading.proposal import LegState

LINE = "buy 10 AAPL 199.5"


@pytest.fixture
def chat() -> Chat:
    return Chat()


async def sent(chat: Chat, line: str = LINE, **changes: object) -> int:
    """Confirm *line* and let its legs stand as *changes* say; return the proposal's id."""
    await chat.say(line)
    await chat.tap("Confirm")
    row = chat.store.rows[max(chat.store.rows)]
    for leg in row.legs:
        await chat.store.save_leg(row.id, replace(leg, **({"state": LegState.WORKING} | changes)))
    chat.gateway.open += [report(leg.order_ref) for leg in row.legs]
    return row.id


async def filled(chat: Chat, line: str = "buy 10 AAPL market", held: int = 10) -> int:
    """Let *line* be filled, and the account hold so many."""
    number = await sent(chat, line, state=LegState.FILLED, filled=Decimal(10), average_price=Decimal(200))
    hold(chat, held)
    return number


def hold(chat: Chat, quantity: int) -> None:
    chat.floor.held_positions = [Position(ACCOUNT, AAPL, Decimal(quantity), Decimal(150))]


def report(order_ref: str = "", fate: OrderFate = OrderFate.WORKING, words: str = "sell 5 TSLA 300 gtc") -> OrderReport:
    return OrderReport(
        order_ref=order_ref,
        perm_id=77,
        order_id=0,
        client_id=0,
        account=ACCOUNT,
        fate=fate,
        filled=Decimal(0),
        remaining=Decimal(5),
        words=words,
    )


class TestList:
    async def test_what_works_waits_and_is_over_stand_apart(self, chat: Chat) -> None:
        await sent(chat)
        await chat.say("buy 1 AAPL 190")
        await chat.tap("Cancel")
        await chat.say("buy 2 AAPL 195")
        text = await chat.say("/orders")
        assert "1 working" in text
        working, waiting, over = (text.index(word) for word in ("Working", "Waiting for Confirm", "Over"))
        assert (
            working < text.index("BUY 10 AAPL") < waiting < text.index("BUY 2 AAPL") < over < text.index("BUY 1 AAPL")
        )
        assert chat.labels() == ["✏️ #1 price", "✖️ Cancel #1 AAPL", "✖️ Cancel all", "🔄 Refresh"]

    async def test_each_button_of_a_pair_says_which_price_it_moves(self, chat: Chat) -> None:
        hold(chat, 10)
        await sent(chat, "sell 10 AAPL 210 oco stop 190")
        await chat.say("/orders")
        assert chat.labels()[:2] == ["✏️ #1 price", "✏️ #1 stop"]

    async def test_every_price_of_a_bracket_can_be_moved_its_stop_too(self, chat: Chat) -> None:
        await sent(chat, "buy 10 AAPL 199.5 tp 210 sl 190")
        await chat.say("/orders")
        assert chat.labels()[:4] == ["✏️ #1 price", "✏️ #1 target", "✏️ #1 stop", "✖️ Cancel #1 AAPL"]

    async def test_of_a_card_that_was_never_confirmed_no_order_has_a_line(self, chat: Chat) -> None:
        await chat.say("buy 10 AAPL 199.5 tp 210 sl 190")
        assert "Take profit" not in await chat.say("/orders")
        await chat.tap("Cancel", on=chat.reply.last_id - 1)
        text = await chat.say("/orders")
        assert "cancelled, not sent" in text
        assert "Take profit" not in text

    async def test_orders_from_tws_and_the_phone_show_without_buttons(self, chat: Chat) -> None:
        chat.gateway.open.append(report())
        chat.gateway.completed.append(report(fate=OrderFate.FILLED, words="buy 1 KO market"))
        text = await chat.say("/orders")
        assert "sell 5 TSLA 300 gtc" in text
        assert "change them there" in text
        assert "buy 1 KO market" in text
        assert chat.labels() == ["🔄 Refresh"]

    async def test_our_own_orders_are_not_shown_twice(self, chat: Chat) -> None:
        await sent(chat)
        assert (await chat.say("/orders")).count("AAPL") == 1

    async def test_anothers_order_shows_as_anothers_and_an_admin_may_cancel_it(self, chat: Chat) -> None:
        await chat.say(LINE, ADMIN)
        await chat.tap("Confirm", ADMIN)
        row = chat.store.rows[1]
        await chat.store.save_leg(1, replace(row.legs[0], state=LegState.WORKING))
        chat.gateway.open.append(report("sb-1-1", words="buy 10 AAPL 199.5"))
        assert "of another person here" in await chat.say("/orders")
        assert chat.labels() == ["🔄 Refresh"]
        await chat.say("/orders", ADMIN)
        assert "✖️ Cancel #1 AAPL" in chat.labels()

    async def test_while_ibkr_cannot_be_asked_that_is_said(self, chat: Chat) -> None:
        await sent(chat)
        chat.gateway.query_errors["open"] = RequestTimeout("open orders", 4.0)
        text = await chat.say("/orders")
        assert "what was placed elsewhere is missing" in text
        assert "BUY 10 AAPL" in text

    async def test_an_order_that_works_for_weeks_stays_on_the_list(self, chat: Chat) -> None:
        await sent(chat, "buy 10 AAPL 199.5 gtc")
        for _ in range(31):
            await chat.say("buy 1 AAPL 190")
            chat.clock.advance(86_400)
            await chat.handlers.orders.expire()
        assert "1 working" in await chat.say("/orders")


class TestWithdraw:
    async def test_one_tap_cancels_a_plain_order(self, chat: Chat) -> None:
        await sent(chat)
        await chat.say("/orders")
        assert "asked to cancel #1" in await chat.tap("Cancel #1")
        assert chat.gateway.cancelled == [101]

    async def test_a_protective_stop_takes_a_second_tap(self, chat: Chat) -> None:
        hold(chat, 10)
        await sent(chat, "sell 10 AAPL stop 190 gtc")
        await chat.say("/orders")
        await chat.tap("Cancel #1")
        assert "A protective stop is among them" in chat.reply.text
        assert chat.gateway.cancelled == []
        await chat.tap("Cancel it")
        assert chat.gateway.cancelled == [101]
        assert "IBKR is asked to cancel" in chat.reply.text

    async def test_of_a_bracket_one_leg_or_all_are_cancelled(self, chat: Chat) -> None:
        await sent(chat, "buy 10 AAPL market tp 210 sl 190")
        (entry, *_) = chat.store.rows[1].legs
        await chat.store.save_leg(1, replace(entry, state=LegState.FILLED, filled=Decimal(10)))
        await chat.say("/orders")
        await chat.tap("Cancel #1")
        assert [label for label in chat.labels() if "SELL" in label] == [
            "✖️ SELL LIMIT 210.00 (and 1 with it)",
            "✖️ SELL STOP 190.00 (and 1 with it)",
        ]
        await chat.tap("✖️ SELL LIMIT")
        assert chat.gateway.cancelled == [chat.store.rows[1].legs[1].order_id]

    async def test_an_order_that_nobody_knows_of_is_given_up_on_the_persons_word(self, chat: Chat) -> None:
        await sent(chat, state=LegState.UNKNOWN)
        chat.gateway.open.clear()
        await chat.say("/orders")
        await chat.tap("Cancel #1")
        await chat.tap("I looked in TWS")
        assert chat.store.rows[1].legs[0].state is LegState.NOT_SENT
        assert chat.gateway.cancelled == []

    async def test_anothers_order_cannot_be_cancelled_nor_one_that_is_over(self, chat: Chat) -> None:
        await sent(chat)
        await chat.press(encode(Code.ORDER_WITHDRAW, "h", 1), 1, ADMIN)
        assert chat.gateway.cancelled == [101]
        await chat.press(encode(Code.ORDER_WITHDRAW, "h", 99), 1)
        await chat.store.save_leg(1, replace(chat.store.rows[1].legs[0], state=LegState.FILLED))
        await chat.press(encode(Code.ORDER_CALL_OFF, "h", 1, 0), 1)
        assert "no such open order" in chat.reply.text
        assert "traders" in await chat.press(encode(Code.ORDER_ALL_OFF, "h", "sure"), 1, VIEWER)
        assert chat.gateway.cancelled == [101]

    async def test_all_are_cancelled_by_two_taps(self, chat: Chat) -> None:
        hold(chat, 10)
        await sent(chat)
        await sent(chat, "sell 10 AAPL stop 190 gtc")
        await chat.say("/orders")
        await chat.tap("Cancel all")
        assert "Cancel all 2 working orders?" in chat.reply.text
        assert "Protective stops are among them: #2" in chat.reply.text
        assert chat.gateway.cancelled == []
        await chat.tap("Cancel all")
        assert chat.gateway.cancelled == [101, 102]
        assert "IBKR is asked to cancel #1, #2" in chat.reply.text


class TestMove:
    async def test_a_button_makes_a_card_and_only_its_confirm_changes_the_order(self, chat: Chat) -> None:
        await sent(chat)
        await chat.say("/orders")
        await chat.tap("#1 price")
        assert "move to?" in chat.reply.text
        assert "Now at 199.50" in chat.reply.text
        assert "199.51 +1 tick" in chat.labels()
        await chat.tap("+1 tick")
        assert "CHANGE BUY 10 AAPL LIMIT 199.50 → 199.51" in chat.reply.text
        assert chat.gateway.changed == []
        await chat.tap("Confirm")
        ((order_id, order_ref, _, ticket),) = chat.gateway.changed
        assert (order_id, order_ref, ticket) == (101, "sb-1-1", parse("buy 10 AAPL 199.51"))

    @pytest.mark.parametrize(("said", "price"), [("200", "200.00"), ("+0.5%", "200.50"), ("-1%", "197.50")])
    async def test_a_typed_price_or_percentage_does_the_same(self, chat: Chat, said: str, price: str) -> None:
        await sent(chat)
        await chat.press(encode(Code.ORDER_MOVE, "n", 1, 1), 1)
        await chat.tap("Type a price")
        question = chat.reply.last_id
        assert chat.reply.last.asks
        await chat.say(said, reply_to=question)
        assert f"→ {price}" in chat.reply.text

    async def test_an_answer_that_is_no_price_is_refused_and_may_be_given_again(self, chat: Chat) -> None:
        await sent(chat)
        await chat.press(encode(Code.ORDER_PRICED, 1, 1, "move"), 1)
        question = chat.reply.last_id
        assert "199.5 or 1995" in (await chat.say("199,5", reply_to=question)).replace("`", "")
        assert len(chat.store.rows) == 1
        await chat.say("200", reply_to=question)
        assert "→ 200.00" in chat.reply.text

    async def test_what_does_not_work_or_has_no_price_cannot_be_moved(self, chat: Chat) -> None:
        await sent(chat, "buy 10 AAPL market")
        assert "no price to move" in await chat.press(encode(Code.ORDER_MOVE, "n", 1, 1), 1)
        await sent(chat, state=LegState.CANCELLED)
        assert "does not work any more" in await chat.press(encode(Code.ORDER_MOVED, 2, 1, "200"), 1)
        assert chat.gateway.changed == []

    async def test_anothers_order_and_a_wrong_leg_are_none_of_yours(self, chat: Chat) -> None:
        await chat.say(LINE, ADMIN)
        await chat.tap("Confirm", ADMIN)
        for leg in (1, 9):
            await chat.press(encode(Code.ORDER_MOVED, 1, leg, "200"), 1, TRADER)
            assert "Nothing was sent" in chat.reply.text
        assert len(chat.store.rows) == 1

    @pytest.mark.parametrize("word", ["NaN", "Infinity", "x", "1e5000"])
    async def test_a_price_that_no_button_says_is_not_understood_or_denied(self, chat: Chat, word: str) -> None:
        await sent(chat)
        await chat.press(encode(Code.ORDER_MOVED, 1, 1, word), 1)
        assert len(chat.store.rows) == 1
        assert chat.gateway.changed == []

    async def test_an_order_that_ibkr_does_not_list_is_not_changed(self, chat: Chat) -> None:
        await sent(chat)
        chat.gateway.open.clear()
        await chat.press(encode(Code.ORDER_MOVED, 1, 1, "200"), 1)
        assert "no such open order" in chat.reply.text


class TestGuard:
    async def test_a_stop_for_what_was_filled_is_a_card_good_till_cancelled(self, chat: Chat) -> None:
        await filled(chat)
        await chat.press(encode(Code.ORDER_GUARD, "n", 1, 1, "stop"), 1)
        assert "10 AAPL: at what price?" in chat.reply.text
        assert "198.00" in chat.labels()[0]
        await chat.tap("198.00")
        assert "SELL 10 AAPL STOP 198.00" in chat.reply.text
        assert "Good till cancelled" in chat.reply.text
        await chat.tap("Confirm")
        assert chat.gateway.submitted[-1][1] == parse("sell 10 AAPL stop 198 gtc")

    async def test_target_and_both_together(self, chat: Chat) -> None:
        await filled(chat)
        await chat.press(encode(Code.ORDER_GUARD, "n", 1, 1, "target"), 1)
        await chat.tap("202.00")
        assert "SELL 10 AAPL LIMIT 202.00" in chat.reply.text
        await chat.press(encode(Code.ORDER_GUARDED, 1, 1, "both", "210_190"), 1)
        assert "SELL 10 AAPL LIMIT 210.00 · or STOP 190.00" in chat.reply.text

    async def test_no_more_is_protected_than_is_held(self, chat: Chat) -> None:
        await filled(chat, held=4)
        await chat.press(encode(Code.ORDER_GUARDED, 1, 1, "stop", "190"), 1)
        assert "SELL 4 AAPL STOP 190.00" in chat.reply.text

    async def test_what_is_not_held_any_more_needs_no_protection(self, chat: Chat) -> None:
        await filled(chat, held=0)
        for data in (encode(Code.ORDER_GUARD, "n", 1, 1, "stop"), encode(Code.ORDER_GUARDED, 1, 1, "stop", "190")):
            assert "nothing to protect" in await chat.press(data, 1)
        assert len(chat.store.rows) == 1

    async def test_what_works_for_it_already_is_said(self, chat: Chat) -> None:
        await filled(chat)
        await sent(chat, "sell 10 AAPL 210 gtc")
        await chat.press(encode(Code.ORDER_GUARD, "n", 1, 1, "stop"), 1)
        assert "#2 SELL 10 AAPL LIMIT 210.00 works for it already" in chat.reply.text

    async def test_a_typed_stop_may_be_a_percentage_from_the_last_price(self, chat: Chat) -> None:
        await filled(chat)
        await chat.press(encode(Code.ORDER_PRICED, 1, 1, "stop"), 1)
        await chat.say("-3%", reply_to=chat.reply.last_id)
        assert "SELL 10 AAPL STOP 194.00" in chat.reply.text

    @pytest.mark.parametrize(("what", "where"), [("both", "210"), ("stop", "210_190"), ("x", "210"), ("both", "a_b")])
    async def test_what_no_button_says_orders_nothing(self, chat: Chat, what: str, where: str) -> None:
        await filled(chat)
        assert "not understood" in await chat.press(encode(Code.ORDER_GUARDED, 1, 1, what, where), 1)
        assert len(chat.store.rows) == 1
