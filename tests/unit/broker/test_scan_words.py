"""What TWS says about scans, in plain words."""

import pytest

from broker import errors

SERVICE = "Historical Market Data Service error message:"


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        (162, f"{SERVICE}Scanner type with code 27 is disabled", "there is no scan 27 for this account"),
        (
            162,
            f"{SERVICE}Error: Market Scanner is not configured for one of the chosen locations.",
            "IBKR's scanner does not cover this location for this kind of instruments, or not for this account",
        ),
        (
            322,
            "Error processing request.-'co' : cause - Only 10 simultaneous API scanner subscriptions are allowed.",
            "all 10 scans that IBKR runs at once are in use",
        ),
        (
            322,
            "Error processing request:-'id' : cause - Only 10 simultaneous API scanner subscriptions are allowed.",
            "all 10 scans that IBKR runs at once are in use",
        ),
        (
            490,
            "You must subscribe for additional permissions to run scanner:Filter:Price;Real-Time Market Data:NYSE",
            "it takes market data that the account does not have (Filter:Price;Real-Time Market Data:NYSE)",
        ),
        (
            492,
            "You must subscribe for additional permissions to obtain precise results for scanner.Parameter:Most Active",
            "the account lacks market data, so the ranks may not be exact (Parameter:Most Active)",
        ),
        (162, f"{SERVICE}API scanner subscription cancelled: 3", "TWS has ended the scan by itself"),
        (162, f"{SERVICE}Something new.", "Something new."),
        (321, "Error validating request.-'bU' : cause - Odd rows", "Odd rows"),
        (162, SERVICE, "error 162"),
        (162, "", "error 162"),
    ],
)
def test_what_tws_says_is_told_in_plain_words(code: int, said: str, words: str) -> None:
    assert errors.scan_words(code, said) == words


def test_imprecise_ranks_end_no_scan() -> None:
    assert errors.kind_of(errors.SCAN_IMPRECISE) is errors.Kind.WARNING
    assert errors.kind_of(490) is errors.Kind.FATAL
