"""
Whatever is pressed on an edit card or answered to its questions: the alert stays the same kind about the same symbols.

And its line says it: `parse(format(draft)) == draft`. The whole line alone, typed anew, may be another alert.
"""

import pytest

from alerts.condition import Condition, DayMove, PositionMove
from alerts.example import TOPICS
from alerts.language import parse
from alerts.rule import Rule
from alerts.spoken import symbols_in
from alerts.wording import format_draft
from bot.callback_data import Code, encode
from bot.views.message import Button
from market.instrument import Instrument, SecType
from tests.fakes.chat import AAPL, NEW_YORK, TRADER, Chat

OPTION = Instrument(7, "SPY", SecType.OPTION, expiry="20261218", strike=600.0, right="C")
OTHERS = tuple(Instrument(n, name) for n, name in enumerate(("TSLA", "SPY", "BRK A", "BRK B"), 10))
LINES = [
    *sorted({line for topic in TOPICS for line in topic.lines}),
    "AAPL > 200 max 5",
    'AAPL > 200 every cooldown 2h max 3 for 2m until 2026-12-24 hysteresis 0.5% critical tag a note "\\“b\\”"',
    "200 < AAPL",
    "AAPL volume > 3",
    "AAPL +10000%",
    "AAPL trails $0.01",
    "EUR.USD < 0.0001",
    "account margin > 0.4%",
]
ANSWERS = (
    *(
        "3%",
        "+3%",
        "-3%",
        "\N{MINUS SIGN}3 %",
        "±3%",
        "3",
        "-3",
        "+3",
        "0",
        "-0",
        "$3",
        "5%",
        "0.15",
        "0.00001",
        "205,5",
    ),
    *(
        "199,500",
        "1,234,567",
        "12M",
        "120k",
        "1.2k",
        "1e9",
        "nan",
        "inf",
        "205 once",
        "205 and MSFT > 3",
        "MSFT",
        "soon",
        "5%%",
    ),
    *("999999999999999999999", "-150%", "1..2", "(3)", "3 note x", "--3", "$-3", "3 atr(14, 1d)", "10000%", "٣"),
)


async def armed(line: str) -> Chat:
    chat = Chat()
    chat.floor.instruments = (*chat.floor.instruments, *OTHERS, OPTION)
    await chat.say(f"/alert {line}")
    assert chat.rules.rules, chat.reply.text
    for instrument in (AAPL, *OTHERS):
        chat.quote(instrument, 196.42)
    await chat.press(encode(Code.ALERT_EDIT, "h", 1), chat.reply.last_id)
    return chat


def shape(condition: Condition) -> object:
    """Return what a number does not change: the kind, and which way it looks."""
    match condition:
        case DayMove(way=way, is_gap=is_gap):
            return DayMove, way, is_gap
        case PositionMove(percent=percent):
            return PositionMove, percent > 0
        case _:
            return type(condition)


def ensure_lawful(chat: Chat, before: Rule, what: str) -> None:
    (rule,) = chat.rules.rules.values()
    assert rule.text == format_draft(rule.draft), what
    assert parse(rule.text, chat.clock.now(), NEW_YORK) == rule.draft, what
    assert shape(rule.draft.condition) == shape(before.draft.condition), what
    assert set(symbols_in(rule.draft.condition)) == set(symbols_in(before.draft.condition)), what


def presses(chat: Chat) -> list[Button]:
    return [one for row in chat.reply.last.buttons for one in row if one.data.startswith(f"{Code.ALERT_SET}:")]


@pytest.mark.parametrize("line", LINES)
async def test_every_press_on_the_edit_card_leaves_the_same_alert_whose_line_reads_back(line: str) -> None:
    chat = await armed(line)
    before, card = chat.rules.rules[1], chat.reply.last_id
    for one in presses(chat):
        chat.rules.rules[1] = before
        chat.engine.remove(1)
        answer = await chat.press(one.data, card)
        assert answer == "Changed" or "I don't understand" in chat.reply.text, one.label
        ensure_lawful(chat, before, one.label)


