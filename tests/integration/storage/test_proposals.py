"""Proposals, legs and fills on a real database: one tap wins, and nothing is told twice."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from market.account import Fill
from market.instrument import Instrument
from market.ticket import OrderTicket, OrderType, Side
from storage.database import Database
from storage.outbox import MessageState, OutboxMessage, Priority, SqlOutbox
from storage.proposals import SqlProposalStore
from tests.fakes.clock import FakeClock
from trading.codec import news_from_json
from trading.proposal import Leg, LegState, OrderNews, Preview, Proposal, ProposalState

NOW = FakeClock().now()
AAPL = Instrument(265598, "AAPL", primary_exchange="NASDAQ", name="APPLE INC")
CARD = Proposal(
    id=0,
    token="t0k3n-of-the-confirm-button",
    user_id=111,
    chat_id=1110,
    account="DU123",
    ticket=OrderTicket(Side.BUY, Decimal(10), "AAPL", OrderType.LIMIT, Decimal("199.50")),
    instrument=AAPL,
    created=NOW,
    expires=NOW + timedelta(seconds=60),
    reference_price=Decimal("199.62"),
    reference_time=NOW,
    preview=Preview(initial_margin_change=Decimal("997.50"), commission=Decimal("1.00"), commission_currency="USD"),
    warnings=("market closed",),
    legs=(Leg(number=1, order_ref=""),),
)
FILL = Fill(
    exec_id="0001.01",
    account="DU123",
    instrument=AAPL,
    side=Side.BUY,
    quantity=Decimal(4),
    price=Decimal("199.50"),
    time=NOW + timedelta(seconds=5),
    order_ref="sb-1-1",
    perm_id=77,
    order_id=5,
    client_id=17,
    cumulative=Decimal(4),
    average_price=Decimal("199.50"),
)


@pytest.fixture
def store(database: Database, outbox: SqlOutbox) -> SqlProposalStore:
    return SqlProposalStore(database, outbox)


async def shown(store: SqlProposalStore, card: Proposal = CARD) -> Proposal:
    proposal = await store.add(card)
    await store.bind(proposal.id, 500)
    return replace(proposal, message_id=500)


async def claim(store: SqlProposalStore, proposal: Proposal, **other: Any) -> Proposal | None:
    bound = {
        "token": proposal.token,
        "user_id": 111,
        "chat_id": 1110,
        "message_id": 500,
        "digest": proposal.digest,
        "now": NOW,
    } | other
    return await store.claim(bound.pop("token"), **bound)


def news(proposal: Proposal, state: LegState, filled: int = 0, at: datetime = NOW) -> OrderNews:
    leg = replace(proposal.legs[0], state=state, filled=Decimal(filled), order_id=5, perm_id=77)
    return OrderNews(proposal.with_leg(leg), leg, proposal.legs[0].state, at)


async def test_a_proposal_comes_back_as_it_went_with_its_orders_named_after_it(store: SqlProposalStore) -> None:
    added = await store.add(CARD)
    assert (added.id, added.legs[0].order_ref) == (1, "sb-1-1")
    assert await store.get(1) == added
    assert await store.by_token(CARD.token) == added
    assert await store.by_order_ref("sb-1-1") == added
    assert added == replace(CARD, id=1, legs=added.legs)
    assert await store.get(2) is None
    assert await store.by_token("other") is None
    assert await store.by_order_ref("sb-2-1") is None


async def test_the_confirmed_digest_is_that_of_the_stored_order(store: SqlProposalStore) -> None:
    added = await store.add(CARD)
    found = await store.get(added.id)
    assert found is not None
    assert found.digest == CARD.digest


async def test_of_twenty_taps_at_once_one_wins(store: SqlProposalStore) -> None:
    proposal = await shown(store)
    won = [result for result in await asyncio.gather(*(claim(store, proposal) for _ in range(20))) if result]
    assert won == [proposal.with_state(ProposalState.CONFIRMED)]
    assert await claim(store, proposal) is None


@pytest.mark.parametrize(
    "other",
    [
        {"token": "another"},
        {"user_id": 222},
        {"chat_id": 2220},
        {"message_id": 501},
        {"digest": "0" * 64},
        {"now": CARD.expires},
        {"now": CARD.expires + timedelta(days=1)},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_a_claim_must_match_in_all_it_is_bound_to(store: SqlProposalStore, other: dict[str, Any]) -> None:
    proposal = await shown(store)
    assert await claim(store, proposal, **other) is None
    assert await claim(store, proposal, now=CARD.expires - timedelta(microseconds=1)) is not None


async def test_a_card_that_telegram_has_not_acknowledged_cannot_be_claimed(store: SqlProposalStore) -> None:
    proposal = await store.add(CARD)
    assert await claim(store, proposal) is None


async def test_a_claim_is_on_the_disk_when_it_returns(store: SqlProposalStore, path: Path) -> None:
    await claim(store, await shown(store))
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT state FROM proposals").fetchall() == [("confirmed",)]
        assert other.execute("SELECT order_ref, state FROM legs").fetchall() == [("sb-1-1", "unsent")]


async def test_of_confirm_and_cancel_at_once_one_wins(store: SqlProposalStore) -> None:
    for number in range(8):
        proposal = await shown(store, replace(CARD, token=f"token-{number}"))
        presses = [claim(store, proposal), store.close(proposal.id, ProposalState.CANCELLED)]
        results = await asyncio.gather(*(presses if number % 2 else reversed(presses)))
        assert sum(bool(result) for result in results) == 1


async def test_what_is_closed_stays_closed(store: SqlProposalStore) -> None:
    proposal = await shown(store)
    assert await store.close(proposal.id, ProposalState.EXPIRED)
    assert not await store.close(proposal.id, ProposalState.CANCELLED)
    assert await claim(store, proposal) is None
    await store.settle(proposal.id, ProposalState.SUBMITTED)
    found = await store.get(proposal.id)
    assert found is not None
    assert found.state is ProposalState.EXPIRED


async def test_only_what_was_confirmed_is_settled_and_once(store: SqlProposalStore) -> None:
    proposal = await shown(store)
    await store.settle(proposal.id, ProposalState.SUBMITTED)
    assert await claim(store, proposal) is not None
    await store.settle(proposal.id, ProposalState.SUBMITTED)
    await store.settle(proposal.id, ProposalState.DENIED)
    found = await store.get(proposal.id)
    assert found is not None
    assert found.state is ProposalState.SUBMITTED


async def test_news_of_an_order_changes_its_leg_and_goes_to_the_cards_thread(
    store: SqlProposalStore, outbox: SqlOutbox, heard: list[Sequence[OutboxMessage]]
) -> None:
    proposal = await shown(store)
    told = news(proposal, LegState.FILLED, filled=10)
    await store.record(told)
    found = await store.get(proposal.id)
    assert found is not None
    assert found.legs == (told.leg,)
    row = await outbox.get(1)
    assert heard == [[row]]
    assert row is not None
    assert (row.kind, row.chat_id, row.reply_to) == ("order", 1110, 500)
    assert (row.state, row.priority, row.silent) == (MessageState.SENDING, Priority.ORDER, False)
    assert row.dedupe_key == "order:sb-1-1:filled:10"
    assert row.happened == NOW
    assert news_from_json(row.payload) == replace(told, proposal=replace(told.proposal, token=""))


async def test_the_same_news_twice_is_told_once(store: SqlProposalStore, outbox: SqlOutbox) -> None:
    proposal = await shown(store)
    for filled in (Decimal(10), Decimal("10.0"), Decimal("1E+1")):
        told = news(proposal, LegState.FILLED)
        await store.record(replace(told, leg=replace(told.leg, filled=filled)))
    assert await outbox.depth() == 1


async def test_each_part_of_a_fill_is_told(store: SqlProposalStore, outbox: SqlOutbox) -> None:
    proposal = await shown(store)
    await store.record(news(proposal, LegState.WORKING))
    for filled in (3, 7, 7):
        await store.record(news(proposal, LegState.PARTIAL, filled))
    await store.record(news(proposal, LegState.FILLED, 10))
    assert [(row.dedupe_key, row.silent) for row in await outbox.due(NOW, 10)] == [
        ("thread:1", True),
        ("shown:order:sb-1-1:partly filled:3", True),
        ("shown:order:sb-1-1:partly filled:7", True),
        ("order:sb-1-1:filled:10", False),
        ("shown:order:sb-1-1:filled:10", True),
    ]


async def test_a_late_note_that_it_was_sent_does_not_undo_the_fill(store: SqlProposalStore) -> None:
    proposal = await shown(store)
    told = news(proposal, LegState.FILLED, filled=10)
    await store.record(replace(told, leg=replace(told.leg, order_id=0)))
    await store.save_leg(proposal.id, replace(proposal.legs[0], state=LegState.SENT, order_id=5))
    found = await store.get(proposal.id)
    assert found is not None
    assert (found.legs[0].state, found.legs[0].filled, found.legs[0].order_id) == (LegState.FILLED, Decimal(10), 5)


async def test_a_late_note_that_it_was_sent_does_not_undo_that_it_works(store: SqlProposalStore) -> None:
    proposal = await shown(store)
    await store.record(news(proposal, LegState.PARTIAL, 3))
    await store.save_leg(proposal.id, replace(proposal.legs[0], state=LegState.SENT, order_id=5))
    found = await store.get(proposal.id)
    assert found is not None
    assert (found.legs[0].state, found.legs[0].filled) == (LegState.PARTIAL, Decimal(3))


async def test_an_order_given_up_as_unknown_is_told_each_time_it_is_found_again(
    store: SqlProposalStore, outbox: SqlOutbox
) -> None:
    proposal = await shown(store)
    working, unknown = LegState.WORKING, LegState.UNKNOWN
    before = LegState.SENT
    for state in (working, unknown, working, working, unknown, working):
        await store.record(replace(news(proposal, state), previous=before))
        before = state
    found = await store.get(proposal.id)
    assert found is not None
    assert found.legs[0].state is LegState.WORKING
    rows = await outbox.due(NOW, 20)
    assert [(row.dedupe_key, row.silent) for row in rows if row.kind == "order"] == [
        ("order:sb-1-1:unknown:0", False),
        ("order:sb-1-1:working:0", True),
        ("order:sb-1-1:unknown:0:1", False),
        ("order:sb-1-1:working:0:1", True),
    ]


async def test_news_that_comes_too_late_to_change_anything_is_not_told(
    store: SqlProposalStore, outbox: SqlOutbox
) -> None:
    proposal = await shown(store)
    await store.record(news(proposal, LegState.FILLED, 10))
    await store.record(news(proposal, LegState.WORKING))
    assert await outbox.depth() == 1


async def test_a_commission_that_comes_later_completes_the_leg_without_a_word(
    store: SqlProposalStore, outbox: SqlOutbox
) -> None:
    proposal = await shown(store)
    told = news(proposal, LegState.FILLED, filled=10)
    await store.record(told)
    complete = replace(told.leg, commission=Decimal("1.00"), average_price=Decimal("199.5"))
    await store.save_leg(proposal.id, complete)
    found = await store.get(proposal.id)
    assert found is not None
    assert found.legs == (complete,)
    assert await outbox.depth() == 1


async def test_words_about_an_order_at_work_go_into_the_message_that_shows_it(
    store: SqlProposalStore, outbox: SqlOutbox
) -> None:
    proposal = await shown(store)
    told = news(proposal, LegState.WORKING)
    await store.record(told)
    warned = replace(told.leg, message="'outside' is ignored")
    await store.save_anew(proposal.id, warned)
    await store.save_anew(proposal.id, warned)
    (_, row) = await outbox.due(NOW, 20)
    assert (row.kind, row.edit_key, row.silent) == ("thread", "thread:1", True)
    assert news_from_json(row.payload).leg == warned


async def test_a_commission_that_comes_after_the_fill_was_told_goes_into_both_messages_without_a_sound(
    store: SqlProposalStore, outbox: SqlOutbox, clock: FakeClock
) -> None:
    proposal = await shown(store)
    await store.record(news(proposal, LegState.WORKING))
    told = news(proposal, LegState.FILLED, filled=10)
    await store.record(told)
    first = clock.now()
    clock.advance(300)
    complete = replace(told.leg, commission=Decimal("1.00"), realized_pnl=Decimal("3.00"))
    await store.save_anew(proposal.id, complete)
    await store.save_anew(proposal.id, complete)
    rows = (await outbox.due(NOW, 20))[3:]
    assert [(row.kind, row.edit_key, row.silent, row.reply_to) for row in rows] == [
        ("thread", "thread:1", True, 500),
        ("order", "order:sb-1-1:filled:10", True, 500),
    ]
    for row in rows:
        anew = news_from_json(row.payload)
        assert (anew.leg, anew.proposal.legs) == (complete, (complete,))
        assert (anew.at, anew.previous) == (told.at, told.previous)
    assert rows[1].payload["told"] == first.isoformat()


async def test_what_the_filled_part_of_a_cancelled_order_cost_goes_into_the_message_of_its_end(
    store: SqlProposalStore, outbox: SqlOutbox
) -> None:
    proposal = await shown(store)
    for state in (LegState.PARTIAL, LegState.CANCELLED):
        await store.record(news(proposal, state, filled=4))
    ended = news(proposal, LegState.CANCELLED, filled=4).leg
    await store.save_anew(proposal.id, replace(ended, commission=Decimal("0.40")))
    keys = [row.edit_key for row in await outbox.due(NOW, 20) if row.dedupe_key.startswith("anew:")]
    assert keys == ["thread:1", "order:sb-1-1:cancelled:4"]


async def test_costs_of_what_nobody_was_told_are_stored_without_a_message(
    store: SqlProposalStore, outbox: SqlOutbox
) -> None:
    proposal = await shown(store)
    complete = replace(proposal.legs[0], state=LegState.FILLED, filled=Decimal(10), commission=Decimal("1.00"))
    await store.save_anew(proposal.id, complete)
    found = await store.get(proposal.id)
    assert found is not None
    assert found.legs == (complete,)
    assert await outbox.depth() == 0


async def test_the_message_that_shows_an_order_shows_its_new_terms(store: SqlProposalStore, outbox: SqlOutbox) -> None:
    proposal = await shown(store)
    await store.record(news(proposal, LegState.WORKING))
    moved = replace(proposal.ticket, limit_price=Decimal("198.5"))
    await store.save_terms(proposal.id, 1, moved)
    (_, row) = await outbox.due(NOW, 20)
    assert (row.kind, row.edit_key, row.silent) == ("thread", "thread:1", True)
    assert news_from_json(row.payload).proposal.ticket == moved


async def test_what_the_first_tables_had_no_column_for_is_kept_too(store: SqlProposalStore) -> None:
    proposal = await shown(store)
    sent = replace(proposal.legs[0], state=LegState.SENT, order_id=5, client_id=17)
    await store.save_leg(proposal.id, sent)
    filled = replace(sent, state=LegState.FILLED, commission=Decimal("1.20"), commission_currency="EUR")
    for leg in (sent, filled):
        await store.save_leg(proposal.id, leg)
        found = await store.get(proposal.id)
        assert found is not None
        assert found.legs == (leg,)


async def test_an_execution_is_news_once_and_its_commission_once(store: SqlProposalStore) -> None:
    proposal = await shown(store)
    priced = replace(FILL, commission=Decimal("1.05"), commission_currency="USD", realized_pnl=Decimal(0))
    fills = [FILL, FILL, priced, priced, FILL]
    assert [await store.record_fill(proposal.id, fill) for fill in fills] == [True, False, True, False, False]
    assert await store.fills_since("DU123", NOW) == [priced]
    assert await store.fills_since("DU123", FILL.time + timedelta(microseconds=1)) == []
    assert await store.fills_since("DU999", NOW) == []


async def test_a_correction_takes_the_place_of_the_execution_that_it_corrects(store: SqlProposalStore) -> None:
    proposal = await shown(store)
    first = replace(FILL, exec_id="0000e0d5.65.01.01", commission=Decimal(1), commission_currency="USD")
    other = replace(FILL, exec_id="0000e0d5.65.02.01", price=Decimal(201))
    corrected = replace(FILL, exec_id="0000e0d5.65.01.02", price=Decimal(190))
    told = [first, other, corrected, first, corrected]
    assert [await store.record_fill(proposal.id, fill) for fill in told] == [True, True, True, False, False]
    assert set(await store.fills_since("DU123", NOW)) == {other, corrected}


async def test_lists_hold_what_they_are_named_for(store: SqlProposalStore) -> None:
    late, soon, sent, done, foreign = [
        await shown(store, replace(CARD, token=name, expires=NOW + timedelta(seconds=seconds), user_id=user))
        for name, seconds, user in [("a", 60, 111), ("b", 5, 111), ("c", 60, 111), ("d", 60, 111), ("e", 60, 222)]
    ]
    for proposal in (sent, done):
        assert await claim(store, proposal) is not None
        await store.settle(proposal.id, ProposalState.SUBMITTED)
    assert await claim(store, foreign, user_id=222) is not None
    await store.record(news(done, LegState.CANCELLED))
    assert [p.id for p in await store.proposed_until(NOW + timedelta(seconds=5))] == [soon.id]
    assert [p.id for p in await store.unsettled()] == [sent.id, foreign.id]
    assert [p.id for p in await store.recent(111, 3)] == [done.id, sent.id, soon.id]
    assert late.id not in [p.id for p in await store.recent(222, 3)]


async def test_the_token_is_in_its_own_column_and_nowhere_else(
    store: SqlProposalStore, outbox: SqlOutbox, path: Path
) -> None:
    proposal = await shown(store)
    await store.record(news(proposal, LegState.FILLED, 10))
    with closing(sqlite3.connect(path)) as other:
        dump = "\n".join(other.iterdump())
    assert dump.count(CARD.token) == 1
    assert CARD.token not in f"{proposal!r} {await outbox.get(1)!r}"
    with pytest.raises(Exception, match="UNIQUE") as caught:
        await store.add(CARD)
    assert CARD.token not in str(caught.value)


async def test_what_was_confirmed_is_known_by_when_and_as_long_as_it_works(
    store: SqlProposalStore, database: Database
) -> None:
    hour = timedelta(hours=1)
    await shown(store)
    early, late, denied = [
        await shown(store, replace(CARD, token=f"another-token-of-a-card-{number}")) for number in range(3)
    ]
    assert await store.claims(NOW - hour) == []
    await claim(store, early)
    await claim(store, late, now=NOW + timedelta(seconds=30))
    await claim(store, denied)
    await store.settle(denied.id, ProposalState.DENIED)
    found = await store.claims(NOW - hour)
    assert [(one.proposal.id, one.at) for one in found] == [
        (early.id, NOW),
        (late.id, NOW + timedelta(seconds=30)),
    ]
    for one in (early, late):
        await store.settle(one.id, ProposalState.SUBMITTED)
        await store.save_leg(one.id, replace(one.legs[0], state=LegState.WORKING))
    await store.save_leg(early.id, replace(early.legs[0], state=LegState.CANCELLED))
    assert [one.proposal.id for one in await store.claims(NOW + timedelta(seconds=30))] == [late.id]
    assert [one.proposal.id for one in await store.claims(NOW + hour)] == [late.id]
    await database.writer.run(lambda connection: connection.exec_driver_sql("UPDATE proposals SET claimed = NULL"))
    assert [one.at for one in await store.claims(NOW - hour)] == [NOW, NOW]
