"""Which contracts are found, by what, and what is said about them."""

from datetime import date
from typing import Any

import pytest

from simulator.tws.catalogue import Catalogue
from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange
from simulator.tws.instrument import Wanted
from simulator.tws.listing import instruments

APPLE = (265598, "AAPL", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "")
EURO = (0, "EUR", "CASH", "", "0.0", "", "", "IDEALPRO", "", "USD", "", "")
SPX = (0, "SPX", "IND", "", "0.0", "", "", "CBOE", "", "USD", "", "")


def quote(req_id: Any, contract: Any = APPLE, generics: Any = "", snapshot: Any = 0) -> Any:
    return (1, 11, req_id, *contract, 0, generics, snapshot, 0, "")


def errors(messages: Any) -> Any:
    return [int(one[3]) for one in messages if one[0] == "4"]


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
