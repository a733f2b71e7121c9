"""News in the chat: lists and their pages, stories, documents, mutes; nobody waits for IBKR but who asked."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from alerts.mute import Mutes
from alerts.rule import NewsCause
from bot.callback_data import Code, encode
from bot.headlines import HeadlineBook, merged
from bot.stories import Stories
from bot.views.firing import news_keys
from bot.views.message import Message
from bot.views.news import button_id
from bot.views.news_alert import Around
from market.account import Position
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.instrument import Instrument
from market.news import BULLETIN_PROVIDER, Article, Headline, Provider
from storage.mute import Mute
from tests.fakes.chat import AAPL, ACCOUNT, ADMIN, MSFT, TRADER, VIEWER, Chat
from tests.fakes.clock import FakeClock
from tests.fakes.firings import fired_by, news_firing, rule_of
from tests.fakes.news import FakeNews

LONG_ID = "DJ-RT$" + "0a1b2c3d" * 9


@pytest.fixture
def chat() -> Chat:
    return Chat()


def heads(chat: Chat, count: int, symbol: str = "AAPL") -> list[Headline]:
    now = chat.clock.now()
    return [
        Headline("DJNL", f"DJNL${symbol}{n}", f"{symbol} headline number {n} says {n * 7}", now - timedelta(hours=n))
        for n in range(1, count + 1)
    ]


class TestLists:
    async def test_pages_are_turned_without_asking_ibkr_again(self, chat: Chat) -> None:
        chat.news.found = heads(chat, 20)
        assert "AAPL · 20 headlines (1/3)" in await chat.say("/news aapl")
        await chat.tap("▶️")
        assert "9. AAPL headline number 9" in chat.reply.text
        await chat.tap("▶️")
        assert "20. AAPL headline number 20" in chat.reply.text
        await chat.tap("▶️")
        assert "(1/3)" in chat.reply.text
        assert chat.news.listed == ["AAPL"]

    async def test_after_a_minute_they_are_asked_for_again_and_refresh_does_so_sooner(self, chat: Chat) -> None:
        chat.news.found = heads(chat, 20)
        await chat.say("/news AAPL")
        chat.clock.advance(30)
        await chat.tap("▶️")
        assert len(chat.news.listed) == 1
        await chat.tap("Refresh")
        assert len(chat.news.listed) == 2
        chat.clock.advance(61)
        await chat.tap("▶️")
        assert len(chat.news.listed) == 3

    async def test_three_hundred_headlines_are_all_there(self, chat: Chat) -> None:
        chat.news.found = heads(chat, 400)
        assert "300 headlines (1/38)" in await chat.say("/news AAPL")
        await chat.press(encode(Code.NEWS_PAGE, "h", 37, AAPL.con_id), chat.reply.last_id)
        assert "300. AAPL headline number 300" in chat.reply.text

    async def test_a_list_nobody_knows_is_no_button_of_ours(self, chat: Chat) -> None:
        assert "not understood" in await chat.press(encode(Code.NEWS_PAGE, "n", 0, "everything"), 1)
        assert "not understood" in await chat.press(encode(Code.NEWS_AGAIN, "n", "-1"), 1)
        assert chat.news.listed == []

    async def test_without_a_link_a_sentence_comes(self, chat: Chat) -> None:
        chat.news.by_symbol["AAPL"] = LinkDown("silent")
        assert "IBKR cannot be reached" in await chat.say("/news AAPL")

    async def test_the_watchlist_is_one_list_by_time_and_each_story_is_in_it_once(self, chat: Chat) -> None:
        for symbol in ("AAPL", "MSFT"):
            await chat.say(f"/watch {symbol}")
        now = chat.clock.now()
        both = Headline("DJNL", "DJNL$9", "Apple and Microsoft settle a dispute over phones", now - timedelta(hours=1))
        other = Headline("BRFG", "BRFG$2", "UPDATE 1-Apple and Microsoft settle a dispute over phones", now)
        chat.news.by_symbol = {"AAPL": [both, *heads(chat, 3)[1:]], "MSFT": [other, both, *heads(chat, 2, "MSFT")[1:]]}
        said = await chat.say("/news watchlist")
        assert "Your watchlist · 4 headlines" in said
        assert said.count("settle a dispute") == 1
        assert "1. Apple and Microsoft settle a dispute over phones\nAAPL, MSFT · " in said
        assert said.index("number 2") < said.index("number 3")

    async def test_the_portfolio_tells_what_did_not_answer(self, chat: Chat) -> None:
        chat.floor.held_positions = [Position(ACCOUNT, one, Decimal(5), Decimal(1)) for one in (AAPL, MSFT)]
        chat.news.by_symbol = {"AAPL": heads(chat, 2), "MSFT": RequestTimeout("historical news", 10)}
        said = await chat.say("/news Portfolio")
        assert "Your positions · 2 headlines" in said
        assert "1 of 2 symbols did not answer: MSFT" in said

    async def test_where_no_symbol_answers_the_reason_is_told(self, chat: Chat) -> None:
        chat.floor.held_positions = [Position(ACCOUNT, AAPL, Decimal(5), Decimal(1))]
        chat.news.by_symbol = {"AAPL": LinkDown("silent")}
        assert "IBKR cannot be reached" in await chat.say("/news portfolio")

    async def test_empty_lists_teach(self, chat: Chat) -> None:
        assert "nothing is held" in await chat.say("/news portfolio")
        assert "/watch AAPL MSFT puts symbols on it" in await chat.say("/news watchlist")
        assert chat.news.listed == []


class TestScreen:
    async def test_it_shows_providers_alerts_and_mutes_with_buttons(self, chat: Chat) -> None:
        await chat.say('/news AAPL "guidance"')
        chat.mutes.kept[TRADER] = [Mute(AAPL.con_id, "", "AAPL")]
        said = await chat.say("/news")
        assert "1 provider · 1 news alert · 1 muted" in said
        assert "DJNL Dow Jones Newsletters" in said
        assert {"#1", "🔔 Unmute AAPL", "📰 My watchlist", "🔔 news portfolio"} <= set(chat.labels())

    async def test_it_comes_without_a_link_too(self, chat: Chat) -> None:
        chat.news.sources = LinkDown("silent")
        assert "IBKR does not tell them just now" in await chat.say("/news")
        chat.news.sources = []
        assert "this account has none" in await chat.say("/news")

    @pytest.mark.parametrize("code", ["VERY_LONG_PROVIDER_CODE_OF_IBKR", "A:B", "BRF G", "+ä", "+DJ"])
    async def test_a_provider_whose_code_fits_no_button_can_be_heard_again(self, chat: Chat, code: str) -> None:
        chat.mutes.kept[TRADER] = [Mute(0, code, "Some provider"), Mute(0, "DJNL", "Dow Jones")]
        await chat.say("/news")
        button = chat.button("Unmute Some provider")
        assert "told again" in await chat.press(button.data, chat.reply.last_id)
        assert chat.mutes.kept[TRADER] == [Mute(0, "DJNL", "Dow Jones")]
        # Its button could not say what to mute again.
        assert not [label for label in chat.labels() if "Some provider" in label]
        await chat.press(button.data, chat.reply.last_id)
        assert chat.mutes.kept[TRADER] == [Mute(0, "DJNL", "Dow Jones")]

    async def test_unmuting_is_taken_back_in_place(self, chat: Chat) -> None:
        chat.mutes.kept[TRADER] = [Mute(0, "DJNL", "Dow Jones Newsletters")]
        await chat.say("/news")
        screen = chat.reply.last_id
        toast = await chat.tap("Unmute Dow Jones")
        assert "Dow Jones Newsletters are told again" in toast
        assert chat.mutes.told == [(TRADER, Mutes())]
        assert "News of Dow Jones Newsletters are told again" in chat.reply.text
        await chat.tap("🔕 Mute Dow Jones Newsletters")
        assert chat.mutes.told[-1] == (TRADER, Mutes(frozenset(), frozenset({"DJNL"})))
        assert "🔔 Unmute Dow Jones Newsletters" in chat.labels()
        assert chat.reply.last_id == screen

    async def test_an_example_sets_an_alert(self, chat: Chat) -> None:
        await chat.say("/watch AAPL")
        await chat.say("/news")
        await chat.tap("news watchlist")
        assert "Alert #1 set" in chat.reply.text


class TestStories:
    async def test_a_story_has_its_headline_and_its_pages_are_turned_in_place(self, chat: Chat) -> None:
        chat.news.found = heads(chat, 3)
        chat.news.bodies["DJNL$AAPL2"] = "".join(f"<p>Paragraph {n} of <b>many</b> words</p>" for n in range(300))
        await chat.say("/news AAPL")
        await chat.tap("📖 2")
        story = chat.reply.last_id
        assert chat.reply.text.startswith("📖 AAPL headline number 2 says 14 (1/")
        await chat.tap("▶️")
        assert "(2/" in chat.reply.text
        assert chat.reply.last_id == story
        assert chat.news.asked == ["DJNL$AAPL2"]

    async def test_a_document_comes_as_a_file_with_the_name_of_its_headline(self, chat: Chat) -> None:
        chat.news.found = heads(chat, 1)
        chat.news.documents["DJNL$AAPL1"] = b"%PDF-1.4 words"
        await chat.say("/news AAPL")
        await chat.tap("📖 1")
        file = chat.reply.last.file
        assert file is not None
        assert (file.name, file.body) == ("AAPL headline number 1 says 7.pdf", b"%PDF-1.4 words")

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (BrokerError(10172, "Failed to request news article"), "This story is not to be had any more"),
            (BrokerError(10276, "News feed is not allowed"), "may not read stories of Dow Jones Newsletters"),
            (BrokerError(1, "odd"), "IBKR does not give this story"),
            (RequestTimeout("news article", 10.0), "IBKR did not answer within 10 s"),
            (LinkDown("silent"), "IBKR cannot be reached"),
        ],
    )
    async def test_what_ibkr_does_not_give_is_told_in_words(self, chat: Chat, error: Exception, said: str) -> None:
        chat.news.found, chat.news.refusal = heads(chat, 1), error
        await chat.headlines.providers()
        await chat.say("/news AAPL")
        await chat.tap("📖 1")
        assert said in chat.reply.text
        assert "Nothing was sent" in chat.reply.text or "DJNL" not in chat.reply.text

    async def test_an_alert_leads_to_its_story_by_its_number_whatever_the_id(self, chat: Chat) -> None:
        story = Headline("DJ-RT", LONG_ID, "Apple raises guidance", chat.clock.now())
        chat.told_firings.add(fired_by(rule_of(3, "news AAPL"), NewsCause(story, AAPL), chat.clock.now()))
        chat.news.bodies[LONG_ID] = "<p>All of it</p>" * 900
        await chat.press(encode(Code.NEWS_TOLD, "n", 0, 3, 1), 1)
        assert chat.reply.text.startswith("📖 Apple raises guidance (1/")
        await chat.tap("▶️")
        assert "(2/" in chat.reply.text

    async def test_what_others_were_told_in_their_chat_is_not_shown(self, chat: Chat) -> None:
        chat.told_firings.add(news_firing(3, chat.clock.now()))
        await chat.press(encode(Code.NEWS_TOLD, "n", 0, 3, 1), 1, VIEWER)
        assert "not kept any more" in chat.reply.text
        assert chat.news.asked == []

    async def test_a_long_id_in_a_list_works_as_long_as_the_list_is_known(self, chat: Chat) -> None:
        story = Headline("DJ-RT", LONG_ID, "Apple raises guidance", chat.clock.now())
        chat.news.found = [story]
        chat.news.bodies[LONG_ID] = "All of it"
        await chat.say("/news AAPL")
        await chat.tap("📖 1")
        assert "All of it" in chat.reply.text
        fresh = Chat()
        await fresh.press(encode(Code.NEWS_STORY, "n", 0, "DJ-RT", button_id(story)), 1)
        assert "not kept any more" in fresh.reply.text

    async def test_a_slow_story_holds_up_no_other_press(self, chat: Chat) -> None:
        gate = asyncio.Event()

        async def slow(provider: str, article_id: str) -> Article:
            await gate.wait()
            return Article(provider, article_id, "At last")

        chat.news.article = slow  # type: ignore[method-assign]
        press = chat.pressed(encode(Code.NEWS_STORY, "n", 0, "DJNL", "x"))
        await chat.router.on_press(press)
        assert chat.reply.answers[press.callback_id][0] == "⏳ Fetching the story…"
        await chat.router.on_press(chat.pressed(encode(Code.NEWS_STORY, "n", 0, "DJNL", "x")))
        assert chat.reply.order == []
        gate.set()
        await chat.chores.idle()
        assert [message.html.endswith("At last") for message in chat.reply.shown.values()] == [True, True]

    async def test_two_who_ask_for_one_story_at_once_make_one_request(self) -> None:
        source = FakeNews()
        source.bodies["x"] = "words"
        stories = Stories(source)
        first, second = await asyncio.gather(stories.fetch(("DJNL", "x")), stories.fetch(("DJNL", "x")))
        assert first is second
        assert source.asked == ["x"]

    async def test_what_failed_is_asked_for_again(self) -> None:
        source = FakeNews()
        source.refusal = LinkDown("silent")
        stories = Stories(source)
        with pytest.raises(LinkDown):
            await stories.fetch(("DJNL", "x"))
        source.refusal = None
        assert (await stories.fetch(("DJNL", "x"))).pages == ("",)


class TestMutes:
    @pytest.fixture
    def told(self, chat: Chat) -> int:
        """Show an alert of the trader's and return its message."""
        fired = news_firing(3, chat.clock.now())
        chat.told_firings.add(fired)
        chat.reply.order.append(900)
        chat.reply.shown[900] = Message("📰 AAPL", news_keys(fired, Around()))
        return 900

    async def test_a_press_mutes_and_the_same_button_takes_it_back(self, chat: Chat, told: int) -> None:
        toast = await chat.tap("Mute AAPL news", on=told)
        assert "News of AAPL are muted for you" in toast
        assert chat.mutes.told == [(TRADER, Mutes(frozenset({AAPL.con_id})))]
        assert "🔔 Unmute AAPL news" in chat.labels(on=told)
        assert chat.reply.shown[told].html == "📰 AAPL"
        assert "told again" in await chat.tap("Unmute AAPL news", on=told)
        assert chat.mutes.told[-1] == (TRADER, Mutes())
        assert "🔕 Mute AAPL news" in chat.labels(on=told)

    async def test_a_provider_is_muted_by_its_code_and_listed_by_its_name(self, chat: Chat, told: int) -> None:
        await chat.headlines.providers()
        await chat.tap("Mute DJNL", on=told)
        assert chat.mutes.told == [(TRADER, Mutes(frozenset(), frozenset({"DJNL"})))]
        assert "🔔 Unmute Dow Jones Newsletters" in chat.labels(on=told)
        assert "Muted: Dow Jones Newsletters" in await chat.say("/news")

    async def test_nobody_mutes_for_somebody_else(self, chat: Chat, told: int) -> None:
        assert "This is not your alert" in await chat.tap("Mute AAPL news", user_id=ADMIN, on=told)
        assert chat.mutes.told == []
        assert "🔕 Mute AAPL news" in chat.labels(on=told)

    async def test_a_headline_that_is_gone_changes_nothing(self, chat: Chat) -> None:
        assert "Nothing was changed" in await chat.press(encode(Code.NEWS_HUSH, 9, 1, "i", "on"), 1)
        assert "not understood" in await chat.press(encode(Code.NEWS_HUSH, 9, 1, "x", "on"), 1)
        assert "not understood" in await chat.press(encode(Code.NEWS_MUTE, "h", "i", "AAPL", "off"), 1)
        assert chat.mutes.told == []


