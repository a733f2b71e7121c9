"""Golden texts of what the views say; GOLDEN=write writes them anew, and a person reads the difference."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from alerts.aftermath import Aftermath
from alerts.codec import firing_to_json
from alerts.condition import OrderEvent
from alerts.errors import AlertSyntaxError, NoSuchChat, NotEvaluable, RuleGone, TooManyAlerts, TooManyScans
from alerts.exchange import UnreadableFile
from alerts.history import Backtest, PastFiring
from alerts.language import parse
from alerts.rule import (
    AccountCause,
    Cause,
    FeedCause,
    Firing,
    NewsCause,
    OrderCause,
    PriceCause,
    Rule,
    RuleState,
    ScanCause,
    TimeCause,
)
from bot.callback_data import Place
from bot.commands import listed
from bot.views import alert_list as list_views
from bot.views import alerts as alert_views
from bot.views import editing as edit_views
from bot.views import exchange as exchange_views
from bot.views import help as help_views
from bot.views import news as news_views
from bot.views import past as past_views
from bot.views import portfolio as portfolio_views
from bot.views import proposal as proposal_views
from bot.views import quotes as quote_views
from bot.views import scan as scan_views
from bot.views import status as status_views
from bot.views import watching as watch_views
from bot.views import wizard as wizard_views
from bot.views.errors import explain
from bot.views.message import Message
from bot.views.notices import Notice
from bot.views.numbers import money
from bot.views.outbox import render
from bot.views.summary import daily_summary
from bot.wizard import Wizard
from broker.status import LinkReason, LinkState, LinkStatus
from market.account import AccountSummary, Position
from market.errors import (
    AmbiguousSymbol,
    BrokerError,
    LinkDown,
    MarketError,
    NoMarketData,
    PacingViolation,
    ReadOnlyApi,
    RequestTimeout,
    TicketContradiction,
    TicketSyntaxError,
    UnknownSymbol,
)
from market.instrument import Instrument
from market.news import Article, Headline
from market.quote import Bar, BarSize, DataKind, Quote, TickField
from market.scan import ScanRow, ScanSpec
from market.ticket import Fault
from market.ticket import parse as parse_ticket
from tests.fakes.chat import AAPL, ACCOUNT, BMW, BMW_US, EURUSD, EVIL, MSFT, NEW_YORK, FakeFloor
from tests.fakes.clock import FakeClock
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message
from trading.access import Role
from trading.codec import news_to_json, summary_to_json
from trading.confirmation import Confirmation, Outcome
from trading.errors import Limit, NotAllowed, OrderDenied, OrderGone, ProposalGone
from trading.portfolio import view_portfolio
from trading.proposal import Leg, LegState, OrderNews, Preview, Proposal, ProposalState
from trading.summary import DailySummary, DayMove

NOW = datetime(2026, 11, 20, 19, 32, 7, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TOKEN = "T" * 22


def rule(line: str, *instruments: Instrument, number: int = 12) -> Rule:
    draft = parse(line, NOW, BERLIN)
    named = {instrument.label: instrument for instrument in instruments}
    return Rule(number, 222, 222, line, draft, named, created=NOW, since=NOW)


def quote(instrument: Instrument = AAPL, last: float = 196.42) -> Quote:
    return Quote(
        instrument,
        last=last,
        bid=round(last - 0.02, 5),
        ask=round(last + 0.02, 5),
        high=200.4,
        low=195.9,
        close=192.0,
        volume=48_123_456,
        received=NOW - timedelta(seconds=1),
    )


def proposal(line: str = "buy 50 AAPL 199.50", instrument: Instrument = AAPL, account: str = ACCOUNT) -> Proposal:
    return Proposal(
        id=7,
        token=TOKEN,
        user_id=222,
        chat_id=222,
        account=account,
        ticket=parse_ticket(line),
        instrument=instrument,
        created=NOW,
        expires=NOW + timedelta(seconds=60),
        message_id=55,
        reference_price=Decimal("200.15"),
        reference_time=NOW - timedelta(seconds=2),
        bid=Decimal("200.12"),
        ask=Decimal("200.18"),
        preview=Preview(initial_margin_change=Decimal(2494), commission=Decimal(1), commission_currency="USD"),
        position_before=Decimal(150),
        cash_before=Decimal("51179.11"),
        net_liquidation=Decimal("128430.22"),
        legs=(Leg(1, "sb-7-1"),),
    )


def fired(
    line: str, cause: Cause, *instruments: Instrument, at: datetime = NOW, state: RuleState = RuleState.FIRED
) -> Firing:
    told = replace(rule(line, *instruments), state=state, fired_count=1, last_fired=at)
    return Firing("12:1:0", told, at, cause)


LEVEL = PriceCause(
    AAPL, TickField.LAST, 200.15, bid=200.12, ask=200.18, change_pct=2.34, values={"AAPL": 200.15, "200": 200.0}
)
STORY = Headline("DJNL", "DJNL$1", "Apple raises its guidance & more", NOW - timedelta(minutes=2), AAPL.con_id)
ROWS = tuple(ScanRow(rank, one) for rank, one in enumerate((AAPL, MSFT, EURUSD, BMW), 1))


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


def firing_message(
    firing: Firing, *, now: datetime = NOW, zone: ZoneInfo = NEW_YORK, may_repeat: bool = False
) -> Message:
    return render("firing", firing_to_json(firing), now=now, zone=zone, may_repeat=may_repeat)


def order_message(state: LegState, *, reconciled: bool = False, message: str = "", filled: str = "0") -> Message:
    leg = Leg(1, "sb-7-1", state, order_id=9, filled=Decimal(filled), message=message)
    if leg.filled:
        leg = replace(leg, average_price=Decimal("199.47"))
    if state is LegState.FILLED:
        leg = replace(leg, commission=Decimal(1), realized_pnl=Decimal("-12.5"))
    news = OrderNews(proposal().with_leg(leg), leg, LegState.SENT, NOW, reconciled)
    return render("order", news_to_json(news), now=NOW, zone=NEW_YORK)


def test_what_a_closed_minute_showed_is_marked_so() -> None:
    told = firing_message(fired("AAPL > 200", replace(LEVEL, field=TickField.HIGH, from_minute=True), AAPL)).html
    assert "received · live · 1m bars" in told
    assert "Seen as the minute's high: a trade between two of TWS's samples" in told
    assert "1m bars" not in firing_message(fired("AAPL > 200", LEVEL, AAPL)).html


def notice_message(told: Notice, /, **fields: object) -> Message:
    return render("notice", {"notice": told.value, "at": NOW.isoformat(), **fields}, now=NOW, zone=NEW_YORK)


SUMMARY = DailySummary(
    account=ACCOUNT,
    day=date(2026, 11, 20),
    at=NOW,
    currency="USD",
    net_liquidation=Decimal("128430.22"),
    change=Decimal("1204.10"),
    change_pct=Decimal("0.95"),
    realized_pnl=Decimal(310),
    unrealized_pnl=Decimal("894.10"),
    cash=Decimal("41097.67"),
    best=DayMove(AAPL, Decimal(301), Decimal("4.10")),
    worst=DayMove(MSFT, Decimal(-176), Decimal("-2.20")),
    trades=3,
    fees=Decimal("3.15"),
    alerts_fired=5,
    curve=((date(2026, 11, 3), Decimal(120000)), (date(2026, 11, 20), Decimal("128430.22"))),
)


def holdings() -> FakeFloor:
    floor = FakeFloor(FakeClock())
    floor.summaries[ACCOUNT] = AccountSummary(
        ACCOUNT,
        "USD",
        net_liquidation=Decimal("128430.22"),
        cash=Decimal("41097.67"),
        buying_power=Decimal(164390),
        initial_margin=Decimal(21000),
        maintenance_margin=Decimal(19000),
        excess_liquidity=Decimal(109430),
        cushion=Decimal("0.852"),
        daily_pnl=Decimal(894),
        unrealized_pnl=Decimal("4252.5"),
        realized_pnl=Decimal(0),
    )
    floor.held_positions = [
        Position(
            ACCOUNT,
            AAPL,
            Decimal(200),
            Decimal("184.10"),
            Decimal("200.15"),
            Decimal(40030),
            Decimal(3210),
            None,
            Decimal(920),
        ),
        Position(ACCOUNT, MSFT, Decimal(-20), Decimal("462.25"), Decimal("410.125"), Decimal(-8202), Decimal("1042.5")),
        Position(ACCOUNT, EVIL, Decimal(1234567), Decimal("0.01")),
    ]
    return floor


PORTFOLIO = view_portfolio(holdings(), ACCOUNT)
EMPTY = view_portfolio(FakeFloor(FakeClock()), ACCOUNT)
UP = LinkStatus(
    LinkState.UP,
    NOW - timedelta(days=3, hours=4),
    address="127.0.0.1:4002",
    client_id=17,
    library="ib_async 2.1.0",
    server_version=178,
    accounts=(ACCOUNT,),
)
REPORT = status_views.StatusReport(
    version="0.1.0",
    started=NOW - timedelta(hours=5),
    link=UP,
    alerts={RuleState.ARMED: 14, RuleState.PAUSED: 2, RuleState.BLIND: 0},
    last_tick=NOW - timedelta(seconds=1),
    lines=12,
    most_lines=90,
    telegram_lag_s=0.412,
    next_summary=NOW + timedelta(hours=2),
)
DOWN = replace(
    REPORT,
    link=LinkStatus(LinkState.DOWN, NOW - timedelta(minutes=3), LinkReason.REFUSED, 7, "127.0.0.1:4002", 17),
    last_tick=None,
    telegram_trouble="timed out",
    outbox_depth=31,
    next_summary=None,
)


def repeats() -> Rule:
    given = rule('AAPL > 200 and AAPL rsi(14, 1h) < 30 every cooldown 30m note "x < y"', AAPL)
    return replace(given, state=RuleState.BLIND, reason="NoMarketData: 354", fired_count=2, last_fired=NOW)


MESSAGES = {
    "alert-created": lambda: alert_views.created(rule("AAPL > 200", AAPL), quote(), already_true=False, now=NOW),
    "alert-created-true": lambda: alert_views.created(
        replace(rule("AAPL > 190", AAPL), state=RuleState.FIRED), quote(), already_true=True, now=NOW
    ),
    "alert-created-delayed": lambda: alert_views.created(
        rule("AAPL > 200", AAPL), replace(quote(), kind=DataKind.DELAYED), already_true=False, now=NOW
    ),
    "alert-created-news": lambda: alert_views.created(
        rule('news AAPL "guidance" or "outlook"', AAPL), None, already_true=False, now=NOW
    ),
    "alert-created-scan": lambda: alert_views.created(
        rule("scan TOP_PERC_GAIN price > 5 volume > 1M top 10"), None, already_true=False, now=NOW
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
    "firing-news": lambda: firing_message(
        fired('news AAPL "guidance"', NewsCause(STORY, AAPL), AAPL, state=RuleState.ARMED)
    ),
    "firing-scan": lambda: firing_message(
        fired("scan TOP_PERC_GAIN top 10", ScanCause(ScanSpec("TOP_PERC_GAIN", rows=10), ROWS), state=RuleState.ARMED)
    ),
    "firing-scan-one": lambda: firing_message(
        fired(
            "scan TOP_PERC_GAIN top 10", ScanCause(ScanSpec("TOP_PERC_GAIN", rows=10), ROWS[:1]), state=RuleState.ARMED
        )
    ),
    "order-card": lambda: proposal_views.proposal_card(proposal(), now=NOW),
    "order-card-live-sell": lambda: proposal_views.proposal_card(
        replace(
            proposal("sell 200 AAPL market gtc outside", account="U7654321"),
            preview=None,
            preview_missing="read-only",
            warnings=("sells 50 more than you hold: a short sale", "31% of net liquidation value"),
        ),
        now=NOW + timedelta(seconds=5),
        note="The price has moved since the last card.",
    ),
    "order-card-euro": lambda: proposal_views.proposal_card(
        replace(proposal("buy 10 BMW 90", BMW), reference_price=Decimal("90.02"), bid=None, ask=None), now=NOW
    ),
    "order-price-choice": lambda: proposal_views.price_choice(
        parse_ticket("buy 50 AAPL"), AAPL, quote(), "buy 50 AAPL", now=NOW
    ),
    "order-sending": lambda: proposal_views.sending(proposal()),
    "order-working": lambda: order_message(LegState.WORKING),
    "order-partial": lambda: order_message(LegState.PARTIAL, filled="20"),
    "order-filled": lambda: order_message(LegState.FILLED, filled="50"),
    "order-rejected": lambda: order_message(LegState.REJECTED, message="Order rejected - reason: <no> buying power"),
    "order-cancelled-partly": lambda: order_message(LegState.CANCELLED, filled="20"),
    "order-unknown": lambda: order_message(LegState.UNKNOWN, reconciled=True),
    "quote": lambda: quote_views.quote_card(quote(), holdings().held_positions[0], now=NOW, zone=NEW_YORK),
    "quote-fx-old": lambda: quote_views.quote_card(
        Quote(EURUSD, bid=1.10005, ask=1.1001, received=NOW - timedelta(minutes=3), kind=DataKind.FROZEN, halted=True),
        None,
        now=NOW,
        zone=BERLIN,
    ),
    "quote-alert-levels": lambda: quote_views.alert_levels(quote()),
    "positions": lambda: portfolio_views.positions(PORTFOLIO, 0, now=NOW, zone=NEW_YORK),
    "positions-none": lambda: portfolio_views.positions(EMPTY, 0, now=NOW, zone=NEW_YORK),
    "position": lambda: portfolio_views.position_card(PORTFOLIO, PORTFOLIO.holdings[0], now=NOW, zone=NEW_YORK),
    "account": lambda: portfolio_views.account(PORTFOLIO, now=NOW, zone=NEW_YORK),
    "summary": lambda: render("summary", summary_to_json(SUMMARY), now=NOW, zone=NEW_YORK),
    "summary-first-late": lambda: daily_summary(
        replace(SUMMARY, change=None, change_pct=None, best=None, worst=None, fees=None, curve=SUMMARY.curve[-1:]),
        now=NOW + timedelta(hours=14),
        zone=NEW_YORK,
        may_repeat=True,
        closed=NOW - timedelta(hours=3),
    ),
    "news": lambda: news_views.headlines(
        AAPL, [STORY, replace(STORY, time=NOW - timedelta(days=1))], now=NOW, zone=NEW_YORK
    ),
    "news-none": lambda: news_views.headlines(AAPL, [], now=NOW, zone=NEW_YORK),
    "story": lambda: news_views.story(Article("DJNL", "DJNL$1", "<p>One <b>bold</b> &amp; two.</p><p>Three</p>"), 0),
    "scan-choice": scan_views.scan_choice,
    "scan-result": lambda: scan_views.scan_result(
        ScanSpec("TOP_PERC_GAIN", rows=10, above_price=5.0),
        ROWS,
        "scan TOP_PERC_GAIN price > 5 top 10",
        now=NOW,
        zone=NEW_YORK,
    ),
    "status-good": lambda: status_views.status(REPORT, now=NOW, zone=NEW_YORK),
    "status-bad": lambda: status_views.status(DOWN, now=NOW, zone=BERLIN),
    "status-data": lambda: status_views.status(
        replace(
            REPORT,
            link=replace(REPORT.link, broken_farms=("usfarm",)),
            rivalled=["NVDA"],
            not_live=[f"S{number}" for number in range(10)],
            stale=[("BMW", NOW - timedelta(minutes=7))],
        ),
        now=NOW,
        zone=NEW_YORK,
    ),
    "help": lambda: help_views.help_page(listed(Role.TRADER)),
    "start": lambda: help_views.welcome(listed(Role.VIEWER)),
    "not-understood": help_views.not_understood,
    "was-away": lambda: help_views.was_away("AAPL > 200"),
    "notice-link-lost": lambda: notice_message(Notice.LINK_LOST, reason="client id in use"),
    "notice-link-lost-restart": lambda: notice_message(
        Notice.LINK_LOST, reason="lost ibkr", advice="restart", since=(NOW - timedelta(minutes=16)).isoformat()
    ),
    "notice-link-lost-login": lambda: notice_message(
        Notice.LINK_LOST, reason="refused", advice="login", since=(NOW - timedelta(minutes=6)).isoformat()
    ),
    "notice-competing": lambda: notice_message(Notice.TROUBLE, trouble="competing session", subjects=["AAPL", "MSFT"]),
    "notice-delayed": lambda: notice_message(
        Notice.TROUBLE, trouble="delayed data", subjects=[f"S{number}" for number in range(15)]
    ),
    "notice-frozen": lambda: notice_message(Notice.TROUBLE, trouble="frozen data", subjects=["<A>"]),
    "notice-farm": lambda: notice_message(Notice.TROUBLE, trouble="farm down", subjects=["usfarm", "usfarm.nj"]),
    "notice-read-only": lambda: notice_message(Notice.TROUBLE, trouble="read-only api", subjects=[]),
    "notice-competing-over": lambda: notice_message(
        Notice.TROUBLE_OVER,
        trouble="competing session",
        subjects=["AAPL"],
        since=(NOW - timedelta(minutes=6)).isoformat(),
    ),
    "notice-read-only-over": lambda: notice_message(
        Notice.TROUBLE_OVER, trouble="read-only api", subjects=[], since=(NOW - timedelta(minutes=6)).isoformat()
    ),
    "notice-blind-refused": lambda: notice_message(
        Notice.ALERT_BLIND,
        rule_id=4,
        alert="AAPL > 1",
        reason="IBKR 354: Requested market data is not subscribed. Check API status by selecting the Account menu …",
    ),
    "notice-link-back": lambda: notice_message(
        Notice.LINK_BACK, since=(NOW - timedelta(minutes=3)).isoformat(), alerts=2
    ),
    "notice-blind": lambda: notice_message(Notice.ALERT_BLIND, rule_id=4, alert="AAPL > 1", reason="no <data>"),
    "notice-expired": lambda: notice_message(Notice.ALERT_EXPIRED, rule_id=4, alert="AAPL > 1 until friday", fired=2),
    "notice-split": lambda: notice_message(
        Notice.ALERT_SPLIT,
        rule_id=4,
        symbol="AAPL",
        split="2:1",
        alert="AAPL > 202.5",
        adjusted="AAPL > 101.25",
        before=202.5,
        after=101.25,
    ),
    "notice-split-several": lambda: notice_message(
        Notice.ALERT_SPLIT,
        rule_id=4,
        symbol="AAPL",
        split="1:20",
        alert="AAPL - 2 * MSFT > 3",
        adjusted="",
        before=None,
        after=None,
    ),
    "notice-renamed": lambda: notice_message(Notice.ALERT_RENAMED, rule_id=4, old="FB", new="META", alert="META > 700"),
    "notice-cards-cancelled": lambda: notice_message(Notice.ORDER_CARDS_CANCELLED, count=2),
    "notice-chat-closed": lambda: notice_message(Notice.CHAT_CLOSED, chat_id=222, reason="bot was blocked by the user"),
    "notice-group-closed": lambda: notice_message(Notice.CHAT_CLOSED, chat_id=-5, reason="bot was kicked"),
    "notice-rival": lambda: notice_message(Notice.RIVAL),
    "notice-rival-gone": lambda: notice_message(Notice.RIVAL_GONE, since="2026-11-20T19:10:00+00:00"),
    "interrupted": lambda: help_views.interrupted("AAPL > 200"),
    "press-interrupted": help_views.press_interrupted,
    "notice-message-failed": lambda: notice_message(Notice.MESSAGE_FAILED, kind="firing", row_id=3, reason="KeyError"),
    "notice-task-died": lambda: notice_message(Notice.TASK_DIED, task="watcher", reason="OSError", restart_s=2.0),
    "notice-test": lambda: notice_message(Notice.TEST),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_says_what_its_golden_file_says(name: str) -> None:
    message = MESSAGES[name]()
    check_message(message)
    check_golden(name, message)


@pytest.mark.parametrize(
    "outcome", [one for one in Outcome if one not in {Outcome.NOT_YOURS, Outcome.NOT_READY, Outcome.LINK_DOWN}]
)
def test_every_outcome_of_a_press_has_its_text_on_the_card(outcome: Outcome) -> None:
    denial = OrderDenied(Limit.COLLAR, Decimal(20), Decimal("21.5"))
    given = proposal().with_state(ProposalState.SUBMITTED)
    message = proposal_views.outcome(Confirmation(outcome, given, denial=denial), "buy 50 AAPL 199.5")
    assert message is not None
    check_message(message)
    check_golden(f"outcome-{outcome.value.replace(' ', '-')}", message)
    assert not any("Confirm" in button.label for row in message.buttons for button in row)


@pytest.mark.parametrize("outcome", [Outcome.NOT_YOURS, Outcome.NOT_READY, Outcome.LINK_DOWN])
def test_some_outcomes_leave_the_card_as_it_is(outcome: Outcome) -> None:
    assert proposal_views.outcome(Confirmation(outcome, proposal())) is None


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_toast_that_fits(outcome: Outcome) -> None:
    assert 0 < len(proposal_views.toast(Confirmation(outcome, proposal(), detail="x" * 300))) <= 200
    assert proposal_views.toast(Confirmation(outcome))


ERRORS: dict[str, Exception] = {
    "alert-syntax": AlertSyntaxError(
        "AAPL croses 200", 5, "an operator", ("AAPL crosses 200", "AAPL > 200"), "crosses"
    ),
    "ticket-syntax": TicketSyntaxError("buy AAPL 10", 4, "a quantity", ("buy 10 AAPL",)),
    "ticket-contradiction": TicketContradiction(Fault.SIDE, "stop_loss"),
    "unknown-symbol": UnknownSymbol("APPL", (AAPL, EVIL)),
    "unknown-symbol-alone": UnknownSymbol("QQQQQ"),
    "ambiguous-symbol": AmbiguousSymbol("BMW", (BMW, BMW_US)),
    "link-down": LinkDown("paper disclaimer"),
    "link-down-unsaid": LinkDown(),
    "timeout": RequestTimeout("contract details", 8.0),
    "broker": BrokerError(201, "Order rejected - reason: <b>"),
    "no-market-data": NoMarketData(354, "Requested market data is not subscribed."),
    "pacing": PacingViolation(162, "Historical Market Data Service error message: pacing violation"),
    "read-only": ReadOnlyApi(321, "The API interface is currently in Read-Only mode."),
    "market": MarketError(),
    "rule-gone": RuleGone(4),
    "too-many-alerts": TooManyAlerts(200),
    "too-many-scans": TooManyScans(10),
    "no-such-chat": NoSuchChat("desk<>"),
    "not-evaluable": NotEvaluable("an indicator <x>"),
    "unreadable-file": UnreadableFile(3, "it is no JSON"),
    "proposal-gone": ProposalGone("expired"),
    "not-allowed": NotAllowed("trader"),
    "order-gone": OrderGone("sb-1-1"),
    "order-elsewhere": OrderGone("sb-1-1", 17),
    **{f"denied-{limit.value.replace(' ', '-')}": OrderDenied(limit, Decimal(20), Decimal("21.5")) for limit in Limit},
    "denied-no-market-data": OrderDenied(Limit.QUOTE_MISSING, None, "Not subscribed."),
    "denied-delayed": OrderDenied(Limit.QUOTE_AGE, Decimal(60), "delayed"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_of_a_room_becomes_a_sentence(name: str) -> None:
    message = explain(ERRORS[name])
    check_message(message)
    check_golden(f"error-{name}", message)


@pytest.mark.parametrize("fault", Fault)
def test_every_contradiction_in_an_order_becomes_a_sentence(fault: Fault) -> None:
    check_message(explain(TicketContradiction(fault, "stop_loss")))


def test_a_fee_is_told_in_its_own_currency() -> None:
    leg = Leg(1, "sb-7-1", LegState.FILLED, filled=Decimal(50), average_price=Decimal("199.47"))
    leg = replace(leg, commission=Decimal("1.20"), commission_currency="EUR", realized_pnl=Decimal(5))
    news = OrderNews(proposal().with_leg(leg), leg, LegState.SENT, NOW)
    html = render("order", news_to_json(news), now=NOW, zone=NEW_YORK).html
    assert f"fee {money(Decimal('1.20'), 'EUR')}" in html
    assert f"Cost {money(Decimal('9973.50'), 'USD')}" in html


@pytest.mark.parametrize("reason", [reason for reason in LinkReason if reason is not LinkReason.NONE])
def test_every_reason_why_the_link_is_down_has_its_words(reason: LinkReason) -> None:
    assert "the link is not up" not in explain(LinkDown(reason)).html


def test_a_wrong_account_is_told_with_the_setting_that_names_it() -> None:
    assert "IB_ACCOUNT" in explain(LinkDown(LinkReason.ACCOUNT_NOT_MANAGED)).html


def test_an_error_that_nobody_foresaw_is_not_explained_away() -> None:
    with pytest.raises(ZeroDivisionError):
        explain(ZeroDivisionError())


def test_the_summary_fits_a_caption() -> None:
    check_message(
        replace(daily_summary(SUMMARY, now=NOW + timedelta(days=3), zone=BERLIN, may_repeat=True), picture=b"x")
    )


def test_an_unknown_row_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="gossip"):
        render("gossip", {}, now=NOW, zone=NEW_YORK)
    with pytest.raises(ValueError, match="gossip"):
        render("notice", {"notice": "gossip", "at": NOW.isoformat()}, now=NOW, zone=NEW_YORK)


def test_what_is_to_be_typed_is_shown_as_code_and_a_question_ends_once() -> None:
    wanted = explain(TicketSyntaxError("buy 10 AAPL 199,500", 12, "a price, written `199.5` or `199500`")).html
    assert "a price, written <code>199.5</code> or <code>199500</code>." in wanted
    asked = explain(AlertSyntaxError("AAPL > 199,5", 7, "a price: 199.5 or 1995?", ())).html
    assert asked.endswith("199.5 or 1995?")
