"""Alerts in the chat: setting, asking back, listing, changing, undoing."""

from dataclasses import replace

import pytest

from bot.callback_data import Code, encode
from market.errors import LinkDown, NoMarketData
from market.instrument import Instrument
from market.quote import Quote, Tick, TickField
from tests.fakes.chat import AAPL, TRADER, VIEWER, Chat


@pytest.fixture
def chat() -> Chat:
    chat = Chat()
    chat.floor.last, chat.floor.bid, chat.floor.ask = 196.42, 196.40, 196.44
    return chat


def tick(chat: Chat, price: float) -> Tick:
    return Tick(AAPL, TickField.LAST, price, 100, chat.clock.now())


async def test_an_alert_is_confirmed_with_the_price_now_and_the_distance(chat: Chat) -> None:
    text = await chat.say("AAPL > 200")
    assert text.startswith("✅ Alert #1 set · AAPL above 200.00")
    assert "Now 196.42 · needs +1.82%" in text
    assert "Fires once" in text


async def test_the_command_does_the_same(chat: Chat) -> None:
    assert "Alert #1 set" in await chat.say("/alert AAPL > 200")
    assert "Alert #2 set" in await chat.say("/new AAPL < 100")
    assert "Alert on what?" in await chat.say("/alert")


async def test_a_viewer_may_set_alerts(chat: Chat) -> None:
    assert "Alert #1 set" in await chat.say("AAPL > 200", VIEWER)


async def test_without_market_data_the_alert_is_set_and_the_reason_told(chat: Chat) -> None:
    chat.floor.quote_error = NoMarketData(354, "Requested market data is not subscribed")
    text = await chat.say("AAPL > 200")
    assert "Alert #1 set" in text
    assert "No price yet (IBKR 354: Requested market data is not subscribed)" in text


async def test_without_a_link_to_find_the_symbol_nothing_is_set(chat: Chat) -> None:
    chat.floor.find_error = LinkDown("refused")
    text = await chat.say("AAPL > 200")
    assert "IBKR cannot be reached" in text
    assert chat.rules.rules == {}


async def test_one_that_is_true_already_fires_at_once_and_offers_the_next_crossing(chat: Chat) -> None:
    await chat.say("AAPL < 100")
    chat.engine.on_ticks([tick(chat, 196.42)])
    text = await chat.say("AAPL > 190")
    assert "true already, so it fires at once" in text
    await chat.tap("Next crossing")
    assert "AAPL crosses above 190.00" in chat.reply.text


