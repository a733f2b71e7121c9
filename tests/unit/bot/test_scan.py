"""Scans in the chat: run, page, browse, search, build, save, and from a row to an alert and to an order's card."""

from dataclasses import replace

import pytest

from alerts.errors import TooManyScans
from alerts.rule import RuleState
from bot.scan_line import BOUNDS
from bot.views.scan import COMMON
from market.errors import BrokerError, LinkDown
from market.instrument import Instrument
from market.quote import Bar, BarSize, Quote
from market.scan import ScanRow
from market.scan_catalogue import ScanLocation
from tests.fakes.chat import AAPL, EVIL, MSFT, TRADER, VIEWER, Chat
from tests.fakes.scans import CATALOGUE
from trading.proposal import ProposalState

MANY = [ScanRow(rank, Instrument(1000 + rank, f"S{rank}")) for rank in range(1, 21)]


@pytest.fixture
def chat() -> Chat:
    chat = Chat()
    chat.scans.rows = [ScanRow(1, AAPL), ScanRow(2, MSFT)]
    return chat


async def test_a_typed_scan_shows_each_row_with_its_price_and_its_buttons(chat: Chat) -> None:
    chat.ticks.quotes[AAPL.con_id] = Quote(AAPL, last=200.0, close=160.0, volume=3_000_000.0)
    days = [Bar(chat.clock.now().replace(day=day, hour=0), 1, 1, 1, 1, volume=1_000_000.0) for day in (17, 18, 19)]
    chat.daily_bars.history[AAPL.con_id, BarSize.DAY_1] = days
    text = await chat.say("/scan TOP_PERC_GAIN price > 5 top 10")
    assert "Top % gainers · 2 found" in text
    assert " 1  AAPL       200.00  +25.0%   3.0" in text
    assert " 2  MSFT" in text
    spec = chat.scans.asked[0]
    assert (spec.code, spec.above_price, spec.rows) == ("TOP_PERC_GAIN", 5.0, 10)
    assert chat.labels()[:4] == ["1 AAPL", "📈", "🔔", "🟢 Buy"]


async def test_no_more_rows_are_shown_than_were_asked_for_and_pages_ask_ibkr_nothing(chat: Chat) -> None:
    chat.scans.rows = MANY
    text = await chat.say("/scan MOST_ACTIVE top 10")
    assert "10 found" in text
    assert "S8" in text
    assert "S9" not in text
    await chat.tap("▶️")
    assert "S9" in chat.reply.text
    assert "S10" in chat.reply.text
    assert "S11" not in chat.reply.text
    assert len(chat.scans.asked) == 1


async def test_a_page_of_a_list_that_nobody_knows_any_more_is_made_anew(chat: Chat) -> None:
    chat.scans.rows = MANY
    await chat.say("/scan MOST_ACTIVE")
    turn = chat.button("▶️").data
    again = Chat()
    again.saved_scans, again.scans.rows = chat.saved_scans, MANY
    again.handlers = again._handlers()
    again.router._handlers = again.handlers
    again.reply.shown[900] = chat.reply.shown[chat.reply.last_id]
    await again.press(turn, 900)
    assert "S1" in again.reply.shown[900].html
    assert len(again.scans.asked) == 1


async def test_from_a_row_to_an_alert_without_typing(chat: Chat) -> None:
    await chat.say("/scan")
    await chat.tap(COMMON["TOP_PERC_GAIN"])
    await chat.tap("🔔")
    await chat.tap("▲")
    (rule,) = await chat.rulebook.owned_by(TRADER)
    assert rule.state is RuleState.ARMED
    assert [one.con_id for one in rule.instruments.values()] == [AAPL.con_id]


async def test_from_a_row_to_an_orders_card_without_typing(chat: Chat) -> None:
    await chat.say("/scan")
    await chat.tap(COMMON["TOP_PERC_GAIN"])
    await chat.tap("🟢 Buy")
    await chat.tap("BUY 10")
    await chat.tap("Limit at ask")
    (proposal,) = chat.store.rows.values()
    assert proposal.state is ProposalState.PROPOSED
    assert not chat.gateway.submitted


