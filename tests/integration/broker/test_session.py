"""The link itself: connecting, losing, noticing, connecting again."""

import asyncio
from contextlib import AsyncExitStack
from decimal import Decimal

import pytest

from broker.session import IbAddress
from broker.status import LinkReason, LinkState
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.ticket import OrderTicket, OrderType, Side
from simulator.tws.exchange import Exchange
from simulator.tws.news_provider import NEWS_PROVIDERS
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.fakes.trading import entry
from tests.integration.broker.conftest import Desk, desk_at, running

REQ_MARKET_DATA, CANCEL_MARKET_DATA, PLACE_ORDER, REQ_ACCOUNT_UPDATES = "1", "2", "3", "6"


def sent(server: TwsServer, message: str) -> int:
    """Return how many messages of a kind the server has had."""
    return sum(fields[0] == message for fields in server.requests)


async def test_a_connected_link_says_who_and_where_it_is(desk: Desk, server: TwsServer) -> None:
    status = desk.session.status
    assert status.is_usable
    assert status.accounts == ("DU1234567",)
    assert status.address == f"127.0.0.1:{server.port}"
    assert status.client_id == 17
    assert status.library.startswith("ib_")
    assert 176 <= status.server_version <= 178
    assert [told.state for told in desk.statuses] == [LinkState.CONNECTING, LinkState.SYNCING, LinkState.UP]


async def test_an_account_that_the_login_does_not_manage_keeps_the_link_down(server: TwsServer) -> None:
    async with running(desk_at(server.port, account="U9999999")) as desk:
        await eventually(lambda: desk.session.status.attempts > 1)
        assert {told.reason for told in desk.statuses if told.state is LinkState.DOWN} == {
            LinkReason.ACCOUNT_NOT_MANAGED
        }
        assert not {LinkState.UP, LinkState.SYNCING} & {told.state for told in desk.statuses}
        assert desk.portfolio.accounts() == ()
        assert sent(server, REQ_ACCOUNT_UPDATES) == 0


async def test_a_gateway_that_is_not_there_is_refused_and_found_when_it_comes(server: TwsServer) -> None:
    server.faults.refuse()
    async with running(desk_at(server.port)) as desk:
        await eventually(lambda: desk.session.status.attempts > 1)
        assert {told.reason for told in desk.statuses if told.state is LinkState.DOWN} == {LinkReason.REFUSED}
        server.faults.heal()
        await desk.up()
        assert desk.session.status.attempts == 0
        assert desk.session.status.reason is LinkReason.NONE


async def test_a_gateway_that_hangs_up_at_once_is_not_waited_for(server: TwsServer) -> None:
    server.faults.refuse("eof", count=1)
    # The connect timeout of a minute would fail this test.
    async with running(desk_at(server.port, connect_timeout_s=60.0)) as desk:
        await desk.up()
        assert LinkReason.CLOSED in {told.reason for told in desk.statuses}


async def test_a_gateway_that_takes_the_call_and_says_nothing_is_silent(server: TwsServer) -> None:
    server.faults.refuse("silence", count=1)
    async with running(desk_at(server.port, connect_timeout_s=0.2)) as desk:
        await eventually(lambda: LinkReason.SILENT in {told.reason for told in desk.statuses})
        await desk.up()


async def test_a_client_id_in_use_is_told_at_once_and_tried_again_with_the_same_id(server: TwsServer) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(running(desk_at(server.port)))
        await first.up()
        second = await stack.enter_async_context(running(desk_at(server.port, connect_timeout_s=60.0)))
        await eventually(lambda: second.session.status.attempts > 1)
        assert second.session.status.reason is LinkReason.CLIENT_ID_IN_USE
        await first.session.stop()
        await second.up()


async def test_the_paper_disclaimer_is_told_apart(server: TwsServer) -> None:
    server.faults.refuse("disclaimer", count=1)
    async with running(desk_at(server.port, connect_timeout_s=60.0)) as desk:
        await desk.up()
        assert LinkReason.PAPER_DISCLAIMER in {told.reason for told in desk.statuses}


async def test_after_a_drop_the_subscriptions_are_there_again(
    desk: Desk, server: TwsServer, exchange: Exchange
) -> None:
    aapl = await desk.contracts.find("AAPL")
    await desk.feed.hold(aapl)
    await eventually(lambda: desk.ticks)
    server.faults.drop()
    await desk.state(LinkState.DOWN)
    await desk.up()
    await eventually(lambda: sent(server, REQ_MARKET_DATA) == 2)
    desk.ticks.clear()
    exchange.push("AAPL", 207.5)
    await eventually(lambda: 207.5 in desk.prices())


