"""Headlines and scans on the wire; more of headlines in test_news.py, of scans in test_scanner.py."""

from typing import Any

from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange

APPLE = (265598, "AAPL", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "")
EURO = (0, "EUR", "CASH", "", "0.0", "", "", "IDEALPRO", "", "USD", "", "")
SPX = (0, "SPX", "IND", "", "0.0", "", "", "CBOE", "", "USD", "", "")


def quote(req_id: Any, contract: Any = APPLE, generics: Any = "", snapshot: Any = 0) -> Any:
    return (1, 11, req_id, *contract, 0, generics, snapshot, 0, "")


def errors(messages: Any) -> Any:
    return [int(one[3]) for one in messages if one[0] == "4"]


def scan(req_id: Any, code: Any = "TOP_PERC_GAIN", rows: Any = -1, filters: Any = "") -> Any:
    return (22, req_id, rows, "STK", "STK.US.MAJOR", code, *[""] * 17, filters, "")


async def test_a_headline_reaches_its_symbol_and_its_providers_tape(bare: Any, exchange: Exchange) -> None:
    tape = (0, "BRFG:BRFG_ALL", "NEWS", "", "0.0", "", "", "BRFG", "", "", "", "")
    await bare.ask(*quote(1, generics="mdoff,292"))
    await bare.ask(*quote(2, generics="mdoff,292:FLY"))
    await bare.ask(*quote(3, tape, "mdoff,292"))
    item = exchange.publish("AAPL", "Apple rises", provider="BRFG", article="<p>why</p>")
    told = await bare.answers()
    assert [(one[0], one[1], one[3]) for one in told] == [("84", "1", "BRFG"), ("84", "3", "BRFG")]
    assert told[0][5].endswith("Apple rises")
    assert await bare.ask(84, 4, "BRFG", item.article_id, "") == [["83", "4", "0", "<p>why</p>"]]
    assert errors(await bare.ask(84, 5, "BRFG", "none", "")) == [10172]
    exchange.publish("MSFT", "not Apple", provider="FLY")
    assert await bare.answers() == []


async def test_a_scan_ranks_the_prices_and_refreshes_itself(bare: Any, exchange: Exchange, clock: ManualClock) -> None:
    exchange.push("KO", 90.0)
    (first,) = await bare.ask(*scan(9, rows=3))
    assert first[:4] == ["20", "3", "9", "3"]
    assert (first[4], first[6]) == ("0", "KO")
    exchange.push("F", 20.0)
    assert await bare.answers() == []
    await clock.advance(31)
    (second,) = await bare.answers()
    assert second[6] == "F"


async def test_a_scan_changed_by_command_is_told_at_once(bare: Any, exchange: Exchange) -> None:
    await bare.ask(*scan(9, rows=3))
    exchange.rank("TOP_PERC_GAIN", ["DIS", "T"])
    (told,) = await bare.answers()
    assert [told[6], told[22]] == ["DIS", "T"]
    exchange.rank("MOST_ACTIVE", ["KO"])
    assert await bare.answers() == []


async def test_scans_that_cannot_be_run_or_find_nothing(bare: Any) -> None:
    assert errors(await bare.ask(*scan(9, code="NONSENSE"))) == [162]
    assert errors(await bare.ask(*scan(9, filters="priceAbove=99999;"))) == [165]
    assert errors(await bare.ask(*scan(9))) == [322]
    assert errors(await bare.ask(23, 1, 9)) == [162]
    assert errors(await bare.ask(23, 1, 9)) == [365]
