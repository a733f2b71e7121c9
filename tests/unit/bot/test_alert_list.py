"""The list: narrowed by symbol, tag and state; all paused, many deleted; distances in average true ranges by edit."""

import pytest

from alerts.rule import RuleState
from market.quote import Tick, TickField
from tests.fakes.chat import AAPL, Chat


@pytest.fixture
async def chat() -> Chat:
    chat = Chat()
    chat.floor.last, chat.floor.bid, chat.floor.ask = 196.42, 196.40, 196.44
    for line in ("AAPL > 200 tag earnings", "AAPL < 150", "MSFT > 500 tag earnings", 'news AAPL "guidance"'):
        await chat.say(line)
    return chat


def listed(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines() if line.startswith("#")]


@pytest.mark.parametrize(
    ("what", "ids"),
    [
        ("AAPL", {"#1", "#2", "#4"}),
        ("$msft", {"#3"}),
        ("#earnings", {"#1", "#3"}),
        ("armed", {"#1", "#2", "#3", "#4"}),
        ("TSLA", set()),
    ],
)
async def test_it_is_narrowed_by_symbol_tag_and_state(chat: Chat, what: str, ids: set[str]) -> None:
    assert set(listed(await chat.say(f"/alerts {what}"))) == ids


async def test_filters_are_offered_as_buttons(chat: Chat) -> None:
    await chat.say("/alerts")
    await chat.tap("Filter")
    assert {"AAPL", "MSFT", "#earnings", "!armed"} <= set(chat.labels())
    await chat.tap("#earnings")
    assert set(listed(chat.reply.text)) == {"#1", "#3"}
    await chat.tap("All alerts")
    assert len(listed(chat.reply.text)) == 4


async def test_the_distance_in_average_ranges_is_added_by_edit(chat: Chat) -> None:
    chat.quote(AAPL, 196.42)
    chat.engine.on_ticks([Tick(AAPL, TickField.LAST, 196.42, 1, chat.clock.now())])
    chat.past.ranges[AAPL.con_id] = 3.58
    text = await chat.say("/alerts AAPL")
    assert "needs +1.82% (1.0 ATR)" in text
    first = chat.reply.shown[chat.reply.last_id]
    assert (chat.reply.last_id, first) in chat.reply.edits


async def test_one_that_has_no_line_says_so(chat: Chat) -> None:
    chat.on_bars.add(AAPL.con_id)
    assert "1m bars" in await chat.say("/alerts AAPL")


async def test_pausing_all_and_resuming_leaves_what_was_paused_by_itself(chat: Chat) -> None:
    await chat.rulebook.pause(2, 222)
    await chat.say("/alerts")
    assert await chat.tap("Pause all") == "3 alerts paused"
    assert {rule.state for rule in chat.rules.rules.values()} == {RuleState.PAUSED}
    assert await chat.tap("Resume all") == "3 alerts watched again"
    states = {number: rule.state for number, rule in chat.rules.rules.items()}
    assert states == {1: RuleState.ARMED, 2: RuleState.PAUSED, 3: RuleState.ARMED, 4: RuleState.ARMED}


async def test_many_are_deleted_at_once_after_a_question_and_brought_back_within_30_seconds(chat: Chat) -> None:
    await chat.say("/alerts #earnings")
    await chat.tap("🗑 Delete 2")
    assert set(chat.rules.rules) == {1, 2, 3, 4}
    delete = chat.button("Delete 2 alerts").data
    await chat.tap("Delete 2 alerts")
    assert set(chat.rules.rules) == {2, 4}
    assert await chat.press(delete, chat.reply.last_id) == "This is over. Nothing was done."
    chat.clock.advance(29)
    assert await chat.tap("Undo") == "2 alerts are back"
    assert set(chat.rules.rules) == {1, 2, 3, 4}


async def test_after_30_seconds_they_are_gone(chat: Chat) -> None:
    await chat.say("/alerts #earnings")
    await chat.tap("🗑 Delete 2")
    await chat.tap("Delete 2 alerts")
    chat.clock.advance(31)
    assert await chat.tap("Undo") == "Too late to undo."
    assert set(chat.rules.rules) == {2, 4}


async def test_a_list_that_has_changed_is_not_deleted_from_an_old_button(chat: Chat) -> None:
    await chat.say("/alerts #earnings")
    listing = chat.reply.last_id
    await chat.say("AAPL > 300 tag earnings")
    assert await chat.tap("🗑 Delete 2", on=listing) == "The list has changed."
    assert len(chat.rules.rules) == 5
