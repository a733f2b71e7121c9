"""The orders of a list: closing, flattening, sharing out over accounts."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from market.errors import LinkDown, RequestTimeout, UnknownSymbol
from market.order_rules import OrderRules
from market.ticket import OrderType, Side, TimeInForce, format_ticket, parse
from tests.fakes.clock import FakeClock
from tests.fakes.exchange_floor import BMW, BTC, CALL, EURUSD, MSFT, SECOND, TSLA, ExchangeFloor
from tests.fakes.trading import AAPL, ACCOUNT, SHARE_RULES, TRADING_DAY
from trading.batch import MOST_ORDERS, Why
from trading.errors import ListFault, ListRefused
from trading.lists import Lists
from trading.proposal import LegRole
from trading.targets import Sharing, Way

HUNDREDTHS = OrderRules(
    frozenset({"LMT", "DAY", "GTC", "IOC", "MKT"}),
    Decimal("0.01"),
    Decimal("0.01"),
    ((Decimal(0), Decimal("0.01")),),
    frozenset({(Side.SELL, OrderType.MARKET, TimeInForce.IOC), (Side.BUY, OrderType.LIMIT, TimeInForce.DAY)}),
)


@pytest.fixture
def floor() -> ExchangeFloor:
    return ExchangeFloor(FakeClock())


@pytest.fixture
def lists(floor: ExchangeFloor) -> Lists:
    return Lists(floor, floor, floor, floor.clock)


class TestClose:
    async def test_a_long_position_is_sold_and_a_short_one_bought_back_without_a_price(
        self, floor: ExchangeFloor, lists: Lists
    ) -> None:
        floor.hold(AAPL, 15)
        floor.hold(TSLA, -4)
        assert format_ticket(await lists.close("AAPL")) == "sell 15 AAPL"
        assert format_ticket(await lists.close("tsla")) == "buy 4 TSLA"

    @pytest.mark.parametrize(("share", "quantity"), [(50, 7), (25, 3), (100, 15), (10, 1)])
    async def test_a_part_is_rounded_down(self, floor: ExchangeFloor, lists: Lists, share: int, quantity: int) -> None:
        floor.hold(AAPL, 15)
        assert (await lists.close("AAPL", Decimal(share))).quantity == quantity

    async def test_a_part_below_one_share_is_refused_with_what_is_held(
        self, floor: ExchangeFloor, lists: Lists
    ) -> None:
        floor.hold(AAPL, 1)
        with pytest.raises(ListRefused) as refused:
            await lists.close("AAPL", Decimal(50))
        assert (refused.value.fault, refused.value.have) == (ListFault.TOO_LITTLE, 1)

    async def test_what_is_not_held_is_said_so(self, lists: Lists) -> None:
        with pytest.raises(ListRefused) as refused:
            await lists.close("AAPL")
        assert (refused.value.fault, refused.value.subject) == (ListFault.NOT_HELD, "AAPL")
        with pytest.raises(UnknownSymbol):
            await lists.close("NOPE")

    async def test_of_two_instruments_of_one_name_the_one_that_is_held_is_meant(
        self, floor: ExchangeFloor, lists: Lists
    ) -> None:
        floor.hold(BMW, 5)
        ticket = await lists.close("BMW")
        assert (ticket.symbol, ticket.quantity) == (f"#{BMW.con_id}", 5)

    async def test_another_account_is_asked_by_name(self, floor: ExchangeFloor, lists: Lists) -> None:
        floor.named = (ACCOUNT, SECOND)
        floor.hold(AAPL, 3, SECOND)
        assert (await lists.close("AAPL", account=SECOND)).quantity == 3
        with pytest.raises(ListRefused) as refused:
            await lists.close("AAPL", account="U1")
        assert refused.value.fault is ListFault.ACCOUNT

    async def test_before_ibkr_has_named_an_account_there_is_no_link(self, floor: ExchangeFloor, lists: Lists) -> None:
        floor.named = ()
        with pytest.raises(LinkDown):
            await lists.close("AAPL")


class TestFlatten:
    async def test_every_position_gets_its_own_market_order_the_other_way(
        self, floor: ExchangeFloor, lists: Lists
    ) -> None:
        floor.hold(AAPL, 15)
        floor.hold(TSLA, -4)
        floor.hold(CALL, 2)
        batch = await lists.flatten()
        assert [(one.instrument, one.ticket.side, one.ticket.quantity) for one in batch.orders] == [
            (AAPL, Side.SELL, 15),
            (TSLA, Side.BUY, 4),
            (CALL, Side.SELL, 2),
        ]
        assert {one.role for one in batch.orders} == {LegRole.PART}
        assert {one.ticket.order_type for one in batch.orders} == {OrderType.MARKET}
        assert {one.account for one in batch.orders} == {ACCOUNT}
        assert batch.orders[0].reference_price == Decimal("199.98")
        assert batch.left == ()

    async def test_options_that_were_sold_are_bought_back_before_what_covers_them_is_sold(
        self, floor: ExchangeFloor, lists: Lists
    ) -> None:
        floor.hold(AAPL, 100)
        floor.hold(TSLA, -4)
        floor.hold(CALL, -1)
        batch = await lists.flatten()
        assert [one.instrument for one in batch.orders] == [CALL, AAPL, TSLA]

    async def test_what_is_closed_stays_and_says_when_it_opens(self, floor: ExchangeFloor, lists: Lists) -> None:
        floor.hold(AAPL, 15)
        floor.hold(BMW, 3)
        floor.closed.add(BMW)
        batch = await lists.flatten()
        assert [one.instrument for one in batch.orders] == [AAPL]
        (left,) = batch.left
        assert (left.label, left.why, left.opens) == ("BMW", Why.CLOSED, TRADING_DAY.start + timedelta(days=1))

    async def test_cash_pairs_and_what_has_no_hours_stay_too(self, floor: ExchangeFloor, lists: Lists) -> None:
        floor.hold(EURUSD, 1000)
        floor.hold(MSFT, 1)
        floor.hours_error[MSFT] = RequestTimeout("contract details", 4.0)
        batch = await lists.flatten()
        assert batch.orders == ()
        assert [(left.label, left.why) for left in batch.left] == [("EUR.USD", Why.MONEY), ("MSFT", Why.HOURS)]

    async def test_coins_are_sold_at_once_or_not_and_never_bought_back_at_the_market(
        self, floor: ExchangeFloor, lists: Lists
    ) -> None:
        floor.special[BTC] = HUNDREDTHS
        floor.hold(BTC, 0.129)
        (order,) = (await lists.flatten()).orders
        assert (order.ticket.quantity, order.ticket.time_in_force) == (Decimal("0.12"), TimeInForce.IOC)
        floor.hold(BTC, -0.5)
        assert [left.why for left in (await lists.flatten()).left] == [Why.TYPE]

    async def test_a_fraction_of_a_share_stays(self, floor: ExchangeFloor, lists: Lists) -> None:
        floor.hold(AAPL, 0.5)
        assert [left.why for left in (await lists.flatten()).left] == [Why.SIZE]

    async def test_a_lost_link_is_no_closed_market(self, floor: ExchangeFloor, lists: Lists) -> None:
        floor.hold(AAPL, 1)
        floor.hours_error[AAPL] = LinkDown("lost")
        with pytest.raises(LinkDown):
            await lists.flatten()

    @pytest.mark.parametrize(("count", "is_allowed"), [(MOST_ORDERS, True), (MOST_ORDERS + 1, False)])
    async def test_more_orders_than_a_card_shows_are_refused(
        self, floor: ExchangeFloor, lists: Lists, count: int, *, is_allowed: bool
    ) -> None:
        floor.instruments = tuple(replace(AAPL, con_id=1000 + number, symbol=f"S{number}") for number in range(count))
        for one in floor.instruments:
            floor.hold(one, 1)
        if is_allowed:
            assert len((await lists.flatten()).orders) == count
            return
        with pytest.raises(ListRefused) as refused:
            await lists.flatten()
        assert (refused.value.fault, refused.value.have) == (ListFault.TOO_MANY, count)


class TestOverAccounts:
    @pytest.fixture(autouse=True)
    def _two(self, floor: ExchangeFloor) -> None:
        floor.named = (ACCOUNT, SECOND)
        floor.fund(ACCOUNT, net=75_000, cash=1)
        floor.fund(SECOND, net=25_000, cash=1)

    async def test_equally(self, lists: Lists) -> None:
        batch = await lists.over_accounts(parse("buy 10 AAPL 199.5"), Sharing(Way.EQUAL))
        assert [(one.account, one.ticket.quantity) for one in batch.orders] == [(ACCOUNT, 5), (SECOND, 5)]
        assert batch.left == ()
        assert {one.ticket.limit_price for one in batch.orders} == {Decimal("199.5")}

    async def test_by_net_liquidation(self, lists: Lists) -> None:
        batch = await lists.over_accounts(parse("buy 8 AAPL 199.5"), Sharing(Way.NET_LIQUIDATION))
        assert [one.ticket.quantity for one in batch.orders] == [6, 2]

    async def test_what_the_division_leaves_over_is_not_ordered_and_said(self, lists: Lists) -> None:
        batch = await lists.over_accounts(parse("buy 11 AAPL 199.5"), Sharing(Way.EQUAL))
        assert [one.ticket.quantity for one in batch.orders] == [5, 5]
        assert [(left.label, left.why, left.quantity) for left in batch.left] == [("AAPL", Why.REMAINDER, 1)]

    async def test_an_account_that_gets_less_than_one_share_is_left_out(self, lists: Lists) -> None:
        batch = await lists.over_accounts(parse("buy 2 AAPL 199.5"), Sharing(Way.NET_LIQUIDATION))
        assert [(one.account, one.ticket.quantity) for one in batch.orders] == [(ACCOUNT, 1)]
        assert [(left.label, left.why) for left in batch.left] == [(SECOND, Why.SIZE), ("AAPL", Why.REMAINDER)]

    async def test_as_many_as_were_given(self, lists: Lists) -> None:
        given = Sharing(Way.GIVEN, ((SECOND, Decimal(7)), (ACCOUNT, Decimal(3))))
        batch = await lists.over_accounts(parse("buy 10 AAPL 199.5"), given)
        assert [(one.account, one.ticket.quantity) for one in batch.orders] == [(SECOND, 7), (ACCOUNT, 3)]

    @pytest.mark.parametrize(
        ("line", "how", "fault"),
        [
            ("buy 10 AAPL 199.5", Sharing(Way.GIVEN, ((ACCOUNT, Decimal(9)),)), ListFault.SUM),
            ("buy 10 AAPL 199.5", Sharing(Way.GIVEN, (("U1", Decimal(10)),)), ListFault.ACCOUNT),
            ("buy $5000 AAPL 199.5", Sharing(Way.EQUAL), ListFault.SIZE),
            ("buy 10 AAPL 199.5 sl 190", Sharing(Way.EQUAL), ListFault.PLAIN),
            ("sell 10 AAPL 210 oco stop 190", Sharing(Way.EQUAL), ListFault.PLAIN),
            ("buy 1 AAPL 199.5", Sharing(Way.EQUAL), ListFault.TOO_LITTLE),
        ],
    )
    async def test_what_does_not_divide_is_refused(
        self, lists: Lists, line: str, how: Sharing, fault: ListFault
    ) -> None:
        with pytest.raises(ListRefused) as refused:
            await lists.over_accounts(parse(line), how)
        assert refused.value.fault is fault

    async def test_without_every_accounts_worth_nothing_is_shared_by_it(
        self, floor: ExchangeFloor, lists: Lists
    ) -> None:
        del floor.summaries[SECOND]
        with pytest.raises(ListRefused) as refused:
            await lists.over_accounts(parse("buy 10 AAPL 199.5"), Sharing(Way.NET_LIQUIDATION))
        assert (refused.value.fault, refused.value.subject) == (ListFault.NET_LIQUIDATION, SECOND)
        floor.fund(SECOND, net=25_000, cash=1, currency="EUR")
        with pytest.raises(ListRefused) as refused:
            await lists.over_accounts(parse("buy 10 AAPL 199.5"), Sharing(Way.NET_LIQUIDATION))
        assert refused.value.fault is ListFault.RATE


def test_the_rules_of_the_fakes_are_those_of_shares() -> None:
    assert SHARE_RULES.size_below(Decimal("1.9")) == 1