async def test_who_may_not_trade_gets_no_order_from_a_row(chat: Chat) -> None:
    await chat.say("/scan TOP_PERC_GAIN", VIEWER)
    toast = await chat.tap("🟢 Buy", VIEWER)
    assert "trader" in (toast + chat.reply.text).lower()
    assert not chat.store.rows


async def test_the_alert_of_a_scan_is_the_scans_own_line(chat: Chat) -> None:
    await chat.say("/scan TOP_PERC_GAIN price > 5 top 10")
    await chat.tap("🔔 Alert me")
    (rule,) = await chat.rulebook.owned_by(TRADER)
    assert rule.text == "scan TOP_PERC_GAIN price > 5 top 10"


async def test_a_row_leads_to_its_chart(chat: Chat) -> None:
    await chat.say("/scan TOP_PERC_GAIN")
    await chat.tap("📈")
    assert chat.past.drawn == ["AAPL"]
    assert chat.reply.attached[-1][1].picture == b"\x89PNG"
    chat.past.picture = None
    await chat.tap("📈", on=chat.reply.order[0])
    assert "could not be drawn" in chat.reply.text


async def test_browsing_leads_from_kinds_over_places_and_codes_to_a_scan(chat: Chat) -> None:
    await chat.say("/scan")
    await chat.tap("🗂 Browse")
    assert "US Stocks" in chat.labels()
    await chat.tap("US Stocks")
    await chat.tap("· NASDAQ")
    await chat.tap("High Open Gap")
    assert "/scan HIGH_OPEN_GAP on STK.NASDAQ" in chat.reply.text
    await chat.tap("▶️ Run")
    assert (chat.scans.asked[0].code, chat.scans.asked[0].location) == ("HIGH_OPEN_GAP", "STK.NASDAQ")


async def test_every_screen_of_browsing_has_a_way_back(chat: Chat) -> None:
    await chat.say("/scan")
    for label in ("🗂 Browse", "US Stocks", "Listed/NASDAQ", "▶️", "Scan <5>", "More filters", "Sector"):
        await chat.tap(label)
        assert any("«" in one for one in chat.labels()), label
    await chat.tap("Technology")
    assert "where sectorIs = TECH" in chat.reply.text
    for label in ("« Codes", "« Places", "« Kinds", "« Scans"):
        await chat.tap(label)
    assert "Which scan of US stocks?" in chat.reply.text


async def test_a_search_finds_scans_and_filters_by_any_word(chat: Chat) -> None:
    text = await chat.say("/scan find GAP")
    assert "scans 2 · places 0 · filters 1" in text
    assert "openGapPercAbove" in text
    await chat.tap("Low Open Gap")
    assert "/scan LOW_OPEN_GAP" in chat.reply.text
    await chat.say("/scan find nothing of it")
    assert "IBKR has nothing like it" in chat.reply.text
    assert any("«" in one for one in chat.labels())


async def test_a_search_is_asked_for_by_button_and_answered_by_reply(chat: Chat) -> None:
    await chat.say("/scan")
    await chat.tap("🔎 Search")
    await chat.say("germany", reply_to=chat.reply.last_id)
    assert "🗂 Germany" in chat.labels()


