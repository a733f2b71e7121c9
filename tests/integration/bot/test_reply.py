"""Sending, editing and answering: real PTB against the local Telegram over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.errors import ChatClosed, DeliveryUnknown, EditUnknown, MessageRefused, RetryLater
from bot.moves import Moves
from bot.pace import Pace
from bot.reply import Progress, TelegramReply
from bot.request import Press
from bot.views.message import Button, File, Message, Style
from simulator.telegram.people import found_group, migrate, write
from simulator.telegram.serving import serving
from simulator.telegram.state import Telegram
from tests.fakes.clock import FakeClock
from trading.access import Role

TOKEN = "42:the-local-one"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


class FakeMoves:
    """Keeps moves in memory."""

    def __init__(self) -> None:
        self.kept: dict[int, int] = {}

    async def moved(self, chat_id: int, new_chat_id: int, at: datetime) -> None:
        self.kept[chat_id] = new_chat_id

    async def moves(self) -> dict[int, int]:
        return self.kept


def reply_by(bot: Bot, naps: "Naps", moves: FakeMoves | None = None) -> TelegramReply:
    clock = FakeClock()
    return TelegramReply(bot, Pace(clock), Moves(moves or FakeMoves(), clock), naps)


class Naps:
    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


class Bench:
    def __init__(self, telegram: Telegram, reply: TelegramReply, naps: Naps) -> None:
        self.telegram = telegram
        self.reply = reply
        self.naps = naps

    def fault(self, method: str, kind: str, **more: object) -> None:
        self.telegram.faults.add({"method": method, "kind": kind, **more})

    def shown(self, chat_id: int = 111) -> list[dict[str, object]]:
        chat = self.telegram.chats.find(chat_id)
        assert chat is not None
        return [stored.seen() for stored in chat.in_order() if stored.seen()["from"]["is_bot"]]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    telegram = Telegram(TOKEN, limits=False)
    async with serving(telegram) as url:
        request = HTTPXRequest(read_timeout=1, media_write_timeout=1, httpx_kwargs={"trust_env": False})
        naps = Naps()
        async with Bot(TOKEN, f"{url}/bot", f"{url}/file/bot", request=request) as bot:
            write(telegram, 111, 111, {"text": "/start"})
            yield Bench(telegram, reply_by(bot, naps), naps)


async def test_html_buttons_and_colours_arrive(bench: Bench) -> None:
    buttons = ((Button("✅ Confirm BUY 10 AAPL", "ok:x", Style.SUCCESS),), (Button("Cancel", "no:x"),))
    await bench.reply.send(111, Message("<b>AAPL</b> &lt; 200", buttons, protect=True, silent=True))
    (message,) = bench.shown()
    assert message["text"] == "AAPL < 200"
    assert message["entities"] == [{"type": "bold", "offset": 0, "length": 4}]
    keyboard = message["reply_markup"]["inline_keyboard"]  # type: ignore[index]
    assert keyboard[0][0] == {"text": "✅ Confirm BUY 10 AAPL", "callback_data": "ok:x", "style": "success"}
    assert message["has_protected_content"] is True


async def test_markup_that_telegram_refuses_goes_out_as_plain_text(bench: Bench) -> None:
    await bench.reply.send(111, Message("<b>AAPL &lt; 200"))
    assert bench.shown()[0]["text"] == "AAPL < 200"


async def test_a_long_text_goes_out_in_pieces_with_the_buttons_under_the_last(bench: Bench) -> None:
    html = "\n".join(f"<b>line {number}</b>" for number in range(1000))
    await bench.reply.send(111, Message(html, ((Button("More", "m"),),)))
    shown = bench.shown()
    assert len(shown) > 1
    assert ["reply_markup" in message for message in shown] == [False] * (len(shown) - 1) + [True]


async def test_a_send_that_timed_out_after_it_left_is_unknown_and_not_repeated(bench: Bench) -> None:
    bench.fault("sendMessage", "timeout")
    with pytest.raises(DeliveryUnknown):
        await bench.reply.send(111, Message("once"))
    assert len(bench.shown()) == 1


@pytest.mark.parametrize("kind", ["502", "500", "garbage", "drop_after", "drop"])
async def test_an_answer_that_proves_nothing_leaves_it_unknown(bench: Bench, kind: str) -> None:
    bench.fault("sendMessage", kind)
    with pytest.raises(DeliveryUnknown):
        await bench.reply.deliver(111, Message("once"))


async def test_a_429_is_waited_out_as_told(bench: Bench) -> None:
    bench.fault("sendMessage", "429", retry_after=7)
    await bench.reply.send(111, Message("patience"))
    assert bench.naps.taken == [7.0]
    assert [message["text"] for message in bench.shown()] == ["patience"]


async def test_a_long_429_is_handed_back_at_once(bench: Bench) -> None:
    bench.fault("sendMessage", "429", retry_after=300)
    with pytest.raises(RetryLater) as caught:
        await bench.reply.send(111, Message("later"))
    assert (caught.value.after_s, caught.value.limited) == (300, True)


async def test_no_connection_is_surely_not_delivered() -> None:
    naps = Naps()
    bot = Bot(TOKEN, base_url="http://127.0.0.1:9/bot", request=HTTPXRequest(httpx_kwargs={"trust_env": False}))
    with pytest.raises(RetryLater) as caught:
        await reply_by(bot, naps).send(111, Message("hello"))
    assert caught.value.limited is False
    assert len(naps.taken) == 2


async def test_a_chat_that_blocked_the_bot_is_closed(bench: Bench) -> None:
    bench.fault("sendMessage", "403")
    with pytest.raises(ChatClosed):
        await bench.reply.send(111, Message("hello"))


async def test_a_chat_that_was_never_opened_is_closed(bench: Bench) -> None:
    with pytest.raises(ChatClosed):
        await bench.reply.send(5_555, Message("hello"))


async def test_another_bad_request_is_refused_in_telegrams_words(bench: Bench) -> None:
    with pytest.raises(MessageRefused, match="text is empty"):
        await bench.reply.send(111, Message(" "))


async def test_an_edit_that_changes_nothing_is_fine(bench: Bench) -> None:
    sent = await bench.reply.send(111, Message("same"))
    await bench.reply.edit(111, sent, Message("same"))
    assert [message["text"] for message in bench.shown()] == ["same"]


async def test_other_buttons_leave_the_words_and_a_message_that_is_gone_stays_gone(bench: Bench) -> None:
    mute, unmute = Button("🔕 Mute AAPL news", "nh:3:1:i:on"), Button("🔔 Unmute AAPL news", "nh:3:1:i:off")
    sent = await bench.reply.send(111, Message("<b>news</b> &amp; more", ((mute,),)))
    await bench.reply.rekey(111, sent, ((unmute,),))
    await bench.reply.rekey(111, sent, ((unmute,),))
    await bench.reply.rekey(111, 99_999, ((unmute,),))
    (shown,) = bench.shown()
    assert shown["text"] == "news & more"
    assert shown["reply_markup"]["inline_keyboard"][0][0]["text"] == "🔔 Unmute AAPL news"


async def test_an_edit_of_a_message_that_is_gone_sends_it_anew(bench: Bench) -> None:
    shown = await bench.reply.edit(111, 99_999, Message("here again"))
    assert bench.shown()[-1]["text"] == "here again"
    assert bench.shown()[-1]["message_id"] == shown
    assert await bench.reply.edit(111, shown, Message("changed")) == shown


async def test_a_picture_joins_a_text_and_its_caption_can_be_edited(bench: Bench) -> None:
    sent = await bench.reply.send(111, Message("<b>Daily</b>", ((Button("1W", "w"),),)))
    await bench.reply.attach(111, sent, Message("<b>Daily</b>", ((Button("1W", "w"),),), picture=PNG))
    await bench.reply.edit(111, sent, Message("<b>Daily</b> +1%"))
    (message,) = bench.shown()
    assert message["caption"] == "Daily +1%"
    assert "photo" in message


async def test_what_became_known_later_does_not_undo_what_a_press_has_made_of_the_message(bench: Bench) -> None:
    sent = await bench.reply.send(111, Message("2 alerts"))
    await bench.reply.amend(111, sent, Message("2 alerts, their distances"))
    assert [message["text"] for message in bench.shown()] == ["2 alerts, their distances"]
    await bench.reply.edit(111, sent, Message("2 alerts deleted"))
    await bench.reply.amend(111, sent, Message("2 alerts, their ranges"))
    await bench.reply.attach(111, sent, Message("2 alerts, a picture", picture=PNG))
    assert [message["text"] for message in bench.shown()] == ["2 alerts deleted"]


async def test_of_two_edits_of_a_message_the_one_begun_last_stays(bench: Bench) -> None:
    sent = await bench.reply.send(111, Message("2 alerts"))
    slow = asyncio.create_task(bench.reply.amend(111, sent, Message("2 alerts, their distances")))
    await asyncio.sleep(0)
    await bench.reply.edit(111, sent, Message("2 alerts deleted"))
    await slow
    assert [message["text"] for message in bench.shown()] == ["2 alerts deleted"]


async def test_a_press_is_answered_once_and_a_stale_one_is_let_go(bench: Bench) -> None:
    stale = Press(111, 111, 1, Role.ADMIN, "x", "no-such-callback")
    await bench.reply.answer(stale, "hello")
    await bench.reply.answer(stale, "again")
    assert len(bench.telegram.calls.select("answerCallbackQuery", 0)) == 1


async def test_a_question_opens_the_keyboard_for_a_reply(bench: Bench) -> None:
    await bench.reply.send(111, Message("New level for <b>AAPL</b>?", asks="205 or +3%"))
    (shown,) = bench.shown()
    assert shown["reply_markup"] == {"force_reply": True, "input_field_placeholder": "205 or +3%"}


async def test_a_file_arrives_with_its_name_and_comes_back_as_it_was(bench: Bench) -> None:
    await bench.reply.send(111, Message("<b>3 alerts</b>", file=File("alerts.csv", b"alert,state\r\n")))
    (shown,) = bench.shown()
    document = shown["document"]
    assert isinstance(document, dict)
    assert (document["file_name"], shown["caption"]) == ("alerts.csv", "3 alerts")
    assert await bench.reply.fetch(document["file_id"]) == b"alert,state\r\n"


async def test_messages_are_removed_and_one_that_is_gone_harms_nobody(bench: Bench) -> None:
    first = await bench.reply.send(111, Message("one"))
    second = await bench.reply.send(111, Message("two"))
    await bench.reply.delete(111, first)
    await bench.reply.delete(111, first, second)
    assert bench.shown() == []


async def test_who_is_in_a_group_is_known_and_strangers_are_not(bench: Bench) -> None:
    found_group(bench.telegram, -100, "Desk", [111, 222], "member")
    assert await bench.reply.is_member(-100, 222)
    assert not await bench.reply.is_member(-100, 333)
    assert not await bench.reply.is_member(-999, 222)


def long_text() -> Message:
    return Message("\n".join(f"<b>line {number}</b>" for number in range(1000)), ((Button("More", "m"),),))


def lines_of(shown: list[dict[str, object]]) -> list[str]:
    return [line for message in shown for line in str(message["text"]).splitlines() if line.startswith("line")]


async def test_after_a_429_a_long_text_goes_on_with_the_part_that_was_refused(bench: Bench) -> None:
    bench.fault("sendMessage", "429", retry_after=3, skip=1)
    progress = Progress()
    with pytest.raises(RetryLater):
        await bench.reply.deliver(111, long_text(), progress=progress)
    assert progress.sent == 1
    await bench.reply.deliver(111, long_text(), progress=progress)
    shown = bench.shown()
    assert lines_of(shown) == [f"line {number}" for number in range(1000)]
    assert not any("may repeat" in str(message["text"]) for message in shown)


async def test_a_part_whose_first_send_was_not_acknowledged_is_repeated_alone_and_marked(bench: Bench) -> None:
    bench.fault("sendMessage", "timeout", skip=1)
    progress = Progress()
    with pytest.raises(DeliveryUnknown):
        await bench.reply.deliver(111, long_text(), progress=progress)
    await bench.reply.deliver(111, long_text(), progress=progress)
    shown = bench.shown()
    assert [str(message["text"]).startswith("↻ may repeat") for message in shown] == [False, False, True] + [False] * (
        len(shown) - 3
    )
    assert lines_of([shown[1]]) == lines_of([shown[2]])


async def test_a_part_that_is_refused_for_its_form_does_not_repeat_the_parts_before_it(bench: Bench) -> None:
    bench.fault("sendMessage", "400", skip=1)
    await bench.reply.send(111, long_text())
    assert lines_of(bench.shown()) == [f"line {number}" for number in range(1000)]


async def test_a_group_that_became_a_supergroup_is_found_there_and_keeps_its_first_id(bench: Bench) -> None:
    found_group(bench.telegram, -5, "Desk", [111], "member")
    new = migrate(bench.telegram, -5)
    moves = FakeMoves()
    reply = reply_by(bench.reply._bot, bench.naps, moves)
    sent = await reply.send(-5, Message("first"))
    assert moves.kept == {-5: new.id}
    await reply.edit(-5, sent, Message("edited"))
    assert [message["text"] for message in bench.shown(new.id) if "text" in message] == ["edited"]
    calls = len(bench.telegram.calls.select("sendMessage", 0))
    await reply.send(-5, Message("second"))
    assert len(bench.telegram.calls.select("sendMessage", 0)) == calls + 1


async def test_a_move_is_known_after_a_restart(bench: Bench) -> None:
    found_group(bench.telegram, -5, "Desk", [111], "member")
    moves = FakeMoves()
    moves.kept[-5] = migrate(bench.telegram, -5).id
    known = Moves(moves, FakeClock())
    await known.load()
    assert (known.out(-5), known.home(moves.kept[-5])) == (moves.kept[-5], -5)


async def test_an_outbox_edit_of_a_message_that_is_gone_is_sent_anew_and_its_id_is_the_new_one(bench: Bench) -> None:
    assert await bench.reply.revise(111, 99_999, Message("here again")) == bench.shown()[-1]["message_id"]
    sent = await bench.reply.send(111, Message("digest"))
    assert await bench.reply.revise(111, sent, Message("digest of 6")) == sent


async def test_an_outbox_edit_of_which_nothing_is_heard_is_known_to_be_an_edit(bench: Bench) -> None:
    sent = await bench.reply.send(111, Message("digest"))
    bench.fault("editMessageText", "drop_after")
    with pytest.raises(EditUnknown):
        await bench.reply.revise(111, sent, Message("digest of 6"))
    assert [message["text"] for message in bench.shown()] == ["digest of 6"]


async def test_an_outbox_edit_whose_markup_is_refused_is_made_as_plain_text(bench: Bench) -> None:
    sent = await bench.reply.send(111, Message("digest", ((Button("More", "dg:1"),),)))
    bench.fault("editMessageText", "400")
    assert await bench.reply.revise(111, sent, Message("<b>digest</b> of 6", ((Button("More", "dg:1"),),))) == sent
    (message,) = bench.shown()
    assert (message["text"], "reply_markup" in message) == ("digest of 6", True)


async def test_what_becomes_known_later_does_not_come_anew_where_its_message_was_deleted(bench: Bench) -> None:
    sent = await bench.reply.send(111, Message("fired"))
    await bench.reply.delete(111, sent)
    await bench.reply.amend(111, sent, Message("fired, price now 201"))
    assert bench.shown() == []


async def test_an_edit_of_a_message_from_before_a_groups_move_hits_no_other_message_there(bench: Bench) -> None:
    found_group(bench.telegram, -5, "Desk", [111], "member")
    old = [await bench.reply.send(-5, Message(f"old {number}")) for number in range(3)]
    new = migrate(bench.telegram, -5)
    assert await bench.reply.revise(-5, old[0], Message("digest")) not in old[:1]
    assert [message["text"] for message in bench.shown(new.id) if "text" in message] == ["digest"]
