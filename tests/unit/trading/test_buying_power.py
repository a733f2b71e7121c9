"""Buying power that orders take from each other: IBKR's figure is of what is held, and comes late."""

from dataclasses import replace
from decimal import Decimal

import pytest

from market.instrument import SecType
from market.ticket import parse
from tests.fakes.desk import CHAT, OTHER, DeskBench
from tests.fakes.order_events import fill, hear, paid, report
from tests.fakes.trading import AAPL, ACCOUNT
from trading.bounds import Limits
from trading.confirmation import Outcome
from trading.errors import Limit, OrderDenied
from trading.ports import OrderFate
from trading.proposal import LegState

D = Decimal
BUY = "buy 10 AAPL 199"


@pytest.fixture
def bench() -> DeskBench:
    """Return a desk whose account can buy for 2,000."""
    bench = DeskBench(Limits(buying_power=True))
    bench.market.summaries[ACCOUNT] = replace(bench.market.summaries[ACCOUNT], buying_power=D(2_000))
    return bench


async def left(bench: DeskBench) -> Decimal:
    """Return how much buying power an order that takes too much of it is told there is."""
    with pytest.raises(OrderDenied) as caught:
        await bench.propose("buy 200 AAPL 199")
    assert caught.value.limit is Limit.BUYING_POWER
    assert isinstance(caught.value.allowed, Decimal)
    return caught.value.allowed


async def test_a_second_order_has_what_the_first_leaves_up_to_its_edge(bench: DeskBench) -> None:
    await bench.sent("buy 5 AAPL 199")
    await bench.propose("buy 5 AAPL 201")
    with pytest.raises(OrderDenied) as caught:
        await bench.propose("buy 5 AAPL 201.01")
    assert (caught.value.limit, caught.value.allowed, caught.value.actual) == (
        Limit.BUYING_POWER,
        D("1005.00"),
        D("1005.05"),
    )


async def test_of_three_cards_one_after_the_other_one_is_sent_however_slowly(bench: DeskBench) -> None:
    cards = [await bench.propose(BUY) for _ in range(3)]
    found = []
    for card in cards:
        found.append((await bench.confirm(card)).outcome)
        await hear(bench, report(OrderFate.WORKING))
        bench.clock.advance(20)
    assert found == [Outcome.SENT, Outcome.DENIED, Outcome.DENIED]
    assert len(bench.gateway.submitted) == 1


async def test_what_another_person_has_ordered_takes_its_part_too(bench: DeskBench) -> None:
    await bench.sent(BUY)
    with pytest.raises(OrderDenied):
        await bench.desk.propose(parse(BUY), user_id=OTHER, chat_id=CHAT)


async def test_what_was_filled_counts_until_ibkrs_figure_has_it(bench: DeskBench) -> None:
    await bench.sent(BUY)
    await hear(bench, paid(fill(bench, 1, 10, 10)))
    assert bench.store.rows[1].legs[0].state is LegState.FILLED
    bench.clock.advance(9.9)
    assert await left(bench) == 10
    bench.clock.advance(0.1)
    assert await left(bench) == 2_000


async def test_of_an_order_that_is_filled_in_part_the_rest_counts(bench: DeskBench) -> None:
    await bench.sent(BUY)
    await hear(bench, fill(bench, 1, 4, 4))
    assert await left(bench) == 10
    bench.clock.advance(10)
    assert await left(bench) == 2_000 - 6 * 199


async def test_what_was_never_filled_takes_nothing(bench: DeskBench) -> None:
    await bench.sent(BUY)
    await hear(bench, report(OrderFate.CANCELLED))
    assert await left(bench) == 2_000


async def test_what_closes_takes_nothing_and_needs_nothing(bench: DeskBench) -> None:
    bench.market.held = D(30)
    await bench.sent("sell 10 AAPL 199")
    assert await left(bench) == 2_000
    await bench.sent(BUY)
    await bench.propose("sell 10 AAPL market")


async def test_a_bracket_takes_what_its_entry_does(bench: DeskBench) -> None:
    await bench.sent("buy 5 AAPL 199 tp 260 sl 190")
    assert await left(bench) == 2_000 - 5 * 199


async def test_of_a_pair_the_dearer_half_counts_once(bench: DeskBench) -> None:
    await bench.sent("buy 5 AAPL 199 oco stop 205")
    assert await left(bench) == 2_000 - 5 * 205


async def test_what_ibkr_reckons_as_margin_takes_nothing_here(bench: DeskBench) -> None:
    free = bench.open_desk(Limits(kinds=None))
    bench.desk, tight = free, bench.desk
    bench.market.instrument = replace(AAPL, sec_type=SecType.FUTURE, multiplier="50")
    await bench.sent("buy 1 AAPL 199")
    bench.desk, bench.market.instrument = tight, AAPL
    assert await left(bench) == 2_000


async def test_a_working_order_makes_room_for_its_own_new_terms(bench: DeskBench) -> None:
    await bench.sent(BUY)
    order = bench.store.rows[1].order_of(bench.store.rows[1].legs[0])
    shown = report(OrderFate.WORKING, instrument=order.instrument, ticket=order.ticket)
    await hear(bench, shown)
    bench.gateway.open = [shown]
    changed = replace(order.ticket, limit_price=D(200))
    assert (await bench.desk.propose_change("sb-1-1", changed, user_id=222, chat_id=CHAT)).id == 2
    too_many = replace(order.ticket, quantity=D(11))
    with pytest.raises(OrderDenied) as caught:
        await bench.desk.propose_change("sb-1-1", too_many, user_id=222, chat_id=CHAT)
    assert caught.value.limit is Limit.BUYING_POWER


async def test_a_restart_forgets_nothing_of_it(bench: DeskBench) -> None:
    await bench.sent(BUY)
    bench.desk = bench.open_desk(Limits(buying_power=True))
    assert await left(bench) == 10
