"""From the link's states to gaps: since when nothing is known, and of what."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.gaps import GapWatch
from broker.status import LinkReason, LinkState, LinkStatus
from market.instrument import Instrument
from tests.unit.alerts.drafts import AAPL, EURUSD, MSFT, NOW, rule
from tests.unit.alerts.gapdesk import MINUTE, Desk

SECOND = timedelta(seconds=1)


class Link:
    """A link whose states the gap watch takes in; it is up, and all is live at NOW."""

    def __init__(self) -> None:
        self.desk = Desk(rule("AAPL > 300"), rule("MSFT > 500", 2), rule("EUR.USD > 2", 3))
        self.watch = GapWatch(self.desk.catchup, self.desk.engine.backlog, lambda: self.desk.watcher.last_tick)
        self.status = LinkStatus(LinkState.UP, NOW)

    async def begin(self) -> None:
        await self.desk.catchup.begin()
        self.goes(LinkState.UP)
        await self.fill()

    def goes(self, state: LinkState, reason: LinkReason = LinkReason.NONE, *, heard: datetime | None = None) -> None:
        at = self.desk.clock.now()
        self.status = replace(self.status, state=state, reason=reason, since=at, heard=heard or at)
        self.watch.take(self.status)

    def farms(self, *broken: str) -> None:
        self.status = replace(self.status, broken_farms=broken, heard=self.desk.clock.now())
        self.watch.take(self.status)

    def after(self, minutes: float) -> datetime:
        """Let time pass up to so many minutes after NOW; return that moment."""
        at = NOW + minutes * MINUTE
        self.desk.clock.advance((at - self.desk.clock.now()).total_seconds())
        return at

    def ticks(self, *instruments: Instrument) -> datetime:
        for one in instruments:
            self.desk.print(100.0, one)
        return self.desk.clock.now()

    def goes_on(self, minutes: float, *instruments: Instrument) -> datetime:
        """Let these tick every second up to so many minutes after NOW."""
        while self.desk.clock.now() < NOW + minutes * MINUTE:
            self.desk.clock.advance(1)
            self.ticks(*instruments)
            self.desk.catchup._eclipse.look()
        return self.desk.clock.now()

    async def fill(self) -> None:
        await self.desk.catchup.fill()

    @property
    def behind(self) -> dict[int, datetime]:
        return dict(self.desk.engine.backlog.since)


@pytest.fixture
async def link() -> Link:
    link = Link()
    await link.begin()
    return link


def all_since(at: datetime) -> dict[int, datetime]:
    return {one.con_id: at for one in (AAPL, MSFT, EURUSD)}


async def test_a_lost_link_is_a_gap_since_its_last_bytes(link: Link) -> None:
    link.after(5)
    link.goes(LinkState.DOWN, LinkReason.SILENT, heard=NOW + 4 * MINUTE)
    assert link.behind == all_since(NOW + 4 * MINUTE)
    assert link.desk.catchup.count == 3


async def test_of_a_link_that_is_lost_step_by_step_the_first_counts(link: Link) -> None:
    lost = link.after(5)
    link.goes(LinkState.DEGRADED, LinkReason.SILENT)
    for minute, state in enumerate((LinkState.DOWN, LinkState.CONNECTING, LinkState.SYNCING), 6):
        link.after(minute)
        link.goes(state)
    assert link.behind == all_since(lost)
    link.goes(LinkState.UP)
    assert link.behind == all_since(lost)
    await link.fill()
    assert link.behind == {}


@pytest.mark.parametrize(("ticked_s", "begin_s"), [(280, 280), (230, 240), (None, 240)])
async def test_where_tws_lost_ibkr_ticks_had_ended_before_a_minute_at_most(
    link: Link, ticked_s: int | None, begin_s: int
) -> None:
    if ticked_s is not None:
        link.after(ticked_s / 60)
        link.ticks(MSFT)
    link.after(5)
    link.goes(LinkState.DEGRADED, LinkReason.LOST_IBKR)
    assert link.behind == all_since(NOW + begin_s * SECOND)


async def test_a_farm_that_heals_leaves_a_gap_of_what_was_silent_since_its_last_tick(link: Link) -> None:
    link.after(1)
    ticked = link.ticks(AAPL, MSFT, EURUSD)
    link.after(1.2)
    link.farms("usfarm")
    link.goes_on(20, MSFT, EURUSD)
    link.farms()
    assert link.behind == {AAPL.con_id: ticked}


async def test_what_was_silent_for_long_is_looked_up_from_a_minute_before_its_farm_broke(link: Link) -> None:
    link.after(10)
    link.farms("usfarm")
    link.goes_on(20, MSFT, EURUSD)
    link.farms()
    assert link.behind == {AAPL.con_id: NOW + 9 * MINUTE}


async def test_a_tick_that_was_on_its_way_as_the_farm_broke_hides_no_gap(link: Link) -> None:
    link.after(1)
    link.farms("usfarm")
    link.after(1.01)
    last = link.ticks(AAPL)
    link.goes_on(5, MSFT, EURUSD)
    link.farms()
    assert link.behind == {AAPL.con_id: last}


async def test_a_tick_just_before_the_farm_is_said_to_be_back_hides_no_gap(link: Link) -> None:
    link.after(1)
    last = link.ticks(AAPL)
    link.farms("usfarm")
    link.goes_on(5, MSFT, EURUSD)
    link.ticks(AAPL, MSFT, EURUSD)
    link.farms()
    assert link.behind == {AAPL.con_id: last}


async def test_each_of_several_farms_has_its_own_gap(link: Link) -> None:
    first = link.ticks(AAPL, MSFT, EURUSD)
    link.after(0.5)
    link.farms("usfarm")
    second = link.goes_on(10, MSFT, EURUSD)
    link.farms("cashfarm", "usfarm")
    link.goes_on(20, MSFT)
    link.farms("cashfarm")
    assert link.behind == {AAPL.con_id: first, EURUSD.con_id: second}
    await link.fill()
    link.goes_on(30, MSFT, AAPL)
    link.farms()
    assert link.behind[EURUSD.con_id] == second
    assert MSFT.con_id not in link.behind


async def test_a_link_that_is_lost_while_a_farm_is_down_does_not_forget_what_the_farm_owes(link: Link) -> None:
    dark = link.ticks(AAPL)
    link.after(0.5)
    link.farms("usfarm")
    lost = link.goes_on(20, MSFT, EURUSD)
    link.goes(LinkState.DOWN, LinkReason.CLOSED)
    assert link.behind == {AAPL.con_id: dark, MSFT.con_id: lost, EURUSD.con_id: lost}
    link.after(30)
    link.goes(LinkState.UP)
    assert link.behind == {AAPL.con_id: dark, MSFT.con_id: lost, EURUSD.con_id: lost}
    await link.fill()
    assert link.behind == {}


async def test_a_farm_that_breaks_and_heals_makes_no_gap_of_what_went_on(link: Link) -> None:
    link.ticks(AAPL, MSFT, EURUSD)
    link.farms("usfarm")
    link.goes_on(6, AAPL, MSFT, EURUSD)
    link.farms()
    assert link.behind == {}


async def test_farms_of_bars_and_contracts_send_no_prices(link: Link) -> None:
    link.farms("secdefil", "ushmds")
    link.after(6)
    link.farms()
    assert link.behind == {}


async def test_the_same_word_twice_changes_nothing(link: Link) -> None:
    link.after(5)
    for _ in range(2):
        link.farms("usfarm")
    link.after(6)
    for _ in range(2):
        link.goes(LinkState.DOWN, LinkReason.CLOSED)
    assert link.behind[AAPL.con_id] == NOW + 4 * MINUTE
