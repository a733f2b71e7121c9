"""/new: an alert by buttons alone, each step editable, gone on with after a restart, closed when left alone."""

import pytest

from bot.commands import COMMANDS
from bot.router import Router
from bot.wizard import KINDS, Wizard
from tests.fakes.chat import AAPL, MSFT, VIEWER, Chat


@pytest.fixture
def chat() -> Chat:
    chat = Chat()
    chat.floor.last, chat.floor.bid, chat.floor.ask = 196.42, 196.40, 196.44
    return chat


async def test_an_alert_is_made_wholly_by_buttons(chat: Chat) -> None:
    await chat.say("/new")
    for letter in "AAPL":
        await chat.tap(letter)
    await chat.tap("Search")
    await chat.tap("AAPL · APPLE")
    await chat.tap("▲ Above")
    await chat.tap("▲ 206.24")
    await chat.tap("Every")
    await chat.tap("RTH")
    await chat.tap("Save")
    assert chat.rules.rules[1].text == "AAPL > 206.24 every rth"
    assert "Alert #1 set" in chat.reply.text
    assert chat.forms.forms == {}


async def test_each_step_can_be_gone_back_to(chat: Chat) -> None:
    await chat.watchlists.add(222, AAPL, chat.clock.now())
    await chat.watchlists.add(222, MSFT, chat.clock.now())
    await chat.say("/new")
    await chat.tap("AAPL")
    await chat.tap("Trailing %")
    await chat.tap("5 %")
    await chat.tap("✏️ Symbol")
    await chat.tap("MSFT")
    await chat.tap("✏️ Level")
    await chat.tap("8 %")
    await chat.tap("✏️ Kind")
    await chat.tap("▼ Below")
    await chat.tap("▼ 186.60")
    await chat.tap("Save")
    assert chat.rules.rules[1].text == "MSFT < 186.6"


async def test_level_and_note_may_be_typed_and_the_questions_go(chat: Chat) -> None:
    await chat.watchlists.add(222, AAPL, chat.clock.now())
    await chat.say("/new")
    wizard = chat.reply.last_id
    await chat.tap("AAPL")
    await chat.tap("RSI below")
    await chat.tap("⌨️ Type it")
    await chat.say("never", reply_to=chat.reply.last_id)
    assert "never is no level" in chat.reply.shown[wizard].html
    await chat.tap("⌨️ Type it", on=wizard)
    await chat.say("27.5", reply_to=chat.reply.last_id)
    await chat.tap("📝 Note", on=wizard)
    await chat.say('say "hi"', reply_to=chat.reply.last_id)
    assert len(chat.reply.deleted) == 6
    await chat.tap("Save", on=wizard)
    assert chat.rules.rules[1].text == 'AAPL rsi(14, 1h) < 27.5 note "say \\"hi\\""'


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        ("Up % today", "-3", "looks one way only"),
        ("Down % today", "+3", "looks one way only"),
        ("Gap %", "-3", "without a sign"),
        ("Gap %", "$3", "a percentage"),
        ("Trailing %", "0", "above zero"),
        ("Volume", "-2", "a multiple"),
        ("Volume", "0", "a multiple"),
        ("▲ Above", "-3", "above zero"),
        ("▲ Above", "3%", "without %"),
        ("▲ Above", "199,500", "199.500 or 199500?"),
    ],
)
async def test_a_typed_level_that_its_kind_does_not_know_is_refused(
    chat: Chat, kind: str, said: str, expected: str
) -> None:
    await chat.watchlists.add(222, AAPL, chat.clock.now())
    await chat.say("/new")
    wizard = chat.reply.last_id
    await chat.tap("AAPL")
    await chat.tap(kind)
    await chat.tap("⌨️ Type it")
    await chat.say(said, reply_to=chat.reply.last_id)
    shown = chat.reply.shown[wizard].html
    assert f"{said} is no level" in shown
    assert expected in shown
    assert "Save" not in str(chat.labels(on=wizard))


