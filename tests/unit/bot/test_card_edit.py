"""Changing a card in the chat: each change is a new card in the same message, and the old one cannot be confirmed."""

import asyncio
from decimal import Decimal

import pytest

from bot.callback_data import Code, encode
from bot.errors import ChatClosed, DeliveryUnknown
from market.ticket import OrderType, TimeInForce
from tests.fakes.chat import ADMIN, TRADER, Chat
from tests.fakes.reply import check_message
from trading.limits import TradingState
from trading.proposal import LegRole, ProposalState

LINE = "buy 10 AAPL 199.5"


@pytest.fixture
def chat() -> Chat:
    return Chat()


async def test_a_changed_quantity_is_a_new_card_in_the_same_message(chat: Chat) -> None:
    await chat.say(LINE)
    card, old = chat.reply.last_id, chat.button("Confirm").data
    await chat.tap("Quantity")
    await chat.tap("50")
    assert chat.reply.last_id == card
    assert check_message(chat.reply.last).startswith("📝 PAPER · BUY 50 AAPL LIMIT 199.50 · confirm?")
    assert chat.button("Confirm").data != old
    assert chat.store.rows[1].state is ProposalState.REPLACED
    await chat.tap("Confirm")
    assert [(ref, one.quantity) for ref, one, _ in chat.gateway.submitted] == [("sb-2-1", Decimal(50))]


async def test_the_old_token_is_dead_after_a_change(chat: Chat) -> None:
    await chat.say(LINE)
    card, old = chat.reply.last_id, chat.button("Confirm").data
    await chat.tap("Price")
    await chat.tap("At ask 200.02")
    toast = await chat.press(old, card)
    assert "newer card" in toast
    assert chat.gateway.submitted == []
    assert "LIMIT 200.02" in chat.reply.shown[card].html, "the living card still stands"


async def test_while_a_screen_of_choices_is_open_the_card_goes_on_and_can_be_had_back(chat: Chat) -> None:
    await chat.say(LINE)
    before = chat.reply.last
    chat.clock.advance(20)
    await chat.tap("Type")
    assert "still stands for 40 s" in check_message(chat.reply.last)
    await chat.tap("Back to the card")
    assert chat.reply.last.buttons == before.buttons
    await chat.tap("Confirm")
    assert len(chat.gateway.submitted) == 1


async def test_a_card_whose_time_is_up_cannot_be_changed(chat: Chat) -> None:
    await chat.say(LINE)
    data = chat.button("Quantity").data
    chat.clock.advance(61)
    assert await chat.press(data, chat.reply.last_id) == "Expired. Not sent."
    assert len(chat.store.rows) == 1


async def test_someone_else_or_another_message_cannot_change_a_card(chat: Chat) -> None:
    await chat.say(LINE)
    data = encode(Code.ORDER_SET, 1, "qty", 99)
    assert "someone else's" in await chat.press(data, chat.reply.last_id, ADMIN)
    assert "someone else's" in await chat.press(data, chat.reply.last_id, ADMIN, chat_id=TRADER)
    assert "over" in await chat.press(data, 77)
    assert chat.store.rows[1].state is ProposalState.PROPOSED
    assert len(chat.store.rows) == 1


async def test_of_two_changes_at_once_one_makes_the_new_card(chat: Chat) -> None:
    await chat.say(LINE)
    card = chat.reply.last_id
    await asyncio.gather(*(chat.press(encode(Code.ORDER_SET, 1, "qty", 20 + n), card) for n in range(2)))
    standing = [one for one in chat.store.rows.values() if one.state is ProposalState.PROPOSED]
    assert len(standing) == 1
    await chat.press(f"ok:{standing[0].token}", card)
    assert len(chat.gateway.submitted) == 1


async def test_a_change_and_a_confirm_at_once_send_one_order_at_most(chat: Chat) -> None:
    await chat.say(LINE)
    card, confirm = chat.reply.last_id, chat.button("Confirm").data
    await asyncio.gather(chat.press(confirm, card), chat.press(encode(Code.ORDER_SET, 1, "qty", 20), card))
    standing = [one for one in chat.store.rows.values() if one.state is ProposalState.PROPOSED]
    assert len(chat.gateway.submitted) + len(standing) == 1


