"""Templates, webhooks and their hosts on a real database; a firing and its webhook's row in one transaction."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import event

from alerts.codec import firing_from_json
from alerts.condition import Comparison, Draft, Op
from alerts.operand import Number, Price
from alerts.rule import Firing, PriceCause, Rule
from market.instrument import Instrument
from market.quote import TickField
from storage.database import Database
from storage.firings import SqlFiringLog
from storage.hook import Hook
from storage.hooks import SqlHooks
from storage.outbox import OutboxMessage, SqlOutbox
from storage.rules import SqlRuleStore
from storage.templates import SqlTemplates, of_kind, of_rule
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()
AAPL = Instrument(265598, "AAPL", primary_exchange="NASDAQ", name="APPLE INC")
URL = "https://example.com/alerts"


async def stored(database: Database) -> Rule:
    draft = Draft(Comparison(Price("AAPL"), Op.GT, Number(200.0)))
    return await SqlRuleStore(database).add(Rule(0, 111, 111, "AAPL > 200", draft, {"AAPL": AAPL}, NOW, NOW))


def firing(rule: Rule, number: int = 1) -> Firing:
    cause = PriceCause(AAPL, TickField.LAST, 200.5)
    after = replace(rule.fired(NOW, spent=False, memory={}), fired_count=number)
    return Firing(f"{rule.id}:{number}:salt", after, NOW, cause)


def hook(rule: Rule, url: str = URL) -> Hook:
    return Hook(rule.id, rule.owner_id, url, "s3cret", NOW)


async def test_a_template_of_the_alert_goes_before_that_of_its_kind(database: Database) -> None:
    templates, rule = SqlTemplates(database), await stored(database)
    await templates.load()
    assert templates.of_alert(rule) is None
    await templates.save(111, of_kind("level"), "kind")
    assert templates.of_alert(rule) == "kind"
    await templates.save(111, of_rule(rule.id), "own")
    assert templates.of_alert(rule) == "own"
    assert await templates.remove(111, of_rule(rule.id))
    assert not await templates.remove(111, of_rule(rule.id))
    assert templates.of_alert(rule) == "kind"
    assert templates.of_alert(replace(rule, owner_id=222)) is None


async def test_templates_outlive_a_restart_and_end_with_their_alert(database: Database) -> None:
    templates, rule, other = SqlTemplates(database), await stored(database), await stored(database)
    await templates.load()
    for scope in (of_rule(rule.id), of_rule(other.id), of_kind("day move")):
        await templates.save(111, scope, scope)
    await SqlRuleStore(database).delete(other.id)
    again = SqlTemplates(database)
    await again.load()
    assert again.all_of(111) == {"kind:day move": "kind:day move", of_rule(rule.id): of_rule(rule.id)}
    assert again.all_of(222) == {}


async def test_a_webhook_has_a_target_once_its_host_is_allowed(database: Database) -> None:
    hooks, rule = SqlHooks(database), await stored(database)
    await hooks.load()
    await hooks.save(hook(rule))
    assert hooks.target_of(rule.id) is None
    await hooks.allow("example.com", 111, NOW)
    assert hooks.target_of(rule.id) == URL
    await hooks.save(hook(rule, "https://example.com:8443/"))
    assert hooks.target_of(rule.id) is None
    await hooks.save(hook(rule))
    assert await hooks.forbid("example.com")
    assert not await hooks.forbid("example.com")
    assert hooks.target_of(rule.id) is None


async def test_webhooks_outlive_a_restart_and_end_with_their_alert(database: Database) -> None:
    hooks, rule, other = SqlHooks(database), await stored(database), await stored(database)
    await hooks.load()
    await hooks.save(hook(rule))
    await hooks.save(hook(other))
    await hooks.allow("example.com", 111, NOW)
    await SqlRuleStore(database).delete(other.id)
    again = SqlHooks(database)
    await again.load()
    assert again.of_owner(111) == [hook(rule)]
    assert again.of_host("example.com") == [hook(rule)]
    assert again.of_owner(222) == []
    assert again.hosts() == ["example.com"]
    assert again.target_of(rule.id) == URL
    assert again.target_of(other.id) is None
    assert await again.remove(rule.id)
    assert not await again.remove(rule.id)
    assert again.get(rule.id) is None


async def test_nothing_that_is_printed_of_a_webhook_tells_its_secrets(database: Database) -> None:
    printed = repr(hook(await stored(database), f"{URL}?token=t0ken"))
    assert "s3cret" not in printed
    assert "t0ken" not in printed


@pytest.fixture
async def hooked(database: Database, outbox: SqlOutbox) -> tuple[SqlFiringLog, Rule, Rule]:
    hooks, rule, other = SqlHooks(database), await stored(database), await stored(database)
    await hooks.load()
    await hooks.save(hook(rule))
    await hooks.allow("example.com", 111, NOW)
    return SqlFiringLog(database, outbox, hooks.target_of), rule, other


async def test_a_firing_its_message_and_its_webhook_are_stored_together_once(
    hooked: tuple[SqlFiringLog, Rule, Rule],
    outbox: SqlOutbox,
    heard: list[Sequence[OutboxMessage]],
    clock: FakeClock,
) -> None:
    log, rule, other = hooked
    fired = firing(rule)
    await log.record([fired, firing(other)])
    await log.record([fired])
    assert [[row.kind for row in rows] for rows in heard if rows] == [["firing", "webhook", "firing"]]
    (row,) = await outbox.due(clock.now(), 10, to_web=True)
    assert (row.kind, row.target, row.dedupe_key) == ("webhook", URL, f"webhook:{fired.key}")
    assert firing_from_json(row.payload) == fired
    assert [row.kind for row in await outbox.due(clock.now(), 10)] == ["firing", "firing"]
    assert await outbox.depth() == 2


async def test_where_the_webhook_cannot_be_stored_nothing_is(
    hooked: tuple[SqlFiringLog, Rule, Rule],
    database: Database,
    outbox: SqlOutbox,
    heard: list[Sequence[OutboxMessage]],
    clock: FakeClock,
) -> None:
    log, rule, _ = hooked
    async with database.writing() as connection:
        await connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON outbox WHEN NEW.kind = 'webhook' "
            "BEGIN SELECT raise(ABORT, 'no room'); END"
        )
    with pytest.raises(Exception, match="no room"):
        await log.record([firing(rule)])
    assert heard == []
    assert await outbox.due(clock.now(), 10) == []
    assert await log.of_rule(rule.id, 10) == []


async def test_a_webhook_costs_alerts_without_one_no_statement(
    hooked: tuple[SqlFiringLog, Rule, Rule], database: Database, outbox: SqlOutbox
) -> None:
    log, _, other = hooked
    counts = []
    for one, number in ((SqlFiringLog(database, outbox), 1), (log, 2)):
        statements: list[str] = []

        def note(*args: object, into: list[str] = statements) -> None:
            into.append(str(args[2]))

        engine = database.writer._engine
        event.listen(engine, "before_cursor_execute", note)
        await one.record([firing(other, number)])
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[1]
