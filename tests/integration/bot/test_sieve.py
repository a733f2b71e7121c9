"""The sieve over a real outbox in a real SQLite file: what is told together, held, and never lost."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.codec import firing_to_json
from alerts.rule import Firing
from bot.sieve import OutboxSieve
from bot.views import outbox as views
from storage.database import Database
from storage.firings import message_of
from storage.message import MessageState, NewMessage, OutboxMessage, Priority
from storage.outbox import SqlOutbox
from storage.users import UserSettings
from tests.fakes.chat import AAPL, EVIL, MSFT, NEW_YORK
from tests.fakes.clock import FakeClock
from tests.fakes.firings import news_firing, order_firing, price_firing
from tests.fakes.reply import check_message

TOM = 222


class Night:
    """A chat of Tom's, with what is queued for it; `sift` says what goes out, which then counts as sent."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.clock = clock
        self.outbox = SqlOutbox(database, clock, "boot-1")
        self.people: dict[int, UserSettings] = {}
        self.queue: list[OutboxMessage] = []
        self.outbox.on_new(self.queue.extend)
        self.sieve = self._made()
        self._message_ids = 1000
        self.last = 0

    def _made(self) -> OutboxSieve:
        return OutboxSieve(
            self.outbox, lambda user: self.people.get(user, UserSettings(user)), lambda _user: NEW_YORK, self.clock
        )

    def restart(self) -> None:
        self.sieve = self._made()

    def has_set(self, **settings: object) -> None:
        self.people[TOM] = replace(self.people.get(TOM, UserSettings(TOM)), **settings)  # type: ignore[arg-type]

    async def fires(self, *firings: Firing) -> None:
        for firing in firings:
            await self.outbox.put(message_of(firing, firing_to_json(firing)))

    async def told(self, most: int = 1000) -> list[str]:
        """Send what goes out now, *most* messages, one by one as the notifier does; return their first lines."""
        said: list[str] = []
        while self.queue and len(said) < most:
            waiting = sorted(self.queue, key=lambda row: (row.priority, row.id))
            passed = await self.sieve.sift(TOM, waiting)
            gone = {row.id for row in waiting} - {row.id for row in passed}
            self.queue[:] = [row for row in self.queue if row.id not in gone]
            if not passed:
                continue
            row = passed[0]
            self.queue.remove(row)
            said.append(self.words(row).splitlines()[0])
            self._message_ids += 1
            await self.outbox.mark_delivered(row.id, self._message_ids)
            self.last = row.id
        return said

    def words(self, row: OutboxMessage) -> str:
        message = views.render(
            row.kind,
            row.payload,
            now=self.clock.now(),
            zone=NEW_YORK,
            may_repeat=row.may_repeat,
            happened=row.happened,
            row_id=row.id,
            silence=row.silence,
        )
        return check_message(message)

    async def row(self, row_id: int) -> OutboxMessage:
        found = await self.outbox.get(row_id)
        assert found is not None
        return found

    async def states(self, *row_ids: int) -> list[tuple[str, int | None]]:
        return [(str((await self.row(one)).state), (await self.row(one)).told_by) for one in row_ids]

    async def is_closed(self) -> None:
        """Let the chat take nothing of what goes out now."""
        while self.queue:
            waiting = list(self.queue)
            passed = await self.sieve.sift(TOM, waiting)
            self.queue[:] = [row for row in self.queue if row not in waiting]
            for row in passed:
                await self.outbox.mark_closed(row.id, "Forbidden: bot was blocked by the user")

    async def opens(self) -> None:
        """Let the chat take messages again."""
        self.sieve.forget(TOM)
        await self.outbox.reopen(TOM, self.clock.now() - timedelta(hours=12))
        await self.comes_due()

    async def comes_due(self) -> None:
        """Queue what the database says is due, as the notifier's look does."""
        self.queue.extend(await self.outbox.due(self.clock.now(), 500, {row.id for row in self.queue}))


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    clock = FakeClock()
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", clock=clock, boot_id="boot-1")
    yield Night(database, clock)
    await database.close()


