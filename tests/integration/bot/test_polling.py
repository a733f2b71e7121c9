"""Updates in: the real PTB against the local Telegram over HTTP; only what answers is a fake."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import polling
from bot.gate import Gate
from bot.inbox import Inbox
from bot.moves import Moves
from bot.pace import UNLIMITED, Pace
from bot.reply import TelegramReply
from bot.request import FileIn, Press, TextIn
from bot.rivals import RivalWatch
from bot.views.message import Button, Message
from bot.views.notices import Notice
from market.clock import SystemClock
from simulator.telegram import people
from simulator.telegram.serving import serving
from simulator.telegram.state import Telegram
from storage.database import Database
from storage.groups import SqlGroups
from storage.updates import SqlUpdates
from tests.fakes.clock import FakeClock
from tests.fakes.eventually import eventually
from trading.access import Role, Roster

TOKEN = "42:the-local-one"
# Updates are read raw on purpose: one that PTB cannot parse must not hold up the others.
pytestmark = pytest.mark.filterwarnings("ignore:Please use 'Bot.getUpdates'")
ROSTER = Roster({111: Role.ADMIN, 222: Role.TRADER})


class FakeRouter:
    """Takes what comes in; a text "slow" takes until *gate* opens."""

    def __init__(self) -> None:
        self.texts: asyncio.Queue[TextIn] = asyncio.Queue()
        self.presses: asyncio.Queue[Press] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.done: list[str] = []

    async def on_text(self, request: TextIn) -> None:
        self.texts.put_nowait(request)
        if request.text == "slow" and not request.interrupted:
            await self.gate.wait()
        self.done.append(request.text)

    async def on_file(self, request: FileIn) -> None:
        raise NotImplementedError

    async def on_press(self, press: Press) -> None:
        self.presses.put_nowait(press)

    async def next(self) -> TextIn:
        return await asyncio.wait_for(self.texts.get(), 60)


class Line:
    """A telegram, a database, and links to them that come and go."""

    def __init__(self, telegram: Telegram, url: str, database: Database) -> None:
        self.telegram = telegram
        self.database = database
        self.router = FakeRouter()
        self.clock = FakeClock()
        self.told: asyncio.Queue[Notice] = asyncio.Queue()
        self.naps: list[float] = []
        self.opened: list[int] = []
        self.reply: TelegramReply
        self.link: polling.TelegramLink
        self.menus: dict[int, polling.CommandList] = {}
        self._url = url

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        application = polling.build(TOKEN, self._url)
        moves = Moves(SqlGroups(self.database), self.clock)
        await moves.load()
        self.reply = TelegramReply(application.bot, Pace(self.clock, UNLIMITED), moves, self._nap)
        rivals = RivalWatch(self._tell, self._admins, self.clock)
        link = polling.TelegramLink(
            application,
            self._menus,
            self.clock,
            on_refused=lambda: None,
            journal=SqlUpdates(self.database),
            rivals=rivals,
            nap=self._nap,
        )
        self.link = link
        inbox = Inbox(self.router, ROSTER, self.reply, self._open, home=moves.home, met=link.met)
        link.connect(Gate(ROSTER, frozenset({-5}), self.clock, moves), inbox)
        running = asyncio.create_task(link.run())
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await link.close()

    def write(self, text: str, user_id: int = 111, chat_id: int | None = None, **more: Any) -> None:
        people.write(self.telegram, chat_id or user_id, user_id, {"text": text, **more})

    async def journal(self, count: int) -> Mapping[int, dict[str, Any]]:
        """Wait until *count* updates are written down."""
        rows: Mapping[int, dict[str, Any]] = {}

        async def look() -> bool:
            nonlocal rows
            rows = await SqlUpdates(self.database).left()
            return len(rows) == count

        await until(look)
        return rows

    async def _tell(self, _chats: object, notice: Notice, _key: str, **_fields: object) -> None:
        self.told.put_nowait(notice)

    async def _admins(self) -> list[int]:
        return [111]

    async def _open(self, chat_id: int) -> None:
        self.opened.append(chat_id)

    async def _menus(self) -> Mapping[int, polling.CommandList]:
        return self.menus

    def listed(self, chat_id: int, user_id: int) -> list[str]:
        """Return the commands that a person sees in a chat."""
        chat = self.telegram.chats.find(chat_id)
        assert chat is not None
        return [entry["command"] for entry in self.telegram.commands.seen_in(chat, user_id)]

    async def _nap(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.clock.advance(seconds)
        await asyncio.sleep(0.001)


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    """Wait until *look* says so."""
    async with asyncio.timeout(60):
        while not await look():  # noqa: ASYNC110  what is looked at tells nobody
            await asyncio.sleep(0.01)


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    telegram = Telegram(TOKEN, limits=False)
    clock = SystemClock()
    database = await Database.open(f"sqlite:///{tmp_path / 'squawkbot.db'}", clock=clock, boot_id="one")
    async with serving(telegram) as url:
        yield Line(telegram, url, database)
    await database.close()


async def test_what_cannot_be_understood_is_skipped_once_and_the_rest_comes_in(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    async with line.up():
        line.write("before")
        line.telegram.updates.push_unreadable()
        line.telegram.updates.push("message", {"message_id": 7, "date": 10**30, "chat": {"id": 111, "type": "private"}})
        line.write("after")
        assert [(await line.router.next()).text for _ in range(2)] == ["before", "after"]
    assert caplog.text.count("cannot be understood") == 2
    assert len(line.telegram.updates) == 0


async def test_an_update_is_confirmed_only_once_it_is_worked_off_or_written_down(line: Line) -> None:
    async with line.up():
        line.write("slow")
        await line.router.next()
        # Others do not wait for it, and it is known should the bot die now.
        line.write("quick", 222)
        assert (await line.router.next()).text == "quick"
        assert len(await line.journal(1)) == 1
        line.router.gate.set()
        assert not await line.journal(0)
    assert line.router.done == ["quick", "slow"]


async def test_what_a_dead_process_had_in_hand_comes_again_as_interrupted(line: Line) -> None:
    chat = {"id": 111, "type": "private", "first_name": "Ada"}
    ada = {"id": 111, "is_bot": False, "first_name": "Ada"}
    message = {"message_id": 5, "from": ada, "chat": chat, "date": 1_763_650_000, "text": "AAPL > 200"}
    left = {7: {"update_id": 7, "message": message}}
    await SqlUpdates(line.database).keep(left, line.clock.now())
    async with line.up():
        again = await line.router.next()
        assert (again.text, again.interrupted) == ("AAPL > 200", True)
        await line.journal(0)
        line.write("next")
        assert not (await line.router.next()).interrupted


async def test_a_press_on_a_message_that_is_gone_and_one_too_old_for_an_answer_harm_nobody(line: Line) -> None:
    line.write("/start")
    async with line.up():
        await line.router.next()
        card = await line.reply.send(111, Message("card", ((Button("✅ Confirm", "ok:x"),),)))
        line.telegram.faults.add(
            {"method": "answerCallbackQuery", "kind": "400", "description": "query is too old and response timeout"}
        )
        people.press(line.telegram, 111, 111, {"message_id": card, "button": "ok:x"})
        await asyncio.wait_for(line.router.presses.get(), 60)
        people.press(line.telegram, 111, 111, {"message_id": 9_999, "data": "ok:x", "force": True})
        gone = await asyncio.wait_for(line.router.presses.get(), 60)
        assert gone.message_id == 9_999
        line.write("still here")
        assert (await line.router.next()).text == "still here"


async def test_messages_come_with_telegrams_own_time(line: Line) -> None:
    yesterday = datetime.fromtimestamp(line.telegram.clock.now().timestamp(), tz=line.clock.now().tzinfo)
    yesterday -= timedelta(hours=20)
    async with line.up():
        line.write("AAPL > 200", date=int(yesterday.timestamp()))
        assert abs((await line.router.next()).sent - yesterday) < timedelta(seconds=1)


async def test_a_group_that_became_a_supergroup_is_let_in_and_keeps_its_first_id(line: Line) -> None:
    people.found_group(line.telegram, -5, "Desk", [111, 222], "member")
    async with line.up():
        line.write("/alerts", chat_id=-5)
        assert (await line.router.next()).chat_id == -5
        new = people.migrate(line.telegram, -5)
        line.write("/positions", chat_id=new.id)
        assert (await line.router.next()).chat_id == -5
    async with line.up():
        line.write("/orders", chat_id=new.id)
        assert (await line.router.next()).chat_id == -5
        await line.reply.send(-5, Message("hello again"))
    shown = [stored.seen().get("text") for stored in new.in_order()]
    assert "hello again" in shown


async def test_each_person_sees_the_commands_of_their_role_also_in_a_group_and_strangers_none(line: Line) -> None:
    people.found_group(line.telegram, -5, "Desk", [111, 222, 999], "member")
    line.menus = {111: [("start", "all"), ("users", "people")], 222: [("start", "all")]}
    async with line.up():
        for user_id in (111, 222):
            line.write("/alerts", user_id)
            line.write("/alerts", user_id, chat_id=-5)
            for _ in range(2):
                await line.router.next()
        line.write("/alerts", 999, chat_id=-5)
        line.write("/alerts", 111)
        await line.router.next()
        await line.link.publish(111)
        assert (line.listed(111, 111), line.listed(-5, 111)) == (["start", "users"], ["start", "users"])
        assert (line.listed(222, 222), line.listed(-5, 222)) == (["start"], ["start"])
        assert line.listed(-5, 999) == []
        # Whoever is put out sees none any more, in no chat.
        line.menus = {111: line.menus[111]}
        await line.link.publish(222)
        assert (line.listed(222, 222), line.listed(-5, 222)) == ([], [])


async def test_a_press_does_not_wait_for_an_answer_that_sits_out_a_429(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with line.up():
        line.write("/start")
        await line.router.next()
        sent = await line.reply.send(111, Message("card", ((Button("Confirm", "ok:x"),),)))
        napping, over = asyncio.Event(), asyncio.Event()

        async def nap(_seconds: float) -> None:
            napping.set()
            await over.wait()

        async def answer(request: TextIn) -> None:
            await line.reply.send(request.chat_id, Message("your alerts"))

        monkeypatch.setattr(line.reply, "_nap", nap)
        monkeypatch.setattr(line.router, "on_text", answer)
        line.telegram.faults.add({"method": "sendMessage", "kind": "429", "retry_after": 25})
        line.write("/alerts")
        await napping.wait()
        people.press(line.telegram, 111, 111, {"message_id": sent, "button": "ok:x"})
        assert (await asyncio.wait_for(line.router.presses.get(), 60)).data == "ok:x"
        over.set()
        chat = line.telegram.chats.find(111)
        assert chat is not None
        await eventually(lambda: "your alerts" in [stored.seen().get("text") for stored in chat.in_order()])


async def test_what_was_handled_and_could_not_be_confirmed_is_not_done_again_after_a_restart(line: Line) -> None:
    async with line.up():
        line.write("AAPL > 200 every")
        line.telegram.faults.add({"method": "getUpdates", "kind": "502", "count": 10**6, "skip": 1})
        assert (await line.router.next()).text == "AAPL > 200 every"
        await line.journal(1)
    line.telegram.faults.clear()
    async with line.up():
        line.write("/alerts")
        assert (await line.router.next()).text == "/alerts"
        await line.journal(0)


async def test_each_chat_is_greeted_once_and_anew_after_it_was_closed(line: Line) -> None:
    async with line.up():
        line.write("/start")
        line.write("/help")
        await line.router.next()
        await line.router.next()
        assert line.opened == [111]


async def test_a_second_program_is_told_once_backed_off_from_and_told_when_it_has_gone(line: Line) -> None:
    line.telegram.faults.add({"method": "getUpdates", "kind": "409", "count": 7})
    async with line.up():
        assert await asyncio.wait_for(line.told.get(), 60) is Notice.RIVAL
        line.write("through")
        assert (await line.router.next()).text == "through"
        # The time until it counts as gone passes only as somebody naps.
        line.clock.advance(60)
        line.write("again")
        await line.router.next()
        assert await asyncio.wait_for(line.told.get(), 60) is Notice.RIVAL_GONE
    assert [nap for nap in line.naps if nap < 30][:4] == [1.0, 2.0, 5.0, 10.0]
    assert line.told.empty()


async def test_what_goes_wrong_with_an_answer_is_told_and_the_next_comes_in(line: Line) -> None:
    async def fails(_request: TextIn) -> None:
        raise LookupError

    async with line.up():
        taken, line.router.on_text = line.router.on_text, fails  # type: ignore[method-assign]
        line.write("/alerts")

        async def is_told() -> bool:
            chat = line.telegram.chats.find(111)
            return chat is not None and any("Something went wrong on my side" in str(s.seen()) for s in chat.in_order())

        await until(is_told)
        line.router.on_text = taken  # type: ignore[method-assign]
        line.write("/help")
        assert (await line.router.next()).text == "/help"
