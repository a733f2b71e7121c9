"""Proposals of several orders on a real database: a row for each leg, and terms that follow IBKR's."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from market.ticket import parse
from storage.database import Database
from storage.outbox import SqlOutbox
from storage.proposals import SqlProposalStore
from tests.fakes.clock import FakeClock
from tests.fakes.trading import AAPL, ACCOUNT
from trading.plan import orders_of
from trading.proposal import Leg, LegOrder, LegRole, LegState, OrderNews, Proposal, ProposalState

NOW = FakeClock().now()


@pytest.fixture
def store(database: Database, outbox: SqlOutbox) -> SqlProposalStore:
    return SqlProposalStore(database, outbox)


def card(line: str, **more: object) -> Proposal:
    ticket = parse(line)
    orders = orders_of(ticket, AAPL, ACCOUNT, "sb-group")
    shown = Proposal(
        0,
        "t0k3n",
        111,
        1110,
        ACCOUNT,
        ticket,
        AAPL,
        NOW,
        NOW + timedelta(seconds=60),
        orders=orders if len(orders) > 1 else (),
        legs=tuple(Leg(number, "") for number in range(1, len(orders) + 1)),
    )
    return replace(shown, **more)  # type: ignore[arg-type]  each test says what is different


async def test_each_leg_has_a_name_of_its_own_and_comes_back_with_what_it_sends(store: SqlProposalStore) -> None:
    added = await store.add(card("buy 10 AAPL 199.5 tp 210 sl 190"))
    assert [leg.order_ref for leg in added.legs] == ["sb-1-1", "sb-1-2", "sb-1-3"]
    for leg in added.legs:
        found = await store.by_order_ref(leg.order_ref)
        assert found == added
    assert found is not None
    assert found.digest == added.digest


async def test_the_states_of_legs_do_not_touch_each_other(store: SqlProposalStore) -> None:
    added = await store.add(card("buy 10 AAPL 199.5 tp 210 sl 190"))
    await store.save_leg(1, replace(added.legs[1], state=LegState.SENT, order_id=102, client_id=17))
    await store.save_leg(1, replace(added.legs[0], state=LegState.SENT, order_id=101, client_id=17))
    await store.save_leg(1, replace(added.legs[2], state=LegState.NOT_SENT, message="closed"))
    found = await store.get(1)
    assert found is not None
    assert [(leg.state, leg.order_id, leg.client_id) for leg in found.legs] == [
        (LegState.SENT, 101, 17),
        (LegState.SENT, 102, 17),
        (LegState.NOT_SENT, 0, 0),
    ]


async def test_what_will_never_be_sent_is_not_open_any_more(store: SqlProposalStore) -> None:
    added = await store.add(card("sell 10 AAPL 210 oco stop 190", message_id=5))
    claimed = await store.claim("t0k3n", user_id=111, chat_id=1110, message_id=5, digest=added.digest, now=NOW)
    assert claimed is not None
    for leg, state in zip(added.legs, (LegState.CHANGED, LegState.NOT_SENT), strict=True):
        assert len(await store.unsettled()) == 1
        await store.save_leg(1, replace(leg, state=state))
    assert await store.unsettled() == []


async def test_new_terms_are_those_of_their_leg_and_keep_what_was_noted(store: SqlProposalStore) -> None:
    added = await store.add(card("buy 10 AAPL 199.5 tp 210 sl 190"))
    await store.save_leg(1, replace(added.legs[2], state=LegState.WORKING, order_id=103, client_id=17))
    moved = replace(added.orders[2].ticket, stop_price=Decimal(195))
    await store.save_terms(1, 3, moved)
    found = await store.get(1)
    assert found is not None
    assert [order.ticket for order in found.orders] == [added.orders[0].ticket, added.orders[1].ticket, moved]
    assert (found.ticket.stop_loss, found.legs[2].client_id) == (Decimal(195), 17)


async def test_new_terms_of_a_plain_order_are_its_ticket(store: SqlProposalStore) -> None:
    added = await store.add(card("buy 10 AAPL 199.5"))
    await store.save_terms(added.id, 1, parse("buy 8 AAPL 198"))
    found = await store.get(added.id)
    assert found is not None
    assert (found.ticket, found.orders) == (parse("buy 8 AAPL 198"), ())


async def test_a_change_and_a_list_come_back_with_what_makes_them_one(store: SqlProposalStore) -> None:
    changed = LegOrder(LegRole.CHANGE, AAPL, parse("buy 10 AAPL 199"), ACCOUNT, changes="sb-1-1")
    part = LegOrder(LegRole.PART, AAPL, parse("sell 5 AAPL market"), "DU2", reference_price=Decimal("200.1"))
    for number, order in enumerate((changed, part), start=1):
        asked = card("buy 10 AAPL 199", token=f"t{number}", orders=(order,), notes=("SPY stays",))
        added = await store.add(replace(asked, changed_from=parse("buy 10 AAPL 199.5")))
        found = await store.get(added.id)
        assert found == added
        assert found is not None
        assert (found.orders, found.notes) == ((order,), ("SPY stays",))


async def test_each_leg_is_told_once_for_each_of_its_states(store: SqlProposalStore, outbox: SqlOutbox) -> None:
    added = await store.add(card("buy 10 AAPL 199.5 tp 210 sl 190"))
    now = replace(added, state=ProposalState.SUBMITTED)
    for leg in added.legs:
        working = replace(leg, state=LegState.WORKING, perm_id=70 + leg.number)
        news = OrderNews(now.with_leg(working), working, leg.state, NOW)
        await store.record(news)
        await store.record(news)
    found = await store.get(1)
    assert found is not None
    assert [leg.perm_id for leg in found.legs] == [71, 72, 73]
    assert await outbox.depth() == 3
