"""What happens when something is missing, wrong or down: a sentence, and nothing lost."""

import asyncio
import os

import pytest

from simulator.world import TOKEN
from tests.flow.chat import said
from tests.flow.conftest import Stage

# What ends before it asks for the time needs no dial.
AS_PEOPLE_DO = ("-m", "bot")


@pytest.mark.parametrize(
    ("setting", "value", "line"),
    [
        ("telegram_bot_token", "", "squawkbot cannot start: TELEGRAM_BOT_TOKEN: is not set"),
        ("telegram_users", "222:trader", "squawkbot cannot start: TELEGRAM_USERS: needs at least one admin"),
        ("ib_port", "many", "squawkbot cannot start: IB_PORT: "),
    ],
)
async def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(
    stage: Stage, setting: str, value: str, line: str
) -> None:
    bot = await stage.start(program=AS_PEOPLE_DO, is_fresh=True, **{setting: value})
    assert await bot.ended() == 2
    assert bot.words().startswith(line)
    assert len(bot.words().splitlines()) == 1


async def test_a_token_that_telegram_refuses_stops_the_start_and_is_named(stage: Stage) -> None:
    bot = await stage.start(program=AS_PEOPLE_DO, is_fresh=True, telegram_bot_token="42:another-token-than-the-servers")
    assert await bot.ended() == 2
    assert "TELEGRAM_BOT_TOKEN" in bot.words()
    assert "another-token" not in bot.words()


async def test_a_stranger_meets_silence(stage: Stage) -> None:
    await stage.up()
    for text in ("/start", "AAPL > 200", "buy 10 AAPL 199.5"):
        await stage.stranger.say(text)
    await stage.ada.ask("/help", "/orders")
    assert await stage.stranger.from_bot() == []
    assert await stage.desk.get("/sim/commands", chat_id=999) == []
    assert [c["command"] for c in await stage.desk.get("/sim/commands", chat_id=111)][:2] == ["start", "help"]


async def test_a_scan_code_that_ibkr_does_not_know_sets_nothing(stage: Stage) -> None:
    await stage.up()
    answer = await stage.ada.ask("scan NO_SUCH_CODE top 5", "there is no scan NO_SUCH_CODE")
    assert "✅" not in said(answer)
    assert "#1" not in said(await stage.ada.ask("/alerts", "alert"))


async def test_data_that_is_refused_after_a_reconnect_is_told_once_and_comes_again(stage: Stage) -> None:
    await stage.up()
    await stage.ada.ask("AAPL > 200", "Alert #1 set")
    await stage.desk.post("/sim/market/faults", kind="error", request="reqMktData", code=354)
    stage.world.server.faults.drop()
    told = await stage.ada.until("IBKR 354")
    assert "#1" in said(told)
    listed = await stage.ada.ask("/alerts", "#1")
    assert "⚠️" in said(listed)
    await stage.desk.post("/sim/market/faults", kind="heal")
    stage.world.server.faults.drop()
    await stage.linked()
    await stage.desk.push("AAPL", 200.5)
    await stage.ada.until("🔔 AAPL")
    assert len([m for m in await stage.ada.from_bot() if "IBKR 354" in said(m) and "#1" in said(m)]) == 1


async def test_a_telegram_that_is_down_at_start_is_found_when_it_comes(stage: Stage) -> None:
    await stage.desk.post("/sim/faults", method="getMe", kind="502", count=3)
    await stage.up()


async def test_an_alert_that_fired_while_telegram_was_down_survives_kill_9_and_arrives(stage: Stage) -> None:
    bot = await stage.up()
    await stage.ada.ask("AAPL > 200", "Alert #1 set")
    await stage.desk.post("/sim/faults", method="sendMessage", kind="drop", count=-1)
    await stage.desk.push("AAPL", 200.5)
    await stage.desk.until(lambda: tried(stage), "a try to send it")
    await bot.kill()
    await stage.desk.post("/sim/faults", kind="clear")
    await stage.start()
    fired = await stage.ada.until("🔔", "AAPL", "200.50")
    assert "↻" in said(fired)
    await stage.linked()
    assert sum("200.50" in said(m) for m in await stage.ada.from_bot()) == 1


