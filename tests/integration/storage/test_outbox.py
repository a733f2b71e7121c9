"""The outbox on a real database: nothing lost, nothing told twice, whoever dies."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from storage.database import Database
from storage.groups import SqlGroups
from storage.message import Told
from storage.outbox import MessageState, NewMessage, OutboxMessage, Priority, SqlOutbox
from tests.fakes.clock import FakeClock

HELLO = NewMessage(chat_id=111, kind="notice", dedupe_key="notice:1", payload={"text": "hello"})


async def only(outbox: SqlOutbox, clock: FakeClock) -> OutboxMessage:
    [message] = await outbox.due(clock.now(), 10)
    return message


async def left_by_a_dead_boot(path: Path, clock: FakeClock, *messages: NewMessage) -> None:
    database = await Database.open(f"sqlite:///{path}", clock=clock, boot_id="boot-0")
    for message in messages:
        await SqlOutbox(database, clock, "boot-0").put(message)
    await database.close()


async def test_a_new_message_is_committed_as_sending_under_this_boot_and_handed_over(
    outbox: SqlOutbox, clock: FakeClock, heard: list[Sequence[OutboxMessage]]
) -> None:
    assert await outbox.put(replace(HELLO, reply_to=9, edit_key="earlier", silent=True, priority=Priority.NEWS))
    stored = await outbox.get(1)
    assert heard == [[stored]]
    assert stored == OutboxMessage(
        id=1,
        chat_id=111,
        kind="notice",
        payload={"text": "hello"},
        state=MessageState.SENDING,
        priority=Priority.NEWS,
        silent=True,
        created=clock.now(),
        happened=clock.now(),
        dedupe_key="notice:1",
        reply_to=9,
        edit_key="earlier",
        boot_id="boot-1",
        attempts=0,
        next_try=None,
        message_id=None,
        error="",
        may_repeat=False,
    )
    assert isinstance(stored.state, MessageState)
    assert isinstance(stored.priority, Priority)


async def test_the_same_message_is_put_once(
    outbox: SqlOutbox, clock: FakeClock, heard: list[Sequence[OutboxMessage]]
) -> None:
    assert await outbox.put(HELLO)
    assert not await outbox.put(replace(HELLO, payload={"text": "again"}))
    assert len(heard) == 1
    assert (await only(outbox, clock)).payload == {"text": "hello"}


async def test_the_same_message_is_put_once_also_after_it_was_delivered(outbox: SqlOutbox) -> None:
    await outbox.put(HELLO)
    await outbox.mark_delivered(1, 77)
    assert not await outbox.put(HELLO)
    assert await outbox.depth() == 0


async def test_a_row_whose_listener_failed_is_due(outbox: SqlOutbox, clock: FakeClock) -> None:
    def fails(_rows: Sequence[OutboxMessage]) -> None:
        raise LookupError

    outbox.on_new(fails)
    with pytest.raises(LookupError):
        await outbox.put(HELLO)
    assert (await only(outbox, clock)).dedupe_key == "notice:1"


async def test_what_the_caller_holds_is_not_due_for_it(outbox: SqlOutbox, clock: FakeClock) -> None:
    await outbox.put(HELLO)
    await outbox.put(replace(HELLO, dedupe_key="notice:2"))
    assert [row.id for row in await outbox.due(clock.now(), 10, held={1})] == [2]


async def test_held_rows_do_not_use_up_the_limit(outbox: SqlOutbox, clock: FakeClock) -> None:
    for number in range(6):
        await outbox.put(replace(HELLO, dedupe_key=f"notice:{number}"))
    assert [row.id for row in await outbox.due(clock.now(), 2, held={1, 2, 3})] == [4, 5]


async def test_due_goes_by_priority_then_age(outbox: SqlOutbox, clock: FakeClock) -> None:
    for priority in (Priority.NEWS, Priority.ALERT, Priority.ORDER, Priority.ALERT, Priority.CRITICAL):
        await outbox.put(replace(HELLO, dedupe_key=f"k{await outbox.depth()}", priority=priority))
    assert [row.id for row in await outbox.due(clock.now(), 4)] == [3, 5, 2, 4]


async def test_what_a_dead_boot_left_sending_is_unknown_marked_and_due_at_once(path: Path, clock: FakeClock) -> None:
    await left_by_a_dead_boot(path, clock, HELLO)
    database = await Database.open(f"sqlite:///{path}", clock=clock, boot_id="boot-1")
    outbox = SqlOutbox(database, clock, "boot-1")
    assert await outbox.due(clock.now(), 10) == []
    assert await outbox.recover() == 1
    row = await only(outbox, clock)
    assert (row.state, row.may_repeat) == (MessageState.UNKNOWN, True)
    assert await outbox.recover() == 0
    await database.close()


async def test_recovering_leaves_this_boots_rows_alone(outbox: SqlOutbox) -> None:
    await outbox.put(HELLO)
    assert await outbox.recover() == 0
    row = await outbox.get(1)
    assert row is not None
    assert (row.state, row.may_repeat) == (MessageState.SENDING, False)


async def test_what_was_released_at_shutdown_goes_out_at_the_next_start_unmarked(path: Path, clock: FakeClock) -> None:
    database = await Database.open(f"sqlite:///{path}", clock=clock, boot_id="boot-0")
    first = SqlOutbox(database, clock, "boot-0")
    await first.put(HELLO)
    await first.release([1])
    await database.close()
    database = await Database.open(f"sqlite:///{path}", clock=clock, boot_id="boot-1")
    outbox = SqlOutbox(database, clock, "boot-1")
    assert await outbox.recover() == 0
    row = await only(outbox, clock)
    assert (row.state, row.may_repeat) == (MessageState.NEW, False)
    await outbox.mark_sending(row.id)
    row = await only(outbox, clock)
    assert (row.state, row.boot_id) == (MessageState.SENDING, "boot-1")
    await database.close()


async def test_releasing_touches_only_what_is_in_hand(outbox: SqlOutbox, clock: FakeClock) -> None:
    for number in range(3):
        await outbox.put(replace(HELLO, dedupe_key=f"notice:{number}"))
    await outbox.mark_delivered(1, 70)
    await outbox.mark_unknown(2, clock.now() + timedelta(seconds=5), "timed out")
    await outbox.release([1, 2, 3])
    rows = [await outbox.get(number) for number in (1, 2, 3)]
    assert [row and row.state for row in rows] == [MessageState.SENT, MessageState.UNKNOWN, MessageState.NEW]
    await outbox.release([])


async def test_an_unknown_row_comes_again_when_its_time_has_come_and_stays_marked(
    outbox: SqlOutbox, clock: FakeClock
) -> None:
    await outbox.put(HELLO)
    await outbox.mark_unknown(1, clock.now() + timedelta(seconds=5), "timed out")
    assert await outbox.due(clock.now(), 10) == []
    clock.advance(5)
    row = await only(outbox, clock)
    assert (row.state, row.attempts, row.error, row.may_repeat) == (MessageState.UNKNOWN, 1, "timed out", True)
    await outbox.mark_sending(1)
    await outbox.mark_retry(1, clock.now() + timedelta(seconds=2), "429")
    clock.advance(2)
    row = await only(outbox, clock)
    assert (row.state, row.attempts, row.error, row.may_repeat) == (MessageState.NEW, 2, "429", True)


async def test_a_row_that_surely_did_not_arrive_waits_unmarked(outbox: SqlOutbox, clock: FakeClock) -> None:
    await outbox.put(HELLO)
    await outbox.mark_retry(1, clock.now() + timedelta(seconds=2), "429")
    assert await outbox.due(clock.now(), 10) == []
    clock.advance(2)
    assert not (await only(outbox, clock)).may_repeat


async def test_delivered_and_failed_are_final(outbox: SqlOutbox, clock: FakeClock) -> None:
    await outbox.put(HELLO)
    await outbox.put(replace(HELLO, dedupe_key="notice:2"))
    await outbox.mark_delivered(1, 77)
    await outbox.mark_failed(2, "cannot be rendered")
    for row_id in (1, 2):
        await outbox.mark_sending(row_id)
        await outbox.mark_unknown(row_id, clock.now(), "late")
    sent, failed = await outbox.get(1), await outbox.get(2)
    assert sent is not None
    assert failed is not None
    assert (sent.state, sent.message_id) == (MessageState.SENT, 77)
    assert (failed.state, failed.error) == (MessageState.FAILED, "cannot be rendered")
    assert await outbox.due(clock.now(), 10) == []


async def test_the_message_of_an_earlier_row_is_known_once_it_was_delivered(outbox: SqlOutbox) -> None:
    await outbox.put(HELLO)
    assert await outbox.message_id_of("notice:1") is None
    await outbox.mark_delivered(1, 77)
    assert await outbox.message_id_of("notice:1") == 77
    assert await outbox.message_id_of("never") is None


async def test_depth_counts_what_is_not_delivered(outbox: SqlOutbox, clock: FakeClock) -> None:
    for number in range(5):
        await outbox.put(replace(HELLO, dedupe_key=f"notice:{number}"))
    await outbox.mark_delivered(1, 70)
    await outbox.mark_failed(2, "blocked")
    await outbox.mark_unknown(3, clock.now(), "timed out")
    await outbox.mark_retry(4, clock.now(), "429")
    assert await outbox.depth() == 3


async def test_an_unwritten_row_has_no_reader(outbox: SqlOutbox) -> None:
    assert await outbox.get(5) is None


async def test_many_held_rows_do_not_break_the_statement(outbox: SqlOutbox, clock: FakeClock) -> None:
    await outbox.put(HELLO)
    assert len(await outbox.due(clock.now(), 500, held=frozenset(range(2, 300_000)))) == 1


def test_a_payload_is_not_shown() -> None:
    assert "hello" not in repr(HELLO)


async def put(outbox: SqlOutbox, *keys: str, chat_id: int = 111) -> None:
    for key in keys:
        assert await outbox.put(replace(HELLO, dedupe_key=key, chat_id=chat_id))


async def states(outbox: SqlOutbox, *ids: int) -> list[MessageState]:
    rows = [await outbox.get(row_id) for row_id in ids]
    return [row.state for row in rows if row is not None]


async def test_a_digest_and_what_it_tells_are_stored_together(
    outbox: SqlOutbox, heard: list[Sequence[OutboxMessage]], clock: FakeClock
) -> None:
    await put(outbox, "a", "b", "c")
    digest = await outbox.put_digest(replace(HELLO, dedupe_key="digest:1"), [1, 3], "digest")
    assert heard[-1] == [digest]
    assert await states(outbox, 1, 2, 3, 4) == [
        MessageState.FOLDED,
        MessageState.SENDING,
        MessageState.FOLDED,
        MessageState.SENDING,
    ]
    assert [(row.id, row.told_by, row.silence) for row in await outbox.members(digest.id)] == [
        (1, 4, "digest"),
        (3, 4, "digest"),
    ]
    assert [row.id for row in await outbox.due(clock.now(), 10)] == [2, 4]


async def test_a_digest_that_is_known_is_not_stored_again_and_tells_more(
    outbox: SqlOutbox, heard: list[Sequence[OutboxMessage]]
) -> None:
    await put(outbox, "a", "b")
    first = await outbox.put_digest(replace(HELLO, dedupe_key="digest:1"), [1], "digest")
    again = await outbox.put_digest(replace(HELLO, dedupe_key="digest:1"), [2], "digest")
    assert again.id == first.id
    assert len(heard) == 3
    assert [row.id for row in await outbox.members(first.id)] == [1, 2]


async def test_an_edit_of_a_digest_may_leave_its_members_with_the_digest(outbox: SqlOutbox) -> None:
    await put(outbox, "a", "b")
    first = await outbox.put_digest(replace(HELLO, dedupe_key="digest:1"), [1], "digest")
    edit = replace(HELLO, dedupe_key="digest:1:edit", edit_key="digest:1")
    await outbox.put_digest(edit, [2], "digest", told_by=first.id)
    assert [row.id for row in await outbox.members(first.id)] == [1, 2]


async def test_a_folded_row_stays_folded_over_a_death(path: Path, clock: FakeClock) -> None:
    database = await Database.open(f"sqlite:///{path}", clock=clock, boot_id="boot-0")
    first = SqlOutbox(database, clock, "boot-0")
    await put(first, "a", "b")
    await first.fold([1], 2, "newer")
    await first.mark_unknown(1, clock.now(), "late")
    await database.close()
    database = await Database.open(f"sqlite:///{path}", clock=clock, boot_id="boot-1")
    outbox = SqlOutbox(database, clock, "boot-1")
    assert await outbox.recover() == 1
    assert [row.id for row in await outbox.due(clock.now(), 10)] == [2]
    assert await outbox.depth() == 1
    await database.close()


async def test_a_delivered_row_is_not_folded(outbox: SqlOutbox) -> None:
    await put(outbox, "a", "b")
    await outbox.mark_delivered(1, 70)
    await outbox.fold([1], 2, "digest")
    assert await states(outbox, 1) == [MessageState.SENT]
    assert await outbox.members(2) == []


async def test_a_held_row_comes_when_its_time_has_come_and_says_why_it_waited(
    outbox: SqlOutbox, clock: FakeClock
) -> None:
    await put(outbox, "a")
    await outbox.hold([1], clock.now() + timedelta(hours=8), "quiet hours")
    assert await outbox.due(clock.now(), 10) == []
    clock.advance(8 * 3600)
    row = await only(outbox, clock)
    assert (row.state, row.silence, row.may_repeat) == (MessageState.NEW, "quiet hours", False)


async def test_rows_for_the_web_and_rows_for_phones_are_read_apart(outbox: SqlOutbox, clock: FakeClock) -> None:
    await put(outbox, "phone")
    await outbox.put(replace(HELLO, dedupe_key="web", target="https://example.com/x"))
    assert [row.dedupe_key for row in await outbox.due(clock.now(), 10)] == ["phone"]
    assert [row.dedupe_key for row in await outbox.due(clock.now(), 10, to_web=True)] == ["web"]


async def test_what_is_held_until_its_time_is_no_backlog_and_can_be_let_go(outbox: SqlOutbox, clock: FakeClock) -> None:
    for name in ("a", "b", "c"):
        await outbox.put(NewMessage(111, "firing", name, {}))
    await outbox.put(NewMessage(222, "firing", "d", {}))
    later = clock.now() + timedelta(hours=8)
    await outbox.hold([1, 2], later, "quiet hours")
    await outbox.hold([4], later, "quiet hours")
    assert await outbox.depth() == 1
    await outbox.mark_retry(3, later, "no connection")
    assert await outbox.depth() == 1
    assert await outbox.due(clock.now(), 10) == []
    await outbox.let_go(111, "quiet hours")
    assert [row.id for row in await outbox.due(clock.now(), 10)] == [1, 2]
    assert await outbox.depth() == 3


async def test_the_firings_of_a_while_are_found_again_without_those_that_another_row_tells(
    outbox: SqlOutbox, clock: FakeClock
) -> None:
    now = clock.now()
    await outbox.put(NewMessage(111, "firing", "old", {}, happened=now - timedelta(minutes=16)))
    await outbox.put(NewMessage(111, "firing", "new", {}, happened=now - timedelta(minutes=14)))
    await outbox.put(NewMessage(111, "notice", "other", {}, happened=now))
    await outbox.put(NewMessage(111, "firing", "folded", {}, happened=now))
    await outbox.put(NewMessage(222, "firing", "elsewhere", {}, happened=now))
    await outbox.fold([4], 2, "calm")
    assert [row.dedupe_key for row in await outbox.fired_since(111, now - timedelta(minutes=15))] == ["new"]


async def test_what_a_row_tells_is_counted_and_read_in_pages_newest_first(outbox: SqlOutbox, clock: FakeClock) -> None:
    assert await outbox.told(1) is None
    first = clock.now()
    for number in range(25):
        await outbox.put(NewMessage(111, "firing", f"{number}", {"number": number}))
        clock.advance(1)
    root = await outbox.put_digest(NewMessage(111, "digest", "all", {}), range(1, 26), "burst")
    assert await outbox.told(root.id) == Told(25, first, first + timedelta(seconds=24))
    pages = [[row.payload["number"] for row in await outbox.told_page(root.id, start, 10)] for start in (0, 10, 20)]
    assert pages == [list(range(24, 14, -1)), list(range(14, 4, -1)), list(range(4, -1, -1))]


async def test_what_was_stored_late_stands_on_the_pages_where_it_happened(outbox: SqlOutbox, clock: FakeClock) -> None:
    now = clock.now()
    for number, minutes in enumerate((0, 2, 1, 0), 1):
        happened = now - timedelta(minutes=minutes)
        await outbox.put(NewMessage(111, "firing", f"{number}", {"number": number}, happened=happened))
    root = await outbox.put_digest(NewMessage(111, "digest", "all", {}), range(1, 5), "burst")
    assert [row.payload["number"] for row in await outbox.told_page(root.id, 0, 10)] == [4, 1, 3, 2]


async def test_what_shows_a_message_is_the_newest_of_it_and_its_edits_that_arrived(outbox: SqlOutbox) -> None:
    await put(outbox, "first")
    for number in (2, 3):
        await outbox.put(replace(HELLO, dedupe_key=f"edit {number}", edit_key="first"))
    assert await outbox.shown("first") is None
    await outbox.mark_failed(1, "refused")
    await outbox.mark_delivered(2, 702)
    shown = await outbox.shown("first")
    assert shown is not None
    assert (shown.id, shown.message_id) == (2, 702)
    await outbox.mark_delivered(3, 702)
    shown = await outbox.shown("first")
    assert shown is not None
    assert shown.id == 3


async def test_a_chat_that_is_open_again_gets_every_alert_that_it_missed_and_other_news_of_late(
    outbox: SqlOutbox, clock: FakeClock
) -> None:
    await outbox.put(NewMessage(111, "firing", "old alert", {}))
    await outbox.put(NewMessage(111, "notice", "old notice", {}))
    clock.advance(13 * 3600)
    await outbox.put(NewMessage(111, "notice", "notice", {}))
    await outbox.put(NewMessage(111, "notice", "edit", {}, edit_key="notice"))
    await outbox.put(NewMessage(222, "firing", "another's", {}))
    for row_id in range(1, 6):
        await outbox.mark_closed(row_id, "bot was blocked by the user")
    await outbox.put(NewMessage(111, "firing", "refused", {}))
    await outbox.mark_failed(6, "cannot be rendered")
    assert await outbox.due(clock.now(), 10) == []
    assert await outbox.reopen(111, clock.now() - timedelta(hours=12)) == 2
    rows = await outbox.due(clock.now(), 10)
    assert [(row.dedupe_key, row.state, row.may_repeat) for row in rows] == [
        ("old alert", MessageState.NEW, False),
        ("notice", MessageState.NEW, False),
    ]
    assert await outbox.reopen(111, clock.now() - timedelta(hours=12)) == 0


async def test_a_chat_that_is_open_again_sees_how_orders_stand_now_and_not_how_they_once_stood(
    outbox: SqlOutbox, clock: FakeClock
) -> None:
    """The first text of an order that never arrived would offer to cancel what is long filled."""
    await outbox.put(NewMessage(111, "thread", "thread:1", {"state": "working"}))
    await outbox.put(NewMessage(111, "thread", "thread:2", {"state": "working"}))
    await outbox.mark_delivered(2, 702)
    for number, state in ((1, "partly"), (1, "filled"), (2, "partly"), (2, "cancelled")):
        await outbox.put(NewMessage(111, "thread", f"{number} {state}", {"state": state}, edit_key=f"thread:{number}"))
    await outbox.put(NewMessage(111, "thread", "thread:3", {"state": "working"}))
    for row_id in (1, 3, 4, 5, 6, 7):
        await outbox.mark_closed(row_id, "bot was blocked by the user")
    assert await outbox.reopen(111, clock.now() - timedelta(hours=12)) == 3
    rows = await outbox.due(clock.now(), 10)
    assert [(row.payload["state"], row.edit_key) for row in rows] == [
        ("filled", "thread:1"),
        ("cancelled", "thread:2"),
        ("working", None),
    ]
    assert await outbox.reopen(111, clock.now() - timedelta(hours=12)) == 0


async def test_an_edit_on_its_way_stays_so_when_its_chat_is_open_again(outbox: SqlOutbox, clock: FakeClock) -> None:
    await outbox.put(NewMessage(111, "thread", "thread:1", {"state": "working"}))
    await outbox.mark_closed(1, "bot was blocked by the user")
    await outbox.put(NewMessage(111, "thread", "filled", {"state": "filled"}, edit_key="thread:1"))
    assert await outbox.reopen(111, clock.now() - timedelta(hours=12)) == 0
    assert [row.payload["state"] for row in await outbox.due(clock.now(), 10)] == ["filled"]


async def test_a_group_that_moved_forgets_which_messages_stood_there(
    database: Database, outbox: SqlOutbox, clock: FakeClock
) -> None:
    for chat_id, key in ((-5, "digest"), (111, "other")):
        await outbox.put(replace(HELLO, chat_id=chat_id, dedupe_key=key))
        await outbox.mark_delivered((await outbox.due(clock.now(), 10))[0].id, 7)
    assert await outbox.shown("digest")
    await SqlGroups(database).moved(-5, -100_5, clock.now())
    assert await outbox.shown("digest") is None
    assert await outbox.shown("other")
