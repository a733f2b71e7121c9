"""Scans."""

import asyncio
from collections.abc import Sequence

import pytest

from alerts.errors import TooManyScans
from broker.scanner import _Scan
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.scan import ScanRow, ScanSpec, whole
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.integration.broker.conftest import Desk, desk_at

GAINERS = ScanSpec("TOP_PERC_GAIN", rows=10)
GAINERS50 = whole(GAINERS)


def asked(server: TwsServer) -> int:
    return sum(fields[0] == "22" for fields in server.requests)


def cancelled(server: TwsServer) -> int:
    return sum(fields[0] == "23" for fields in server.requests)


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
    # All rows, however few are looked at.
    assert request[2:9] == ("50", "STK", "STK.US.MAJOR", "MOST_ACTIVE", "5.0", "500.0", "1000000")


async def test_filters_reach_ibkr_and_are_kept_to(desk: Desk, server: TwsServer) -> None:
    filters = (("avgVolumeAbove", "50000000"), ("stkTypes", "exc:ETF"))
    rows = await desk.scans.run_once(ScanSpec("MOST_ACTIVE", location="STK.NASDAQ", filters=filters))
    [request] = [fields for fields in server.requests if fields[0] == "22"]
    assert request[-2:] == ("avgVolumeAbove=50000000;stkTypes=exc:ETF;", "")
    symbols = {row.instrument.symbol for row in rows}
    assert {"AAPL", "NVDA", "TSLA"} <= symbols
    assert not {"KO", "SPY", "MSFT"} & symbols


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


async def test_scans_that_differ_in_rows_alone_share_one_subscription(
    desk: Desk, server: TwsServer, exchange: Exchange, results: list[tuple[ScanSpec, Sequence[ScanRow]]]
) -> None:
    top_3, top_10 = ScanSpec("TOP_PERC_GAIN", rows=3), GAINERS
    await desk.scans.hold(top_3)
    await desk.scans.hold(top_10)
    await eventually(lambda: results)
    results.clear()
    exchange.rank("TOP_PERC_GAIN", ["F", "KO"])
    await eventually(lambda: len(results) == 2)
    assert {spec.rows: len(rows) for spec, rows in results} == {3: 3, 10: 10}
    assert len(await desk.scans.run_once(ScanSpec("TOP_PERC_GAIN", rows=5))) == 5
    assert asked(server) == 1
    await desk.scans.release(top_10)
    results.clear()
    exchange.rank("TOP_PERC_GAIN", ["GME"])
    await eventually(lambda: results)
    assert [spec.rows for spec, _ in results] == [3]
    assert cancelled(server) == 0
    await desk.scans.release(top_3)
    await eventually(lambda: cancelled(server) == 1)


def several(number: int) -> list[ScanSpec]:
    """Return so many scans of which none is another's."""
    return [ScanSpec("MOST_ACTIVE", above_price=float(price)) for price in range(1, number + 1)]


async def test_nine_scans_are_held_and_the_tenth_place_is_kept_for_a_look(desk: Desk, server: TwsServer) -> None:
    held = several(9)
    for spec in held:
        await desk.scans.hold(spec)
    with pytest.raises(TooManyScans) as caught:
        await desk.scans.hold(GAINERS)
    assert caught.value.cap == 9
    await desk.scans.hold(held[0])
    assert len(await desk.scans.run_once(GAINERS)) == 10
    await desk.scans.release(held[8])
    await desk.scans.hold(GAINERS)
    assert server.violations == []


async def test_many_looks_at_once_take_turns_in_the_one_place(desk: Desk, server: TwsServer) -> None:
    for spec in several(9):
        await desk.scans.hold(spec)
    looks = [ScanSpec("TOP_PERC_LOSE", above_price=float(price)) for price in range(1, 7)]
    # Never are there more than ten at once, or IBKR would refuse one.
    assert all(await asyncio.gather(*(desk.scans.run_once(spec) for spec in looks)))
    assert asked(server) == 9 + len(looks)
    await eventually(lambda: cancelled(server) == len(looks))


async def test_a_look_that_waits_too_long_for_its_turn_times_out(desk: Desk, server: TwsServer) -> None:
    server.faults.swallowed.add(20)
    desk.scans._timeout_s = 0.2
    answers = await asyncio.gather(
        desk.scans.run_once(GAINERS), desk.scans.run_once(ScanSpec("MOST_ACTIVE")), return_exceptions=True
    )
    assert [type(one) for one in answers] == [RequestTimeout, RequestTimeout]
    server.faults.heal()
    desk.scans._timeout_s = 10.0
    assert await desk.scans.run_once(ScanSpec("MOST_ACTIVE"))


