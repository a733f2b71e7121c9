"""An order that nobody knows of is given up on the word of the person who looked for it in TWS."""

from dataclasses import replace
from decimal import Decimal

import pytest

from market.errors import RequestTimeout
from tests.fakes.desk import CHAT, OTHER, TRADER, DeskBench
from tests.fakes.order_events import fill, hear, paid, report, told
from trading.errors import OrderDenied, OrderGone, ProposalGone
from trading.limits import Limits
from trading.ports import OrderFate
from trading.proposal import LegState, Proposal


@pytest.fixture
async def bench() -> DeskBench:
    """Return a bench whose first order was sent, and of which IBKR knows nothing."""
    bench = DeskBench(Limits(position_value=Decimal(2000)))
    await bench.sent("buy 10 AAPL 199.5 gtc")
    await bench.tracker.reconcile()
    assert bench.leg_state == "unknown"
    return bench


async def disown(bench: DeskBench, user_id: int = TRADER) -> Proposal:
    return await bench.desk.disown(1, user_id=user_id, chat_id=CHAT)


async def test_it_is_told_as_never_sent_and_counts_no_longer(bench: DeskBench) -> None:
    with pytest.raises(OrderDenied):
        await bench.propose("buy 5 AAPL 199.5")
    assert (await disown(bench)).is_over
    assert told(bench) == ["unknown 0", "not sent 0"]
    assert bench.audit.lines[-1] == ("disown", "#1", "not sent", "not in TWS")
    await bench.propose("buy 5 AAPL 199.5")


async def test_one_that_ibkr_knows_by_now_is_kept(bench: DeskBench) -> None:
    bench.gateway.open.append(report(OrderFate.WORKING))
    with pytest.raises(OrderGone):
        await disown(bench)
    assert bench.leg_state == "unknown"


async def test_while_ibkr_does_not_answer_in_full_nobodys_word_is_enough(bench: DeskBench) -> None:
    bench.gateway.query_errors["completed"] = RequestTimeout("completed orders", 10.0)
    with pytest.raises(RequestTimeout):
        await disown(bench)
    assert bench.leg_state == "unknown"


async def test_nobody_gives_anothers_order_up_nor_one_that_works(bench: DeskBench) -> None:
    with pytest.raises(ProposalGone):
        await disown(bench, OTHER)
    await hear(bench, report(OrderFate.WORKING))
    with pytest.raises(OrderGone):
        await disown(bench)
    assert bench.leg_state == "working"


async def test_where_it_turns_up_what_ibkr_says_counts_again(bench: DeskBench) -> None:
    await disown(bench)
    await hear(bench, report(OrderFate.WORKING))
    assert bench.leg_state == "working"
    await hear(bench, paid(fill(bench, 1, 10, 10)))
    assert told(bench) == ["unknown 0", "not sent 0", "working 0", "filled 10"]


async def test_an_execution_alone_revives_it_too(bench: DeskBench) -> None:
    await disown(bench)
    await hear(bench, paid(fill(bench, 1, 4, 4)))
    assert told(bench)[-1] == "partly filled 4"
    (leg,) = bench.store.rows[1].legs
    assert leg.state is LegState.PARTIAL


async def test_an_order_that_ibkr_has_spoken_of_is_not_a_persons_to_give_up(bench: DeskBench) -> None:
    row = bench.store.rows[1]
    bench.store.rows[1] = row.with_leg(replace(row.legs[0], perm_id=777))
    with pytest.raises(OrderGone):
        await disown(bench)
