"""The courier over a real outbox in a real SQLite file, to real servers on the loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.language import parse
from alerts.rule import Firing, PriceCause, Rule
from bot.hooks import Courier, signature
from bot.safe_web import SafeWeb
from bot.views.envelope import test_payload as payload_of_test
from market.quote import TickField
from storage.database import Database
from storage.firings import SqlFiringLog
from storage.hook import Hook
from storage.hooks import SqlHooks
from storage.message import MessageState, NewMessage, OutboxMessage
from storage.outbox import SqlOutbox
from storage.rules import SqlRuleStore
from tests.fakes.chat import AAPL, NEW_YORK, TRADER
from tests.fakes.clock import FakeClock
from tests.fakes.web import HOST, FakeWeb, Got, status, to_loopback, trusting

SECRET = "s3cret"
_LOOP = "the loop"


class Bench:
    """A courier at work; a worker's naps pass at once, the loop looks when the test says so. Both turn the clock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.gave_up: list[tuple[int, str]] = []
        self.tested: list[str] = []
        self.failed: list[str] = []
        self.people = {TRADER}
        self.outbox: SqlOutbox
        self.hooks: SqlHooks
        self.log: SqlFiringLog
        self.courier: Courier
        self.store: SqlRuleStore
        self._napping, self._go = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def boot(self, boot_id: str = "one") -> AsyncIterator[None]:
        database = await Database.open(f"sqlite:///{self.path}", clock=self.clock, boot_id=boot_id)
        self.outbox = SqlOutbox(database, self.clock, boot_id)
        self.hooks = SqlHooks(database)
        await self.hooks.load()
        self.log = SqlFiringLog(database, self.outbox, self.hooks.target_of)
        self.store = SqlRuleStore(database)
        web = SafeWeb(to_loopback(tls=trusting()), timeout_s=60)
        await self.outbox.recover()
        self.courier = Courier(
            self.outbox,
            self.hooks,
            web,
            may_send=self.people.__contains__,
            gave_up=self._gave_up,
            tested=self._tested,
            failed=self._failed,
            clock=self.clock,
            nap=self._nap,
        )
        self._napping.clear()
        self._go.clear()
        running = asyncio.create_task(self.courier.run(), name=_LOOP)
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await web.close()
            await database.close()

    async def hooked(self, port: int, *, host: str = HOST, is_tls: bool = True) -> Rule:
        """Return an alert with a webhook to *port*, its host allowed."""
        line = "AAPL > 200"
        draft = parse(line, self.clock.now(), NEW_YORK)
        now = self.clock.now()
        rule = await self.store.add(Rule(0, TRADER, TRADER, line, draft, {"AAPL": AAPL}, now, now))
        url = f"http{'s' if is_tls else ''}://{host}:{port}/in"
        hook = Hook(rule.id, TRADER, url, SECRET, now)
        await self.hooks.save(hook)
        await self.hooks.allow(hook.host, 111, now)
        return rule

    async def fire(self, rule: Rule, number: int = 1) -> Firing:
        after = replace(rule.fired(self.clock.now(), spent=False, memory={}), fired_count=number)
        cause = PriceCause(AAPL, TickField.LAST, 200.15, bid=200.1, ask=200.2, change_pct=1.82)
        fired = Firing(f"{rule.id}:{number}:salt", after, self.clock.now(), cause)
        await self.log.record([fired])
        return fired

    async def row(self, fired: Firing, state: MessageState) -> OutboxMessage:
        """Wait until the firing's webhook row is in *state*."""
        while (row := await self.now(fired)).state is not state:
            await self.looked()
        return row

    async def now(self, fired: Firing) -> OutboxMessage:
        """Return the firing's webhook row as it stands."""
        row_id = 0
        while row_id < 100:
            row_id += 1
            row = await self.outbox.get(row_id)
            if row is not None and row.dedupe_key == f"webhook:{fired.key}":
                return row
        raise AssertionError(fired.key)

    async def looked(self) -> None:
        """Let the courier look into the database once more."""
        await asyncio.wait_for(self._napping.wait(), 20)
        self._napping.clear()
        self._go.set()
        await asyncio.wait_for(self._napping.wait(), 20)

    async def arrived(self, server: FakeWeb, count: int = 1) -> list[Got]:
        """Let the courier look until *server* has got so many requests."""
        while len(server.got) < count:
            await self.looked()
        return server.got[:count]

    async def _gave_up(self, hook: Hook, row: OutboxMessage, reason: str) -> None:
        self.gave_up.append((hook.rule_id, reason))

    async def _tested(self, hook: Hook, row: OutboxMessage, reason: str) -> None:
        self.tested.append(reason)

    async def _failed(self, row: OutboxMessage, reason: str) -> None:
        self.failed.append(reason)

    async def _nap(self, seconds: float) -> None:
        task = asyncio.current_task()
        if task is not None and task.get_name() == _LOOP:
            self._napping.set()
            await self._go.wait()
            self._go.clear()
        self.clock.advance(seconds)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "squawkbot.db")


