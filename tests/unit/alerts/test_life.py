"""The rulebook over an alert's life: amended, snoozed, paused together; and drafts with one thing changed."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.amendment import amount_of, order_line, renamed, with_amount, with_options
from alerts.errors import NoSuchChat, RuleGone, TooManyAlerts, TooManyScans
from alerts.language import parse
from alerts.rule import RuleState
from alerts.wording import format_draft
from market.errors import BrokerError, UnknownSymbol
from tests.unit.alerts.drafts import AAPL, MSFT, NOW, tick
from tests.unit.alerts.test_rulebook import ME, OTHER, Desk

HOUR = timedelta(hours=1)
UTC_ZONE = ZoneInfo("UTC")


async def test_an_amended_alert_is_armed_anew_with_its_new_level() -> None:
    desk = Desk()
    rule = await desk.create("AAPL > 200")
    desk.ticks.push(tick(201.0))
    spent = desk.fired[0].rule
    desk.store.rules[1] = spent
    changed = await desk.book.amend(rule.id, ME, with_amount(spent.draft, 210.0))
    assert (changed.text, changed.state, changed.fired_count) == ("AAPL > 210", RuleState.ARMED, 1)
    desk.ticks.push(tick(211.0))
    assert [firing.key.split(":")[:2] for firing in desk.fired] == [["1", "1"], ["1", "2"]]


async def test_an_amended_alert_that_is_true_fires_at_once() -> None:
    desk = Desk()
    rule = await desk.create("AAPL > 200")
    desk.ticks.push(tick(190.0))
    await desk.book.amend(rule.id, ME, with_amount(rule.draft, 180.0))
    assert [firing.rule.id for firing in desk.fired] == [1]


async def test_another_symbol_is_looked_up_and_held_instead() -> None:
    desk = Desk()
    rule = await desk.create("AAPL > 200")
    await desk.book.amend(rule.id, ME, desk.book.read("MSFT > 500"))
    assert desk.ticks.held == {MSFT: 1}
    assert desk.store.rules[1].instruments == {"MSFT": MSFT}


@pytest.mark.parametrize("spent", [False, True])
async def test_another_scan_that_ibkr_does_not_know_is_refused_as_a_new_one_is(spent: bool) -> None:
    desk = Desk()
    rule = await desk.create("scan TOP_PERC_GAIN")
    held = dict(desk.scans.held)
    if spent:
        desk.engine.rest(rule.fired(NOW, spent=True, memory={}))
        await desk.book.retire(rule.id)
        desk.store.rules[1] = rule.fired(NOW, spent=True, memory={})
        held = {}
    desk.scans.error = BrokerError(162, "no such scan")
    with pytest.raises(BrokerError):
        await desk.book.amend(rule.id, ME, desk.book.read("scan TOP_PRECIOUS"))
    assert desk.store.rules[1].text == "scan TOP_PERC_GAIN"
    assert (await desk.book.get(rule.id, ME)).text == "scan TOP_PERC_GAIN"
    assert desk.scans.held == held
    # Mere words do not ask for the scan again.
    await desk.book.amend(rule.id, ME, with_options(rule.draft, note="x"))


async def test_what_fails_changes_nothing() -> None:
    desk = Desk(scans=1)
    rule = await desk.create("AAPL > 200")
    await desk.create("scan TOP_PERC_GAIN")
    with pytest.raises(UnknownSymbol):
        await desk.book.amend(rule.id, ME, desk.book.read("NOPE > 5"))
    with pytest.raises(TooManyScans):
        await desk.book.amend(rule.id, ME, desk.book.read("scan MOST_ACTIVE"))
    with pytest.raises(RuleGone):
        await desk.book.amend(rule.id, OTHER, rule.draft)
    assert desk.store.rules[1].text == "AAPL > 200"
    assert desk.ticks.held == {AAPL: 1}
    desk.ticks.push(tick(201.0))
    assert [firing.rule.id for firing in desk.fired] == [1]


async def test_mere_words_leave_the_state_and_what_was_seen() -> None:
    desk = Desk()
    rule = await desk.create("AAPL crosses 200")
    desk.ticks.push(tick(199.0))
    await desk.book.amend(rule.id, ME, desk.book.read('AAPL crosses 200 note "x" silent tag y'))
    desk.ticks.push(tick(201.0))
    assert [firing.rule.draft.options.note for firing in desk.fired] == ["x"]


async def test_a_paused_one_stays_paused_when_amended() -> None:
    desk = Desk()
    rule = await desk.create("AAPL > 200")
    await desk.book.pause(rule.id, ME)
    changed = await desk.book.amend(rule.id, ME, with_amount(rule.draft, 100.0))
    assert changed.state is RuleState.PAUSED
    desk.ticks.push(tick(150.0))
    assert desk.fired == []
    await desk.book.resume(rule.id, ME)
    desk.ticks.push(tick(150.0))
    assert len(desk.fired) == 1


async def test_a_snoozed_one_is_silent_and_wakes() -> None:
    desk = Desk()
    rule = await desk.create("AAPL > 200")
    snoozed = await desk.book.snooze(rule.id, ME, NOW + HOUR)
    assert (snoozed.state, snoozed.snoozed_until) == (RuleState.SNOOZED, NOW + HOUR)
    assert desk.store.rules[1] == snoozed
    desk.ticks.push(tick(201.0))
    assert desk.fired == []
    desk.clock.advance(3600)
    desk.fired += desk.engine.on_time(desk.clock.now())
    desk.ticks.push(tick(201.0)._replace(received=desk.clock.now()))
    assert len(desk.fired) == 1


async def test_a_spent_one_that_is_snoozed_needs_room() -> None:
    desk = Desk(cap=1)
    rule = await desk.create("AAPL > 200")
    desk.ticks.push(tick(201.0))
    desk.store.rules[1] = desk.fired[0].rule
    await desk.create("AAPL > 300")
    with pytest.raises(TooManyAlerts):
        await desk.book.snooze(rule.id, ME, NOW + HOUR)


async def test_all_are_paused_and_those_resumed_that_were_paused_so() -> None:
    desk = Desk()
    for level in (201, 202, 203):
        await desk.create(f"AAPL > {level}")
    await desk.create("AAPL > 204", OTHER)
    await desk.book.pause(2, ME)
    assert await desk.book.pause_all(ME) == 2
    assert desk.ticks.held == {AAPL: 1}
    assert await desk.book.resume_all(ME) == 2
    states = [rule.state for rule in await desk.book.owned_by(ME)]
    assert states == [RuleState.ARMED, RuleState.PAUSED, RuleState.ARMED]


async def test_an_alert_to_a_chat_nobody_knows_is_refused() -> None:
    desk = Desk()
    with pytest.raises(NoSuchChat):
        await desk.create("AAPL > 200 to @desk")
    assert desk.is_empty


@pytest.mark.parametrize(
    ("line", "amount"),
    [
        ("AAPL > 200", 200.0),
        ("AAPL crosses below 200", 200.0),
        ("AAPL -3% today", 3.0),
        ("AAPL moves 2% in 15m", 2.0),
        ("AAPL trails 5%", 5.0),
        ("AAPL rsi(14, 1h) < 30", 30.0),
        ("account cushion < 10%", 10.0),
        ("AAPL > 200 and AAPL < 300", None),
        ("news AAPL", None),
        ("AAPL / MSFT > 0.45", 0.45),
    ],
)
def test_the_one_number_of_an_alert_can_be_changed(line: str, amount: float | None) -> None:
    draft = parse(line, NOW, UTC_ZONE)
    assert amount_of(draft) == amount
    if amount is None:
        with pytest.raises(ValueError, match=r".*"):
            with_amount(draft, 7.0)
    else:
        assert amount_of(parse(format_draft(with_amount(draft, 7.0)), NOW, UTC_ZONE)) == 7.0


@pytest.mark.parametrize(
    "line",
    [
        "AAPL > 200 and not SPY -1%",
        "AAPL / MSFT > 0.45",
        "sma(20, 1d) of AAPL crosses below sma(50, 1d)",
        "AAPL volume > 2 * avgvolume(20)",
        "news AAPL if moves 1% in 5m",
        "position AAPL pnl% > 20",
    ],
)
def test_a_symbol_is_renamed_everywhere_and_back(line: str) -> None:
    draft = parse(line, NOW, UTC_ZONE)
    once = renamed(draft.condition, "AAPL", "#265598")
    assert "AAPL" not in str(once)
    assert renamed(once, "#265598", "AAPL") == draft.condition


@pytest.mark.parametrize(
    ("then", "line"),
    [
        ("buy 10 limit 199.5", "buy 10 #265598 limit 199.5"),
        ("sell 5", "sell 5 #265598"),
        ("buy 10 MSFT market", "buy 10 MSFT market"),
    ],
)
async def test_then_speaks_of_the_alerts_own_instrument_unless_it_names_one(then: str, line: str) -> None:
    desk = Desk()
    assert order_line(await desk.create(f"AAPL > 200 then {then}")) == line
    assert order_line(await desk.create("AAPL > 200")) == ""


async def test_an_expired_alert_that_is_armed_again_has_no_end_any_more() -> None:
    desk = Desk()
    rule = await desk.create("AAPL > 200 expires 30m")
    desk.clock.advance(3600)
    desk.engine.on_time(desk.clock.now())
    assert (await desk.book.get(rule.id, ME)).state is RuleState.EXPIRED
    armed = await desk.book.rearm(rule.id, ME)
    assert (armed.state, armed.text) == (RuleState.ARMED, "AAPL > 200")
