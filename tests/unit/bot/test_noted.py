"""What is added to answers while the link to IBKR is not up."""

from datetime import datetime, timedelta

import pytest

from bot.noted import NotedReply
from bot.views.message import Message
from tests.fakes.clock import FakeClock
from tests.fakes.reply import FakeReply, check_message


class Desk:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.reply = FakeReply()
        self.down: datetime | None = self.clock.now() - timedelta(seconds=3)
        self.was_up = False
        self.noted = NotedReply(self.reply, lambda: self.down, self.clock, lambda: self.was_up)

    async def said(self, html: str = "<b>Hello</b>") -> str:
        return check_message(self.reply.shown[await self.noted.send(111, Message(html))])


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_right_after_the_start_the_link_is_not_lost_it_is_not_up_yet(desk: Desk) -> None:
    said = await desk.said()
    assert said.splitlines()[0] == "Hello"
    assert "The IBKR link is not up yet: I have been connecting for 3 s." in said
    assert "down" not in said


async def test_a_link_that_was_up_is_down_and_what_is_shown_is_old(desk: Desk) -> None:
    desk.was_up = True
    assert "IBKR link down for 3 s: what you see is as last received" in await desk.said()


async def test_while_it_is_up_nothing_is_added(desk: Desk) -> None:
    desk.down = None
    assert await desk.said() == "Hello"


async def test_what_speaks_of_the_link_itself_gets_no_note(desk: Desk) -> None:
    assert await desk.said("🔌 <b>IBKR cannot be reached</b>") == "🔌 IBKR cannot be reached"
