"""Changing an alert from its message: level, options, note, snooze, clone, and the answers to questions."""

import pytest

from alerts.codec import firing_to_json
from alerts.rule import RuleState
from bot.callback_data import Code, encode
from bot.views.outbox import render
from market.quote import Tick, TickField
from tests.fakes.chat import AAPL, NEW_YORK, TRADER, VIEWER, Chat


@pytest.fixture
async def chat() -> Chat:
    chat = Chat()
    chat.floor.last, chat.floor.bid, chat.floor.ask = 196.42, 196.40, 196.44
    await chat.say("AAPL > 200")
    chat.quote(AAPL, 196.42)
    return chat


def level(chat: Chat, rule_id: int = 1) -> str:
    return chat.rules.rules[rule_id].text


async def test_a_preset_changes_the_level_in_place(chat: Chat) -> None:
    message = chat.reply.last_id
    await chat.tap("Edit")
    await chat.tap("▲ 206.24")
    assert level(chat) == "AAPL > 206.24"
    assert "AAPL above 206.24" in chat.reply.text
    assert chat.reply.last_id == message


async def test_a_typed_level_changes_it_and_the_question_and_answer_go(chat: Chat) -> None:
    anchor = chat.reply.last_id
    await chat.tap("Edit")
    await chat.tap("⌨️ Level")
    question = chat.reply.last_id
    assert chat.reply.last.asks
    await chat.say("205", reply_to=question)
    assert level(chat) == "AAPL > 205"
    assert question in chat.reply.deleted
    assert "AAPL above 205.00" in chat.reply.shown[anchor].html


async def test_a_percentage_is_taken_from_the_price_now(chat: Chat) -> None:
    await chat.tap("Edit")
    await chat.tap("⌨️ Level")
    await chat.say("+3%", reply_to=chat.reply.last_id)
    assert level(chat) == "AAPL > 202.31"


async def test_what_is_no_level_is_refused_and_may_be_answered_again(chat: Chat) -> None:
    await chat.tap("Edit")
    await chat.tap("⌨️ Level")
    question = chat.reply.last_id
    assert "is no level" in await chat.say("soon", reply_to=question)
    assert level(chat) == "AAPL > 200"
    await chat.say("1,200.5", reply_to=question)
    assert level(chat) == "AAPL > 1200.5"


async def test_a_question_is_answered_by_the_one_who_was_asked_only(chat: Chat) -> None:
    await chat.tap("Edit")
    await chat.tap("⌨️ Level")
    await chat.say("205", VIEWER, reply_to=chat.reply.last_id)
    assert level(chat) == "AAPL > 200"


async def test_the_whole_line_can_be_typed_anew_and_a_bad_one_changes_nothing(chat: Chat) -> None:
    await chat.tap("Edit")
    await chat.tap("⌨️ Whole line")
    question = chat.reply.last_id
    assert "AAPL croses 5" in await chat.say("AAPL croses 5", reply_to=question)
    assert level(chat) == "AAPL > 200"
    await chat.say("MSFT < 400 every", reply_to=question)
    assert level(chat) == "MSFT < 400 every"
    assert chat.rules.rules[1].instruments["MSFT"].symbol == "MSFT"


async def test_options_are_one_tap_each_and_marked(chat: Chat) -> None:
    await chat.tap("Edit")
    for label, words in (("1 / 1h", "every cooldown 1h"), ("RTH", "rth"), ("Critical", "critical"), ("⌛ 1w", "until")):
        await chat.tap(label)
        assert words in level(chat)
    assert {"• 1 / 1h", "• RTH", "• ❗ Critical"} <= set(chat.labels())
    await chat.tap("Normal")
    await chat.tap("No end")
    assert level(chat) == "AAPL > 200 every cooldown 1h rth"


async def test_a_note_changes_no_state(chat: Chat) -> None:
    await chat.tap("Pause")
    await chat.tap("Edit")
    await chat.tap("📝 Note")
    await chat.say("after <earnings>", reply_to=chat.reply.last_id)
    assert chat.rules.rules[1].draft.options.note == "after <earnings>"
    assert chat.rules.rules[1].state is RuleState.PAUSED


