"""What the inbound webhook takes and refuses: bodies, secrets, people, floods, repeats."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inbound import FRESH, KIND, Answer, Inbound, InboundOrders, Rate
from bot.inbound_reading import BadCall, Kind, call_of, fields_of
from bot.request import TextIn
from bot.views.outbox import render
from storage.errors import StorageUnavailable
from storage.message import MessageState, NewMessage, OutboxMessage, Priority
from tests.fakes.chat import NEW_YORK
from tests.fakes.clock import FakeClock
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message
from tests.fakes.trading import MemoryAudit
from trading.access import Role, Roster

SECRET = "a-secret-of-enough-length"
TRADER, VIEWER, STRANGER = 222, 333, 999
NOW = FakeClock().now()


class Shelf:
    """Implements `bot.inbound.InboundStore`."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, NewMessage, timedelta]] = []
        self.known: set[str] = set()
        self.error: Exception | None = None

    async def put(self, key: str, message: NewMessage, at: datetime, holds: timedelta) -> bool:
        if self.error is not None:
            raise self.error
        if key in self.known:
            return False
        self.known.add(key)
        self.kept.append((key, message, holds))
        return True


class Bench:
    """The hook with everything around it."""

    def __init__(self, per_minute: int = 30) -> None:
        self.clock, self.shelf, self.audit = FakeClock(), Shelf(), MemoryAudit()
        self.hook = Inbound(
            secret=SECRET,
            store=self.shelf,
            roster=Roster({TRADER: Role.TRADER, VIEWER: Role.VIEWER}),
            audit=self.audit,
            clock=self.clock,
            per_minute=per_minute,
            holds=timedelta(seconds=60),
        )

    async def call(self, **fields: object) -> Answer:
        """Call with the right secret, unless another is given."""
        return await self.hook.take(json.dumps({"secret": SECRET, **fields}).encode())

    @property
    def messages(self) -> Sequence[NewMessage]:
        return [message for _, message, _ in self.shelf.kept]


async def test_an_alert_becomes_a_message_for_its_person() -> None:
    bench = Bench()
    answer = await bench.call(user=VIEWER, alert="AAPL crossed 200")
    assert answer == Answer(200, {"status": "accepted"})
    (message,) = bench.messages
    assert (message.chat_id, message.kind, message.priority) == (VIEWER, KIND, Priority.ALERT)
    assert message.payload == {"what": "alert", "text": "AAPL crossed 200", "at": NOW.isoformat()}
    assert bench.audit.lines == [("webhook", "alert", "taken", "AAPL crossed 200")]


async def test_an_order_line_becomes_a_message_that_goes_first() -> None:
    bench = Bench()
    assert (await bench.call(user=str(TRADER), order=" buy 10 AAPL 199.5 ")).status == 200
    (message,) = bench.messages
    assert (message.payload["text"], message.priority) == ("buy 10 AAPL 199.5", Priority.ORDER)


@pytest.mark.parametrize("secret", ["", SECRET[:-1], f"{SECRET} ", SECRET.upper(), 5, None, True, [SECRET], "\ud800"])
async def test_a_wrong_secret_is_refused_whatever_else_is_right(secret: object) -> None:
    bench = Bench()
    assert await bench.call(secret=secret, user=TRADER, alert="x") == Answer(401, {"error": "unauthorized"})
    assert bench.messages == []
    assert bench.audit.lines == [("webhook", "", "refused", "wrong secret")]


@pytest.mark.parametrize("text", [f"my {SECRET}", f"{SECRET[:5]}\u200b{SECRET[5:]}"])
async def test_a_text_that_repeats_the_secret_is_refused_and_kept_nowhere(text: str) -> None:
    bench = Bench()
    answer = await bench.call(user=TRADER, alert=text)
    assert answer == Answer(400, {"error": "the secret stands in the text"})
    assert bench.messages == []
    assert bench.audit.lines == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00" * 100,
        b"\xff\xfe{}",
        b"{",
        b"[" * 16_000,
        b'{"secret":' * 3_000,
        b"[]",
        b"null",
        b'{"secret": ' + b"9" * 5_000 + b"}",
        SECRET.encode(),
        f"user: {TRADER}\nalert: x".encode(),
    ],
)
async def test_what_cannot_be_read_is_answered_as_a_wrong_secret(body: bytes) -> None:
    bench = Bench()
    assert (await bench.hook.take(body)).status == 401
    assert bench.messages == []


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda said: said.encode(errors="replace")))
def test_no_body_is_too_strange_to_be_looked_at(body: bytes) -> None:
    fields = fields_of(body)
    try:
        call = call_of(fields)
    except BadCall:
        return
    assert call.text