@pytest.mark.parametrize(
    ("kind", "said", "line"),
    [
        ("Up % today", "+3%", "AAPL +3%"),
        ("Down % today", "-3.5", "AAPL -3.5%"),
        ("Gap %", "4", "AAPL gaps 4%"),
        ("Volume", "2.5", "AAPL volume > 2.5 * avgvolume(20)"),
        ("▲ Above", "1,234.5", "AAPL > 1234.5"),
    ],
)
async def test_a_typed_level_is_read_as_its_kind_reads_it(chat: Chat, kind: str, said: str, line: str) -> None:
    await chat.watchlists.add(222, AAPL, chat.clock.now())
    await chat.say("/new")
    wizard = chat.reply.last_id
    await chat.tap("AAPL")
    await chat.tap(kind)
    await chat.tap("⌨️ Type it")
    await chat.say(said, reply_to=chat.reply.last_id)
    await chat.tap("Save", on=wizard)
    assert chat.rules.rules[1].text == line


@pytest.mark.parametrize("note", ["ask “Bob” at 10", "«a» \\ 'b' \"c", '"' * 300])
async def test_a_note_may_have_any_quotes(chat: Chat, note: str) -> None:
    await chat.watchlists.add(222, AAPL, chat.clock.now())
    await chat.say("/new")
    wizard = chat.reply.last_id
    await chat.tap("AAPL")
    await chat.tap("52 w high")
    await chat.tap("Note")
    await chat.say(note, reply_to=chat.reply.last_id)
    await chat.tap("Save", on=wizard)
    assert chat.rules.rules[1].draft.options.note == note[:200]
    assert chat.rulebook.read(chat.rules.rules[1].text) == chat.rules.rules[1].draft


async def test_the_symbol_may_be_typed_as_a_companys_name(chat: Chat) -> None:
    await chat.say("/new")
    wizard = chat.reply.last_id
    await chat.tap("⌨️ Type it")
    await chat.say("apple", reply_to=chat.reply.last_id)
    await chat.tap("AAPL · APPLE", on=wizard)
    assert "What about it?" in chat.reply.shown[wizard].html


async def test_it_goes_on_after_a_restart(chat: Chat) -> None:
    await chat.watchlists.add(222, AAPL, chat.clock.now())
    await chat.say("/new")
    await chat.tap("AAPL")
    chat.handlers = chat._handlers()
    chat.router = Router(COMMANDS, chat.handlers, chat.clock)
    await chat.tap("52 w high")
    await chat.tap("Save")
    assert chat.rules.rules[1].text == "AAPL > high(52w)"


async def test_an_unfinished_one_is_offered_again_and_goes_on_in_the_new_message(chat: Chat) -> None:
    await chat.watchlists.add(222, AAPL, chat.clock.now())
    await chat.say("/new")
    first = chat.reply.last_id
    await chat.tap("AAPL")
    assert "You have begun an alert already" in await chat.say("/new")
    await chat.tap("Go on")
    assert "What about it?" in chat.reply.text
    assert "goes on below" in chat.reply.shown[first].html
    await chat.say("/new")
    await chat.tap("Start again")
    assert "step 1/4" in chat.reply.text
    assert len(chat.forms.forms) == 1


async def test_one_left_alone_for_a_quarter_of_an_hour_is_closed_and_says_so(chat: Chat) -> None:
    await chat.watchlists.add(222, AAPL, chat.clock.now())
    await chat.say("/new")
    pick = chat.button("AAPL").data
    chat.clock.advance(15 * 60 + 1)
    await chat.handlers.forms.expire()
    assert "Left alone for 15 minutes" in chat.reply.text
    assert "over" in await chat.press(pick, chat.reply.last_id)
    await chat.tap("Start again")
    assert "step 1/4" in chat.reply.text


async def test_two_presses_on_save_set_one_alert(chat: Chat) -> None:
    await chat.watchlists.add(222, AAPL, chat.clock.now())
    await chat.say("/new")
    wizard = chat.reply.last_id
    await chat.tap("AAPL")
    await chat.tap("52 w low")
    save = chat.button("Save").data
    await chat.press(save, wizard)
    assert "over" in await chat.press(save, wizard)
    assert len(chat.rules.rules) == 1


async def test_someone_elses_wizard_is_not_there(chat: Chat) -> None:
    await chat.watchlists.add(222, AAPL, chat.clock.now())
    await chat.say("/new")
    assert "over" in await chat.press(chat.button("AAPL").data, 900, VIEWER)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_it_offers_is_a_line_of_the_language(name: str, chat: Chat) -> None:
    kind = KINDS[name]
    for level in ("200",) if kind.is_price else kind.presets or ("",):
        wizard = Wizard().about(AAPL, 196.42).of_kind(name).at_level(level).with_option("ends", "1w")
        assert chat.rulebook.read(wizard.line())
