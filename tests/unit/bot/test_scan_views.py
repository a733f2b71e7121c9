"""Golden texts of scans; GOLDEN=write writes them anew, and a person reads the difference."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.codec import firing_to_json
from alerts.condition import ScanEntry
from alerts.rule import ScanCause
from bot.scan_line import BOUNDS
from bot.views import movers as mover_views
from bot.views import scan as scan_views
from bot.views import scan_browse, scan_build, scan_saved
from bot.views.gathered import entry_of
from bot.views.message import Message
from bot.views.outbox import render
from bot.views.scan_news import failed_to_json, told_to_json
from market.errors import BrokerError
from market.instrument import Instrument
from market.quote import DataKind, Quote
from market.scan import ScanRow, ScanSpec
from market.scan_catalogue import ScanCatalogue, ScanLocation
from storage.saved_scan import SavedScan
from tests.fakes.chat import AAPL, EURUSD, MSFT, NEW_YORK, TRADER
from tests.fakes.firings import fired_by, rule_of
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message
from tests.fakes.scans import CATALOGUE
from tests.unit.bot.samples import NOW, ROWS

LINE = "scan TOP_PERC_GAIN price > 5 marketcap > 2000000000 top 10"
SPEC = ScanSpec("TOP_PERC_GAIN", rows=10, above_price=5.0, filters=(("marketCapAbove1e6", "2000"),))
KNOWN = {
    AAPL.con_id: Quote(AAPL, last=200.0, close=178.0, volume=62_000_000.0),
    MSFT.con_id: Quote(MSFT, last=1404.61, close=1420.0),
    EURUSD.con_id: Quote(EURUSD, bid=1.10115, ask=1.10125),
}
USUAL = {AAPL.con_id: 40_000_000.0}
RESULT = scan_views.Result(7, "", SPEC, ROWS, NOW)
MANY = tuple(ScanRow(rank, Instrument(1000 + rank, f"SYM{rank}")) for rank in range(1, 51))
SAVED = SavedScan(
    7,
    TRADER,
    TRADER,
    LINE,
    "Morning gainers",
    "at 09:35 ET weekdays",
    False,
    NOW,
    NOW,
    (ROWS[2], MANY[0]),
)
NEXT = NOW + timedelta(days=3)


def scheduled(scan: SavedScan = SAVED, missed: int = 0, late_s: float = 0.0) -> dict[str, object]:
    """Return the payload of a scheduled scan."""
    due = NOW - timedelta(seconds=late_s)
    return told_to_json(scan, ScanEntry(SPEC), ROWS, due=due, missed=missed, at=NOW, following=NEXT)


def failed() -> dict[str, object]:
    """Return the payload of a scheduled scan that IBKR refused."""
    error = BrokerError(162, "there is no scan TOP_PERC_GAIN for this account")
    return failed_to_json(SAVED, error, due=NOW, missed=0, at=NOW, following=None)


def told(payload: dict[str, object], **more: object) -> object:
    """Return the message of a payload."""
    return render("scan", payload, now=NOW, zone=NEW_YORK, quotes=KNOWN.get, usual=USUAL.get, **more)  # type: ignore[arg-type]  # as given


MESSAGES = {
    "scan-choice": scan_views.scan_choice,
    "scan-gone": scan_views.gone,
    "scan-result": lambda: scan_views.scan_result(RESULT, quotes=KNOWN.get, usual=USUAL.get, now=NOW, zone=NEW_YORK),
    "scan-page": lambda: scan_views.scan_result(
        scan_views.Result(7, "Everything", ScanSpec("MOST_ACTIVE", location="STK.NASDAQ"), MANY, NOW, "Not exact"),
        3,
        now=NOW,
        zone=NEW_YORK,
    ),
    "scan-refused": lambda: scan_views.refused(
        BrokerError(490, "it takes market data that the account does not have (<NYSE>)"), 7
    ),
    "scan-kinds": lambda: scan_browse.kinds(CATALOGUE, 0),
    "scan-places": lambda: scan_browse.places(CATALOGUE, "STK", 0),
    "scan-codes": lambda: scan_browse.codes(CATALOGUE, "STK", "STK.NASDAQ", 0),
    "scan-found": lambda: scan_browse.found(CATALOGUE, "gap", 0),
    "scan-card": lambda: scan_build.card(7, "", LINE, SPEC),
    "scan-bound": lambda: scan_build.bound_choice(7, LINE, BOUNDS[0], SPEC, None),
    "scan-schedule": lambda: scan_saved.saved(SAVED, NEXT, now=NOW, zone=NEW_YORK, done="scheduled"),
    "scan-saved": lambda: scan_saved.saved_list([SAVED], 0, 20),
    "scan-saved-none": lambda: scan_saved.saved_list([], 0, 20),
    "scan-deleted": lambda: scan_saved.deleted(SAVED),
    "scan-told": lambda: told(scheduled()),
    "scan-told-late": lambda: told(scheduled(missed=3, late_s=1500.0), may_repeat=True),
    "scan-not-run": lambda: told(failed()),
    "movers": lambda: mover_views.movers(ROWS[:2], ROWS[2:3], KNOWN.get, now=NOW, zone=NEW_YORK),
    "movers-none": lambda: mover_views.movers((), (), KNOWN.get, now=NOW, zone=NEW_YORK),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_says_what_its_golden_file_says(name: str) -> None:
    message = MESSAGES[name]()
    check_message(message)
    check_golden(name, message)


def test_the_longest_lists_are_no_longer_than_telegram_allows() -> None:
    long_named = [ScanRow(rank, Instrument(10**9 + rank, "W" * 40)) for rank in range(1, 51)]
    spec = ScanSpec("C" * 60, location="L" * 60, filters=tuple((f"filter{n}" * 4, "9" * 40) for n in range(20)))
    result = scan_views.Result(10**9, "N" * 60, spec, long_named, NOW, "&" * 4000)
    check_message(scan_views.scan_result(result, 0, now=NOW, zone=NEW_YORK))
    payload = told_to_json(SAVED, ScanEntry(spec, jump=1), long_named, due=NOW, missed=9, at=NOW, following=NEXT)
    check_message(told(payload))  # type: ignore[arg-type]  # a message


def test_movers_fit_beneath_a_picture() -> None:
    side = [ScanRow(rank, Instrument(1000 + rank, "W" * 20)) for rank in range(1, 9)]
    quotes = {row.instrument.con_id: Quote(row.instrument, last=9e5, close=1.0, kind=DataKind.DELAYED) for row in side}
    message = mover_views.movers(side, side, quotes.get, now=NOW, zone=NEW_YORK)
    assert len(check_message(message)) <= 1024
    assert "delayed data" in message.html


def test_an_empty_catalogue_is_no_dead_end() -> None:
    for message in (
        scan_browse.nothing_known(),
        scan_browse.places(ScanCatalogue(), "STK", 0),
        scan_browse.codes(ScanCatalogue(), "STK", "STK.US", 0),
        scan_build.filters(7, LINE, (), 0),
    ):
        check_message(message)
        assert any("«" in button.label for row in message.buttons for button in row)


def in_a_digest(cause: ScanCause) -> str:
    return entry_of(firing_to_json(fired_by(rule_of(7, LINE, None), cause, NOW))).gist


def test_a_digest_tells_of_a_scan_who_came_who_left_and_who_jumped() -> None:
    apple, microsoft = ScanRow(3, AAPL), ScanRow(1, MSFT)
    assert in_a_digest(ScanCause(SPEC, (), dropped=(apple, microsoft))) == "🛰 Top % gainers · 2 dropped: AAPL, MSFT"
    every = ScanCause(SPEC, (MANY[0],), dropped=(apple,), jumps=((microsoft, 9),))
    assert in_a_digest(every) == "🛰 Top % gainers · 1 new: SYM1 · 1 dropped: AAPL · 1 jumped: MSFT 9 → 1"


def test_a_digest_counts_whom_it_does_not_name_and_cuts_no_name() -> None:
    told = in_a_digest(ScanCause(SPEC, MANY[:30], dropped=MANY[30:], jumps=tuple((row, 50) for row in MANY[:4])))
    assert "30 new: SYM1, SYM2, SYM3 and 27 more" in told
    assert told.endswith("4 jumped: SYM1 50 → 1, SYM2 50 → 2, SYM3 50 → 3 and 1 more")


SINGAPORE = "Singapore (SGX)"
TWINS = replace(
    CATALOGUE,
    locations=(
        *CATALOGUE.locations,
        ScanLocation("STK.HK.SGX", SINGAPORE, frozenset({"STOCK.HK"})),
        ScanLocation("FUT.HK.SGX", SINGAPORE, frozenset({"FUT.HK"})),
    ),
)


def labels(message: Message) -> list[str]:
    return [button.label for row in message.buttons for button in row]


def test_places_of_one_name_are_told_apart_by_their_codes() -> None:
    shown = labels(scan_browse.found(TWINS, "singapore", 0))
    assert shown[:2] == [f"🗂 {SINGAPORE} · STK.HK.SGX", f"🗂 {SINGAPORE} · FUT.HK.SGX"]
    assert "🗂 Germany" in labels(scan_browse.found(TWINS, "germ", 0))
    # On its own page a name that is there once needs no code.
    assert SINGAPORE in labels(scan_browse.places(TWINS, "FUT.HK", 0))


@pytest.mark.parametrize(("words", "is_found"), [("gap", False), ("sing", True), ("sgx", True), ("hk.sgx", True)])
def test_a_place_is_found_by_how_its_words_begin(words: str, is_found: bool) -> None:
    assert any(SINGAPORE in label for label in labels(scan_browse.found(TWINS, words, 0))) is is_found