@pytest.fixture
async def server() -> AsyncIterator[FakeWeb]:
    async with FakeWeb(is_tls=True) as server:
        yield server


async def test_a_firing_arrives_signed_with_its_key(bench: Bench, server: FakeWeb) -> None:
    async with bench.boot():
        fired = await bench.fire(await bench.hooked(server.port))
        (got,) = await server.arrived()
        await bench.row(fired, MessageState.SENT)
    body = json.loads(got.body)
    assert (body["version"], body["event"], body["id"]) == (1, "alert.fired", fired.key)
    assert body["alert"]["text"] == "AAPL > 200"
    assert body["instrument"]["label"] == "AAPL"
    assert (body["what"]["price"], body["what"]["data"]) == (200.15, "live")
    assert got.headers["idempotency-key"] == fired.key
    assert got.headers["x-squawkbot-event"] == "alert.fired"
    assert got.headers["content-type"] == "application/json"


def documented() -> Callable[..., bool]:
    """Return the check of docs/webhook.md, as it stands there."""
    page = (Path(__file__).parents[3] / "docs" / "webhook.md").read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], found)  # noqa: S102  the document's own words
    check: Callable[..., bool] = found["is_genuine"]
    return check


async def test_the_documented_check_knows_a_genuine_request(bench: Bench, server: FakeWeb) -> None:
    async with bench.boot():
        await bench.fire(await bench.hooked(server.port))
        (got,) = await server.arrived()
    said, is_genuine = got.headers["x-squawkbot-signature"], documented()
    at = int(said.partition("t=")[2].partition(",")[0])
    assert is_genuine(SECRET, said, got.body, at + 10)
    assert not is_genuine("other", said, got.body, at + 10)
    assert not is_genuine(SECRET, said, got.body + b" ", at + 10)
    assert not is_genuine(SECRET, said, got.body, at + 301)
    assert not is_genuine(SECRET, said.replace(f"t={at}", f"t={at + 300}"), got.body, at + 301)
    assert said == signature(SECRET, datetime.fromtimestamp(at, UTC), got.body)


async def test_what_is_not_accepted_is_sent_again_ever_later_with_the_same_body_and_key(
    bench: Bench, server: FakeWeb
) -> None:
    server.plan += [status(500), status(404), None, status(302, "Location: https://example.com/")]
    async with bench.boot():
        fired = await bench.fire(await bench.hooked(server.port))
        got = await bench.arrived(server, 5)
        row = await bench.row(fired, MessageState.SENT)
    assert row.attempts == 4
    assert len({(one.body, one.headers["idempotency-key"]) for one in got}) == 1
    assert bench.gave_up == []


async def test_it_waits_as_long_as_the_host_says(bench: Bench, server: FakeWeb) -> None:
    server.plan.append(status(429, "Retry-After: 60"))
    async with bench.boot():
        began = bench.clock.now()
        fired = await bench.fire(await bench.hooked(server.port))
        await bench.arrived(server, 2)
        await bench.row(fired, MessageState.SENT)
        assert bench.clock.now() - began >= timedelta(seconds=60)


async def test_after_a_day_it_is_given_up_and_its_owner_told_once(bench: Bench, server: FakeWeb) -> None:
    server.plan += [status(503)] * 13 + [status(503, "Retry-After: 999999")] * 100
    waits = []
    async with bench.boot():
        rule = await bench.hooked(server.port)
        began = bench.clock.now()
        fired = await bench.fire(rule)
        while (row := await bench.now(fired)).state is not MessageState.FAILED:
            if row.next_try is not None:
                waits.append((row.next_try - bench.clock.now()).total_seconds())
                bench.clock.advance(max(waits[-1], 0))
            await bench.looked()
        assert bench.clock.now() - began >= timedelta(days=1)
        assert row.error == "it answered with status 503"
        assert bench.gave_up == [(rule.id, "it answered with status 503")]
    assert max(waits[:10]) <= 600
    assert max(waits) <= 3600
    assert 24 < len(server.got) < 60