async def test_four_events_are_told_alone_and_those_after_them_in_one_digest(night: Night) -> None:
    await night.fires(*(price_firing(number, night.clock.now()) for number in range(1, 8)))
    said = await night.told()
    assert [line.split(" ·")[0] for line in said[:4]] == ["🔔 AAPL ▲ 200.15"] * 4
    assert said[4:] == ["🔔 3 more alerts at once: AAPL"]
    assert await night.states(5, 6, 7, 8) == [("folded", 8), ("folded", 8), ("folded", 8), ("sent", None)]


async def test_a_digest_names_each_firing_it_tells(night: Night) -> None:
    now = night.clock.now()
    await night.fires(*(price_firing(number, now) for number in range(1, 5)))
    await night.fires(price_firing(5, now, instrument=MSFT, price=412.5, nth=3), price_firing(6, now, instrument=EVIL))
    await night.told()
    words = night.words(await night.row(7))
    assert "10:00:00 MSFT ▲ 412.50 · above 200.00 · #5·3" in words
    assert "#6·1" in words
    assert [row.id for row in await night.outbox.members(7)] == [5, 6]


async def test_an_open_digest_grows_by_edit_and_each_new_event_hangs_on_its_first_row(night: Night) -> None:
    await night.fires(*(price_firing(number, night.clock.now()) for number in range(1, 6)))
    assert (await night.told())[4].startswith("🔔 AAPL ▲ 200.15, and more may follow here")
    night.clock.advance(10)
    await night.fires(price_firing(7, night.clock.now(), instrument=MSFT))
    assert await night.told() == ["🔔 2 more alerts within 10 s: MSFT, AAPL"]
    assert await night.states(7) == [("folded", 6)]
    edit = await night.row(8)
    assert edit.edit_key == (await night.row(6)).dedupe_key
    assert [row.id for row in await night.outbox.members(6)] == [5, 7]


async def test_after_half_a_minute_of_quiet_events_are_told_alone_again(night: Night) -> None:
    await night.fires(*(price_firing(number, night.clock.now()) for number in range(1, 7)))
    await night.told()
    night.clock.advance(31)
    await night.fires(price_firing(9, night.clock.now(), price=201.0))
    assert (await night.told())[0].startswith("🔔 AAPL ▲ 201.00")
    assert (await night.states(8))[0][0] == "sent"


async def test_a_stream_without_end_makes_a_new_digest_every_two_minutes(night: Night) -> None:
    for number in range(1, 70):
        await night.fires(price_firing(number, night.clock.now()))
        await night.told()
        night.clock.advance(5)
    rows = [row for number in range(1, 200) if (row := await night.outbox.get(number))]
    roots = [row for row in rows if row.kind == "digest" and row.edit_key is None]
    assert [(later.created - first.created) for first, later in pairwise(roots)] == [timedelta(seconds=125)] * 2
    members = [row.id for root in roots for row in await night.outbox.members(root.id)]
    alone = [row.id for row in rows if row.kind == "firing" and row.state is MessageState.SENT]
    assert len(alone) == 4
    assert sorted(members + alone) == [row.id for row in rows if row.kind == "firing"]


async def test_what_is_critical_or_of_orders_or_no_event_is_never_told_with_others(night: Night) -> None:
    now = night.clock.now()
    await night.fires(*(price_firing(number, now) for number in range(1, 6)))
    await night.told()
    await night.fires(price_firing(6, now, options="critical"), order_firing(7, now))
    await night.outbox.put(NewMessage(TOM, "notice", "n", {"notice": "test", "at": now.isoformat()}))
    said = await night.told()
    assert "CRITICAL" in said[0]
    assert "Filled: BUY 10 AAPL" in said[1]
    assert said[2] == "🔔 This is a test."


