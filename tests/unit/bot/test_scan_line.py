"""A scan's line and what buttons do to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.condition import ScanEntry
from alerts.errors import AlertSyntaxError
from bot.scan_line import BOUNDS, entry_of, keys_of, line_of, schedule_of, split, with_bound
from bot.views.scan_saved import PRESETS
from market.scan import ScanSpec
from tests.unit.bot.samples import NEW_YORK, NOW

ENTRY = ScanEntry(ScanSpec("TOP_PERC_GAIN"))


def read(line: str) -> ScanEntry:
    """Return what a line says."""
    return entry_of(line, NOW, NEW_YORK)


@pytest.mark.parametrize(
    ("line", "scan", "schedule"),
    [
        ("TOP_PERC_GAIN top 10 at 09:35 weekdays", "TOP_PERC_GAIN top 10", "at 09:35 weekdays"),
        ("TOP_PERC_GAIN every 30m rth", "TOP_PERC_GAIN", "every 30m rth"),
        ("TOP_PERC_GAIN AT OPEN + 5m", "TOP_PERC_GAIN", "AT OPEN + 5m"),
        ("TOP_PERC_GAIN price > 5 top 10", "TOP_PERC_GAIN price > 5 top 10", ""),
        ("TOP_PERC_GAIN every cooldown 30m", "TOP_PERC_GAIN every cooldown 30m", ""),
        ("TOP_PERC_GAIN where attribute = 3", "TOP_PERC_GAIN where attribute = 3", ""),
    ],
)
def test_a_time_at_the_end_is_a_schedule(line: str, scan: str, schedule: str) -> None:
    assert split(line) == (scan, schedule)


@pytest.mark.parametrize("preset", PRESETS)
def test_each_offered_time_is_one(preset: str) -> None:
    schedule_of(preset, NOW, NEW_YORK)


@pytest.mark.parametrize("said", ["at 09:35 critical", 'at 09:35 "check"', "AAPL > 200", "scan HALTED", "at dawn", ""])
def test_what_is_no_time_is_no_schedule(said: str) -> None:
    with pytest.raises(AlertSyntaxError):
        schedule_of(said, NOW, NEW_YORK)


@given(st.lists(st.tuples(st.sampled_from(BOUNDS), st.integers(0, 5)), max_size=9))
def test_whatever_is_pressed_the_line_says_the_same_scan(presses: list[tuple[object, int]]) -> None:
    entry = ENTRY
    for bound, which in presses:
        value = (*bound.presets, "")[which % (len(bound.presets) + 1)]  # type: ignore[attr-defined]  # a Bound
        entry = with_bound(entry, bound.key, value, NOW, NEW_YORK)  # type: ignore[attr-defined]  # as above
        assert read(line_of(entry)) == entry
    for key in keys_of(entry.spec):
        entry = with_bound(entry, key, "", NOW, NEW_YORK)
    assert entry == ENTRY


def test_ibkrs_own_code_for_a_bound_that_has_a_field_sets_the_field() -> None:
    assert with_bound(ENTRY, "priceAbove", "5", NOW, NEW_YORK).spec.above_price == 5.0


def test_a_filter_keeps_the_changes_that_are_told() -> None:
    entry = read("scan TOP_PERC_GAIN top 10 only new")
    changed = with_bound(entry, "price>", "5", NOW, NEW_YORK)
    assert line_of(changed) == "scan TOP_PERC_GAIN price > 5 top 10 only new"


def test_an_alerts_options_are_no_part_of_a_scan() -> None:
    with pytest.raises(AlertSyntaxError):
        read("scan TOP_PERC_GAIN silent")


@pytest.mark.parametrize("value", ["TECH;marketCapAbove1e6=1", "TECH;", "a=b"])
def test_no_other_filter_hides_in_a_filters_value(value: str) -> None:
    with pytest.raises(AlertSyntaxError, match="without `;` and `=`"):
        read(f"scan TOP_PERC_GAIN where sectorIs = {value}")
    with pytest.raises(AlertSyntaxError):
        with_bound(ENTRY, "sectorIs", value, NOW, NEW_YORK)
    assert read("scan TOP_PERC_GAIN where sectorIs = TECH,ENER").spec.filters == (("sectorIs", "TECH,ENER"),)