async def test_a_silent_socket_degrades_the_link_and_then_ends_it(server: TwsServer) -> None:
    async with running(desk_at(server.port, heartbeat_s=0.1, answer_s=0.1, connect_timeout_s=0.3)) as desk:
        await desk.up()
        server.faults.silent = True
        status = await desk.state(LinkState.DEGRADED)
        assert status.reason is LinkReason.SILENT
        assert not status.is_usable
        status = await desk.state(LinkState.DOWN)
        assert status.reason is LinkReason.SILENT
        server.faults.heal()
        await desk.up()


async def test_a_quiet_link_that_answers_stays_up(server: TwsServer) -> None:
    async with running(desk_at(server.port, heartbeat_s=0.02)) as desk:
        await desk.up()
        await eventually(lambda: sent(server, "49") > 3)
        assert [told.state for told in desk.statuses][-1] is LinkState.UP


async def test_1100_blocks_orders_at_once_and_1102_frees_them(
    desk: Desk, server: TwsServer, exchange: Exchange
) -> None:
    aapl = await desk.contracts.find("AAPL")
    await desk.feed.hold(aapl)
    await eventually(lambda: desk.ticks)
    server.faults.lose_connection()
    status = await desk.state(LinkState.DEGRADED)
    assert status.reason is LinkReason.LOST_IBKR
    ticket = OrderTicket(Side.BUY, Decimal(1), "AAPL", OrderType.MARKET)
    with pytest.raises(LinkDown):
        await desk.orders.submit(entry(aapl, ticket), "sb-1-1")
    assert sent(server, PLACE_ORDER) == 0
    server.faults.regain_connection()
    await desk.up()
    desk.ticks.clear()
    exchange.push("AAPL", 203.25)
    await eventually(lambda: 203.25 in desk.prices())
    assert sent(server, REQ_MARKET_DATA) == 1


async def test_1101_has_everything_requested_again_before_the_link_is_up(
    desk: Desk, server: TwsServer, exchange: Exchange
) -> None:
    states = []

    async def reconcile() -> None:
        states.append(desk.session.status.state)

    desk.session.on_up(reconcile)
    aapl = await desk.contracts.find("AAPL")
    await desk.feed.hold(aapl)
    await eventually(lambda: desk.ticks)
    server.faults.lose_connection()
    await desk.state(LinkState.DEGRADED)
    server.faults.regain_connection(data_lost=True)
    await desk.up()
    assert states == [LinkState.SYNCING]
    desk.ticks.clear()
    exchange.push("AAPL", 203.5)
    await eventually(lambda: 203.5 in desk.prices())


async def test_a_farm_that_comes_back_has_its_lines_requested_again_and_none_twice(
    desk: Desk, server: TwsServer, exchange: Exchange
) -> None:
    aapl = await desk.contracts.find("AAPL")
    await desk.feed.hold(aapl)
    await eventually(lambda: desk.ticks)
    seen = len(desk.statuses)
    server.faults.flap()
    await eventually(lambda: sent(server, REQ_MARKET_DATA) == 2)
    assert sent(server, CANCEL_MARKET_DATA) == 1
    await eventually(lambda: server.lines_used() == 1)
    assert [(told.state, told.broken_farms) for told in desk.statuses[seen:]] == [
        (LinkState.UP, ("usfarm",)),
        (LinkState.UP, ()),
    ]
    desk.ticks.clear()
    exchange.push("AAPL", 204.5)
    await eventually(lambda: 204.5 in desk.prices())


async def test_a_farm_that_only_says_it_is_well_changes_nothing(desk: Desk, server: TwsServer) -> None:
    await desk.feed.hold(await desk.contracts.find("AAPL"))
    server.faults.notice(2104, "Market data farm connection is OK:usfarm")
    await desk.news.providers()
    assert sent(server, REQ_MARKET_DATA) == 1


async def test_a_farm_of_history_that_comes_back_disturbs_no_line(desk: Desk, server: TwsServer) -> None:
    await desk.feed.hold(await desk.contracts.find("AAPL"))
    server.faults.notice(2105, "HMDS data farm connection is broken:ushmds")
    await eventually(lambda: desk.session.status.broken_farms == ("ushmds",))
    server.faults.notice(2107, "HMDS data farm connection is inactive but should be available upon demand.:ushmds")
    await eventually(lambda: desk.session.status.broken_farms == ())
    await desk.news.providers()
    assert sent(server, REQ_MARKET_DATA) == 1


