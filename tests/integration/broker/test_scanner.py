"""Scans."""

import asyncio
from collections.abc import Sequence

import pytest

from alerts.errors import TooManyScans
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.scan import ScanRow, ScanSpec
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.integration.broker.conftest import Desk, desk_at

GAINERS = ScanSpec("TOP_PERC_GAIN", rows=10)


@pytest.fixture
def results(desk: Desk) -> list[tuple[ScanSpec, Sequence[ScanRow]]]:
    heard: list[tuple[ScanSpec, Sequence[ScanRow]]] = []
    desk.scans.connect(lambda spec, rows: heard.append((spec, rows)))
    return heard


async def test_a_scan_runs_once_and_leaves_nothing_behind(desk: Desk, server: TwsServer) -> None:
    rows = await desk.scans.run_once(GAINERS)
    assert [row.rank for row in rows] == list(range(1, 11))
    assert all(row.instrument.con_id and row.instrument.exchange == "SMART" for row in rows)
    await eventually(lambda: any(fields[0] == "23" for fields in server.requests))


async def test_a_held_scan_tells_every_new_list(
    desk: Desk, exchange: Exchange, results: list[tuple[ScanSpec, Sequence[ScanRow]]]
) -> None:
    await desk.scans.hold(GAINERS)
    await eventually(lambda: results)
    exchange.rank("TOP_PERC_GAIN", ["F", "KO"])
    await eventually(lambda: [row.instrument.symbol for row in results[-1][1][:2]] == ["F", "KO"])
    assert results[-1][0] == GAINERS
    assert len(results[-1][1]) == 10


async def test_the_bounds_reach_ibkr(desk: Desk, server: TwsServer) -> None:
    spec = ScanSpec("MOST_ACTIVE", rows=5, above_price=5.0, below_price=500.0, above_volume=1_000_000)
    await desk.scans.run_once(spec)
    [request] = [fields for fields in server.requests if fields[0] == "22"]
    assert request[2:9] == ("5", "STK", "STK.US.MAJOR", "MOST_ACTIVE", "5.0", "500.0", "1000000")


async def test_equal_scans_share_one_subscription(desk: Desk, server: TwsServer) -> None:
    await desk.scans.hold(GAINERS)
    await desk.scans.hold(ScanSpec("TOP_PERC_GAIN", rows=10))
    rows = await asyncio.gather(desk.scans.run_once(GAINERS), desk.scans.run_once(GAINERS))
    assert rows[0] == rows[1]
    assert sum(fields[0] == "22" for fields in server.requests) == 1
    await desk.scans.release(GAINERS)
    await desk.scans.release(GAINERS)
    await eventually(lambda: sum(fields[0] == "23" for fields in server.requests) == 1)
    await desk.scans.release(GAINERS)


async def test_the_eleventh_scan_is_refused_here(desk: Desk) -> None:
    for rows in range(1, 11):
        await desk.scans.hold(ScanSpec("MOST_ACTIVE", rows=rows))
    with pytest.raises(TooManyScans) as caught:
        await desk.scans.hold(GAINERS)
    assert caught.value.cap == 10
    with pytest.raises(TooManyScans):
        await desk.scans.run_once(GAINERS)
    assert len(await desk.scans.run_once(ScanSpec("MOST_ACTIVE", rows=3))) == 3


async def test_an_empty_scan_is_empty_and_not_what_it_was(
    desk: Desk, server: TwsServer, results: list[tuple[ScanSpec, Sequence[ScanRow]]]
) -> None:
    server.faults.answer_with("reqScannerSubscription", 165, count=1)
    assert await desk.scans.run_once(GAINERS) == ()
    assert results[-1] == (GAINERS, ())


async def test_a_warning_about_permissions_lets_the_results_come(desk: Desk, server: TwsServer) -> None:
    server.faults.answer_with("reqScannerSubscription", 492, "scanner permission warning", count=1, proceed=True)
    assert len(await desk.scans.run_once(GAINERS)) == 10


async def test_a_refused_scan_gives_ibkrs_words(desk: Desk, server: TwsServer) -> None:
    words = "Historical Market Data Service error message:Scanner type with code X is disabled"
    server.faults.answer_with("reqScannerSubscription", 162, words, count=1)
    with pytest.raises(BrokerError) as caught:
        await desk.scans.run_once(ScanSpec("X"))
    assert "disabled" in caught.value.text


async def test_a_held_scan_that_is_refused_says_so_until_it_comes(desk: Desk, server: TwsServer) -> None:
    server.faults.answer_with("reqScannerSubscription", 162, "no permission", count=1)
    await desk.scans.hold(GAINERS)
    await eventually(lambda: desk.scans.refused() == {GAINERS: "IBKR 162: no permission"})
    server.faults.drop()
    await eventually(lambda: desk.scans.refused() == {}, 5.0)


async def test_an_unanswered_scan_times_out(desk: Desk, server: TwsServer) -> None:
    server.faults.silent = True
    desk.scans._timeout_s = 0.1
    with pytest.raises(RequestTimeout):
        await desk.scans.run_once(GAINERS)


async def test_scans_are_there_again_after_a_drop(
    desk: Desk, server: TwsServer, exchange: Exchange, results: list[tuple[ScanSpec, Sequence[ScanRow]]]
) -> None:
    await desk.scans.hold(GAINERS)
    await eventually(lambda: results)
    server.faults.drop()
    await eventually(lambda: not desk.session.status.is_usable)
    await desk.up()
    results.clear()
    exchange.rank("TOP_PERC_GAIN", ["T"])
    await eventually(lambda: results and results[-1][1][0].instrument.symbol == "T")


async def test_without_a_link_a_scan_says_so() -> None:
    with pytest.raises(LinkDown):
        await desk_at(1).scans.run_once(GAINERS)
