"""What the tests of the views show: rules, quotes, firings, cards, an account; and the messages made of them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from alerts.codec import firing_to_json
from alerts.language import parse
from alerts.rule import (
    Cause,
    Firing,
    PriceCause,
    Rule,
    RuleState,
)
from bot.views.message import Message
from bot.views.notices import Notice
from bot.views.outbox import render
from market.account import AccountSummary, Position
from market.instrument import Instrument
from market.news import Headline
from market.quote import Quote, TickField
from market.scan import ScanRow
from market.ticket import parse as parse_ticket
from tests.fakes.chat import AAPL, ACCOUNT, BMW, EURUSD, EVIL, MSFT, NEW_YORK, FakeFloor
from tests.fakes.clock import FakeClock
from trading.codec import news_to_json
from trading.portfolio import view_portfolio
from trading.proposal import Leg, LegState, OrderNews, Preview, Proposal
from trading.summary import DailySummary, DayMove
from trading.telling import rings

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
    return news_message(news)


def news_message(news: OrderNews) -> Message:
    kind = "order" if rings(news) else "thread"
    return render(kind, news_to_json(news), now=NOW, zone=NEW_YORK)


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