async def test_a_stream_of_news_is_one_silent_digest_and_takes_no_price_its_own_message(night: Night) -> None:
    now = night.clock.now()
    await night.fires(*(news_firing(number, now) for number in range(1, 8)))
    await night.told()
    await night.fires(*(price_firing(number, now) for number in range(9, 14)))
    assert [line.split(" ·")[0] for line in await night.told()][:4] == ["🔔 AAPL ▲ 200.15"] * 4
    quiet, loud = await night.row(8), await night.row(14)
    assert (quiet.kind, quiet.silent, quiet.priority) == ("digest", True, Priority.NEWS)
    assert (loud.kind, loud.silent, loud.edit_key) == ("digest", False, None)
    assert [row.id for row in await night.outbox.members(14)] == [13]


async def test_a_repeat_that_is_folded_is_marked_in_the_digest(night: Night) -> None:
    now = night.clock.now()
    await night.fires(*(price_firing(number, now) for number in range(1, 7)))
    night.queue[4] = replace(night.queue[4], may_repeat=True)
    await night.told()
    (marked,) = [line for line in night.words(await night.row(7)).splitlines() if "may repeat" in line]
    assert "#5·1" in marked


async def test_a_row_that_is_no_firing_at_all_passes_for_others_to_say_what_is_wrong(night: Night) -> None:
    for number in range(7):
        await night.outbox.put(NewMessage(TOM, "firing", f"bad {number}", {"rule": "none"}))
    assert await night.sieve.sift(TOM, night.queue) == night.queue


async def test_where_nothing_is_silenced_nothing_is_asked_of_the_database(night: Night) -> None:
    await night.fires(price_firing(1, night.clock.now()))
    sieve = OutboxSieve(None, UserSettings, lambda _user: NEW_YORK, night.clock)  # type: ignore[arg-type]
    sifting = sieve.sift(TOM, night.queue)
    with pytest.raises(StopIteration):
        sifting.send(None)


LATE_EVENING = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def until(clock: FakeClock, moment: datetime) -> None:
    clock.advance((moment - clock.now()).total_seconds())


async def test_in_quiet_hours_all_waits_but_what_is_critical_or_of_orders(night: Night) -> None:
    night.has_set(quiet="22:00-07:00")
    until(night.clock, LATE_EVENING)
    now = night.clock.now()
    await night.fires(price_firing(1, now), news_firing(2, now))
    await night.fires(price_firing(3, now, options="critical"), order_firing(4, now))
    await night.outbox.put(NewMessage(TOM, "notice", "test", {"notice": "test", "at": now.isoformat()}))
    lost = {"notice": "link lost", "at": now.isoformat(), "reason": "refused"}
    await night.outbox.put(NewMessage(TOM, "notice", "lost", lost))
    said = await night.told()
    assert ["CRITICAL" in said[0], "Filled" in said[1], said[2]] == [True, True, "🔔 This is a test."]
    assert len(said) == 3
    assert [(await night.row(one)).next_try for one in (1, 2, 6)] == [MORNING] * 3
    assert await night.outbox.depth() == 0


async def test_what_waited_comes_in_the_morning_late_and_marked(night: Night) -> None:
    night.has_set(quiet="22:00-07:00")
    until(night.clock, LATE_EVENING)
    await night.fires(price_firing(1, night.clock.now()))
    assert await night.told() == []
    until(night.clock, MORNING)
    await night.comes_due()
    words = night.words(night.queue[0])
    assert "Late: happened 23:00:00 ET, told 8 h after" in words
    assert "It waited for the end of your quiet hours." in words
    assert len(await night.told()) == 1


async def test_many_that_waited_come_as_one_digest_without_the_first_four_alone(night: Night) -> None:
    night.has_set(quiet="22:00-07:00")
    until(night.clock, LATE_EVENING)
    for number in range(1, 8):
        await night.fires(price_firing(number, night.clock.now()))
        assert await night.told() == []
        night.clock.advance(60)
    until(night.clock, MORNING)
    await night.comes_due()
    assert await night.told() == ["🌙 7 alerts in your quiet hours: AAPL"]
    assert len(await night.outbox.members(8)) == 7


async def test_quiet_hours_that_are_taken_back_let_go_at_once_what_waits(night: Night) -> None:
    night.has_set(quiet="22:00-07:00")
    until(night.clock, LATE_EVENING)
    await night.fires(price_firing(1, night.clock.now()))
    await night.told()
    night.has_set(quiet="")
    await night.outbox.let_go(TOM, "quiet hours")
    await night.comes_due()
    assert len(await night.told()) == 1


