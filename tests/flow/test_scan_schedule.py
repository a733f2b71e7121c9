"""Scans by the clock and by their changes: schedules, what is told of a list that moves, and what IBKR refuses."""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulator.tws.scan_places import BY_CODE
from simulator.tws.scanner import MOST_ROWS, Scan, ranked
from tests.flow.alerting import fired, firings, heard, made, passed
from tests.flow.chat import Shown, said
from tests.flow.conftest import Stage, opened_stage, trading_day

# A Wednesday, half a minute before 09:35 in New York.
BEFORE = datetime(2026, 11, 18, 14, 34, 30, tzinfo=UTC)
DAY = timedelta(days=1)
_STEP = timedelta(seconds=20)
_WITHIN_S = 60.0
FIVE = ["NFLX", "MSFT", "AAPL", "TSLA", "NVDA"]
_SCAN = "reqScannerSubscription"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened_stage(trading_day(tmp_path, BEFORE), tmp_path) as stage:
        await stage.up()
        yield stage


async def rank(stage: Stage, symbols: Sequence[str], code: str = "TOP_PERC_GAIN") -> None:
    """Put *symbols* on top of a scan, in this order."""
    await stage.desk.post("/sim/market/scanner", scan_code=code, symbols=list(symbols))


async def told(stage: Stage) -> list[Shown]:
    """Return the messages of scheduled scans, oldest first: they alone say when the scan runs next."""
    every = await stage.ada.from_bot()
    return [one for one in every if said(one).startswith("🛰 Top % gainers") and "· next run" in said(one)]


async def came(stage: Stage, times: int) -> Shown:
    """Let time pass until so many messages of scheduled scans have come, and return the last of these."""

    async def look() -> Shown | None:
        found = await told(stage)
        if len(found) >= times:
            return found[times - 1]
        await stage.wade(_STEP)
        return None

    found: Shown = await stage.desk.until(look, f"{times} messages of a scheduled scan", _WITHIN_S)
    return found


def gainers(stage: Stage, *, above: float) -> list[str]:
    """Return who gains most among US shares above a price, best first, as TWS sees it."""
    scan = Scan("TOP_PERC_GAIN", "STK", (BY_CODE["STK.US.MAJOR"],), MOST_ROWS, {"priceAbove": str(above)})
    return [book.instrument.symbol for book in ranked(scan, stage.world.exchange.books(), [])]


def listed(message: Shown) -> list[str]:
    """Return the symbols in the table of a message, by rank."""
    return re.findall(r"^(?:▲ |  )? *\d+  (\S+) ", said(message), re.MULTILINE)


async def refusing(stage: Stage, code: int, *, proceed: bool = False, message: str | None = None) -> None:
    """Let TWS answer the next scan with an error or, with *proceed*, with a warning."""
    fault = {"kind": "error", "request": _SCAN, "code": code, "count": 1, "proceed": proceed, "message": message}
    await stage.desk.post("/sim/market/faults", **fault)


async def test_a_scheduled_scan_comes_at_its_time_once_and_says_what_is_new_and_dropped(stage: Stage) -> None:
    await rank(stage, FIVE)
    card = await stage.ada.ask("/scan TOP_PERC_GAIN top 5 at 09:35 ET weekdays", "scheduled")
    assert "next run 09:35 ET" in said(card)
    first = await came(stage, 1)
    assert "5 found" in said(first).splitlines()[0]
    assert listed(first) == FIVE
    assert stage.dial.now() >= BEFORE + timedelta(seconds=30)
    assert "Late" not in said(first)
    # It holds none of IBKR's ten scans between its times, and the minutes after are not its time.
    await stage.later(timedelta(minutes=10))
    await passed(stage)
    assert stage.world.server.count("scan") == 0
    assert len(await told(stage)) == 1
    await rank(stage, ["F", "KO", *FIVE])
    await stage.later(DAY - timedelta(minutes=10, seconds=30))
    second = await came(stage, 2)
    assert said(second).splitlines()[0] == "🛰 Top % gainers · 5 found · 2 new, 2 dropped"
    assert listed(second) == ["F", "KO", *FIVE[:3]]
    assert re.findall(r"^▲ +\d+  (\S+)", said(second), re.MULTILINE) == ["F", "KO"]
    assert f"Dropped: {FIVE[3]}, {FIVE[4]}" in said(second)
    assert "next run Fri 20 Nov 09:35 ET" in said(second)