class TestBook:
    async def test_many_symbols_are_asked_for_a_few_at_a_time(self) -> None:
        at_once, most = 0, 0

        class Crowded(FakeNews):
            async def headlines(self, instrument: Instrument, count: int) -> Sequence[Headline]:
                nonlocal at_once, most
                at_once += 1
                most = max(most, at_once)
                await asyncio.sleep(0)
                at_once -= 1
                return await super().headlines(instrument, count)

        source = Crowded()
        book = HeadlineBook(source, FakeClock())
        found = await book.of_many([Instrument(number, f"S{number}") for number in range(1, 50)])
        assert (found.asked, most, len(source.listed)) == (30, 4, 30)

    async def test_a_connect_waits_for_no_provider(self) -> None:
        class Silent(FakeNews):
            async def providers(self) -> Sequence[Provider]:
                await asyncio.Event().wait()
                raise AssertionError

        book = HeadlineBook(Silent(), FakeClock())
        async with asyncio.timeout(1):
            await book.learn()

    async def test_providers_are_asked_for_once_and_at_each_connect(self) -> None:
        source = FakeNews()
        book = HeadlineBook(source, FakeClock())
        assert book.name_of("DJNL") == "DJNL"
        await book.learn()
        await book.providers()
        assert book.name_of("DJNL") == "Dow Jones Newsletters"
        source.sources = LinkDown("silent")
        await book.learn()
        await asyncio.sleep(0)
        assert [one.code for one in await book.providers()] == ["DJNL"]
        assert book.name_of(BULLETIN_PROVIDER) == "IBKR bulletins"

    def test_other_numbers_are_another_story(self) -> None:
        now = FakeClock().now()
        found = [
            Headline("A", "1", "Bank of America raises Apple target to $200", now),
            Headline("B", "2", "Bank of America raises Apple target to $210", now),
        ]
        assert [line.headline.article_id for line in merged([(AAPL, found)])] == ["2", "1"]