async def test_bounds_are_set_and_taken_out_by_buttons_and_the_line_says_so(chat: Chat) -> None:
    await chat.say("/scan TOP_PERC_GAIN")
    await chat.tap("⚙️ Filters")
    await chat.tap("Price above")
    await chat.tap("10")
    await chat.tap("Market cap above")
    await chat.tap("2b")
    await chat.tap("Change above")
    await chat.tap("3%")
    await chat.tap("Rows")
    await chat.tap("20")
    line = "/scan TOP_PERC_GAIN price > 10 change > 3% marketcap > 2000000000 top 20"
    assert line in chat.reply.text
    await chat.tap("✖️ price > 10")
    assert line.replace(" price > 10", "") in chat.reply.text


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.key)
async def test_each_preset_is_a_value_that_its_bound_takes(chat: Chat, bound: object) -> None:
    await chat.say("/scan TOP_PERC_GAIN")
    await chat.tap("⚙️ Filters")
    card = chat.reply.shown[chat.reply.last_id]
    data = [one for row in card.buttons for one in row if one.label == bound.label]  # type: ignore[attr-defined]  # a Bound
    await chat.press(data[0].data, chat.reply.last_id)
    choice = chat.reply.shown[chat.reply.last_id]
    for preset in [one for row in choice.buttons[:-2] for one in row]:
        await chat.press(preset.data, chat.reply.last_id)
        assert "which bounds?" in chat.reply.text, preset.label


async def test_a_value_of_ones_own_is_typed_and_a_wrong_one_is_asked_again(chat: Chat) -> None:
    await chat.say("/scan TOP_PERC_GAIN")
    await chat.tap("⚙️ Filters")
    card = chat.reply.last_id
    await chat.tap("Price above")
    await chat.tap("✏️ Other value")
    question = chat.reply.last_id
    await chat.say("cheap", reply_to=question)
    assert "cheap is no value for Price above" in chat.reply.text
    assert "Nothing was changed" in chat.reply.text
    await chat.say("7.5", reply_to=question)
    assert "price &gt; 7.5" in chat.reply.shown[card].html
    assert question in chat.reply.deleted


async def test_a_scan_is_saved_once_named_and_deleted_with_a_way_back(chat: Chat) -> None:
    await chat.say("/scan TOP_PERC_GAIN top 10")
    result = chat.reply.last_id
    await chat.tap("💾 Save")
    assert "Top % gainers · saved" in chat.reply.text
    await chat.tap("💾 Save", on=result)
    assert len(await chat.saved_scans.of(TRADER)) == 1
    await chat.tap("✏️ Name")
    await chat.say("Morning <b>", reply_to=chat.reply.last_id)
    (scan,) = await chat.saved_scans.of(TRADER)
    assert scan.name == "Morning <b>"
    await chat.say("/scan saved")
    assert "Morning <b>" in chat.reply.text
    await chat.tap("🗑")
    assert not await chat.saved_scans.of(TRADER)
    await chat.tap("↩️ Undo")
    assert [one.name for one in await chat.saved_scans.of(TRADER)] == ["Morning <b>"]


async def test_a_deletion_is_undone_for_half_a_minute_only(chat: Chat) -> None:
    await chat.say("/scan TOP_PERC_GAIN at 09:35 ET weekdays")
    await chat.tap("🗑 Delete")
    chat.clock.advance(31)
    assert "Too late" in await chat.tap("↩️ Undo")
    assert not await chat.saved_scans.of(TRADER)


async def test_a_scan_with_a_time_behind_it_is_scheduled(chat: Chat) -> None:
    text = await chat.say("/scan TOP_PERC_GAIN top 10 at 09:35 ET weekdays")
    assert "Top % gainers · scheduled" in text
    assert "⏰ at 09:35 ET weekdays · next run Mon 23 Nov 09:35 ET" in text
    (scan,) = await chat.saved_scans.scheduled()
    assert (scan.line, scan.schedule) == ("scan TOP_PERC_GAIN top 10", "at 09:35 ET weekdays")
    assert not chat.scans.asked
    await chat.tap("every 1h rth")
    assert [one.schedule for one in await chat.saved_scans.scheduled()] == ["every 1h rth"]
    await chat.tap("⏸ Pause")
    assert not await chat.saved_scans.scheduled()
    await chat.tap("▶️ Resume")
    await chat.tap("✏️ Other time")
    await chat.say("at close - 10m", reply_to=chat.reply.last_id)
    assert [one.schedule for one in await chat.saved_scans.scheduled()] == ["at close - 10m"]
    await chat.tap("✖️ No schedule", on=chat.reply.order[0])
    assert not await chat.saved_scans.scheduled()


