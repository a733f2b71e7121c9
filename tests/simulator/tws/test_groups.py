"""What orders do to each other: one-cancels-all groups, brackets, and orders that are not transmitted yet."""

from typing import Any

import pytest

from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer


def statuses(exchange: Exchange) -> list[str]:
    return [one["status"] for one in exchange.orders()]


async def grouped(trader: Any, kind: int) -> None:
    await trader.limit(1, "BUY", 100, 190.0, ocaGroup="g", ocaType=kind)
    await trader.limit(2, "BUY", 50, 180.0, ocaGroup="g", ocaType=kind)


async def bracket(trader: Any, lib: Any, quantity: int = 10, **terms: Any) -> Any:
    await trader.limit(1, "BUY", quantity, 190.0, transmit=False)
    await trader.limit(2, "SELL", quantity, 210.0, parentId=1, transmit=False, **terms)
    return await trader.place(3, lib.StopOrder("SELL", quantity, 180.0, parentId=1, **terms))


async def test_of_a_group_that_cancels_a_partial_fill_ends_the_rest(trader: Any, exchange: Exchange) -> None:
    await grouped(trader, 1)
    exchange.push("AAPL", 190.0, size=40)
    assert statuses(exchange) == ["Submitted", "Cancelled"]


@pytest.mark.parametrize("kind", [2, 3])
async def test_of_a_group_that_lessens_a_partial_fill_takes_the_same_share_of_the_rest(
    trader: Any, exchange: Exchange, kind: Any
) -> None:
    await grouped(trader, kind)
    await trader.seen()
    exchange.push("AAPL", 190.0, size=40)
    assert (statuses(exchange), exchange.orders()[1]["quantity"]) == (["Submitted", "Submitted"], 30)
    assert (await trader.seen())[-2:] == [("open", "Submitted"), ("status", "Submitted", 0)]
    exchange.push("AAPL", 189.0)
    assert statuses(exchange) == ["Filled", "Cancelled"]


async def test_who_cancels_one_of_a_group_cancels_it_all(trader: Any, exchange: Exchange) -> None:
    await grouped(trader, 1)
    await trader.limit(3, "BUY", 50, 180.0)
    await trader.bare.ask(4, 1, 1, "")
    assert statuses(exchange) == ["Cancelled", "Cancelled", "Submitted"]


async def test_exits_are_told_in_a_group_of_their_parent_s(trader: Any, lib: Any, exchange: Exchange) -> None:
    await bracket(trader, lib, ocaGroup="mine", ocaType=2)
    parent, *exits = exchange.orders()
    assert {(one["ocaGroup"], one["ocaType"]) for one in exits} == {(str(parent["permId"]), 2)}
    assert parent["ocaGroup"] == ""


async def test_an_exit_filled_in_part_lessens_the_other(trader: Any, lib: Any, exchange: Exchange) -> None:
    await bracket(trader, lib, 100)
    exchange.push("AAPL", 189.0)
    exchange.push("AAPL", 210.0, size=30)
    assert [(one["status"], one["quantity"], one["filled"]) for one in exchange.orders()] == [
        ("Filled", 100, 100),
        ("Submitted", 100, 30),
        ("PreSubmitted", 70, 0),
    ]
    exchange.push("AAPL", 179.0)
    assert statuses(exchange) == ["Filled", "Cancelled", "Filled"]
    assert {one.instrument.key: one.quantity for one in exchange.positions("DU1234567")}["AAPL"] == 150


async def test_exits_wait_until_the_whole_entry_is_filled(trader: Any, lib: Any, exchange: Exchange) -> None:
    await bracket(trader, lib, 100)
    exchange.push("AAPL", 190.0, size=60)
    exchange.push("AAPL", 215.0)
    assert statuses(exchange) == ["Submitted", "PreSubmitted", "PreSubmitted"]


