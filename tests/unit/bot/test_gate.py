"""Who gets in, told by updates as the Bot API sends them."""

import copy
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from telegram import Update
from telegram.ext import ApplicationHandlerStop

from bot.gate import Gate
from bot.inbox import Inbox
from bot.request import Press, TextIn
from tests.fakes.clock import FakeClock
from trading.access import Role, Roster

ADA = {"id": 111, "is_bot": False, "first_name": "Ada"}
STRANGER = {"id": 999, "is_bot": False, "first_name": "Stranger"}
ROSTER = Roster({111: Role.ADMIN, 222: Role.TRADER})


def private(user: dict[str, Any]) -> dict[str, Any]:
    return {"id": user["id"], "type": "private", "first_name": user["first_name"]}


def text(user: dict[str, Any], chat: dict[str, Any] | None = None, said: str = "AAPL > 200", **more: Any) -> Update:
    message = {
        "message_id": 5,
        "from": user,
        "chat": chat or private(user),
        "date": 1_763_650_000,
        "text": said,
        **more,
    }
    update = Update.de_json(copy.deepcopy({"update_id": 1, "message": message}), None)
    assert update is not None
    return update


def press(user: dict[str, Any], chat: dict[str, Any]) -> Update:
    message = {"message_id": 5, "chat": chat, "date": 1_763_650_000, "text": "card"}
    query = {"id": "9", "from": user, "chat_instance": "1", "data": "ok:token", "message": message}
    update = Update.de_json(copy.deepcopy({"update_id": 1, "callback_query": query}), None)
    assert update is not None
    return update


async def comes_in(update: Update, groups: frozenset[int] = frozenset()) -> bool:
    try:
        await Gate(ROSTER, groups, FakeClock()).check(update, None)  # type: ignore[arg-type]  # it has no use for the context
    except ApplicationHandlerStop:
        return False
    return True


GROUP = {"id": -100, "type": "supergroup", "title": "Desk"}


@pytest.mark.parametrize(
    ("update", "welcome"),
    [
        (text(ADA), True),
        (press(ADA, private(ADA)), True),
        (text(STRANGER), False),
        (press(STRANGER, private(STRANGER)), False),
        (press(STRANGER, private(ADA)), False),
        (text(ADA, GROUP), False),
        (text(ADA, private(STRANGER)), False),
        (text({**ADA, "is_bot": True}), False),
        (text({"id": 1087968824, "is_bot": True, "first_name": "Group"}, GROUP, sender_chat=GROUP), False),
        (text(ADA, via_bot={"id": 7, "is_bot": True, "first_name": "Other"}), False),
        (text(ADA, forward_origin={"type": "hidden_user", "date": 1, "sender_user_name": "x"}), False),
    ],
    ids=[
        "a listed person",
        "a listed person's press",
        "a stranger",
        "a stranger's press",
        "a stranger on a listed person's card",
        "a listed person in a group",
        "a listed person in another's chat",
        "a bot",
        "an anonymous admin",
        "a copy by a bot",
        "a forward",
    ],
)
async def test_only_listed_people_in_their_own_chat_come_in(update: Update, welcome: bool) -> None:
    assert await comes_in(update) is welcome


async def test_a_group_is_open_when_it_is_named_and_for_listed_people_alone() -> None:
    assert await comes_in(text(ADA, GROUP), frozenset({-100}))
    assert not await comes_in(text(STRANGER, GROUP), frozenset({-100}))


async def test_strangers_make_one_log_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    gate = Gate(ROSTER, frozenset(), clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            with pytest.raises(ApplicationHandlerStop):
                await gate.check(text(STRANGER), None)  # type: ignore[arg-type]  # it has no use for the context
            clock.advance(2)
    assert len(caplog.records) == 2


class FakeRouter:
    def __init__(self) -> None:
        self.texts: list[TextIn] = []
        self.presses: list[Press] = []

    async def on_text(self, request: TextIn) -> None:
        self.texts.append(request)

    async def on_press(self, press: Press) -> None:
        self.presses.append(press)
        raise RuntimeError


class FakeReply:
    def __init__(self) -> None:
        self.answered: list[str] = []

    async def answer(self, press: Press, text: str = "", *, alert: bool = False) -> None:
        self.answered.append(press.callback_id)


CONTEXT: Any = SimpleNamespace(bot=SimpleNamespace(username="squawkbot_demo_bot"))


@pytest.mark.parametrize(
    ("said", "heard", "args"),
    [
        ("AAPL > 200", "AAPL > 200", "AAPL > 200"),
        ("/alert AAPL > 200", "/alert AAPL > 200", "AAPL > 200"),
        ("/alerts@squawkbot_demo_bot", "/alerts", ""),
        ("/alerts@SquawkBot_Demo_Bot x", "/alerts x", "x"),
    ],
)
async def test_texts_are_handed_on_with_the_role_and_without_our_name(said: str, heard: str, args: str) -> None:
    router = FakeRouter()
    await Inbox(router, ROSTER, FakeReply()).on_message(text(ADA, said=said), CONTEXT)  # type: ignore[arg-type]  # a fake of one method
    (request,) = router.texts
    assert (request.text, request.args, request.role, request.user_id) == (heard, args, Role.ADMIN, 111)


async def test_a_command_for_another_bot_is_none_of_ours() -> None:
    router = FakeRouter()
    await Inbox(router, ROSTER, FakeReply()).on_message(text(ADA, said="/alerts@other_bot"), CONTEXT)  # type: ignore[arg-type]  # a fake of one method
    assert router.texts == []


async def test_a_press_is_answered_even_when_its_handler_fails() -> None:
    router, reply = FakeRouter(), FakeReply()
    with pytest.raises(RuntimeError):
        await Inbox(router, ROSTER, reply).on_press(press(ADA, private(ADA)), CONTEXT)  # type: ignore[arg-type]  # a fake of one method
    assert router.presses[0].data == "ok:token"
    assert reply.answered == ["9"]


async def test_roles_are_looked_up_again_behind_the_gate() -> None:
    router = FakeRouter()
    await Inbox(router, ROSTER, FakeReply()).on_message(text(STRANGER), CONTEXT)  # type: ignore[arg-type]  # a fake of one method
    assert router.texts == []
