from datetime import timedelta

import pytest

from alerts.codec import rule_from_json, rule_to_json
from alerts.engine import Engine
from alerts.rule import RuleState, ScanCause
from market.instrument import Instrument
from market.scan import ScanRow, ScanSpec
from tests.unit.alerts.drafts import NOW, rule

SPEC = ScanSpec("TOP_PERC_GAIN", rows=3)


def rows(*con_ids: int) -> list[ScanRow]:
    return [ScanRow(rank, Instrument(con_id, f"S{con_id}")) for rank, con_id in enumerate(con_ids, 1)]


def cause(engine: Engine, *con_ids: int, minutes: float = 0) -> ScanCause | None:
    found = engine.on_scan(SPEC, rows(*con_ids), NOW + timedelta(minutes=minutes))
    (one,) = found or [None]
    assert one is None or isinstance(one.cause, ScanCause)
    return None if one is None else one.cause


def dropped(told: ScanCause | None) -> list[int]:
    return [] if told is None else [row.instrument.con_id for row in told.dropped]


def new(told: ScanCause | None) -> list[int]:
    return [] if told is None else [row.instrument.con_id for row in told.rows]


def jumps(told: ScanCause | None) -> list[tuple[int, int, int]]:
    return [] if told is None else [(row.instrument.con_id, before, row.rank) for row, before in told.jumps]


def seen(engine: Engine, *con_ids: int, seconds: float = 0) -> list[list[int]]:
    firings = engine.on_scan(SPEC, rows(*con_ids), NOW + timedelta(seconds=seconds))
    return [[row.instrument.con_id for row in f.cause.rows] for f in firings if isinstance(f.cause, ScanCause)]


def scanning(text: str = "scan TOP_PERC_GAIN top 3") -> Engine:
    engine = Engine()
    engine.load([rule(text)])
    return engine


def test_the_first_list_is_what_the_next_is_compared_with() -> None:
    engine = scanning("scan TOP_PERC_GAIN top 3 only new")
    assert seen(engine, 1, 2, 3) == []
    assert seen(engine, 3, 2, 1) == []
    assert seen(engine, 4, 2, 5) == [[4, 5]]
    assert seen(engine, 4, 2, 5) == []


def test_only_the_first_rows_count() -> None:
    engine = scanning()
    assert seen(engine, 1, 2, 3, 4) == []
    assert seen(engine, 1, 2, 4, 3) == [[4]]


def test_rows_are_taken_by_rank_not_by_place() -> None:
    engine = scanning()
    seen(engine, 1, 2, 3)
    shuffled = list(reversed(rows(1, 2, 3, 9)))
    assert engine.on_scan(SPEC, shuffled, NOW) == []


def test_what_was_last_shown_is_remembered_over_a_restart() -> None:
    engine = scanning()
    seen(engine, 1, 2, 3)
    (remembered,) = engine.take_changed()
    again = Engine()
    again.load([remembered])
    assert seen(again, 1, 2, 4) == [[4]]


def test_re_arming_begins_with_a_new_first_list() -> None:
    engine = scanning()
    seen(engine, 1, 2, 3)
    (remembered,) = engine.take_changed()
    engine.add(remembered.rearmed(NOW))
    assert seen(engine, 7, 8, 9) == []


def test_during_a_cooldown_entries_are_kept_for_later() -> None:
    engine = scanning("scan TOP_PERC_GAIN top 3 cooldown 1m")
    assert [seen(engine, *ids, seconds=s) for s, ids in enumerate([(1, 2, 3), (1, 2, 4), (1, 5, 4)])] == [[], [[4]], []]
    assert seen(engine, 1, 5, 4, seconds=61) == [[5]]


def test_a_once_rule_is_spent_by_its_first_entry() -> None:
    engine = scanning("scan TOP_PERC_GAIN top 3 once")
    seen(engine, 1, 2, 3)
    assert seen(engine, 1, 2, 4) == [[4]]
    spent = engine.rule(1)
    assert spent is not None
    assert spent.state is RuleState.FIRED
    assert seen(engine, 1, 2, 5) == []


def test_another_scan_is_none_of_its_business() -> None:
    engine = scanning()
    seen(engine, 1, 2, 3)
    assert engine.on_scan(ScanSpec("HOT_BY_VOLUME", rows=3), rows(8, 9), NOW) == []