async def test_in_quiet_hours_a_message_that_is_there_is_still_edited(night: Night) -> None:
    now = LATE_EVENING - timedelta(hours=2)
    until(night.clock, now)
    lost = {"notice": "link lost", "at": now.isoformat(), "reason": "refused"}
    back = {"notice": "link back", "at": now.isoformat(), "since": now.isoformat(), "alerts": 1}
    await night.outbox.put(NewMessage(TOM, "notice", "lost", lost))
    await night.told()
    night.has_set(quiet="22:00-07:00")
    until(night.clock, LATE_EVENING)
    await night.outbox.put(NewMessage(TOM, "notice", "back", back, edit_key="lost"))
    await night.outbox.put(NewMessage(TOM, "notice", "never", back, edit_key="of nothing"))
    assert len(await night.told()) == 1
    assert [str((await night.row(one)).state) for one in (2, 3)] == ["sent", "new"]


async def test_what_is_older_than_half_a_day_collapses_into_one_message(night: Night) -> None:
    long_ago = night.clock.now() - timedelta(hours=13)
    await night.fires(*(price_firing(number, long_ago) for number in range(1, 4)))
    await night.fires(price_firing(4, night.clock.now()), price_firing(5, long_ago, options="critical"))
    said = await night.told()
    assert said == [said[0], said[1], "⚠️ 3 alerts from before, told late: AAPL"]
    assert "CRITICAL" in said[0]
    assert said[1].startswith("🔔 AAPL ▲ 200.15")


async def test_a_single_old_alert_is_told_alone_and_late(night: Night) -> None:
    await night.fires(price_firing(1, night.clock.now() - timedelta(hours=13)))
    assert (await night.told())[0].startswith("🔔 AAPL ▲ 200.15")


async def test_an_alert_that_calms_the_others_speaks_for_them_for_a_quarter_of_an_hour(night: Night) -> None:
    night.has_set(calming=(9,))
    now = night.clock.now()
    await night.fires(price_firing(9, now, instrument=MSFT))
    await night.told()
    for number in range(1, 24):
        night.clock.advance(30)
        await night.fires(price_firing(number + 100, night.clock.now()))
        (said,) = await night.told()
        assert said.startswith("🔔 MSFT ▲")
    last = [row for one in range(1, 99) if (row := await night.outbox.get(one)) and row.kind == "calmed"][-1]
    assert "23 of yours fired meanwhile: AAPL" in night.words(last)
    assert "Late" not in night.words(last)
    assert (last.edit_key, len(await night.outbox.members(1))) == ((await night.row(1)).dedupe_key, 23)
    night.clock.advance(5 * 60)
    await night.fires(price_firing(200, night.clock.now()))
    assert (await night.told())[0].startswith("🔔 AAPL")


async def test_calm_is_over_no_critical_alert_no_news_and_no_other_persons_alert(night: Night) -> None:
    night.has_set(calming=(9,))
    now = night.clock.now()
    await night.fires(price_firing(9, now, options="critical"))
    await night.told()
    other = price_firing(3, now, owner=111)
    await night.fires(price_firing(1, now, options="critical"), news_firing(2, now))
    await night.outbox.put(replace(message_of(other, firing_to_json(other)), chat_id=TOM))
    assert len(await night.told()) == 3
    assert await night.outbox.members(1) == []


async def test_an_alert_that_calms_is_told_alone_in_any_burst_and_goes_on_after_a_restart(night: Night) -> None:
    night.has_set(calming=(9,))
    now = night.clock.now()
    await night.fires(*(price_firing(number, now) for number in range(1, 7)))
    await night.told()
    await night.fires(price_firing(9, now, instrument=MSFT))
    assert (await night.told())[0].startswith("🔔 MSFT")
    await night.fires(price_firing(11, now))
    await night.told()
    night.restart()
    await night.sieve.load(TOM)
    night.clock.advance(60)
    await night.fires(price_firing(12, night.clock.now(), instrument=EVIL))
    await night.told()
    assert len(await night.outbox.members(8)) == 2
    assert "2 of yours fired meanwhile: <b>&EVIL, AAPL" in night.words(await night.row(12))


