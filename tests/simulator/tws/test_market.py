"""Quotes, bars, headlines and scans on the wire."""

from datetime import date
from typing import Any

import pytest

from simulator.tws.catalogue import Catalogue
from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange
from simulator.tws.instrument import Wanted
from simulator.tws.listing import instruments
from simulator.tws.server import TwsServer

APPLE = (265598, "AAPL", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "")
EURO = (0, "EUR", "CASH", "", "0.0", "", "", "IDEALPRO", "", "USD", "", "")
SPX = (0, "SPX", "IND", "", "0.0", "", "", "CBOE", "", "USD", "", "")


def quote(req_id: Any, contract: Any = APPLE, generics: Any = "", snapshot: Any = 0) -> Any:
    return (1, 11, req_id, *contract, 0, generics, snapshot, 0, "")


def bars(
    req_id: Any,
    contract: Any = APPLE,
    end: Any = "",
    size: Any = "1 min",
    duration: Any = "3600 S",
    rth: Any = 1,
    what: str = "TRADES",
    form: Any = 1,
    keep: Any = 0,
) -> Any:
    return (20, req_id, *contract, 0, end, size, duration, rth, what, form, keep, "")


def ticks(messages: Any) -> Any:
    """Return {tick type: value} of price, size, generic and string ticks, the last of each."""
    return {int(one[3]): one[4] for one in messages if one[0] in {"1", "2", "45", "46"}}


def errors(messages: Any) -> Any:
    return [int(one[3]) for one in messages if one[0] == "4"]


def prices(messages: Any, kind: Any = 4) -> Any:
    return [float(one[4]) for one in messages if one[0] == "1" and int(one[3]) == kind]


async def test_a_quote_begins_with_data_type_parameters_and_all_that_is_known(bare: Any) -> None:
    first, second, *rest = await bare.ask(*quote(9))
    assert first == ["58", "1", "9", "1"]
    assert second[:3] == ["81", "9", "0.01"]
    known = ticks(rest)
    assert (known[1], known[2], known[4]) == ("196.44", "196.46", "196.45")
    assert {0, 3, 5, 6, 7, 8, 9, 14, 45, 49, 84} <= known.keys()
    assert all(len(one) == 7 for one in rest if one[0] == "1")


async def test_a_print_is_told_at_once_and_those_that_follow_too_soon_only_by_the_last(
    bare: Any, exchange: Exchange, clock: ManualClock
) -> None:
    await bare.ask(*quote(9))
    await clock.advance(1)
    for price in (197.0, 205.0, 190.0, 198.0):
        exchange.push("AAPL", price)
    assert prices(await bare.answers()) == [197.0]
    await clock.advance(0.25)
    told = await bare.answers()
    assert prices(told) == [198.0]
    assert (prices(told, 6), prices(told, 7)) == ([205.0], [190.0])
    await clock.advance(10)
    assert await bare.answers() == []


async def test_the_volume_counts_every_print(bare: Any, exchange: Exchange, clock: ManualClock) -> None:
    before = float(ticks(await bare.ask(*quote(9)))[8])
    await clock.advance(1)
    for _ in range(3):
        exchange.push("AAPL", 197.0, size=50)
    await clock.advance(1)
    assert float(ticks(await bare.answers())[8]) == before + 150


async def test_a_print_at_the_same_price_is_told_as_a_size(bare: Any, exchange: Exchange, clock: ManualClock) -> None:
    await bare.ask(*quote(9))
    exchange.push("AAPL", 197.0, size=100)
    await clock.advance(1)
    await bare.answers()
    exchange.push("AAPL", 197.0, size=70)
    told = await bare.answers()
    assert prices(told) == []
    assert ticks(told)[5] == "70"


async def test_a_side_that_is_gone_is_told_as_minus_one(bare: Any, exchange: Exchange, clock: ManualClock) -> None:
    await bare.ask(*quote(9))
    await clock.advance(1)
    exchange.push("AAPL", 197.0, bid=0, ask=197.5)
    told = await bare.answers()
    assert (prices(told, 1), prices(told, 2)) == ([-1.0], [197.5])


async def test_a_currency_pair_has_no_last_price_and_an_index_no_quote(bare: Any) -> None:
    pair = ticks(await bare.ask(*quote(1, EURO)))
    assert {1, 2, 9} <= pair.keys()
    assert not {4, 5, 8} & pair.keys()
    index = ticks(await bare.ask(*quote(2, SPX)))
    assert 4 in index
    assert not {0, 1, 2, 3, 8} & index.keys()


