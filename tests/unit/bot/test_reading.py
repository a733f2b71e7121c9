"""What is read in the chat: quotes, news, scans, the portfolio, the summary, the status."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from bot.callback_data import Code, encode
from broker.status import LinkReason, LinkState, LinkStatus
from market.account import Position
from market.errors import LinkDown, RequestTimeout
from market.instrument import Instrument
from market.news import Headline
from market.scan import ScanRow, ScanSpec
from tests.fakes.chat import AAPL, ACCOUNT, EVIL, MSFT, Chat
from trading.summary import DailySummary


@pytest.fixture
def chat() -> Chat:
    chat = Chat()
    chat.floor.held_positions = [
        Position(ACCOUNT, AAPL, Decimal(200), Decimal("184.10"), Decimal("200.15"), Decimal(40030), Decimal(3210))
    ]
    return chat


class TestQuotes:
    async def test_refresh_edits_the_card_with_the_new_price(self, chat: Chat) -> None:
        assert "You: 200 @ 184.10 · P&L +$3,210.00" in await chat.say("AAPL")
        card = chat.reply.last_id
        chat.floor.last = 201.5
        await chat.tap("Refresh")
        assert "AAPL 201.50" in chat.reply.text
        assert chat.reply.last_id == card

    async def test_the_alert_button_offers_levels_that_set_an_alert(self, chat: Chat) -> None:
        await chat.say("AAPL")
        await chat.tap("Alert")
        assert "alert at what level?" in chat.reply.text
        await chat.tap("▲ 210.00")
        assert "Alert #1 set · AAPL above 210.00" in chat.reply.text

    async def test_the_buy_button_leads_to_a_card_in_three_taps_and_orders_nothing(self, chat: Chat) -> None:
        await chat.say("AAPL")
        await chat.tap("Buy")
        await chat.tap("BUY 50")
        await chat.tap("Limit at ask")
        assert "BUY 50 AAPL LIMIT 200.02 · confirm?" in chat.reply.text
        assert chat.gateway.submitted == []

    async def test_the_sell_button_offers_all_that_is_held(self, chat: Chat) -> None:
        await chat.say("AAPL")
        await chat.tap("Sell")
        assert "SELL all 200" in chat.labels()

    async def test_an_unknown_symbol_is_answered_with_what_is_like_it(self, chat: Chat) -> None:
        assert "Did you mean" in await chat.say("APPL")
        await chat.tap("AAPL")
        assert "AAPL 200.00" in chat.reply.text

    async def test_without_an_answer_of_ibkr_a_sentence_comes(self, chat: Chat) -> None:
        chat.floor.quote_error = RequestTimeout("market data", 3.0)
        assert "IBKR did not answer within 3 s" in await chat.say("AAPL")
        chat.floor.quote_error = LinkDown("silent")
        await chat.press(encode(Code.QUOTE, "n", 265598), 1)
        assert "IBKR cannot be reached" in chat.reply.text

    async def test_hostile_names_cannot_break_the_markup(self, chat: Chat) -> None:
        chat.floor.held_positions = [Position(ACCOUNT, EVIL, Decimal(5), Decimal(1))]
        for code in (Code.QUOTE, Code.QUOTE_ALERT, Code.NEWS_LIST, Code.POSITION_CARD):
            await chat.press(encode(code, "n", EVIL.con_id), 1)
            assert "<b>&EVIL" in chat.reply.text
        await chat.press(encode(Code.QUOTE_TRADE, "n", EVIL.con_id, "S"), 1)
        assert "<b>&EVIL" in chat.reply.text
        await chat.say(f"#{EVIL.con_id} > 5")
        assert "<b>&EVIL above 5.00" in chat.reply.text
        await chat.say(f"buy 5 #{EVIL.con_id} 199.5")
        assert "BUY 5 <b>&EVIL LIMIT" in chat.reply.text


class TestNews:
    async def test_headlines_lead_to_their_stories_and_pages_are_turned_in_place(self, chat: Chat) -> None:
        now = chat.clock.now()
        chat.news.found = [
            Headline("DJNL", f"DJNL$a{n}", f"Head {n} <&>", now - timedelta(hours=n)) for n in range(1, 4)
        ]
        chat.news.bodies["DJNL$a2"] = "".join(f"<p>Paragraph {n} of <b>many</b> words</p>" for n in range(300))
        assert "AAPL · 3 headlines" in await chat.say("/news aapl")
        await chat.tap("📖 2")
        story = chat.reply.last_id
        assert "Paragraph 0 of many words" in chat.reply.text
        await chat.tap("▶️")
        assert "(2/" in chat.reply.text
        assert chat.reply.last_id == story
        assert chat.news.asked == ["DJNL$a2"]

    async def test_more_words_after_the_command_are_a_news_alert(self, chat: Chat) -> None:
        assert "Alert #1 set · news on AAPL with “guidance”" in await chat.say('/news AAPL "guidance"')

    async def test_an_article_without_text_says_so(self, chat: Chat) -> None:
        await chat.press(encode(Code.NEWS_STORY, "n", 0, "DJNL", "x"), 1)
        assert "The provider sent no text." in chat.reply.text


@pytest.mark.parametrize(
    ("said", "told"),
    [("news", "News · "), ("Scan", "Which scan"), ("scan", "Which scan"), ("/scan find", "Which scan")],
)
async def test_a_word_alone_opens_what_it_names(chat: Chat, said: str, told: str) -> None:
    await chat.say(said)
    assert told in chat.reply.text


class TestScans:
    async def test_a_scan_is_chosen_run_and_made_an_alert(self, chat: Chat) -> None:
        chat.scans.rows = [ScanRow(1, AAPL), ScanRow(2, MSFT)]
        await chat.say("/scan")
        await chat.tap("Top % gainers")
        assert "Top % gainers · 2 found" in chat.reply.text
        assert chat.scans.asked == [ScanSpec("TOP_PERC_GAIN")]
        await chat.tap("Alert me")
        assert "Alert #1 set · new, dropped or jumped in scan TOP_PERC_GAIN" in chat.reply.text

    async def test_bounds_are_understood(self, chat: Chat) -> None:
        await chat.say("/scan TOP_PERC_GAIN price > 5 volume > 1M top 10")
        assert chat.scans.asked == [ScanSpec("TOP_PERC_GAIN", rows=10, above_price=5.0, above_volume=1_000_000)]
        assert "Nothing meets it just now." in chat.reply.text

    async def test_a_bad_scan_line_shows_the_place(self, chat: Chat) -> None:
        assert "^" in await chat.say("/scan TOP_PERC_GAIN price >")


class TestPortfolio:
    async def test_positions_and_their_cards_share_one_message(self, chat: Chat) -> None:
        assert "AAPL      200   200.15   +3,210.00" in await chat.say("/positions")
        screen = chat.reply.last_id
        await chat.tap("AAPL")
        assert "AAPL 200 · P&L +$3,210.00 (+8.72%)" in chat.reply.text
        await chat.tap("« Positions")
        await chat.tap("Account")
        assert "PAPER DU1234567 · $100,000.00" in chat.reply.text
        assert chat.reply.last_id == screen

    async def test_many_positions_have_pages(self, chat: Chat) -> None:
        chat.floor.held_positions = [
            Position(ACCOUNT, Instrument(n, f"S{n}"), Decimal(n), Decimal(1), Decimal(1), Decimal(n))
            for n in range(1, 20)
        ]
        assert "(1/3)" in await chat.say("/positions")
        await chat.tap("◀️")
        assert "(3/3)" in chat.reply.text

    async def test_a_position_that_is_gone_says_so(self, chat: Chat) -> None:
        await chat.press(encode(Code.POSITION_CARD, "h", 1), 1)
        assert "Nothing of it is held any more" in chat.reply.shown[1].html

    async def test_before_the_first_connect_it_is_said(self, chat: Chat) -> None:
        chat.floor.named = ()
        for command in ("/positions", "/account", "/summary"):
            assert "IBKR has not told of any account yet" in await chat.say(command)

    async def test_before_the_accounts_values_have_come_nothing_is_said_of_what_it_holds(self, chat: Chat) -> None:
        chat.floor.held_positions = []
        chat.floor.summaries.clear()
        for command in ("/positions", "/account", "/summary"):
            assert f"IBKR has not told what is in PAPER {ACCOUNT} yet" in await chat.say(command)


class TestSummary:
    SUMMARY = DailySummary(
        ACCOUNT,
        date(2026, 11, 20),
        Chat().clock.now(),
        "USD",
        Decimal(100_000),
        curve=((date(2026, 11, 19), Decimal(99_000)), (date(2026, 11, 20), Decimal(100_000))),
    )

    async def test_the_text_comes_first_and_the_picture_is_added(self, chat: Chat) -> None:
        chat.office.summary = self.SUMMARY
        await chat.say("/summary")
        (message_id, message), *rest = chat.reply.attached
        assert (message_id, rest) == (chat.reply.last_id, [])
        assert message.picture == chat.office.picture
        assert message.buttons
        assert chat.office.drawn == [[(date(2026, 11, 19), 99000.0), (date(2026, 11, 20), 100000.0)]]

    async def test_without_a_picture_the_text_stands(self, chat: Chat) -> None:
        chat.office.summary, chat.office.picture = self.SUMMARY, None
        assert "$100,000.00" in await chat.say("/summary")
        assert chat.reply.attached == []

    async def test_the_button_does_the_same(self, chat: Chat) -> None:
        chat.office.summary = replace(self.SUMMARY, change=Decimal(-5), change_pct=Decimal("-0.01"))
        await chat.press(encode(Code.SUMMARY, "n"), 1)
        assert "−$5.00 (−0.01%)" in chat.reply.text  # noqa: RUF001  the minus sign of prose


class TestStatus:
    async def test_a_link_that_is_down_is_the_first_line_with_its_reason_and_the_retry(self, chat: Chat) -> None:
        text = await chat.say("/status")
        assert text.startswith("🔴 IBKR link is not up")
        assert "nothing listens at its address" in text
        assert "Retrying by myself" in text

    async def test_refresh_shows_that_it_is_back(self, chat: Chat) -> None:
        await chat.say("/status")
        chat.office.link = LinkStatus(LinkState.UP, chat.clock.now(), LinkReason.NONE, accounts=(ACCOUNT,))
        await chat.tap("Refresh")
        assert chat.reply.text.startswith("🟢 All good · PAPER DU1234567")