def test_who_is_missing_in_two_lists_running_has_dropped_out_and_is_told_with_the_rank_it_had() -> None:
    engine = scanning()
    seen(engine, 1, 2, 3)
    assert cause(engine, 1, 3) is None
    told = cause(engine, 1, 3, minutes=1)
    assert dropped(told) == [2]
    assert told is not None
    assert [row.rank for row in told.dropped] == [2]
    assert cause(engine, 1, 3, minutes=2) is None


def test_one_empty_list_drops_nobody_two_drop_all() -> None:
    engine = scanning()
    seen(engine, 1, 2, 3)
    assert cause(engine) is None
    assert cause(engine, 1, 2, 3, minutes=1) is None
    assert cause(engine, minutes=2) is None
    assert dropped(cause(engine, minutes=3)) == [1, 2, 3]


def test_changing_places_at_the_lower_edge_is_told_once_not_at_each_change() -> None:
    engine = scanning()
    seen(engine, 1, 2, 3, 4)
    assert new(cause(engine, 1, 2, 4, 3, minutes=1)) == [4]
    assert [cause(engine, *ids, minutes=2 + n) for n, ids in enumerate([(1, 2, 3, 4), (1, 2, 4, 3)] * 3)] == [None] * 6


@pytest.mark.parametrize(("place", "out"), [(5, []), (6, [3])])
def test_two_places_below_the_edge_is_still_in_and_three_is_out(place: int, out: list[int]) -> None:
    engine = scanning()
    seen(engine, 1, 2, 3)
    others = [7, 8, 9, 10]
    told = cause(engine, *[1, 2, *others[: place - 3], 3], minutes=1)
    assert dropped(told) == out


def test_who_comes_back_within_half_an_hour_is_not_new_and_later_is() -> None:
    engine = scanning("scan TOP_PERC_GAIN top 3 only new")
    seen(engine, 1, 2, 3)
    cause(engine, 1, 2, minutes=1)
    cause(engine, 1, 2, minutes=2)
    assert cause(engine, 1, 2, 3, minutes=31.9) is None
    cause(engine, 1, 2, minutes=40)
    cause(engine, 1, 2, minutes=41)
    assert new(cause(engine, 1, 2, 3, minutes=71)) == [3]


def test_who_came_back_unsaid_and_leaves_again_soon_leaves_unsaid() -> None:
    engine = scanning()
    seen(engine, 1, 2, 3)
    cause(engine, 1, 2, minutes=1)
    assert dropped(cause(engine, 1, 2, minutes=2)) == [3]
    assert cause(engine, 1, 2, 3, minutes=5) is None
    assert cause(engine, 1, 2, minutes=6) is None
    assert cause(engine, 1, 2, minutes=7) is None


def test_a_jump_is_told_from_its_size_on_against_the_rank_last_told() -> None:
    engine = scanning("scan TOP_PERC_GAIN top 10 only jumps 3")
    seen(engine, 1, 2, 3, 4, 5)
    assert cause(engine, 1, 4, 2, 3, 5, minutes=1) is None
    assert jumps(cause(engine, 4, 1, 2, 3, 5, minutes=2)) == [(4, 4, 1)]
    assert cause(engine, 4, 1, 2, 3, 5, minutes=3) is None


def test_a_change_that_is_not_asked_for_is_not_told() -> None:
    engine = scanning("scan TOP_PERC_GAIN top 3 only dropped")
    seen(engine, 1, 2, 3)
    assert cause(engine, 7, 2, 3, minutes=1) is None
    told = cause(engine, 7, 2, 3, minutes=2)
    assert (new(told), dropped(told)) == ([], [1])


def test_all_that_is_remembered_survives_a_restart() -> None:
    engine = scanning()
    seen(engine, 1, 2, 3)
    cause(engine, 1, 2, minutes=1)
    (remembered,) = engine.take_changed()
    again = Engine()
    again.load([rule_from_json(rule_to_json(remembered))])
    assert dropped(cause(again, 1, 2, minutes=2)) == [3]
    (later,) = again.take_changed()
    third = Engine()
    third.load([rule_from_json(rule_to_json(later))])
    assert cause(third, 1, 2, 3, minutes=3) is None


def test_the_same_scan_with_other_rows_is_one_subscription() -> None:
    engine = Engine()
    engine.load([rule("scan TOP_PERC_GAIN top 3", 1), rule("scan TOP_PERC_GAIN top 10", 2)])
    assert engine.needs().scans == {ScanSpec("TOP_PERC_GAIN")}
