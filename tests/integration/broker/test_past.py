"""What a rule would have done, from the simulated TWS' own history, over the real library."""

from collections.abc import AsyncIterator
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from alerts.history import Backtest, would_have_fired
from alerts.language import parse
from alerts.needs import symbols_of
from alerts.pastbars import PastBars
from alerts.rule import Rule
from market.quote import BarSize
from simulator.tws.exchange import Exchange
from simulator.tws.plan import RegularUS
from simulator.tws.server import TwsServer
from tests.integration.broker.conftest import CLOCK, Desk, desk_at, running


class Past:
    """A desk whose market keeps New York's hours, and the bars it was told."""

    def __init__(self, desk: Desk, server: TwsServer) -> None:
        self.desk = desk
        self.server = server
        self.clock = CLOCK
        self.bars = PastBars(desk.history, self.clock)

    async def run(self, text: str, days: int = 90) -> Backtest:
        now = self.clock.now()
        draft = parse(text, now, ZoneInfo("UTC"))
        found = {symbol: await self.desk.contracts.find(symbol) for symbol in symbols_of(draft)}
        rule = Rule(0, 111, 111, text, draft, found, now, now)
        return await would_have_fired(rule, self.bars, now, days, self.desk.contracts)

    def asked(self) -> int:
        """Return how many historical requests TWS has had."""
        return sum(fields[0] == "20" for fields in self.server.requests)


@pytest.fixture
async def past() -> AsyncIterator[Past]:
    server = TwsServer(Exchange(clock=CLOCK, walk=False, plan=RegularUS()))
    await server.start()
    async with running(desk_at(server.port)) as desk:
        await desk.up()
        desk.history._timeout_s = 30.0
        yield Past(desk, server)
    await server.stop()
    assert server.violations == []


async def test_a_level_within_the_last_months_was_reached_when_the_bars_say_so(past: Past) -> None:
    aapl = await past.desk.contracts.find("AAPL")
    level = round(median(bar.close for bar in await past.bars.bars(aapl, BarSize.HOUR_1, 1000)), 2)
    tested = await past.run(f"AAPL crosses {level}")
    assert (tested.unsupported, tested.note, tested.instrument) == ("", "", aapl)
    assert tested.firings
    for firing in tested.firings:
        (bar,) = [one for one in tested.bars if one.start <= firing.at < one.start + BarSize.HOUR_1.duration]
        assert bar.low <= firing.price <= bar.high
    assert all(abs(one.price / level - 1) < 0.1 for one in tested.firings)


async def test_looking_again_asks_tws_nothing(past: Past) -> None:
    first = await past.run("AAPL rsi(14, 1h) < 40")
    asked = past.asked()
    again = await past.run("AAPL rsi(14, 1h) < 40")
    assert (past.asked(), asked) == (1, 1)
    assert [one.at for one in again.firings] == [one.at for one in first.firings]
    assert len(first.firings) > 1


async def test_a_days_move_fires_at_most_once_a_session_and_within_it(past: Past) -> None:
    tested = await past.run("AAPL +1%")
    zone = ZoneInfo("America/New_York")
    times = [one.at.astimezone(zone) for one in tested.firings]
    assert times
    assert len({at.date() for at in times}) == len(times)
    assert all("09:30" <= f"{at:%H:%M}" < "16:00" for at in times)