async def test_a_snapshot_ends_and_leaves_nothing_behind(bare: Any, exchange: Exchange, server: TwsServer) -> None:
    assert (await bare.ask(*quote(9, snapshot=1)))[-1] == ["57", "1", "9"]
    exchange.push("AAPL", 197.0)
    assert await bare.answers() == []
    assert server.lines_used() == 0
    assert errors(await bare.ask(*quote(9, generics="233", snapshot=1))) == [321]


async def test_rt_volume_comes_for_those_who_ask(bare: Any, exchange: Exchange, clock: ManualClock) -> None:
    await bare.ask(*quote(9, generics="233"))
    exchange.push("AAPL", 197.0, size=30)
    await clock.advance(1)
    assert ticks(await bare.answers())[48].startswith("197.00;30;")


async def test_a_cancelled_quote_is_silent_and_an_unknown_one_an_error(bare: Any, exchange: Exchange) -> None:
    await bare.ask(*quote(9))
    assert await bare.ask(2, 2, 9) == []
    exchange.push("AAPL", 197.0)
    assert await bare.answers() == []
    assert errors(await bare.ask(2, 2, 9)) == [300]


@pytest.mark.parametrize(
    ("contract", "code"),
    [
        ((0, "NOPE", "STK", "", "0.0", "", "", "SMART", "", "USD", "", ""), 200),
        ((0, "SAP", "STK", "", "0.0", "", "", "SMART", "", "", "", ""), 200),
        ((0, "AAPL", "", "", "0.0", "", "", "SMART", "", "USD", "", ""), 321),
        ((265598, "", "", "", "0.0", "", "", "IDEALPRO", "", "", "", ""), 200),
    ],
)
async def test_a_contract_that_means_nothing_or_too_much_is_refused(bare: Any, contract: Any, code: Any) -> None:
    assert errors(await bare.ask(*quote(9, contract))) == [code]


async def test_without_a_currency_a_symbol_means_every_listing(bare: Any) -> None:
    wanted = (0, "SAP", "STK", "", "0.0", "", "", "SMART", "", "", "", "")
    answer = await bare.ask(9, 8, 5, *wanted, 0, "", "", "")
    assert [one[0] for one in answer] == ["10", "10", "52"]
    assert {one[8] for one in answer[:2]} == {"USD", "EUR"}
    assert all(len(one) == 40 + 2 for one in answer[:2])


async def test_contracts_are_found_by_isin_month_and_option_terms(bare: Any, exchange: Exchange) -> None:
    blank = (0, "", "", "", "0.0", "", "", "SMART", "", "", "", "")
    (found, _) = await bare.ask(9, 8, 5, *blank, 0, "ISIN", "US0378331005", "")
    assert found[2] == "AAPL"
    future = exchange.catalogue.named("ES")
    month = (0, "ES", "FUT", future.expiry[:6], "0.0", "", "", "CME", "", "USD", "", "")
    (found, _) = await bare.ask(9, 8, 6, *month, 0, "", "", "")
    assert found[12] == str(future.con_id)
    terms = (
        0,
        "SPY",
        "OPT",
        exchange.catalogue.options(756733)[0].expiry,
        "570.0",
        "P",
        "",
        "SMART",
        "",
        "USD",
        "",
        "",
    )
    (found, _) = await bare.ask(9, 8, 7, *terms, 0, "", "", "")
    assert (found[5], found[6]) == ("570.0", "P")


def test_every_instrument_is_found_by_its_own_terms_and_ids_are_unique() -> None:
    catalogue = Catalogue(date(2026, 12, 30))
    listed = instruments(date(2026, 12, 30))
    assert len({one.con_id for one in listed}) == len({one.key for one in listed}) == len(listed)
    for one in listed:
        wanted = Wanted(
            symbol=one.symbol, sec_type=one.sec_type, expiry=one.expiry, strike=one.strike, right=one.right,
            exchange=one.exchange, currency=one.currency,
        )  # fmt: skip
        assert catalogue.find(wanted) == [one]


async def test_a_pattern_finds_symbols_first_and_names_after(bare: Any) -> None:
    (answer,) = await bare.ask(81, 5, "A")
    assert answer[:2] == ["79", "5"]
    assert answer[4] == "AAPL"
    assert await bare.ask(81, 6, "zzz") == [["79", "6", "0"]]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"size": "7 mins"}, 321),
        ({"duration": "2 weeks"}, 321),
        ({"duration": "90000 S"}, 321),
        ({"what": "NONSENSE"}, 321),
        ({"keep": 1, "end": "20240327 16:00:00 US/Eastern"}, 321),
        ({"end": "yesterday"}, 10314),
        ({"contract": EURO}, 162),
        ({"contract": SPX, "what": "BID"}, 162),
        ({"end": "20100101 00:00:00 UTC"}, 162),
        ({"size": "1 secs", "duration": "1 W"}, 162),
    ],
)
async def test_history_that_cannot_be_had_is_an_error(bare: Any, terms: Any, code: Any) -> None:
    assert errors(await bare.ask(*bars(9, **terms))) == [code]


