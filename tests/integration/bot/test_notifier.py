"""The notifier over a real outbox in a real SQLite file; only the phone is a fake."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import ChatClosed, DeliveryUnknown, EditUnknown, MessageRefused, RetryLater
from bot.notifier import Notifier
from bot.pace import UNLIMITED, Limits, Pace
from bot.reply import Progress
from bot.views.message import Message
from storage.database import Database
from storage.errors import StorageUnavailable
from storage.message import MessageState, NewMessage, OutboxMessage, Priority
from storage.outbox import SqlOutbox
from tests.fakes.clock import FakeClock


class FakePhone:
    """Takes messages, or does as its *plan* says, one entry a try."""

    def __init__(self) -> None:
        self.got: list[tuple[int, str]] = []
        self.edits: list[tuple[int, int, str]] = []
        self.plan: list[Exception | None] = []
        self.edit_plan: list[Exception] = []
        self.parts_before_trouble = 0
        self.progress: list[int] = []
        self.arrivals: asyncio.Queue[str] = asyncio.Queue()
        self.gates: dict[int, asyncio.Event] = {}

    async def deliver(
        self, chat_id: int, message: Message, *, reply_to: int | None = None, progress: Progress | None = None
    ) -> int:
        if chat_id in self.gates:
            await self.gates[chat_id].wait()
        trouble = self.plan.pop(0) if self.plan else None
        if progress is not None:
            self.progress.append(progress.sent)
        if trouble is not None:
            if progress is not None:
                progress.sent = self.parts_before_trouble
            raise trouble
        self.got.append((chat_id, message.html))
        self.arrivals.put_nowait(message.html)
        return 1000 + len(self.got)

    def prepare(self, message: Message) -> None:
        """Nothing to work out."""

    async def revise(self, chat_id: int, message_id: int, message: Message) -> int:
        if self.edit_plan:
            raise self.edit_plan.pop(0)
        self.edits.append((chat_id, message_id, message.html))
        self.arrivals.put_nowait(message.html)
        return message_id


class FakeSieve:
    """Passes all, or does what *silence* makes of the rows."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.silence: Callable[[Sequence[OutboxMessage]], Awaitable[Sequence[OutboxMessage]]] | None = None

    async def sift(self, chat_id: int, rows: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        self.asked.append([row.payload["text"] for row in rows])
        return rows if self.silence is None else await self.silence(rows)


def render(row: OutboxMessage) -> Message:
    return Message(("↻ " if row.may_repeat else "") + row.payload["text"])


class Bench:
    """A notifier at work, and what surrounds it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.phone = FakePhone()
        self.closed: list[tuple[int, str]] = []
        self.failed: list[tuple[str, str]] = []
        self.probes = 0
        self.probed: asyncio.Queue[None] = asyncio.Queue()
        self._turned = asyncio.Event()
        self.probe_error: Exception | None = None
        self.limits = UNLIMITED
        self.nap_gate: asyncio.Event | None = None
        self.strangers: set[int] = set()
        self.after: dict[str, Callable[[OutboxMessage, int], Awaitable[None]]] = {}
        self.sieve: FakeSieve | None = None
        self.outbox: SqlOutbox
        self.notifier: Notifier

    @asynccontextmanager
    async def boot(self, boot_id: str) -> AsyncIterator[None]:
        database = await Database.open(f"sqlite:///{self.path}", clock=self.clock, boot_id=boot_id)
        self.outbox = SqlOutbox(database, self.clock, boot_id)
        await self.outbox.recover()
        self.notifier = Notifier(
            self.outbox,
            self.phone,
            render,
            probe=self._probe,
            chat_closed=self._close,
            failed=self._fail,
            is_welcome=lambda chat_id: chat_id not in self.strangers,
            pace=Pace(self.clock, self.limits, self._nap),
            after=self.after,
            clock=self.clock,
            nap=self._nap,
            sieve=self.sieve,
        )
        running = asyncio.create_task(self.notifier.run(), name="the loop")
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await database.close()

    async def put(self, text: str, chat_id: int = 111, **more: object) -> None:
        await self.outbox.put(NewMessage(chat_id, "note", f"key {text}", {"text": text}, **more))  # type: ignore[arg-type]

    async def arrived(self, count: int) -> list[str]:
        return [await asyncio.wait_for(self.phone.arrivals.get(), 10) for _ in range(count)]

    async def state_of(self, row_id: int) -> OutboxMessage:
        row = await self.outbox.get(row_id)
        assert row is not None
        return row

    async def settled(self, row_id: int, state: MessageState) -> OutboxMessage:
        while (row := await self.state_of(row_id)).state is not state:
            await asyncio.wait_for(self._turn(), 60)
        return row

    async def _probe(self) -> None:
        self.probes += 1
        self.probed.put_nowait(None)
        if self.probe_error is not None:
            raise self.probe_error

    async def _close(self, chat_id: int, reason: str) -> None:
        self.closed.append((chat_id, reason))

    async def _fail(self, row: OutboxMessage, reason: str) -> None:
        self.failed.append((row.kind, reason))

    async def _nap(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self._turned.set()
        await asyncio.sleep(0)
        if self.nap_gate is not None:
            await self.nap_gate.wait()

    async def _turn(self) -> None:
        """Wait until the notifier has looked into the database once more."""
        self._turned.clear()
        await self._turned.wait()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "squawkbot.db")


async def test_a_row_goes_out_and_is_marked_with_telegrams_id(bench: Bench) -> None:
    async with bench.boot("one"):
        await bench.put("AAPL ▲ 200.15")
        assert await bench.arrived(1) == ["AAPL ▲ 200.15"]
        assert (await bench.settled(1, MessageState.SENT)).message_id == 1001


async def test_what_a_dead_process_left_sending_goes_out_again_marked_after_a_probe(bench: Bench) -> None:
    async with bench.boot("one"):
        bench.phone.gates[111] = asyncio.Event()
        await bench.put("AAPL ▲ 200.15")
    bench.phone.gates.clear()
    async with bench.boot("two"):
        assert await bench.arrived(1) == ["↻ AAPL ▲ 200.15"]
        assert bench.probes == 1


async def test_what_waits_for_a_moment_is_due_when_the_clock_is_set_back(bench: Bench) -> None:
    async with bench.boot("one"):
        bench.phone.gates[111] = asyncio.Event()
        await bench.put("held")
        await bench.outbox.hold([1], bench.clock.now() + timedelta(days=300), "quiet")
    bench.phone.gates.clear()
    bench.sieve = FakeSieve()
    asked = asyncio.Event()

    async def hold(rows: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        await bench.outbox.hold([row.id for row in rows], bench.clock.now() + timedelta(days=300), "quiet")
        asked.set()
        return []

    bench.sieve.silence = hold
    async with bench.boot("two"):
        # At the start it is asked about once, and held again.
        await asyncio.wait_for(asked.wait(), 10)
        await bench.settled(1, MessageState.NEW)
        bench.sieve.silence = None
        bench.clock.advance(-3600)
        assert await bench.arrived(1) == ["held"]


async def test_nothing_doubtful_is_repeated_before_telegram_answers(bench: Bench) -> None:
    bench.phone.plan = [DeliveryUnknown("ReadTimeout")]
    bench.probe_error = RetryLater("ConnectError", 2.0, limited=False)
    async with bench.boot("one"):
        await bench.put("AAPL ▲ 200.15")
        for _ in range(5):
            await asyncio.wait_for(bench.probed.get(), 60)
        assert bench.phone.got == []
        bench.probe_error = None
        assert await bench.arrived(1) == ["↻ AAPL ▲ 200.15"]


async def test_a_send_that_surely_failed_is_repeated_unmarked(bench: Bench) -> None:
    bench.phone.plan = [RetryLater("ConnectError", 2.0, limited=False)] * 4
    async with bench.boot("one"):
        await bench.put("AAPL ▲ 200.15")
        assert await bench.arrived(1) == ["AAPL ▲ 200.15"]
        assert (await bench.settled(1, MessageState.SENT)).attempts == 4


async def test_a_429_waits_as_long_as_telegram_says_and_keeps_the_order(bench: Bench) -> None:
    bench.phone.plan = [RetryLater("429", 17.0, limited=True)]
    before = bench.clock.now()
    async with bench.boot("one"):
        await bench.put("first")
        await bench.put("second")
        assert await bench.arrived(2) == ["first", "second"]
    assert (bench.clock.now() - before).total_seconds() >= 17


async def test_a_chat_that_waits_holds_up_no_other(bench: Bench) -> None:
    bench.phone.gates[111] = asyncio.Event()
    async with bench.boot("one"):
        await bench.put("for Ada", chat_id=111)
        await bench.put("for Tom", chat_id=222)
        assert await bench.arrived(1) == ["for Tom"]
        bench.phone.gates[111].set()
        assert await bench.arrived(1) == ["for Ada"]


async def test_orders_go_before_alerts_and_alerts_before_news(bench: Bench) -> None:
    bench.phone.gates[111] = asyncio.Event()
    async with bench.boot("one"):
        await bench.put("plug")
        await bench.put("news", priority=Priority.NEWS)
        await bench.put("alert", priority=Priority.ALERT)
        await bench.put("order", priority=Priority.ORDER)
        bench.phone.gates[111].set()
        assert await bench.arrived(4) == ["plug", "order", "alert", "news"]


async def test_a_closed_chat_is_told_once_and_its_row_fails(bench: Bench) -> None:
    bench.phone.plan = [ChatClosed("Forbidden: bot was blocked by the user")]
    async with bench.boot("one"):
        await bench.put("AAPL ▲ 200.15")
        await bench.settled(1, MessageState.FAILED)
    assert bench.closed == [(111, "Forbidden: bot was blocked by the user")]


@pytest.mark.parametrize("trouble", [MessageRefused("Bad Request: chat_id is odd")])
async def test_a_refused_row_fails_and_the_rest_go_on(bench: Bench, trouble: Exception) -> None:
    bench.phone.plan = [trouble]
    async with bench.boot("one"):
        await bench.put("odd")
        await bench.put("even")
        assert await bench.arrived(1) == ["even"]
        assert (await bench.settled(1, MessageState.FAILED)).error == "Bad Request: chat_id is odd"
    assert bench.failed == [("note", "Bad Request: chat_id is odd")]


async def test_a_row_that_cannot_be_rendered_fails_and_the_rest_go_on(bench: Bench) -> None:
    async with bench.boot("one"):
        await bench.outbox.put(NewMessage(111, "note", "poison", {"no": "text"}))
        await bench.put("healthy")
        assert await bench.arrived(1) == ["healthy"]
        assert "KeyError" in (await bench.settled(1, MessageState.FAILED)).error


async def test_a_row_may_edit_the_message_of_an_earlier_one(bench: Bench) -> None:
    async with bench.boot("one"):
        await bench.put("link lost")
        await bench.settled(1, MessageState.SENT)
        await bench.put("link back", edit_key="key link lost")
        await bench.settled(2, MessageState.SENT)
    assert bench.phone.edits == [(111, 1001, "link back")]


async def test_draining_gives_back_what_was_not_begun_and_leaves_in_doubt_what_was(bench: Bench) -> None:
    bench.phone.gates[111] = asyncio.Event()
    async with bench.boot("one"):
        await bench.put("under way")
        await bench.put("behind it")
        await bench.notifier.drain(0.01)
        assert (await bench.state_of(1)).state is MessageState.SENDING
        assert (await bench.state_of(2)).state is MessageState.NEW
    bench.phone.gates.clear()
    async with bench.boot("two"):
        assert await bench.arrived(2) == ["↻ under way", "behind it"]


async def test_a_delivery_that_cannot_be_stored_is_not_sent_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.boot("one"):
        stored, full = bench.outbox.mark_delivered, [StorageUnavailable("disk is full")] * 3

        async def mark(message_id: int, telegram_id: int | None) -> None:
            if full:
                raise full.pop()
            await stored(message_id, telegram_id)

        monkeypatch.setattr(bench.outbox, "mark_delivered", mark)
        await bench.put("once")
        await bench.settled(1, MessageState.SENT)
    assert bench.phone.got == [(111, "once")]


async def test_work_that_follows_a_delivery_is_done_with_its_message_id(bench: Bench) -> None:
    followed: asyncio.Queue[tuple[str, int]] = asyncio.Queue()

    async def attach(row: OutboxMessage, message_id: int) -> None:
        followed.put_nowait((row.kind, message_id))

    bench.after["note"] = attach
    async with bench.boot("one"):
        await bench.put("summary")
        assert await asyncio.wait_for(followed.get(), 60) == ("note", 1001)


async def test_rows_left_by_a_loop_that_died_are_sent_by_the_next(bench: Bench) -> None:
    async with bench.boot("one"):
        bench.phone.gates[111] = asyncio.Event()
        await bench.put("first")
        await bench.put("second")
        first = next(task for task in asyncio.all_tasks() if task.get_name() == "the loop")
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        bench.phone.gates.clear()
        again = asyncio.create_task(bench.notifier.run())
        assert sorted(await bench.arrived(2)) == ["second", "↻ first"]
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)


async def test_an_outbox_that_cannot_be_read_for_a_while_costs_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.boot("one"):
        read, locked = bench.outbox.due, [StorageUnavailable("database is locked")] * 3

        async def due(*given: Any, **named: Any) -> Any:
            if locked:
                raise locked.pop()
            return await read(*given, **named)

        monkeypatch.setattr(bench.outbox, "due", due)
        await bench.put("through")
        assert await bench.arrived(1) == ["through"]


async def test_a_doubt_that_cannot_be_stored_is_a_doubt_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.boot("one"):
        stored, full = bench.outbox.mark_unknown, [StorageUnavailable("disk is full")]

        async def mark(*given: Any, **named: Any) -> None:
            if full:
                raise full.pop()
            await stored(*given, **named)

        monkeypatch.setattr(bench.outbox, "mark_unknown", mark)
        bench.phone.plan = [DeliveryUnknown("ReadTimeout")]
        await bench.put("AAPL ▲ 200.15")
        assert await bench.arrived(1) == ["↻ AAPL ▲ 200.15"]
        assert bench.probes >= 1


async def test_who_left_the_list_gets_nothing_more(bench: Bench) -> None:
    async with bench.boot("one"):
        bench.strangers.add(222)
        await bench.put("for Tom", chat_id=222)
        await bench.put("for Ada", chat_id=111)
        assert await bench.arrived(1) == ["for Ada"]
        assert (await bench.settled(1, MessageState.FAILED)).error == "not on the list any more"


async def test_the_sieve_is_asked_about_all_that_waits_before_each_send(bench: Bench) -> None:
    bench.sieve = FakeSieve()
    bench.phone.gates[111] = asyncio.Event()
    async with bench.boot("one"):
        for text in ("plug", "a", "b"):
            await bench.put(text)
        bench.phone.gates[111].set()
        assert await bench.arrived(3) == ["plug", "a", "b"]
        assert bench.sieve.asked == [["plug"], ["a", "b"], ["b"]]


async def test_what_the_sieve_folds_is_told_by_the_digest_alone(bench: Bench) -> None:
    bench.sieve = FakeSieve()
    bench.phone.gates[111] = asyncio.Event()

    async def fold(rows: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        single = [row.id for row in rows if row.payload["text"].startswith("alert")]
        if len(single) > 1:
            digest = NewMessage(111, "note", "digest", {"text": f"{len(single)} alerts"})
            await bench.outbox.put_digest(digest, single, "digest")
        return [row for row in rows if len(single) < 2 or row.id not in single]

    async with bench.boot("one"):
        await bench.put("plug")
        for number in range(5):
            await bench.put(f"alert {number}")
        bench.sieve.silence = fold
        bench.phone.gates[111].set()
        assert await bench.arrived(2) == ["plug", "5 alerts"]
        await bench.settled(7, MessageState.SENT)
        assert len(await bench.outbox.members(7)) == 5
        assert bench.notifier.waiting == 0
    assert len(bench.phone.got) == 2


async def test_what_the_sieve_holds_comes_when_its_time_has_come(bench: Bench) -> None:
    bench.sieve = FakeSieve()
    until = bench.clock.now() + timedelta(seconds=60)

    async def hold(rows: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        if bench.clock.now() >= until:
            return rows
        await bench.outbox.hold([row.id for row in rows], until, "quiet hours")
        return []

    bench.sieve.silence = hold
    async with bench.boot("one"):
        await bench.put("good night")
        assert await bench.arrived(1) == ["good night"]
        assert bench.clock.now() >= until
        row = await bench.settled(1, MessageState.SENT)
        assert row.silence == "quiet hours"


async def test_rows_for_the_web_are_left_to_their_courier(bench: Bench) -> None:
    async with bench.boot("one"):
        await bench.put("for the web", target="https://example.com/x")
        await bench.put("for the phone")
        assert await bench.arrived(1) == ["for the phone"]
        assert (await bench.state_of(1)).state is MessageState.SENDING
    assert len(bench.phone.got) == 1


async def test_of_the_edits_of_a_message_that_wait_only_the_newest_goes_out(bench: Bench) -> None:
    async with bench.boot("one"):
        await bench.put("digest")
        await bench.settled(1, MessageState.SENT)
        bench.phone.gates[111] = asyncio.Event()
        await bench.put("plug")
        for number in (2, 3, 4):
            await bench.put(f"digest of {number}", edit_key="key digest")
        await bench.put("behind")
        bench.phone.gates[111].set()
        await bench.settled(6, MessageState.SENT)
        assert bench.phone.edits == [(111, 1001, "digest of 4")]
        older = [await bench.state_of(row_id) for row_id in (3, 4)]
        assert [(row.state, row.told_by, row.silence) for row in older] == [(MessageState.FOLDED, 5, "newer")] * 2
        assert bench.notifier.waiting == 0


async def test_the_later_messages_of_a_chat_wait_for_the_repeat_of_one_that_timed_out(bench: Bench) -> None:
    bench.phone.plan = [DeliveryUnknown("ReadTimeout")]
    async with bench.boot("one"):
        for number in range(1, 5):
            await bench.put(f"alert {number}")
        assert await bench.arrived(4) == ["↻ alert 1", "alert 2", "alert 3", "alert 4"]


async def test_what_fails_for_an_unforeseen_reason_again_and_again_does_not_block_its_chat(bench: Bench) -> None:
    bench.phone.plan = [RuntimeError("nobody saw this coming")] * 3
    async with bench.boot("one"):
        await bench.put("poison")
        await bench.put("behind")
        assert await bench.arrived(1) == ["behind"]
        await bench.settled(1, MessageState.FAILED)
        assert bench.failed == [("note", "cannot be sent: RuntimeError")]


async def test_an_edit_in_doubt_does_not_undo_a_newer_one(bench: Bench) -> None:
    async with bench.boot("one"):
        await bench.put("digest")
        await bench.settled(1, MessageState.SENT)
        bench.phone.edit_plan = [EditUnknown("ReadTimeout")]
        await bench.put("digest of 2", edit_key="key digest")
        # Before the first has its second try, the next is there.
        await bench.put("digest of 3", edit_key="key digest")
        await bench.settled(2, MessageState.FOLDED)
        await bench.settled(3, MessageState.SENT)
        assert bench.phone.edits[-1] == (111, 1001, "digest of 3")


async def test_an_edit_of_what_never_arrived_is_a_message_and_the_next_edits_that(bench: Bench) -> None:
    bench.phone.plan = [MessageRefused("odd")]
    async with bench.boot("one"):
        await bench.put("link lost")
        await bench.settled(1, MessageState.FAILED)
        await bench.put("link back", edit_key="key link lost")
        await bench.settled(2, MessageState.SENT)
        await bench.put("link well", edit_key="key link lost")
        await bench.settled(3, MessageState.SENT)
    assert [html for _, html in bench.phone.got] == ["link back"]
    assert bench.phone.edits == [(111, 1001, "link well")]


async def test_an_edit_of_what_may_have_arrived_unseen_is_marked_and_takes_its_place(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sender._IN_PLACE", 0)
    bench.phone.plan = [DeliveryUnknown("ReadTimeout")]
    bench.nap_gate = asyncio.Event()
    async with bench.boot("one"):
        await bench.put("digest")
        await bench.put("digest of 2", edit_key="key digest")
        assert await bench.arrived(1) == ["↻ digest of 2"]
        bench.nap_gate.set()
        # What it told first is told by the later one, and not sent again below it.
        assert (await bench.settled(1, MessageState.SENT)).message_id == 1001
        await bench.put("digest of 3", edit_key="key digest")
        await bench.settled(3, MessageState.SENT)
    assert len(bench.phone.got) == 1
    assert bench.phone.edits == [(111, 1001, "↻ digest of 3")]


async def test_a_change_in_doubt_is_made_again_without_a_mark(bench: Bench) -> None:
    async with bench.boot("one"):
        await bench.put("digest")
        await bench.settled(1, MessageState.SENT)
        bench.phone.edit_plan = [EditUnknown("ReadTimeout")]
        await bench.put("digest of 2", edit_key="key digest")
        await bench.settled(2, MessageState.SENT)
        assert bench.phone.edits == [(111, 1001, "digest of 2")]
        assert bench.probes == 1


async def test_after_a_429_the_most_urgent_goes_first(bench: Bench) -> None:
    bench.phone.gates[111] = asyncio.Event()
    bench.phone.plan = [RetryLater("429", 17.0, limited=True)]
    async with bench.boot("one"):
        await bench.put("alert")
        await bench.put("order", priority=Priority.ORDER)
        bench.phone.gates[111].set()
        assert await bench.arrived(2) == ["order", "alert"]


async def test_a_429_in_the_middle_of_a_long_message_is_a_repeat_only_for_another_process(bench: Bench) -> None:
    bench.phone.parts_before_trouble = 1
    bench.phone.plan = [RetryLater("429", 17.0, limited=True)]
    stop = asyncio.Event()
    async with bench.boot("one"):
        bench.nap_gate = stop
        await bench.put("long")
        row = await bench.settled(1, MessageState.UNKNOWN)
        assert row.may_repeat
    bench.nap_gate = None
    async with bench.boot("two"):
        assert await bench.arrived(1) == ["↻ long"]


async def test_within_the_process_a_long_message_goes_on_unmarked(bench: Bench) -> None:
    bench.phone.parts_before_trouble = 1
    bench.phone.plan = [RetryLater("429", 17.0, limited=True)]
    async with bench.boot("one"):
        await bench.put("long")
        assert await bench.arrived(1) == ["long"]
        await bench.settled(1, MessageState.SENT)
    assert bench.phone.progress == [0, 1]


async def test_repeats_ask_only_now_and_then_whether_telegram_answers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sender._PROBE_HOLDS_S", 1e9)
    async with bench.boot("one"):
        bench.phone.gates[111] = asyncio.Event()
        for number in range(6):
            await bench.put(f"alert {number}")
    bench.phone.gates.clear()
    async with bench.boot("two"):
        assert len(await bench.arrived(6)) == 6
    assert bench.probes == 1


async def test_a_sieve_that_stumbles_does_not_hold_back_what_it_was_asked_about(bench: Bench) -> None:
    bench.sieve = FakeSieve()

    async def stumble(_rows: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        raise KeyError("odd")

    bench.sieve.silence = stumble
    async with bench.boot("one"):
        await bench.put("through")
        assert await bench.arrived(1) == ["through"]


async def test_a_sieve_that_cannot_store_what_it_folds_is_asked_again(bench: Bench) -> None:
    bench.sieve = FakeSieve()
    full = [StorageUnavailable("disk is full")]

    async def fold(rows: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        if full:
            raise full.pop()
        return rows

    bench.sieve.silence = fold
    async with bench.boot("one"):
        await bench.put("through")
        assert await bench.arrived(1) == ["through"]
    assert bench.sieve.asked == [["through"], ["through"]]


async def test_without_a_turn_nothing_goes_out(bench: Bench) -> None:
    bench.limits = Limits(1, 1.0, 1, 1.0, 1, 1.0, 1, 1.0)
    async with bench.boot("one"):
        before = bench.clock.now()
        for number in range(4):
            await bench.put(f"alert {number}")
        await bench.arrived(4)
    assert (bench.clock.now() - before).total_seconds() >= 3