@pytest.mark.parametrize(
    ("what", "value", "kind", "field", "is_now"),
    [
        ("type", "MKT", OrderType.MARKET, "limit_price", None),
        ("type", "MOC", OrderType.MARKET_ON_CLOSE, "limit_price", None),
        ("type", "LOC", OrderType.LIMIT_ON_CLOSE, "limit_price", Decimal("199.5")),
        ("type", "MIDPRICE", OrderType.MIDPRICE, "limit_price", None),
        ("stop", "210", OrderType.STOP, "stop_price", Decimal(210)),
        ("trail", "2", OrderType.TRAIL, "trail_pct", Decimal(2)),
        ("limit", "198.25", OrderType.LIMIT, "limit_price", Decimal("198.25")),
        ("tif", "GTC", OrderType.LIMIT, "time_in_force", TimeInForce.GTC),
        ("outside", "on", OrderType.LIMIT, "outside_rth", True),
        ("NET_LIQUIDATION_PCT", "5", OrderType.LIMIT, "quantity", Decimal(25)),
    ],
)
async def test_each_choice_changes_what_it_says(
    chat: Chat, what: str, value: str, kind: OrderType, field: str, is_now: object
) -> None:
    await chat.say(LINE)
    await chat.press(encode(Code.ORDER_SET, 1, what, value), chat.reply.last_id)
    now = chat.store.rows[2].ticket
    assert now.order_type is kind
    assert getattr(now, field) == is_now
    assert check_message(chat.reply.last).endswith("#2")


async def test_the_suggested_stop_and_target_make_a_bracket_of_it(chat: Chat) -> None:
    await chat.say("buy 10 AAPL market")
    await chat.tap("🛡 SL")
    assert "TP" in chat.labels()[0]
    await chat.tap("Confirm")
    assert [order.role for order in chat.store.rows[2].orders] == [
        LegRole.ENTRY,
        LegRole.TAKE_PROFIT,
        LegRole.STOP_LOSS,
    ]
    assert len(chat.gateway.submitted) == 3
    assert [held for _, held in chat.gateway.hung] == [True, True, False]


async def test_a_choice_that_contradicts_the_rest_is_told_and_the_card_stands(chat: Chat) -> None:
    await chat.say("buy 10 AAPL 199.5 sl 190")
    card = chat.reply.last_id
    await chat.press(encode(Code.ORDER_SET, 1, "limit", "189"), card)
    assert "wrong order" in chat.reply.text
    assert chat.store.rows[1].state is ProposalState.PROPOSED
    await chat.press(f"ok:{chat.store.rows[1].token}", card)
    assert len(chat.gateway.submitted) == 2


async def test_a_change_beyond_a_limit_closes_the_card_and_offers_the_order_as_it_was(chat: Chat) -> None:
    await chat.say(LINE)
    card = chat.reply.last_id
    await chat.press(encode(Code.ORDER_SET, 1, "qty", 9999), card)
    told = check_message(chat.reply.shown[card])
    assert "nothing was sent" in told
    assert "the order's value would be" in told
    assert "Confirm" not in " ".join(chat.labels(on=card))
    await chat.tap("New card", on=card)
    assert "BUY 10 AAPL LIMIT 199.50 · confirm?" in chat.reply.text


@pytest.mark.parametrize("data", ["os:1:qty:many", "os:1:colour:red", "os:1:type:XYZ", "oe:1:colour", "oa:1:colour"])
async def test_what_no_button_of_ours_says_changes_nothing(chat: Chat, data: str) -> None:
    await chat.say(LINE)
    await chat.press(data, chat.reply.last_id)
    assert len(chat.store.rows) == 1
    assert chat.store.rows[1].state is ProposalState.PROPOSED


async def test_a_typed_price_makes_the_new_card_and_the_question_goes(chat: Chat) -> None:
    await chat.say(LINE)
    card = chat.reply.last_id
    await chat.tap("Price")
    await chat.tap("Type it", on=card)
    question = chat.reply.last_id
    assert chat.reply.last.asks
    await chat.say("stop 210 limit 211 gtc", reply_to=question)
    now = chat.store.rows[2].ticket
    assert (now.order_type, now.stop_price, now.limit_price) == (OrderType.STOP_LIMIT, Decimal(210), Decimal(211))
    assert now.time_in_force is TimeInForce.GTC
    assert "STOP 210.00 LIMIT 211.00 · confirm?" in check_message(chat.reply.shown[card])
    assert question in chat.reply.deleted


