"""Where a gap begins of which no earlier run noted anything."""

from alerts.catchup import LIVE
from market.quote import Bar
from tests.unit.alerts.drafts import AAPL, NOW, rule
from tests.unit.alerts.gapdesk import LAST, MINUTE, Desk


async def test_what_happened_since_the_newest_alert_is_looked_for_where_nothing_was_ever_live() -> None:
    desk = Desk(rule("AAPL crosses 200", at=NOW - 9 * MINUTE), rule("AAPL < 150", 2, at=NOW - 8 * MINUTE))
    desk.past.made[AAPL.con_id, LAST] = [
        Bar(NOW + n * MINUTE, price, price, price, price, 1.0) for n, price in ((-10, 199.0), (-5, 199.0), (-3, 201.0))
    ]
    await desk.catchup.begin()
    desk.catchup.restored()
    await desk.catchup.fill()
    assert desk.found() == [(1, -3)]
    assert desk.moments.kept[LIVE] == NOW


async def test_a_crash_before_all_was_live_for_the_first_time_does_not_move_the_gaps_beginning() -> None:
    desk = Desk(rule("AAPL crosses 200", at=NOW - 9 * MINUTE))
    await desk.catchup.begin()
    assert desk.moments.kept[LIVE] == NOW - 9 * MINUTE


async def test_without_any_alert_the_gap_begins_with_the_first_start() -> None:
    desk = Desk()
    await desk.catchup.begin()
    assert desk.moments.kept[LIVE] == NOW