@pytest.mark.parametrize(
    "fields",
    [
        {"user": TRADER},
        {"user": TRADER, "alert": "x", "order": "buy 10 AAPL 199.5"},
        {"alert": "x"},
        {"user": "ada", "alert": "x"},
        {"user": -5, "alert": "x"},
        {"user": True, "alert": "x"},
        {"user": [TRADER], "alert": "x"},
        {"user": TRADER, "alert": ""},
        {"user": TRADER, "alert": "\x00\x07"},
        {"user": TRADER, "alert": {"text": "x"}},
        {"user": TRADER, "order": "/resume"},
        {"user": TRADER, "order": "AAPL > 200"},
        {"user": TRADER, "order": "buy 10 AAPL\nsell 10 AAPL"},
        {"user": TRADER, "order": "buy 10 AAPL \u202e199.5"},
        {"user": TRADER, "order": "buy 10 AAPL 199.5\x00"},
        {"user": TRADER, "order": "buy " + "1" * 300},
        {"user": TRADER, "alert": "x", "id": ["a"]},
    ],
)
async def test_a_call_that_says_nothing_right_is_refused_with_a_reason(fields: dict[str, object]) -> None:
    bench = Bench()
    answer = await bench.call(**fields)
    assert answer.status == 400
    assert answer.said["error"]
    assert bench.messages == []


async def test_nobody_outside_the_list_is_told_anything() -> None:
    bench = Bench()
    assert (await bench.call(user=STRANGER, alert="x")).status == 403
    assert bench.messages == []
    assert bench.audit.lines == [("webhook", "", "refused", "unknown user")]


async def test_a_viewer_gets_no_order() -> None:
    bench = Bench()
    assert (await bench.call(user=VIEWER, order="buy 10 AAPL 199.5")).status == 403
    assert bench.messages == []


async def test_the_same_call_is_done_once_and_answered_twice() -> None:
    bench = Bench()
    first, second = [await bench.call(user=TRADER, alert="x") for _ in range(2)]
    assert (first.said, second.said) == ({"status": "accepted"}, {"status": "duplicate"})
    await bench.call(user=TRADER, alert="x", bar="15:31")
    assert len(bench.messages) == 2


async def test_an_id_of_its_own_tells_calls_apart_and_holds_for_a_day() -> None:
    bench = Bench()
    for name, text in (("a", "x"), ("b", "x"), ("a", "y")):
        await bench.call(user=TRADER, alert=text, id=name)
    await bench.call(user=VIEWER, alert="x", id="a")
    assert [message.payload["text"] for message in bench.messages] == ["x", "x", "x"]
    assert {holds for _, _, holds in bench.shelf.kept} == {timedelta(days=1)}


async def test_the_thirty_first_call_of_a_minute_has_to_wait() -> None:
    bench = Bench(per_minute=3)
    for number in range(3):
        assert (await bench.call(user=TRADER, alert=str(number))).status == 200
        bench.clock.advance(1)
    answer = await bench.call(user=TRADER, alert="one more")
    assert (answer.status, answer.wait_s) == (429, 57)
    bench.clock.advance(57)
    assert (await bench.call(user=TRADER, alert="one more")).status == 200


async def test_wrong_secrets_take_no_turn_of_the_right_one_and_fill_no_log() -> None:
    bench = Bench(per_minute=1)
    for _ in range(50):
        assert (await bench.call(secret="x" * 20, user=TRADER, alert="x")).status == 401
    assert len(bench.audit.lines) == 10
    assert (await bench.call(user=TRADER, alert="x")).status == 200


async def test_a_full_disk_asks_the_caller_to_come_again() -> None:
    bench = Bench()
    bench.shelf.error = StorageUnavailable("database or disk is full")
    assert await bench.call(user=TRADER, alert="x") == Answer(503, {"error": "try again"}, 5)
    bench.shelf.error = None
    assert (await bench.call(user=TRADER, alert="x")).said == {"status": "accepted"}


