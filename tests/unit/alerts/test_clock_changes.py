"""Clocks that change twice a year, and clocks that are put right: nothing is told twice, nothing falls silent."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from alerts.engine import Engine
from alerts.moment import until
from alerts.rule import Rule, RuleState, TimeCause
from alerts.silence import QuietHours
from tests.unit.alerts.drafts import NOW, rule, tick
from tests.unit.alerts.hours import keep_open

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

CHANGES = [
    pytest.param(BERLIN, date(2026, 3, 29), 23, id="Berlin's spring"),
    pytest.param(BERLIN, date(2026, 10, 25), 25, id="Berlin's autumn"),
    pytest.param(NEW_YORK, date(2026, 3, 8), 23, id="New York's spring"),
    pytest.param(NEW_YORK, date(2026, 11, 1), 25, id="New York's autumn"),
]
"""The zone, the day on which its clocks change, and how many hours that day has."""


def at(day: date, zone: ZoneInfo, hour: int = 0, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


def due(engine: Engine, begin: datetime, end: datetime, step: timedelta = MINUTE) -> list[datetime]:
    """Let the time pass in steps, and return the moments that were told."""
    found, now = [], begin
    while now <= end:
        found += [firing.cause.due for firing in engine.on_time(now) if isinstance(firing.cause, TimeCause)]
        now += step
    return found


def engine_of(*rules: Rule, zone: ZoneInfo = NEW_YORK) -> Engine:
    engine = keep_open(Engine(lambda _owner: zone))
    engine.load(rules)
    return engine


def locally(moments: Sequence[datetime], zone: ZoneInfo) -> list[str]:
    return [f"{moment.astimezone(zone):%d %H:%M}" for moment in moments]


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
@pytest.mark.parametrize("clock", ["01:30", "02:30", "03:30", "15:45"])
def test_a_time_of_day_is_told_once_on_each_day(zone: ZoneInfo, day: date, hours: int, clock: str) -> None:
    begin = at(day - DAY, zone)
    told = due(engine_of(rule(f"at {clock}", at=begin), zone=zone), begin, begin + 24 * HOUR + hours * HOUR + 24 * HOUR)
    assert [one.astimezone(zone).date() for one in told] == [day - DAY, day, day + DAY]
    spoken = [f"{one.astimezone(zone):%H:%M}" for one in told]
    assert {spoken[0], spoken[2]} == {clock}
    # An hour that the day has not is told an hour later.
    lost = hours == 23 and clock == "02:30"
    assert spoken[1] == ("03:30" if lost else clock)


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_every_half_hour_is_told_as_often_as_the_day_has_half_hours(zone: ZoneInfo, day: date, hours: int) -> None:
    begin = at(day, zone)
    told = due(engine_of(rule("every 30m", at=begin), zone=zone), begin, at(day + DAY, zone) - MINUTE)
    # Its first is half an hour after it was set.
    assert len(told) == 2 * hours - 1
    assert {later - earlier for earlier, later in pairwise(told)} == {30 * MINUTE}


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_every_day_is_told_at_each_midnight(zone: ZoneInfo, day: date, hours: int) -> None:
    begin = at(day - DAY, zone, 12)
    told = due(engine_of(rule("every 1d", at=begin), zone=zone), begin, begin + 3 * DAY, 5 * MINUTE)
    assert [one.astimezone(zone).time() for one in told] == [time()] * 3
    assert told[1] - told[0] == hours * HOUR


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_an_end_is_the_end_of_its_day_and_nothing_fires_after_it(zone: ZoneInfo, day: date, hours: int) -> None:
    begin = at(day, zone)
    end = until(f"{day:%Y-%m-%d}", begin, zone)
    assert end == begin + hours * HOUR == at(day + DAY, zone)
    # `rule` reads times in UTC.
    engine = engine_of(rule(f"every 30m until {end:%Y-%m-%d %H:%M}", at=begin), zone=zone)
    told = due(engine, begin, end + 2 * HOUR)
    assert max(told) == end - 30 * MINUTE
    assert engine.rule(1).state is RuleState.EXPIRED  # type: ignore[union-attr]


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_quiet_hours_over_the_change_end_by_the_persons_clock(zone: ZoneInfo, day: date, hours: int) -> None:
    night = QuietHours(time(22), time(7))
    evening = at(day - DAY, zone, 22)
    assert night.until(evening - SECOND, zone) is None
    assert night.until(evening, zone) == at(day, zone, 7)
    assert at(day, zone, 7) - evening == (hours - 15) * HOUR
    assert night.until(at(day, zone, 7), zone) is None
    # Within the changed hour itself it is over after it, and never lasts into the day.
    inside = QuietHours(time(1), time(2, 30))
    moments = [at(day, zone) + n * 10 * MINUTE for n in range(6 * hours)]
    assert all(until_ < at(day, zone, 5) for one in moments if (until_ := inside.until(one, zone)) is not None)


def test_what_must_hold_for_a_while_holds_though_the_clock_is_set_back() -> None:
    engine = engine_of(rule("AAPL > 200 for 2m"))
    engine.on_ticks([tick(201.0)])
    assert engine.on_time(NOW + MINUTE) == []
    back = -3 * 3600
    fired = []
    for second in range(0, 150, 5):
        fired += engine.on_ticks([tick(201.0, after_s=back + second)])
        fired += engine.on_time(NOW + timedelta(seconds=back + second))
    assert len(fired) == 1


@pytest.mark.parametrize("ahead", [13 * HOUR, 3 * DAY, 400 * DAY])
def test_a_time_alert_told_by_a_clock_far_ahead_is_not_silent_until_then(ahead: timedelta) -> None:
    engine = engine_of(rule("every 30m", at=NOW))
    assert len(due(engine, NOW + ahead, NOW + ahead)) == 1
    told = due(engine, NOW + MINUTE, NOW + 2 * HOUR)
    assert locally(told, NEW_YORK) == ["20 10:30", "20 11:00", "20 11:30", "20 12:00"]


def test_a_clock_that_is_put_right_by_minutes_tells_no_moment_twice() -> None:
    engine = engine_of(rule("every 30m", at=NOW))
    told = due(engine, NOW, NOW + 65 * MINUTE) + due(engine, NOW + 20 * MINUTE, NOW + 95 * MINUTE)
    assert locally(told, NEW_YORK) == ["20 10:30", "20 11:00", "20 11:30"]


@pytest.mark.parametrize("jump", [-3 * HOUR, 3 * HOUR])
def test_a_repeating_level_goes_on_firing_after_the_clock_was_set(jump: timedelta) -> None:
    engine = engine_of(rule("AAPL > 200 every cooldown 10m"))
    offset = jump.total_seconds()
    assert len(engine.on_ticks([tick(199.0), tick(201.0, after_s=1)])) == 1
    engine.on_ticks([tick(199.0, after_s=offset + 2)])
    assert len(engine.on_ticks([tick(201.0, after_s=offset + 700)])) == 1


def test_a_snooze_lasts_until_its_moment_by_whatever_the_clock_says() -> None:
    snoozed = rule("AAPL > 200").snoozed(NOW, NOW + HOUR)
    engine = engine_of(snoozed)
    assert engine.on_time(NOW - 3 * HOUR) == []
    assert engine.rule(1).state is RuleState.SNOOZED  # type: ignore[union-attr]
    engine.on_time(NOW + HOUR)
    assert engine.rule(1).state is RuleState.ARMED  # type: ignore[union-attr]
