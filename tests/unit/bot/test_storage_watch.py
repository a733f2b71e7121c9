"""A database that takes nothing: told once past the outbox, edited as it changes, and when it is over."""

from zoneinfo import ZoneInfo

import pytest

from bot.errors import ChatClosed, DeliveryUnknown, RetryLater
from bot.storage_watch import StorageWatch
from bot.views.message import Message
from storage.errors import StorageUnavailable
from tests.fakes.clock import FakeClock
from tests.fakes.reply import check_message

FULL, LOCKED = "database or disk is full", "database is locked"


class FakeStore:
    """A database whose *word* is SQLite's own, "" where it takes everything."""

    def __init__(self) -> None:
        self.trouble = ""
        self.word = ""

    def fails(self, word: str) -> None:
        self.trouble = self.word = word

    async def probe(self) -> bool:
        self.trouble = self.word
        return not self.word


class FakePhone:
    """Remembers what each chat shows; *failures* are raised by `send`, one a call."""

    def __init__(self) -> None:
        self.shown: dict[int, str] = {}
        self.sent: list[int] = []
        self.edits: list[int] = []
        self.failures: list[Exception] = []

    async def send(self, chat_id: int, message: Message) -> int:
        if self.failures:
            raise self.failures.pop()
        self.sent.append(chat_id)
        self.shown[chat_id] = check_message(message)
        return chat_id + 1000

    async def edit(self, chat_id: int, message_id: int, message: Message) -> int:
        assert message_id == chat_id + 1000
        self.edits.append(chat_id)
        self.shown[chat_id] = check_message(message)
        return message_id


class Bench:
    def __init__(self) -> None:
        self.clock, self.store, self.phone = FakeClock(), FakeStore(), FakePhone()
        self.chats: tuple[int, ...] | None = (111, 222)
        self.waiting = 0
        zone = ZoneInfo("America/New_York")
        self.watch = StorageWatch(
            self.store, self.phone, self._open, [111, 222, 333], lambda: self.waiting, lambda _: zone, self.clock
        )

    async def _open(self) -> tuple[int, ...]:
        if self.chats is None:
            raise StorageUnavailable(FULL)
        return self.chats

    async def passes(self, seconds: int) -> None:
        for _ in range(seconds):
            await self.watch.step()
            self.clock.advance(1)
        await self.watch.step()


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_lock_of_seconds_is_no_news(bench: Bench) -> None:
    bench.store.fails(LOCKED)
    await bench.passes(4)
    bench.store.word = ""
    await bench.passes(30)
    assert bench.phone.sent == []


async def test_what_lasts_is_told_once_in_each_chat_and_edited_when_it_is_over(bench: Bench) -> None:
    bench.store.fails(FULL)
    await bench.passes(120)
    assert bench.phone.sent == [111, 222]
    assert bench.phone.edits == []
    said = bench.phone.shown[111]
    assert said.splitlines()[0] == "💾 I cannot store anything: the disk is full."
    assert "Orders are refused" in said
    assert "Free some space" in said
    bench.store.word = ""
    await bench.passes(4)
    assert bench.phone.edits == []
    await bench.passes(2)
    assert bench.phone.edits == [111, 222]
    assert bench.phone.shown[222].startswith("✅ I can store again after 2 min")
    await bench.passes(60)
    assert len(bench.phone.sent + bench.phone.edits) == 4


async def test_the_firings_that_wait_are_counted_by_edit_and_not_for_each(bench: Bench) -> None:
    bench.store.fails(FULL)
    await bench.passes(6)
    for waiting in range(1, 30):
        bench.waiting = waiting
        await bench.passes(1)
    await bench.passes(31)
    assert len(bench.phone.edits) in {2, 4}
    assert "29 alerts have fired and wait to be told." in bench.phone.shown[111].splitlines()[0]
    bench.store.word, bench.waiting = "", 0
    await bench.passes(6)
    assert "29 alerts have fired meanwhile, told now." in bench.phone.shown[111].splitlines()[0]


async def test_one_that_comes_back_within_seconds_is_one_trouble(bench: Bench) -> None:
    bench.store.fails(FULL)
    await bench.passes(10)
    for _ in range(3):
        bench.store.word = ""
        await bench.passes(3)
        bench.store.fails(FULL)
        await bench.passes(3)
    assert bench.phone.sent == [111, 222]
    assert bench.phone.shown[111].startswith("💾")


async def test_a_later_trouble_is_told_anew(bench: Bench) -> None:
    for word in (FULL, LOCKED):
        bench.store.fails(word)
        await bench.passes(10)
        bench.store.word = ""
        await bench.passes(10)
    assert bench.phone.sent == [111, 222, 111, 222]


async def test_where_the_chats_cannot_be_read_the_people_are_told(bench: Bench) -> None:
    bench.chats = None
    bench.store.fails(FULL)
    await bench.passes(10)
    assert bench.phone.sent == [111, 222, 333]


async def test_a_chat_that_telegram_puts_off_is_told_later_and_one_that_is_closed_never(bench: Bench) -> None:
    bench.chats = (111,)
    bench.phone.failures = [RetryLater("429", 5, limited=True)]
    bench.store.fails(FULL)
    await bench.passes(40)
    assert bench.phone.sent == [111]
    bench.chats = (111, 222, 333)
    bench.phone.failures = [DeliveryUnknown("timed out"), ChatClosed("blocked")]
    await bench.passes(90)
    assert bench.phone.sent == [111]
    bench.store.word = ""
    await bench.passes(10)
    assert bench.phone.edits == [111]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (LOCKED, "another program has locked my database"),
        ("attempt to write a readonly database", "my database may only be read"),
        ("disk I/O error", "the disk fails to read or write"),
        ("unable to open database file", "my database cannot be opened"),
        ("database disk image is malformed", "my database is damaged"),
        ("something <else>", "something <else>"),
    ],
)
async def test_each_reason_has_plain_words(bench: Bench, word: str, said: str) -> None:
    bench.store.fails(word)
    await bench.passes(6)
    assert bench.phone.shown[111].splitlines()[0] == f"💾 I cannot store anything: {said}."
