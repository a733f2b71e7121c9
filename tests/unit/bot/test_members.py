"""/users and its buttons, as an admin presses them."""

import pytest

from bot.callback_data import Code, Place, encode
from tests.fakes.chat import ADMIN, TRADER, VIEWER, Chat
from trading.access import Role

LEE = 999


@pytest.fixture
async def chat() -> Chat:
    made = Chat()
    await made.members.load()
    return made


async def test_an_admin_sees_everyone_with_role_and_where_it_comes_from(chat: Chat) -> None:
    said = await chat.say("/users", ADMIN)
    assert said.splitlines()[0] == "👥 3 people"
    assert "111 · admin · from TELEGRAM_USERS" in said
    assert "333 · viewer · from TELEGRAM_USERS" in said


@pytest.mark.parametrize("user_id", [TRADER, VIEWER])
async def test_it_is_for_admins_only(chat: Chat, user_id: int) -> None:
    assert "admins only" in await chat.say("/users", user_id)
    toast = await chat.press(encode(Code.MEMBER_BLOCK, Place.HERE, ADMIN), 5, user_id)
    assert toast == "That is for admins only. Nothing was done."
    assert chat.roster.admins == (ADMIN,)


async def test_allow_on_the_notice_lets_a_stranger_in_as_viewer_and_tells_them(chat: Chat) -> None:
    chat.stranger_names[LEE] = "Lee <b>"
    await chat.say("/users", ADMIN)
    notice = chat.reply.last_id
    assert await chat.press(encode(Code.MEMBER_ALLOW, LEE), notice, ADMIN) == "Allowed as a viewer"
    assert chat.roster.role_of(LEE) is Role.VIEWER
    assert chat.welcomed == [LEE]
    assert chat.reply.text.startswith("👤 Lee <b> is in, as a viewer.")
    again = await chat.press(encode(Code.MEMBER_ALLOW, LEE), notice, ADMIN)
    assert again.startswith("That is so already")
    assert chat.welcomed == [LEE]


async def test_block_on_the_notice_keeps_a_stranger_out(chat: Chat) -> None:
    chat.stranger_names[LEE] = "Lee"
    await chat.say("/users", ADMIN)
    await chat.press(encode(Code.MEMBER_BLOCK, Place.HERE, LEE), chat.reply.last_id, ADMIN)
    assert "Lee is blocked" in chat.reply.text
    assert chat.members.is_blocked(LEE)
    assert chat.welcomed == []


async def test_from_the_list_to_a_person_and_out_and_in_again(chat: Chat) -> None:
    await chat.say("/users", ADMIN)
    await chat.tap("User 222", ADMIN)
    assert chat.labels() == ["⛔ Block", "« People"]
    await chat.tap("Block", ADMIN)
    assert chat.reply.text.splitlines()[0] == "✅ Blocked: out at once, and nobody hears of them again."
    assert chat.roster.role_of(TRADER) is None
    await chat.tap("Unblock", ADMIN)
    assert chat.roster.role_of(TRADER) is Role.TRADER
    await chat.tap("« People", ADMIN)
    assert chat.reply.text.splitlines()[0] == "👥 3 people"


async def test_on_oneself_there_is_nothing_to_press(chat: Chat) -> None:
    await chat.say("/users", ADMIN)
    await chat.tap("User 111", ADMIN)
    assert chat.labels() == ["« People"]
    toast = await chat.press(encode(Code.MEMBER_BLOCK, Place.HERE, ADMIN), chat.reply.last_id, ADMIN)
    assert toast.startswith("Not yourself")


async def test_one_who_was_let_in_may_be_removed(chat: Chat) -> None:
    await chat.members.let_in(LEE, "Lee", by=ADMIN)
    await chat.say("/users", ADMIN)
    await chat.tap("Lee", ADMIN)
    assert chat.labels() == ["🚪 Remove", "⛔ Block", "« People"]
    await chat.tap("Remove", ADMIN)
    assert chat.roster.role_of(LEE) is None
    assert "not known any more" in chat.reply.text


async def test_an_order_of_someone_who_was_put_out_is_not_sent(chat: Chat) -> None:
    await chat.members.block(TRADER, "", by=ADMIN)
    said = await chat.say("buy 10 AAPL 199.5")
    assert "trader's role" in said
    assert chat.gateway.submitted == []