async def test_a_digest_that_was_open_at_a_restart_is_closed_complete_and_the_next_begins_anew(night: Night) -> None:
    now = night.clock.now()
    await night.fires(*(price_firing(number, now) for number in range(1, 11)))
    assert len(await night.told()) == 5
    [root] = {row.told_by for row in [await night.row(n) for n in range(5, 11)]}
    assert root is not None
    night.restart()
    night.clock.advance(2)
    await night.fires(*(price_firing(number, night.clock.now()) for number in range(11, 21)))
    assert len(await night.told()) == 5
    members = [row.payload["rule"]["id"] for row in await night.outbox.members(root)]
    assert members == [5, 6, 7, 8, 9, 10]
    rows = [await night.row(n) for n in range(1, 23)]
    alone = [row.payload["rule"]["id"] for row in rows if row.kind == "firing" and row.told_by is None]
    folded = [row.payload["rule"]["id"] for row in rows if row.kind == "firing" and row.told_by is not None]
    assert sorted(alone + folded) == list(range(1, 21))
    assert len(alone) == 8
    assert {row.state for row in rows} == {MessageState.SENT, MessageState.FOLDED}


async def test_a_chat_that_was_blocked_hears_of_each_alert_also_of_those_that_a_digest_took_in_later(
    night: Night,
) -> None:
    for number in range(1, 41):
        await night.fires(price_firing(number, night.clock.now()))
        await night.is_closed()
        night.clock.advance(0.5)
    night.clock.advance(3600)
    await night.opens()
    said = await night.told()
    assert said[4].startswith("🔔 36 more alerts")
    assert await night.outbox.depth() == 0
    told = await night.outbox.told(night.last)
    assert told is not None
    assert told.count == 36
    await night.opens()
    assert await night.told() == []


async def test_what_a_digest_took_in_while_its_chat_was_blocked_is_told_as_a_message(night: Night) -> None:
    await night.fires(*(price_firing(number, night.clock.now()) for number in range(1, 7)))
    assert len(await night.told()) == 5
    night.clock.advance(5)
    await night.fires(price_firing(7, night.clock.now()))
    await night.is_closed()
    night.clock.advance(3600)
    await night.opens()
    (said,) = await night.told()
    assert said.startswith("🔔 3 more alerts")
    # Two of them stand in the message from before.
    assert "↻ may repeat" in night.words(await night.row(night.last))


async def test_what_a_digest_told_that_may_have_arrived_before_the_block_is_told_again_marked(night: Night) -> None:
    await night.fires(*(price_firing(number, night.clock.now()) for number in range(1, 7)))
    await night.told(4)
    (digest,) = night.queue
    await night.outbox.mark_unknown(digest.id, night.clock.now(), "ReadTimeout")
    await night.is_closed()
    night.clock.advance(3600)
    await night.opens()
    await night.told()
    assert [(await night.row(number)).may_repeat for number in (5, 6)] == [True, True]


async def test_a_chat_that_is_blocked_again_before_it_was_told_hears_of_all_when_it_opens_for_good(
    night: Night,
) -> None:
    await night.fires(*(price_firing(number, night.clock.now()) for number in range(1, 8)))
    for _ in range(3):
        await night.is_closed()
        night.clock.advance(3600)
        await night.opens()
    await night.told()
    told = await night.outbox.told(night.last)
    assert told is not None
    assert told.count == 3
    assert await night.outbox.depth() == 0


async def test_a_growth_that_still_waits_as_the_chat_opens_is_over_and_what_it_told_comes_marked(night: Night) -> None:
    await night.fires(*(price_firing(number, night.clock.now()) for number in range(1, 7)))
    await night.told(4)
    (digest,) = night.queue
    await night.outbox.mark_closed(digest.id, "Forbidden: bot was blocked by the user")
    night.queue.clear()
    night.clock.advance(5)
    await night.fires(price_firing(7, night.clock.now()))
    await night.sieve.sift(TOM, night.queue)
    growth = night.queue[-1]
    assert growth.edit_key == digest.dedupe_key
    await night.opens()
    assert (await night.row(growth.id)).state is MessageState.FAILED
    assert [(await night.row(number)).may_repeat for number in (5, 6)] == [True, True]


