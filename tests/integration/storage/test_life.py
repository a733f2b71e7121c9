"""Watchlists, forms, what came after a firing, and groups, on a real database."""

import asyncio
from datetime import timedelta

import pytest

from alerts.condition import Comparison, Draft, Op
from alerts.operand import Number, Price
from alerts.rule import Firing, PriceCause, Rule, TimeCause
from market.instrument import Instrument
from market.quote import TickField
from storage.aftermath import SqlAftermath
from storage.database import Database
from storage.firings import SqlFiringLog
from storage.forms import SqlForms
from storage.groups import SqlGroups
from storage.outbox import SqlOutbox
from storage.rules import SqlRuleStore
from storage.watchlists import SqlWatchlists
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AAPL = Instrument(265598, "AAPL", primary_exchange="NASDAQ", name="APPLE INC")
MSFT = Instrument(272093, "MSFT", primary_exchange="NASDAQ", name="MICROSOFT CORP")


async def test_a_watchlist_keeps_its_order_and_each_instrument_once(database: Database) -> None:
    lists = SqlWatchlists(database)
    assert await lists.add(111, MSFT, NOW)
    assert await lists.add(111, AAPL, NOW + HOUR)
    assert not await lists.add(111, MSFT, NOW + DAY)
    assert await lists.add(222, AAPL, NOW)
    assert [one.label for one in await lists.of(111)] == ["MSFT", "AAPL"]
    assert (await lists.of(111))[1].name == "APPLE INC"
    assert await lists.remove(111, AAPL.con_id)
    assert not await lists.remove(111, AAPL.con_id)
    assert [one.label for one in await lists.of(222)] == ["AAPL"]


async def test_a_form_is_filled_in_shown_and_closed_by_one(database: Database) -> None:
    forms = SqlForms(database)
    form = await forms.open(111, 1110, "wizard", {"step": "symbol"}, NOW)
    await forms.shown(form.id, 55)
    await forms.fill(form.id, {"step": "kind"}, NOW + HOUR)
    found = await forms.get(form.id, 111)
    assert found is not None
    assert (found.data, found.message_id, found.touched) == ({"step": "kind"}, 55, NOW + HOUR)
    assert await forms.get(form.id, 222) is None
    assert await forms.at_message(1110, 55, 111) == found
    assert await forms.at_message(1110, 55, 222) is None
    assert await forms.latest(111, 1110, "wizard") == found
    assert sorted(await asyncio.gather(*(forms.close(form.id) for _ in range(5)))) == [False] * 4 + [True]
    assert await forms.get(form.id, 111) is None


async def test_forms_left_alone_are_found_and_ids_are_never_used_twice(database: Database) -> None:
    forms = SqlForms(database)
    old = await forms.open(111, 111, "import", {}, NOW)
    await forms.open(111, 111, "import", {}, NOW + HOUR)
    assert [form.id for form in await forms.untouched_since(NOW)] == [old.id]
    last = await forms.open(111, 111, "import", {}, NOW)
    await forms.close(last.id)
    assert (await forms.open(111, 111, "import", {}, NOW)).id == last.id + 1


async def _fired(database: Database, outbox: SqlOutbox, *, by_time: bool = False) -> Rule:
    draft = Draft(Comparison(Price("AAPL"), Op.GT, Number(200.0)))
    rule = await SqlRuleStore(database).add(Rule(0, 111, 111, "AAPL > 200", draft, {"AAPL": AAPL}, NOW, NOW))
    cause = TimeCause(NOW) if by_time else PriceCause(AAPL, TickField.LAST, 200.5)
    await SqlFiringLog(database, outbox).record([Firing("k", rule.fired(NOW, spent=True, memory={}), NOW, cause)])
    return rule


async def test_a_firing_is_followed_for_an_hour_and_then_for_a_day(database: Database, outbox: SqlOutbox) -> None:
    rule, after = await _fired(database, outbox), SqlAftermath(database)
    assert await after.due(NOW + HOUR - timedelta(seconds=1), 10) == []
    (hour,) = await after.due(NOW + HOUR, 10)
    assert (hour.instrument, hour.due, hour.is_hour) == (AAPL, NOW + HOUR, True)
    await after.note(hour, 201.0)
    assert await after.due(NOW + HOUR, 10) == []
    (day,) = await after.due(NOW + DAY, 10)
    assert (day.due, day.is_hour) == (NOW + DAY, False)
    await after.note(day, 190.0)
    assert await after.due(NOW + 9 * DAY, 10) == []
    (past,) = await after.of_rule(rule.id, 10)
    assert (past.price, past.after_hour, past.after_day) == (200.5, 201.0, 190.0)


async def test_what_cannot_be_looked_up_is_tried_again_and_given_up_in_the_end(
    database: Database, outbox: SqlOutbox
) -> None:
    rule, after = await _fired(database, outbox), SqlAftermath(database)
    now, tries = NOW + HOUR, 0
    while due := await after.due(now, 10):
        await after.postpone(due[0], now)
        now, tries = now + timedelta(minutes=15), tries + 1
        assert tries < 1000
    (past,) = await after.of_rule(rule.id, 10)
    assert (past.after_hour, past.after_day) == (None, None)


async def test_a_firing_without_a_price_is_in_the_history_and_not_followed(
    database: Database, outbox: SqlOutbox
) -> None:
    rule, after = await _fired(database, outbox, by_time=True), SqlAftermath(database)
    assert await after.due(NOW + 9 * DAY, 10) == []
    (past,) = await after.of_rule(rule.id, 10)
    assert past.price is None


@pytest.mark.parametrize(("name", "found"), [("desk", -5), ("lounge", None), ("old", None)])
async def test_a_group_is_found_by_what_it_is_called_now(database: Database, name: str, found: int | None) -> None:
    groups = SqlGroups(database)
    await groups.saw(-5, "old", NOW)
    await groups.saw(-5, "desk", NOW + HOUR)
    await groups.saw(-6, "desk", NOW)
    assert await groups.called(name) == found
