"""An order that IBKR took off the market: by a person, or by its own time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from market.hours import Hours
from market.instrument import Instrument
from market.ticket import parse
from tests.fakes.desk import CARD, CHAT, TRADER, DeskBench
from tests.fakes.order_events import hear, report, told
from tests.fakes.trading import AAPL, ACCOUNT
from trading.batch import part
from trading.codec import proposal_from_json, proposal_to_json
from trading.errors import OrderDenied, TimeUp
from trading.lifetime import by_time, ending, is_past
from trading.limits import Limits
from trading.ports import OrderFate
from trading.proposal import Leg, LegState, Proposal

CLOSE = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
BLANK = "Order Canceled - reason:"
SECOND = timedelta(seconds=1)


def proposed(line: str) -> Proposal:
    ticket = parse(line)
    apple = Instrument(265598, "AAPL")
    made = CLOSE - timedelta(hours=3)
    return Proposal(
        1, "token", 111, 111, "DU1", ticket, apple, made, made, legs=(Leg(1, "sb-1-1", LegState.WORKING),), closes=CLOSE
    )


def ended(line: str, at: datetime | None, message: str = "") -> LegState:
    """Return how the order of *line* stands after IBKR said that it is cancelled."""
    proposal = proposed(line)
    before = proposal.legs[0]
    return by_time(proposal, before, replace(before, state=LegState.CANCELLED, message=message), at).state


@pytest.mark.parametrize(
    ("zone", "end"),
    [
        ("America/New_York", datetime(2026, 12, 25, 4, 59, 59, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2026, 12, 24, 14, 59, 59, tzinfo=UTC)),
        ("", datetime(2026, 12, 25, 4, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_last_day_ends_where_the_exchange_is_in_new_york_if_that_is_not_known(zone: str, end: datetime) -> None:
    found = ending(parse("buy 5 AAPL 150 gtd 2026-12-24"), Hours(zone, ()) if zone else None, CLOSE)
    assert (found.good_till, found.last_day) == (end, None)


@pytest.mark.parametrize("end", ["2026-11-18T21:00Z", "2026-11-17", "2020-01-01 16:00"])
def test_an_end_that_is_over_is_refused(end: str) -> None:
    with pytest.raises(TimeUp):
        ending(parse(f"buy 5 AAPL 150 gtd {end}"), None, CLOSE)


@pytest.mark.parametrize("end", ["2026-11-18T21:00:01Z", "2026-11-18"])
def test_an_end_to_come_is_taken(end: str) -> None:
    assert ending(parse(f"buy 5 AAPL 150 gtd {end}"), None, CLOSE).good_till


async def test_the_orders_of_a_list_end_with_the_exchanges_day_too() -> None:
    bench = DeskBench()
    ticket = parse("buy 10 AAPL 199.5 gtd 2026-12-24")
    orders = [part(AAPL, ticket, ACCOUNT)]
    proposal = await bench.desk.propose_list(ticket, orders, user_id=TRADER, chat_id=CHAT)
    await bench.desk.shown(proposal.id, CARD)
    await bench.confirm(bench.store.rows[proposal.id])
    ((_, sent, _),) = bench.gateway.submitted
    assert sent.good_till == proposal.ticket.good_till == datetime(2026, 12, 25, 4, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("message", ["", BLANK, "Cancelled by System:"])
@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("buy 5 AAPL 150", CLOSE + SECOND),
        ("buy 5 AAPL 150", CLOSE - SECOND),
        ("buy 5 AAPL loc 150", CLOSE + SECOND),
        ("buy 5 AAPL 150 ioc", CLOSE - timedelta(hours=3)),
        ("buy 5 AAPL 150 gtd 2026-11-18T19:00:00Z", CLOSE - timedelta(hours=2)),
    ],
)
def test_what_ends_at_its_own_time_is_expired(line: str, at: datetime, message: str) -> None:
    assert ended(line, at, message) is LegState.EXPIRED


@pytest.mark.parametrize(
    ("line", "at", "message"),
    [
        ("buy 5 AAPL 150", CLOSE - timedelta(seconds=6), ""),
        ("buy 5 AAPL 150 gtc", CLOSE + SECOND, ""),
        ("buy 5 AAPL 150 outside", CLOSE + SECOND, ""),
        ("buy 5 AAPL 150 gtd 2026-11-18T19:00:00Z", CLOSE - timedelta(hours=2, seconds=6), ""),
        ("buy 5 AAPL 150", CLOSE + SECOND, "Cancelled by Trader"),
        ("buy 5 AAPL 150", CLOSE + SECOND, BLANK + "We cannot accept an order at a limit price"),
        ("buy 5 AAPL 150", None, ""),
    ],
)
def test_what_somebody_or_a_rule_ended_is_cancelled(line: str, at: datetime | None, message: str) -> None:
    assert ended(line, at, message) is LegState.CANCELLED


def test_what_was_told_as_cancelled_stays_so_when_ibkr_repeats_it_after_the_close() -> None:
    proposal = proposed("buy 5 AAPL 150")
    over = replace(proposal.legs[0], state=LegState.CANCELLED)
    assert by_time(proposal, over, over, CLOSE + SECOND) == over


def test_without_the_hours_an_order_of_the_day_is_cancelled() -> None:
    proposal = replace(proposed("buy 5 AAPL 150"), closes=None)
    before = proposal.legs[0]
    after = replace(before, state=LegState.CANCELLED)
    assert by_time(proposal, before, after, CLOSE + SECOND) == after


def test_the_close_is_kept_with_the_proposal() -> None:
    proposal = proposed("buy 5 AAPL 150")
    assert proposal_from_json(proposal_to_json(proposal)) == proposal


async def test_what_an_immediate_order_did_not_get_is_told_as_expired() -> None:
    bench = DeskBench()
    await bench.sent("buy 10 AAPL 199.5 ioc")
    await hear(bench, report(OrderFate.CANCELLED))
    assert told(bench) == ["expired 0"]


WEEKS = timedelta(days=30)


@pytest.mark.parametrize(
    ("line", "after", "is_over"),
    [
        ("buy 5 AAPL 150", timedelta(hours=11), False),
        ("buy 5 AAPL 150", timedelta(hours=12), True),
        ("buy 5 AAPL 150 outside", timedelta(hours=12), True),
        ("buy 5 AAPL 150 ioc", timedelta(hours=12), True),
        ("buy 5 AAPL 150 gtd 2026-11-19T21:00:00Z", timedelta(hours=35), False),
        ("buy 5 AAPL 150 gtd 2026-11-19T21:00:00Z", timedelta(hours=36), True),
        ("buy 5 AAPL 150 gtc", WEEKS, False),
    ],
)
def test_an_order_cannot_work_longer_than_its_own_time(line: str, after: timedelta, is_over: bool) -> None:
    proposal = proposed(line)
    assert is_past(proposal, proposal.legs[0], CLOSE + after) is is_over


@pytest.mark.parametrize("changes", [{"closes": None}, {"expires": CLOSE}, {"instrument": Instrument(1, "MSFT")}])
def test_where_the_end_of_its_day_is_not_known_it_takes_longer_than_any_holiday(changes: dict[str, object]) -> None:
    proposal = replace(proposed("buy 5 AAPL 150"), orders=(proposed("buy 5 AAPL 150").order_of(Leg(1, "")),), **changes)  # type: ignore[arg-type]
    assert not is_past(proposal, proposal.legs[0], CLOSE + timedelta(days=9))
    assert is_past(proposal, proposal.legs[0], CLOSE + timedelta(days=10))


@pytest.mark.parametrize(("line", "still_counts"), [("buy 10 AAPL 199.5", False), ("buy 10 AAPL 199.5 gtc", True)])
async def test_an_order_that_ibkr_never_spoke_of_counts_as_one_at_work_for_its_own_time(
    line: str,
    still_counts: bool,
) -> None:
    bench = DeskBench(Limits(position_value=Decimal(2000)))
    await bench.sent(line)
    await bench.tracker.reconcile()
    assert bench.store.rows[1].legs[0].state is LegState.UNKNOWN
    with pytest.raises(OrderDenied):
        await bench.propose("buy 5 AAPL 199.5")
    bench.clock.advance(24 * 3600)
    if still_counts:
        with pytest.raises(OrderDenied):
            await bench.propose("buy 5 AAPL 199.5")
    else:
        await bench.propose("buy 5 AAPL 199.5")
