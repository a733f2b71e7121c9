"""From frames to the order's fate."""

from decimal import Decimal

import pytest

from broker.library import Contract, Order, OrderState
from broker.library_order import ticket_of
from broker.order_record import OrderRecord, completed
from market.ticket import OrderType, Side, TimeInForce
from trading.ports import OrderFate

AAPL = Contract(secType="STK", conId=265598, symbol="AAPL", exchange="SMART", currency="USD")
UNSET = 1.7976931348623157e308


def order(**fields: object) -> Order:
    """Return a limit order as openOrder frames describe it."""
    plain = {
        "action": "BUY",
        "totalQuantity": 10.0,
        "orderType": "LMT",
        "lmtPrice": 199.5,
        "tif": "DAY",
        "orderRef": "sb-1-1",
    }
    return Order(**(plain | {"permId": 77, "account": "DU1"} | fields))


def price_of(record: OrderRecord) -> Decimal | None:
    ticket = record.report().ticket
    return ticket.limit_price if ticket else None


def working() -> OrderRecord:
    """Return a record of an order that IBKR has taken."""
    record = OrderRecord(5, 17)
    record.take_order(AAPL, order(), OrderState(status="Submitted"))
    record.take_status("Submitted", 0.0, 10.0, 0.0, 77)
    return record


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        ("PendingSubmit", OrderFate.PENDING),
        ("ApiPending", OrderFate.PENDING),
        ("PreSubmitted", OrderFate.WORKING),
        ("Submitted", OrderFate.WORKING),
        ("PendingCancel", OrderFate.WORKING),
        ("Cancelled", OrderFate.CANCELLED),
        ("ApiCancelled", OrderFate.CANCELLED),
        ("Inactive", OrderFate.CHECK),
    ],
)
def test_a_status_leads_to_a_fate(status: str, fate: OrderFate) -> None:
    record = working()
    record.take_status(status, 0.0, 10.0, 0.0, 77)
    assert record.fate is fate


def test_filled_means_that_nothing_remains() -> None:
    record = working()
    record.take_order(AAPL, order(), OrderState(status="Filled"))
    assert record.fate is OrderFate.WORKING
    record.take_status("Filled", 10.0, 0.0, 199.4, 77)
    assert record.fate is OrderFate.FILLED
    assert record.report().average_price == Decimal("199.4")


def test_inactive_after_a_refusal_is_rejected_in_either_order() -> None:
    first, second = working(), working()
    first.take_code(201, "Order rejected - reason:no")
    first.take_status("Inactive", 0.0, 10.0, 0.0, 77)
    second.take_status("Inactive", 0.0, 10.0, 0.0, 77)
    second.take_code(201, "Order rejected - reason:no")
    for record in (first, second):
        assert record.fate is OrderFate.REJECTED
        assert record.report().message == "Order rejected - reason:no"


def test_202_keeps_its_words_whichever_comes_first() -> None:
    first, second = working(), working()
    first.take_code(202, "Order Canceled - reason:by hand")
    first.take_status("Cancelled", 0.0, 10.0, 0.0, 77)
    second.take_status("Cancelled", 0.0, 10.0, 0.0, 77)
    second.take_code(202, "Order Canceled - reason:by hand")
    for record in (first, second):
        assert record.fate is OrderFate.CANCELLED
        assert "by hand" in record.report().message


def test_a_doubt_lasts_until_ibkr_speaks_again() -> None:
    record = working()
    assert record.take_code(10148, "cannot be cancelled")
    assert record.fate is OrderFate.CHECK
    record.take_status("Submitted", 0.0, 10.0, 0.0, 77)
    assert record.fate is OrderFate.WORKING


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (10349, "Order TIF was set to DAY based on order preset."),
        (2109, "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored."),
        (2199, "a notice of a number nobody has met"),
    ],
)
def test_that_an_order_works_on_other_terms_is_told_and_changes_nothing_of_its_fate(code: int, words: str) -> None:
    record = working()
    assert record.take_code(code, words)
    assert (record.fate, record.report().message) == (OrderFate.WORKING, words)


def test_a_notice_that_its_change_is_too_early_refuses_the_change() -> None:
    record = working()
    record.change_begun()
    assert record.take_code(2102, "Unable to modify this order as it is still being processed.")
    assert (record.fate, record.report().message) == (OrderFate.WORKING, "")
    assert "still being processed" in record.report().refused_change


def test_a_warning_is_told_with_the_state_it_came_in_and_then_forgotten() -> None:
    record = working()
    assert record.take_code(399, "held until 09:30")
    record.told = record.report()
    assert record.told.message == "held until 09:30"
    record.take_status("Filled", 10.0, 0.0, 199.5, 77)
    assert record.report().message == ""


def test_an_inactive_order_that_is_told_without_words_is_told_with_that_one() -> None:
    record = OrderRecord(5, 17, is_named=True)
    record.take_status("Inactive", 0.0, 10.0, 0.0, 77)
    assert (record.fate, record.report().message) == (OrderFate.CHECK, "Inactive")
    record.take_code(201, "no money")
    assert (record.fate, record.report().message) == (OrderFate.REJECTED, "no money")


def test_a_warning_before_the_first_status_waits_for_it() -> None:
    record = OrderRecord(5, 17, is_named=True)
    assert not record.take_code(399, "held until 09:30")
    record.take_status("PreSubmitted", 0.0, 10.0, 0.0, 77)
    assert record.report().message == "held until 09:30"