async def test_killed_over_its_times_a_scheduled_scan_comes_once_and_says_that_it_is_late(stage: Stage) -> None:
    await rank(stage, FIVE)
    await stage.ada.ask("/scan TOP_PERC_GAIN top 5 at 09:35 ET weekdays", "scheduled")
    await came(stage, 1)
    await passed(stage)
    await stage.bots[-1].kill()
    await rank(stage, ["F", *FIVE])
    # Thursday's and Friday's moments pass, and Monday's; the weekend has none.
    await stage.later(5 * DAY + timedelta(hours=1))
    await stage.up()
    late = await came(stage, 2)
    assert "1 new, 1 dropped" in said(late).splitlines()[0]
    assert re.search(r"Late: due 09:35 ET, run 1 h \d+ min after, 2 earlier missed", said(late))
    await passed(stage)
    await stage.bots[-1].kill()
    await stage.up()
    await stage.later(timedelta(minutes=5))
    await passed(stage)
    assert len(await told(stage)) == 2


async def test_an_alert_tells_who_is_new_who_jumped_and_who_dropped_out_of_two_lists(stage: Stage) -> None:
    order = gainers(stage, above=15)
    climber, newcomer, another = order[7], order[15], order[16]
    _, number = await made(stage, "scan TOP_PERC_GAIN price > 15 top 10")
    await heard(stage, "scan")
    await rank(stage, [climber])
    jumped = await fired(stage, number)
    assert said(jumped).splitlines()[0] == f"🛰 Top % gainers · 1 jumped: {climber} 8 → 1"
    # Who falls out of the bounds is in no list: one list without it may be a gap, the next tells.
    stage.world.exchange.push(climber, 14.0)
    await rank(stage, [newcomer])
    new = await fired(stage, number, 2)
    assert said(new).splitlines()[0] == f"🛰 Top % gainers · 1 new: {newcomer}"
    await rank(stage, [newcomer, another])
    both = await fired(stage, number, 3)
    assert said(both).splitlines()[0] == f"🛰 Top % gainers · 1 new: {another} · 1 dropped"
    assert f"Dropped: {climber}" in said(both)
    # The same list again is no news.
    await rank(stage, [newcomer, another])
    await passed(stage)
    assert len(await firings(stage, number)) == 3


async def test_what_ibkr_says_of_a_scan_is_told_in_plain_words(stage: Stage) -> None:
    disabled = "Historical Market Data Service error message:Scanner type with code X is disabled"
    await refusing(stage, 162, message=disabled)
    await stage.ada.ask("/scan TOP_PERC_GAIN top 5", "IBKR did not run this scan", "there is no scan X", "IBKR 162")
    await refusing(stage, 165)
    await stage.ada.ask("/scan TOP_PERC_GAIN top 5", "0 found", "Nothing meets it just now")
    await refusing(stage, 492, proceed=True)
    warned = await stage.ada.ask("/scan TOP_PERC_GAIN top 5", "5 found")
    assert "⚠️ The account lacks market data, so the ranks may not be exact" in said(warned)
    await stage.ada.ask("/scan find gainers", "scans ")
    refused = await stage.ada.ask("scan TOP_PERC_GANE top 5", "knows no scan TOP_PERC_GANE")
    assert "Nothing was saved" in said(refused)
    assert "Did you mean TOP_PERC_GAIN" in said(refused)
    assert "🔴" not in said(await stage.ada.ask("/status", "Version"))


async def test_nine_scans_are_watched_and_a_look_finds_room_beside_them(stage: Stage) -> None:
    for price in range(1, 10):
        await made(stage, f"scan MOST_ACTIVE price > {price} top 10")
    await stage.ada.ask("scan MOST_ACTIVE price > 10 top 10", "All 9 scans", "No alert was set")
    # The same scan as another alert's takes no place.
    await made(stage, "scan MOST_ACTIVE price > 1 top 5")
    await stage.ada.ask("/scan TOP_PERC_GAIN top 5", "5 found")
    assert stage.world.server.violations == []
