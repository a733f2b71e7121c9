"""Scans that IBKR takes its time for: the chat goes on meanwhile, and what comes late replaces nothing newer."""

import asyncio

import pytest

from bot.callback_data import Code, Place, encode
from bot.request import TextIn
from bot.scan_line import entry_of, line_of
from market.errors import LinkDown
from market.scan import ScanRow, ScanSpec
from tests.fakes.chat import AAPL, MSFT, NEW_YORK, TRADER, Chat
from trading.access import Role


@pytest.fixture
def chat() -> Chat:
    chat = Chat()
    chat.scans.rows = [ScanRow(1, AAPL), ScanRow(2, MSFT)]
    return chat


@pytest.mark.parametrize(
    "data",
    [
        encode(Code.SCAN_RUN, Place.HERE, "TOP_PERC_GAIN"),
        encode(Code.SCAN_TYPES, Place.HERE, 0),
        encode(Code.SCAN_PLACES, Place.HERE, 0, "STK"),
        encode(Code.SCAN_CODES, Place.HERE, 0, "STK STK.NASDAQ"),
        encode(Code.SCAN_FOUND, Place.HERE, 0, "gap"),
        encode(Code.SCAN_MOVERS, Place.ANEW),
        encode(Code.SCAN_AGAIN, Place.HERE, 1),
        encode(Code.SCAN_PAGE, Place.HERE, 0, 1),
        encode(Code.SCAN_FILTERS, Place.HERE, 0, 1),
        encode(Code.SCAN_FILTER, Place.HERE, 1, "sectorIs"),
    ],
)
async def test_while_ibkr_is_slow_the_press_is_answered_and_the_chat_goes_on(chat: Chat, data: str) -> None:
    line = entry_of("scan TOP_PERC_GAIN", chat.clock.now(), NEW_YORK)
    await chat.saved_scans.keep(TRADER, TRADER, line_of(line), chat.clock.now())
    await chat.say("/scan")
    shown = chat.reply.text
    chat.scans.answers.clear()
    press = chat.pressed(data, chat.reply.last_id)
    async with asyncio.timeout(5):
        await chat.router.on_press(press)
    assert press.callback_id in chat.reply.answers
    assert chat.reply.text == shown
    chat.scans.answers.set()
    await chat.chores.idle()
    assert chat.reply.text != shown


@pytest.mark.parametrize("said", ["/scan TOP_PERC_GAIN", "/scan find gap", "/movers"])
async def test_while_ibkr_is_slow_a_command_holds_up_nothing(chat: Chat, said: str) -> None:
    chat.scans.answers.clear()
    args = said.partition(" ")[2]
    async with asyncio.timeout(5):
        await chat.router.on_text(TextIn(TRADER, TRADER, 1, Role.TRADER, said, args, chat.clock.now()))
    assert not chat.reply.order
    chat.scans.answers.set()
    await chat.chores.idle()
    assert chat.reply.order


async def test_movers_ask_for_both_lists_at_once(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    both = asyncio.Barrier(2)

    async def run_once(_spec: ScanSpec) -> list[ScanRow]:
        await both.wait()
        return [ScanRow(1, AAPL)]

    monkeypatch.setattr(chat.scans, "run_once", run_once)
    async with asyncio.timeout(5):
        assert "AAPL" in await chat.say("/movers")


async def test_a_late_list_does_not_replace_what_was_asked_for_after_it(chat: Chat) -> None:
    await chat.say("/scan TOP_PERC_GAIN")
    result = chat.reply.last_id
    again, filters = chat.button("🔄 Run again").data, chat.button("⚙️ Filters").data
    chat.scans.answers.clear()
    async with asyncio.timeout(5):
        await chat.router.on_press(chat.pressed(again, result))
        await chat.router.on_press(chat.pressed(filters, result))
    chat.scans.answers.set()
    await chat.chores.idle()
    assert "which bounds?" in chat.reply.text


async def test_what_ibkr_refuses_while_browsing_is_told_below(chat: Chat) -> None:
    await chat.say("/scan")
    chat.scans.error = LinkDown()
    await chat.tap("🗂 Browse")
    assert "IBKR cannot be reached" in chat.reply.text
