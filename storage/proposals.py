"""
Proposals, their legs and their executions.

Everything here is written by the durable writer. A Confirm is claimed by one UPDATE that demands all it is bound to;
of any number of taps, one finds the row. Tokens are kept in their own column only: neither the JSON beside it nor the
outbox's payload has them, and the engines hide parameters from errors and logs.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, UnaryExpression, func, insert, or_, select, update

from market.account import Fill
from market.ticket import OrderTicket
from storage import order_thread
from storage.columns import Instant
from storage.database import Database
from storage.legs import fills_since, leg_columns, legs_of, store_fill, store_leg
from storage.outbox import OutboxMessage, SqlOutbox
from storage.tables import legs, proposals
from trading.codec import proposal_from_json, proposal_to_json
from trading.plan import with_terms
from trading.ports import Claim
from trading.proposal import Leg, LegState, OrderNews, Proposal, ProposalState

_UNSETTLED = (ProposalState.CONFIRMED, ProposalState.SUBMITTED)
_STANDING = tuple(state for state in ProposalState if state.is_standing)
_FINAL = tuple(state for state in LegState if state.is_final)


class SqlProposalStore:
    """Implements `trading.ports.ProposalStore`. An id is never used twice: IBKR remembers it in order references."""

    def __init__(self, database: Database, outbox: SqlOutbox) -> None:
        self._database = database
        self._outbox = outbox

    async def add(self, proposal: Proposal) -> Proposal:
        """Store a new proposal; return it with its id and with its legs' order references made from it."""
        return await self._database.writer.run(lambda connection: _add(connection, proposal))

    async def get(self, proposal_id: int) -> Proposal | None:
        """Return the proposal, or None."""
        return await self._one(proposals.c.id == proposal_id)

    async def by_token(self, token: str) -> Proposal | None:
        """Return the proposal that this token was made for, whatever became of it, or None."""
        return await self._one(proposals.c.token == token)

    async def by_order_ref(self, order_ref: str) -> Proposal | None:
        """Return the proposal of an `sb-…` reference, or None."""
        of_leg = select(legs.c.proposal_id).where(legs.c.order_ref == order_ref)
        return await self._one(proposals.c.id.in_(of_leg))

    async def bind(self, proposal_id: int, message_id: int) -> None:
        """Note the message that shows the card."""
        await self._change(proposals.c.id == proposal_id, message_id=message_id)

    async def claim(
        self,
        token: str,
        *,
        user_id: int,
        chat_id: int,
        message_id: int,
        digest: str,
        now: datetime,
        state: ProposalState = ProposalState.PROPOSED,
    ) -> Proposal | None:
        """
        *state* -> CONFIRMED by one atomic statement, durable when it returns; None if it was not there to claim.

        All of token, user, chat, message and digest must match, and *now* must be before its expiry.
        """
        statement = (
            update(proposals)
            .where(
                proposals.c.token == token,
                proposals.c.user_id == user_id,
                proposals.c.chat_id == chat_id,
                proposals.c.message_id == message_id,
                proposals.c.digest == digest,
                proposals.c.state == state,
                proposals.c.expires > now,
            )
            .values(state=ProposalState.CONFIRMED, claimed=now)
            .returning(proposals.c.id)
        )

        def unit(connection: Connection) -> Proposal | None:
            claimed = connection.execute(statement).scalar_one_or_none()
            return None if claimed is None else _load(connection, proposals.c.id == claimed)[0]

        return await self._database.writer.run(unit)

    async def hold(self, proposal: Proposal, *, now: datetime, until: datetime) -> Proposal | None:
        """PROPOSED -> AWAITING_SECOND by one atomic statement, with *until* as its expiry; bound as `claim` is."""
        statement = (
            update(proposals)
            .where(
                proposals.c.token == proposal.token,
                proposals.c.user_id == proposal.user_id,
                proposals.c.chat_id == proposal.chat_id,
                proposals.c.message_id == proposal.message_id,
                proposals.c.digest == proposal.digest,
                proposals.c.state == ProposalState.PROPOSED,
                proposals.c.expires > now,
            )
            .values(state=ProposalState.AWAITING_SECOND, expires=until)
        )
        if await self._database.writer.run(lambda connection: connection.execute(statement).rowcount) != 1:
            return None
        return replace(proposal, state=ProposalState.AWAITING_SECOND, expires=until)

    async def close(self, proposal_id: int, state: ProposalState) -> bool:
        """PROPOSED or AWAITING_SECOND -> *state* by one atomic statement; False if it was neither any more."""
        where = proposals.c.id == proposal_id, proposals.c.state.in_(_STANDING)
        return await self._change(*where, state=state) == 1

    async def settle(self, proposal_id: int, state: ProposalState) -> None:
        """CONFIRMED -> *state*; in any other state nothing changes."""
        await self._change(proposals.c.id == proposal_id, proposals.c.state == ProposalState.CONFIRMED, state=state)

    async def save_leg(self, proposal_id: int, leg: Leg) -> None:
        """Store a leg's new state without telling anyone; what IBKR said meanwhile stays (`storage.legs.merged`)."""
        await self._database.writer.run(lambda connection: store_leg(connection, proposal_id, leg))

    async def save_anew(self, proposal_id: int, leg: Leg) -> None:
        """Store the costs of an order that is over, or IBKR's words about one at work; what was told shows them."""
        await self._told_anew(proposal_id, lambda connection: store_leg(connection, proposal_id, leg), leg)

    async def save_terms(self, proposal_id: int, number: int, ticket: OrderTicket) -> None:
        """
        Store the terms that leg *number* works on now (see `trading.plan.with_terms`).

        The message that shows how the orders stand shows these terms then.
        """
        await self._told_anew(proposal_id, lambda connection: _save_terms(connection, proposal_id, number, ticket))

    async def record(self, news: OrderNews) -> None:
        """
        Store the leg's new state and the message about it in one transaction; the same news twice is told once.

        News is what changes the stored leg: what was said before is said again where the leg has moved meanwhile.
        """

        def unit(connection: Connection) -> Sequence[OutboxMessage]:
            if not store_leg(connection, news.proposal.id, news.leg):
                return ()
            return order_thread.put(connection, self._outbox, news)

        self._outbox.announce(await self._database.writer.run(unit))

    async def record_fill(self, proposal_id: int, fill: Fill) -> bool:
        """Keep an execution (again with its commission); False if it was known in full already."""
        return await self._database.writer.run(lambda connection: store_fill(connection, proposal_id, fill))

    async def fills_since(self, account: str, since: datetime) -> Sequence[Fill]:
        """Return an account's executions of our own orders at or after *since*, oldest first."""
        async with self._database.reading() as connection:
            return await connection.run_sync(fills_since, account, since)

    async def proposed_until(self, now: datetime) -> Sequence[Proposal]:
        """Return PROPOSED and AWAITING_SECOND proposals whose time has run out at *now*."""
        return await self._list(proposals.c.state.in_(_STANDING), proposals.c.expires <= now)

    async def unsettled(self) -> Sequence[Proposal]:
        """Return CONFIRMED and SUBMITTED proposals that have a leg which is not final."""
        pending = select(legs.c.proposal_id).where(legs.c.state.not_in(_FINAL))
        return await self._list(proposals.c.state.in_(_UNSETTLED), proposals.c.id.in_(pending))

    async def claims(self, since: datetime) -> Sequence[Claim]:
        """Return the proposals confirmed and not called off: *since* then, and every one with a leg not final."""
        pending = select(legs.c.proposal_id).where(legs.c.state.not_in(_FINAL))
        # Those of earlier versions have no moment of their own.
        at = func.coalesce(proposals.c.claimed, proposals.c.created, type_=Instant)
        where = proposals.c.state.in_(_UNSETTLED), or_(at >= since, proposals.c.id.in_(pending))

        def unit(connection: Connection) -> list[Claim]:
            times = {row.id: row.at for row in connection.execute(select(proposals.c.id, at.label("at")).where(*where))}
            return [Claim(one, times[one.id]) for one in _load(connection, proposals.c.id.in_(times))]

        async with self._database.reading() as connection:
            return await connection.run_sync(unit)

    async def recent(self, user_id: int, limit: int) -> Sequence[Proposal]:
        """Return the user's latest proposals, newest first."""
        async with self._database.reading() as connection:
            newest = proposals.c.id.desc()
            return await connection.run_sync(_load, proposals.c.user_id == user_id, order=newest, limit=limit)

    async def _told_anew(
        self, proposal_id: int, change: Callable[[Connection], object], leg: Leg | None = None
    ) -> None:
        """Make a *change* and let the messages about the proposal, and the end of *leg*, show it: one transaction."""

        def unit(connection: Connection) -> Sequence[OutboxMessage]:
            change(connection)
            now = _load(connection, proposals.c.id == proposal_id)[0]
            return order_thread.put_anew(connection, self._outbox, now, leg)

        self._outbox.announce(await self._database.writer.run(unit))

    async def _one(self, condition: ColumnElement[bool]) -> Proposal | None:
        found = await self._list(condition)
        return found[0] if found else None

    async def _list(self, *conditions: ColumnElement[bool]) -> list[Proposal]:
        async with self._database.reading() as connection:
            return await connection.run_sync(_load, *conditions)

    async def _change(self, *conditions: ColumnElement[bool], **values: object) -> int:
        statement = update(proposals).where(*conditions).values(**values)
        return await self._database.writer.run(lambda connection: connection.execute(statement).rowcount)


