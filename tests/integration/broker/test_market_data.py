"""Lines, ticks and quotes."""

import asyncio
import math

import pytest

from broker.market_data import IbTickFeed
from broker.status import LinkReason, LinkState
from market.errors import LinkDown, NoMarketData, RequestTimeout
from market.instrument import Instrument, SecType
from market.quote import DataKind, TickField
from simulator.tws.exchange import Exchange
from simulator.tws.quotes import open_interest
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.integration.broker.conftest import CLOCK, Desk, desk_at, running


@pytest.fixture
async def aapl(desk: Desk) -> Instrument:
    return await desk.contracts.find("AAPL")


async def streaming(desk: Desk, instrument: Instrument) -> None:
    """Hold the instrument and wait until its quote is complete."""
    await desk.feed.hold(instrument)
    quote = desk.feed.quote(instrument.con_id)
    assert quote is not None
    await eventually(lambda: quote.last and quote.bid and quote.ask)


async def test_a_held_instrument_ticks_and_has_a_quote(desk: Desk, aapl: Instrument, exchange: Exchange) -> None:
    await streaming(desk, aapl)
    exchange.push("AAPL", 260.5, bid=260.4, ask=260.6, size=300)
    await eventually(lambda: 260.5 in desk.prices())
    quote = desk.feed.quote(aapl.con_id)
    assert quote is not None
    await eventually(lambda: quote.ask == 260.6)
    assert (quote.last, quote.bid, quote.ask, quote.high) == (260.5, 260.4, 260.6, 260.5)
    assert quote.close
    assert quote.open
    assert quote.volume
    assert quote.low
    assert quote.kind is DataKind.LIVE
    assert not quote.halted
    [trade] = [tick for tick in desk.ticks if tick.field is TickField.LAST and tick.price == 260.5]
    assert trade.size == 300
    assert trade.instrument == aapl
    # On a busy machine a price and its time may come in two reads: then it has none.
    assert trade.exchange_time is None or abs((trade.received - trade.exchange_time).total_seconds()) < 2


