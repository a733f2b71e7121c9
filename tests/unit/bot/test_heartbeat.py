"""The heartbeat: when it is due, that it comes once, and what it says."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

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
SWITCHED_ON = datetime(2026, 3, 27, 9, 0, tzinfo=UTC)


class Ward:
    """Ada's heartbeat: what is put into the outbox, once for each key."""

    def __init__(self, **settings: object) -> None:
        self.clock = FakeClock(SWITCHED_ON)
        self.settings = UserSettings(111, heartbeat_since=SWITCHED_ON, **settings)  # type: ignore[arg-type]
        self.link = LinkStatus(LinkState.UP, SWITCHED_ON)
        self.started = SWITCHED_ON
        self.sent: dict[str, NewMessage] = {}
        self.counted: list[datetime] = []
        self.boot()

    def boot(self) -> None:
        self.heartbeat = Heartbeat(
            self._chats, self._settings, lambda _user: BERLIN, self._report, self._fired, self, self.clock
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


def local(messages: list[NewMessage]) -> list[str]:
    return [f"{message.happened.astimezone(BERLIN):%d %H:%M}" for message in messages if message.happened]


async def test_once_a_day_it_comes_at_its_time_also_when_the_clocks_change() -> None:
    ward = Ward(heartbeat=1, heartbeat_at="08:00")
    assert local(await ward.after(24 * 4)) == ["28 08:00", "29 08:00", "30 08:00", "31 08:00"]
    assert ward.counted[0] == SWITCHED_ON, "what fired before it was switched on is not counted"
    assert ward.counted[1].astimezone(BERLIN).hour == 8


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