@pytest.mark.parametrize("how", ["cancelled", "immediate", "killed"])
async def test_exits_end_with_an_entry_that_ends_unfilled(trader: Any, lib: Any, exchange: Exchange, how: Any) -> None:
    terms = {"cancelled": {}, "immediate": {"tif": "IOC"}, "killed": {"tif": "FOK"}}[how]
    await trader.limit(1, "BUY", 10, 190.0, transmit=False, **terms)
    await trader.place(2, lib.StopOrder("SELL", 10, 180.0, parentId=1))
    if how == "cancelled":
        await trader.bare.ask(4, 1, 1, "")
    assert statuses(exchange) == ["Inactive" if how == "killed" else "Cancelled", "Cancelled"]


async def test_an_entry_that_the_account_does_not_carry_takes_its_exits_along(
    trader: Any, lib: Any, exchange: Exchange
) -> None:
    assert await trader.market(1, "BUY", 100_000, transmit=False) == []
    told = await trader.place(2, lib.StopOrder("SELL", 100_000, 180.0, parentId=1))
    assert told == [("error", 201), ("status", "Inactive", 0), ("status", "Cancelled", 0), ("error", 202)]
    assert statuses(exchange) == ["Inactive", "Cancelled"]


async def test_an_exit_without_an_entry_is_refused(trader: Any, lib: Any, exchange: Exchange) -> None:
    assert await trader.place(1, lib.StopOrder("SELL", 10, 180.0, parentId=77)) == [("error", 10006)]
    await trader.market(2, "BUY", 10)
    assert await trader.place(3, lib.StopOrder("SELL", 10, 180.0, parentId=2)) == [("error", 135)]
    assert len(exchange.orders()) == 1


async def test_what_is_not_transmitted_is_nowhere_told_and_does_not_fill(trader: Any, exchange: Exchange) -> None:
    await trader.limit(1, "BUY", 10, 250.0, transmit=False)
    exchange.push("AAPL", 190.0)
    assert await trader.bare.told_by(16, 1) == []
    assert (exchange.orders()[0]["status"], exchange.orders()[0]["transmit"]) == ("PendingSubmit", False)


async def test_a_restart_of_tws_loses_what_was_not_transmitted(
    trader: Any, exchange: Exchange, server: TwsServer, connect: Any, trade_with: Any
) -> None:
    await trader.limit(1, "BUY", 10, 190.0)
    await trader.limit(2, "BUY", 10, 190.0, transmit=False)
    server.faults.restart()
    await trader.bare.until_closed()
    again = trade_with(await connect(client_id=3, version=176))
    assert await again.bare.told_by(5, 1) == [("open", "Submitted"), ("status", "Submitted", 0)]
    assert [one["orderId"] for one in exchange.orders()] == [1]
    assert await again.bare.ask(8, 1, 1) == [["9", "1", "3"]]
    assert await again.limit(3, "SELL", 10, 210.0, parentId=2) == [("error", 10006)]


async def test_a_held_entry_is_taken_away_without_a_word(
    trader: Any, exchange: Exchange, server: TwsServer, connect: Any, trade_with: Any
) -> None:
    await trader.limit(1, "BUY", 10, 190.0, transmit=False)
    await trader.limit(2, "SELL", 10, 210.0, parentId=1, transmit=False)
    server.faults.drop()
    await trader.bare.until_closed()
    again = trade_with(await connect(client_id=3, version=176))
    assert await again.bare.told_by(4, 1, 1, "") == []
    assert await again.bare.told_by(4, 1, 1, "") == [("error", 10147)]
    assert statuses(exchange) == ["Cancelled", "Cancelled"]
    assert await again.bare.ask(99, 0) == [["102"]]
    assert await again.limit(3, "SELL", 10, 210.0, parentId=1) == [("error", 135)]


# Changes


