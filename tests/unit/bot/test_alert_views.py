"""Golden texts of what is said of alerts: set, listed, edited, fired, looked back on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.aftermath import Aftermath
from alerts.condition import OrderEvent
from alerts.errors import AlertSyntaxError
from alerts.history import Backtest, PastFiring
from alerts.rule import (
    AccountCause,
    FeedCause,
    OrderCause,
    Rule,
    RuleState,
    ScanCause,
    TimeCause,
)
from bot.callback_data import Place
from bot.views import alert_list as list_views
from bot.views import alerts as alert_views
from bot.views import editing as edit_views
from bot.views import exchange as exchange_views
from bot.views import past as past_views
from bot.views import watching as watch_views
from bot.views import wizard as wizard_views
from bot.wizard import Wizard
from market.quote import Bar, BarSize, DataKind, TickField
from market.scan import ScanSpec
from tests.fakes.chat import AAPL, BMW, EURUSD, EVIL, MSFT, NEW_YORK
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message
from tests.unit.bot.samples import (
    BERLIN,
    LEVEL,
    NOW,
    ROWS,
    fired,
    firing_message,
    quote,
    rule,
)

BACKTEST = Backtest(
    firings=tuple(
        PastFiring(NOW - timedelta(days=10 * number), 190.0 + number, 191.0 + number, 188.0 if number else None)
        for number in range(8, -1, -1)
    ),
    bars=(Bar(NOW, 1.0, 1.0, 1.0, 1.0),),
    start=NOW - timedelta(days=90),
    end=NOW,
    size=BarSize.HOUR_1,
    instrument=AAPL,
    note="only 90 days of 1h bars",
)
TRIAL = exchange_views.Trial(
    {exchange_views.Verdict.NEW: 2, exchange_views.Verdict.THERE: 3, exchange_views.Verdict.BROKEN: 1},
    1,
    (rule("AAPL > 200", AAPL), rule("MSFT > 500", MSFT)),
    ((7, "AAPL croses 200", AlertSyntaxError("AAPL croses 200", 5, "a comparison", ())),),
)


def repeats() -> Rule:
    given = rule('AAPL > 200 and AAPL rsi(14, 1h) < 30 every cooldown 30m note "x < y"', AAPL)
    return replace(given, state=RuleState.BLIND, reason="NoMarketData: 354", fired_count=2, last_fired=NOW)


MESSAGES = {
    "alert-created": lambda: alert_views.created(
        rule("AAPL > 200", AAPL), quote(), already_true=False, now=NOW, zone=NEW_YORK
    ),
    "alert-created-true": lambda: alert_views.created(
        replace(rule("AAPL > 190", AAPL), state=RuleState.FIRED), quote(), already_true=True, now=NOW, zone=NEW_YORK
    ),
    "alert-created-delayed": lambda: alert_views.created(
        rule("AAPL > 200", AAPL), replace(quote(), kind=DataKind.DELAYED), already_true=False, now=NOW, zone=NEW_YORK
    ),
    "alert-created-news": lambda: alert_views.created(
        rule('news AAPL "guidance" or "outlook"', AAPL), None, already_true=False, now=NOW, zone=NEW_YORK
    ),
    "alert-created-scan": lambda: alert_views.created(
        rule("scan TOP_PERC_GAIN price > 5 volume > 1M top 10"), None, already_true=False, now=NOW, zone=NEW_YORK
    ),
    "alert-card": lambda: alert_views.card(
        alert_views.AlertRow(repeats(), 196.42, 1.82), now=NOW + timedelta(days=1), zone=BERLIN
    ),
    "alerts-list": lambda: list_views.listing(
        [
            alert_views.AlertRow(rule("AAPL > 200", AAPL, number=1), 196.42, 1.82, 0.63),
            alert_views.AlertRow(rule("EUR.USD mid < 1.10005", EURUSD, number=2), 1.20001, -8.33, on_bars=True),
            alert_views.AlertRow(rule('news * "FDA approval"', number=3)),
            alert_views.AlertRow(repeats(), 196.42, 1.82),
            alert_views.AlertRow(replace(rule("MSFT crosses 500", MSFT, number=5), state=RuleState.PAUSED)),
        ],
        list_views.ListState(0, 4, 50, 5),
        now=NOW,
        zone=NEW_YORK,
    ),
    "alerts-filtered": lambda: list_views.listing(
        [alert_views.AlertRow(rule("AAPL > 200 tag earnings", AAPL, number=1), 196.42, 1.82)],
        list_views.ListState(0, 4, 50, 5, "#earnings", paused_all=True),
        now=NOW,
        zone=NEW_YORK,
    ),
    "alerts-none": lambda: list_views.listing([], list_views.ListState(0, 1, 50, 0), now=NOW, zone=NEW_YORK),
    "alerts-none-filtered": lambda: list_views.listing(
        [], list_views.ListState(0, 1, 50, 7, "MSFT"), now=NOW, zone=NEW_YORK
    ),
    "alerts-filters": lambda: list_views.filters(["AAPL", "EUR.USD"], ["earnings"], ["armed", "paused"]),
    "alerts-delete-many": lambda: list_views.really_delete(12, 3, "#earnings"),
    "alerts-deleted-many": lambda: list_views.deleted_many(12, 4),
    "alert-edit": lambda: edit_views.edit_card(
        alert_views.AlertRow(rule("AAPL > 200 every cooldown 1h rth critical", AAPL), 196.42, 1.82),
        now=NOW,
        zone=NEW_YORK,
    ),
    "alert-edit-percent": lambda: edit_views.edit_card(
        alert_views.AlertRow(rule("AAPL trails 5%", AAPL), 196.42), now=NOW, zone=NEW_YORK
    ),
    "alert-ask-level": lambda: edit_views.question(rule("AAPL > 200", AAPL), "level", 196.42),
    "alert-snoozing": lambda: alert_views.snoozing(rule("AAPL > 200", AAPL), place=Place.HERE),
    "alert-card-snoozed": lambda: alert_views.card(
        alert_views.AlertRow(
            rule('AAPL > 200 note "x" tag earnings then buy 10 limit 199.5', AAPL).snoozed(
                NOW, NOW + timedelta(hours=1)
            ),
            196.42,
            1.82,
            0.6,
        ),
        now=NOW,
        zone=NEW_YORK,
    ),
    "firing-then": lambda: firing_message(fired("AAPL > 200 then buy 10 limit 199.5", LEVEL, AAPL)),
    "firing-account": lambda: firing_message(
        fired("account cushion < 10%", AccountCause({"account cushion": 8.5}), state=RuleState.ARMED)
    ),
    "firing-position": lambda: firing_message(
        fired("position AAPL pnl% > 20", AccountCause({"position AAPL pnl%": 21.25}, AAPL), AAPL, state=RuleState.ARMED)
    ),
    "firing-order": lambda: firing_message(
        fired("orders filled", OrderCause(OrderEvent.FILLED, "BUY 10 AAPL LMT", AAPL, 199.5), state=RuleState.ARMED)
    ),
    "firing-time": lambda: firing_message(
        fired('at 15:45 ET weekdays "check MOC"', TimeCause(NOW, "check MOC", collapsed=2), state=RuleState.ARMED)
    ),
    "firing-stale": lambda: firing_message(
        fired("AAPL stale 5m", FeedCause(AAPL, NOW - timedelta(minutes=5)), AAPL, state=RuleState.ARMED)
    ),
    "alert-history": lambda: past_views.history(
        rule("AAPL > 200", AAPL),
        [
            Aftermath(fired("AAPL > 200", LEVEL, AAPL), 202.5, 196.0),
            Aftermath(fired("AAPL > 200", LEVEL, AAPL, at=NOW - timedelta(days=3))),
        ],
        0,
        now=NOW,
        zone=NEW_YORK,
    ),
    "alert-history-none": lambda: past_views.history(rule("AAPL > 200", AAPL), [], 0, now=NOW, zone=NEW_YORK),
    "backtest": lambda: past_views.backtest(rule("AAPL rsi(14, 1h) < 30", AAPL), BACKTEST, 365, now=NOW, zone=NEW_YORK),
    "backtest-never": lambda: past_views.backtest(
        rule("AAPL > 900", AAPL, number=0), replace(BACKTEST, firings=()), 90, now=NOW, zone=NEW_YORK
    ),
    "backtest-impossible": lambda: past_views.backtest(
        rule('news AAPL "x"', AAPL), replace(BACKTEST, unsupported="news have no past here"), 90, now=NOW, zone=NEW_YORK
    ),
    "watchlist": lambda: watch_views.watchlist([(AAPL, quote()), (BMW, None)], 0),
    "watchlist-none": lambda: watch_views.watchlist([], 0),
    "each-set": lambda: watch_views.each_set(
        [rule("AAPL -3% today", AAPL), rule("MSFT -3% today", MSFT, number=13)], [rule("BMW -3% today", BMW)], 9
    ),
    "import-dry-run": lambda: exchange_views.dry_run("alerts.csv", TRIAL, 5),
    "imported": lambda: exchange_views.imported(TRIAL),
    "export-which": lambda: exchange_views.which_export(7),
    "wizard-symbol": lambda: wizard_views.screen(
        3, Wizard(typed="APP"), known=[AAPL, BMW], found=[AAPL, EVIL], note="IBKR has nothing like APP."
    ),
    "wizard-kind": lambda: wizard_views.screen(3, Wizard().about(AAPL, 196.42)),
    "wizard-level": lambda: wizard_views.screen(3, Wizard().about(AAPL, 196.42).of_kind("above")),
    "wizard-options": lambda: wizard_views.screen(
        3, replace(Wizard().about(AAPL, 196.42).of_kind("above").at_level("200"), repeat="every", note="a <b>")
    ),
    "wizard-resume": lambda: wizard_views.resume_or_anew(3, Wizard().about(AAPL, 196.42).of_kind("above")),
    "alert-deleted": lambda: alert_views.deleted(rule("AAPL > 200", AAPL)),
    "firing-level": lambda: firing_message(fired("AAPL > 200", LEVEL, AAPL)),
    "firing-critical-late-repeat": lambda: firing_message(
        fired("AAPL > 200 critical", replace(LEVEL, kind=DataKind.DELAYED), AAPL, at=NOW - timedelta(minutes=12)),
        zone=BERLIN,
        may_repeat=True,
    ),
    "firing-high-print": lambda: firing_message(
        replace(
            fired("AAPL crosses 200 every", replace(LEVEL, field=TickField.HIGH), AAPL, state=RuleState.ARMED),
            exchange_time=NOW - timedelta(seconds=1),
        )
    ),
    "firing-compound": lambda: firing_message(
        fired(
            "AAPL > 200 and rsi(14, 1h) < 30 every",
            replace(LEVEL, values={"AAPL": 200.15, "200": 200.0, "AAPL rsi(14, 1h)": 28.41234567, "30": 30.0}),
            AAPL,
            state=RuleState.ARMED,
        )
    ),
    "firing-scan": lambda: firing_message(
        fired("scan TOP_PERC_GAIN top 10", ScanCause(ScanSpec("TOP_PERC_GAIN", rows=10), ROWS), state=RuleState.ARMED)
    ),
    "firing-scan-changes": lambda: firing_message(
        fired(
            "scan TOP_PERC_GAIN top 10",
            ScanCause(ScanSpec("TOP_PERC_GAIN", rows=10), ROWS[:1], ROWS[1:2], ((ROWS[3], 9),)),
            state=RuleState.ARMED,
        )
    ),
    "firing-scan-jumps": lambda: firing_message(
        fired(
            "scan TOP_PERC_GAIN top 10",
            ScanCause(ScanSpec("TOP_PERC_GAIN", rows=10), (), (), ((ROWS[3], 9),)),
            state=RuleState.ARMED,
        )
    ),
    "firing-scan-one": lambda: firing_message(
        fired(
            "scan TOP_PERC_GAIN top 10", ScanCause(ScanSpec("TOP_PERC_GAIN", rows=10), ROWS[:1]), state=RuleState.ARMED
        )
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_says_what_its_golden_file_says(name: str) -> None:
    message = MESSAGES[name]()
    check_message(message)
    check_golden(name, message)


def test_what_a_closed_minute_showed_is_marked_so() -> None:
    told = firing_message(fired("AAPL > 200", replace(LEVEL, field=TickField.HIGH, from_minute=True), AAPL)).html
    assert "received · live · 1m bars" in told
    assert "Seen as the minute's high: a trade between two of TWS's samples" in told
    assert "1m bars" not in firing_message(fired("AAPL > 200", LEVEL, AAPL)).html
