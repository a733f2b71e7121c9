"""Orders in the chat: from the line to the card, the press, and what every outcome says."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bot.callback_data import Code, Place, encode
from bot.errors import ChatClosed, DeliveryUnknown
from bot.request import Press
from bot.views import outcome as views
from market.errors import BrokerError, LinkDown, NoMarketData
from market.ticket import OrderType
from storage.errors import StorageUnavailable
from tests.fakes.chat import ADMIN, TRADER, VIEWER, Chat
from tests.fakes.reply import check_message
from trading.access import Role
from trading.proposal import ProposalState

LINE = "buy 10 AAPL 199.5"


@pytest.fixture
def chat() -> Chat:
    return Chat()


async def test_a_line_becomes_a_card_that_spells_the_order_and_says_paper_first(chat: Chat) -> None:
    text = await chat.say(LINE)
    assert text.startswith("📝 PAPER · BUY 10 AAPL LIMIT 199.50 · confirm?")
    assert "$1,995.00" in text
    assert "Confirm within 60 s" in text
    assert chat.labels()[0] == "✅ Confirm BUY 10 AAPL LIMIT 199.50"
    assert chat.labels()[1:4] == ["✏️ Quantity", "✏️ Price", "✏️ Type"]
    assert chat.labels()[-1] == "✖️ Cancel"
    assert [len(row) for row in chat.reply.last.buttons] == [1, 3, 2, 1]
    assert chat.reply.last.protect
    assert chat.gateway.submitted == []


async def test_a_day_until_which_an_order_works_ends_where_the_exchange_is(chat: Chat) -> None:
    chat.office.zone = ZoneInfo("Pacific/Auckland")
    text = await chat.say("buy 10 AAPL 199.5 gtd 2026-12-24")
    # The last second of the day in New York.
    assert chat.store.rows[1].ticket.good_till == datetime(2026, 12, 25, 4, 59, 59, tzinfo=UTC)
    assert "Good till Fri 25 Dec 17:59" in text


async def test_a_day_that_is_over_is_refused_in_words(chat: Chat) -> None:
    text = await chat.say("buy 10 AAPL 199.5 gtd 2026-01-05")
    assert text.startswith("⌛ Not sent: that time is over, 6 Jan 2026 04:59 UTC.")
    assert chat.store.rows == {}


async def test_a_confirm_sends_one_order_and_the_card_loses_its_keyboard_before(chat: Chat) -> None:
    await chat.say(LINE)
    card = chat.reply.last_id
    keyboards = []
    chat.gateway.during_submit = lambda ref: keyboards.append(chat.reply.shown[card].buttons)
    toast = await chat.tap("Confirm")
    assert "Checking" in toast
    assert [ref for ref, _, _ in chat.gateway.submitted] == ["sb-1-1"]
    assert keyboards == [()]
    assert "Sent to IBKR" in chat.reply.shown[card].html
    assert "Confirm" not in " ".join(chat.labels(on=card))


async def test_ten_taps_at_once_send_one_order_and_each_is_answered(chat: Chat) -> None:
    await chat.say(LINE)
    card, data = chat.reply.last_id, chat.button("Confirm").data
    toasts = await asyncio.gather(*(chat.press(data, card) for _ in range(10)))
    assert len(chat.gateway.submitted) == 1
    assert sum("first tap" in toast for toast in toasts) == 9


async def test_a_tap_repeated_later_says_that_it_was_confirmed_before(chat: Chat) -> None:
    await chat.say(LINE)
    card, data = chat.reply.last_id, chat.button("Confirm").data
    await chat.press(data, card)
    toast = await chat.press(data, card)
    assert "Not sent again" in toast
    assert len(chat.gateway.submitted) == 1
    assert "not sent again" in chat.reply.shown[card].html


async def test_someone_elses_tap_changes_neither_the_card_nor_the_market(chat: Chat) -> None:
    await chat.say(LINE)
    card, before = chat.reply.last_id, chat.reply.last
    toast = await chat.press(chat.button("Confirm").data, card, ADMIN, chat_id=TRADER)
    assert "someone else's" in toast
    assert chat.reply.shown[card] == before
    assert chat.gateway.submitted == []


async def test_a_tap_on_a_forwarded_copy_sends_nothing(chat: Chat) -> None:
    await chat.say(LINE)
    toast = await chat.press(chat.button("Confirm").data, 77)
    assert "Nothing was sent" in toast
    assert chat.gateway.submitted == []
    assert 77 not in chat.reply.shown


async def test_a_viewer_cannot_press_confirm(chat: Chat) -> None:
    await chat.say(LINE)
    toast = await chat.press(chat.button("Confirm").data, chat.reply.last_id, VIEWER)
    assert toast == "That is for traders only. Nothing was done."
    assert chat.gateway.submitted == []


async def test_a_viewer_cannot_order(chat: Chat) -> None:
    assert "traders only" in await chat.say(LINE, VIEWER)
    assert "traders only" in await chat.say("/buy 10 AAPL 199.5", VIEWER)
    assert chat.store.rows == {}


async def test_an_expired_card_says_so_when_pressed_and_offers_a_new_one(chat: Chat) -> None:
    await chat.say(LINE)
    card = chat.reply.last_id
    chat.clock.advance(61)
    await chat.tap("Confirm")
    assert "Expired" in chat.reply.shown[card].html
    assert chat.gateway.submitted == []
    await chat.tap("New card", on=card)
    assert chat.reply.last_id != card
    assert "confirm?" in chat.reply.text


async def test_cards_expire_by_themselves(chat: Chat) -> None:
    await chat.say(LINE)
    assert await chat.handlers.orders.expire() == 0
    chat.clock.advance(61)
    assert await chat.handlers.orders.expire() == 1
    assert "Expired" in chat.reply.text
    assert await chat.handlers.orders.expire() == 0


async def test_a_shutdown_cancels_open_cards_and_says_so(chat: Chat) -> None:
    await chat.say(LINE)
    assert await chat.handlers.orders.cancel_all(_unheard) == 1
    assert "Cancelled" in chat.reply.text


async def test_cancel_closes_the_card(chat: Chat) -> None:
    await chat.say(LINE)
    card, confirm = chat.reply.last_id, chat.button("Confirm").data
    assert await chat.tap("Cancel") == "Cancelled. Not sent."
    assert "Cancelled" in chat.reply.shown[card].html
    await chat.press(confirm, card)
    assert chat.gateway.submitted == []


async def test_a_price_that_moved_brings_a_new_card_instead_of_an_order(chat: Chat) -> None:
    await chat.say(LINE)
    old = chat.reply.last_id
    chat.floor.last, chat.floor.bid, chat.floor.ask = 203.0, 202.98, 203.02
    await chat.tap("Confirm")
    assert "price has moved" in chat.reply.shown[old].html
    assert chat.reply.shown[old].buttons != ()
    assert "The price has moved since the last card." in chat.reply.text
    assert chat.gateway.submitted == []
    await chat.tap("Confirm")
    assert len(chat.gateway.submitted) == 1


async def test_without_a_link_nothing_is_sent_and_the_card_still_stands(chat: Chat) -> None:
    await chat.say(LINE)
    card = chat.reply.last_id
    chat.floor.quote_error = LinkDown("closed")
    await chat.tap("Confirm")
    assert "Nothing was sent" in chat.reply.shown[card].html
    chat.floor.quote_error = None
    await chat.tap("Confirm", on=card)
    assert len(chat.gateway.submitted) == 1


async def test_a_link_that_fails_right_before_sending_is_said(chat: Chat) -> None:
    await chat.say(LINE)
    chat.gateway.submit_error = LinkDown("closed")
    await chat.tap("Confirm")
    assert "Nothing was sent" in chat.reply.text


async def test_a_limit_that_forbids_it_meanwhile_is_named(chat: Chat) -> None:
    await chat.say("buy 10 AAPL 200")
    chat.floor.age_s = 400
    await chat.tap("Confirm")
    assert "Denied by a limit of ours: the price is 400" in chat.reply.text


async def test_an_order_over_a_limit_gets_a_sentence_with_both_numbers(chat: Chat) -> None:
    text = await chat.say("buy 1000 AAPL 199.5")
    assert "199,500" in text
    assert "50,000" in text
    assert "Nothing was sent to the market." in text


async def test_a_demoted_trader_is_refused_and_the_card_stands(chat: Chat) -> None:
    await chat.say(LINE)
    chat.roles.clear()
    card = chat.reply.last_id
    await chat.tap("Confirm")
    assert "trader's role" in chat.reply.text
    assert "confirm?" in chat.reply.shown[card].html


async def test_a_card_whose_send_is_unknown_is_void_and_sent_anew(chat: Chat) -> None:
    chat.reply.failures = [DeliveryUnknown("timed out")]
    text = await chat.say(LINE)
    assert "that one is void" in text
    assert [row.state for row in chat.store.rows.values()] == [ProposalState.VOID, ProposalState.PROPOSED]
    dead = encode(Code.ORDER_CONFIRM, chat.store.rows[1].token)
    assert "Nothing was sent" in await chat.press(dead, 499)
    await chat.tap("Confirm")
    assert [ref for ref, _, _ in chat.gateway.submitted] == ["sb-2-1"]


async def test_a_card_that_surely_did_not_arrive_is_void(chat: Chat) -> None:
    await chat.say("/help")
    chat.reply.failures = [ChatClosed("blocked")]
    await chat.say(LINE)
    assert [row.state for row in chat.store.rows.values()] == [ProposalState.VOID]


async def test_a_claim_that_cannot_be_stored_sends_nothing_and_the_card_stands_again(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await chat.say(LINE)
    token = chat.store.rows[1].token
    monkeypatch.setattr(chat.store, "claim", full)
    await chat.tap("Confirm")
    assert chat.gateway.submitted == []
    assert chat.reply.text.startswith("💾 I cannot store that just now: the disk is full. · PAPER")
    assert "Nothing was sent to the market." in chat.reply.text
    shown = chat.reply.shown[chat.reply.order[0]]
    assert check_message(shown).splitlines()[0] == card.splitlines()[0]
    assert next(button.data for row in shown.buttons for button in row) == encode(Code.ORDER_CONFIRM, token)


async def test_where_nothing_can_be_read_either_the_card_still_does_not_stay_as_if_it_were_sent(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chat.say(LINE)

    async def fails(*_: object, **__: object) -> None:
        monkeypatch.setattr(chat.store, "by_token", full)
        await full()

    monkeypatch.setattr(chat.store, "claim", fails)
    await chat.tap("Confirm")
    shown = check_message(chat.reply.shown[chat.reply.order[0]])
    assert "Checking once more" not in shown
    assert "confirm?" in shown


async def test_a_card_that_cannot_be_noted_does_not_stand_as_if_it_could_be_confirmed(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat.store, "bind", full)
    await chat.say(LINE)
    shown = chat.reply.shown[chat.reply.order[0]]
    assert "I cannot store that just now" in shown.html
    assert shown.buttons == ()


async def test_an_edit_that_fails_does_not_stop_the_order(chat: Chat) -> None:
    await chat.say(LINE)
    chat.reply.edit_failures = [DeliveryUnknown("timed out"), DeliveryUnknown("timed out")]
    await chat.tap("Confirm")
    assert len(chat.gateway.submitted) == 1


@pytest.mark.parametrize(
    ("label", "type_", "limit"),
    [
        ("Market", OrderType.MARKET, None),
        ("Limit at ask", OrderType.LIMIT, Decimal("200.02")),
        ("Mid", OrderType.LIMIT, Decimal("200.00")),
    ],
)
async def test_without_a_price_the_kind_of_price_is_asked_for(
    chat: Chat, label: str, type_: OrderType, limit: Decimal | None
) -> None:
    text = await chat.say("buy 10 AAPL")
    assert "at what price?" in text
    assert chat.store.rows == {}
    await chat.tap(label)
    ticket = chat.store.rows[1].ticket
    assert (ticket.order_type, ticket.limit_price) == (type_, limit)


async def test_a_sell_without_a_price_offers_the_bid(chat: Chat) -> None:
    await chat.say("sell 10 AAPL")
    await chat.tap("Limit at bid")
    assert chat.store.rows[1].ticket.limit_price == Decimal("199.98")


async def test_an_unheard_of_kind_of_price_is_refused(chat: Chat) -> None:
    await chat.say("buy 10 AAPL")
    toast = await chat.press(encode(Code.ORDER_PRICE, "best", "buy 10 AAPL"), chat.reply.last_id)
    assert "not understood" in toast
    assert chat.store.rows == {}


async def test_without_market_data_a_price_can_still_be_typed(chat: Chat) -> None:
    chat.floor.quote_error = NoMarketData(354, "not subscribed")
    text = await chat.say("buy 10 AAPL")
    assert "at what price?" in text
    assert chat.labels() == ["Market"]


async def test_a_symbol_with_several_instruments_is_asked_back_and_goes_on(chat: Chat) -> None:
    text = await chat.say("buy 10 BMW 90")
    assert "Several instruments are called BMW" in text
    await chat.tap("BMW ADR")
    assert chat.store.rows[1].instrument.con_id == 4050


async def test_an_unknown_symbol_is_answered_with_suggestions_that_go_on(chat: Chat) -> None:
    text = await chat.say("buy 10 APPL 199.5")
    assert "I don't know APPL" in text
    await chat.tap("APPLE")
    assert "BUY 10 AAPL LIMIT 199.50" in chat.reply.text


async def test_a_line_that_is_no_order_shows_the_place_and_examples(chat: Chat) -> None:
    text = await chat.say("buy AAPL 10")
    assert "buy AAPL 10\n    ^" in text
    assert "buy 10 AAPL" in text
    assert "Nothing was sent to the market." in text


async def test_a_missing_preview_is_said(chat: Chat) -> None:
    chat.gateway.preview_error = BrokerError(201, "Order rejected - reason: no buying power")
    text = await chat.say(LINE)
    assert "what-if is missing" in text
    assert "no buying power" in text


async def test_orders_lists_what_works_with_a_cancel_button(chat: Chat) -> None:
    assert "No orders yet" in await chat.say("/orders")
    await chat.say(LINE)
    await chat.tap("Confirm")
    text = await chat.say("/orders")
    assert "1 working" in text
    assert "PAPER · BUY 10 AAPL LIMIT 199.50" in text
    toast = await chat.tap("Cancel #1")
    assert "asked to cancel #1" in toast
    assert chat.gateway.cancelled == [101]


async def test_an_order_that_is_gone_cannot_be_cancelled(chat: Chat) -> None:
    await chat.say(LINE)
    await chat.press(encode(Code.ORDER_WITHDRAW, "h", 1), chat.reply.last_id)
    assert "no such open order" in chat.reply.text


async def test_a_line_on_a_button_is_like_a_typed_one(chat: Chat) -> None:
    await chat.press(encode(Code.ORDER_LINE, "sell 5 #265598 market"), 1)
    assert "SELL 5 AAPL MARKET" in chat.reply.text
    assert chat.gateway.submitted == []


async def press_again(chat: Chat, data: str, card: int, *, label: str = "") -> str:
    """Press as the next start hands on what a crash interrupted; return what is answered."""
    await chat.router.on_press(Press(TRADER, TRADER, card, Role.TRADER, data, "again", interrupted=True, label=label))
    return chat.reply.text


async def test_a_confirm_interrupted_before_its_claim_is_told_as_not_sent_and_the_card_stands_again(chat: Chat) -> None:
    await chat.say(LINE)
    card, data = chat.reply.last_id, chat.button("Confirm").data
    standing = await chat.store.by_token(data.partition(":")[2])
    assert standing is not None
    # What the dead process had made of the card.
    await chat.reply.edit(TRADER, card, views.sending(standing))
    told = await press_again(chat, data, card)
    assert told.startswith("⚠️ PAPER · BUY 10 AAPL LIMIT 199.50 · not sent")
    assert "The card still stands: press again within 60 s" in told
    assert chat.gateway.submitted == []
    await chat.tap("Confirm", on=card)
    assert len(chat.gateway.submitted) == 1


async def test_a_confirm_interrupted_after_its_claim_is_not_sent_again_and_says_to_look(chat: Chat) -> None:
    await chat.say(LINE)
    card, data = chat.reply.last_id, chat.button("Confirm").data
    await chat.press(data, card)
    told = await press_again(chat, data, card)
    assert told.splitlines()[0].endswith("look before you repeat it")
    assert "It is not sent again. Now: 🕓 sent" in told
    assert len(chat.gateway.submitted) == 1
    assert "Confirm" not in " ".join(chat.labels(on=card))


async def test_a_confirm_interrupted_before_it_was_noted_that_the_order_left_is_not_told_as_unsent(chat: Chat) -> None:
    await chat.say(LINE)
    card, data = chat.reply.last_id, chat.button("Confirm").data
    standing = await chat.store.by_token(data.partition(":")[2])
    assert standing is not None
    chat.store.rows[standing.id] = standing.with_state(ProposalState.CONFIRMED)
    told = await press_again(chat, data, card)
    assert "It is not sent again. Now: ⚠️ perhaps sent." in told
    assert "⚠️ perhaps sent" in chat.reply.shown[card].html
    # The button of before, pressed by a modified client.
    await chat.press(data, card)
    assert "perhaps sent. Not sent again" in list(chat.reply.answers.values())[-1][0]
    assert chat.gateway.submitted == []


async def test_a_confirm_interrupted_on_a_card_whose_time_is_up_is_told_as_not_sent(chat: Chat) -> None:
    await chat.say(LINE)
    card, data = chat.reply.last_id, chat.button("Confirm").data
    chat.clock.advance(61)
    assert "Write the order again" in await press_again(chat, data, card)
    await chat.handlers.orders.expire()
    assert "not sent" in await press_again(chat, data, card)
    assert chat.gateway.submitted == []


async def test_of_other_presses_that_were_interrupted_the_button_is_named_and_nothing_is_done(chat: Chat) -> None:
    await chat.say(LINE)
    card, data = chat.reply.last_id, chat.button("Confirm").data
    told = await press_again(chat, encode(Code.ORDER_LIST, Place.HERE), card, label="📋 Orders")
    assert "your press of 📋 Orders. It may be done, or not" in told
    # A token of somebody else's card tells nothing of it.
    foreign = Press(ADMIN, ADMIN, card, Role.ADMIN, data, "foreign", interrupted=True)
    await chat.router.on_press(foreign)
    assert "AAPL" not in chat.reply.text


async def full(*_: object, **__: object) -> None:
    raise StorageUnavailable("database or disk is full")


async def _unheard(chat_id: int, count: int) -> None:
    raise AssertionError(chat_id, count)
