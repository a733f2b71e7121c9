"""Guards that hold with the real bot between both simulators: over restarts, from the host, between two people."""

import asyncio
import sys

from tests.flow.chat import Shown, said
from tests.flow.conftest import Stage
from tests.flow.dial import ENVIRONMENT, PROGRAM
from tests.flow.process import ROOT

LINE = "buy 10 AAPL 199.5"


async def card_of(stage: Stage, line: str = LINE) -> Shown:
    """Return a card of the admin that can be confirmed."""
    card = await stage.ada.ask(line, "confirm?")
    await stage.ada.ask("/help", "/orders")
    return card


async def host(stage: Stage, word: str) -> str:
    """Say *word* to squawkbot on the host's command line, with no more than the place of its data."""
    environment = {
        "DATABASE_URL": f"sqlite:///{stage.folder / 'squawkbot.db'}",
        "PYTHONPATH": str(ROOT),
        ENVIRONMENT: str(stage.dial.file),
    }
    asked = await asyncio.create_subprocess_exec(
        *(sys.executable, PROGRAM, word), cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await asked.communicate()
    assert asked.returncode == 0
    return told.decode()


async def shows(stage: Stage, card: Shown, words: str) -> Shown:
    """Wait until *card* says *words*."""

    async def look() -> Shown | None:
        now = await stage.ada.again(card)
        return now if words in said(now) else None

    found: Shown = await stage.desk.until(look, words)
    return found


async def test_a_halt_closes_the_cards_outlives_kill_9_and_ends_with_an_admins_resume(stage: Stage) -> None:
    bot = await stage.up()
    card = await card_of(stage)
    data = str(card["reply_markup"]["inline_keyboard"][0][0]["callback_data"])
    await stage.tom.ask("/halt", "Trading is halted", "1 open card was closed unsent")
    await shows(stage, card, "trading is halted")
    await stage.ada.until("Trading is halted, set by 222")
    await bot.kill()
    await stage.up()
    await stage.ada.press(card, "", force=True, data=data, wait=10)
    await stage.ada.ask(LINE, "Denied by a limit of ours", "trading is halted")
    await stage.tom.ask("/resume", "admin")
    assert await stage.desk.orders() == []
    await stage.ada.ask("/resume", "Trading is active")
    fresh = await card_of(stage)
    await stage.ada.press(fresh, "✅")
    await stage.ada.until("FILLED", after=fresh["message_id"])
    assert len(await stage.desk.orders()) == 1


async def test_the_host_halts_and_resumes_without_telegram(stage: Stage) -> None:
    await stage.up()
    card = await card_of(stage)
    told = await host(stage, "halt")
    assert told.startswith("Halted: ")
    await shows(stage, card, "trading is halted")
    await stage.ada.until("Trading is halted, set by the host")
    await stage.ada.ask("/resume", "stays halted by the host")
    await stage.ada.ask(LINE, "trading is halted")
    assert await stage.desk.orders() == []
    assert (await host(stage, "resume")).startswith("Removed ")
    await stage.ada.until("The file HALT is gone: trading is active.")
    fresh = await card_of(stage)
    await stage.ada.press(fresh, "✅")
    await stage.ada.until("FILLED", after=fresh["message_id"])


async def test_with_cancel_a_halt_takes_what_works_at_ibkr_with_it(stage: Stage) -> None:
    await stage.up()
    card = await card_of(stage, "buy 10 AAPL 150")
    await stage.ada.press(card, "✅")
    await stage.ada.until("Working ·", after=card["message_id"])
    await stage.ada.ask("/halt cancel", "Trading is halted", "IBKR is asked to cancel 1 order")
    await stage.ada.until("CANCELLED ·", after=card["message_id"])


async def test_a_restart_forgets_neither_the_rate_nor_what_an_admin_tightened(stage: Stage) -> None:
    bot = await stage.up(limit_orders_per_minute="1")
    await stage.ada.ask("/limits 222 order_value 1000", "order value for 222: 1,000")
    card = await card_of(stage)
    await stage.ada.press(card, "✅")
    await stage.ada.until("FILLED", after=card["message_id"])
    await bot.kill()
    await stage.up(limit_orders_per_minute="1")
    await stage.ada.ask("buy 11 AAPL 199.5", "this would be order 2 within a minute, 1 orders a minute is the most")
    await stage.tom.ask(LINE, "the order's value would be $1,995.00, the most allowed is $1,000.00")
    await stage.ada.ask("/audit", "limit", "order_value")
    assert len(await stage.desk.orders()) == 1


async def test_the_same_order_twice_is_one_order(stage: Stage) -> None:
    await stage.up(limit_duplicate_s="3600")
    first, second = await card_of(stage), await card_of(stage)
    await stage.ada.press(first, "✅")
    await stage.ada.until("FILLED", after=first["message_id"])
    await stage.ada.press(second, "✅")
    await shows(stage, second, "the same order was confirmed")
    assert len(await stage.desk.orders()) == 1
