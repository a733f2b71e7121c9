"""The watchlist, and one alert for each of a list."""

from decimal import Decimal

import pytest

from market.account import Position
from market.instrument import Instrument
from tests.fakes.chat import AAPL, ACCOUNT, MSFT, Chat


@pytest.fixture
def chat() -> Chat:
    chat = Chat()
    chat.floor.last, chat.floor.bid, chat.floor.ask = 196.42, 196.40, 196.44
    return chat


async def test_symbols_are_put_on_the_list_and_taken_off(chat: Chat) -> None:
    assert "Your watchlist is empty" in await chat.say("/watch")
    chat.quote(AAPL, 196.42, close=192.0)
    text = await chat.say("/watch aapl, MSFT")
    assert "Watchlist 2" in text
    assert "AAPL 196.42 ▲ +2.30%" in text
    assert await chat.tap("✖️ AAPL") == "Taken off your watchlist"
    assert await chat.watchlists.of(222) == [MSFT]
    assert "Watchlist 1" in await chat.say("/watch MSFT")
    assert "empty" in await chat.say("/watch -MSFT")


async def test_an_unclear_symbol_is_asked_back_and_the_choice_is_put_on(chat: Chat) -> None:
    await chat.say("/watch BMW")
    question = chat.reply.order[-2]
    await chat.tap("BMW ADR", on=question)
    assert [one.name for one in await chat.watchlists.of(222)] == ["BMW ADR"]


async def test_one_alert_is_set_for_each_of_the_watchlist_and_can_be_undone(chat: Chat) -> None:
    await chat.say("/watch AAPL MSFT")
    text = await chat.say("/alert each of watchlist -3% today")
    assert "2 alerts set" in text
    assert [rule.text for rule in chat.rules.rules.values()] == ["AAPL -3%", "MSFT -3%"]
    await chat.tap("Undo")
    assert chat.rules.rules == {}


async def test_the_portfolio_and_named_symbols_work_too_also_as_plain_text(chat: Chat) -> None:
    chat.floor.held_positions = [
        Position(ACCOUNT, AAPL, Decimal(150), Decimal(180)),
        Position(ACCOUNT, MSFT, Decimal(0), Decimal(0)),
    ]
    assert "1 alert set" in await chat.say("each of portfolio trails 5%")
    assert "2 alerts set" in await chat.say("each of AAPL, MSFT rsi(14, 1h) < 30 rth")
    assert "AAPL trails 5%" in {rule.text for rule in chat.rules.rules.values()}


async def test_more_than_there_is_room_for_sets_none(chat: Chat) -> None:
    for level in range(201, 206):
        await chat.say(f"AAPL > {level}")
    await chat.say("/watch AAPL MSFT")
    assert "there is room for 0" in await chat.say("/alert each of watchlist -3% today")
    assert len(chat.rules.rules) == 5


async def test_an_empty_list_and_a_bad_line_set_nothing(chat: Chat) -> None:
    assert "Each of what?" in await chat.say("/alert each of watchlist -3% today")
    await chat.say("/watch AAPL")
    assert "Did you mean each of watchlist crosses 5?" in await chat.say("/alert each of watchlist croses 5")
    assert chat.rules.rules == {}


async def test_a_line_for_each_that_is_not_understood_is_shown_as_it_was_typed(chat: Chat) -> None:
    text = await chat.say("/alert each of AAPL, MSFT croses 5")
    assert "#265598" not in text
    assert "AAPL, MSFT croses 5" in text
    assert "each of AAPL, MSFT crosses 5" in text
    assert chat.rules.rules == {}


async def test_a_number_for_each_that_reads_two_ways_is_asked_back_as_a_line_for_each(chat: Chat) -> None:
    text = await chat.say("each of AAPL, MSFT > 1,234")
    assert "#265598" not in text
    assert "each of AAPL, MSFT > 1.234" in text
    assert "each of AAPL, MSFT > 1234" in text
    assert chat.labels() == []
    assert chat.rules.rules == {}


@pytest.mark.parametrize("ticker", ["700", "7203", "M&M", "3M", "^VIX", "LOW", "BF B"])
async def test_an_alert_on_a_ticker_that_is_no_symbol_of_the_language_still_reads_back(chat: Chat, ticker: str) -> None:
    chat.floor.instruments = (*chat.floor.instruments, Instrument(77, ticker))
    await chat.watchlists.add(222, chat.floor.instruments[-1], chat.clock.now())
    assert "1 alert set" in await chat.say("each of watchlist > 300")
    (rule,) = chat.rules.rules.values()
    assert chat.rulebook.read(rule.text) == rule.draft
    assert [one.con_id for one in rule.instruments.values()] == [77]
