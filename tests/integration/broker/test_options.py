"""Option chains and greeks, and the options, spreads and futures that are found by how a user types them."""

import asyncio
from datetime import timedelta

import pytest

from broker.library import OptionChain as LibraryChain
from broker.options import IbOptions, _joined
from market.errors import LinkDown, UnknownSymbol
from market.instrument import Instrument, SecType
from market.option import Greeks
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.clock import FakeClock
from tests.fakes.eventually import eventually
from tests.integration.broker.conftest import Desk


@pytest.fixture
def options(desk: Desk) -> IbOptions:
    return desk.options


async def test_a_chain_has_the_expiries_and_strikes_that_are_listed(
    desk: Desk, options: IbOptions, exchange: Exchange
) -> None:
    spy = await desk.contracts.find("SPY")
    chain = await options.chain(spy)
    listed = exchange.catalogue.options(spy.con_id)
    assert chain.expiries == tuple(sorted({one.expiry for one in listed}))
    assert chain.strikes == tuple(sorted({one.strike for one in listed}))
    assert (chain.multiplier, chain.exchange, chain.trading_class) == ("100", "SMART", "SPY")


async def test_a_chain_is_asked_for_once_a_day(desk: Desk, server: TwsServer) -> None:
    clock = FakeClock()
    options = IbOptions(desk.session, desk.feed, clock)
    spy = await desk.contracts.find("SPY")
    first = await options.chain(spy)
    assert await options.chain(spy) is first
    clock.advance(timedelta(days=1).total_seconds())
    assert await options.chain(spy) == first
    assert sum(fields[0] == "78" for fields in server.requests) == 2


async def test_what_has_no_options_says_so(desk: Desk, options: IbOptions) -> None:
    with pytest.raises(UnknownSymbol) as caught:
        await options.chain(await desk.contracts.find("KO"))
    assert caught.value.symbol == "KO"


async def test_the_model_tells_greeks_and_volatility(
    desk: Desk, options: IbOptions, server: TwsServer, exchange: Exchange
) -> None:
    calls = [one for one in exchange.catalogue.options(756733) if one.right == "C"]
    option = await desk.contracts.find(f"#{calls[len(calls) // 2].con_id}")
    greeks = await options.greeks(option)
    assert greeks.delta is not None
    assert 0 < greeks.delta < 1
    assert greeks.gamma is not None
    assert greeks.gamma > 0
    assert greeks.theta is not None
    assert greeks.theta < 0
    assert greeks.vega is not None
    assert greeks.vega > 0
    assert greeks.implied_volatility is not None
    assert 0 < greeks.implied_volatility < 3
    assert desk.feed.lines == 0


async def test_of_a_line_that_streams_greeks_are_known_at_once(
    desk: Desk, options: IbOptions, server: TwsServer, exchange: Exchange
) -> None:
    option = await desk.contracts.find(f"#{exchange.catalogue.options(756733)[0].con_id}")
    await desk.feed.hold(option, wants_greeks=True)
    first = await options.greeks(option)
    server.faults.silent = True
    assert await options.greeks(option, timeout_s=0.01) == first
    assert desk.feed.lines == 1


async def test_without_a_model_nothing_is_said_in_time(
    desk: Desk, options: IbOptions, server: TwsServer, exchange: Exchange
) -> None:
    option = await desk.contracts.find(f"#{exchange.catalogue.options(756733)[0].con_id}")
    server.faults.swallowed.add(21)
    assert await options.greeks(option, timeout_s=0.1) == Greeks()
    assert desk.feed.lines == 0


async def test_a_link_that_goes_ends_the_question(
    desk: Desk, options: IbOptions, server: TwsServer, exchange: Exchange
) -> None:
    option = await desk.contracts.find(f"#{exchange.catalogue.options(756733)[0].con_id}")
    server.faults.swallowed.add(21)
    asking = asyncio.ensure_future(options.greeks(option, timeout_s=30.0))
    await eventually(lambda: desk.feed.lines)
    server.faults.refuse()
    server.faults.drop()
    with pytest.raises(LinkDown):
        await asking
    with pytest.raises(LinkDown):
        await options.chain(option)


