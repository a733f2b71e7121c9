"""Golden texts of orders, quotes and the account, and what a press on a card comes to."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.views import outcome as outcome_views
from bot.views import portfolio as portfolio_views
from bot.views import proposal as proposal_views
from bot.views import quotes as quote_views
from bot.views import ticket as ticket_views
from bot.views.numbers import money
from bot.views.outbox import render
from bot.views.summary import daily_summary
from market.quote import DataKind, Quote
from market.ticket import parse as parse_ticket
from tests.fakes.chat import AAPL, BMW, EURUSD, NEW_YORK
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message
from tests.unit.bot.samples import (
    BERLIN,
    EMPTY,
    NOW,
    PORTFOLIO,
    SUMMARY,
    holdings,
    order_message,
    proposal,
    quote,
)
from trading.codec import news_to_json, summary_to_json
from trading.confirmation import Confirmation, Outcome
from trading.errors import Limit, OrderDenied
from trading.proposal import Leg, LegState, OrderNews, ProposalState

STANDING = {Outcome.NOT_YOURS, Outcome.NOT_READY, Outcome.LINK_DOWN, Outcome.SECOND_STEP}
MESSAGES = {
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
    "order-price-choice": lambda: ticket_views.price_choice(parse_ticket("buy 50 AAPL"), AAPL, quote(), now=NOW),
    "order-sending": lambda: outcome_views.sending(proposal()),
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
}


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_says_what_its_golden_file_says(name: str) -> None:
    message = MESSAGES[name]()
    check_message(message)
    check_golden(name, message)


@pytest.mark.parametrize("outcome", [one for one in Outcome if one not in STANDING])
def test_every_outcome_of_a_press_has_its_text_on_the_card(outcome: Outcome) -> None:
    denial = OrderDenied(Limit.COLLAR, Decimal(20), Decimal("21.5"))
    given = proposal().with_state(ProposalState.SUBMITTED)
    message = outcome_views.outcome(Confirmation(outcome, given, denial=denial))
    assert message is not None
    check_message(message)
    check_golden(f"outcome-{outcome.value.replace(' ', '-')}", message)
    assert not any("Confirm" in button.label for row in message.buttons for button in row)


@pytest.mark.parametrize("outcome", sorted(STANDING))
def test_some_outcomes_leave_the_card_as_it_is(outcome: Outcome) -> None:
    assert outcome_views.outcome(Confirmation(outcome, proposal())) is None


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_toast_that_fits(outcome: Outcome) -> None:
    assert 0 < len(outcome_views.toast(Confirmation(outcome, proposal(), detail="x" * 300))) <= 200
    assert outcome_views.toast(Confirmation(outcome))


def test_a_fee_is_told_in_its_own_currency() -> None:
    leg = Leg(1, "sb-7-1", LegState.FILLED, filled=Decimal(50), average_price=Decimal("199.47"))
    leg = replace(leg, commission=Decimal("1.20"), commission_currency="EUR", realized_pnl=Decimal(5))
    news = OrderNews(proposal().with_leg(leg), leg, LegState.SENT, NOW)
    html = render("order", news_to_json(news), now=NOW, zone=NEW_YORK).html
    assert f"fee {money(Decimal('1.20'), 'EUR')}" in html
    assert f"Cost {money(Decimal('9973.50'), 'USD')}" in html


def test_a_fee_that_comes_later_does_not_make_the_message_a_late_one() -> None:
    leg = Leg(1, "sb-17-1", state=LegState.FILLED, filled=Decimal(50), commission=Decimal("1.00"))
    payload = news_to_json(OrderNews(proposal().with_leg(leg), leg, LegState.WORKING, NOW))
    later = NOW + timedelta(hours=2)
    edited = render("order", payload | {"told": NOW.isoformat()}, now=later, zone=NEW_YORK)
    assert "fee $1.00" in edited.html
    assert "Late" not in edited.html
    assert "Late" in render("order", payload, now=later, zone=NEW_YORK).html


def test_the_summary_fits_a_caption() -> None:
    check_message(
        replace(daily_summary(SUMMARY, now=NOW + timedelta(days=3), zone=BERLIN, may_repeat=True), picture=b"x")
    )
