"""What IBKR takes of an instrument, from contract details and market rules as TWS sends them."""

import asyncio
from decimal import Decimal

import pytest

from market.errors import LinkDown, UnknownSymbol
from market.instrument import Instrument
from market.ticket import parse
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.integration.broker.conftest import Desk


async def test_a_shares_rules_are_whole_units_and_cents(desk: Desk) -> None:
    rules = await desk.contracts.rules(await desk.contracts.find("AAPL"))
    assert {"MKT", "LMT", "STP", "STPLMT", "TRAIL", "MOC", "LOC", "MIDPX", "OPG", "ALGO"} <= rules.order_types
    assert (rules.min_size, rules.size_increment) == (1, 1)
    assert rules.step_at(Decimal(200)) == Decimal("0.01")
    assert rules.lacking(parse("buy 10 AAPL 199.5 opg")) == ()


async def test_an_option_has_the_steps_of_its_market_rule(desk: Desk, server: TwsServer) -> None:
    aapl = await desk.contracts.find("AAPL")
    listed = server.exchange.catalogue.options(aapl.con_id)[0]
    rules = await desk.contracts.rules(await desk.contracts.find(f"#{listed.con_id}"))
    assert rules.price_steps == ((0, Decimal("0.01")), (3, Decimal("0.05")))
    assert rules.lacking(parse("buy 1 AAPL moc")) == ("MOC",)


async def test_currencies_may_be_divided(desk: Desk) -> None:
    rules = await desk.contracts.rules(await desk.contracts.find("EUR.USD"))
    assert rules.step_at(Decimal("1.08")) == Decimal("0.00005")
    assert 0 < rules.size_increment < 1


async def test_rules_are_asked_for_once(desk: Desk, server: TwsServer) -> None:
    aapl, msft = await desk.contracts.find("AAPL"), await desk.contracts.find("MSFT")
    first = await desk.contracts.rules(aapl)
    assert await asyncio.gather(desk.contracts.rules(aapl), desk.contracts.rules(msft)) == [first, first]
    assert sum(fields[0] == "91" for fields in server.requests) == 1


async def test_what_was_never_looked_up_is_asked_for(desk: Desk, server: TwsServer) -> None:
    rules = await desk.contracts.rules(Instrument(265598, "AAPL"))
    assert "LMT" in rules.order_types
    assert sum(fields[0] == "9" for fields in server.requests) == 1
    with pytest.raises(UnknownSymbol):
        await desk.contracts.rules(Instrument(1, "NONE"))


async def test_without_its_market_rule_the_minimum_tick_counts(
    desk: Desk, server: TwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.contracts._RULE_TIMEOUT_S", 0.05)
    aapl = await desk.contracts.find("AAPL")
    server.faults.swallowed.add(93)
    rules = await desk.contracts.rules(aapl)
    assert rules.price_steps == ((0, Decimal("0.01")),)


async def test_without_a_link_rules_that_are_not_known_are_not_to_be_had(desk: Desk, server: TwsServer) -> None:
    server.faults.refuse()
    server.faults.drop()
    await eventually(lambda: not desk.session.status.is_usable)
    with pytest.raises(LinkDown):
        await desk.contracts.rules(Instrument(265598, "AAPL"))
