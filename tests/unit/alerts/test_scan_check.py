import pytest

from alerts.errors import NoSuchScan
from alerts.scan_check import checked
from market.scan import ScanSpec
from market.scan_catalogue import ScanCatalogue, ScanFilter, ScanLocation, ScanType, ScanUniverse

STOCKS, EUROPE = frozenset({"STK"}), frozenset({"STOCK.EU"})
CATALOGUE = ScanCatalogue(
    types=(
        ScanType("TOP_PERC_GAIN", "Top % Gainers", STOCKS | EUROPE),
        ScanType("TOP_PERC_LOSE", "Top % Losers", STOCKS | EUROPE),
        ScanType("HIGH_SYNTH_BID_REV_NAT_YIELD", "Yield", frozenset({"NATCOMB"})),
    ),
    universes=(ScanUniverse("STK", "US Stocks", frozenset()), ScanUniverse("STOCK.EU", "European", frozenset())),
    locations=(
        ScanLocation("STK.US.MAJOR", "Listed", STOCKS),
        ScanLocation("STK.NASDAQ", "Nasdaq", STOCKS),
        ScanLocation("STK.EU.IBIS", "Xetra", EUROPE),
        ScanLocation("STK.ODD", "Odd", EUROPE),
    ),
    filters=(ScanFilter("marketCapAbove1e6", "Market cap above", "number", "MKTCAP"),),
)


def refused(spec: ScanSpec) -> NoSuchScan:
    with pytest.raises(NoSuchScan) as caught:
        checked(spec, CATALOGUE)
    return caught.value


def test_a_scan_that_ibkr_knows_stays_as_it_is() -> None:
    spec = ScanSpec("TOP_PERC_GAIN", location="STK.NASDAQ", filters=(("marketCapAbove1e6", "5"),))
    assert checked(spec, CATALOGUE) == spec


def test_ibkr_has_the_last_word_about_the_type_of_instruments() -> None:
    assert checked(ScanSpec("TOP_PERC_GAIN", location="STK.ODD"), CATALOGUE).instrument == "STOCK.EU"


def test_words_get_the_case_in_which_ibkr_writes_them() -> None:
    spec = checked(ScanSpec("TOP_PERC_GAIN", filters=(("MARKETCAPABOVE1E6", "5"),)), CATALOGUE)
    assert spec.filters == (("marketCapAbove1e6", "5"),)


def test_what_is_unknown_is_refused_with_the_nearest() -> None:
    error = refused(ScanSpec("TOP_PERC_GAINS"))
    assert (error.kind, error.word, error.nearest[0], error.place) == ("scan", "TOP_PERC_GAINS", "TOP_PERC_GAIN", "")
    assert refused(ScanSpec("TOP_PERC_GAIN", location="STK.NASDQ")).nearest[0] == "STK.NASDAQ"
    assert refused(ScanSpec("TOP_PERC_GAIN", filters=(("marketCapAbove", "5"),))).nearest == ("marketCapAbove1e6",)


def test_a_scan_that_does_not_run_there_is_refused_with_those_that_do() -> None:
    error = refused(ScanSpec("HIGH_SYNTH_BID_REV_NAT_YIELD"))
    assert (error.kind, error.place) == ("scan", "STK.US.MAJOR")
    assert "HIGH_SYNTH_BID_REV_NAT_YIELD" not in error.nearest


def test_a_word_of_a_scans_name_finds_its_code() -> None:
    assert refused(ScanSpec("GAINERS")).nearest == ("TOP_PERC_GAIN",)
    assert refused(ScanSpec("TOP_PERC_GAIN", location="XETRA")).nearest == ("STK.EU.IBIS",)
    assert refused(ScanSpec("QQ")).nearest == ()