async def test_a_chat_that_was_blocked_hears_of_what_a_calming_alert_would_have_told(night: Night) -> None:
    night.has_set(calming=(1,))
    for number in range(1, 8):
        await night.fires(price_firing(number, night.clock.now()))
        await night.is_closed()
        night.clock.advance(5)
    night.clock.advance(600)
    await night.opens()
    said = await night.told()
    assert len(said) == 2
    edit = (await night.outbox.fired_since(TOM, night.clock.now() - timedelta(hours=1)))[0]
    told = await night.outbox.told(edit.id)
    assert told is not None
    assert told.count == 6


async def test_a_digest_of_old_and_new_says_that_it_is_late(night: Night) -> None:
    now = night.clock.now()
    old = (price_firing(number, now - timedelta(minutes=40)) for number in range(1, 12))
    await night.fires(*old, price_firing(12, now))
    await night.told()
    assert "⚠️ Late: the first happened 40 min ago" in night.words(await night.row(night.last))


async def test_a_trouble_that_came_and_went_in_quiet_hours_is_told_by_its_end(night: Night) -> None:
    night.has_set(quiet="22:00-07:00")
    until(night.clock, LATE_EVENING)
    lost = NewMessage(TOM, "notice", "link:1", {"notice": "link lost"})
    back = replace(lost, payload={"notice": "link back"}, dedupe_key="link:1:back", edit_key="link:1")
    await night.outbox.put(lost)
    assert await night.told() == []
    await night.outbox.put(back)
    assert await night.told() == []
    until(night.clock, MORNING)
    await night.comes_due()
    passed = await night.sieve.sift(TOM, night.queue)
    assert [row.dedupe_key for row in passed] == ["link:1:back"]
    assert await night.states(1) == [("folded", 2)]


async def test_the_zone_of_quiet_hours_is_the_persons_own(night: Night) -> None:
    night.has_set(quiet="22:00-07:00")
    sieve = OutboxSieve(
        night.outbox, lambda user: night.people[user], lambda _user: ZoneInfo("Europe/Berlin"), night.clock
    )
    until(night.clock, datetime(2026, 11, 20, 21, 30, tzinfo=UTC))
    await night.fires(price_firing(1, night.clock.now(), instrument=AAPL))
    assert await sieve.sift(TOM, night.queue) == []
    assert (await night.row(1)).next_try == datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


async def test_more_than_eight_headlines_in_ten_minutes_share_a_message_that_grows(night: Night) -> None:
    for number in range(1, 9):
        await night.fires(news_firing(number, night.clock.now(), f"Headline {number}"))
        assert (await night.told())[0].startswith("📰 AAPL · DJNL")
        night.clock.advance(40)
    await night.fires(news_firing(9, night.clock.now(), "Headline 9"))
    assert await night.told() == ["📰 AAPL: Headline 9, and more may follow here"]
    first = night.last
    night.clock.advance(100)
    await night.fires(news_firing(10, night.clock.now(), "Headline 10"))
    assert await night.told() == ["📰 2 more headlines within 1 min: AAPL"]
    edit = await night.row(night.last)
    assert edit.edit_key == (await night.row(first)).dedupe_key
    assert edit.silent
    assert [one.payload["cause"]["headline"]["text"] for one in await night.outbox.members(first)] == [
        "Headline 9",
        "Headline 10",
    ]


async def test_a_digest_of_headlines_takes_in_more_for_ten_minutes_then_there_is_a_new_one(night: Night) -> None:
    await night.fires(*(news_firing(number, night.clock.now(), f"Headline {number}") for number in range(1, 31)))
    said = await night.told()
    assert said[4:] == ["📰 26 more headlines at once: AAPL"]
    for number in (31, 32):
        night.clock.advance(290)
        await night.fires(*(news_firing(number * 100 + n, night.clock.now(), f"{number} {n}") for n in range(6)))
        await night.told()
        assert (await night.row(night.last)).edit_key is not None
    night.clock.advance(60)
    await night.fires(*(news_firing(3300 + n, night.clock.now(), f"33 {n}") for n in range(2)))
    assert await night.told() == ["📰 2 more headlines at once: AAPL"]
    assert (await night.row(night.last)).edit_key is None