def _add(connection: Connection, proposal: Proposal) -> Proposal:
    statement = insert(proposals).values(
        token=proposal.token,
        user_id=proposal.user_id,
        chat_id=proposal.chat_id,
        message_id=proposal.message_id,
        digest=proposal.digest,
        state=proposal.state,
        created=proposal.created,
        expires=proposal.expires,
        data=proposal_to_json(replace(proposal, token="", legs=())),
    )
    new_id: int = connection.execute(statement.returning(proposals.c.id)).scalar_one()
    named = tuple(replace(leg, order_ref=f"sb-{new_id}-{leg.number}") for leg in proposal.legs)
    if named:
        connection.execute(insert(legs), [leg_columns(leg) | {"proposal_id": new_id} for leg in named])
    return replace(proposal, id=new_id, legs=named)


def _save_terms(connection: Connection, proposal_id: int, number: int, ticket: OrderTicket) -> None:
    data = connection.execute(select(proposals.c.data).where(proposals.c.id == proposal_id)).scalar_one()
    now = proposal_to_json(with_terms(proposal_from_json(data), number, ticket))
    kept = {**data, **{name: now[name] for name in ("ticket", "orders") if name in now}}
    connection.execute(update(proposals).where(proposals.c.id == proposal_id).values(data=kept))


def _load(
    connection: Connection,
    *conditions: ColumnElement[bool],
    order: ColumnElement[int] | UnaryExpression[int] = proposals.c.id,
    limit: int | None = None,
) -> list[Proposal]:
    rows = connection.execute(select(proposals).where(*conditions).order_by(order).limit(limit)).all()
    found = legs_of(connection, {row.id: row.data for row in rows})
    return [_proposal(row, found.get(row.id, ())) for row in rows]


def _proposal(row: Row[Any], its_legs: tuple[Leg, ...]) -> Proposal:
    return replace(
        proposal_from_json(row.data),
        id=row.id,
        token=row.token,
        state=ProposalState(row.state),
        expires=row.expires,
        message_id=row.message_id,
        legs=its_legs,
    )
