"""Where texts and presses go, who may do what, and what is said to everything else."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.callback_data import Code, encode
from bot.commands import COMMANDS, listed
from bot.errors import DeliveryUnknown
from bot.router import _ROUTES
from market.account import Position
from tests.fakes.chat import AAPL, ACCOUNT, ADMIN, TRADER, VIEWER, Chat
from tests.fakes.reply import check_message
from trading.access import Role


@pytest.fixture
def chat() -> Chat:
    return Chat()


def test_every_code_has_a_way() -> None:
    assert set(_ROUTES) == set(Code)


def test_the_table_is_as_telegram_wants_it() -> None:
    names = [command.name for command in COMMANDS]
    assert len(set(names)) == len(names)
    for command in COMMANDS:
        assert command.name.isascii()
        assert command.name.islower()
        assert 1 <= len(command.name) <= 32
        assert 1 <= len(command.help) <= 256


def test_the_menu_of_a_viewer_has_no_orders_in_it() -> None:
    assert not {name for name, _ in listed(Role.VIEWER)} & {"buy", "sell", "options", "close", "halt", "reduce", "totp"}
    assert not {name for name, _ in listed(Role.TRADER)} & {"resume", "audit", "users", "unlock"}


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
async def test_every_command_answers_also_without_arguments(chat: Chat, name: str) -> None:
    await chat.say(f"/{name}")
    assert len(chat.reply.order) == 1
    assert chat.reply.replies[chat.reply.last_id] is not None


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
async def test_help_names_every_command(chat: Chat, name: str) -> None:
    assert f"/{name} · " in await chat.say("/help", ADMIN)


@pytest.mark.parametrize("text", ["help", "Help", "?"])
async def test_help_needs_no_slash(chat: Chat, text: str) -> None:
    assert "/alerts · " in await chat.say(text)


async def test_help_on_one_command_says_that_one(chat: Chat) -> None:
    answer = await chat.say("/help /watch")
    assert answer.startswith("/watch · your watchlist")
    assert "/alerts" not in answer
    assert "There is no /nonsense" in await chat.say("/help nonsense")
    assert "There is no /buy" in await chat.say("/help buy", VIEWER)


@pytest.mark.parametrize("text", ["AAPL", "$aapl", "$AAPL", "#265598", "/help"])
async def test_a_lone_symbol_opens_a_quote_card(chat: Chat, text: str) -> None:
    answer = await chat.say(text)
    assert ("AAPL 200.00" in answer) == (text != "/help")


@pytest.mark.parametrize("text", ["ok", "it", "all", "thanks!", "what is up", "aapl", "🙂", "/", "1234"])
async def test_other_words_are_answered_with_two_examples(chat: Chat, text: str) -> None:
    answer = await chat.say(text)
    assert "Nothing was done." in answer


async def test_a_symbol_that_is_held_needs_no_capitals(chat: Chat) -> None:
    chat.floor.held_positions = [Position(ACCOUNT, AAPL, Decimal(10), Decimal(184))]
    assert "AAPL 200.00" in await chat.say("aapl")


async def test_an_old_message_is_not_executed_but_what_only_reads_is(chat: Chat) -> None:
    for text in ("AAPL > 200", "/alert AAPL > 200", "buy 10 AAPL 199.5", "/buy 10 AAPL 199.5", '/news AAPL "x"'):
        answer = await chat.say(text, age_s=601)
        assert "I was away" in answer
        assert text in answer
    assert chat.rules.rules == {}
    assert chat.store.rows == {}
    assert "No alerts yet" in await chat.say("/alerts", age_s=601)
    assert "no headlines" in await chat.say("/news AAPL", age_s=601)
    assert "AAPL 200.00" in await chat.say("AAPL", age_s=601)
    assert "Alert #1 set" in await chat.say("AAPL > 200", age_s=600)


async def test_a_viewers_press_on_a_trading_button_is_refused(chat: Chat) -> None:
    for data in (
        encode(Code.ORDER_LINE, "buy 1 AAPL market"),
        encode(Code.ORDER_PRICE, "market", "buy 1 AAPL"),
        encode(Code.QUOTE_TRADE, "n", 265598, "B"),
        encode(Code.ORDER_WITHDRAW, "n", 1),
    ):
        assert "traders only" in await chat.press(data, 1, VIEWER)
    assert chat.reply.order == []


async def test_a_press_that_is_not_understood_is_answered(chat: Chat) -> None:
    assert "not understood" in await chat.press("xx:1", 1)
    assert "not understood" in await chat.press("", 1)


async def test_a_chat_that_takes_no_answer_stops_nothing(chat: Chat) -> None:
    await chat.say("/help")
    chat.reply.failures = [DeliveryUnknown("timed out"), DeliveryUnknown("timed out")]
    await chat.say("/status")
    await chat.press(encode(Code.QUOTE, "n", 265598), 1)
    assert len(chat.reply.order) == 1


async def test_an_error_nobody_foresaw_goes_on_to_the_caller(chat: Chat) -> None:
    chat.floor.quote_error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await chat.say("AAPL")


HOSTILE = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="<>&\"'/ab$#@:>.,0123456789 \n", max_size=60),
    st.sampled_from(["buy", "sell", "AAPL", "news", "scan", "/alert", "/news", "/scan", "/buy", "/"]).flatmap(
        lambda head: st.text(max_size=60).map(lambda rest: f"{head} {rest}")
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(HOSTILE, max_size=4))
async def test_whatever_is_written_gets_one_valid_answer(texts: list[str]) -> None:
    chat = Chat()
    for count, text in enumerate(texts, 1):
        await chat.say(text or "-", TRADER)
        assert len(chat.reply.order) == count
    for message in chat.reply.shown.values():
        check_message(message)
    assert chat.gateway.submitted == []


@settings(max_examples=150, deadline=None)
@given(
    code=st.sampled_from(Code),
    args=st.lists(st.sampled_from(["h", "n", "0", "1", "265598", "666", "B", "<b>", "AAPL > 1"]), max_size=4),
)
async def test_whatever_is_pressed_gets_one_answer(code: Code, args: list[str]) -> None:
    chat = Chat()
    await chat.say("AAPL > 200")
    await chat.say("buy 1 AAPL 199.5")
    await chat.press(":".join([code.value, *args]), chat.reply.last_id)
    assert chat.gateway.submitted == []