async def test_the_end_of_history_may_be_given_with_and_without_a_zone(bare: Any) -> Any:
    def last(messages: Any) -> Any:
        return messages[0][-8]

    for end in ("20240328 12:00:00 US/Eastern", "20240328-16:00:00", "20240328 12:00:00", "20240328 16:00:00 UTC"):
        assert last(await bare.ask(*bars(9, end=end, size="5 mins"))) == "20240328 11:55:00 US/Eastern"


async def test_times_come_as_text_or_as_seconds_and_days_as_dates(bare: Any) -> None:
    (text,) = await bare.ask(*bars(1))
    assert text[5] == "20240328 13:00:00 US/Eastern"
    (seconds,) = await bare.ask(*bars(2, form=2))
    assert seconds[5] == "1711645200"
    for form in (1, 2):
        (days,) = await bare.ask(*bars(3, size="1 day", duration="5 D", form=form))
        assert days[5] == "20240324"
        assert int(days[4]) == 5
        assert len(days) == 5 + 5 * 8


async def test_bars_without_trades_have_no_volume(bare: Any) -> None:
    (answer,) = await bare.ask(*bars(1, EURO, what="MIDPOINT"))
    assert answer[10:13] == ["-1", "-1", "-1"]


async def test_bars_kept_up_to_date_end_with_the_cancel(bare: Any, exchange: Exchange, clock: ManualClock) -> None:
    await bare.ask(*bars(9, keep=1))
    exchange.push("AAPL", 199.0)
    ((number, _, _, when, opened, close, high, low, _, volume),) = await bare.answers()
    assert (number, when, opened, close, high, low) == (
        "90",
        "20240328 14:00:00 US/Eastern",
        "199.0",
        "199.0",
        "199.0",
        "199.0",
    )
    assert volume == "100"
    assert errors(await bare.ask(25, 1, 9)) == [162]
    exchange.push("AAPL", 198.0)
    await clock.advance(5)
    assert await bare.answers() == []
    assert errors(await bare.ask(25, 1, 9)) == [366]


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


async def test_some_headlines_carry_metadata(bare: Any) -> None:
    answer = await bare.ask(86, 9, 265598, "BRFG+DJNL+FLY", "", "", 300, "")
    headlines = [one[5] for one in answer if one[0] == "86"]
    assert 0 < sum(one.startswith("{A:800015:L:en:K:") for one in headlines) < len(headlines)
    assert [one[2] for one in answer[:-1]] == sorted((one[2] for one in answer[:-1]), reverse=True)
    assert answer[-1] == ["87", "9", "0"]
    assert (await bare.ask(86, 9, 265598, "BRFG+DJNL+FLY", "", "", 3, ""))[-1] == ["87", "9", "1"]
    assert errors(await bare.ask(86, 9, 265598, "NOPE", "", "", 3, "")) == [10276]


def scan(req_id: Any, code: Any = "TOP_PERC_GAIN", rows: Any = -1, filters: Any = "") -> Any:
    return (22, req_id, rows, "STK", "STK.US.MAJOR", code, *[""] * 17, filters, "")


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
    assert errors(await bare.ask(23, 1, 9)) == [300]


async def test_the_closing_bell_ends_liquid_hours_and_leaves_trading_hours_open(
    bare: Any, exchange: Exchange, clock: ManualClock
) -> Any:
    def hours(answer: Any) -> Any:
        return answer[0][26].split(";")[0], answer[0][27].split(";")[0]

    request = (9, 8, 5, *APPLE, 0, "", "", "")
    assert hours(await bare.ask(*request)) == ("20240328:0000-20240329:0000", "20240328:0000-20240329:0000")
    await clock.advance(61)
    exchange.close_session()
    assert not exchange.session_open
    assert hours(await bare.ask(*request)) == ("20240328:0000-20240329:0000", "20240328:0000-20240328:1401")
    exchange.open_session()
    assert exchange.session_open
    assert hours(await bare.ask(*request))[1] == "20240328:0000-20240329:0000"
