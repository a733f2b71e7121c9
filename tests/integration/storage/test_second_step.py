"""Codes and approvals on a real database: used once, locked at the fifth, over restarts."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from market.instrument import Instrument
from market.ticket import OrderTicket, OrderType, Side
from storage.database import Database
from storage.outbox import SqlOutbox
from storage.proposals import SqlProposalStore
from storage.second_step import SqlStepStore
from tests.fakes.clock import FakeClock
from tests.fakes.steps import SECRET
from trading.proposal import Leg, Proposal, ProposalState
from trading.second_step import Approval, Enrolment

NOW = FakeClock().now()
TOM = Enrolment(222, SECRET, NOW)
CARD = Proposal(
    id=0,
    token="t0k3n-of-the-confirm-button",
    user_id=222,
    chat_id=222,
    account="DU123",
    ticket=OrderTicket(Side.BUY, Decimal(10), "AAPL", OrderType.MARKET),
    instrument=Instrument(265598, "AAPL"),
    created=NOW,
    expires=NOW + timedelta(seconds=60),
    legs=(Leg(number=1, order_ref=""),),
)


@pytest.fixture
def steps(database: Database) -> SqlStepStore:
    return SqlStepStore(database)


async def test_a_new_secret_takes_the_place_of_an_unconfirmed_one_only(steps: SqlStepStore) -> None:
    assert await steps.begin(TOM)
    assert await steps.begin(Enrolment(222, "A" * 32, NOW))
    assert await steps.spend(222, 1000)
    assert not await steps.begin(TOM)
    found = await steps.enrolment(222)
    assert found == Enrolment(222, "A" * 32, NOW, is_confirmed=True, last_counter=1000)


async def test_of_ten_uses_of_one_code_at_once_one_counts(steps: SqlStepStore) -> None:
    await steps.begin(TOM)
    assert sum(await asyncio.gather(*(steps.spend(222, 1000) for _ in range(10)))) == 1
    assert not await steps.spend(222, 999)
    assert await steps.spend(222, 1001)


async def test_the_fifth_wrong_one_locks_and_begins_a_new_row(steps: SqlStepStore) -> None:
    await steps.begin(TOM)
    until = NOW + timedelta(hours=1)
    said = [await steps.failed(222, most=5, until=until) for _ in range(6)]
    assert [one and (one.failures, one.locked_until) for one in said] == [
        *((count, None) for count in range(1, 5)),
        (0, until),
        (1, until),
    ]
    assert await steps.unlock(222)
    assert not await steps.unlock(222)
    assert await steps.enrolment(222) == TOM
    assert await steps.failed(999, most=5, until=until) is None


async def test_what_was_used_is_used_after_a_restart(path: Path, database: Database, clock: FakeClock) -> None:
    steps = SqlStepStore(database)
    await steps.begin(TOM)
    await steps.spend(222, 1000)
    await database.close()
    again = await Database.open(f"sqlite:///{path}", clock=clock, boot_id="boot-2")
    try:
        assert not await SqlStepStore(again).spend(222, 1000)
    finally:
        await again.close()


async def test_each_who_may_approve_has_one_button_for_a_proposal(
    database: Database, outbox: SqlOutbox, steps: SqlStepStore
) -> None:
    proposal = await SqlProposalStore(database, outbox).add(CARD)
    ada, lee = Approval("token-a", proposal.id, 111), Approval("token-l", proposal.id, 444)
    await steps.add_approvals([ada, lee])
    await steps.bind("token-a", 55)
    assert await steps.approval("token-a") == Approval("token-a", proposal.id, 111, 55)
    await steps.add_approvals([Approval("token-b", proposal.id, 111)])
    assert await steps.approval("token-a") is None
    assert [one.token for one in await steps.approvals_of(proposal.id)] == ["token-b", "token-l"]


async def test_a_secret_is_in_a_file_that_its_owner_alone_may_read(path: Path, steps: SqlStepStore) -> None:
    await steps.begin(TOM)
    for part in path.parent.glob(f"{path.name}*"):
        assert part.stat().st_mode & 0o077 == 0, part


async def test_of_ten_confirms_at_once_one_makes_it_wait_and_of_ten_approvals_one_claims(
    database: Database, outbox: SqlOutbox
) -> None:
    store = SqlProposalStore(database, outbox)
    proposal = await store.add(CARD)
    await store.bind(proposal.id, 500)
    shown = replace(proposal, message_id=500)
    until = NOW + timedelta(seconds=120)
    held = await asyncio.gather(*(store.hold(shown, now=NOW, until=until) for _ in range(10)))
    (waiting,) = [one for one in held if one is not None]
    assert await store.get(proposal.id) == waiting
    assert (waiting.state, waiting.expires) == (ProposalState.AWAITING_SECOND, until)
    bound: dict[str, Any] = {"user_id": 222, "chat_id": 222, "message_id": 500, "digest": proposal.digest, "now": NOW}
    assert await store.claim(proposal.token, **bound) is None
    claims = await asyncio.gather(
        *(store.claim(proposal.token, **bound, state=ProposalState.AWAITING_SECOND) for _ in range(10))
    )
    assert sum(one is not None for one in claims) == 1


async def test_what_waits_for_a_second_person_expires_and_is_closed_like_a_card(
    database: Database, outbox: SqlOutbox
) -> None:
    store = SqlProposalStore(database, outbox)
    proposal = await store.add(CARD)
    await store.bind(proposal.id, 500)
    until = NOW + timedelta(seconds=120)
    await store.hold(replace(proposal, message_id=500), now=NOW, until=until)
    assert await store.proposed_until(until - timedelta(seconds=1)) == []
    assert [one.id for one in await store.proposed_until(until)] == [proposal.id]
    assert await store.close(proposal.id, ProposalState.EXPIRED)
    assert not await store.close(proposal.id, ProposalState.CANCELLED)


async def test_a_card_of_another_message_or_past_its_time_is_not_made_to_wait(
    database: Database, outbox: SqlOutbox
) -> None:
    store = SqlProposalStore(database, outbox)
    proposal = await store.add(CARD)
    await store.bind(proposal.id, 500)
    until = NOW + timedelta(seconds=120)
    assert await store.hold(replace(proposal, message_id=501), now=NOW, until=until) is None
    assert await store.hold(replace(proposal, message_id=500), now=CARD.expires, until=until) is None
