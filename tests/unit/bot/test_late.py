"""The price now, added to what was told late."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from alerts.codec import firing_to_json
from alerts.rule import Firing
from bot.errors import MessageRefused
from bot.late import LatePrices
from bot.views.gathered import Reason, entry_of, gathered, gathered_to_json
from market.errors import LinkDown
from market.quote import Quote
from storage.message import MessageState, OutboxMessage, Priority
from tests.fakes.chat import AAPL, MSFT, FakeFloor
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeTickFeed
from tests.fakes.firings import news_firing, price_firing


class Desk:
    """A floor whose quotes are asked for, and what was amended with which prices."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.floor, self.live = FakeFloor(self.clock), FakeTickFeed()
        self.amended: list[tuple[int, int, list[int]]] = []
        self.refused: Exception | None = None
        self.late = LatePrices(self.live, self.floor, self.floor, self._amend, self.clock)

    async def _amend(self, row: OutboxMessage, message_id: int, known: Mapping[int, Quote]) -> None:
        if self.refused:
            raise self.refused
        self.amended.append((row.id, message_id, sorted(known)))

    def row(self, kind: str, payload: dict[str, object], at: datetime) -> OutboxMessage:
        ends = (None, None, "boot", 0, None, 5, "", False)
        return OutboxMessage(7, 222, kind, payload, MessageState.SENT, Priority.ALERT, False, at, at, "key", *ends)

    def firing(self, firing: Firing) -> OutboxMessage:
        return self.row("firing", firing_to_json(firing), firing.at)


async def test_a_late_firing_gets_the_price_now_and_one_in_time_asks_for_none() -> None:
    desk = Desk()
    at = desk.clock.now()
    row = desk.firing(price_firing(1, at))
    await desk.late.add(row, 55)
    assert desk.amended == []
    desk.clock.advance(31)
    await desk.late.add(row, 55)
    assert desk.amended == [(7, 55, [AAPL.con_id])]


async def test_a_price_that_streams_stands_in_the_message_already() -> None:
    desk = Desk()
    at = desk.clock.now() - timedelta(minutes=5)
    desk.live.quotes[AAPL.con_id] = Quote(AAPL, last=201.0)
    await desk.late.add(desk.firing(price_firing(1, at)), 55)
    assert desk.amended == []


async def test_a_headline_in_time_gets_the_price_now_too() -> None:
    desk = Desk()
    await desk.late.add(desk.firing(news_firing(1, desk.clock.now())), 55)
    assert desk.amended == [(7, 55, [AAPL.con_id])]


async def test_of_many_headlines_at_once_a_few_get_their_price() -> None:
    desk = Desk()
    row = desk.firing(news_firing(1, desk.clock.now()))
    await asyncio.gather(*(desk.late.add(row, number) for number in range(20)))
    assert len(desk.amended) == 3
    await desk.late.add(row, 55)
    assert len(desk.amended) == 4


async def test_a_digest_gets_each_price_once_and_its_edits_none() -> None:
    desk = Desk()
    at = desk.clock.now() - timedelta(minutes=5)
    firings = [price_firing(1, at), price_firing(2, at, instrument=MSFT), news_firing(3, at)]
    payload = gathered_to_json(gathered(Reason.BURST, [entry_of(firing_to_json(one)) for one in firings]))
    await desk.late.add(desk.row("digest", payload | {"root": None}, at), 55)
    await desk.late.add(desk.row("digest", payload | {"root": 7}, at), 55)
    assert desk.amended == [(7, 55, sorted([AAPL.con_id, MSFT.con_id]))]


@pytest.mark.parametrize("trouble", ["no link", "no chat"])
async def test_where_no_price_comes_or_no_edit_is_taken_the_message_stays_as_it_is(trouble: str) -> None:
    desk = Desk()
    if trouble == "no link":
        desk.floor.find_error = LinkDown()
    else:
        desk.refused = MessageRefused("gone")
    await desk.late.add(desk.firing(price_firing(1, desk.clock.now() - timedelta(minutes=5))), 55)
    assert desk.amended == []