async def test_a_stop_in_a_bracket_is_changed_when_nothing_is_said_of_its_ties(
    trader: Any, lib: Any, exchange: Exchange
) -> None:
    await bracket(trader, lib)
    exchange.push("AAPL", 189.0)
    await trader.seen()
    told = await trader.place(3, lib.StopOrder("SELL", 10, 185.0))
    assert told == [("open", "PreSubmitted"), ("status", "PreSubmitted", 0)]
    assert (exchange.orders()[2]["stopPrice"], exchange.orders()[2]["parentId"]) == (185.0, 1)
    exchange.push("AAPL", 184.0)
    assert statuses(exchange) == ["Filled", "Cancelled", "Filled"]


@pytest.mark.parametrize(
    ("ties", "code"),
    [
        ({"ocaGroup": "mine"}, 10326),
        ({"ocaGroup": "own", "ocaType": 1}, 10327),
        ({"parentId": 1}, 135),
        ({"parentId": 2}, 10341),
    ],
)
async def test_a_change_that_touches_the_ties_is_refused_and_the_old_terms_stand(
    trader: Any, lib: Any, exchange: Exchange, ties: Any, code: Any
) -> None:
    await bracket(trader, lib)
    exchange.push("AAPL", 189.0)
    await trader.seen()
    ties = {**ties, **({"ocaGroup": exchange.orders()[2]["ocaGroup"]} if ties.get("ocaGroup") == "own" else {})}
    assert await trader.place(3, lib.StopOrder("SELL", 10, 185.0, **ties)) == [("error", code)]
    assert (exchange.orders()[2]["status"], exchange.orders()[2]["stopPrice"]) == ("PreSubmitted", 180.0)


async def test_a_change_before_the_acknowledgement_is_refused_and_the_order_lives(
    trader: Any, exchange: Exchange, server: TwsServer
) -> None:
    server.faults.hold_acks()
    assert await trader.limit(1, "BUY", 10, 190.0) == []
    assert await trader.limit(1, "BUY", 10, 191.0) == [("error", 2102)]
    server.faults.heal()
    assert (exchange.orders()[0]["status"], exchange.orders()[0]["limitPrice"]) == ("Submitted", 190.0)


async def test_a_change_that_the_account_does_not_carry_leaves_the_old_order(trader: Any, exchange: Exchange) -> None:
    await trader.limit(1, "BUY", 10, 190.0)
    assert await trader.limit(1, "BUY", 100_000, 190.0) == [("error", 201)]
    assert (exchange.orders()[0]["status"], exchange.orders()[0]["quantity"]) == ("Submitted", 10)


async def test_a_resting_order_changed_into_the_market_fills_at_the_market(trader: Any, exchange: Exchange) -> None:
    await trader.limit(1, "BUY", 10, 190.0)
    assert ("execution", 10, 196.46) in await trader.limit(1, "BUY", 10, 200.0)


async def test_a_cancel_that_takes_its_time_may_come_too_late(
    trader: Any, exchange: Exchange, server: TwsServer
) -> None:
    await trader.limit(1, "BUY", 10, 190.0)
    server.faults.hold_cancels()
    assert await trader.bare.told_by(4, 1, 1, "") == [("status", "PendingCancel", 0)]
    assert await trader.bare.told_by(4, 1, 1, "") == [("error", 161)]
    exchange.push("AAPL", 189.0)
    server.faults.heal()
    assert statuses(exchange) == ["Filled"]


async def test_a_cancel_held_back_is_carried_out_in_the_end(trader: Any, exchange: Exchange, server: TwsServer) -> None:
    await trader.limit(1, "BUY", 10, 190.0)
    server.faults.hold_cancels()
    await trader.bare.ask(4, 1, 1, "")
    exchange.push("AAPL", 190.0, size=4)
    assert exchange.orders()[0]["status"] == "PendingCancel"
    server.faults.heal()
    assert (exchange.orders()[0]["status"], exchange.orders()[0]["filled"]) == ("Cancelled", 4)
