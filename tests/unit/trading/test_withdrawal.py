"""Taking back all that works: what IBKR is asked, and what it could not be."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from market.errors import LinkDown, RequestTimeout
from tests.fakes.desk import ADMIN, CHAT, TRADER, DeskBench
from trading.confirmation import Outcome
from trading.errors import OrderGone
from trading.proposal import LegState
from trading.withdrawal import NO_NUMBER


@pytest.fixture
def bench() -> DeskBench:
    return DeskBench()


async def test_what_could_not_be_cancelled_is_told_beside_what_could(bench: DeskBench) -> None:
    for line in ("buy 10 AAPL 199.5", "buy 11 AAPL 199.5", "buy 12 AAPL 199.5"):
        await bench.sent(line)
    bench.gateway.cancel_errors = {102: OrderGone("sb-2-1")}
    withdrawn = await bench.desk.cancel_all(TRADER, CHAT)
    assert [one.id for one in withdrawn.asked] == [1, 3]
    assert [(one.proposal.id, one.reason) for one in withdrawn.kept] == [(2, "TWS does not list it as open")]
    noted = [line[1:] for line in bench.audit.lines if line[0] == "cancel order"]
    assert noted == [
        ("#1", "asked", "all"),
        ("#3", "asked", "all"),
        ("#2", "not asked", "TWS does not list it as open"),
    ]


async def test_what_was_asked_before_the_link_was_lost_is_told(bench: DeskBench) -> None:
    await bench.sent("buy 10 AAPL 199.5")
    await bench.sent("buy 11 AAPL 199.5")
    bench.gateway.cancel_errors = {102: LinkDown("closed")}
    withdrawn = await bench.desk.cancel_all(TRADER, CHAT)
    assert [one.id for one in withdrawn.asked] == [1]
    assert [(one.proposal.id, one.reason) for one in withdrawn.kept] == [(2, "closed")]


async def test_an_order_that_left_and_is_not_noted_yet_is_cancelled_too(bench: DeskBench) -> None:
    has_left = asyncio.Event()
    bench.gateway.submit_turns, bench.gateway.during_submit = 20, lambda _ref: has_left.set()
    proposal = await bench.propose()
    pressed = asyncio.ensure_future(bench.confirm(proposal))
    await has_left.wait()
    withdrawn = await bench.desk.cancel_all(ADMIN, CHAT)
    assert (await pressed).outcome is Outcome.SENT
    assert [one.id for one in withdrawn.asked] == [1]
    assert bench.gateway.cancelled == [101]


async def test_an_order_of_which_no_id_was_noted_is_told_as_one_that_may_work(bench: DeskBench) -> None:
    sent = await bench.sent()
    bench.store.rows[1] = sent.with_leg(replace(sent.legs[0], order_id=0, state=LegState.UNKNOWN))
    withdrawn = await bench.desk.cancel_all(TRADER, CHAT)
    assert not withdrawn.asked
    assert [one.reason for one in withdrawn.kept] == [NO_NUMBER]


async def test_of_a_bracket_half_of_which_could_be_asked_for_both_is_told(bench: DeskBench) -> None:
    sent = await bench.sent("buy 10 AAPL 199.5 tp 210 sl 190")
    bench.store.rows[1] = sent.with_leg(replace(sent.legs[0], state=LegState.FILLED, filled=Decimal(10)))
    bench.gateway.cancel_errors = {sent.legs[1].order_id: RequestTimeout("open orders", 10.0)}
    withdrawn = await bench.desk.cancel_all(TRADER, CHAT)
    assert bench.gateway.cancelled == [sent.legs[2].order_id]
    assert [one.id for one in withdrawn.asked] == [1]
    assert [(one.proposal.id, one.reason) for one in withdrawn.kept] == [(1, "timeout")]
