"""Rules and firings on a real database."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from alerts.codec import firing_from_json
from alerts.condition import Comparison, Draft, Op, Options
from alerts.operand import Number, Price
from alerts.rule import Cause, Firing, NewsCause, PriceCause, Rule, RuleState, ScanCause
from market.instrument import Instrument
from market.news import Headline
from market.quote import TickField
from market.scan import ScanRow, ScanSpec
from storage.database import Database
from storage.firings import SqlFiringLog
from storage.outbox import MessageState, OutboxMessage, Priority, SqlOutbox
from storage.rules import SqlRuleStore
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()
AAPL = Instrument(265598, "AAPL", primary_exchange="NASDAQ", name="APPLE INC")
RULE = Rule(
    id=0,
    owner_id=111,
    chat_id=1110,
    text="AAPL > 200",
    draft=Draft(Comparison(Price("AAPL"), Op.GT, Number(200.0))),
    instruments={"AAPL": AAPL},
    created=NOW,
    since=NOW,
    memory={"side": "below"},
)
PRICE = PriceCause(AAPL, TickField.LAST, 200.5, values={"AAPL": 200.5})
NEWS = NewsCause(Headline("DJNL", "DJNL$1", "Apple raises guidance", NOW), AAPL)
SCAN = ScanCause(ScanSpec("TOP_PERC_GAIN"), (ScanRow(1, AAPL),))


@pytest.fixture
def store(database: Database) -> SqlRuleStore:
    return SqlRuleStore(database)


@pytest.fixture
def log(database: Database, outbox: SqlOutbox) -> SqlFiringLog:
    return SqlFiringLog(database, outbox)


def fire(rule: Rule, cause: Cause = PRICE, *, spent: bool = True, at: datetime = NOW) -> Firing:
    after = rule.fired(at, spent=spent, memory={"side": "above"})
    return Firing(f"{rule.id}:{after.fired_count}:7", after, at, cause, at - timedelta(milliseconds=80))


async def test_a_rule_comes_back_as_it_went(store: SqlRuleStore) -> None:
    stored = await store.add(RULE)
    assert stored == replace(RULE, id=1)
    found = await store.get(1)
    assert found == stored
    assert found is not None
    assert found.instruments["AAPL"].name == "APPLE INC"


async def test_each_user_has_rules_of_their_own(store: SqlRuleStore) -> None:
    mine = [await store.add(RULE), await store.add(replace(RULE, text="AAPL > 210"))]
    await store.add(replace(RULE, owner_id=222))
    assert await store.owned_by(111) == mine
    assert await store.owned_by(999) == []


async def test_watched_are_exactly_the_rules_that_say_so(store: SqlRuleStore) -> None:
    stored = [await store.add(replace(RULE, state=state)) for state in RuleState]
    assert await store.watching() == [rule for rule in stored if rule.is_watching]


async def test_saving_keeps_state_text_and_memory(store: SqlRuleStore) -> None:
    rule = await store.add(RULE)
    later = replace(rule.with_state(RuleState.PAUSED, NOW, "asked"), text="AAPL > 201", memory={"side": "above"})
    await store.save(later)
    assert await store.get(rule.id) == later
    assert await store.watching() == []


async def test_a_deleted_rule_is_gone_and_its_id_is_not_used_again(store: SqlRuleStore) -> None:
    rule = await store.add(RULE)
    await store.delete(rule.id)
    await store.save(rule)
    assert await store.get(rule.id) is None
    assert (await store.add(RULE)).id == 2


async def test_an_undone_deletion_brings_the_rule_back_under_its_id(store: SqlRuleStore) -> None:
    rule = await store.add(RULE)
    await store.add(RULE)
    await store.delete(rule.id)
    assert await store.add(rule) == rule
    assert await store.get(rule.id) == rule


async def test_a_firing_its_rule_and_its_message_are_stored_together(
    store: SqlRuleStore, log: SqlFiringLog, outbox: SqlOutbox, clock: FakeClock, heard: list[Sequence[OutboxMessage]]
) -> None:
    firing = fire(await store.add(RULE))
    clock.advance(3)
    await log.record([firing])
    assert await store.get(1) == firing.rule
    assert await store.watching() == []
    assert await log.of_rule(1, 10) == [firing]
    row = await outbox.get(1)
    assert heard == [[row]]
    assert row is not None
    assert (row.kind, row.chat_id, row.dedupe_key) == ("firing", 1110, "firing:1:1:7")
    assert (row.state, row.priority, row.silent) == (MessageState.SENDING, Priority.ALERT, False)
    assert (row.happened, row.created) == (NOW, NOW + timedelta(seconds=3))
    assert row.payload["firing_id"] == 1
    assert firing_from_json(row.payload) == firing


async def test_recording_a_firing_again_changes_nothing(
    store: SqlRuleStore, log: SqlFiringLog, outbox: SqlOutbox
) -> None:
    rule = await store.add(RULE)
    firing = fire(rule)
    await asyncio.gather(*(log.record([firing, firing]) for _ in range(5)))
    rearmed = firing.rule.rearmed(NOW)
    await store.save(rearmed)
    await log.record([firing])
    assert await outbox.depth() == 1
    assert len(await log.of_rule(1, 10)) == 1
    assert await store.get(1) == rearmed


async def test_a_rule_that_has_fired_since_it_was_read_stays_as_its_firing_left_it(
    store: SqlRuleStore, log: SqlFiringLog
) -> None:
    rule = await store.add(RULE)
    firing = fire(rule)
    await log.record([firing])
    await store.save(rule.with_state(RuleState.PAUSED, NOW))
    assert await store.get(1) == firing.rule


async def test_if_one_firing_cannot_be_stored_none_is_and_nobody_is_told(
    store: SqlRuleStore, log: SqlFiringLog, heard: list[Sequence[OutboxMessage]]
) -> None:
    good = fire(await store.add(RULE))
    naive = replace(fire(await store.add(RULE)), at=NOW.replace(tzinfo=None))
    with pytest.raises(Exception, match="2026"):
        await log.record([good, naive])
    assert heard == []
    assert await log.of_rule(1, 10) == []
    assert (await store.get(1)) == replace(RULE, id=1)


async def test_a_pause_that_overtook_the_recording_stays(store: SqlRuleStore, log: SqlFiringLog) -> None:
    firing = fire(await store.add(RULE), spent=False)
    paused = firing.rule.with_state(RuleState.PAUSED, NOW)
    await store.save(paused)
    await log.record([firing])
    assert await store.get(1) == paused
    assert await log.of_rule(1, 10) == [firing]


async def test_a_rule_deleted_meanwhile_stays_deleted_and_its_firing_is_told(
    store: SqlRuleStore, log: SqlFiringLog, outbox: SqlOutbox
) -> None:
    firing = fire(await store.add(RULE))
    await store.delete(1)
    await log.record([firing])
    assert await store.get(1) is None
    assert await log.of_rule(1, 10) == [firing]
    assert await outbox.depth() == 1


@pytest.mark.parametrize(
    ("cause", "options", "told"),
    [
        (PRICE, Options(), (Priority.ALERT, False)),
        (PRICE, Options(silent=True), (Priority.ALERT, True)),
        (PRICE, Options(critical=True), (Priority.CRITICAL, False)),
        (NEWS, Options(), (Priority.NEWS, True)),
        (SCAN, Options(), (Priority.NEWS, True)),
        (NEWS, Options(critical=True), (Priority.CRITICAL, False)),
    ],
)
async def test_how_loud_a_firing_is_told(
    store: SqlRuleStore,
    log: SqlFiringLog,
    outbox: SqlOutbox,
    cause: Cause,
    options: Options,
    told: tuple[Priority, bool],
) -> None:
    rule = await store.add(replace(RULE, draft=replace(RULE.draft, options=options)))
    await log.record([fire(rule, cause)])
    row = await outbox.get(1)
    assert row is not None
    assert (row.priority, row.silent) == told


async def test_history_is_newest_first_and_counted_by_owner_and_time(store: SqlRuleStore, log: SqlFiringLog) -> None:
    rule, foreign = await store.add(RULE), await store.add(replace(RULE, owner_id=222))
    first = fire(rule, spent=False)
    second = fire(first.rule, spent=False, at=NOW + timedelta(minutes=1))
    third = fire(second.rule, spent=False, at=NOW + timedelta(minutes=2))
    await log.record([first, fire(foreign), second, third])
    assert await log.of_rule(rule.id, 2) == [third, second]
    assert await log.count_since(111, NOW) == 3
    assert await log.count_since(111, NOW + timedelta(minutes=2)) == 1
    assert await log.count_since(222, NOW) == 1
