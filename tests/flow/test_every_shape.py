"""
Orders of every shape through the whole bot: groups, sizes, algorithms, lists, changes, and ends without a fill.

One bot for all of them, on a trading morning, with two accounts. What TWS receives is read field by field, the market
is moved until the orders end, and what the chat says of them is read.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from tests.flow.chat import labels
from tests.flow.ordering import Case, Counter, bell, case, opened_counter, prints

pytestmark = pytest.mark.asyncio(loop_scope="module")
TWO = ("DU1234567", "DU7654321")
NEW_YORK = ZoneInfo("America/New_York")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counter(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    async with opened_counter(tmp_path_factory.mktemp("shapes"), *TWO) as counter:
        yield counter


BRACKETS = [
    case(
        "target",
        Case(
            "buy 10 NVDA 130 tp 140 sl 120 gtc",
            ("BUY 10 NVDA LIMIT 130.00 · TP 140.00 · SL 120.00", "one cancels the other"),
            {"action": "SELL", "lmtPrice": "140.0", "auxPrice": "120.0"},
            "SLD 10 NVDA @ 140.00",
            prints("NVDA", 140.5),
            prints("NVDA", 131.0),
        ),
    ),
    case(
        "stop",
        Case(
            "buy 10 NVDA 130 tp 140 sl 120",
            ("BUY 10 NVDA LIMIT 130.00 · TP 140.00 · SL 120.00", "Good for the day"),
            {"action": "SELL", "lmtPrice": "140.0", "auxPrice": "120.0"},
            "SLD 10 NVDA @ 119.49",
            prints("NVDA", 119.5),
            prints("NVDA", 131.0),
        ),
    ),
    case(
        "short",
        Case(
            "sell 10 INTC 23 tp 20 sl 25",
            ("SELL 10 INTC LIMIT 23.00 · TP 20.00 · SL 25.00",),
            {"action": "BUY", "lmtPrice": "20.0", "auxPrice": "25.0"},
            "BOT 10 INTC @ 20.00",
            prints("INTC", 19.9),
            prints("INTC", 22.9),
        ),
    ),
]
_ENTRIES = {"NVDA": 129.5, "INTC": 23.1}


@pytest.mark.parametrize("one", BRACKETS)
async def test_a_bracket_is_sent_whole_and_one_exit_ends_the_other(counter: Counter, one: Case) -> None:
    counter.move(one.before)
    order = await counter.order(one.line, *one.says)
    await counter.at_tws(order, leg=3)
    frames = [request.values for request in counter.frames(order.number)]
    assert [frame["orderRef"] for frame in frames] == [f"sb-{order.number}-{leg}" for leg in (1, 2, 3)]
    assert [frame["orderType"] for frame in frames] == ["LMT", "LMT", "STP"]
    assert [frame["transmit"] for frame in frames] == ["0", "0", "1"]
    entry_id = frames[0]["orderId"]
    assert [frame["parentId"] for frame in frames] == ["0", entry_id, entry_id]
    assert [frame["ocaType"] for frame in frames[1:]] == ["2", "2"]
    assert frames[0]["ocaGroup"] == ""
    assert frames[1]["ocaGroup"] == frames[2]["ocaGroup"] != ""
    assert [frame["action"] for frame in frames[1:]] == [one.frame["action"]] * 2
    assert [frame["totalQuantity"] for frame in frames] == ["10"] * 3
    assert [frame["tif"] for frame in frames[1:]] == ["GTC"] * 2
    assert (frames[1]["lmtPrice"], frames[2]["auxPrice"]) == (one.frame["lmtPrice"], one.frame["auxPrice"])
    symbol = frames[0]["symbol"]
    await counter.at_tws(order, "PreSubmitted", leg=3)
    counter.move(prints(symbol, _ENTRIES[symbol]))
    await counter.told(order, "FILLED", "Now at work")
    counter.move(one.move)
    await counter.told(order, "FILLED", one.filled)
    states = [(await counter.at_tws(order, "Filled", "Cancelled", leg=leg))["status"] for leg in (1, 2, 3)]
    assert states[0] == "Filled"
    assert sorted(states[1:]) == ["Cancelled", "Filled"]
    assert len(counter.frames(order.number)) == 3
    await counter.told(order, "1 ✖️ cancelled")


async def test_of_two_orders_one_fill_ends_the_other(counter: Counter) -> None:
    counter.move(prints("AMD", 158.0))
    order = await counter.order("sell 10 AMD 170 oco stop 150 gtc", "SELL 10 AMD LIMIT 170.00 · or STOP 150.00")
    await counter.at_tws(order, "PreSubmitted", leg=2)
    frames = [request.values for request in counter.frames(order.number)]
    assert [(one["orderType"], one["lmtPrice"], one["auxPrice"]) for one in frames] == [
        ("LMT", "170.0", ""),
        ("STP", "", "150.0"),
    ]
    assert [(one["action"], one["tif"], one["transmit"], one["parentId"]) for one in frames] == [
        ("SELL", "GTC", "1", "0")
    ] * 2
    assert [one["ocaType"] for one in frames] == ["2", "2"]
    assert frames[0]["ocaGroup"] == frames[1]["ocaGroup"] != ""
    counter.move(prints("AMD", 149.9))
    await counter.told(order, "FILLED", "SLD 10 AMD @ 149.89")
    await counter.at_tws(order, "Cancelled", leg=1)
    assert len(counter.frames(order.number)) == 2


SIZES = [
    # 5,000 dollars buy 11 at 421.
    case("money", Case("buy $5000 MSFT 421", ("5,000.00 USD → 11 shares",), {"totalQuantity": "11"}, "BOT 11 MSFT")),
    # Of 150 held.
    case("part of a position", Case("sell 20% AAPL 190", ("30 shares",), {"totalQuantity": "30"}, "SLD 30 AAPL")),
    case("buy back", Case("buy 50% position TSLA 260", ("10 shares",), {"totalQuantity": "10"}, "BOT 10 TSLA")),
]


@pytest.mark.parametrize("one", SIZES)
async def test_a_size_is_worked_out_on_the_card_and_sent_as_shown(counter: Counter, one: Case) -> None:
    counter.move(prints("MSFT", 420.0))
    order = await counter.order(one.line, *one.says)
    frame = (await counter.frame(order)).values
    assert (frame["totalQuantity"], frame["cashQty"], frame["orderType"]) == (one.frame["totalQuantity"], "", "LMT")
    await counter.ends(order, "FILLED", one.filled)


@pytest.mark.parametrize(
    ("line", "says"), [("buy 5% nlv XOM 117", "5% of net liquidation"), ("buy XOM 117 risk 0.5% sl 107", "at risk")]
)
async def test_a_size_by_the_account_is_no_more_than_that_share_of_it(counter: Counter, line: str, says: str) -> None:
    counter.move(prints("XOM", 116.0))
    worth = await net_liquidation(counter)
    order = await counter.order(line, says)
    await counter.at_tws(order, "Filled")
    quantity = float(counter.frames(order.number)[0].values["totalQuantity"])
    each, share = (117.0, 0.05) if "nlv" in line else (10.0, 0.005)
    assert quantity * each <= worth * share * 1.001
    assert (quantity + 1) * each >= worth * share * 0.999
    await counter.told(order, "FILLED", f"BOT {quantity:g} XOM @ 116.01")


async def net_liquidation(counter: Counter) -> float:
    state = await counter.stage.desk.get("/sim/market/state")
    return float(state["account"]["NetLiquidation"])


def clock_ahead(counter: Counter, seconds: float) -> str:
    """Return the first whole minute in New York that is at least *seconds* away, as a person types it."""
    return f"{counter.stage.dial.now().astimezone(NEW_YORK) + timedelta(seconds=seconds + 59):%H:%M}"


ALGOS = [
    case(
        "urgent",
        Case("buy 6 BAC market adaptive urgent", (), {"orderType": "MKT"}, "", algo=[("adaptivePriority", "Urgent")]),
    ),
    case(
        "adaptive", Case("buy 6 BAC 45 adaptive", (), {"orderType": "LMT"}, "", algo=[("adaptivePriority", "Normal")])
    ),
]


@pytest.mark.parametrize("one", ALGOS)
async def test_the_adaptive_algorithm_goes_with_its_urgency(counter: Counter, one: Case) -> None:
    order = await counter.order(one.line, "ADAPTIVE", "IBKR works it off between bid and ask")
    request = await counter.frame(order)
    assert (request.values["algoStrategy"], request.groups["algo"]) == ("Adaptive", one.algo)
    assert request.values["orderType"] == one.frame["orderType"]
    await counter.ends(order, "FILLED", "BOT 6 BAC @ 39.71")


@pytest.mark.parametrize(("word", "strategy"), [("twap", "Twap"), ("vwap", "Vwap")])
async def test_an_order_over_time_is_filled_slice_by_slice(counter: Counter, word: str, strategy: str) -> None:
    end = clock_ahead(counter, 15)
    order = await counter.order(f"buy 20 JPM market {word} till {end}", word.upper(), f"till {end} New York time")
    request = await counter.frame(order)
    given = dict(request.groups["algo"])
    assert (request.values["algoStrategy"], request.values["orderType"]) == (strategy, "MKT")
    assert (given["endTime"], given["allowPastEndTime"]) == (f"{end}:00 US/Eastern", "0")
    assert (await counter.at_tws(order, "Submitted"))["filled"] < 20
    counter.wait(75)
    await counter.ends(order, "FILLED", "BOT 20 JPM @ 211.41")


@pytest.mark.parametrize(
    ("line", "fate"),
    # A bell by command comes at no time that the contract's hours tell: IBKR took these two off.
    [("buy 5 DIS 80 ioc", "EXPIRED"), ("buy 5 DIS loc 80", "CANCELLED"), ("buy 5 DIS 80 opg", "CANCELLED")],
)
async def test_what_its_moment_does_not_fill_is_over_and_it_is_said(counter: Counter, line: str, fate: str) -> None:
    counter.move(prints("DIS", 95.0))
    order = await counter.order(line, "BUY 5 DIS LIMIT 80.00")
    await counter.at_tws(order)
    counter.move(bell)
    await counter.ends(order, fate, "nothing was bought or sold")
    assert (await counter.at_tws(order, "Cancelled"))["filled"] == 0


async def test_one_card_orders_for_two_accounts(counter: Counter) -> None:
    counter.move(prints("WMT", 80.0))
    order = await counter.order("buy 11 WMT 81 accounts equal", "2 ORDERS", *TWO, "1 WMT not ordered")
    await counter.at_tws(order, "Filled", leg=2)
    frames = [request.values for request in counter.frames(order.number)]
    assert [(one["account"], one["totalQuantity"], one["lmtPrice"]) for one in frames] == [
        (TWO[0], "5", "81.0"),
        (TWO[1], "5", "81.0"),
    ]
    assert {(one["ocaGroup"], one["parentId"], one["transmit"]) for one in frames} == {("", "0", "1")}
    await counter.told(order, "FILLED", "2 ORDERS")


async def test_half_a_position_is_closed(counter: Counter) -> None:
    held = await position(counter, "MSFT")
    chat = counter.somebody()
    asked = await chat.ask("/close half MSFT", "at what price?")
    await chat.press(asked, "Market", wait=10)
    card = await chat.until("MSFT MARKET", "confirm?", "PAPER", after=asked["message_id"])
    order = await counter.confirm(chat, card)
    frame = (await counter.frame(order)).values
    assert (frame["action"], frame["totalQuantity"], frame["orderType"]) == ("SELL", f"{held // 2:g}", "MKT")
    await counter.ends(order, "FILLED", f"SLD {held // 2:g} MSFT")
    assert await position(counter, "MSFT") == held - held // 2


async def test_everything_held_is_closed_by_one_card(counter: Counter) -> None:
    held = {one["symbol"]: one for one in await positions(counter)}
    chat = counter.somebody()
    card = await chat.ask("/flatten", "confirm?", "PAPER")
    order = await counter.confirm(chat, card)
    shares = {key: one["quantity"] for key, one in held.items() if key in {"AAPL", "MSFT", "TSLA"}}

    async def sold() -> bool:
        return not {one["symbol"] for one in await positions(counter)} & shares.keys()

    await counter.stage.desk.until(sold, "no shares")
    sent = {one.values["symbol"]: one.values for one in counter.frames(order.number)}
    for symbol, quantity in shares.items():
        side = "SELL" if quantity > 0 else "BUY"
        assert (sent[symbol]["action"], sent[symbol]["totalQuantity"]) == (side, f"{abs(quantity):g}")
        assert (sent[symbol]["orderType"], sent[symbol]["tif"]) == ("MKT", "DAY")


async def positions(counter: Counter) -> list[dict[str, Any]]:
    state = await counter.stage.desk.get("/sim/market/state")
    return [one for one in state["positions"] if one["account"] == TWO[0]]


async def position(counter: Counter, symbol: str) -> float:
    return next(float(one["quantity"]) for one in await positions(counter) if one["symbol"] == symbol)


async def test_a_price_is_moved_by_a_card_of_its_own_and_filled_there(counter: Counter) -> None:
    counter.move(prints("GOOGL", 168.0))
    order = await counter.order("buy 4 GOOGL 150 gtc", "BUY 4 GOOGL LIMIT 150.00")
    await counter.at_tws(order, "Submitted")
    thread = await counter.told(order, "Working")
    await order.chat.press(thread, "✏️ Move price", wait=10)
    asked = await order.chat.until("move to?", after=thread["message_id"])
    label = next(one for one in labels(asked) if one.startswith("150.01"))
    await order.chat.press(asked, label, wait=10)
    card = await order.chat.until("LIMIT 150.00 → 150.01", "confirm?", "PAPER", after=asked["message_id"])
    change = await counter.confirm(order.chat, card)
    await counter.stage.desk.until(lambda: moved(counter, order.number), "the new price at TWS")
    first, second = [request.values for request in counter.frames(order.number)]
    differing = {name for name in first if first[name] != second[name]}
    assert differing == {"lmtPrice"}
    assert (second["orderId"], second["lmtPrice"]) == (first["orderId"], "150.01")
    assert counter.frames(change.number) == []
    counter.move(prints("GOOGL", 149.0))
    await counter.told(order, "FILLED", "BOT 4 GOOGL @ 150.01")
    await counter.at_tws(order, "Filled")


async def moved(counter: Counter, number: int) -> bool:
    return len(counter.frames(number)) == 2


async def test_an_order_till_a_moment_ends_at_it(counter: Counter) -> None:
    counter.move(prints("DIS", 95.0))
    till = clock_ahead(counter, 15)
    order = await counter.order(f"buy 5 DIS 80 gtd 2026-11-18 {till}", "BUY 5 DIS LIMIT 80.00", f"{till} ET")
    frame = (await counter.frame(order)).values
    assert (frame["tif"], frame["goodTillDate"][:8]) == ("GTD", "20261118")

    await counter.at_tws(order, "Submitted")
    counter.wait(75)
    await counter.ends(order, "EXPIRED", "nothing was bought or sold")
