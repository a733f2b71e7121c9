"""From a wish to a card: how much, at what price, with what protection."""

from dataclasses import replace
from decimal import Decimal

import pytest

from alerts.codec import firing_to_json
from bot.callback_data import Code, Place, encode
from bot.views.outbox import render
from market.account import Position
from market.errors import NoMarketData, ReadOnlyApi
from market.quote import Tick, TickField
from market.ticket import OrderType
from tests.fakes.chat import AAPL, ACCOUNT, ADMIN, NEW_YORK, Chat
from trading.proposal import ProposalState

BUY = encode(Code.QUOTE_TRADE, Place.ANEW, AAPL.con_id, "B")
SELL = encode(Code.QUOTE_TRADE, Place.ANEW, AAPL.con_id, "S")


@pytest.fixture
def chat() -> Chat:
    return Chat()


async def test_three_taps_from_buy_to_a_bracket_order(chat: Chat) -> None:
    await chat.press(BUY, 1)
    await chat.tap("🛡 BUY 10")
    assert "🛑 Stop loss" in chat.reply.text
    await chat.tap("Confirm")
    assert [one.order_type for _, one, _ in chat.gateway.submitted] == [
        OrderType.LIMIT,
        OrderType.LIMIT,
        OrderType.STOP,
    ]
    assert {one.quantity for _, one, _ in chat.gateway.submitted} == {Decimal(10)}


async def test_what_risks_a_share_of_the_account_loses_no_more_at_its_stop(chat: Chat) -> None:
    await chat.press(BUY, 1)
    await chat.tap("🛡 Risk 0.5%")
    ticket = chat.store.rows[1].ticket
    assert ticket.limit_price is not None
    assert ticket.stop_loss is not None
    lost = (ticket.limit_price - ticket.stop_loss) * ticket.quantity
    assert Decimal(400) < lost <= Decimal(500)


async def test_who_closes_a_position_is_offered_parts_of_it_and_no_stop(chat: Chat) -> None:
    chat.floor.held_positions = [Position(ACCOUNT, AAPL, Decimal(30), Decimal(150))]
    text = await pressed(chat, SELL)
    assert "you hold 30" in text
    assert not any("🛡" in label for label in chat.labels())
    await chat.tap("SELL half")
    await chat.tap("Market")
    assert chat.store.rows[1].ticket.quantity == 15


async def test_without_prices_no_stop_is_offered_but_a_number_can_be_chosen(chat: Chat) -> None:
    chat.floor.quote_error = NoMarketData(354, "not subscribed")
    await pressed(chat, BUY)
    assert not any("🛡" in label for label in chat.labels())
    assert "BUY 10" in chat.labels()


async def test_an_order_too_long_for_a_button_is_kept_and_asked_for_its_price_all_the_same(chat: Chat) -> None:
    line = "buy 12345.6789 AAPL tp 2100.12345678 sl 190.12345678 gtd 2026-12-24T20:30:15Z outside"
    floor = replace(AAPL, min_tick=0.00000001)
    chat.floor.instruments = (floor,)
    text = await chat.say(line)
    assert "at what price?" in text
    assert chat.labels() == ["Market", "Limit at ask", "Mid"]
    assert all(button.data.startswith("ov:") for button in chat.reply.last.buttons[0])


async def test_a_kept_order_becomes_a_card_at_the_chosen_price(chat: Chat) -> None:
    line = "buy 10 AAPL tp 210 sl 190 gtd 2026-12-24T20:30:15Z outside"
    assert len(line) > 50
    await chat.say(line)
    await chat.tap("Limit at ask")
    ticket = chat.store.rows[1].ticket
    assert (ticket.limit_price, ticket.stop_loss) == (Decimal("200.02"), Decimal(190))
    assert "outside regular hours too" in chat.reply.text


async def test_a_kept_order_that_is_over_orders_nothing(chat: Chat) -> None:
    assert "over" in await chat.press(encode(Code.ORDER_KEPT, 77, "market"), 1)
    assert chat.store.rows == {}


async def test_with_a_read_only_api_there_is_no_card_but_what_to_set(chat: Chat) -> None:
    chat.gateway.preview_error = ReadOnlyApi(321, "The API interface is currently in Read-Only mode.")
    text = await chat.say("buy 10 AAPL 199.5")
    assert "read-only" in text
    assert "Read-Only API" in text
    assert chat.store.rows[1].state is ProposalState.VOID
    assert "Confirm" not in " ".join(chat.labels())


async def pressed(chat: Chat, data: str) -> str:
    await chat.press(data, 1)
    return chat.reply.text


async def test_an_alerts_order_too_long_for_a_button_is_opened_as_the_alert_has_it_then(chat: Chat) -> None:
    then = "buy 10 limit 199.5 tp 210.25 sl 190.75 gtd 2026-12-24T20:30:15Z outside"
    await chat.say(f"AAPL > 198 then {then}")
    fired = chat.engine.on_ticks([Tick(AAPL, TickField.LAST, 199.0, 1, chat.clock.now())])[0]
    message = render("firing", firing_to_json(fired), now=chat.clock.now(), zone=NEW_YORK)
    prepare = message.buttons[0][0]
    assert prepare.label.startswith("📝 Prepare BUY 10 AAPL @ 199.50 TP 210.")
    assert prepare.data == f"oi:{fired.rule.id}"
    await chat.press(prepare.data, 77)
    assert "Stop loss 190.75" in chat.reply.text
    assert chat.store.rows[1].ticket.take_profit == Decimal("210.25")


async def test_someone_elses_alert_opens_no_order(chat: Chat) -> None:
    await chat.say("AAPL > 198 then buy 10 limit 199.5")
    await chat.press("oi:1", 77, ADMIN)
    assert chat.store.rows == {}
