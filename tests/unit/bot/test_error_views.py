"""Golden texts of errors: what happened, and what can be done."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from alerts.errors import AlertSyntaxError, NoSuchChat, NotEvaluable, RuleGone, TooManyAlerts, TooManyScans
from alerts.exchange import UnreadableFile
from bot.views.errors import explain
from broker.status import LinkReason
from market.errors import (
    AmbiguousSymbol,
    BrokerError,
    LinkDown,
    MarketError,
    NoMarketData,
    PacingViolation,
    ReadOnlyApi,
    RequestTimeout,
    SymbolError,
    TicketContradiction,
    TicketSyntaxError,
    UnknownSymbol,
)
from market.ticket import Fault
from tests.fakes.chat import AAPL, BMW, BMW_US, EVIL
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message
from trading.errors import (
    Limit,
    NotAllowed,
    NothingToChange,
    NotSizable,
    OrderDenied,
    OrderGone,
    ProposalGone,
    SizeFault,
    TimeUp,
    UnknownAccount,
)

USD = "USD"
DENIALS = (
    OrderDenied(Limit.TRADING_STATE, None, "halted"),
    OrderDenied(Limit.DAILY_LOSS, Decimal(500), Decimal("512.40"), USD),
    OrderDenied(Limit.SYMBOL, "AAPL, SPY", "GME"),
    OrderDenied(Limit.FORBIDDEN, "AMC, GME", "GME"),
    OrderDenied(Limit.SEC_TYPE, "STK", "OPT"),
    OrderDenied(Limit.ORDERS_PER_MINUTE, Decimal(10), Decimal(11)),
    OrderDenied(Limit.TOTAL_ORDERS_PER_MINUTE, Decimal(20), Decimal(21)),
    OrderDenied(Limit.DUPLICATE, Decimal("10.0"), Decimal("4.2")),
    OrderDenied(Limit.QUANTITY, "whole shares or contracts", Decimal("1.5")),
    OrderDenied(Limit.TICK_SIZE, Decimal("0.01"), Decimal("199.515")),
    OrderDenied(Limit.ORDER_TYPE, None, "MIDPX"),
    OrderDenied(Limit.QUOTE_MISSING, None, Decimal("199.01")),
    OrderDenied(Limit.QUOTE_AGE, Decimal("60.0"), Decimal("61.5")),
    OrderDenied(Limit.CLOSED_MARKET, None, "closed"),
    OrderDenied(Limit.COLLAR, Decimal(20), Decimal("21.50")),
    OrderDenied(Limit.SHORT_SELLING, Decimal(5), Decimal(10)),
    OrderDenied(Limit.POSITION, None, "AAPL"),
    OrderDenied(Limit.ACCOUNT, None, "buying power"),
    OrderDenied(Limit.CURRENCY, "USD", "JPY"),
    OrderDenied(Limit.ORDER_VALUE, Decimal(50_000), Decimal("50000.01"), USD),
    OrderDenied(Limit.DAILY_VALUE, Decimal(100_000), Decimal("100000.01"), USD),
    OrderDenied(Limit.TOTAL_DAILY_VALUE, Decimal(200_000), Decimal("200000.01"), "CHF"),
    OrderDenied(Limit.POSITION_VALUE, Decimal(25_000), Decimal("25000.01"), USD),
    OrderDenied(Limit.NET_LIQUIDATION, Decimal(25), Decimal("25.01")),
    OrderDenied(Limit.BUYING_POWER, Decimal("1200.00"), Decimal("1995.00"), USD),
)


def of_several(denial: OrderDenied, about: str) -> OrderDenied:
    denial.about = about
    return denial


ERRORS: dict[str, Exception] = {
    "alert-syntax": AlertSyntaxError(
        "AAPL croses 200", 5, "an operator", ("AAPL crosses 200", "AAPL > 200"), "crosses"
    ),
    "alert-syntax-elsewhere": AlertSyntaxError(
        "what is higher 2", 5, "a study", ("AAPL > high(52w)", "AAPL < low(20d)"), ">"
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
    "time-up": TimeUp(datetime(2020, 1, 2, 4, 59, 59, tzinfo=UTC)),
    "order-gone": OrderGone("sb-1-1"),
    "order-elsewhere": OrderGone("sb-1-1", 17),
    "not-sizable": NotSizable(SizeFault.TOO_SMALL, Decimal("0.2564"), Decimal(1)),
    "unknown-account": UnknownAccount("U7<>"),
    "nothing-to-change": NothingToChange("sb-1-1"),
    **{f"denied-{denial.limit.value.replace(' ', '-')}": denial for denial in DENIALS},
    "denied-of-a-list": of_several(OrderDenied(Limit.ORDER_VALUE, Decimal(50_000), Decimal("50000.01"), "USD"), "SPY"),
    "denied-reducing": OrderDenied(Limit.TRADING_STATE, Decimal(10), "reducing"),
    "denied-nothing-to-reduce": OrderDenied(Limit.TRADING_STATE, Decimal(0), "reducing"),
    "denied-loss-unknown": OrderDenied(Limit.DAILY_LOSS, Decimal(500), None, "USD"),
    "denied-hours-unknown": OrderDenied(Limit.CLOSED_MARKET, None, None),
    "denied-no-market-data": OrderDenied(Limit.QUOTE_MISSING, None, "Not subscribed."),
    "denied-coin-market": OrderDenied(Limit.ORDER_TYPE, None, "BUY MKT DAY"),
    "denied-times": OrderDenied(Limit.ORDER_TYPE, None, "GTC, ALGO"),
    "denied-collar-at-zero": OrderDenied(Limit.COLLAR, Decimal("2.0"), "9"),
    "denied-account-gone": OrderDenied(Limit.ACCOUNT, "DU7654321", None),
    "denied-delayed": OrderDenied(Limit.QUOTE_AGE, Decimal(60), "delayed"),
}


ORDERING = [name for name, error in ERRORS.items() if isinstance(error, (OrderDenied, SymbolError, BrokerError))]


@pytest.mark.parametrize("name", ORDERING)
def test_every_refusal_of_an_order_says_that_nothing_was_done(name: str) -> None:
    said = explain(ERRORS[name]).html
    assert "Nothing was sent to the market." in said or "Nothing was done." in said


@pytest.mark.parametrize("name", ["denied-order-type", "denied-tick-size", "denied-quantity", "denied-coin-market"])
def test_a_rule_of_ibkrs_is_not_called_a_limit_of_ours(name: str) -> None:
    said = explain(ERRORS[name]).html
    assert "IBKR would not take it" in said
    assert "limit of ours" not in said
    assert "/limits" not in said


def test_every_limit_has_a_denial_here() -> None:
    assert {denial.limit for denial in DENIALS} == set(Limit)


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_of_a_room_becomes_a_sentence(name: str) -> None:
    message = explain(ERRORS[name])
    check_message(message)
    check_golden(f"error-{name}", message)


@pytest.mark.parametrize("reason", [reason for reason in LinkReason if reason is not LinkReason.NONE])
def test_every_reason_why_the_link_is_down_has_its_words(reason: LinkReason) -> None:
    assert "the link is not up" not in explain(LinkDown(reason)).html


def test_a_wrong_account_is_told_with_the_setting_that_names_it() -> None:
    assert "IB_ACCOUNT" in explain(LinkDown(LinkReason.ACCOUNT_NOT_MANAGED)).html


def test_an_error_that_nobody_foresaw_is_not_explained_away() -> None:
    with pytest.raises(ZeroDivisionError):
        explain(ZeroDivisionError())


def test_what_is_to_be_typed_is_shown_as_code_and_a_question_ends_once() -> None:
    wanted = explain(TicketSyntaxError("buy 10 AAPL 199,500", 12, "a price, written `199.5` or `199500`")).html
    assert "a price, written <code>199.5</code> or <code>199500</code>." in wanted
    asked = explain(AlertSyntaxError("AAPL > 199,5", 7, "a price: 199.5 or 1995?", ())).html
    assert asked.endswith("199.5 or 1995?")


@pytest.mark.parametrize("fault", Fault)
def test_every_contradiction_in_an_order_becomes_a_sentence(fault: Fault) -> None:
    check_message(explain(TicketContradiction(fault, "stop_loss")))


@pytest.mark.parametrize("fault", SizeFault)
def test_every_size_that_comes_to_nothing_becomes_a_sentence(fault: SizeFault) -> None:
    plain = check_message(explain(NotSizable(fault, Decimal("0.25"), None, ("USD", "JPY"))))
    assert "Nothing was sent." in plain
    assert "{" not in plain