async def test_a_look_that_somebody_holds_meanwhile_goes_on_and_frees_the_place(
    desk: Desk, server: TwsServer, exchange: Exchange, results: list[tuple[ScanSpec, Sequence[ScanRow]]]
) -> None:
    server.faults.swallowed.add(20)
    look = asyncio.ensure_future(desk.scans.run_once(GAINERS))
    await eventually(lambda: asked(server) == 1)
    await desk.scans.hold(GAINERS)
    server.faults.heal()
    assert len(await desk.scans.run_once(ScanSpec("MOST_ACTIVE", rows=3))) == 3
    exchange.rank("TOP_PERC_GAIN", ["F"])
    assert (await look)[0].instrument.symbol == "F"
    assert results[-1][0] == GAINERS
    assert asked(server) == 2


async def test_rows_for_a_scan_that_is_over_are_nobodys(
    desk: Desk, server: TwsServer, results: list[tuple[ScanSpec, Sequence[ScanRow]]]
) -> None:
    await desk.scans.hold(GAINERS)
    await eventually(lambda: results)
    [request] = [fields for fields in server.requests if fields[0] == "22"]
    await desk.scans.release(GAINERS)
    await eventually(lambda: cancelled(server) == 1)
    results.clear()
    server.faults.raw(20, 3, request[1], 0)
    assert await desk.scans.run_once(ScanSpec("MOST_ACTIVE"))
    assert results == []


async def test_the_answer_to_a_cancel_is_no_error_of_anybody(desk: Desk, server: TwsServer) -> None:
    await desk.scans.run_once(GAINERS)
    await desk.scans.hold(GAINERS)
    assert len(await desk.scans.run_once(GAINERS)) == 10
    assert cancelled(server) == 1
    assert desk.scans.refused() == {}


async def test_a_scan_that_tws_ends_by_itself_is_refused_and_a_look_revives_it(
    desk: Desk, server: TwsServer, results: list[tuple[ScanSpec, Sequence[ScanRow]]]
) -> None:
    await desk.scans.hold(GAINERS)
    await eventually(lambda: results)
    [request] = [fields for fields in server.requests if fields[0] == "22"]
    text = f"Historical Market Data Service error message:API scanner subscription cancelled: {request[1]}"
    server.faults.raw(4, 2, request[1], 162, text, "")
    await eventually(lambda: desk.scans.refused() == {GAINERS: "IBKR 162: TWS has ended the scan by itself"})
    server.requests.clear()
    # In TWS it is gone too.
    for session in server._sessions:
        session.streams.forget(market_data_only=True)
    assert len(await desk.scans.run_once(GAINERS)) == 10
    assert desk.scans.refused() == {}


async def test_an_empty_scan_is_empty_and_not_what_it_was(
    desk: Desk, server: TwsServer, results: list[tuple[ScanSpec, Sequence[ScanRow]]]
) -> None:
    server.faults.answer_with("reqScannerSubscription", 165, count=1)
    await desk.scans.hold(GAINERS)
    assert await desk.scans.run_once(GAINERS) == ()
    assert results == [(GAINERS, ())]


async def test_a_warning_about_permissions_lets_the_results_come(desk: Desk, server: TwsServer) -> None:
    server.faults.answer_with("reqScannerSubscription", 492, count=1, proceed=True)
    assert len(await desk.scans.run_once(GAINERS)) == 10
    assert desk.scans.warning(ScanSpec("TOP_PERC_GAIN")).startswith("the account lacks market data, so the ranks may")
    assert desk.scans.warning(ScanSpec("MOST_ACTIVE")) == ""
    await desk.scans.run_once(GAINERS)
    assert desk.scans.warning(GAINERS) == ""


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (ScanSpec("X"), "there is no scan X for this account"),
        (ScanSpec("MOST_ACTIVE", location="STK.ODD"), "IBKR's scanner does not cover this location"),
        (ScanSpec("MOST_ACTIVE", filters=(("odd", "1"),)), "Scanner filter odd=1 is not valid"),
    ],
)
async def test_a_refused_scan_says_why_in_plain_words(desk: Desk, spec: ScanSpec, words: str) -> None:
    with pytest.raises(BrokerError) as caught:
        await desk.scans.run_once(spec)
    assert caught.value.code == 162
    assert caught.value.text.startswith(words)


async def test_a_scan_without_permission_says_what_is_missing(desk: Desk, server: TwsServer) -> None:
    server.faults.answer_with("reqScannerSubscription", 490, count=1)
    with pytest.raises(BrokerError) as caught:
        await desk.scans.run_once(GAINERS)
    assert caught.value.text == (
        "it takes market data that the account does not have (Filter:Volume Above;Real-Time Market Data:NYSE)"
    )


async def test_a_held_scan_that_is_refused_says_so_until_it_comes(desk: Desk, server: TwsServer) -> None:
    server.faults.answer_with("reqScannerSubscription", 162, "no permission", count=1)
    await desk.scans.hold(GAINERS)
    await eventually(lambda: desk.scans.refused() == {GAINERS: "IBKR 162: no permission"})
    server.faults.drop()
    await eventually(lambda: desk.scans.refused() == {}, 5.0)