async def test_a_host_that_hangs_holds_up_no_other(bench: Bench, server: FakeWeb) -> None:
    stuck = asyncio.Event()
    async with FakeWeb(is_tls=True, plan=[stuck]) as slow, bench.boot():
        slow_rule, quick_rule = await bench.hooked(slow.port), await bench.hooked(server.port)
        held = [await bench.fire(slow_rule, number) for number in (1, 2)]
        await slow.arrived()
        for number in range(1, 4):
            await bench.row(await bench.fire(quick_rule, number), MessageState.SENT)
        assert len(slow.got) == 1
        stuck.set()
        for fired in held:
            await bench.row(fired, MessageState.SENT)


async def test_one_host_gets_its_firings_in_order(bench: Bench, server: FakeWeb) -> None:
    async with bench.boot():
        rule = await bench.hooked(server.port)
        fired = [await bench.fire(rule, number) for number in range(1, 9)]
        got = await server.arrived(8)
        await bench.row(fired[-1], MessageState.SENT)
    assert [json.loads(one.body)["alert"]["fired_count"] for one in got] == list(range(1, 9))


async def test_what_a_dead_process_left_goes_out_again_with_the_same_key(bench: Bench, server: FakeWeb) -> None:
    never = asyncio.Event()
    server.plan.append(never)
    async with bench.boot():
        fired = await bench.fire(await bench.hooked(server.port))
        await server.arrived()
    async with bench.boot("two"):
        (again,) = await server.arrived()
        await bench.row(fired, MessageState.SENT)
    assert again.body == server.got[0].body
    assert again.headers["idempotency-key"] == server.got[0].headers["idempotency-key"] == fired.key


async def test_a_drain_gives_back_what_was_not_begun(bench: Bench, server: FakeWeb) -> None:
    server.plan.append(asyncio.Event())
    async with bench.boot():
        rule = await bench.hooked(server.port)
        first, second = await bench.fire(rule, 1), await bench.fire(rule, 2)
        await server.arrived()
        await bench.courier.drain()
        # The loop looks on, and takes nothing any more.
        await bench.looked()
        await bench.looked()
        begun = await bench.outbox.get(2)
        waiting = await bench.outbox.get(4)
        assert begun is not None
        assert waiting is not None
        assert (begun.dedupe_key, begun.state) == (f"webhook:{first.key}", MessageState.SENDING)
        assert (waiting.dedupe_key, waiting.state) == (f"webhook:{second.key}", MessageState.NEW)


@pytest.mark.parametrize("how", ["removed", "forbidden", "person gone"])
async def test_what_may_not_be_sent_any_more_is_not(bench: Bench, server: FakeWeb, how: str) -> None:
    server.plan += [status(500)] * 10_000
    async with bench.boot():
        rule = await bench.hooked(server.port)
        fired = await bench.fire(rule)
        await server.arrived()
        match how:
            case "removed":
                await bench.hooks.remove(rule.id)
            case "forbidden":
                await bench.hooks.forbid(f"{HOST}:{server.port}")
            case _:
                bench.people.clear()
        await bench.row(fired, MessageState.FAILED)
    assert bench.gave_up == []


async def test_a_test_is_told_whatever_came_of_it_and_never_repeated(bench: Bench, server: FakeWeb) -> None:
    server.plan += [status(200), status(418)]
    async with bench.boot():
        rule = await bench.hooked(server.port)
        for number in (1, 2):
            key = f"webhook test:{number}"
            payload = payload_of_test(rule.id, key, bench.clock.now())
            await bench.outbox.put(NewMessage(TRADER, "webhook", key, payload, target="x"))
            (got,) = await server.arrived()
            assert json.loads(got.body)["event"] == got.headers["x-squawkbot-event"] == "test"
        while len(bench.tested) < 2:
            await bench.looked()
        await bench.looked()
    assert bench.tested == ["", "it answered with status 418"]
    assert len(server.got) == 2


async def test_a_row_that_is_no_firing_fails_alone(bench: Bench, server: FakeWeb) -> None:
    async with bench.boot():
        rule = await bench.hooked(server.port)
        await bench.outbox.put(NewMessage(TRADER, "webhook", "odd", {"rule": {"id": rule.id}}, target="x"))
        await bench.outbox.put(NewMessage(TRADER, "webhook", "odder", {}, target="x"))
        await bench.row(await bench.fire(rule), MessageState.SENT)
        while len(bench.failed) < 2:
            await bench.looked()
    assert bench.failed == ["cannot be rendered: KeyError"] * 2