async def test_an_alert_whose_send_timed_out_after_it_arrived_is_repeated_and_marked(stage: Stage) -> None:
    await stage.up()
    await stage.ada.ask("AAPL > 200", "Alert #1 set")
    await stage.desk.post("/sim/faults", method="sendMessage", kind="drop_after", count=1)
    await stage.desk.push("AAPL", 200.5)
    await stage.ada.until("↻", "200.50")
    fired = [said(m) for m in await stage.ada.from_bot() if "200.50" in said(m)]
    assert ["↻" in text for text in fired] == [False, True]


async def test_a_second_bot_on_the_same_data_does_not_start(stage: Stage) -> None:
    await stage.up()
    second = await stage.start(program=AS_PEOPLE_DO, is_fresh=True)
    assert await second.ended() == 1
    assert "DATABASE_URL" in second.words()
    assert "is in use by another squawkbot" in second.words()


async def test_bad_lines_get_a_sentence_with_the_place_and_two_examples(stage: Stage) -> None:
    await stage.up()
    unknown = await stage.ada.ask("APPL > 200", "I don't know APPL")
    assert "AAPL" in said(unknown)
    broken = await stage.ada.ask("AAPL croses 200", "These would work")
    assert "crosses" in said(broken)
    assert said(await stage.ada.ask("buy AAPL 10", "buy 10 AAPL"))
    await stage.ada.ask("hello there", "/help")
    await stage.ada.press(unknown, "AAPL")
    await stage.ada.until("Alert #1 set", after=unknown["message_id"])


async def test_the_health_page_answers_on_the_loopback(stage: Stage) -> None:
    port = str(20_000 + os.getpid() % 20_000)
    await stage.up(is_fresh=True, http_port=port)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
    answer = (await asyncio.wait_for(reader.read(), 10)).decode()
    writer.close()
    assert " 200 " in answer.splitlines()[0]
    assert '"ibkr":"up"' in answer
    assert TOKEN not in answer


async def tried(stage: Stage) -> bool:
    calls = await stage.desk.get("/sim/calls", method="sendMessage")
    return any("200.50" in str(call["params"]) for call in calls)


async def test_an_update_that_cannot_be_parsed_is_skipped(stage: Stage) -> None:
    bot = await stage.up(is_fresh=True)
    await stage.desk.post("/sim/faults", kind="bad_update", count=3)
    await stage.ada.ask("/help", "/orders")
    assert "is skipped" in bot.words()
    assert await asyncio.wait_for(bot.stop(), 15) == 0


async def test_a_404_and_a_409_on_get_updates_pass(stage: Stage) -> None:
    await stage.up()
    for kind in ("404", "409", "502", "garbage"):
        await stage.desk.post("/sim/faults", method="getUpdates", kind=kind, count=1)
    await stage.ada.ask("/help", "/orders")
    await stage.ada.ask("/status", "Version")


async def test_a_person_who_left_the_list_hears_nothing_more(stage: Stage) -> None:
    bot = await stage.up()
    await stage.tom.ask("AAPL > 200", "Alert #1 set")
    await stage.ada.ask("AAPL > 200", "Alert #2 set")
    await bot.kill()
    await stage.up(telegram_users="111:admin")
    await stage.desk.push("AAPL", 200.5)
    await stage.ada.until("🔔 AAPL")
    assert not [m for m in await stage.tom.from_bot() if "🔔 AAPL" in said(m)]


async def is_unlinked(stage: Stage) -> bool:
    return "IBKR link is not up" in said(await stage.ada.ask("/status", "Version"))


async def test_screens_say_that_the_link_is_down(stage: Stage) -> None:
    await stage.up()
    await stage.ada.ask("/positions", "AAPL")
    stage.world.server.faults.refuse()
    stage.world.server.faults.drop()
    await stage.ada.ask("/status", "IBKR link is not up")
    for command in ("/positions", "/account", "/orders", "/alerts"):
        await stage.ada.ask(command, "IBKR link down for")
    stage.world.server.faults.heal()
    await stage.linked()
    assert "link down" not in said(await stage.ada.ask("/positions", "AAPL"))


async def test_everything_about_orders_says_paper_first(stage: Stage) -> None:
    await stage.up()
    for line in ("buy 10 AAPL", "buy 10 APPL 5", "sell all AAPL", "buy AAPL 10", "/orders", "buy 100000 AAPL 199"):
        answer = await stage.ada.ask(line, "PAPER")
        assert "PAPER" in said(answer).splitlines()[0], said(answer)