async def test_a_silent_link_says_since_when_it_knows_nothing(server: TwsServer) -> None:
    async with running(desk_at(server.port, heartbeat_s=0.3, answer_s=0.2, connect_timeout_s=0.3)) as desk:
        await desk.up()
        server.faults.silent = True
        for state, least_s in ((LinkState.DEGRADED, 0.3), (LinkState.DOWN, 0.5)):
            status = await desk.state(state)
            assert status.heard is not None
            # Between them lie the pause and the questions that nobody answered.
            assert (status.since - status.heard).total_seconds() >= least_s


async def test_our_own_stop_fails_what_is_pending(desk: Desk, server: TwsServer) -> None:
    server.faults.silent = True
    asking = asyncio.ensure_future(desk.contracts.search("AAPL"))
    await eventually(lambda: sent(server, "81") == 1)
    await desk.session.stop()
    with pytest.raises(LinkDown):
        await asking
    assert desk.session.status.reason is LinkReason.STOPPED


async def test_a_drop_fails_what_is_pending(desk: Desk, server: TwsServer) -> None:
    server.faults.silent = True
    asking = asyncio.ensure_future(desk.contracts.search("AAPL"))
    await eventually(lambda: sent(server, "81") == 1)
    server.faults.drop()
    with pytest.raises(LinkDown):
        await asking


async def test_without_a_link_a_request_says_so_at_once() -> None:
    desk = desk_at(1)
    with pytest.raises(LinkDown):
        await desk.contracts.find("AAPL")


async def test_321_on_a_request_is_an_answer_and_not_a_hang(desk: Desk, server: TwsServer) -> None:
    server.faults.answer_with("reqContractDetails", 321, count=1)
    with pytest.raises(BrokerError) as caught:
        await desk.contracts.find("AAPL")
    assert caught.value.code == 321
    assert (await desk.contracts.find("AAPL")).con_id == 265598


async def test_a_request_that_is_never_answered_times_out(server: TwsServer) -> None:
    async with running(desk_at(server.port)) as desk:
        await desk.up()
        server.faults.silent = True
        desk.contracts._timeout_s = 0.1
        with pytest.raises(RequestTimeout):
            await desk.contracts.search("AAPL")


async def test_two_requests_that_share_a_key_are_both_answered(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.news.providers() for _ in range(3)), desk.orders.open_orders())
    assert [len(answer) for answer in answers] == [len(NEWS_PROVIDERS)] * 3 + [0]


async def test_a_callback_that_hangs_or_fails_does_not_hold_the_link(
    server: TwsServer, caplog: pytest.LogCaptureFixture
) -> None:
    desk = desk_at(server.port, sync_s=0.5)
    called = []

    async def hang() -> None:
        await asyncio.Event().wait()

    async def fail() -> None:
        raise KeyError("ours")

    async def work() -> None:
        called.append(await desk.contracts.find("AAPL"))

    for callback in (hang, fail, work):
        desk.session.on_up(callback)
    desk.session.on_status(lambda _status: called[99])
    async with running(desk):
        await desk.up()
        assert [one.symbol for one in called] == ["AAPL"]
    assert "KeyError" in caplog.text
    assert "was passed over" in caplog.text


async def test_frames_in_single_bytes_are_read(server: TwsServer, exchange: Exchange) -> None:
    server.faults.split = True
    async with running(desk_at(server.port)) as desk:
        await desk.up()
        await desk.feed.hold(await desk.contracts.find("AAPL"))
        exchange.push("AAPL", 199.75)
        await eventually(lambda: 199.75 in desk.prices())


async def test_garbage_does_not_end_the_link(desk: Desk, server: TwsServer) -> None:
    server.faults.unknown_message()
    server.faults.short_frame()
    assert await desk.contracts.find("MSFT")
    assert desk.session.status.is_usable


async def test_stop_before_anything_is_up_ends_run(server: TwsServer) -> None:
    server.faults.refuse("silence")
    desk = desk_at(server.port, connect_timeout_s=60.0)
    task = asyncio.ensure_future(desk.session.run())
    await desk.state(LinkState.CONNECTING)
    await desk.session.stop()
    await asyncio.wait_for(task, 5)
    assert desk.session.status.state is LinkState.DOWN


def test_the_default_address_is_the_gateways() -> None:
    assert (IbAddress().host, IbAddress().port) == ("127.0.0.1", 4002)
