"""Orders above the limit: a code, or a second person, between both simulators and over kills and restarts."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from tests.flow.chat import Chat, Shown, labels, said
from tests.flow.conftest import Stage, opened_stage, trading_day

# A Wednesday, 11:00 in New York.
MORNING = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)
LINE = "buy 10 AAPL 199.5"
CODES = {"second_step": "totp", "second_step_above": "1000"}
PEOPLE = {"second_step": "person", "second_step_above": "1000"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened_stage(trading_day(tmp_path, MORNING), tmp_path) as stage:
        yield stage


class App:
    """An authenticator app, by the same clock as the bot."""

    def __init__(self, stage: Stage, secret: str) -> None:
        self._dial = stage.dial
        self._totp = pyotp.TOTP(secret)

    def code(self) -> str:
        return self._totp.at(int(self._dial.time()))

    def wrong(self) -> str:
        shown = {self._totp.at(int(self._dial.time()) + 30 * near) for near in range(-3, 4)}
        return next(f"{number:06d}" for number in range(10) if f"{number:06d}" not in shown)


async def enrolled(stage: Stage, chat: Chat) -> App:
    """Set *chat*'s person up with an authenticator app, and let a code's time go by."""
    shown = await chat.ask("/totp", "Scan this")
    assert shown["photo"]
    found = re.search(r"key there: ((?:[A-Z2-7]{4} ?)+)", said(shown))
    assert found is not None
    app = App(stage, found[1].replace(" ", ""))
    await chat.ask(app.code(), "is set up")
    await gone(stage, chat, shown)
    await stage.later(timedelta(seconds=31))
    return app


async def gone(stage: Stage, chat: Chat, message: Shown) -> None:
    async def look() -> bool:
        return all(one["message_id"] != message["message_id"] for one in await chat.shown())

    await stage.desk.until(look, "a deleted message")


async def carded(chat: Chat, line: str = LINE) -> Shown:
    card = await chat.ask(line, "confirm?")
    # Updates of a chat are worked on in order: once this is answered, the card's own message is known to the desk.
    await chat.ask("/help", "/orders")
    return card


async def settled(stage: Stage, chat: Chat, card: Shown, word: str) -> Shown:
    async def look() -> Shown | None:
        now = await chat.again(card)
        return now if word in said(now) else None

    found: Shown = await stage.desk.until(look, f"{word!r} on the card")
    return found


async def orders(stage: Stage, count: int) -> bool:
    return len(await stage.desk.orders()) == count


async def test_a_code_sends_what_a_tap_alone_does_not_and_no_code_stays_in_the_chat(stage: Stage) -> None:
    await stage.up(**CODES)
    app = await enrolled(stage, stage.tom)
    card = await carded(stage.tom)
    await stage.tom.press(card, "✅")
    question = await stage.tom.until("your code?")
    assert await stage.desk.orders() == []
    code = app.code()
    await stage.tom.say(code)
    await stage.tom.until("FILLED", after=card["message_id"])
    await gone(stage, stage.tom, question)
    assert len(await stage.desk.orders()) == 1
    assert not any(said(message) == code for message in await stage.tom.shown())
    # The same code opens nothing else.
    second = await carded(stage.tom, "buy 11 AAPL 199.5")
    await stage.tom.press(second, "✅")
    await stage.tom.until("your code?", after=second["message_id"])
    await stage.tom.ask(code, "used already")
    assert len(await stage.desk.orders()) == 1


async def test_below_the_limit_a_tap_is_enough(stage: Stage) -> None:
    await stage.up(**CODES)
    card = await carded(stage.tom, "buy 5 AAPL 199.5")
    await stage.tom.press(card, "✅")
    await stage.tom.until("FILLED", after=card["message_id"])


async def test_five_wrong_codes_lock_the_admin_hears_and_unlocks(stage: Stage) -> None:
    await stage.up(**CODES)
    app = await enrolled(stage, stage.tom)
    card = await carded(stage.tom)
    await stage.tom.press(card, "✅")
    await stage.tom.until("your code?")
    for left in ("4 more", "3 more", "2 more", "1 more"):
        await stage.tom.ask(app.wrong(), "not the code", left)
    await stage.tom.ask(app.wrong(), "for an hour")
    await stage.ada.until("5 wrong codes in a row", "222")
    await stage.tom.press(card, "✅")
    await stage.tom.until("Your codes are locked")
    await stage.ada.ask("/unlock 222", "may type codes again")
    again = await carded(stage.tom)
    await stage.tom.press(again, "✅")
    await stage.tom.until("your code?", after=again["message_id"])
    await stage.tom.say(app.code())
    await stage.tom.until("FILLED", after=again["message_id"])
    assert len(await stage.desk.orders()) == 1


async def test_a_code_typed_ten_times_at_once_makes_one_order(stage: Stage) -> None:
    await stage.up(**CODES)
    app = await enrolled(stage, stage.tom)
    card = await carded(stage.tom)
    await stage.tom.press(card, "✅")
    await stage.tom.until("your code?")
    code = app.code()
    await asyncio.gather(*(stage.tom.say(code) for _ in range(10)))
    await stage.tom.until("FILLED", after=card["message_id"])
    await stage.tom.ask("/help", "/orders")
    assert len(await stage.desk.orders()) == 1


async def test_the_question_outlives_a_kill_and_a_used_code_stays_used(stage: Stage) -> None:
    bot = await stage.up(**CODES)
    app = await enrolled(stage, stage.tom)
    card = await carded(stage.tom)
    await stage.tom.press(card, "✅")
    await stage.tom.until("your code?")
    await bot.kill()
    bot = await stage.up(**CODES)
    code = app.code()
    await stage.tom.say(code)
    await stage.tom.until("FILLED", after=card["message_id"])
    await bot.kill()
    await stage.up(**CODES)
    second = await carded(stage.tom, "buy 11 AAPL 199.5")
    await stage.tom.press(second, "✅")
    await stage.tom.until("your code?", after=second["message_id"])
    await stage.tom.ask(code, "used already")
    assert len(await stage.desk.orders()) == 1


async def test_a_card_that_expires_takes_its_question_with_it(stage: Stage) -> None:
    await stage.up(**CODES)
    app = await enrolled(stage, stage.tom)
    card = await carded(stage.tom)
    await stage.tom.press(card, "✅")
    question = await stage.tom.until("your code?")
    await stage.later(timedelta(seconds=61))
    await settled(stage, stage.tom, card, "Expired")
    await gone(stage, stage.tom, question)
    await stage.tom.ask(app.code(), "understand")
    assert await stage.desk.orders() == []


async def test_who_has_no_app_is_told_how_to_set_one_up(stage: Stage) -> None:
    await stage.up(**CODES)
    card = await carded(stage.tom)
    await stage.tom.press(card, "✅")
    await stage.tom.until("you have set up none", "/totp")
    assert any(label.startswith("✅") for label in labels(await settled(stage, stage.tom, card, "confirm?")))


async def test_a_second_persons_approval_sends_it_and_the_requester_sees_who(stage: Stage) -> None:
    await stage.up(**PEOPLE)
    card = await carded(stage.tom)
    await stage.tom.press(card, "✅")
    request = await stage.ada.until("approve?", "BUY 10 AAPL", "User 222")
    await settled(stage, stage.tom, card, "waits for a second person")
    assert await stage.desk.orders() == []
    await stage.ada.press(request, "✅")
    await stage.tom.until("FILLED", after=card["message_id"])
    assert len(await stage.desk.orders()) == 1
    assert labels(await settled(stage, stage.ada, request, "Your press decided it")) == []


async def test_ten_approvals_at_once_make_one_order_and_nobody_elses_press_counts(stage: Stage) -> None:
    await stage.up(**PEOPLE)
    card = await carded(stage.tom)
    await stage.tom.press(card, "✅")
    request = await stage.ada.until("approve?")
    data = request["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    for person in (222, 333, 999):
        await stage.ada.press(request, "✅", by=person)
    await stage.ada.ask("/help", "/orders")
    await stage.tom.ask("/help", "/orders")
    assert await stage.desk.orders() == []
    await asyncio.gather(*(stage.ada.press(request, data, force=True, data=data) for _ in range(10)))
    await stage.tom.until("FILLED", after=card["message_id"])
    await stage.ada.ask("/help", "/orders")
    assert len(await stage.desk.orders()) == 1


async def test_a_request_outlives_a_kill_and_is_approved_after_it(stage: Stage) -> None:
    bot = await stage.up(**PEOPLE)
    card = await carded(stage.tom)
    await stage.tom.press(card, "✅")
    request = await stage.ada.until("approve?")
    await settled(stage, stage.tom, card, "waits for a second person")
    await bot.kill()
    await stage.up(stage.vera, **PEOPLE)
    await stage.ada.press(request, "✅")
    await stage.tom.until("FILLED", after=card["message_id"])
    assert len(await stage.desk.orders()) == 1


async def test_what_nobody_approves_in_two_minutes_expires_on_both_sides(stage: Stage) -> None:
    await stage.up(**PEOPLE)
    card = await carded(stage.tom)
    await stage.tom.press(card, "✅")
    request = await stage.ada.until("approve?")
    await settled(stage, stage.tom, card, "waits for a second person")
    data = request["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    await stage.later(timedelta(seconds=121))
    await settled(stage, stage.tom, card, "Expired")
    expired = await settled(stage, stage.ada, request, "Expired")
    late = await stage.ada.press(expired, "", force=True, data=data, wait=10)
    assert "xpired" in late["answer"]["text"]
    assert await stage.desk.orders() == []


async def test_a_decline_is_told_with_who_did_it(stage: Stage) -> None:
    await stage.up(**PEOPLE)
    card = await carded(stage.tom)
    await stage.tom.press(card, "✅")
    await stage.ada.press(await stage.ada.until("approve?"), "✖️")
    await settled(stage, stage.tom, card, "Declined by user 111")
    assert await stage.desk.orders() == []