async def test_when_it_calms_headlines_come_one_by_one_again(night: Night) -> None:
    await night.fires(*(news_firing(number, night.clock.now(), f"Headline {number}") for number in range(1, 31)))
    await night.told()
    night.clock.advance(601)
    await night.fires(news_firing(40, night.clock.now(), "Later"))
    assert (await night.told())[0].startswith("📰 AAPL · DJNL")


async def test_critical_headlines_and_those_with_a_price_are_told_each_on_its_own(night: Night) -> None:
    for number in range(1, 12):
        await night.fires(news_firing(number, night.clock.now(), f"Headline {number}"))
        await night.told()
        night.clock.advance(40)
    for number, options in ((20, "critical"), (21, "if moves 1% in 5m"), (22, "then buy 10 limit 199.5")):
        await night.fires(news_firing(number, night.clock.now(), "It matters", options))
        assert (await night.told())[0].startswith("📰 AAPL · DJNL")


async def test_who_wants_each_headline_gets_each_but_for_a_burst(night: Night) -> None:
    night.has_set(news="all")
    for number in range(1, 14):
        await night.fires(news_firing(number, night.clock.now(), f"Headline {number}"))
        assert (await night.told())[0].startswith("📰 AAPL · DJNL")
        night.clock.advance(40)
    await night.fires(*(news_firing(number, night.clock.now(), f"Headline {number}") for number in range(20, 26)))
    assert (await night.told())[-1] == "🔔 2 more alerts at once: AAPL"


async def test_who_wants_them_hourly_gets_one_message_at_the_full_hour(night: Night) -> None:
    night.has_set(news="hourly")
    night.clock.advance(600)
    await night.fires(*(news_firing(number, night.clock.now(), f"Headline {number}") for number in range(1, 4)))
    night.clock.advance(2400)
    await night.fires(news_firing(4, night.clock.now(), "Headline 4"))
    await night.fires(news_firing(5, night.clock.now(), "At once", "critical"))
    assert [line.split(" · ")[-1] for line in await night.told()] == ["CRITICAL"]
    night.clock.advance(599)
    await night.comes_due()
    assert await night.told() == []
    night.restart()
    night.clock.advance(1)
    await night.comes_due()
    assert await night.told() == ["📰 4 headlines in the last hour: AAPL"]
    assert not night.queue
    assert len(await night.outbox.members(night.last)) == 4


async def test_a_headline_with_an_order_ready_waits_for_no_hour(night: Night) -> None:
    night.has_set(news="hourly")
    await night.fires(news_firing(1, night.clock.now(), "Headline 1", "then buy 10 limit 199.5"))
    assert (await night.told())[0].startswith("📰 AAPL · DJNL")


async def test_what_waited_for_the_hour_comes_at_once_to_who_wants_it_otherwise(night: Night) -> None:
    night.has_set(news="hourly")
    await night.fires(news_firing(1, night.clock.now(), "Headline 1"))
    assert await night.told() == []
    night.has_set(news="busy")
    await night.outbox.let_go(TOM, "hourly")
    await night.comes_due()
    assert await night.told() == ["📰 1 headline in the last hour: AAPL"]


async def test_an_hour_that_ends_in_quiet_hours_is_told_when_they_end(night: Night) -> None:
    night.has_set(news="hourly", quiet="11:00-12:00")
    await night.fires(*(news_firing(number, night.clock.now(), f"Headline {number}") for number in range(1, 7)))
    assert await night.told() == []
    night.clock.advance(3600)
    await night.comes_due()
    assert await night.told() == []
    night.clock.advance(3600)
    await night.comes_due()
    assert await night.told() == ["🌙 6 alerts in your quiet hours: AAPL"]
