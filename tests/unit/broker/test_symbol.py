"""What IBKR is asked for."""

import pytest

from broker.symbol import queries, tidy, vertical_legs


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("AAPL", [("STK", "AAPL", "SMART", "USD"), ("STK", "AAPL", "SMART", ""), ("IND", "AAPL", "", "")]),
        ("BRK.B", [("STK", "BRK B", "SMART", "USD"), ("STK", "BRK B", "SMART", ""), ("IND", "BRK B", "", "")]),
        ("AAPL@NASDAQ", [("STK", "AAPL", "NASDAQ", "USD")]),
        ("BMW@IBIS/EUR", [("STK", "BMW", "IBIS", "EUR")]),
        ("BMW@IBIS", [("STK", "BMW", "IBIS", "")]),
        ("EUR.USD", [("CASH", "EUR", "IDEALPRO", "USD")]),
        ("BTC.USD", [("CRYPTO", "BTC", "PAXOS", "USD"), ("CRYPTO", "BTC", "ZEROHASH", "USD")]),
        ("BTC.USD@ZEROHASH", [("CRYPTO", "BTC", "ZEROHASH", "USD")]),
        ("ES 202612", [("FUT", "ES", "", "")]),
        ("ES 20261218", [("FUT", "ES", "", "")]),
        ("ES 202612@CME", [("FUT", "ES", "CME", "")]),
        ("ES 20261218 C6000", [("OPT", "ES", "SMART", "USD"), ("FOP", "ES", "", ""), ("OPT", "ES", "", "")]),
        ("$LOW", [("STK", "LOW", "SMART", "USD"), ("STK", "LOW", "SMART", ""), ("IND", "LOW", "", "")]),
        ("ALL", [("STK", "ALL", "SMART", "USD"), ("STK", "ALL", "SMART", ""), ("IND", "ALL", "", "")]),
        ("#265598", [("", "", "", "")]),
    ],
)
def test_a_symbol_is_asked_for_in_turn(typed: str, asked: list[tuple[str, str, str, str]]) -> None:
    made = queries(tidy(typed))
    assert [(one.secType, one.symbol, one.exchange, one.currency) for one in made] == asked


@pytest.mark.parametrize(
    "typed",
    ["SPY 20261218 C600", "spy  20261218 600c", "SPY 20261218 C 600.0", "SPY 261218C00600000", "SPY261218C00600000"],
)
def test_an_option_however_it_is_typed(typed: str) -> None:
    one = queries(tidy(typed))[0]
    assert (one.secType, one.symbol, one.lastTradeDateOrContractMonth) == ("OPT", "SPY", "20261218")
    assert (one.right, one.strike) == ("C", 600.0)


@pytest.mark.parametrize("typed", ["", "   ", "two words", "A@", "#", "#x", "AAPL@NASDAQ@NYSE"])
def test_what_has_no_form_is_not_asked_for(typed: str) -> None:
    assert queries(tidy(typed)) == []


def test_a_conid_is_a_number() -> None:
    assert queries("#265598")[0].conId == 265598


@pytest.mark.parametrize(
    ("typed", "legs"),
    [
        ("SPY 20261218 C600/C610", ("SPY 20261218 C600", "SPY 20261218 C610")),
        ("spy 20261218 p590.5/p580", ("SPY 20261218 P590.5", "SPY 20261218 P580")),
        ("SPY 20261218 C600/610", ("SPY 20261218 C600", "SPY 20261218 C610")),
        ("SPY 20261218 C600/P610", None),
        ("SPY 20261218 C600/C600.0", None),
        ("SPY 20261218 C600", None),
        ("AAPL", None),
    ],
)
def test_a_vertical_spread_is_two_options_of_one_kind(typed: str, legs: tuple[str, str] | None) -> None:
    assert vertical_legs(tidy(typed)) == legs