async def test_another_time_for_the_same_scan_says_what_it_ends_and_is_told_where_it_was_set(chat: Chat) -> None:
    first = await chat.say("/scan TOP_PERC_GAIN top 10 at 09:35 ET weekdays")
    assert "Top % gainers · scheduled\n" in first
    assert [one.chat_id for one in await chat.saved_scans.scheduled()] == [TRADER]
    second = await chat.say("/scan TOP_PERC_GAIN top 10 at 12:00 ET weekdays")
    assert "Top % gainers · scheduled, no longer at 09:35 ET weekdays\n" in second
    assert "no longer" not in await chat.say("/scan TOP_PERC_GAIN top 10 at 12:00 ET weekdays")
    group, card = -1001, chat.reply.last_id
    await chat.press(chat.button("at 15:45 ET weekdays", on=card).data, card, chat_id=group)
    (scan,) = await chat.saved_scans.scheduled()
    assert (scan.chat_id, scan.schedule) == (group, "at 15:45 ET weekdays")


async def test_a_schedule_that_asks_all_the_time_or_says_no_time_is_refused(chat: Chat) -> None:
    assert "every 5m at most" in await chat.say("/scan TOP_PERC_GAIN every 1m")
    assert "Here I expected" in await chat.say("/scan TOP_PERC_GAIN at 25:99")
    assert "a scan by itself" in await chat.say("/scan TOP_PERC_GAIN critical")
    assert not await chat.saved_scans.of(TRADER)


async def test_there_are_so_many_saved_scans_and_no_more(chat: Chat) -> None:
    for rows in range(1, 21):
        await chat.say(f"/scan HALTED top {rows} at 12:00 ET")
    text = await chat.say("/scan HALTED top 21 at 12:00 ET")
    assert "You have 20 saved scans" in text
    assert len(await chat.saved_scans.of(TRADER)) == 20
    names = {one.name for one in await chat.saved_scans.of(TRADER)}
    assert len(names) == 20


async def test_nobody_touches_anothers_scan(chat: Chat) -> None:
    await chat.say("/scan TOP_PERC_GAIN at 09:35 ET weekdays")
    card = chat.reply.shown[chat.reply.last_id]
    for button in [one for row in card.buttons for one in row if "💾 Saved" not in one.label]:
        await chat.press(button.data, chat.reply.last_id, VIEWER)
    (scan,) = await chat.saved_scans.scheduled()
    assert (scan.owner_id, scan.name, scan.schedule) == (TRADER, "Top % gainers", "at 09:35 ET weekdays")
    assert not await chat.rulebook.owned_by(VIEWER)


GROUP = -1001


async def test_in_a_group_anothers_press_leaves_the_owners_message_as_it_is(chat: Chat) -> None:
    await chat.say("/scan TOP_PERC_GAIN")
    result, shown, sent = chat.reply.last_id, chat.reply.text, len(chat.reply.order)
    for label in ("🔄 Run again", "🔔 Alert me", "💾 Save", "⚙️ Filters"):
        data = chat.button(label, on=result).data
        assert "someone else's" in await chat.press(data, result, VIEWER, chat_id=GROUP)
    assert (chat.reply.text, len(chat.reply.order)) == (shown, sent)
    assert len(chat.scans.asked) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TooManyScans(9), "scans are busy"),
        (BrokerError(162, "there is no scan X for this account"), "there is no scan X for this account (IBKR 162)"),
        (
            BrokerError(162, "Market Scanner is not configured for one of the chosen locations."),
            "did not run this scan",
        ),
        (BrokerError(490, "it takes market data"), "market data subscription for that market"),
        (LinkDown(), "IBKR cannot be reached"),
    ],
)
async def test_what_ibkr_refuses_is_told_in_words_with_a_way_on(chat: Chat, error: Exception, words: str) -> None:
    chat.scans.error = error
    assert words in await chat.say("/scan TOP_PERC_GAIN")
    assert {"🔄 Try again", "« Scans"} <= set(chat.labels())
    chat.scans.error = None
    await chat.tap("🔄 Try again")
    assert "2 found" in chat.reply.text


