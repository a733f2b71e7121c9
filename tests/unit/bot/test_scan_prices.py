"""Prices of a scan's rows: nobody waits for the slowest, and what is known is not asked for again."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from alerts.codec import firing_to_json
from alerts.rule import ScanCause
from bot.scan_prices import ScanPrices, SentScans, UsualVolumes
from market.errors import NoMarketData
from market.instrument import Instrument
from market.quote import Bar, BarSize, Quote
from market.scan import ScanSpec
from storage.message import MessageState, OutboxMessage, Priority
from tests.fakes.chat import AAPL, BMW, MSFT, TRADER
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeBarSource, FakeTickFeed
from tests.unit.bot.samples import NOW, ROWS, fired

pytestmark = pytest.mark.looptime


class Snapshots:
    """Gives AAPL at once, MSFT never, and refuses the rest."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def fresh(self, instrument: Instrument, timeout_s: float = 3.0) -> Quote:
        self.asked.append(instrument.symbol)
        if instrument == MSFT:
            await asyncio.sleep(3600)
        if instrument != AAPL:
            raise NoMarketData(354, "not subscribed")
        return Quote(instrument, last=200.0, close=190.0)


def made(snapshots: Snapshots) -> tuple[ScanPrices, FakeTickFeed, FakeBarSource]:
    """Return prices over fakes."""
    ticks, bars = FakeTickFeed(), FakeBarSource()
    return ScanPrices(ticks, snapshots, UsualVolumes(bars, FakeClock())), ticks, bars


async def test_what_comes_in_time_is_shown_and_nobody_waits_for_the_rest() -> None:
    prices, _, _ = made(Snapshots())
    loop = asyncio.get_running_loop()
    begin = loop.time()
    found = await prices.of([AAPL, MSFT, BMW])
    assert list(found) == [AAPL.con_id]
    assert loop.time() - begin == pytest.approx(2.5)


async def test_what_streams_is_not_asked_for() -> None:
    snapshots = Snapshots()
    prices, ticks, _ = made(snapshots)
    ticks.quotes[MSFT.con_id] = Quote(MSFT, last=400.0, close=390.0)
    assert (await prices.of([MSFT]))[MSFT.con_id].last == 400.0
    assert not snapshots.asked


async def test_a_usual_volume_is_that_of_whole_days_and_asked_for_once_a_day() -> None:
    clock, bars = FakeClock(), FakeBarSource()
    midnight = clock.now().replace(hour=0)
    bars.history[AAPL.con_id, BarSize.DAY_1] = [
        Bar(midnight - timedelta(days=days), 1, 1, 1, 1, volume=volume)
        for days, volume in ((3, 100.0), (2, 300.0), (1, 0.0), (0, 9_000.0))
    ]
    volumes = UsualVolumes(bars, clock)
    assert volumes.of(AAPL.con_id) is None
    await volumes.learn(AAPL)
    await volumes.learn(AAPL)
    assert volumes.of(AAPL.con_id) == 200.0
    assert len(bars.asked) == 1
    clock.advance(86_400)
    await volumes.learn(AAPL)
    assert len(bars.asked) == 2


def row(kind: str, payload: dict[str, Any]) -> OutboxMessage:
    """Return a row that was sent just now."""
    delivery = (MessageState.SENT, Priority.NEWS, True, NOW, NOW, "key", None, None, "boot", 0, None, 7, "", False)
    return OutboxMessage(1, TRADER, kind, payload, *delivery)


async def test_prices_are_put_into_a_scanners_message_and_into_no_other() -> None:
    prices, _, _ = made(Snapshots())
    amended: list[tuple[int, list[int]]] = []

    async def amend(_row: OutboxMessage, message_id: int, known: Any) -> None:
        amended.append((message_id, list(known)))

    sent = SentScans(prices, amend)
    scan = fired("scan TOP_PERC_GAIN top 10", ScanCause(ScanSpec("TOP_PERC_GAIN", rows=10), ROWS))
    await sent.add(row("firing", firing_to_json(scan)), 7)
    assert amended == [(7, [AAPL.con_id])]
    await sent.add(row("notice", {"notice": "link lost"}), 8)
    await sent.add(row("scan", {"failed": "words"}), 9)
    assert len(amended) == 1
