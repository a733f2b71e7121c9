"""The heartbeat: when it is due, that it comes once, and what it says."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.rule import RuleState
from bot.heartbeat import Heartbeat
from bot.views.outbox import render
from bot.views.status import StatusReport
from broker.status import LinkReason, LinkState, LinkStatus
from storage.message import NewMessage
from storage.users import UserSettings
from tests.fakes.clock import FakeClock
from tests.fakes.golden import check_golden

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
SWITCHED_ON = datetime(2026, 3, 27, 9, 0, tzinfo=UTC)


class Ward:
    """Ada's heartbeat: what is put into the outbox, once for each key."""

    def __init__(self, since: datetime = SWITCHED_ON, zone: ZoneInfo = BERLIN, **settings: object) -> None:
        self.clock = FakeClock(since)
        self.zone = zone
        self.settings = UserSettings(111, heartbeat_since=since, **settings)  # type: ignore[arg-type]
        self.link = LinkStatus(LinkState.UP, since)
        self.started = since
        self.sent: dict[str, NewMessage] = {}
        self.counted: list[datetime] = []
        self.boot()

    def boot(self) -> None:
        self.heartbeat = Heartbeat(
            self._chats, self._settings, lambda _user: self.zone, self._report, self._fired, self, self.clock
        )

    async def put(self, message: NewMessage) -> bool:
        return self.sent.setdefault(message.dedupe_key, message) is message

    async def after(self, hours: float) -> list[NewMessage]:
        """Let time pass, with a look every ten minutes; return what was sent in it."""
        known = set(self.sent)
        for _ in range(round(hours * 6)):
            self.clock.advance(600)
            await self.heartbeat.look()
        return [message for key, message in self.sent.items() if key not in known]

    async def _chats(self) -> tuple[int, ...]:
        return (111,)

    async def _settings(self, _user_id: int) -> UserSettings:
        return self.settings

    async def _report(self, _user_id: int) -> StatusReport:
        alerts = Counter({RuleState.ARMED: 14, RuleState.SNOOZED: 2})
        tick = self.clock.now() - timedelta(seconds=3)
        return StatusReport("1.0", self.started, self.link, alerts, last_tick=tick)

    async def _fired(self, _user_id: int, since: datetime) -> int:
        self.counted.append(since)
        return 5


def local(messages: list[NewMessage], zone: ZoneInfo = BERLIN) -> list[str]:
    return [f"{message.happened.astimezone(zone):%d %H:%M}" for message in messages if message.happened]


async def test_once_a_day_it_comes_at_its_time_also_when_the_clocks_change() -> None:
    ward = Ward(heartbeat=1, heartbeat_at="08:00")
    assert local(await ward.after(24 * 4)) == ["28 08:00", "29 08:00", "30 08:00", "31 08:00"]
    assert ward.counted[0] == SWITCHED_ON, "what fired before it was switched on is not counted"
    assert ward.counted[1].astimezone(BERLIN).hour == 8


@pytest.mark.parametrize(
    ("zone", "friday"),
    [
        (BERLIN, date(2026, 3, 27)),
        (BERLIN, date(2026, 10, 23)),
        (NEW_YORK, date(2026, 3, 6)),
        (NEW_YORK, date(2026, 10, 30)),
    ],
)
@pytest.mark.parametrize("at", ["02:30", "01:30", "23:00"])
async def test_over_every_change_of_the_clocks_it_comes_once_a_day(zone: ZoneInfo, friday: date, at: str) -> None:
    begin, end = (
        datetime.combine(friday + timedelta(days=n), time(23, 30), zone).astimezone(UTC) for n in range(0, 5, 4)
    )
    ward = Ward(begin, zone, heartbeat=1, heartbeat_at=at)
    days = [message.split() for message in local(await ward.after((end - begin) / timedelta(hours=1)), zone)]
    assert [day for day, _ in days] == [f"{friday + timedelta(days=n):%d}" for n in range(1, 5)]
    lost = at == "02:30" and friday.month == 3
    # An hour that the Sunday has not is an hour later on it.
    assert [clock for _, clock in days] == [at, "03:30" if lost else at, at, at]


async def test_a_clock_that_jumps_ahead_and_is_put_right_repeats_none_and_costs_no_later_one() -> None:
    ward = Ward(heartbeat=1, heartbeat_at="08:00")
    await ward.after(24)
    ward.clock.advance(5 * 86_400)
    assert len(await ward.after(1)) == 1
    ward.clock.advance(-5 * 86_400)
    assert local(await ward.after(24 * 3)) == ["29 08:00", "30 08:00", "31 08:00"]


async def test_one_switched_on_by_a_clock_far_ahead_does_not_wait_for_that_day() -> None:
    ward = Ward(SWITCHED_ON + timedelta(days=300), heartbeat=1, heartbeat_at="08:00")
    ward.clock.advance(-300 * 86_400)
    assert local(await ward.after(24 * 2))[-1] == "29 08:00"


async def test_twice_a_day_it_comes_at_both_times() -> None:
    ward = Ward(heartbeat=2, heartbeat_at="06:30")
    assert local(await ward.after(24)) == ["27 18:30", "28 06:30"]


async def test_after_a_restart_none_is_repeated_and_of_those_missed_the_last_one_comes() -> None:
    ward = Ward(heartbeat=1)
    await ward.after(24)
    ward.boot()
    assert await ward.after(1) == []
    ward.clock.advance(3 * 86_400)
    ward.boot()
    assert len(await ward.after(1)) == 1


async def test_while_the_bot_is_starting_a_heartbeat_waits_for_the_link() -> None:
    ward = Ward(heartbeat=1)
    ward.clock.advance(86_400)
    ward.started = ward.clock.now()
    ward.link = LinkStatus(LinkState.CONNECTING, ward.started)
    await ward.heartbeat.look()
    assert ward.sent == {}
    ward.link = LinkStatus(LinkState.UP, ward.started)
    await ward.heartbeat.look()
    assert len(ward.sent) == 1


async def test_where_it_is_off_nothing_comes() -> None:
    ward = Ward()
    assert await ward.after(48) == []


async def test_when_all_is_well_it_makes_no_sound_and_says_what_is_watched() -> None:
    ward = Ward(heartbeat=1)
    (message,) = await ward.after(24)
    assert message.silent
    words = render("heartbeat", message.payload, now=ward.clock.now(), zone=BERLIN)
    check_golden("heartbeat", words)
    assert words.silent


async def test_when_it_is_not_well_it_says_what_is_wrong_with_a_sound() -> None:
    ward = Ward(heartbeat=1)
    ward.link = LinkStatus(LinkState.DOWN, SWITCHED_ON, LinkReason.REFUSED)
    (message,) = await ward.after(24)
    assert not message.silent
    words = render("heartbeat", message.payload, now=message.happened or SWITCHED_ON, zone=BERLIN, may_repeat=True)
    check_golden("heartbeat-not-well", words)
    assert not words.silent
