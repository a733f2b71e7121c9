"""What an alert did and would have done: added by edit, never in the way."""

from datetime import timedelta

import pytest

from alerts.aftermath import Aftermath
from alerts.history import Backtest, PastFiring
from alerts.rule import Firing, PriceCause
from bot.handlers.past import spanned
from market.errors import LinkDown
from market.quote import Bar, BarSize, TickField
from tests.fakes.chat import AAPL, Chat


@pytest.fixture
def chat() -> Chat:
    chat = Chat()
    chat.floor.last, chat.floor.bid, chat.floor.ask = 196.42, 196.40, 196.44
    now = chat.clock.now()
    firings = (PastFiring(now - timedelta(days=9), 190.0, 191.0, 188.0), PastFiring(now, 195.0, None, None))
    bars = (Bar(now, 1.0, 1.0, 1.0, 1.0),)
    chat.past.backtest = Backtest(firings, bars, now - timedelta(days=90), now, BarSize.HOUR_1, AAPL)
    return chat


async def test_a_new_alert_says_by_edit_how_often_it_would_have_fired(chat: Chat) -> None:
    text = await chat.say("AAPL > 200")
    assert "Alert #1 set" in text
    assert "Would have fired 2 times in the last 90 days" in text
    assert "20 Nov 2026, 11 Nov 2026" in text
    assert len(chat.reply.edits) == 1
    assert chat.past.asked == [("AAPL > 200", 90)]


async def test_without_a_past_the_message_stays_as_it_is(chat: Chat) -> None:
    chat.past.error = LinkDown("refused")
    assert "Alert #1 set" in await chat.say("AAPL > 200")
    chat.past.error, chat.past.backtest = None, None
    await chat.say("AAPL > 201")
    assert chat.reply.edits == []


async def test_a_message_that_a_press_has_changed_is_not_changed_back(chat: Chat) -> None:
    message = chat.reply
    await chat.say("AAPL > 200")
    rule, shown = chat.rules.rules[1], message.last
    chat.handlers.past.begin(222, message.last_id, shown, rule)
    await chat.tap("Delete")
    assert "Alert #1 deleted" in chat.reply.text


async def test_a_backtest_tells_the_numbers_and_then_the_picture(chat: Chat) -> None:
    text = await chat.say("/backtest AAPL rsi(14,1h) < 30 1y")
    assert "Would have fired 2 times in the last 90 days, as far back as 1h bars were had" in text
    assert chat.past.asked == [("AAPL rsi(14, 1h) < 30", 365)]
    assert chat.reply.attached
    assert chat.rules.rules == {}


async def test_a_backtest_without_a_line_or_with_a_bad_one_says_how(chat: Chat) -> None:
    assert "Backtest what?" in await chat.say("/backtest")
    assert "Did you mean AAPL crosses 5?" in await chat.say("/backtest AAPL croses 5 1y")
    await chat.say("/backtest APPL > 200 30d")
    await chat.tap("AAPL · APPLE")
    assert chat.past.asked == [("AAPL > 200", 30)]


async def test_a_backtest_whose_number_reads_two_ways_goes_on_as_a_backtest(chat: Chat) -> None:
    text = await chat.say("/backtest AAPL > 199,500 1y")
    assert "Which number do you mean?" in text
    assert "/backtest AAPL > 199.500 365d" in text
    await chat.tap("AAPL > 199.500")
    assert "Backtest · AAPL above 199.50" in chat.reply.text
    assert chat.rules.rules == {}


async def test_a_backtest_that_ibkr_gives_no_bars_for_says_why(chat: Chat) -> None:
    chat.past.error = LinkDown("refused")
    assert "No history: IBKR cannot be reached" in await chat.say("/backtest AAPL > 200")


async def test_the_history_has_the_prices_an_hour_and_a_day_after(chat: Chat) -> None:
    await chat.say("AAPL > 200")
    rule = chat.rules.rules[1]
    fired = Firing("k", rule, chat.clock.now(), PriceCause(AAPL, TickField.LAST, 200.0))
    chat.past.firings[1] = [Aftermath(fired, 202.0, 190.0)]
    await chat.say("/alerts")
    await chat.tap("1 AAPL")
    await chat.tap("History")
    assert "200.00 · 1 h later 202.00 (+1.00%) · 1 d later 190.00 (\N{MINUS SIGN}5.00%)" in chat.reply.text


async def test_the_chart_comes_after_its_text_and_a_failed_one_says_so(chat: Chat) -> None:
    await chat.say("AAPL > 200")
    await chat.say("/alerts")
    await chat.tap("1 AAPL")
    await chat.tap("Chart")
    assert chat.reply.attached[-1][1].picture
    assert chat.past.drawn[-1] == "AAPL · AAPL above 200.00"
    chat.past.picture = None
    await chat.tap("Chart", on=chat.reply.order[-2])
    assert "could not be drawn" in chat.reply.text


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("AAPL > 200", ("AAPL > 200", 90)),
        ("AAPL > 200 1y", ("AAPL > 200", 365)),
        ("AAPL rsi(14,1h) < 30 6mo", ("AAPL rsi(14,1h) < 30", 180)),
        ("AAPL > high(52w)", ("AAPL > high(52w)", 90)),
        ("AAPL > 200 99y", ("AAPL > 200", 730)),
    ],
)
def test_the_span_stands_at_the_end(line: str, parts: tuple[str, int]) -> None:
    assert spanned(line) == parts