@pytest.mark.parametrize("line", [line for line in LINES if not line.startswith(("news", "scan", "orders", "at "))])
async def test_every_answer_to_which_level_leaves_the_same_alert_whose_line_reads_back(line: str) -> None:
    chat = await armed(line)
    before = chat.rules.rules[1]
    for said in ANSWERS:
        chat.rules.rules[1] = before
        chat.engine.remove(1)
        await chat.press(encode(Code.ALERT_ASK, 1, "level"), 1)
        await chat.say(said, reply_to=chat.reply.last_id)
        ensure_lawful(chat, before, said)


@pytest.mark.parametrize(
    ("line", "said", "became"),
    [
        ("AAPL > 200", "1,234.5", "AAPL > 1234.5"),
        ("AAPL > 200", "\N{MINUS SIGN}3%", "AAPL > 190.53"),
        ("AAPL +5%", "7", "AAPL +7%"),
        ("AAPL +5%", "+7%", "AAPL +7%"),
        ("AAPL -3% today", "\N{MINUS SIGN}4 %", "AAPL -4%"),
        ("AAPL gaps up 3%", "+4%", "AAPL gaps up 4%"),
        ("positions any -5%", "7", "position any -7%"),
        ("positions any -5%", "-7%", "position any -7%"),
        ("AAPL volume > 10M", "12M", "AAPL volume > 12000000"),
        ("AAPL trails $3", "5", "AAPL trails $5"),
        ("TSLA trails 2 atr(14, 1d)", "2.5", "TSLA trails 2.5 atr(14, 1d)"),
        ("AAPL moves 2% in 15m", "3", "AAPL moves 3% in 15m"),
        ("account netliq < 100k", "120k", "account netliq < 120000"),
        ("account dailypnl < -1000", "-$1,500.5", "account dailypnl < -1500.5"),
        ("account cushion < 10%", "15", "account cushion < 15%"),
        ("SPY 20261218 C600 iv > 0.25", "30%", "SPY 20261218 C600 iv > 0.3"),
        ("SPY 20261218 C600 delta > 0.5", "-0.6", "SPY 20261218 C600 delta > -0.6"),
        ('AAPL > 200 every note "a" tag b', "205", 'AAPL > 205 every tag b note "a"'),
    ],
)
async def test_an_answer_is_read_by_the_rules_of_the_slot_it_goes_into(line: str, said: str, became: str) -> None:
    chat = await armed(line)
    await chat.tap("⌨️ Level")
    await chat.say(said, reply_to=chat.reply.last_id)
    assert chat.rules.rules[1].text == became


@pytest.mark.parametrize(
    ("line", "said", "expected"),
    [
        ("AAPL > 200", "3%", "a price, without %"),
        ("AAPL > 200", "-3", "a price above zero"),
        ("AAPL > 200", "205 once", "a number"),
        ("AAPL > 200", "205,5", "205.5 or 2055?"),
        ("AAPL > 200", "1.2k", "1200"),
        ("AAPL > 200", "-100%", "a price above zero"),
        ("AAPL +5%", "-3", "looks one way only"),
        ("AAPL +5%", "$3", "a percentage"),
        ("positions any -5%", "+7%", "looks one way only"),
        ("AAPL volume > 10M", "+10%", "a number"),
        ("AAPL volume > 10M", "1,5M", "1.5m or 15m?"),
        ("AAPL rsi(14, 1h) < 30", "+3%", "a number"),
        ("account cushion < 10%", "0.15", "is it a fraction?"),
        ("AAPL trails 5%", "0", "above zero"),
        ("AAPL trails 5%", "-5", "without a sign"),
        ("AAPL trails $3", "5%", "an amount of money"),
        ("AAPL moves 2% in 15m", "$3", "a percentage"),
    ],
)
async def test_a_number_of_another_kind_is_refused_with_what_was_expected(line: str, said: str, expected: str) -> None:
    chat = await armed(line)
    before = chat.rules.rules[1].text
    await chat.tap("⌨️ Level")
    told = await chat.say(said, reply_to=chat.reply.last_id)
    assert "Nothing was changed" in told
    assert expected in told
    assert chat.rules.rules[1].text == before


