from datetime import timedelta

from alerts.engine import Engine
from alerts.rule import RuleState, ScanCause
from market.instrument import Instrument
from market.scan import ScanRow, ScanSpec
from tests.unit.alerts.drafts import NOW, rule

SPEC = ScanSpec("TOP_PERC_GAIN", rows=3)


def rows(*con_ids: int) -> list[ScanRow]:
    return [ScanRow(rank, Instrument(con_id, f"S{con_id}")) for rank, con_id in enumerate(con_ids, 1)]


def seen(engine: Engine, *con_ids: int, seconds: float = 0) -> list[list[int]]:
    firings = engine.on_scan(SPEC, rows(*con_ids), NOW + timedelta(seconds=seconds))
    return [[row.instrument.con_id for row in f.cause.rows] for f in firings if isinstance(f.cause, ScanCause)]


def scanning(text: str = "scan TOP_PERC_GAIN top 3") -> Engine:
    engine = Engine()
    engine.load([rule(text)])
    return engine


def test_the_first_list_is_what_the_next_is_compared_with() -> None:
    engine = scanning()
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
