"""The placeOrder frame that TWS receives, for every type of order and time in force, field by field."""

import pytest

from market.instrument import Instrument, SecType
from market.ticket import OrderTicket, OrderType, TimeInForce, parse
from simulator.tws.exchange import Exchange
from simulator.tws.requests import Request
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.fakes.order_table import ACCOUNT, EVERY, frame_of, placed, ticket_of
from tests.fakes.trading import entry
from tests.integration.broker.conftest import Desk
from trading.proposal import LegOrder, LegRole


@pytest.fixture
async def aapl(desk: Desk) -> Instrument:
    return await desk.contracts.find("AAPL")


async def received(server: TwsServer, count: int = 1) -> list[Request]:
    """Wait for so many placeOrder messages and return them as TWS read them."""
    await eventually(lambda: len(placed(server.requests)) >= count)
    return placed(server.requests)


async def sent(desk: Desk, server: TwsServer, instrument: Instrument, ticket: OrderTicket) -> Request:
    """Submit *ticket* and return what TWS read."""
    await desk.orders.submit(entry(instrument, ticket), "sb-7-1")
    return (await received(server))[0]


@pytest.mark.parametrize(("kind", "time"), EVERY, ids=str)
async def test_every_type_and_time_arrives_as_it_was_asked_for(
    desk: Desk, server: TwsServer, aapl: Instrument, kind: OrderType, time: TimeInForce
) -> None:
    frame = (await sent(desk, server, aapl, ticket_of(kind, time))).values
    expected = frame_of(kind, time, "sb-7-1")
    assert {name: frame[name] for name in expected} == expected


async def test_a_percentage_trails_instead_of_an_amount(desk: Desk, server: TwsServer, aapl: Instrument) -> None:
    frame = (await sent(desk, server, aapl, parse("sell 7 AAPL trail 5%"))).values
    assert (frame["orderType"], frame["auxPrice"], frame["trailingPercent"]) == ("TRAIL", "", "5.0")
    assert frame["trailStopPrice"] == ""


async def test_outside_regular_hours_is_said(desk: Desk, server: TwsServer, aapl: Instrument) -> None:
    frame = (await sent(desk, server, aapl, parse("sell 7 AAPL 399.55 gtc outside"))).values
    assert (frame["action"], frame["outsideRth"], frame["tif"]) == ("SELL", "1", "GTC")


@pytest.mark.parametrize(
    ("line", "strategy", "terms"),
    [
        ("buy 7 AAPL market adaptive urgent", "Adaptive", [("adaptivePriority", "Urgent")]),
        ("buy 7 AAPL 120.5 adaptive", "Adaptive", [("adaptivePriority", "Normal")]),
        (
            "buy 7 AAPL 120.5 twap from 9:45 to 15:30",
            "Twap",
            [
                ("strategyType", "Marketable"),
                ("startTime", "09:45:00 US/Eastern"),
                ("endTime", "15:30:00 US/Eastern"),
                ("allowPastEndTime", "0"),
            ],
        ),
        ("buy 7 AAPL market vwap", "Vwap", []),
    ],
)
async def test_an_algorithm_goes_with_its_parameters(
    desk: Desk, server: TwsServer, aapl: Instrument, line: str, strategy: str, terms: list[tuple[str, str]]
) -> None:
    request = await sent(desk, server, aapl, parse(line))
    assert (request.values["algoStrategy"], request.groups["algo"]) == (strategy, terms)
    assert request.values["orderType"] in {"MKT", "LMT"}


async def test_a_bracket_hangs_on_its_parent_and_leaves_with_its_last_order(
    desk: Desk, server: TwsServer, aapl: Instrument
) -> None:
    ids = [desk.orders.reserve() for _ in range(3)]
    legs = (
        (LegOrder(LegRole.ENTRY, aapl, parse("buy 7 AAPL 120.5"), ACCOUNT), 0, True),
        (LegOrder(LegRole.TAKE_PROFIT, aapl, parse("sell 7 AAPL 140 gtc"), ACCOUNT, 1, "sb-7"), ids[0], True),
        (LegOrder(LegRole.STOP_LOSS, aapl, parse("sell 7 AAPL stop 110 gtc"), ACCOUNT, 1, "sb-7"), ids[0], False),
    )
    for number, (order, parent_id, is_held) in enumerate(legs):
        given = await desk.orders.submit(
            order, f"sb-7-{number + 1}", order_id=ids[number], parent_id=parent_id, is_held=is_held
        )
        assert given == ids[number]
    frames = [request.values for request in await received(server, 3)]
    assert [frame["orderId"] for frame in frames] == [str(one) for one in ids]
    assert [frame["parentId"] for frame in frames] == ["0", str(ids[0]), str(ids[0])]
    assert [frame["transmit"] for frame in frames] == ["0", "0", "1"]
    assert [(frame["ocaGroup"], frame["ocaType"]) for frame in frames] == [("", "0"), ("sb-7", "2"), ("sb-7", "2")]
    assert [frame["orderRef"] for frame in frames] == ["sb-7-1", "sb-7-2", "sb-7-3"]


async def test_one_of_two_orders_of_a_group_takes_what_is_filled_off_the_other(
    desk: Desk, server: TwsServer, aapl: Instrument
) -> None:
    whole = parse("sell 7 AAPL 399 gtc")
    for number, (role, ticket) in enumerate(
        ((LegRole.ENTRY, whole), (LegRole.ALTERNATIVE, parse("sell 7 AAPL stop 110 gtc")))
    ):
        await desk.orders.submit(LegOrder(role, aapl, ticket, ACCOUNT, group="sb-8"), f"sb-8-{number + 1}")
    frames = [request.values for request in await received(server, 2)]
    assert [(frame["ocaGroup"], frame["ocaType"], frame["parentId"]) for frame in frames] == [("sb-8", "2", "0")] * 2
    assert [frame["transmit"] for frame in frames] == ["1", "1"]


