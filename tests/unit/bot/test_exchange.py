"""Alerts as files: what leaves comes back, a dry run sets nothing, what is wrong is told with its line."""

import json

import pytest

from alerts.rule import RuleState
from market.errors import LinkDown
from tests.fakes.chat import VIEWER, Chat


@pytest.fixture
async def chat() -> Chat:
    chat = Chat()
    chat.floor.last, chat.floor.bid, chat.floor.ask = 196.42, 196.40, 196.44
    chat.rulebook._cap = 20
    for line in ("AAPL > 200 tag earnings", 'MSFT crosses 500 every note "=1+1"', 'news * "FDA approval"'):
        await chat.say(line)
    await chat.rulebook.pause(2, 222)
    return chat


async def exported(chat: Chat, kind: str) -> bytes:
    await chat.say(f"/export {kind}")
    file = chat.reply.last.file
    assert file is not None
    assert file.name == f"alerts-2026-11-20.{kind}"
    return file.body


@pytest.mark.parametrize("kind", ["csv", "json"])
async def test_what_is_exported_is_imported_by_someone_else_as_it_was(chat: Chat, kind: str) -> None:
    body = await exported(chat, kind)
    text = await chat.send_file(f"alerts.{kind}", body, VIEWER)
    assert "would set 3 alerts" in text
    assert "1 of them paused" in text
    assert "Nothing is set yet" in text
    assert len(chat.rules.rules) == 3
    await chat.tap("Import 3", VIEWER)
    assert "3 alerts imported" in chat.reply.text
    theirs = [rule for rule in chat.rules.rules.values() if rule.owner_id == VIEWER]
    assert [rule.text for rule in theirs] == [rule.text for rule in list(chat.rules.rules.values())[:3]]
    assert [rule.state for rule in theirs] == [RuleState.ARMED, RuleState.PAUSED, RuleState.ARMED]


async def test_what_is_there_already_is_not_set_again(chat: Chat) -> None:
    text = await chat.send_file("alerts.json", await exported(chat, "json"))
    assert "would set 0 alerts" in text
    assert "3 there already" in text
    assert chat.labels() == ["✖️ Cancel"]


async def test_lines_that_are_no_alerts_are_told_with_their_number(chat: Chat) -> None:
    text = await chat.send_file("mine.txt", b"AAPL > 300\nAAPL croses 200\nQQQQ > 5\n\nBMW > 90\n", VIEWER)
    assert "would set 1 alert" in text
    assert "line 2: AAPL croses 200" in text
    assert "line 3: QQQQ > 5 QQQQ is not known" in text
    assert "line 5: BMW > 90 BMW could be several" in text


async def test_an_ambiguous_symbol_comes_back_as_the_instrument_it_was(chat: Chat) -> None:
    rows = [{"alert": "BMW > 90", "instruments": {"BMW": 4050}}]
    await chat.send_file("a.json", json.dumps(rows).encode(), VIEWER)
    await chat.tap("Import 1", VIEWER)
    found = next(rule for rule in chat.rules.rules.values() if rule.text == "BMW > 90")
    assert found.instruments["BMW"].name == "BMW ADR"


async def test_more_than_the_cap_allows_is_said_before(chat: Chat) -> None:
    chat.rulebook._cap = 4
    text = await chat.send_file("mine.txt", b"AAPL > 300\nAAPL > 301\nAAPL > 302\n")
    assert "would set 1 alert\n" in text
    assert "2 too many for your cap" in text


async def test_a_file_that_is_none_of_ours_is_refused_with_the_line(chat: Chat) -> None:
    assert "line 1, it is no JSON" in await chat.send_file("x.json", b"{nonsense")
    assert "it is not UTF-8 text" in await chat.send_file("x.csv", b"\xff\xfe\x00")
    assert "there is no alert in it" in await chat.send_file("x.csv", b"")


async def test_cancel_sets_nothing_and_the_button_is_over(chat: Chat) -> None:
    await chat.send_file("mine.txt", b"AAPL > 300\n")
    go = chat.button("Import").data
    await chat.tap("Cancel")
    assert await chat.press(go, chat.reply.last_id) == "This is over. Nothing was done."
    assert len(chat.rules.rules) == 3


async def test_without_a_link_nothing_is_judged(chat: Chat) -> None:
    chat.floor.find_error = LinkDown("refused")
    assert "IBKR cannot be reached" in await chat.send_file("mine.txt", b"AAPL > 300\n")
    assert chat.forms.forms == {}


async def test_a_formula_in_a_cell_is_made_harmless_and_comes_back(chat: Chat) -> None:
    body = await exported(chat, "csv")
    assert b"\r\n=" not in body
    assert not any(cell.startswith((b"=", b"+", b"@")) for line in body.splitlines() for cell in line.split(b","))


@pytest.mark.parametrize(
    "body",
    [
        b"alert,state\nAAPL > 1,234.5,armed\n",
        b"alert,state\nAAPL > 1,234.5\n",
        b"alert\nAAPL > 1,234.5\n",
        b"AAPL > 1,234.5\n",
        b"alert,state\nAAPL crosses above sma(50, 1d),armed\n",
        b"AAPL crosses above sma(50, 1d)\n",
    ],
)
async def test_a_line_that_a_comma_tears_apart_is_not_taken_for_another_alert(chat: Chat, body: bytes) -> None:
    text = await chat.send_file("a.csv", body)
    assert "would set 0 alerts" in text
    assert "needs quotes around it" in text


async def test_a_state_that_there_is_not_is_no_armed_alert(chat: Chat) -> None:
    body = b'alert,state\n"AAPL > 300",bogus\n"AAPL > 301",Paused\n"AAPL > 302",\n'
    text = await chat.send_file("a.csv", body)
    assert "would set 2 alerts" in text
    assert "1 of them paused" in text
    assert "line 2: AAPL > 300 there is no state “bogus”" in text
    assert "there is no state" in await chat.send_file("a.json", b'[{"alert":"AAPL > 300","state":"on"}]')


async def test_what_is_over_by_now_is_left_out_as_that(chat: Chat) -> None:
    text = await chat.send_file("a.csv", b'alert,state\n"AAPL > 300 until 2026-01-01",paused\n')
    assert "1 over already, left out" in text
    assert "not understood" not in text


async def test_an_export_says_what_is_not_in_it(chat: Chat) -> None:
    spent = chat.rules.rules[1].with_state(RuleState.FIRED, chat.clock.now())
    chat.rules.rules[1] = spent
    chat.engine.remove(1)
    text = await chat.say("/export csv")
    assert "Not in it: your own wording, webhooks" in text
    assert "1 of them is over" in text