class _Ahead:
    """The clock here, so many seconds *ahead*."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def time(self) -> float:
        return CLOCK.now().timestamp() + self.ahead

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def test_a_trade_bears_its_own_time_and_not_that_of_the_one_before() -> None:
    clock = _Ahead()
    exchange = Exchange(clock=clock, walk=False)
    server = TwsServer(exchange, sample_s=0.01)
    await server.start()
    async with running(desk_at(server.port)) as desk:
        await desk.up()
        aapl = await desk.contracts.find("AAPL")
        await streaming(desk, aapl)
        told = {}
        for price in (300.5, 301.0, 301.5):
            clock.ahead += 100.0
            exchange.push("AAPL", price)
            told[price] = int(clock.time())
            await eventually(lambda price=price: price in desk.prices())
        trades = {tick.price: tick for tick in desk.ticks if tick.field is TickField.LAST}
        stamps = {price: trades[price].exchange_time for price in told}
        # On a busy machine a price and its time may come in two reads: then it has none.
        assert any(stamps.values())
        assert all(stamp is None or 0 <= stamp.timestamp() - told[price] <= 1 for price, stamp in stamps.items())
    await server.stop()


async def test_a_trade_without_a_time_of_its_own_bears_none(
    desk: Desk, aapl: Instrument, server: TwsServer, exchange: Exchange
) -> None:
    await streaming(desk, aapl)
    desk.ticks.clear()
    server.faults.bad_tick("AAPL", 4, "300.0", "100")
    await eventually(lambda: 300.0 in desk.prices())
    exchange.push("AAPL", 301.0)
    await eventually(lambda: 301.0 in desk.prices())
    stamps = {tick.price: tick.exchange_time for tick in desk.ticks if tick.field is TickField.LAST}
    assert stamps[300.0] is None
    assert 301.0 in stamps
    assert all(tick.exchange_time is None for tick in desk.ticks if tick.field is not TickField.LAST)


async def test_a_quote_knows_when_the_last_trade_was_while_its_sides_move(
    desk: Desk, aapl: Instrument, server: TwsServer, exchange: Exchange
) -> None:
    await streaming(desk, aapl)
    exchange.push("AAPL", 301.0)
    await eventually(lambda: 301.0 in desk.prices())
    traded = desk.feed.quote(aapl.con_id).last_time
    assert traded is not None
    desk.ticks.clear()
    server.faults.bad_tick("AAPL", 1, "300.9", "100")
    await eventually(lambda: 300.9 in [tick.price for tick in desk.ticks if tick.field is TickField.BID])
    quote = desk.feed.quote(aapl.con_id)
    assert (quote.last, quote.bid, quote.last_time) == (301.0, 300.9, traded)
    assert quote.received > traded


async def test_every_tick_of_one_network_read_counts(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    await streaming(desk, aapl)
    desk.ticks.clear()
    for price in ("300.0", "301.0", "150.0"):
        server.faults.bad_tick("AAPL", 4, price, "100")
    await eventually(lambda: 150.0 in desk.prices())
    assert [tick.price for tick in desk.ticks if tick.field is TickField.LAST] == [300.0, 301.0, 150.0]


async def test_a_sampled_print_is_still_in_the_days_high(desk: Desk, aapl: Instrument, exchange: Exchange) -> None:
    await streaming(desk, aapl)
    exchange.push("AAPL", 240.0)
    exchange.push("AAPL", 210.0)
    await eventually(lambda: 210.0 in desk.prices())
    await eventually(lambda: any(tick.field is TickField.HIGH and tick.price == 240.0 for tick in desk.ticks))


@pytest.mark.parametrize("tick_type", [1, 2, 4, 6, 9])
async def test_what_is_no_price_never_becomes_a_tick(
    desk: Desk, aapl: Instrument, server: TwsServer, exchange: Exchange, tick_type: int
) -> None:
    await streaming(desk, aapl)
    desk.ticks.clear()
    for value in ("-1", "0", "-1.0", "0.0", "1.7976931348623157E308", "nan", "Infinity", ""):
        for size in ("0", "100"):
            server.faults.bad_tick("AAPL", tick_type, value, size)
    exchange.push("AAPL", 222.25)
    await eventually(lambda: 222.25 in desk.prices())
    told = [tick.price for tick in desk.ticks if tick.field not in {TickField.NO_BID, TickField.NO_ASK}]
    assert all(math.isfinite(price) and price > 100 for price in told)


async def test_a_side_that_goes_away_leaves_the_quote_and_is_told_once(
    desk: Desk, aapl: Instrument, server: TwsServer
) -> None:
    await streaming(desk, aapl)
    quote = desk.feed.quote(aapl.con_id)
    assert quote is not None
    for size in ("0", "100"):
        server.faults.bad_tick("AAPL", 1, "-1", size)
    await eventually(lambda: quote.bid is None)
    assert quote.ask is not None
    server.faults.bad_tick("AAPL", 2, "250.0", "0")
    await eventually(lambda: quote.ask is None)
    gone = [tick.field for tick in desk.ticks if tick.field in {TickField.NO_BID, TickField.NO_ASK}]
    assert gone == [TickField.NO_BID, TickField.NO_ASK]


async def test_an_rt_volume_of_zero_is_no_price(
    desk: Desk, aapl: Instrument, server: TwsServer, exchange: Exchange
) -> None:
    await streaming(desk, aapl)
    server.faults.rt_volume("AAPL")
    exchange.push("AAPL", 205.25)
    await eventually(lambda: 205.25 in desk.prices())
    assert all(tick.price > 100 for tick in desk.ticks if tick.field is TickField.LAST)
    # Generic tick 233 brings it, and is never asked for.
    assert not any("233" in fields for fields in server.requests if fields[0] == "1")


async def test_a_tick_type_nobody_knows_does_not_hide_the_others(
    desk: Desk, aapl: Instrument, server: TwsServer, exchange: Exchange
) -> None:
    await streaming(desk, aapl)
    server.faults.unknown_tick("AAPL")
    exchange.push("AAPL", 206.25)
    await eventually(lambda: 206.25 in desk.prices())


async def test_two_holders_share_one_line_and_the_last_one_ends_it(
    desk: Desk, aapl: Instrument, server: TwsServer
) -> None:
    await streaming(desk, aapl)
    await desk.feed.hold(aapl)
    assert server.lines_used() == 1
    await desk.feed.release(aapl)
    assert desk.feed.quote(aapl.con_id) is not None
    await desk.feed.release(aapl)
    await eventually(lambda: server.lines_used() == 0)
    assert desk.feed.quote(aapl.con_id) is None
    assert desk.feed.lines == 0
    await desk.feed.release(aapl)


async def test_news_and_prices_of_one_instrument_are_two_requests_and_both_are_ended(
    desk: Desk, aapl: Instrument, server: TwsServer
) -> None:
    await streaming(desk, aapl)
    await desk.news.hold(aapl)
    await desk.feed.release(aapl)
    await desk.news.release(aapl)
    await eventually(lambda: sum(fields[0] == "2" for fields in server.requests) == 2)
    asked = {fields[2] for fields in server.requests if fields[0] == "1"}
    assert asked == {fields[2] for fields in server.requests if fields[0] == "2"}
    assert len(asked) == 2


async def test_what_is_held_without_a_link_ticks_once_there_is_one(server: TwsServer) -> None:
    desk = desk_at(server.port)
    aapl = Instrument(265598, "AAPL", primary_exchange="NASDAQ")
    await desk.feed.hold(aapl)
    assert desk.feed.quote(265598) is not None
    async with running(desk):
        await eventually(lambda: desk.ticks)


async def test_delayed_data_is_marked(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.delayed.add("AAPL")
    await desk.feed.hold(aapl)
    await eventually(lambda: desk.ticks)
    await eventually(lambda: any(tick.kind is DataKind.DELAYED for tick in desk.ticks))
    quote = desk.feed.quote(aapl.con_id)
    assert quote is not None
    assert quote.kind is DataKind.DELAYED
    assert quote.last


@pytest.mark.parametrize("code", [354, 10089, 10197])
async def test_a_refused_line_says_why_and_is_asked_for_again_on_demand(
    desk: Desk, aapl: Instrument, server: TwsServer, code: int
) -> None:
    server.faults.answer_with("reqMktData", code, count=1)
    await desk.feed.hold(aapl)
    await eventually(lambda: desk.feed.trouble(aapl.con_id))
    assert desk.feed.quote(aapl.con_id).last is None
    quote = await desk.feed.fresh(aapl)
    assert quote.last
    assert desk.feed.trouble(aapl.con_id) == ""


@pytest.mark.parametrize("code", [200, 354, 10089, 10090, 10168, 10197])
async def test_a_refusal_stands_until_data_comes_also_over_a_new_connection(
    desk: Desk, aapl: Instrument, server: TwsServer, exchange: Exchange, code: int
) -> None:
    server.faults.answer_with("reqMktData", code, "in IBKR's words")
    await desk.feed.hold(aapl)
    await eventually(lambda: desk.feed.refused() == {aapl.con_id: f"IBKR {code}: in IBKR's words"})
    server.faults.drop()
    await desk.state(LinkState.DOWN)
    assert desk.feed.refused()
    await desk.up()
    assert desk.feed.refused()
    server.faults.heal()
    server.faults.drop()
    await desk.state(LinkState.DOWN)
    await desk.up()
    await eventually(lambda: desk.feed.refused() == {})


async def test_delayed_data_is_no_refusal(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.answer_with("reqMktData", 10167, "Displaying delayed market data.", count=1, proceed=True)
    await desk.feed.hold(aapl)
    await eventually(lambda: desk.feed.quote(aapl.con_id).last)
    assert desk.feed.refused() == {}


async def test_a_fresh_quote_of_something_not_held_uses_its_line_for_a_moment(
    desk: Desk, aapl: Instrument, server: TwsServer
) -> None:
    quote = await desk.feed.fresh(aapl)
    assert quote.bid < quote.last < quote.ask
    await eventually(lambda: server.lines_used() == 0)


async def test_a_fresh_quote_of_a_quiet_line_is_asked_for_anew(
    desk: Desk, aapl: Instrument, server: TwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await streaming(desk, aapl)
    monkeypatch.setattr("broker.questions._YOUNG_S", -1.0)
    before = desk.feed.quote(aapl.con_id).received
    quote = await desk.feed.fresh(aapl)
    assert quote.received > before
    assert desk.feed.quote(aapl.con_id) is not quote
    await eventually(lambda: server.lines_used() == 1)


async def test_a_fresh_quote_that_is_refused_says_why(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.answer_with("reqMktData", 354)
    with pytest.raises(NoMarketData) as caught:
        await desk.feed.fresh(aapl)
    assert caught.value.code == 354


async def test_a_fresh_quote_that_does_not_come_times_out(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.silent = True
    with pytest.raises(RequestTimeout):
        await desk.feed.fresh(aapl, timeout_s=0.1)


async def test_a_fresh_quote_that_does_not_come_for_want_of_ibkr_behind_tws_says_so(
    desk: Desk, aapl: Instrument, server: TwsServer
) -> None:
    server.faults.lose_connection()
    await desk.state(LinkState.DEGRADED)
    with pytest.raises(LinkDown) as caught:
        await desk.feed.fresh(aapl, timeout_s=0.1)
    assert caught.value.reason == LinkReason.LOST_IBKR


async def test_a_fresh_quote_without_a_link_says_so() -> None:
    with pytest.raises(LinkDown):
        await desk_at(1).feed.fresh(Instrument(265598, "AAPL"))


async def test_fx_has_sides_and_no_trades(desk: Desk) -> None:
    quote = await desk.feed.fresh(await desk.contracts.find("EUR.USD"))
    assert quote.bid < quote.ask
    assert quote.price == quote.mid


async def test_an_index_has_trades_and_no_sides(desk: Desk) -> None:
    spx = await desk.contracts.find("SPX")
    assert spx.sec_type is SecType.INDEX
    quote = await desk.feed.fresh(spx)
    assert quote.last > 1000
    assert quote.bid is None


async def test_a_failing_sink_does_not_stop_the_ticks(desk: Desk, aapl: Instrument, exchange: Exchange) -> None:
    heard = []

    def sink(ticks: object) -> None:
        heard.append(ticks)
        raise ValueError(ticks)

    desk.feed.connect(sink)
    await desk.feed.hold(aapl)
    await eventually(lambda: heard)
    seen = len(heard)
    exchange.push("AAPL", 209.5)
    await eventually(lambda: len(heard) > seen)
    assert desk.session.status.is_usable


async def test_the_hundred_and_first_line_says_so_and_waits(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    demoted = []
    desk.feed.on_demoted(demoted.append)
    await streaming(desk, aapl)
    msft = await desk.contracts.find("MSFT")
    server.faults.answer_with("reqMktData", 101, "Max number of tickers has been reached", count=1)
    await desk.feed.hold(msft)
    await eventually(lambda: demoted)
    assert demoted == [msft]
    assert "tickers" in desk.feed.trouble(msft.con_id)
    assert (desk.feed.cap, desk.feed.held_count, desk.feed.lines) == (1, 2, 1)
    await desk.feed.release(aapl)
    await eventually(lambda: desk.feed.quote(msft.con_id).last)
    assert desk.feed.trouble(msft.con_id) == ""


async def test_no_more_lines_are_asked_for_than_are_ours_to_use(server: TwsServer) -> None:
    desk = desk_at(server.port)
    feed = IbTickFeed(desk.session, CLOCK, most=2)
    demoted = []
    feed.on_demoted(demoted.append)
    async with running(desk):
        await desk.up()
        aapl, msft, nvda = [await desk.contracts.find(symbol) for symbol in ("AAPL", "MSFT", "NVDA")]
        for instrument in (aapl, msft, nvda):
            await feed.hold(instrument)
        await eventually(lambda: feed.quote(msft.con_id).last)
        assert demoted == [nvda]
        assert (feed.cap, feed.held_count, feed.lines, server.lines_used()) == (2, 3, 2, 2)
        # A card asks beyond the cap, for a moment.
        assert (await feed.fresh(await desk.contracts.find("TSLA"))).last
        await eventually(lambda: server.lines_used() == 2)
        server.drop_all()
        await eventually(lambda: server.lines_used() == 0)
        await eventually(lambda: server.lines_used() == 2)
        await feed.release(aapl)
        await eventually(lambda: feed.quote(nvda.con_id).last)
        assert server.lines_used() == 2


async def test_a_question_for_which_there_is_no_line_is_answered_by_what_streams(
    desk: Desk, aapl: Instrument, server: TwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await streaming(desk, aapl)
    await desk.feed.hold(await desk.contracts.find("MSFT"))
    await eventually(lambda: server.lines_used() == 2)
    demoted = []
    desk.feed.on_demoted(demoted.append)
    monkeypatch.setattr("broker.questions._YOUNG_S", -1.0)
    server.faults.answer_with("reqMktData", 101, count=1)
    received = desk.feed.quote(aapl.con_id).received
    quote = await desk.feed.fresh(aapl)
    assert quote.received == received
    assert demoted == [aapl]
    assert desk.feed.cap == 1
    assert server.lines_used() == 2


async def test_what_tws_throws_away_for_its_message_rate_is_said_again(
    desk: Desk, exchange: Exchange, server: TwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.market_data._CALM_S", 1.0)
    # As if many messages arrived at once, whatever the pace at which they were sent.
    desk.feed._link.ib().client.MaxRequests = 0
    options = [Instrument(one.con_id, one.symbol, SecType.OPTION) for one in exchange.catalogue.options(756733)][:70]
    for option in options:
        await desk.feed.hold(option)
    await eventually(lambda: server.lines_used() > 0)
    assert server.lines_used() < len(options)
    await eventually(lambda: all(desk.feed.quote(option.con_id).received for option in options))
    assert server.lines_used() == desk.feed.lines == len(options)
    for option in options:
        await desk.feed.release(option)
    await eventually(lambda: server.lines_used() == 0, 10.0)


async def test_a_size_that_comes_alone_moves_the_quote_and_a_repeated_one_does_not(
    desk: Desk, aapl: Instrument, server: TwsServer
) -> None:
    await streaming(desk, aapl)
    quote = desk.feed.quote(aapl.con_id)
    desk.ticks.clear()
    server.faults.bad_tick("AAPL", 4, "205.5", "300")
    for tick_type, size in ((5, 300), (5, 200), (0, 700), (0, 700), (3, 0)):
        server.inject("AAPL", lambda request, kind=tick_type, much=size: (2, 6, request, kind, much))
    await eventually(lambda: quote.ask is None)
    assert quote.bid_size == 700
    told = [(tick.field, tick.price, tick.size) for tick in desk.ticks]
    trades = [(TickField.LAST, 205.5, 300), (TickField.LAST, 205.5, 200)]
    assert told == [*trades, (TickField.BID, quote.bid, 700), (TickField.NO_ASK, 0.0, 0.0)]


@pytest.mark.parametrize(("value", "halted"), [("-1", False), ("0", False), ("1", True), ("2", True)])
async def test_a_halt_is_seen_and_minus_one_is_not_one(
    desk: Desk, aapl: Instrument, server: TwsServer, value: str, halted: bool
) -> None:
    await streaming(desk, aapl)
    desk.ticks.clear()
    server.inject("AAPL", lambda request: (45, 6, request, 49, value))
    server.faults.bad_tick("AAPL", 4, "205.5", "300")
    await eventually(lambda: 205.5 in desk.prices())
    assert desk.feed.quote(aapl.con_id).halted is halted
    assert [tick.price for tick in desk.ticks if tick.field is TickField.HALTED] == [float(halted)] * (value != "-1")


async def test_options_tick_without_errors(desk: Desk, exchange: Exchange, caplog: pytest.LogCaptureFixture) -> None:
    option = await an_option(desk, exchange)
    quote = await desk.feed.fresh(option)
    assert quote.bid is not None or quote.last is not None
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert not [tick for tick in desk.ticks if tick.field >= TickField.IV]


async def an_option(desk: Desk, exchange: Exchange, right: str = "C") -> Instrument:
    """Return an option on SPY, near the money."""
    spy = await desk.contracts.find("SPY")
    listed = [one for one in exchange.catalogue.options(spy.con_id) if one.right == right]
    return await desk.contracts.find(f"#{listed[len(listed) // 8].con_id}")


@pytest.mark.parametrize("right", ["C", "P"])
async def test_an_options_model_values_are_ticks_where_they_are_wanted(
    desk: Desk, exchange: Exchange, right: str
) -> None:
    option = await an_option(desk, exchange, right)
    await desk.feed.hold(option)
    await desk.feed.hold(option, wants_greeks=True)
    await eventually(lambda: any(tick.field is TickField.OPEN_INTEREST for tick in desk.ticks))
    values = {tick.field: tick.price for tick in desk.ticks}
    model = exchange.greeks(exchange.catalogue.with_id(option.con_id))
    assert values[TickField.IV] == pytest.approx(0.14)
    assert values[TickField.DELTA] == pytest.approx(model.delta, abs=1e-4)
    assert (values[TickField.DELTA] > 0) is (right == "C")
    assert values[TickField.THETA] == pytest.approx(model.theta, abs=1e-4)
    assert values[TickField.VEGA] == pytest.approx(model.vega, abs=1e-4)
    assert values[TickField.GAMMA] == pytest.approx(model.gamma, abs=1e-4)
    assert values[TickField.OPEN_INTEREST] == open_interest(exchange.catalogue.with_id(option.con_id))
    desk.ticks.clear()
    exchange.push("SPY", 580.0)
    await eventually(lambda: any(tick.field is TickField.DELTA for tick in desk.ticks))
    assert TickField.IV not in {tick.field for tick in desk.ticks}


async def test_what_the_model_has_not_computed_is_no_tick(desk: Desk, exchange: Exchange, server: TwsServer) -> None:
    option = await an_option(desk, exchange)
    await desk.feed.hold(option, wants_greeks=True)
    await eventually(lambda: any(tick.field is TickField.OPEN_INTEREST for tick in desk.ticks))
    desk.ticks.clear()
    unset = "1.7976931348623157E308"
    name = exchange.catalogue.with_id(option.con_id).key
    for iv, rest in (("-1", "-2"), (unset, unset), ("nan", "nan")):
        server.inject(name, lambda request, v=iv, r=rest: (21, request, 13, 0, v, r, "-1", "-1", r, r, r, "-1"))
    # The computation of a bid is not the model's.
    server.inject(name, lambda request: (21, request, 10, 0, "0.9", "0.9", "1", "0", "0.1", "0.1", "-0.1", "570"))
    server.inject(name, lambda request: (21, request, 13, 0, "0.21", "-2", "-1", "-1", "-2", "-2", "-2", "-1"))
    await eventually(lambda: desk.ticks)
    assert [(tick.field, tick.price) for tick in desk.ticks] == [(TickField.IV, 0.21)]


async def test_a_future_has_open_interest(desk: Desk, exchange: Exchange) -> None:
    future = await desk.contracts.find(f"#{exchange.catalogue.named('ES').con_id}")
    await desk.feed.hold(future, wants_greeks=True)
    await eventually(lambda: any(tick.field is TickField.OPEN_INTEREST for tick in desk.ticks))


async def test_of_one_read_the_prior_close_is_told_first(desk: Desk, aapl: Instrument) -> None:
    await streaming(desk, aapl)
    desk.ticks.clear()
    # By hand, because nobody can say which messages the network brings in one read.
    (request,) = desk.feed._by_request
    for code, price in ((4, 300.0), (9, 299.0), (4, 301.0)):
        desk.feed._on_price(request, code, price, 100.0)
    desk.feed._flush()
    assert [tick.price for tick in desk.ticks] == [299.0, 300.0, 301.0]