GONE = "Historical Market Data Service error message:HMDS server disconnect occurred.  Attempting reconnection..."


def end(server: TwsServer, text: str = GONE, code: int = 162) -> None:
    """Let TWS end the scan that was asked for last."""
    request = [fields for fields in server.requests if fields[0] == "22"][-1]
    for session in server._sessions:
        session.streams.close("scan", int(request[1]))
    server.faults.raw(4, 2, request[1], code, text, "")


async def in_step(desk: Desk) -> None:
    """Return when what TWS said before was heard, and what was asked thereupon has come to it."""
    for _ in range(2):
        await desk.news.providers()


async def test_a_scan_that_the_service_dropped_is_asked_for_again_when_its_farm_is_back(
    desk: Desk, server: TwsServer, exchange: Exchange, results: list[tuple[ScanSpec, Sequence[ScanRow]]]
) -> None:
    await desk.scans.hold(GAINERS)
    await eventually(lambda: results)
    end(server)
    server.faults.notice(2105, "HMDS data farm connection is broken:ushmds")
    await eventually(desk.scans.refused)
    assert asked(server) == 1
    server.faults.notice(2106, "HMDS data farm connection is OK:ushmds")
    await eventually(lambda: desk.scans.refused() == {})
    exchange.rank("TOP_PERC_GAIN", ["F"])
    await eventually(lambda: results[-1][1][0].instrument.symbol == "F")
    assert asked(server) == 2


async def test_a_farm_that_is_said_to_be_back_again_and_again_is_asked_once(desk: Desk, server: TwsServer) -> None:
    server.faults.answer_with("reqScannerSubscription", 162, GONE)
    await desk.scans.hold(GAINERS)
    await eventually(desk.scans.refused)
    for code in (2106, 2107, 2106):
        server.faults.notice(code, "HMDS data farm connection is OK:ushmds")
        await in_step(desk)
    assert asked(server) == 2
    server.faults.notice(2105, "HMDS data farm connection is broken:ushmds")
    server.faults.notice(2107, "HMDS data farm connection is inactive but should be available upon demand.ushmds")
    await in_step(desk)
    assert asked(server) == 3


async def test_a_scan_that_was_refused_for_a_while_is_asked_for_again_slower_each_time(
    desk: Desk, server: TwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    wait = desk.scans._wait

    def noted(scan: _Scan) -> None:
        now = asyncio.get_running_loop().time()
        wait(scan)
        assert scan.again is not None
        pauses.append(scan.again.when() - now)

    monkeypatch.setattr(desk.scans, "_wait", noted)
    desk.scans._again_s = (0.05, 0.15)
    server.faults.answer_with("reqScannerSubscription", 322, "Only 10 simultaneous API scanner subscriptions", count=4)
    await desk.scans.hold(GAINERS)
    assert len(await eventually(lambda: asked(server) == 5 and desk.scans._scans[GAINERS50].rows)) > 10
    assert desk.scans.refused() == {}
    assert pauses == pytest.approx([0.05, 0.1, 0.15, 0.15], abs=0.024)
    assert desk.scans._scans[GAINERS50].tries == 0


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (490, "Requested market data requires additional permissions to run scanner: NYSE"),
        (162, "Historical Market Data Service error message:Scanner type with code TOP_PERC_GAIN is disabled"),
        (162, "Historical Market Data Service error message:Scanner filter odd=1 is not valid"),
        (321, "Error validating request.-'bF' : cause - The request is not valid."),
    ],
)
async def test_a_scan_that_cannot_be_run_is_not_asked_for_again(
    desk: Desk, server: TwsServer, code: int, text: str
) -> None:
    desk.scans._again_s = (0.0, 0.0)
    server.faults.answer_with("reqScannerSubscription", code, text, count=1)
    await desk.scans.hold(GAINERS)
    await eventually(desk.scans.refused)
    server.faults.notice(2106, "HMDS data farm connection is OK:ushmds")
    await in_step(desk)
    assert asked(server) == 1
    assert desk.scans.refused()


async def test_a_scan_that_is_let_go_of_is_not_asked_for_again(desk: Desk, server: TwsServer) -> None:
    server.faults.answer_with("reqScannerSubscription", 162, GONE, count=1)
    await desk.scans.hold(GAINERS)
    await eventually(desk.scans.refused)
    again = desk.scans._scans[GAINERS50].again
    assert again is not None
    await desk.scans.release(GAINERS)
    assert again.cancelled()
    server.faults.notice(2106, "HMDS data farm connection is OK:ushmds")
    await in_step(desk)
    assert asked(server) == 1
    assert desk.scans._by_request == {}


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
