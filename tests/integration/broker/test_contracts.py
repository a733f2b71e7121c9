"""Symbols as typed to instruments, and instruments' hours."""

import asyncio

import pytest

from alerts.naming import name_of
from broker.contracts import IbContracts
from market.errors import AmbiguousSymbol, BrokerError, UnknownSymbol
from market.instrument import SecType
from market.ticket import parse
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.integration.broker.conftest import CLOCK, Desk, desk_at, running


@pytest.mark.parametrize(
    ("typed", "symbol", "sec_type", "venue"),
    [
        ("AAPL", "AAPL", SecType.STOCK, "SMART"),
        ("aapl", "AAPL", SecType.STOCK, "SMART"),
        ("$SPY", "SPY", SecType.STOCK, "SMART"),
        ("AAPL@NASDAQ", "AAPL", SecType.STOCK, "NASDAQ"),
        ("#265598", "AAPL", SecType.STOCK, "SMART"),
        ("EUR.USD", "EUR", SecType.FOREX, "IDEALPRO"),
        ("BRK.B", "BRK B", SecType.STOCK, "SMART"),
        ("SPX", "SPX", SecType.INDEX, "CBOE"),
    ],
)
async def test_a_symbol_as_typed_leads_to_one_instrument(
    desk: Desk, typed: str, symbol: str, sec_type: SecType, venue: str
) -> None:
    found = await desk.contracts.find(typed)
    assert (found.symbol, found.sec_type, found.exchange) == (symbol, sec_type, venue)
    assert found.con_id > 0
    assert found.name
    assert 0 < found.min_tick < 1


async def test_a_future_is_found_by_its_month(desk: Desk, exchange: Exchange) -> None:
    listed = sorted(one.expiry for one in exchange.catalogue.main() if one.sec_type == "FUT" and one.symbol == "ES")
    found = await desk.contracts.find(f"ES {listed[0][:6]}")
    assert (found.sec_type, found.expiry) == (SecType.FUTURE, listed[0])
    assert found.multiplier == "50"
    assert await desk.contracts.find(found.label) == found


async def test_an_option_on_a_future_is_found_as_one_on_a_share_is(desk: Desk, exchange: Exchange) -> None:
    future = next(one for one in exchange.catalogue.main() if one.sec_type == "FUT" and one.symbol == "ES")
    listed = exchange.catalogue.options(future.con_id)[0]
    found = await desk.contracts.find(f"ES {listed.expiry} {listed.right}{listed.strike:g}")
    assert (found.con_id, found.sec_type) == (listed.con_id, SecType.FUTURE_OPTION)
    assert (found.exchange, found.multiplier) == ("CME", "50")
    assert await desk.contracts.find(found.label) == found
    chain = await desk.options.chain(await desk.contracts.find(f"#{future.con_id}"))
    assert listed.expiry in chain.expiries
    assert (chain.exchange, chain.multiplier) == ("CME", "50")


async def test_a_coin_is_found_by_its_pair_and_has_few_ways_to_be_traded(desk: Desk) -> None:
    coin = await desk.contracts.find("BTC.USD")
    assert (coin.symbol, coin.sec_type, coin.exchange) == ("BTC", SecType.CRYPTO, "PAXOS")
    rules = await desk.contracts.rules(coin)
    assert 0 < rules.size_increment < 1
    assert rules.lacking(parse("buy 0.01 BTC.USD 60000")) == ()
    assert rules.lacking(parse("sell 0.01 BTC.USD market ioc")) == ()
    assert rules.lacking(parse("buy 0.01 BTC.USD market ioc")) == ("BUY MKT IOC",)
    assert rules.lacking(parse("sell 0.01 BTC.USD market")) == ("SELL MKT DAY",)