async def test_an_empty_scan_and_a_warning_are_told(chat: Chat) -> None:
    chat.scans.rows, chat.scans.warnings = [], "IBKR lacks data for <some>: ranks are not exact"
    text = await chat.say("/scan HALTED")
    assert "Nothing meets it just now." in text
    assert "⚠️ IBKR lacks data for <some>" in text


async def test_hostile_names_stay_text(chat: Chat) -> None:
    chat.scans.rows = [ScanRow(1, EVIL)]
    text = await chat.say("/scan TOP_PERC_GAIN")
    assert "<b>&EV" in text


async def test_movers_come_as_numbers_first_and_then_as_a_picture(chat: Chat) -> None:
    chat.scans.lists = {"TOP_PERC_GAIN": [ScanRow(1, AAPL)], "TOP_PERC_LOSE": [ScanRow(1, MSFT)]}
    chat.ticks.quotes[AAPL.con_id] = Quote(AAPL, last=110.0, close=100.0)
    chat.ticks.quotes[MSFT.con_id] = Quote(MSFT, last=95.0, close=100.0)
    text = await chat.say("/movers")
    assert "AAPL" in text
    assert "+10.0%" in text
    assert "-5.0%" in text
    (drawn,) = chat.office.movers
    assert drawn[0][0][0] == "AAPL"
    assert drawn[1][0][1] == pytest.approx(-5.0)
    assert chat.reply.attached[-1][1].picture == b"\x89PNG"
    chat.office.picture = None
    assert "could not be drawn" in await chat.say("/movers")


async def test_movers_without_a_link_say_so(chat: Chat) -> None:
    chat.scans.error = LinkDown()
    assert "IBKR cannot be reached" in await chat.say("/movers")
    assert not chat.office.movers


async def test_where_ibkr_has_told_what_there_is_a_scan_is_asked_for_as_it_is_listed(chat: Chat) -> None:
    chat.scans.known = CATALOGUE
    await chat.say("/scan top_perc_gain on STK.EU.IBIS where PRICEABOVE = 5 top 5")
    assert (chat.scans.asked[0].code, chat.scans.asked[0].instrument) == ("TOP_PERC_GAIN", "STOCK.EU")
    text = await chat.say("/scan TOP_PERC_GIAN")
    assert "no scan TOP_PERC_GIAN" in text
    assert "TOP_PERC_GAIN" in text
    assert len(chat.scans.asked) == 1


@pytest.mark.parametrize("place", ["STK.EU.IBIS-XETRA", "STK.AEB,STK.SBF", "STK.HK.TSE_JPN", "ETF.EQ.US.MAJOR"])
async def test_a_place_as_ibkr_writes_it_can_be_browsed_to(chat: Chat, place: str) -> None:
    chat.scans.listed = replace(CATALOGUE, locations=(ScanLocation(place, "Some place", frozenset({"STK"})),))
    await chat.say("/scan")
    for label in ("🗂 Browse", "US Stocks", "Some place", "High Open Gap", "▶️ Run"):
        await chat.tap(label)
    assert (chat.scans.asked[0].code, chat.scans.asked[0].location) == ("HIGH_OPEN_GAP", place)


@pytest.mark.parametrize("words", ["\x07", "é" * 100, "S" * 300, "\ud800", "a:b:c", "scan\x00 <1>"])
async def test_no_search_makes_a_button_that_telegram_would_refuse(chat: Chat, words: str) -> None:
    chat.scans.listed = replace(CATALOGUE, types=CATALOGUE.types * 9)
    assert "🔎" in await chat.say(f"/scan find {words}")
    assert "«" in chat.labels()[-1]
