"""An order of ours as the library's, and back."""

from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given

from broker import convert
from broker.library import Contract, Order, TagValue
from broker.library_order import alone, order_of, ticket_of, words_of
from market.ticket import Algo, OrderTicket, OrderType, Side, Size, SizeUnit, TimeInForce, parse
from tests.fakes.tickets import tickets

AAPL = Contract(secType="STK", conId=265598, symbol="AAPL", exchange="SMART", currency="USD")
ES = Contract(
    secType="FUT", conId=637533641, symbol="ES", exchange="CME", currency="USD", lastTradeDateOrContractMonth="20261218"
)
UNSET = 1.7976931348623157e308


def sent(line: str) -> Order:
    """Return the order that *line* becomes."""
    return order_of(parse(line), "DU1", "sb-1-1")


def as_float(number: Decimal | None) -> Decimal | None:
    """Return the number that comes back from a wire of floats."""
    return None if number is None else convert.quantity(float(number))


@given(tickets())
def test_an_order_that_comes_back_is_the_ticket_that_went_out(drawn: OrderTicket) -> None:
    if drawn.order_type is None or drawn.quantity == 0 or drawn.last_day is not None:
        return
    below_zero = any(price is not None and price <= 0 for price in (drawn.limit_price, drawn.stop_price))
    ticket = alone(replace(drawn, symbol="ES 202612" if below_zero else "AAPL"))
    prices = {name: as_float(getattr(ticket, name)) for name in ("limit_price", "stop_price", "trail_amount")}
    end = ticket.good_till.replace(microsecond=0) if ticket.good_till else None
    expected = replace(
        ticket, **prices, quantity=as_float(ticket.quantity), trail_pct=as_float(ticket.trail_pct), good_till=end
    )
    assert ticket_of(ES if below_zero else AAPL, order_of(ticket, "DU1", "sb-1-1")) == expected


def test_everybody_s_terms_are_on_each_order() -> None:
    order = sent("buy 10 AAPL 199.5")
    assert (order.action, order.totalQuantity, order.orderType, order.lmtPrice) == ("BUY", 10, "LMT", 199.5)
    assert (order.account, order.orderRef, order.transmit, order.tif) == ("DU1", "sb-1-1", True, "DAY")


@pytest.mark.parametrize(
    ("line", "kind", "limit", "aux", "percent"),
    [
        ("buy 10 AAPL market", "MKT", UNSET, UNSET, UNSET),
        ("sell 10 AAPL stop 190", "STP", UNSET, 190, UNSET),
        ("sell 10 AAPL stop 190 limit 189.5", "STP LMT", 189.5, 190, UNSET),
        ("sell 10 AAPL trail 2.5", "TRAIL", UNSET, 2.5, UNSET),
        ("sell 10 AAPL trail 5%", "TRAIL", UNSET, UNSET, 5),
        ("buy 10 AAPL moc", "MOC", UNSET, UNSET, UNSET),
        ("buy 10 AAPL loc 200", "LOC", 200, UNSET, UNSET),
        ("buy 10 AAPL mid", "MIDPRICE", UNSET, UNSET, UNSET),
        ("buy 10 AAPL mid cap 201", "MIDPRICE", 201, UNSET, UNSET),
    ],
)
def test_each_type_has_its_prices_where_ibkr_wants_them(
    line: str, kind: str, limit: float, aux: float, percent: float
) -> None:
    order = sent(line)
    assert (order.orderType, order.lmtPrice, order.auxPrice, order.trailingPercent) == (kind, limit, aux, percent)
    assert order.trailStopPrice == UNSET


def test_an_end_goes_out_in_utc_with_a_dash() -> None:
    ticket = parse("buy 10 AAPL 199.5 gtd 2026-12-24").dated(datetime(2026, 12, 25, 4, 59, 59, tzinfo=UTC))
    order = order_of(ticket, "DU1", "")
    assert (order.tif, order.goodTillDate) == ("GTD", "20261225-04:59:59")


@pytest.mark.parametrize(
    ("line", "strategy", "terms"),
    [
        ("buy 100 AAPL market adaptive", "Adaptive", {"adaptivePriority": "Normal"}),
        ("buy 100 AAPL 200 adaptive patient", "Adaptive", {"adaptivePriority": "Patient"}),
        ("buy 100 AAPL market twap", "Twap", {"strategyType": "Marketable"}),
        (
            "buy 100 AAPL market twap from 9:45 to 11:00",
            "Twap",
            {
                "strategyType": "Marketable",
                "startTime": "09:45:00 US/Eastern",
                "endTime": "11:00:00 US/Eastern",
                "allowPastEndTime": "0",
            },
        ),
        ("buy 100 AAPL market vwap from 9:45", "Vwap", {"startTime": "09:45:00 US/Eastern"}),
        ("buy 100 AAPL market vwap", "Vwap", {}),
    ],
)
def test_algorithms_by_ibkrs_own_tags(line: str, strategy: str, terms: dict[str, str]) -> None:
    order = sent(line)
    assert (order.algoStrategy, {term.tag: term.value for term in order.algoParams}) == (strategy, terms)


