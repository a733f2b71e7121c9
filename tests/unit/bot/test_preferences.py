"""/settings: what each person sets for themselves, by text and by buttons; calm; the pages of digests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.codec import firing_to_json
from alerts.rule import Away
from bot.callback_data import Code, Place, encode
from bot.views.gathered import Gathered, Reason, entry_of, gathered, gathered_to_json
from bot.views.message import Message
from bot.views.outbox import render
from market.quote import Quote
from storage.message import MessageState, OutboxMessage, Priority
from storage.users import UserSettings
from tests.fakes.chat import AAPL, EVIL, MSFT, NEW_YORK, TRADER, VIEWER, Chat
from tests.fakes.firings import news_firing, price_firing
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message


async def test_settings_show_all_that_can_be_set() -> None:
    chat = Chat()
    said = await chat.say("/settings")
    assert "Time zone: America/New_York (the bot's own) · now 10:00 ET" in said
    assert "Quiet hours: none" in said
    check_golden("settings", chat.reply.last)
    chat.preferences.saved[TRADER] = UserSettings(
        TRADER,
        "America/New_York",
        summary=False,
        quiet="09:00-11:00",
        heartbeat=2,
        heartbeat_at="06:30",
        calming=(1, 9),
    )
    await chat.say("/alert AAPL > 200")
    await chat.say("/settings")
    check_golden("settings-set", chat.reply.last)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("quiet 22:00-07:00", {"quiet": "22:00-07:00"}),
        ("quiet from 10pm to 7am", {"quiet": "22:00-07:00"}),
        ("quiet off", {"quiet": ""}),
        ("news hourly", {"news": "hourly"}),
        ("news digest when busy", {"news": "busy"}),
        ("news as they come", {"news": "all"}),
        ("summary off", {"summary": False}),
        ("Summary ON", {"summary": True}),
        ("zone Europe/Berlin", {"zone": "Europe/Berlin"}),
        ("zone berlin", {"zone": "Europe/Berlin"}),
        ("timezone new york", {"zone": "America/New_York"}),
        ("zone ET", {"zone": "America/New_York"}),
        ("zone off", {"zone": ""}),
        ("heartbeat 1d", {"heartbeat": 1}),
        ("heartbeat daily at 7", {"heartbeat": 1, "heartbeat_at": "07:00"}),
        ("heartbeat 12h 6:30", {"heartbeat": 2, "heartbeat_at": "06:30"}),
        ("heartbeat off", {"heartbeat": 0}),
    ],
)
async def test_each_setting_can_be_typed(said: str, expected: dict[str, object]) -> None:
    chat = Chat()
    chat.preferences.saved[TRADER] = UserSettings(TRADER, "UTC", quiet="01:00-02:00", heartbeat=4)
    before = chat.preferences.known(TRADER)
    assert "Changed" in await chat.say(f"/settings {said}")
    set_ = chat.preferences.known(TRADER)
    since = {"heartbeat_since": chat.clock.now()} if set_.heartbeat_since else {}
    assert set_ == replace(before, **expected, **since)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said",
    ["quiet soon", "quiet 7-7", "heartbeat 5h", "heartbeat 1d 25:00", "zone Atlantis", "summary perhaps", "colour"],
)
async def test_a_setting_that_makes_no_sense_changes_nothing_and_says_what_would(said: str) -> None:
    chat = Chat()
    answer = await chat.say(f"/settings {said}")
    assert "Nothing was changed." in answer
    assert "/settings " in answer
    assert chat.preferences.saved == {}


async def test_a_zone_that_may_be_several_is_asked_back() -> None:
    chat = Chat()
    assert "Which time zone" in await chat.say("/settings zone Louisville")
    await chat.tap("America/Kentucky/Louisville")
    assert chat.preferences.known(TRADER).zone == "America/Kentucky/Louisville"


async def test_each_setting_can_be_pressed() -> None:
    chat = Chat()
    await chat.say("/settings")
    await chat.tap("🌍")
    await chat.tap("Berlin")
    await chat.tap("🌙")
    check_golden("settings-quiet", chat.reply.last)
    await chat.tap("22:00-07:00")
    await chat.tap("💓")
    check_golden("settings-heartbeat", chat.reply.last)
    await chat.tap("Once a day")
    await chat.tap("💓")
    await chat.tap("at 07:00")
    await chat.tap("📅 Summary off")
    now = chat.clock.now()
    assert chat.preferences.known(TRADER) == UserSettings(
        TRADER, "Europe/Berlin", False, "22:00-07:00", 1, "07:00", heartbeat_since=now
    )
    await chat.tap("🌍")
    await chat.tap("« Settings")
    assert len(chat.reply.order) == 1, "all of it happens in one message"


async def test_other_quiet_hours_let_go_what_waits_and_a_summary_does_not() -> None:
    chat = Chat()
    await chat.say("/settings quiet 22-7")
    await chat.say("/settings summary off")
    await chat.say("/settings zone Europe/Berlin")
    assert chat.let_go == [TRADER, TRADER]


async def test_a_test_notification_is_put_into_the_outbox_by_text_and_by_button() -> None:
    chat = Chat()
    assert "on its way" in await chat.say("/settings test")
    await chat.say("/settings")
    assert "on its way" in await chat.tap("🔔 Test")
    assert chat.tested == [TRADER, TRADER]


async def test_an_old_command_to_change_a_setting_is_not_obeyed_and_one_to_read_is() -> None:
    chat = Chat()
    assert "Your settings" in await chat.say("/settings", age_s=3600)
    await chat.say("/settings quiet 22-7", age_s=3600)
    assert chat.preferences.saved == {}


async def test_an_alert_is_made_to_calm_the_others_by_a_button_on_its_card_and_by_text() -> None:
    chat = Chat()
    chat.quote(AAPL, 196.0)
    await chat.say("/alert AAPL > 200")
    await chat.press(encode(Code.ALERT_CARD, Place.HERE, 1), chat.reply.last_id)
    assert "it speaks for your other price alerts" in await chat.tap("🤫 Calm others")
    assert chat.preferences.known(TRADER).calming == (1,)
    assert "it speaks for your other price alerts for 15 min" in chat.reply.text
    await chat.tap("🔊 Calm no more")
    assert chat.preferences.known(TRADER).calming == ()
    assert "for 15 min: #1" in await chat.say("/settings calm #1")
    assert "none" in await chat.say("/settings calm 1 off")


async def test_nobody_makes_someone_elses_alert_calm_anything() -> None:
    chat = Chat()
    await chat.say("/alert AAPL > 200")
    await chat.press(encode(Code.ALERT_CALM, Place.HERE, 1, "on"), chat.reply.last_id, VIEWER)
    await chat.say("/settings calm 1", VIEWER)
    assert chat.preferences.saved == {}


@pytest.mark.parametrize("value", ["quiet:7", "colour:red", "calm:1", "zone:Atlantis"])
async def test_a_forged_button_sets_nothing(value: str) -> None:
    chat = Chat()
    await chat.say("/settings")
    what, _, to = value.partition(":")
    assert "not understood" in await chat.press(encode(Code.SETTING, Place.HERE, what, to), chat.reply.last_id)
    assert chat.preferences.saved == {}


def member(chat: Chat, number: int, root: int = 100, chat_id: int = TRADER) -> OutboxMessage:
    at = chat.clock.now() + timedelta(seconds=number)
    firing = news_firing(number, at) if number == 3 else price_firing(number, at, instrument=MSFT)
    return row(chat, number, "firing", firing_to_json(firing), MessageState.FOLDED, root, at, chat_id)


def row(
    chat: Chat,
    row_id: int,
    kind: str,
    payload: dict[str, object],
    state: MessageState = MessageState.SENT,
    told_by: int | None = None,
    at: datetime | None = None,
    chat_id: int = TRADER,
) -> OutboxMessage:
    now = at or chat.clock.now()
    return OutboxMessage(
        row_id,
        chat_id,
        kind,
        payload,
        state,
        Priority.ALERT,
        False,
        now,
        now,
        f"key {row_id}",
        None,
        None,
        "boot",
        0,
        None,
        5,
        "",
        False,
        told_by,
    )


def with_digest(chat: Chat, count: int) -> None:
    members = [member(chat, number) for number in range(1, count + 1)]
    told = gathered(Reason.BURST, [entry_of(one.payload) for one in members])
    chat.digests.rows = {one.id: one for one in members}
    chat.digests.rows[100] = row(chat, 100, "digest", gathered_to_json(told) | {"root": None})


async def test_the_pages_of_a_digest_leave_none_out_and_show_the_price_now() -> None:
    chat = Chat()
    with_digest(chat, 23)
    chat.quote(MSFT, 205.5)
    await chat.press(encode(Code.DIGEST, Place.ANEW, 0, 100), 5)
    seen = []
    for _ in range(3):
        seen += [line for line in chat.reply.text.splitlines() if "·1" in line]
        await chat.tap("▶️")
    assert [f"#{number}·1" in line for number, line in zip(range(23, 0, -1), seen, strict=True)] == [True] * 23
    assert "now 205.50" in seen[0]
    assert "page 1 of 3" in chat.reply.text
    check_golden("digest-page", chat.reply.last)


async def test_a_page_that_there_is_not_is_the_last_one() -> None:
    chat = Chat()
    with_digest(chat, 12)
    await chat.press(encode(Code.DIGEST, Place.ANEW, 99, 100), 5)
    assert "page 2 of 2" in chat.reply.text


async def test_a_digest_of_another_chat_and_one_that_is_gone_are_not_shown() -> None:
    chat = Chat()
    with_digest(chat, 12)
    for user, row_id in ((VIEWER, 100), (TRADER, 999)):
        await chat.press(encode(Code.DIGEST, Place.ANEW, 0, row_id), 5, user)
        assert "not kept any more" in chat.reply.text


async def test_a_digests_button_opens_the_alerts_card() -> None:
    chat = Chat()
    await chat.say("/alert AAPL > 200")
    with_digest(chat, 2)
    await chat.press(encode(Code.DIGEST, Place.ANEW, 0, 100), 5)
    await chat.tap("#1")
    assert "Alert #1" in chat.reply.text


def test_an_alert_with_an_order_ready_has_its_button_in_a_digest_too() -> None:
    at = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    firings = [price_firing(1, at), price_firing(2, at, options="then buy 10 limit 199.5")]
    told = gathered(Reason.QUIET, [entry_of(firing_to_json(firing)) for firing in firings])
    buttons = [one for row in told_in_the_morning(told).buttons for one in row]
    assert [one.label for one in buttons if "📝" in one.label] == ["📝 Order of alert #2"]
    assert encode(Code.ORDER_THEN, 2) in [one.data for one in buttons]


def told_in_the_morning(told: Gathered, *, may_repeat: bool = False) -> Message:
    morning = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    quotes = {AAPL.con_id: Quote(AAPL, last=190.0)}
    payload = gathered_to_json(told) | {"root": None}
    return render("digest", payload, now=morning, zone=NEW_YORK, row_id=7, quotes=quotes.get, may_repeat=may_repeat)


def test_a_digest_of_a_night_names_the_day_of_what_happened_before_midnight() -> None:
    evening, night = datetime(2026, 11, 21, 3, 30, tzinfo=UTC), datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
    firings = [price_firing(1, evening), price_firing(2, night, instrument=EVIL, nth=4), news_firing(3, night)]
    told = gathered(Reason.QUIET, [entry_of(firing_to_json(firing)) for firing in firings])
    check_golden("digest-quiet", told_in_the_morning(told))


def test_a_digest_that_comes_late_says_so_and_has_the_prices_now() -> None:
    at = datetime(2026, 11, 21, 11, 48, tzinfo=UTC)
    told = gathered(Reason.BURST, [entry_of(firing_to_json(price_firing(1, at)), repeat=True)])
    check_golden("digest-late", told_in_the_morning(told, may_repeat=True))


def test_what_was_found_after_a_gap_says_so_in_a_digest() -> None:
    at = datetime(2026, 11, 21, 11, 48, tzinfo=UTC)
    found = (None, Away(at), Away(at, timedelta(minutes=1), is_unordered=True), Away(at, is_observed=False))
    firings = [replace(price_firing(number, at), away=away) for number, away in enumerate(found, 1)]
    told = gathered(Reason.BURST, [entry_of(firing_to_json(firing)) for firing in firings])
    check_golden("digest-gap", told_in_the_morning(told))


def test_the_longest_digest_fits_into_a_message() -> None:
    at = datetime(2026, 11, 21, 11, 48, tzinfo=UTC)
    firings = [news_firing(10**9 + number, at, "&<>" * 200) for number in range(30)]
    told = gathered(Reason.STALE, [entry_of(firing_to_json(firing)) for firing in firings])
    check_message(told_in_the_morning(told, may_repeat=True))


def test_one_that_was_retried_and_folded_late_stands_where_the_pages_have_it() -> None:
    chat = Chat()
    entries = [entry_of(member(chat, number).payload, row_id=number) for number in (1, 3, 4, 2)]
    told = gathered(Reason.BURST, entries[:3]).grown(entries[3:])
    assert [entry.row_id for entry in told.entries] == [4, 3, 2, 1]


def test_one_that_happened_before_and_was_found_later_stands_at_its_time() -> None:
    chat = Chat()
    now = chat.clock.now()
    moments = {1: now, 2: now - timedelta(minutes=2), 3: now - timedelta(minutes=1), 4: now}
    firings = {n: firing_to_json(price_firing(n, at)) for n, at in moments.items()}
    entries = [entry_of(firings[n], row_id=n) for n in (1, 2, 3, 4)]
    told = gathered(Reason.BURST, entries[:2]).grown(entries[2:])
    assert [entry.row_id for entry in told.entries] == [4, 1, 3, 2]
