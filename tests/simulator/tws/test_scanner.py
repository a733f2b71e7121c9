"""What the simulated scanner finds where, what it refuses, and the document that says what there is."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange
from simulator.tws.scan_document import parameters
from simulator.tws.server import TwsServer

SERVICE = "Historical Market Data Service error message:"


def scan(req_id: Any, code: str = "MOST_ACTIVE", filters: str = "", kind: str = "STK", place: str = "STK.US") -> Any:
    return (22, req_id, -1, kind, place, code, *[""] * 17, filters, "")


def symbols(message: list[str]) -> list[str]:
    assert message[0] == "20"
    return message[6::16][: int(message[3])]


def errors(messages: Any) -> list[tuple[int, str]]:
    return [(int(one[3]), one[4]) for one in messages if one[0] == "4"]


async def found(client: Any, *asked: Any) -> list[str]:
    (told,) = await client.ask(*asked)
    return symbols(told)


@pytest.mark.parametrize(
    ("kind", "place", "there", "elsewhere"),
    [
        ("STK", "STK.US", "AAPL", "OR"),
        ("STK", "STK.US.MAJOR", "KO", "OR"),
        ("STK", "STK.NASDAQ", "AAPL", "KO"),
        ("STK", "STK.NASDAQ.NMS", "AAPL", "KO"),
        ("STK", "STK.NYSE", "KO", "AAPL"),
        ("STK", "STK.NYSE,STK.NASDAQ", "AAPL", "SPY"),
        ("STOCK.EU", "STK.EU.IBIS", "SAP", "OR"),
        ("STOCK.EU", "STK.EU.SBF", "OR", "SAP"),
        ("ETF.EQ.US", "ETF.EQ.US.MAJOR", "SPY", "AAPL"),
        ("ETF.EQ.US", "ETF.EQ.ARCA", "SPY", "QQQ"),
        ("FUT.US", "FUT.CME", "ES", "AAPL"),
    ],
)
async def test_a_scan_looks_only_where_it_is_told_to(
    bare: Any, kind: str, place: str, there: str, elsewhere: str
) -> None:
    seen = await found(bare, *scan(9, kind=kind, place=place))
    assert there in seen
    assert elsewhere not in seen


@pytest.mark.parametrize(
    ("kind", "place"), [("STK", "STK.NOWHERE"), ("STK", "FUT.CME"), ("STOCK.EU", "STK.EU"), ("STK", "STK.US,STK.ODD")]
)
async def test_a_place_that_is_not_covered_is_refused(bare: Any, kind: str, place: str) -> None:
    told = errors(await bare.ask(*scan(9, kind=kind, place=place)))
    assert told == [(162, f"{SERVICE}Market Scanner is not configured for one of the chosen locations.")]


@pytest.mark.parametrize("code", ["NONSENSE", "BOND_CUSIP_AZ"])
async def test_a_scan_that_is_unknown_or_for_other_instruments_is_disabled(bare: Any, code: str) -> None:
    told = errors(await bare.ask(*scan(9, code)))
    assert told == [(162, f"{SERVICE}Scanner type with code {code} is disabled")]


@pytest.mark.parametrize(
    ("filters", "kept", "dropped"),
    [
        ("priceAbove=400;", "MSFT", "KO"),
        ("priceBelow=50;", "F", "KO"),
        ("avgVolumeAbove=50000000;", "AAPL", "MSFT"),
        ("avgVolumeBelow=1000000;", "SAP", "AAPL"),
        ("marketCapAbove1e6=200000;", "AAPL", "GME"),
        ("marketCapBelow1e6=200000;", "GME", "AAPL"),
        ("marketCapAbove1e6=1;", "AAPL", "SPY"),
        ("stkTypes=exc:ETF;", "AAPL", "SPY"),
        ("priceAbove=400;priceBelow=500;", "MSFT", "NFLX"),
        ("esgScoreAbove=1;", "AAPL", "OR"),
    ],
)
async def test_a_filter_keeps_out_what_it_must(bare: Any, filters: str, kept: str, dropped: str) -> None:
    seen = await found(bare, *scan(9, filters=filters))
    assert kept in seen
    assert dropped not in seen


async def test_changes_and_volumes_are_those_of_the_day(bare: Any, exchange: Exchange) -> None:
    exchange.push("KO", 90.0, size=5_000_000_000.0)
    exchange.push("F", 5.0)
    assert await found(bare, *scan(1, filters="changePercAbove=20;")) == ["KO"]
    assert await found(bare, *scan(2, filters="changePercBelow=-40;")) == ["F"]
    assert await found(bare, *scan(3, filters="volumeAbove=4999999999;")) == ["KO"]


@pytest.mark.parametrize("filters", ["noSuchFilter=1;", "priceAbove=cheap;", "priceAbove=;"])
async def test_a_filter_that_is_unknown_or_no_number_is_refused(bare: Any, filters: str) -> None:
    ((code, text),) = errors(await bare.ask(*scan(9, filters=filters)))
    assert code == 162
    assert filters.rstrip(";") in text


async def test_what_never_happens_here_is_found_only_on_command(bare: Any, exchange: Exchange) -> None:
    assert [code for code, _ in errors(await bare.ask(*scan(9, "HALTED")))] == [165]
    exchange.rank("HALTED", ["GME"])
    (told,) = await bare.answers()
    assert symbols(told) == ["GME"]


async def test_a_refresh_that_finds_nothing_any_more_says_so(bare: Any, exchange: Exchange, clock: ManualClock) -> None:
    exchange.push("KO", 90.0)
    assert await found(bare, *scan(9, filters="changePercAbove=20;")) == ["KO"]
    exchange.push("KO", 71.3)
    await clock.advance(31)
    assert errors(await bare.answers()) == [(165, "Historical Market Data Service query message:no items retrieved")]


async def test_invented_figures_rank_always_the_same(bare: Any) -> None:
    first = await found(bare, *scan(1, "HIGH_PE_RATIO"))
    assert first == await found(bare, *scan(2, "HIGH_PE_RATIO"))
    assert first != await found(bare, *scan(3, "HIGH_QUICK_RATIO"))


@pytest.mark.parametrize(("code", "comes"), [(490, False), (492, True)])
async def test_lacking_permissions_are_told_on_command(bare: Any, server: TwsServer, code: int, comes: bool) -> None:
    server.faults.answer_with("reqScannerSubscription", code, count=1, proceed=comes)
    told = await bare.ask(*scan(9))
    assert errors(told)[0][0] == code
    assert errors(told)[0][1].startswith("You must subscribe for additional permissions to")
    assert any(one[0] == "20" for one in told) is comes


def test_the_document_is_as_large_as_a_real_one_and_says_what_there_is() -> None:
    text = parameters()
    assert 1_650_000 < len(text) <= 1_700_000
    root = ET.fromstring(text)  # noqa: S314  our own
    assert root.tag == "ScanParameterResponse"
    assert len(root.findall("ScanTypeList/ScanType")) > 200
    assert len(root.findall("InstrumentList/Instrument")) >= 60
    assert len(root.findall("LocationTree//Location")) >= 250
    assert len(root.findall("FilterList[@varName='filterList']/*")) >= 300
    nested = root.find("LocationTree/Location/LocationTree/Location/LocationTree/Location/locationCode")
    assert nested is not None
    assert nested.text == "STK.NYSE"
    price = root.find("FilterList/RangeFilter[id='PRICE']")
    assert price is not None
    assert [field.findtext("code") for field in price.findall("AbstractField")] == ["priceAbove", "priceBelow"]
    assert {field.get("type") for field in price.findall("AbstractField")} == {"scanner.filter.DoubleField"}


def test_the_document_lists_no_code_twice_where_one_is_asked_for() -> None:
    root = ET.fromstring(parameters())  # noqa: S314  our own
    for path in ("ScanTypeList/ScanType/scanCode", "LocationTree//Location/locationCode"):
        codes = [element.text for element in root.findall(path)]
        assert len(codes) == len(set(codes)), path
