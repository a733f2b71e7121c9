"""Golden texts of lists, of working orders and of the questions about them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.callback_data import Place
from bot.views import lists as views
from bot.views import moving as moving_views
from bot.views import working as working_views
from bot.views.errors import explain
from bot.views.list_refusal import refusal
from bot.views.message import Message
from bot.views.notices import Notice
from market.account import Position
from market.ticket import Side, parse
from tests.fakes.chat import AAPL, ACCOUNT, BMW, EVIL, MSFT, NEW_YORK
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message
from tests.fakes.trading import SHARE_RULES
from tests.unit.bot.samples import NOW, news_message, notice_message, proposal, quote
from trading.batch import Left, Why
from trading.errors import ListFault, ListRefused
from trading.plan import orders_of
from trading.ports import OrderFate, OrderReport
from trading.proposal import Leg, LegOrder, LegRole, LegState, OrderNews, Proposal, ProposalState
from trading.rebalance import Rebalance, Standing, Trade, Worth
from trading.repricing import choices, stops, targets
from trading.targets import parse_targets
from trading.withdrawal import Kept, Withdrawn

LEFT = (
    Left("BMW", Why.CLOSED, Decimal(3), opens=NOW + timedelta(days=3)),
    Left("EUR.USD", Why.MONEY, Decimal(1000)),
    Left("U7654321", Why.SIZE),
    Left("AAPL", Why.REMAINDER, Decimal(1)),
    Left(EVIL.label, Why.UNNAMED, Decimal(-20), percent=Decimal("3.9")),
    Left("MSFT", Why.NEAR, Decimal(60)),
    Left("TSLA", Why.MONEY_OUT, Decimal(48)),
    Left("KO", Why.HOURS, Decimal(1)),
    Left("PEP", Why.TYPE, Decimal(1)),
)
EACH = {"account": "U7654321", "first": "#12", "waiting": "BUY 149 MSFT, BUY 10 <b>&EVIL"}


def working(line: str = "buy 50 AAPL 199.50", number: int = 7, **changes: object) -> Proposal:
    """Return a proposal whose orders work, a bracket with all of its legs."""
    given = replace(proposal(line), id=number, state=ProposalState.SUBMITTED)
    orders = orders_of(given.ticket, AAPL, ACCOUNT, "group")
    legs = tuple(
        replace(Leg(at, f"sb-{number}-{at}", LegState.WORKING, order_id=90 + at), **changes)
        for at in range(1, len(orders) + 1)
    )
    return replace(given, orders=orders if len(orders) > 1 else (), legs=legs)


def bracket() -> Proposal:
    given = working("buy 50 AAPL 199.50 tp 210 sl 190", 8)
    entry = replace(given.legs[0], state=LegState.FILLED, filled=Decimal(50), average_price=Decimal("199.47"))
    return given.with_leg(entry)


def foreign(fate: OrderFate, words: str, **changes: object) -> OrderReport:
    known = OrderReport("", 5, 0, 0, "U7654321", fate, Decimal(0), Decimal(5), words=words)
    return replace(known, **changes)


def unsent_list() -> Proposal:
    given = replace(proposal("sell 5 AAPL market"), id=3)
    tickets = (given.ticket, parse("buy 3 AAPL 190"))
    orders = tuple(LegOrder(LegRole.PART, AAPL, ticket, ACCOUNT) for ticket in tickets)
    return replace(given, orders=orders).with_state(ProposalState.DENIED)


def overview() -> working_views.Overview:
    return working_views.Overview(
        working=(working(state=LegState.PARTIAL, filled=Decimal(20), average_price=Decimal("199.48")), bracket()),
        waiting=(proposal("sell 5 AAPL market"),),
        over=(proposal("buy 1 AAPL 190").with_state(ProposalState.EXPIRED), unsent_list()),
        elsewhere=(
            foreign(OrderFate.WORKING, "sell 5 <b>&EVIL 300 gtc"),
            foreign(OrderFate.CHECK, "buy 1 KO 60", order_ref="sb-3-1"),
        ),
        ended=(
            foreign(
                OrderFate.FILLED,
                "buy 1 AAPL market",
                filled=Decimal(1),
                average_price=Decimal("199.123456"),
                instrument=AAPL,
            ),
        ),
        is_heard=True,
    )


def planned() -> Rebalance:
    standing = Standing(MSFT, "MSFT", Decimal(30), Decimal(0), Decimal("399.9"), Decimal("400.1"), SHARE_RULES)
    trade = Trade(standing, Side.BUY, Decimal(75))
    worth = Worth(ACCOUNT, "USD", Decimal(100_000), Decimal(20_000))
    return Rebalance(worth, (), (), (trade,), LEFT[4:6], Decimal("30120.5"))


MESSAGES: dict[str, Callable[[], Message]] = {
    "list-nothing": lambda: views.nothing(LEFT, "U7654321", now=NOW, zone=NEW_YORK),
    "list-no-positions": lambda: views.no_positions(ACCOUNT),
    "list-which-position": lambda: views.which_position(
        [
            Position(ACCOUNT, one, Decimal(number), Decimal(1), market_value=Decimal(number))
            for one, number in ((EVIL, -2), (AAPL, 5), (BMW, 0))
        ],
        ACCOUNT,
    ),
    "list-which-targets": lambda: views.which_targets("U7654321"),
    "list-balanced": lambda: views.balanced(replace(planned(), later=()), now=NOW, zone=NEW_YORK),
    "list-ending": lambda: views.ending([(bracket(), bracket().orders[1]), (bracket(), bracket().orders[2])]),
    "list-rest-waits": lambda: notice_message(Notice.REST_WAITS, sequel_id=4, why="", **EACH),
    "list-rest-refused": lambda: notice_message(
        Notice.REST_WAITS, sequel_id=4, why=explain(ListRefused(ListFault.CLOSED, "MSFT")).html, **EACH
    ),
    "list-rest-dropped": lambda: notice_message(Notice.REST_DROPPED, sold=False, **EACH),
    "list-rest-unaffordable": lambda: notice_message(Notice.REST_DROPPED, sold=True, **EACH),
    "orders-overview": lambda: working_views.listing(overview(), now=NOW, zone=NEW_YORK),
    "orders-unheard": lambda: working_views.listing(
        replace(overview(), elsewhere=(), ended=(), is_heard=False), now=NOW, zone=NEW_YORK
    ),
    "orders-none": lambda: working_views.listing(working_views.Overview(), now=NOW, zone=NEW_YORK),
    "orders-cancel-which": lambda: working_views.cancel_which(bracket(), place=Place.HERE),
    "orders-cancel-all": lambda: working_views.cancel_all([working(), bracket()]),
    "orders-all-asked": lambda: working_views.all_asked(Withdrawn([working(), bracket()])),
    "orders-some-asked": lambda: working_views.all_asked(
        Withdrawn([bracket()], [Kept(working(), "link down"), Kept(bracket(), "<b>busy</b>")])
    ),
    "orders-all-kept": lambda: working_views.all_asked(Withdrawn([], [Kept(working(), "timeout")])),
    "orders-none-asked": lambda: working_views.all_asked(Withdrawn()),
    "orders-asked": lambda: working_views.asked(bracket()),
    "order-move": lambda: moving_views.where_to(
        working(), working().legs[0], choices(working().ticket, quote(), SHARE_RULES), quote(), now=NOW
    ),
    "order-move-trail": lambda: moving_views.where_to(
        working("sell 50 AAPL trail 2%"),
        working().legs[0],
        choices(working("sell 50 AAPL trail 2%").ticket, None, SHARE_RULES),
        None,
        now=NOW,
    ),
    "order-guard-stop": lambda: moving_views.guard_where(
        bracket(),
        bracket().legs[0],
        "stop",
        Decimal(40),
        stops(bracket().ticket.side, Decimal(200), SHARE_RULES),
        targets(bracket().ticket.side, Decimal(200), SHARE_RULES),
        quote(),
        [moving_views.working_words(bracket().orders[1], "#8")],
        now=NOW,
    ),
    "order-move-question": lambda: moving_views.question(bracket().order_of(bracket().legs[2]), "move"),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_says_what_its_golden_file_says(name: str) -> None:
    message = MESSAGES[name]()
    check_message(message)
    check_golden(name, message)


def test_a_rebalance_says_what_waits_what_stays_and_what_cash_comes_to() -> None:
    notes = views.rebalance_notes(planned(), parse_targets("MSFT 30% cash 30%"), now=NOW, zone=NEW_YORK)
    assert notes[0].startswith("BUY 75 MSFT (about $30,007.50) waits for the sales")
    assert notes[-1] == "cash comes to about $30,120.50 (30.1%), 30.0% was asked for"


def test_a_long_list_of_what_stays_is_cut_and_counted() -> None:
    notes = views.notes(LEFT * 3, now=NOW, zone=NEW_YORK)
    assert len(notes) == 9
    assert notes[-1] == "and 19 more stay as they are"


@pytest.mark.parametrize("fault", ListFault)
def test_every_fault_of_a_list_has_its_words(fault: ListFault) -> None:
    error = ListRefused(fault, "<b>X", have=Decimal(7), wanted=Decimal("9.5"), currency="EUR")
    message = explain(error)
    check_message(message)
    assert "Nothing was sent to the market" in message.html
    assert "{" not in refusal(error)
    assert "<b>X" not in message.html.replace("<b>&lt;b&gt;X</b>", "")


@pytest.mark.parametrize("why", Why)
def test_everything_that_is_left_has_its_words(why: Why) -> None:
    assert views.left_words(Left("AAPL", why, Decimal(2)), now=NOW, zone=NEW_YORK)


def test_the_list_of_many_orders_fits_into_telegrams_limits() -> None:
    many = tuple(replace(bracket(), id=number) for number in range(1, 40))
    reports = tuple(foreign(OrderFate.WORKING, "sell 5 TSLA 300 gtc" * 20) for _ in range(40))
    seen = working_views.Overview(working=many, over=many, elsewhere=reports, ended=reports)
    message = working_views.listing(seen, now=NOW, zone=NEW_YORK)
    check_message(message)
    assert " more" in message.html
    assert "Over" in message.html


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("buy 50 AAPL 199.50 tp 210 sl 190", "Its target and stop end with it"),
        ("buy 50 AAPL 199.50 sl 190", "Its stop ends with it"),
    ],
)
def test_a_bracket_whose_entry_ends_partly_filled_says_that_nothing_protects_what_was_filled(
    line: str, ends: str
) -> None:
    given = working(line, 8)
    entry = replace(given.legs[0], state=LegState.CANCELLED, filled=Decimal(20), average_price=Decimal("199.47"))
    html = news_message(OrderNews(given.with_leg(entry), entry, LegState.PARTIAL, NOW)).html
    assert f"{ends}: <b>nothing protects the 20 that were filled</b>" in html


def test_an_entry_that_ends_unfilled_leaves_nothing_to_protect() -> None:
    given = working("buy 50 AAPL 199.50 tp 210 sl 190", 8)
    entry = replace(given.legs[0], state=LegState.CANCELLED)
    assert "protects" not in news_message(OrderNews(given.with_leg(entry), entry, LegState.WORKING, NOW)).html