@pytest.mark.parametrize("line", ["AAPL > 1", "AAPL > 1 every cooldown 1h"])
async def test_the_first_alert_on_a_symbol_is_judged_by_the_first_price_before_it_is_answered(
    chat: Chat, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = chat.floor.fresh

    async def fresh(instrument: Instrument, timeout_s: float = 3.0) -> Quote:
        quote = await ask(instrument, timeout_s)
        chat.engine.on_ticks([tick(chat, 196.42)])
        return quote

    monkeypatch.setattr(chat.floor, "fresh", fresh)
    text = await chat.say(line)
    assert "true already, so it fires at once" in text
    assert "needs" not in text
    assert any("Next crossing" in label for label in chat.labels())


async def test_a_line_that_does_not_parse_shows_the_place_and_two_examples(chat: Chat) -> None:
    text = await chat.say("/alert AAPL croses 200")
    assert "AAPL croses 200\n     ^" in text
    assert "crosses" in text
    assert text.count("AAPL") >= 3
    assert chat.rules.rules == {}


async def test_an_unknown_symbol_goes_on_with_the_one_that_was_meant(chat: Chat) -> None:
    text = await chat.say('APPL > 200 or APPL < 100 every note "x & y"')
    assert "I don't know APPL" in text
    await chat.tap("AAPL · APPLE")
    assert "AAPL above 200.00 or AAPL below 100.00" in chat.reply.text
    assert "x & y" in chat.reply.text


async def test_an_ambiguous_symbol_is_asked_back(chat: Chat) -> None:
    await chat.say("BMW crosses 90")
    await chat.tap("BMW ADR")
    assert "BMW crosses 90.00" in chat.reply.text
    assert next(iter(chat.rules.rules.values())).instruments["#4050"].currency == "USD"


async def test_a_company_is_known_by_a_name_of_several_words(chat: Chat) -> None:
    assert "AAPL above 400.00" in await chat.say("tell me when apple inc rises above 400")
    assert chat.rules.rules[1].instruments["AAPL"] == AAPL


async def test_several_companies_of_a_name_are_asked_back(chat: Chat) -> None:
    chat.floor.instruments = (AAPL, replace(AAPL, con_id=7, name="APPLE INC-CDR", primary_exchange="NEOE"))
    text = await chat.say("when apple inc reaches 400 every")
    assert "Several instruments are called apple inc" in text
    assert chat.rules.rules == {}
    await chat.tap("APPLE INC-CDR")
    assert chat.rules.rules[1].text == "#7 crosses 400 every"


async def test_a_name_that_nobody_bears_is_a_line_that_is_not_understood(chat: Chat) -> None:
    assert "expected" in await chat.say("when nobody knows reaches 400")
    assert chat.rules.rules == {}


async def test_a_line_too_long_for_a_button_goes_on_by_one_all_the_same(chat: Chat) -> None:
    text = await chat.say(f'APPL > 200 note "{"long " * 20}"')
    assert "I don't know APPL" in text
    await chat.tap("AAPL · APPLE")
    assert "Alert #1 set · AAPL above 200.00" in chat.reply.text


async def test_a_number_that_reads_two_ways_is_asked_back(chat: Chat) -> None:
    assert "Which number do you mean?" in await chat.say("AAPL > 199,500")
    assert chat.labels() == ["AAPL > 199.500", "AAPL > 199500"]
    assert chat.rules.rules == {}
    await chat.tap("AAPL > 199.500")
    assert "AAPL above 199.50" in chat.reply.text


async def test_of_two_instruments_the_price_now_says_whose_it_is(chat: Chat) -> None:
    assert "AAPL now 196.42" in await chat.say("AAPL / MSFT > 0.45")


async def test_more_than_the_cap_is_refused_with_the_number(chat: Chat) -> None:
    for level in range(201, 206):
        await chat.say(f"AAPL > {level}")
    assert "You have 5 alerts" in await chat.say("AAPL > 300")


async def test_the_list_is_nearest_first_with_the_live_distance(chat: Chat) -> None:
    assert "No alerts yet" in await chat.say("/alerts")
    for line in ("AAPL > 250", "AAPL > 200", "AAPL < 190", 'news AAPL "guidance"'):
        await chat.say(line)
    chat.quote(AAPL, 196.42)
    chat.engine.on_ticks([tick(chat, 196.42)])
    text = await chat.say("/alerts")
    assert [line.split()[0] for line in text.splitlines() if line.startswith("#")] == ["#2", "#3", "#1", "#4"]
    assert "#2 AAPL above 200.00 · now 196.42 · needs +1.82%" in text
    assert "Alerts 4 of 5 · nearest first" in text


async def test_long_lists_have_pages_and_say_when_they_changed(chat: Chat) -> None:
    chat.rulebook._cap = 50
    for level in range(201, 212):
        await chat.say(f"AAPL > {level}")
    text = await chat.say("/alerts")
    listing = chat.reply.last_id
    assert "(1/2)" in text
    assert await chat.tap("▶️") == ""
    assert "(2/2)" in chat.reply.text
    assert chat.reply.last_id == listing
    assert await chat.tap("2/2") == ""
    await chat.say("AAPL > 300")
    assert await chat.tap("◀️", on=listing) == "The list has changed."


async def test_an_alert_is_paused_and_resumed_in_place(chat: Chat) -> None:
    await chat.say("AAPL > 200")
    message = chat.reply.last_id
    assert await chat.tap("Pause") == "Paused"
    assert "⏸ Paused since 10:00 ET" in chat.reply.text
    assert await chat.tap("Resume") == "Watching again"
    assert "Armed since" in chat.reply.text
    assert chat.reply.last_id == message


async def test_an_alert_that_fires_before_it_can_be_paused_is_not_called_paused(chat: Chat) -> None:
    await chat.say("AAPL > 200")
    pause = chat.button("Pause")
    chat.engine.on_ticks([Tick(AAPL, TickField.LAST, 201.0, 1.0, chat.clock.now())])
    assert await chat.press(pause.data, chat.reply.last_id) == "Nothing to do: it has fired already."
    assert "Fired since" in chat.reply.text


async def test_a_deleted_alert_can_be_brought_back_for_30_seconds(chat: Chat) -> None:
    await chat.say("AAPL > 200")
    await chat.tap("Delete")
    assert "Alert #1 deleted" in chat.reply.text
    assert chat.rules.rules == {}
    chat.clock.advance(30)
    assert await chat.tap("Undo") == "Alert #1 is back"
    assert list(chat.rules.rules) == [1]
    await chat.tap("Delete")
    chat.clock.advance(31)
    assert "Too late" in await chat.tap("Undo")
    assert chat.rules.rules == {}


async def test_a_new_alert_can_be_undone_for_30_seconds(chat: Chat) -> None:
    await chat.say("AAPL > 200")
    await chat.tap("Undo")
    assert chat.rules.rules == {}
    await chat.say("AAPL > 201")
    chat.clock.advance(31)
    assert "Too late" in await chat.tap("Undo")
    assert len(chat.rules.rules) == 1


async def test_someone_elses_alert_is_not_there(chat: Chat) -> None:
    await chat.say("AAPL > 200", TRADER)
    for code in (Code.ALERT_CARD, Code.ALERT_PAUSE, Code.ALERT_DELETE, Code.ALERT_REARM, Code.ALERT_UNDO):
        await chat.press(encode(code, "h", 1), 500, VIEWER)
        assert "Alert #1 is not there any more" in chat.reply.text
    assert (
        await chat.press(encode(Code.ALERT_RESTORE, "h", 1), 500, VIEWER) == "Too late to undo; type the alert again."
    )
    assert chat.rules.rules[1].is_watching


async def test_from_a_firing_the_card_comes_below_and_the_firing_stays(chat: Chat) -> None:
    await chat.say("AAPL > 200")
    await chat.press(encode(Code.ALERT_PAUSE, "n", 1), 77)
    assert 77 not in chat.reply.shown
    assert chat.reply.replies[chat.reply.last_id] == 77
    assert "Alert #1" in chat.reply.text


async def test_a_spent_alert_can_be_armed_again(chat: Chat) -> None:
    await chat.say("AAPL > 200")
    chat.rules.rules[1] = chat.engine.on_ticks([tick(chat, 201.0)])[0].rule
    chat.engine.remove(1)
    text = await chat.say("/alerts")
    assert "✔️ #1 AAPL above 200.00 · fired 10:00 ET" in text
    await chat.tap("1 AAPL")
    assert "Fired once 10:00 ET" in chat.reply.text
    chat.engine.on_ticks([tick(chat, 195.0)])
    await chat.tap("Re-arm")
    assert "Armed since" in chat.reply.text
