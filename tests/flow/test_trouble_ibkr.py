"""What goes wrong with IBKR: for each trouble one sentence, in its place another as it changes and when it is over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.flow.alerting import FIRED_WITHIN_S, fired, firings, made, passed
from tests.flow.chat import Shown, said
from tests.flow.conftest import Stage, opened_stage, trading_day

# A Wednesday, 15:20 in New York; and a Sunday, 00:58.
AFTERNOON = datetime(2026, 11, 18, 20, 20, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 5, 58, tzinfo=UTC)
GRACE = timedelta(seconds=11)


@asynccontextmanager
async def staged(folder: Path, at: datetime) -> AsyncIterator[Stage]:
    """Open a stage at which it is *at*, without a bot."""
    async with opened_stage(trading_day(folder, at), folder) as stage:
        yield stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path, AFTERNOON) as stage:
        yield stage


async def noticed(stage: Stage, *words: str, within_s: float = FIRED_WITHIN_S) -> None:
    """Wait until /status has all of *words* in it."""

    async def look() -> bool:
        shown = said(await stage.ada.ask("/status", "Version", within_s=within_s))
        return all(word in shown for word in words)

    await stage.desk.until(look, f"{words} in /status", within_s)


async def told(stage: Stage, *words: str) -> Shown:
    """Wait for a message with all of *words*, and turn the clock past the grace while it does not come."""

    async def look() -> Shown | None:
        await stage.wade(GRACE)
        return next((m for m in await stage.ada.from_bot() if all(word in said(m) for word in words)), None)

    found: Shown = await stage.desk.until(look, f"{words}", FIRED_WITHIN_S)
    return found


async def became(stage: Stage, message: Shown, *words: str) -> str:
    """Wait until *message* has all of *words* in it, the clock going on as in `told`; return what it says."""

    async def look() -> str | None:
        await stage.wade(GRACE)
        now = said(await stage.ada.again(message))
        return now if all(word in now for word in words) else None

    return str(await stage.desk.until(look, f"{words} in the place of {said(message)!r}", FIRED_WITHIN_S))


async def speaking_of(stage: Stage, *words: str) -> int:
    """Return how many messages to the admin have all of *words* in them."""
    return sum(all(word in said(m) for word in words) for m in await stage.ada.from_bot())


async def fault(stage: Stage, kind: str, **options: Any) -> None:
    """Break something at TWS."""
    await stage.desk.post("/sim/market/faults", kind=kind, **options)


async def test_a_gateway_that_is_down_at_start_is_told_and_found_when_it_comes(stage: Stage) -> None:
    await fault(stage, "refuse")
    await stage.start()
    # Right after the start it is not lost, it is being made.
    await stage.ada.ask("/help", "The IBKR link is not up yet")
    assert "Retrying" in said(await stage.ada.ask("/status", "IBKR link is not up"))
    alert = await stage.ada.ask("AAPL > 200", "IBKR")
    assert "🔔" not in said(alert)
    message = await told(stage, "IBKR link lost", "is TWS or the Gateway running")
    await fault(stage, "heal")
    await became(stage, message, "IBKR link is up again")
    await stage.linked()
    _, number = await made(stage, "AAPL > 200")
    stage.world.exchange.push("AAPL", 200.5)
    await fired(stage, number)


async def test_a_link_that_is_cut_for_seconds_is_no_news_and_its_alerts_fire(stage: Stage) -> None:
    await stage.up()
    _, number = await made(stage, "AAPL > 200")
    await fault(stage, "drop")
    await stage.linked()
    stage.world.exchange.push("AAPL", 200.5)
    assert "200.50" in said(await fired(stage, number))
    await passed(stage)
    assert len(await firings(stage, number)) == 1
    assert await speaking_of(stage, "IBKR link lost") == 0


async def test_streams_lost_with_1101_are_told_asked_for_again_and_fire(stage: Stage) -> None:
    await stage.up()
    _, number = await made(stage, "AAPL > 200")
    await fault(stage, "1100")
    message = await told(stage, "IBKR link lost", "TWS itself has lost")
    assert "no order can be sent" in said(message)
    await stage.ada.ask("buy 10 AAPL 199.5", "IBKR cannot be reached", "Nothing was sent to the market.")
    await fault(stage, "1101")
    await became(stage, message, "IBKR link is up again")
    await stage.linked()
    stage.world.exchange.push("AAPL", 200.5)
    await fired(stage, number)
    assert await stage.desk.orders() == []


async def test_frames_that_are_split_unknown_or_broken_cost_nothing(stage: Stage) -> None:
    await stage.up()
    _, number = await made(stage, "AAPL > 200")
    await fault(stage, "split")
    for kind in ("unknown_message", "short_frame"):
        await fault(stage, kind)
    await fault(stage, "unknown_tick", symbol="AAPL", tick_type=299)
    await fault(stage, "bad_tick", symbol="AAPL", tick_type=4, price=-1, size=0)
    stage.world.exchange.push("AAPL", 200.5)
    assert "200.50" in said(await fired(stage, number))
    await passed(stage)
    assert len(await firings(stage, number)) == 1
    await stage.ada.ask("/status", "All good")
    assert await speaking_of(stage, "died") == 0
    assert await speaking_of(stage, "IBKR link lost") == 0


async def test_a_competing_session_is_told_once_and_not_for_each_alert(stage: Stage) -> None:
    await stage.up()
    for level in (200, 210, 220):
        await made(stage, f"AAPL > {level}")
    await fault(stage, "error", request="reqMktData", code=10197)
    words = "No market data during competing live session"
    stage.world.server.inject("AAPL", lambda request: (4, 2, request, 10197, words, ""))
    await fault(stage, "deafen", symbol="AAPL")
    await noticed(stage, "logged in elsewhere")
    message = await told(stage, "the same IBKR user is logged in elsewhere", "AAPL")
    assert "No market data" in said(message).splitlines()[0]
    await fault(stage, "heal")
    # It is asked for again after a minute at first, and then more rarely.
    await stage.later(timedelta(minutes=3))
    over = await became(stage, message, "Market data comes again", "AAPL")
    assert over.startswith("✅")
    stage.world.exchange.push("AAPL", 200.5)
    await fired(stage, 1)
    assert await speaking_of(stage, "is blind") == 0
    assert await speaking_of(stage, "the same IBKR user is logged in elsewhere") == 0


async def test_delayed_prices_are_told_once_each_firing_is_marked_and_live_ones_end_it(stage: Stage) -> None:
    await fault(stage, "delayed", symbols=["AAPL"])
    await stage.up()
    _, number = await made(stage, "AAPL > 200")
    message = await told(stage, "Delayed prices of AAPL", "15 to 20 minutes")
    stage.world.exchange.push("AAPL", 200.5)
    assert "delayed" in said(await fired(stage, number)).lower()
    await made(stage, "AAPL > 300")
    await fault(stage, "heal")
    await fault(stage, "drop")
    await became(stage, message, "Prices are live again", "AAPL")
    _, live = await made(stage, "AAPL > 250")
    stage.world.exchange.push("AAPL", 250.5)
    assert "delayed" not in said(await fired(stage, live)).lower()
    assert await speaking_of(stage, "Delayed prices of") == 0


async def test_nobody_hears_of_delayed_prices_who_has_no_alert_on_them(stage: Stage) -> None:
    await fault(stage, "delayed", symbols=["AAPL"])
    await stage.up()
    await stage.tom.ask("/help", "/orders")
    await made(stage, "AAPL > 200")
    await told(stage, "Delayed prices of AAPL")
    assert not [m for m in await stage.tom.from_bot() if "Delayed" in said(m)]


async def test_a_farm_that_is_down_is_told_and_what_it_serves_speaks_again(stage: Stage) -> None:
    await stage.up()
    _, number = await made(stage, "AAPL > 200")
    await fault(stage, "notice", code=2103, message="Market data farm connection is broken:usfarm")
    stage.world.server.forget_streams()
    await noticed(stage, "an IBKR data farm is down", "usfarm")
    message = await told(stage, "IBKR's data farm is down", "usfarm")
    await fault(stage, "notice", code=2104, message="Market data farm connection is OK:usfarm")
    await became(stage, message, "data farm is up again", "usfarm")
    stage.world.exchange.push("AAPL", 200.5)
    await fired(stage, number)


async def test_a_read_only_api_is_told_to_admins_and_that_it_ended(stage: Stage) -> None:
    await fault(stage, "read_only")
    await stage.up()
    await stage.tom.ask("/help", "/orders")
    message = await told(stage, "API is read-only", "no order can be sent")
    await stage.ada.ask("buy 1 AAPL 150", "API is read-only")
    await fault(stage, "heal")
    await fault(stage, "drop")
    await became(stage, message, "takes orders again")
    assert not [m for m in await stage.tom.from_bot() if "read-only" in said(m)]


async def test_a_client_id_in_use_and_then_the_paper_disclaimer_are_one_message(stage: Stage) -> None:
    await fault(stage, "refuse", how="in_use")
    await stage.start()
    await stage.ada.ask("/help", "/orders")
    message = await told(stage, "IBKR link lost", "another program uses the same client id")
    assert "IB_CLIENT_ID" in said(message).splitlines()[0]
    await fault(stage, "refuse", how="disclaimer")
    await became(stage, message, "IBKR link lost", "paper trading disclaimer")
    await fault(stage, "heal")
    await became(stage, message, "IBKR link is up again")
    assert await speaking_of(stage, "IBKR link lost") == 0


async def test_a_silent_socket_is_told_and_that_it_speaks_again(stage: Stage) -> None:
    await stage.up()
    _, number = await made(stage, "AAPL > 200")
    await fault(stage, "silence")
    # It takes the silence of a heartbeat and a question without an answer.
    await noticed(stage, "IBKR link is not up", within_s=90.0)
    message = await told(stage, "IBKR link lost", "says nothing")
    assert "no order can be sent" in said(message)
    await fault(stage, "heal")
    await became(stage, message, "IBKR link is up again")
    await stage.linked()
    stage.world.exchange.push("AAPL", 200.5)
    await fired(stage, number)


async def test_ibkr_lost_by_tws_for_long_has_a_restart_advised_in_the_same_message(stage: Stage) -> None:
    await stage.up()
    _, number = await made(stage, "AAPL > 200")
    await fault(stage, "1100")
    message = await told(stage, "IBKR link lost", "TWS itself has lost")
    assert "restart" not in said(message)
    await stage.later(timedelta(minutes=15))
    await became(stage, message, "restart the Gateway")
    await fault(stage, "1102")
    await became(stage, message, "IBKR link is up again")
    await stage.linked()
    stage.world.exchange.push("AAPL", 200.5)
    await fired(stage, number)
    assert await speaking_of(stage, "restart the Gateway") == 0


async def test_a_link_that_goes_when_the_weekly_login_ends_asks_for_a_login(tmp_path: Path) -> None:
    async with staged(tmp_path, SUNDAY) as stage:
        await stage.up()
        await fault(stage, "refuse")
        await fault(stage, "drop")
        message = await told(stage, "IBKR link lost", "nothing listens")
        await stage.later(timedelta(minutes=5))
        await became(stage, message, "weekly login is due", "2FA")
        await fault(stage, "heal")
        await became(stage, message, "IBKR link is up again")


async def test_data_that_this_login_may_not_have_is_told_per_alert_in_plain_words(stage: Stage) -> None:
    await fault(stage, "error", request="reqMktData", code=354, symbol="AAPL")
    await stage.up()
    await made(stage, "AAPL > 200")
    _, other = await made(stage, "MSFT > 500")
    message = await told(stage, "Alert #1 is blind", "want of a market data subscription")
    assert "IBKR 354" in said(message)
    stage.world.exchange.push("MSFT", 500.5)
    await fired(stage, other)


async def test_a_line_that_dies_without_a_word_is_asked_for_anew_and_fires(stage: Stage) -> None:
    await stage.up()
    _, number = await made(stage, "AAPL > 200")
    await made(stage, "MSFT > 900")
    await fault(stage, "deafen", symbol="AAPL")
    quotes = stage.world.server.count

    async def asked() -> bool:
        stage.world.exchange.push("MSFT", round(400 + stage.world.exchange.clock.time() % 10, 2))
        await stage.later(timedelta(seconds=20))
        return quotes("quote") == 2

    await stage.desk.until(asked, "a second line", FIRED_WITHIN_S)
    stage.world.exchange.push("AAPL", 200.5)
    await fired(stage, number)
    assert len(await firings(stage, number)) == 1