async def test_an_option_is_found_as_typed_and_by_its_occ_symbol(desk: Desk, exchange: Exchange) -> None:
    spy = await desk.contracts.find("SPY")
    listed = exchange.catalogue.options(spy.con_id)[0]
    found = await desk.contracts.find(f"SPY {listed.expiry} {listed.right}{listed.strike:g}")
    assert (found.con_id, found.sec_type, found.strike) == (listed.con_id, SecType.OPTION, listed.strike)
    occ = f"SPY{listed.expiry[2:]}{listed.right}{int(listed.strike * 1000):08d}"
    assert await desk.contracts.find(occ) == found
    assert await desk.contracts.find(found.label) == found


async def test_each_listing_has_a_name_of_its_own_that_finds_it_again(desk: Desk) -> None:
    names = {}
    for con_id in (14204, 14121, 265598):
        one = await desk.contracts.find(f"#{con_id}")
        names[con_id] = await name_of(one, desk.contracts, CLOCK.now())
        assert await desk.contracts.find(names[con_id]) == one
    assert names == {14204: "SAP", 14121: "SAP@IBIS", 265598: "AAPL"}


async def test_an_unknown_symbol_comes_with_the_nearest_matches(desk: Desk) -> None:
    with pytest.raises(UnknownSymbol) as caught:
        await desk.contracts.find("AAP")
    assert "AAPL" in [one.symbol for one in caught.value.candidates]
    with pytest.raises(UnknownSymbol) as caught:
        await desk.contracts.find("!?")
    assert caught.value.candidates == ()


async def test_a_future_without_a_venue_of_its_own_is_asked_back(desk: Desk) -> None:
    with pytest.raises((AmbiguousSymbol, UnknownSymbol)):
        await desk.contracts.find("ES 209912")


async def test_what_was_found_is_not_asked_for_again(desk: Desk, server: TwsServer) -> None:
    first = await desk.contracts.find("MSFT")
    before = len(server.requests)
    assert await desk.contracts.find(" msft ") == first
    assert desk.contracts.known(first.con_id) == first
    assert len(server.requests) == before


async def test_hours_are_in_the_venues_own_zone(desk: Desk) -> None:
    aapl = await desk.contracts.find("AAPL")
    hours = await desk.contracts.hours(aapl)
    assert hours.zone == "US/Eastern"
    assert hours.is_open(CLOCK.now())


async def test_an_early_close_is_seen_when_the_hours_are_asked_for_again(server: TwsServer, exchange: Exchange) -> None:
    async with running(desk_at(server.port)) as desk:
        await desk.up()
        contracts = IbContracts(desk.session, CLOCK, hours_ttl_s=0.0)
        spy = await contracts.find("SPY")
        before = await contracts.hours(spy)
        assert before.next_close(CLOCK.now()).end > CLOCK.now()
        exchange.close_session()
        after = await contracts.hours(spy)
        assert after.last_close(CLOCK.now()) is not None
        assert not after.is_open(CLOCK.now())


async def test_a_zone_nobody_knows_counts_as_utc(
    desk: Desk, server: TwsServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.zone = "Mars/Olympus"
    hours = await desk.contracts.hours(await desk.contracts.find("AAPL"))
    assert hours.zone in {"UTC", "US/Eastern"}
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_other_errors_are_told_as_they_are(desk: Desk, server: TwsServer) -> None:
    server.faults.answer_with("reqContractDetails", 10276, count=1)
    with pytest.raises(BrokerError) as caught:
        await desk.contracts.find("AAPL")
    assert caught.value.code == 10276


async def test_search_gives_ibkrs_own_matches(desk: Desk) -> None:
    found = await desk.contracts.search("micro")
    assert "MSFT" in [one.symbol for one in found]


async def test_two_searches_at_once_are_both_answered(desk: Desk) -> None:
    found = await asyncio.gather(desk.contracts.search("AAPL"), desk.contracts.search("MSFT"))
    assert [one[0].symbol for one in found] == ["AAPL", "MSFT"]
    await eventually(lambda: desk.session.status.is_usable)


async def test_a_pair_without_its_dot_is_asked_back(desk: Desk) -> None:
    with pytest.raises(UnknownSymbol) as unknown:
        await desk.contracts.find("EURUSD")
    assert [one.label for one in unknown.value.candidates] == ["EUR.USD"]