@pytest.mark.parametrize(
    ("status", "words", "fate"),
    [
        ("Filled", "Filled Size: 10", OrderFate.FILLED),
        ("Cancelled", "Cancelled by Trader", OrderFate.CANCELLED),
        ("Cancelled", "Cancelled by System:expired", OrderFate.EXPIRED),
        ("Inactive", "Rejected by System:no money", OrderFate.REJECTED),
        ("Inactive", "Cancelled by System:outside hours", OrderFate.CANCELLED),
        ("Inactive", "", OrderFate.REJECTED),
        ("Unheard", "", OrderFate.CHECK),
    ],
)
def test_a_completed_orders_fate(status: str, words: str, fate: OrderFate) -> None:
    report = completed(
        AAPL, order(totalQuantity=0.0, filledQuantity=10.0), OrderState(status=status, completedStatus=words)
    )
    assert report.fate is fate
    told = words or ("Inactive" if status == "Inactive" else "")
    assert (report.filled, report.message, report.order_ref, report.perm_id) == (10, told, "sb-1-1", 77)


def test_a_ticket_from_an_order() -> None:
    ticket = ticket_of(AAPL, order(tif="GTC", outsideRth=True))
    assert ticket is not None
    assert (ticket.side, ticket.quantity, ticket.symbol) == (Side.BUY, 10, "AAPL")
    assert (ticket.order_type, ticket.limit_price) == (OrderType.LIMIT, Decimal("199.5"))
    assert (ticket.time_in_force, ticket.outside_rth) == (TimeInForce.GTC, True)


@pytest.mark.parametrize(
    "fields", [{"orderType": "VWAP"}, {"tif": "AUC"}, {"action": "SSHORT"}, {"totalQuantity": 0.0}]
)
def test_an_order_that_our_tickets_have_no_words_for(fields: dict[str, object]) -> None:
    assert ticket_of(AAPL, order(**fields, filledQuantity=UNSET)) is None


def test_a_market_orders_echoed_price_is_not_its_limit() -> None:
    ticket = ticket_of(AAPL, order(orderType="MKT", lmtPrice=196.4))
    assert ticket is not None
    assert ticket.limit_price is None


def test_while_new_terms_are_on_their_way_an_error_is_about_them() -> None:
    record = working()
    record.told = record.report()
    record.change_begun()
    record.take_order(AAPL, order(), OrderState(status="Submitted"))
    assert record.take_code(201, "Order rejected - reason:no money")
    report = record.report()
    assert (report.fate, report.refused_change) == (OrderFate.WORKING, "Order rejected - reason:no money")
    record.told = record.told_once(report)
    assert record.report() == record.told
    assert record.take_code(201, "Order rejected - reason:no money")
    assert record.fate is OrderFate.CHECK


def test_once_the_new_terms_have_a_status_an_error_is_about_the_order() -> None:
    record = working()
    record.change_begun()
    record.take_order(AAPL, order(lmtPrice=201.0), OrderState(status="Submitted"))
    record.take_status("Submitted", 0, 10, 0, 77)
    assert price_of(record) == 201
    assert record.take_code(10148, "too late")
    assert (record.fate, record.report().refused_change) == (OrderFate.CHECK, "")


def test_terms_that_are_shown_and_then_refused_leave_the_old_ones() -> None:
    record = working()
    record.change_begun()
    record.take_order(AAPL, order(lmtPrice=201.0), OrderState(status="PreSubmitted"))
    assert price_of(record) == Decimal("199.5")
    assert record.take_code(201, "Order rejected - reason:no money")
    refused = record.report()
    assert (refused.fate, refused.refused_change) == (OrderFate.WORKING, "Order rejected - reason:no money")
    assert price_of(record) == Decimal("199.5")


def test_a_refusal_of_terms_that_worked_already_is_looked_into_and_a_live_status_clears_it() -> None:
    record = working()
    record.change_begun()
    record.take_order(AAPL, order(lmtPrice=201.0), OrderState(status="Submitted"))
    record.take_status("Submitted", 0, 10, 0, 77)
    assert record.take_code(201, "Order rejected - reason:no money")
    assert (record.fate, record.is_final) == (OrderFate.CHECK, False)
    record.take_order(AAPL, order(), OrderState(status="Submitted"))
    record.take_status("Submitted", 0, 10, 0, 77)
    assert (record.fate, price_of(record)) == (OrderFate.WORKING, Decimal("199.5"))


def test_an_order_that_was_never_changed_and_is_refused_is_over_unless_it_works_after_all() -> None:
    record = working()
    assert record.take_code(201, "Order rejected - reason:no money")
    record.take_status("Inactive", 0, 10, 0, 77)
    assert record.fate is OrderFate.REJECTED
    record.take_status("Submitted", 0, 10, 0, 77)
    assert record.fate is OrderFate.WORKING


@pytest.mark.parametrize("code", [135, 10147])
def test_what_was_taken_back_and_never_was_there_says_nothing(code: int) -> None:
    record = OrderRecord(5, 17, is_named=True, is_discarded=True)
    assert not record.take_code(code, "not found")
    assert record.take_code(10148, "cannot be cancelled, state: Filled")
    assert record.fate is OrderFate.CHECK