async def test_a_vertical_spread_is_found_again_and_has_the_hours_and_rules_of_its_legs(
    desk: Desk, exchange: Exchange, server: TwsServer
) -> None:
    calls = [one for one in exchange.catalogue.options(756733) if one.right == "C"]
    low, high = calls[0], next(one for one in calls if one.expiry == calls[0].expiry and one.strike > calls[0].strike)
    symbol = f"SPY {low.expiry} C{low.strike:g}/C{high.strike:g}"
    spread = await desk.contracts.find(symbol)
    assert (spread.label, spread.multiplier, spread.sec_type) == (symbol, "100", SecType.COMBO)
    assert await desk.contracts.find(symbol.lower()) is spread
    assert await desk.contracts.find(f"SPY {low.expiry} C{high.strike:g}/C{low.strike:g}") != spread
    asked = len(server.requests)
    assert desk.contracts.known(spread.con_id) is spread
    assert len(server.requests) == asked
    assert (await desk.contracts.hours(spread)).zone == "US/Eastern"
    rules = await desk.contracts.rules(spread)
    assert "LMT" in rules.order_types
    assert (rules.min_size, rules.size_increment) == (1, 1)


async def test_a_spread_of_an_option_that_is_not_listed_is_unknown(desk: Desk, exchange: Exchange) -> None:
    low = exchange.catalogue.options(756733)[0]
    with pytest.raises(UnknownSymbol):
        await desk.contracts.find(f"SPY {low.expiry} C{low.strike:g}/C9999")


async def test_a_future_is_found_by_its_last_day_and_its_venue(desk: Desk, exchange: Exchange) -> None:
    listed = min(one.expiry for one in exchange.catalogue.main() if one.sec_type == "FUT" and one.symbol == "ES")
    by_day = await desk.contracts.find(f"ES {listed}")
    assert await desk.contracts.find(f"ES {listed[:6]}@CME") == by_day
    assert (by_day.exchange, by_day.expiry) == ("CME", listed)


INDEX = Instrument(416904, "SPX", SecType.INDEX, "CBOE")
SHARE = Instrument(265598, "AAPL")
FUTURE = Instrument(637533641, "ES", SecType.FUTURE, "CME")


def row(exchange: str, name: str, multiplier: str, expiries: list[str], strikes: list[float]) -> LibraryChain:
    """Return one row as the library has it."""
    return LibraryChain(exchange, "1", name, multiplier, expiries, strikes)


def test_an_index_has_the_options_of_all_its_classes() -> None:
    rows = [
        row("CBOE", "SPX", "100", ["20261217"], [6000.0]),
        row("SMART", "SPX", "100", ["20261217"], [6000.0, 6100.0]),
        row("SMART", "SPXW", "100", ["20261218", "20261221"], [6000.0, 6005.0]),
    ]
    chain = _joined(INDEX, rows)
    assert chain.expiries == ("20261217", "20261218", "20261221")
    assert chain.strikes == (6000.0, 6005.0, 6100.0)
    assert (chain.exchange, chain.trading_class) == ("SMART", "")


def test_a_shares_adjusted_options_are_left_out() -> None:
    rows = [
        row("SMART", "2AAPL", "100", ["20261218", "20270115", "20280121"], [11.5]),
        row("SMART", "AAPL", "100", ["20261218", "20270115"], [200.0]),
    ]
    chain = _joined(SHARE, rows)
    assert (chain.trading_class, chain.strikes) == ("AAPL", (200.0,))


def test_a_futures_options_are_those_of_its_own_venue() -> None:
    rows = [
        row("QBALGO", "EW3", "50", ["20261218"], [5000.0]),
        row("CME", "ES", "50", ["20261218"], [6000.0]),
        row("CME", "E1A", "50", ["20261207"], [6010.0]),
    ]
    chain = _joined(FUTURE, rows)
    assert (chain.exchange, chain.expiries, chain.multiplier) == ("CME", ("20261207", "20261218"), "50")