async def test_editing_a_spent_alert_arms_it(chat: Chat) -> None:
    spent = chat.engine.on_ticks([Tick(AAPL, TickField.LAST, 201.0, 1, chat.clock.now())])[0].rule
    chat.rules.rules[1] = spent
    await chat.press(encode(Code.ALERT_SET, "n", 1, "level", "210"), 77)
    assert chat.rules.rules[1].state is RuleState.ARMED
    assert level(chat) == "AAPL > 210"


@pytest.mark.parametrize("value", ["nan", "inf", "1e9", "--5", "$5"])
async def test_a_level_that_no_button_of_ours_says_changes_nothing(chat: Chat, value: str) -> None:
    told = await chat.press(encode(Code.ALERT_SET, "h", 1, "level", value), 500)
    assert "not understood" in told
    assert level(chat) == "AAPL > 200"


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("15 min", "until 10:15 ET"),
        ("1 hour", "until 11:00 ET"),
        ("Tomorrow", "until Sat 21 Nov 09:00 ET"),
        ("Until re-cross", "until it has been false once"),
    ],
)
async def test_it_is_snoozed_for_as_long_as_the_button_says(chat: Chat, label: str, words: str) -> None:
    await chat.press(encode(Code.ALERT_SNOOZE, "h", 1, "more"), chat.reply.last_id)
    await chat.tap(label)
    assert chat.rules.rules[1].state is RuleState.SNOOZED
    assert f"Snoozed since 10:00 ET, {words}" in chat.reply.text
    await chat.tap("Resume")
    assert chat.rules.rules[1].state is RuleState.ARMED


async def test_a_clone_is_an_alert_of_its_own(chat: Chat) -> None:
    await chat.press(encode(Code.ALERT_CLONE, "n", 1), 500)
    assert "Edit alert #2" in chat.reply.text
    await chat.tap("▼ 186.60")
    assert (level(chat, 1), level(chat, 2)) == ("AAPL > 200", "AAPL > 186.6")


async def test_nobody_changes_someone_elses_alert(chat: Chat) -> None:
    for data in (
        encode(Code.ALERT_EDIT, "h", 1),
        encode(Code.ALERT_SET, "h", 1, "level", "1"),
        encode(Code.ALERT_ASK, 1, "level"),
        encode(Code.ALERT_SNOOZE, "h", 1, "1h"),
        encode(Code.ALERT_CLONE, "n", 1),
        encode(Code.ALERT_HISTORY, "h", 1, 0),
        encode(Code.ALERT_CHART, "n", 1),
        encode(Code.ALERT_BACKTEST, "n", 1),
    ):
        await chat.press(data, 500, VIEWER)
        assert "Alert #1 is not there any more" in chat.reply.text
    assert chat.rules.rules[1].owner_id == TRADER
    assert level(chat) == "AAPL > 200"


async def test_a_question_left_alone_is_taken_away_after_a_quarter_of_an_hour(chat: Chat) -> None:
    await chat.tap("Edit")
    await chat.tap("⌨️ Level")
    question = chat.reply.last_id
    chat.clock.advance(15 * 60 + 1)
    assert "That question is over" in await chat.say("205", reply_to=question)
    await chat.handlers.forms.expire()
    assert question in chat.reply.deleted
    assert chat.forms.forms == {}


async def test_then_puts_a_button_on_the_firing_whose_card_begins_at_that_tap(chat: Chat) -> None:
    await chat.say("AAPL > 198 then buy 10 limit 199.5")
    fired = chat.engine.on_ticks([Tick(AAPL, TickField.LAST, 199.0, 1, chat.clock.now())])[0]
    message = render("firing", firing_to_json(fired), now=chat.clock.now(), zone=NEW_YORK)
    prepare = message.buttons[0][0]
    assert prepare.label == "📝 Prepare BUY 10 AAPL LIMIT 199.50"
    await chat.press(prepare.data, 77)
    assert "BUY 10 AAPL" in chat.reply.text
    assert any(label.startswith("✅ Confirm") for label in chat.labels())
    assert chat.gateway.submitted == []
    assert "traders only" in await chat.press(prepare.data, 78, VIEWER)


async def test_a_snoozed_alert_that_was_deleted_comes_back_asleep(chat: Chat) -> None:
    await chat.press(encode(Code.ALERT_SNOOZE, "h", 1, "1h"), chat.reply.last_id)
    await chat.tap("Delete")
    await chat.tap("Undo")
    assert chat.rules.rules[1].state is RuleState.SNOOZED