@pytest.mark.parametrize(
    ("what", "said", "field", "is_now"),
    [
        ("qty", "25", "quantity", Decimal(25)),
        ("qty", "$2000", "quantity", Decimal(10)),
        ("qty", "5% nlv", "quantity", Decimal(25)),
        ("guard", "190 210", "stop_loss", Decimal(190)),
        ("guard", "tp 210", "take_profit", Decimal(210)),
        ("price", "market", "order_type", OrderType.MARKET),
        ("price", "trail 2%", "trail_pct", Decimal(2)),
    ],
)
async def test_what_is_typed_is_read_like_an_order_line(
    chat: Chat, what: str, said: str, field: str, is_now: object
) -> None:
    await chat.say(LINE)
    await chat.press(encode(Code.ORDER_ASK, 1, what), chat.reply.last_id)
    await chat.say(said, reply_to=chat.reply.last_id)
    assert getattr(chat.store.rows[2].ticket, field) == is_now


async def test_what_cannot_be_read_is_told_and_may_be_answered_again(chat: Chat) -> None:
    await chat.say(LINE)
    await chat.press(encode(Code.ORDER_ASK, 1, "qty"), chat.reply.last_id)
    question = chat.reply.last_id
    assert "expected" in (await chat.say("a lot", reply_to=question)).lower()
    assert len(chat.store.rows) == 1
    await chat.say("25", reply_to=question)
    assert chat.store.rows[2].ticket.quantity == 25


async def test_an_answer_to_a_card_that_is_over_says_what_became_of_it(chat: Chat) -> None:
    await chat.say(LINE)
    card = chat.reply.last_id
    await chat.press(encode(Code.ORDER_ASK, 1, "qty"), card)
    question = chat.reply.last_id
    await chat.press(f"ok:{chat.store.rows[1].token}", card)
    told = await chat.say("25", reply_to=question)
    assert "Not sent again" in told
    assert len(chat.store.rows) == 1


async def test_a_new_card_that_may_not_have_arrived_is_void_and_comes_anew_as_a_message(chat: Chat) -> None:
    await chat.say(LINE)
    card = chat.reply.last_id
    chat.reply.edit_failures = [DeliveryUnknown("timed out")]
    await chat.press(encode(Code.ORDER_SET, 1, "qty", 20), card)
    states = {number: row.state for number, row in chat.store.rows.items()}
    assert states == {1: ProposalState.REPLACED, 2: ProposalState.VOID, 3: ProposalState.PROPOSED}
    assert chat.reply.last_id != card
    assert "void" in chat.reply.text
    await chat.tap("Confirm")
    assert [one.quantity for _, one, _ in chat.gateway.submitted] == [20]


async def test_a_change_into_a_chat_that_is_closed_leaves_nothing_to_confirm(chat: Chat) -> None:
    await chat.say(LINE)
    chat.reply.edit_failures = [ChatClosed("blocked")]
    await chat.press(encode(Code.ORDER_SET, 1, "qty", 20), chat.reply.last_id)
    assert not [one for one in chat.store.rows.values() if one.state is ProposalState.PROPOSED]


async def test_a_size_in_money_is_worked_out_anew_at_another_price(chat: Chat) -> None:
    await chat.say("buy $2000 AAPL 199.5")
    assert "2,000.00 USD → 10 shares, 1,995.00 USD" in chat.reply.text
    await chat.press(encode(Code.ORDER_SET, 1, "limit", "100"), chat.reply.last_id)
    assert chat.store.rows[2].ticket.quantity == 20


async def test_the_trading_state_stands_on_every_card(chat: Chat) -> None:
    await chat.say(LINE)
    assert "Trading: active" in chat.reply.text
    chat.trading_state = TradingState.REDUCING
    await chat.tap("Type")
    await chat.tap("Back to the card")
    assert "REDUCING" in chat.reply.text
