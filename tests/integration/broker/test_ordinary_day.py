"""Everything once, at both server versions, without a complaint from anyone."""

import logging
import re
from decimal import Decimal

import pytest

from broker.library import NAME
from market.quote import BarSize
from market.scan import ScanSpec
from market.ticket import OrderTicket, OrderType, Side
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.fakes.trading import entry
from tests.integration.broker.conftest import CLOCK, desk_at, running
from trading.ports import OrderFate


@pytest.mark.parametrize("version", [176, 178])
async def test_an_ordinary_day_leaves_no_error_in_any_log(version: int, caplog: pytest.LogCaptureFixture) -> None:
    exchange = Exchange(clock=CLOCK)
    server = TwsServer(exchange, server_version=version, sample_s=0.01)
    await server.start()
    async with running(desk_at(server.port)) as desk:
        caplog.set_level(logging.ERROR, f"{NAME}.wrapper")
        await desk.up()
        assert desk.session.status.server_version <= version
        for symbol in ("AAPL", "EUR.USD", "SPX", "BRK.B"):
            instrument = await desk.contracts.find(symbol)
            await desk.feed.hold(instrument)
            await desk.feed.fresh(instrument)
            assert await desk.history.bars(instrument, BarSize.HOUR_1, 5)
        aapl = await desk.contracts.find("AAPL")
        await desk.news.hold(aapl)
        await desk.news.hold(None)
        await desk.news.headlines(aapl, 5)
        await desk.scans.run_once(ScanSpec("MOST_ACTIVE", rows=5))
        ticket = OrderTicket(Side.BUY, Decimal(10), "AAPL", OrderType.MARKET)
        await desk.orders.preview(aapl, ticket, "DU1234567")
        await desk.orders.submit(entry(aapl, ticket), "sb-1-1")
        await eventually(lambda: any(report.fate is OrderFate.FILLED for report in desk.reports))
        assert await desk.orders.executions()
        assert await desk.orders.completed_orders()
        assert await desk.orders.open_orders() == []
        await desk.feed.release(aapl)
        await desk.news.release(aapl)
    await server.stop()
    assert server.violations == []
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    # The library calls every "no" an error: SPX is no share, and a scan that has ended has been cancelled.
    assert [text for text in said if not re.match("Error (200|162),", text)] == []