def test_plain_text_says_the_same_as_json() -> None:
    body = f"secret: {SECRET}\nUser = {TRADER}\norder: buy 10 AAPL 199.5\n"
    assert fields_of(body.encode()) == {"secret": SECRET, "user": str(TRADER), "order": "buy 10 AAPL 199.5"}


def test_what_follows_the_named_lines_is_the_alert() -> None:
    head = f"secret: {SECRET}\r\nuser: {TRADER}\r\n"
    assert call_of(fields_of(f"{head}AAPL crossed 200\nuser: none".encode())).text == "AAPL crossed 200\nuser: none"
    assert call_of(fields_of(f"{head}alert: AAPL\non 1h".encode())).text == "AAPL\non 1h"


def test_a_key_has_nothing_of_the_secret_in_it() -> None:
    one = call_of({"secret": "a", "user": 1, "alert": "x"})
    assert one.key == call_of({"secret": "b", "user": 1, "alert": "x"}).key
    assert one.kind is Kind.ALERT


def test_an_alert_is_cut_where_a_message_would_be_too_long() -> None:
    text = call_of({"user": 1, "alert": "&" * 16_000}).text
    check_message(shown({"what": "alert", "text": text}))


def shown(payload: dict[str, str], *, age_s: float = 1.0, may_repeat: bool = False) -> object:
    now = NOW + timedelta(seconds=age_s)
    whole = {"at": NOW.isoformat(), **payload}
    return render("inbound", whole, now=now, zone=NEW_YORK, may_repeat=may_repeat, happened=NOW)


def test_messages_of_the_webhook() -> None:
    check_golden("inbound-alert", shown({"what": "alert", "text": "<b>AAPL</b> & co crossed 200\non the 1h chart"}))
    check_golden("inbound-order", shown({"what": "order", "text": "buy 10 AAPL 199.5"}))
    long = {"what": "order", "text": "buy 1000 AAPL 199.5 tp 210 sl 190 twap from 10:00 till 15:30 gtc outside"}
    check_golden("inbound-order-late", shown(long, age_s=3600, may_repeat=True))


class TestCards:
    """The card follows its message, while that is news."""

    def row(self, what: str = "order", *, chat_id: int = TRADER, may_repeat: bool = False) -> OutboxMessage:
        return OutboxMessage(
            id=7,
            chat_id=chat_id,
            kind=KIND,
            payload={"what": what, "text": "buy 10 AAPL 199.5", "at": NOW.isoformat()},
            state=MessageState.SENDING,
            priority=Priority.ORDER,
            silent=False,
            created=NOW,
            happened=NOW,
            dedupe_key="inbound:x",
            reply_to=None,
            edit_key=None,
            boot_id="boot-1",
            attempts=0,
            next_try=None,
            message_id=None,
            error="",
            may_repeat=may_repeat,
        )

    async def asked(self, row: OutboxMessage, *, age_s: float = 1.0) -> list[TextIn]:
        asked: list[TextIn] = []

        async def ask(request: TextIn) -> None:
            asked.append(request)

        clock = FakeClock()
        clock.advance(age_s)
        await InboundOrders(ask, Roster({TRADER: Role.TRADER}), clock).follow(row, 55)
        return asked

    async def test_an_order_line_is_asked_for_as_if_typed(self) -> None:
        line = "buy 10 AAPL 199.5"
        assert await self.asked(self.row()) == [TextIn(TRADER, TRADER, 55, Role.TRADER, line, line, NOW)]

    async def test_a_card_opens_by_itself_until_its_message_is_old(self) -> None:
        assert await self.asked(self.row(), age_s=FRESH.total_seconds())
        assert not await self.asked(self.row(), age_s=FRESH.total_seconds() + 1)

    async def test_what_may_have_been_told_before_waits_for_a_press(self) -> None:
        assert not await self.asked(self.row(may_repeat=True))

    async def test_an_alert_opens_none_and_nor_does_someone_who_left(self) -> None:
        assert not await self.asked(self.row("alert"))
        assert not await self.asked(self.row(chat_id=STRANGER))


def test_a_rate_lets_so_many_through_in_any_minute() -> None:
    clock = FakeClock()
    rate = Rate(2, clock)
    assert (rate.wait_s(), rate.wait_s(), rate.wait_s()) == (0, 0, 60)
    clock.advance(60)
    assert rate.wait_s() == 0