@pytest.mark.parametrize(
    ("line", "said", "pick", "became"),
    [
        ("AAPL > 200", "199,500", "199,500", "AAPL > 199500"),
        ("AAPL > 200", "199,500", "199.5", "AAPL > 199.5"),
        ("account dailypnl < -1000", "1500", "\N{MINUS SIGN}1,500", "account dailypnl < -1500"),
    ],
)
async def test_a_number_that_reads_two_ways_is_asked_back_with_buttons_that_change_this_alert(
    line: str, said: str, pick: str, became: str
) -> None:
    chat = await armed(line)
    await chat.tap("⌨️ Level")
    await chat.say(said, reply_to=chat.reply.last_id)
    assert len(chat.labels()) == 2
    await chat.tap(pick)
    assert {rule.text for rule in chat.rules.rules.values()} == {became}


async def test_a_percentage_from_the_price_now_needs_one() -> None:
    chat = await armed("AAPL > 200")
    chat.ticks.quotes.clear()
    await chat.tap("⌨️ Level")
    assert "there is none now" in await chat.say("+3%", reply_to=chat.reply.last_id)
    assert chat.rules.rules[1].text == "AAPL > 200"


async def test_once_drops_how_often_at_most() -> None:
    chat = await armed("AAPL > 200 max 5 cooldown 1h")
    await chat.tap("Once")
    assert chat.rules.rules[1].text == "AAPL > 200 once"


async def test_presets_of_large_and_small_amounts_work() -> None:
    for line, label, became in (
        ("AAPL volume > 10M", "5,000,000", "AAPL volume > 5000000"),
        ("AAPL volume > 3", "6", "AAPL volume > 6"),
        ("AAPL moves 0.00004% in 15m", "0.00002%", "AAPL moves 0.00002% in 15m"),
    ):
        chat = await armed(line)
        await chat.tap(label.removesuffix("%"))
        assert chat.rules.rules[1].text == became


async def test_a_level_that_the_kind_does_not_know_is_not_offered() -> None:
    chat = await armed("SPY 20261218 C600 delta > 0.5")
    assert "1.25" not in str(chat.labels())
    chat = await armed("AAPL volume > 3")
    assert "1.5" not in chat.labels()


async def test_an_alert_that_is_over_can_still_be_edited() -> None:
    chat = await armed("AAPL > 200 until 2026-11-24")
    chat.clock.advance(6 * 86_400)
    await chat.tap("Critical")
    assert chat.rules.rules[1].draft.options.critical


@pytest.mark.parametrize(
    ("what", "said", "expected"),
    [
        ("note", '"' * 300, "500 at most"),
        ("note", "x" * 301, "at most 300 characters"),
        ("tag", "two words", "one word"),
        ("tag", "İ", "one word"),
        ("until", "friday once", "a day or time"),
        ("until", "whenever", "a day, like friday"),
    ],
)
async def test_what_the_line_could_not_say_is_refused(what: str, said: str, expected: str) -> None:
    chat = await armed("AAPL > 200")
    await chat.press(encode(Code.ALERT_ASK, 1, what), 1)
    told = await chat.say(said, reply_to=chat.reply.last_id)
    assert "Nothing was changed" in told
    assert expected in told
    assert chat.rules.rules[1].text == "AAPL > 200"


async def test_a_whole_line_about_an_ambiguous_symbol_changes_this_alert_once_it_is_clear() -> None:
    chat = await armed("AAPL > 200")
    await chat.tap("Whole line")
    question = chat.reply.last_id
    assert "Which one?" in await chat.say("BMW > 80 every", reply_to=question)
    assert await chat.tap("BMW · BAYERISCHE") == "Changed"
    (rule,) = chat.rules.rules.values()
    assert rule.id == 1
    assert [one.con_id for one in rule.instruments.values()] == [29612222]
    assert rule.text.endswith(" > 80 every")
    assert "Edit alert #1" in chat.reply.text
    assert await chat.forms.at_message(TRADER, question, TRADER) is None