@pytest.mark.parametrize(
    "ticket",
    [
        OrderTicket(Side.BUY, Decimal(10), "AAPL"),
        parse("buy 10 AAPL 199.5 tp 210"),
        parse("buy 10 AAPL 199.5 sl 190"),
        parse("sell 10 AAPL 210 oco stop 190"),
        OrderTicket(Side.BUY, Decimal(0), "AAPL", OrderType.MARKET, size=Size(SizeUnit.MONEY, Decimal(5000))),
    ],
)
def test_what_is_not_one_order_is_never_sent_as_one(ticket: OrderTicket) -> None:
    with pytest.raises(ValueError, match="AAPL"):
        order_of(ticket, "DU1", "sb-1-1")


def test_an_order_without_its_relations_is_one() -> None:
    assert alone(parse("buy 10 AAPL 199.5 tp 210 sl 190")) == parse("buy 10 AAPL 199.5")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"orderType": "REL", "auxPrice": 0.05}, "buy 10 AAPL REL limit 199.5 aux 0.05"),
        ({"orderType": "TRAIL LIMIT", "lmtPrice": 0.0, "trailingPercent": 5.0}, "buy 10 AAPL TRAIL LIMIT trail % 5"),
        ({"algoStrategy": "DarkIce", "algoParams": []}, "buy 10 AAPL LMT limit 199.5 DarkIce"),
        ({"tif": "AUC"}, "buy 10 AAPL LMT limit 199.5 auc"),
        ({"totalQuantity": 0.0, "cashQty": 500.0, "orderType": "MKT"}, "buy 500 USD of AAPL MKT"),
        ({"hidden": True}, "buy 10 AAPL LMT limit 199.5"),
        ({"displaySize": 100}, "buy 10 AAPL LMT limit 199.5"),
        ({"allOrNone": True}, "buy 10 AAPL LMT limit 199.5"),
        ({"goodAfterTime": "20261218 15:00:00 US/Eastern"}, "buy 10 AAPL LMT limit 199.5"),
        ({"adjustedOrderType": "TRAIL"}, "buy 10 AAPL LMT limit 199.5"),
    ],
)
def test_an_order_that_says_more_than_a_ticket_can_is_told_in_ibkrs_words(
    fields: dict[str, object], words: str
) -> None:
    plain = {"action": "BUY", "totalQuantity": 10.0, "orderType": "LMT", "lmtPrice": 199.5, "tif": "DAY"}
    order = Order(**(plain | fields))
    assert ticket_of(AAPL, order) is None
    assert words_of(AAPL, order) == words


def test_what_real_frames_leave_at_their_unset_values_hides_nothing() -> None:
    order = Order(
        action="SELL", totalQuantity=10.0, orderType="STP", auxPrice=190.0, lmtPrice=0.0, tif="GTC",
        displaySize=2147483647, adjustedOrderType="None", trailStopPrice=190.0, trailingPercent=UNSET, cashQty=0.0,
    )  # fmt: skip
    assert ticket_of(AAPL, order) == parse("sell 10 AAPL stop 190 gtc")


def test_an_algorithm_of_another_zone_is_not_read_as_one_of_new_york() -> None:
    order = sent("buy 100 AAPL market twap from 9:45 to 11:00")
    assert ticket_of(AAPL, order) == parse("buy 100 AAPL market twap from 9:45 to 11:00")
    order.algoParams = [TagValue("startTime", "09:45:00 MET")]
    assert ticket_of(AAPL, order) is None


def test_an_end_is_read_in_each_way_that_tws_writes_it() -> None:
    for text in ("20261224-21:00:00", "20261224 16:00:00 US/Eastern"):
        order = ending(text)
        ticket = ticket_of(AAPL, order)
        assert ticket is not None
        assert ticket.good_till == datetime(2026, 12, 24, 21, tzinfo=UTC)
    assert ticket_of(AAPL, ending("some day")) is None
    assert ticket_of(AAPL, ending("20261224 16:00:00 Mars/Olympus")) is None


def ending(end: str) -> Order:
    """Return an order whose end is written as *end*."""
    return Order(action="BUY", totalQuantity=1.0, orderType="LMT", lmtPrice=1.0, tif="GTD", goodTillDate=end)


def test_times_of_a_ticket_are_those_of_new_york() -> None:
    ticket = parse("buy 100 AAPL market vwap from 9:45")
    assert (ticket.algo, ticket.algo_start) == (Algo.VWAP, time(9, 45))
    assert ticket.time_in_force is TimeInForce.DAY