async def test_a_preview_is_of_the_entry_alone_and_no_order(desk: Desk, server: TwsServer, aapl: Instrument) -> None:
    await desk.orders.preview(aapl, parse("buy 7 AAPL 195 tp 210 sl 190"), ACCOUNT)
    [request] = await received(server)
    assert (request.values["whatIf"], request.values["orderType"], request.values["lmtPrice"]) == ("1", "LMT", "195.0")


async def test_a_pair_of_currencies_goes_to_its_venue(desk: Desk, server: TwsServer) -> None:
    pair = await desk.contracts.find("EUR.USD")
    frame = (await sent(desk, server, pair, parse("buy 20000 EUR.USD 1.0523"))).values
    assert (frame["symbol"], frame["secType"], frame["exchange"]) == ("EUR", "CASH", "IDEALPRO")
    assert (frame["currency"], frame["totalQuantity"], frame["lmtPrice"]) == ("USD", "20000", "1.0523")


async def test_a_coin_goes_out_in_fractions(desk: Desk, server: TwsServer) -> None:
    coin = Instrument(479624278, "BTC", SecType.CRYPTO, "PAXOS", local_symbol="BTC.USD", trading_class="BTC")
    frame = (await sent(desk, server, coin, parse("buy 0.0125 BTC.USD 60000 ioc"))).values
    assert (frame["secType"], frame["exchange"], frame["tif"]) == ("CRYPTO", "PAXOS", "IOC")
    assert (frame["totalQuantity"], frame["cashQty"]) == ("0.0125", "")


async def test_a_future_and_an_option_go_by_their_contract(desk: Desk, server: TwsServer, exchange: Exchange) -> None:
    listed = min(one.expiry for one in exchange.catalogue.main() if one.sec_type == "FUT" and one.symbol == "ES")
    future = await desk.contracts.find(f"ES {listed[:6]}")
    frame = (await sent(desk, server, future, parse(f"buy 1 ES {listed[:6]} @ 5000"))).values
    assert (frame["secType"], frame["lastTradeDate"], frame["multiplier"]) == ("FUT", listed, "50")
    assert (frame["exchange"], frame["conId"], frame["totalQuantity"]) == ("CME", str(future.con_id), "1")
    one = exchange.catalogue.options(756733)[0]
    option = await desk.contracts.find(f"#{one.con_id}")
    await desk.orders.submit(entry(option, parse(f"buy 2 {option.label} 0.05")), "sb-9-1")
    frame = (await received(server, 2))[1].values
    assert (frame["secType"], frame["right"], float(frame["strike"])) == ("OPT", one.right, one.strike)
    assert (frame["exchange"], frame["multiplier"], frame["totalQuantity"]) == ("SMART", "100", "2")


async def test_a_vertical_spread_goes_out_as_its_two_legs(desk: Desk, server: TwsServer, exchange: Exchange) -> None:
    calls = [one for one in exchange.catalogue.options(756733) if one.right == "C"]
    low, high = calls[0], next(one for one in calls if one.expiry == calls[0].expiry and one.strike > calls[0].strike)
    symbol = f"SPY {low.expiry} C{low.strike:g}/C{high.strike:g}"
    spread = await desk.contracts.find(symbol)
    assert spread.con_id < 0
    ticket = parse(f"buy 2 {symbol} -1.25")
    request = await sent(desk, server, spread, ticket)
    frame = request.values
    assert (frame["conId"], frame["symbol"], frame["secType"], frame["exchange"]) == ("0", "SPY", "BAG", "SMART")
    assert (frame["currency"], frame["lastTradeDate"], frame["localSymbol"]) == ("USD", "", "")
    assert request.groups["legs"] == [
        (str(low.con_id), "1", "BUY", "SMART", "0", "0", "", "-1"),
        (str(high.con_id), "1", "SELL", "SMART", "0", "0", "", "-1"),
    ]
    assert (request.groups["legPrices"], request.groups["routing"]) == ([], [])
    assert (frame["action"], frame["totalQuantity"], frame["lmtPrice"]) == ("BUY", "2", "-1.25")


async def test_a_changed_order_keeps_its_id_and_what_it_hangs_on(
    desk: Desk, server: TwsServer, aapl: Instrument
) -> None:
    group = LegOrder(LegRole.ENTRY, aapl, parse("buy 7 AAPL 120.5 gtc"), ACCOUNT, group="sb-9")
    order_id = await desk.orders.submit(group, "sb-9-1")
    await eventually(lambda: desk.reports)
    perm_id = desk.reports[-1].perm_id
    await desk.orders.change(
        LegOrder(LegRole.CHANGE, aapl, parse("buy 9 AAPL 121 gtc"), ACCOUNT, changes="sb-9-1"),
        order_id,
        "sb-9-1",
        perm_id,
    )
    first, second = [request.values for request in await received(server, 2)]
    assert (second["orderId"], second["orderRef"], second["ocaGroup"]) == (str(order_id), "sb-9-1", "sb-9")
    assert (second["totalQuantity"], second["lmtPrice"], second["transmit"]) == ("9", "121.0", "1")
    differing = {name for name in first if first[name] != second[name]}
    assert differing <= {"totalQuantity", "lmtPrice", "ocaType"}
