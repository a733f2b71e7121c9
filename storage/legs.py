"""
A proposal's orders and their executions, as rows; used by `storage/proposals.py` within its transactions.

What the first tables had no column for (`_NOTED`) is kept in the proposal's JSON, by the leg's number.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from market.account import Fill, execution_of, revision_of
from market.codec import instrument_from_json, instrument_to_json
from market.ticket import Side
from storage.statement import insert_new
from storage.tables import fills, legs, proposals
from trading.proposal import Leg, LegState

_NOTES = "leg_notes"
_NOTED = ("client_id", "commission_currency")


def store_leg(connection: Connection, proposal_id: int, leg: Leg) -> bool:
    """
    Store *leg* as it now stands, without going back behind what is stored (see `merged`).

    Return whether that changed its state or how much of it is filled.
    """
    where = legs.c.proposal_id == proposal_id, legs.c.number == leg.number
    data = connection.execute(select(proposals.c.data).where(proposals.c.id == proposal_id)).scalar_one()
    stored = _leg(connection.execute(select(legs).where(*where)).one(), data)
    now = merged(stored, leg)
    connection.execute(update(legs).where(*where).values(**leg_columns(now)))
    notes = {name: getattr(now, name) for name in _NOTED}
    if notes != {name: getattr(stored, name) for name in _NOTED}:
        noted = {**data, _NOTES: {**data.get(_NOTES, {}), str(leg.number): notes}}
        connection.execute(update(proposals).where(proposals.c.id == proposal_id).values(data=noted))
    return (now.state, now.filled) != (stored.state, stored.filled)


def merged(stored: Leg, coming: Leg) -> Leg:
    """
    Return what to store of *coming* when *stored* is there already.

    Two tell of one order: the desk that sent it, and IBKR's events, which may overtake the desk's note. A final state
    is never left for one that is not, unless only a person said so, and "sent" is no news once IBKR has the order
    working; the ids still are.
    """
    is_late = stored.state.is_final and not coming.state.is_final and not stored.is_disowned
    is_overtaken = coming.state is LegState.SENT and stored.state in {LegState.WORKING, LegState.PARTIAL}
    if not is_late and not is_overtaken:
        return coming
    return replace(
        stored,
        order_id=stored.order_id or coming.order_id,
        perm_id=stored.perm_id or coming.perm_id,
        client_id=stored.client_id or coming.client_id,
    )


def leg_columns(leg: Leg) -> dict[str, Any]:
    """Return what a row holds of *leg*, but for its proposal."""
    return {name: value for name, value in asdict(leg).items() if name not in _NOTED}


def legs_of(connection: Connection, data: Mapping[int, Mapping[str, Any]]) -> dict[int, tuple[Leg, ...]]:
    """Return each proposal's legs, by number; *data* is the JSON of each proposal id."""
    found: dict[int, list[Leg]] = defaultdict(list)
    statement = select(legs).where(legs.c.proposal_id.in_(data)).order_by(legs.c.number)
    for row in connection.execute(statement):
        found[row.proposal_id].append(_leg(row, data[row.proposal_id]))
    return {proposal_id: tuple(of_one) for proposal_id, of_one in found.items()}


def store_fill(connection: Connection, proposal_id: int, fill: Fill) -> bool:
    """
    Keep an execution, or its commission, which comes later; False if nothing of it was new.

    A correction takes the place of what it corrects; what was corrected already is no news.
    """
    known = connection.execute(select(fills.c.exec_id).where(fills.c.proposal_id == proposal_id)).scalars()
    others = [one for one in known if one != fill.exec_id and execution_of(one) == fill.execution]
    if any(revision_of(one) > fill.revision for one in others):
        return False
    connection.execute(delete(fills).where(fills.c.exec_id.in_(others)))
    values = {name: getattr(fill, name) for name in _FILL_FIELDS}
    values |= {"proposal_id": proposal_id, "instrument": instrument_to_json(fill.instrument)}
    added = connection.execute(insert_new(connection, fills, "exec_id").returning(fills.c.exec_id), values)
    if added.one_or_none() is not None:
        return True
    if fill.commission is None:
        return False
    completed = (
        update(fills)
        .where(fills.c.exec_id == fill.exec_id, fills.c.commission.is_(None))
        .values(
            commission=fill.commission,
            commission_currency=fill.commission_currency,
            realized_pnl=fill.realized_pnl,
        )
    )
    return connection.execute(completed).rowcount == 1


def fills_since(connection: Connection, account: str, since: datetime) -> Sequence[Fill]:
    """Return an account's executions of our own orders at or after *since*, oldest first."""
    where = fills.c.account == account, fills.c.time >= since
    return [_fill(row) for row in connection.execute(select(fills).where(*where).order_by(fills.c.time))]


_FILL_FIELDS = tuple(column.name for column in fills.c if column.name not in {"proposal_id", "instrument"})


def _fill(row: Row[Any]) -> Fill:
    fields = {name: getattr(row, name) for name in _FILL_FIELDS}
    fields["side"] = Side(fields["side"])
    return Fill(instrument=instrument_from_json(row.instrument), **fields)


def _leg(row: Row[Any], data: Mapping[str, Any]) -> Leg:
    fields = row._asdict()
    del fields["proposal_id"]
    notes = data.get(_NOTES, {}).get(str(row.number), {})
    return Leg(**fields | {"state": LegState(row.state)} | notes)
