"""What is written as JSON is read back the same."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.account import Position
from market.instrument import Instrument, SecType
from market.ticket import Size, SizeUnit
from tests.fakes.tickets import tickets
from trading import codec
from trading.proposal import Leg, LegOrder, LegRole, LegState, OrderNews, Preview, Proposal, ProposalState
from trading.summary import DailySummary, DayMove, Snapshot

money = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9)
words = st.text(max_size=12)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis wants bounds without a zone
instruments = st.builds(
    Instrument, con_id=st.integers(0, 2**40), symbol=words, sec_type=st.sampled_from(SecType), strike=st.floats(0, 1e6)
)
positions = st.builds(Position, instrument=instruments, quantity=money, average_cost=money)
orders = st.builds(
    LegOrder,
    role=st.sampled_from(LegRole),
    instrument=instruments,
    ticket=tickets(),
    account=words,
    parent=st.integers(0, 9),
    group=words,
    changes=words,
    reference_price=st.none() | money,
    rival_price=st.none() | money,
    bid=st.none() | money,
    ask=st.none() | money,
)
sizes = st.builds(Size, st.sampled_from(SizeUnit), money)
legs = st.builds(Leg, number=st.integers(1, 9), order_ref=words, filled=money, average_price=st.none() | money)
proposals = st.builds(
    Proposal,
    id=st.integers(0, 2**40),
    token=words,
    ticket=tickets(),
    instrument=instruments,
    created=times,
    expires=times,
    reference_time=st.none() | times,
    reference_price=st.none() | money,
    preview=st.none() | st.builds(Preview, commission=st.none() | money, warning=words),
    position_before=money,
    warnings=st.lists(words, max_size=3).map(tuple),
    legs=st.lists(legs, max_size=3).map(tuple),
    orders=st.lists(orders, max_size=2).map(tuple),
    state=st.sampled_from(ProposalState),
    asked=st.none() | sizes,
    changed_from=st.none() | tickets(),
)
moves = st.builds(DayMove, instrument=instruments, pnl=money, pct=st.none() | money)
patient = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value, allow_nan=False))


@patient
@given(proposals)
def test_a_proposal_and_what_its_confirm_is_bound_to(proposal: Proposal) -> None:
    read = codec.proposal_from_json(through_json(codec.proposal_to_json(proposal)))
    assert read == proposal
    assert read.instrument.label == proposal.instrument.label
    assert read.digest == proposal.digest


@patient
@given(proposal=proposals, leg=legs, previous=st.sampled_from(LegState), at=times, found=st.booleans())
def test_news_lose_nothing_but_the_token(
    proposal: Proposal, leg: Leg, previous: LegState, at: datetime, *, found: bool
) -> None:
    news = OrderNews(proposal, leg, previous, at, found)
    written = through_json(codec.news_to_json(news))
    read = codec.news_from_json(written)
    assert read.proposal.token == ""
    assert codec.proposal_to_json(read.proposal) == codec.proposal_to_json(proposal) | {"token": ""}
    assert (read.leg, read.previous, read.at, read.found_at_reconcile) == (leg, previous, at, found)


@patient
@given(
    st.builds(
        Snapshot,
        day=days,
        at=times,
        net_liquidation=money,
        cash=st.none() | money,
        positions=st.lists(positions, max_size=3).map(tuple),
    )
)
def test_a_snapshot(snapshot: Snapshot) -> None:
    assert codec.snapshot_from_json(through_json(codec.snapshot_to_json(snapshot))) == snapshot


@patient
@given(
    st.builds(
        DailySummary,
        day=days,
        at=times,
        net_liquidation=money,
        change_pct=st.none() | money,
        best=st.none() | moves,
        worst=st.none() | moves,
        fees=st.none() | money,
        curve=st.lists(st.tuples(days, money), max_size=3).map(tuple),
        since=st.none() | days,
    )
)
def test_a_summary(summary: DailySummary) -> None:
    assert codec.summary_from_json(through_json(codec.summary_to_json(summary))) == summary


def test_decimals_keep_their_digits() -> None:
    leg = Leg(1, "sb-1-1", filled=Decimal("0.10"), average_price=Decimal("199.4650"))
    assert codec.leg_to_json(leg)["average_price"] == "199.4650"
