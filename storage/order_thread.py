"""
What an order's news puts into the outbox: one message for each proposal that shows how its orders stand, edited in
place, and a message of its own for what a person is to be called for.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select

from storage.message import NewMessage, OutboxMessage, Priority
from storage.outbox import SqlOutbox
from storage.tables import outbox as rows
from trading.codec import news_from_json, news_to_json
from trading.proposal import Leg, OrderNews, Proposal
from trading.telling import clears_up, rings

TOLD = "told"
"""In an edit's payload: when the message that it changes was first stored (ISO 8601)."""


def put(connection: Connection, outbox: SqlOutbox, news: OrderNews) -> Sequence[OutboxMessage]:
    """Store the messages about *news* within its transaction and return them, to be announced after the commit."""
    has_thread = outbox.count(connection, thread_key(news.proposal)) > 0
    stored = []
    for message in messages_of(news, has_thread=has_thread):
        said = outbox.count(connection, message.dedupe_key)
        # News is what changed the stored leg: what was said before is said again where it has moved meanwhile.
        anew = replace(message, dedupe_key=f"{message.dedupe_key}:{said}") if said else message
        stored.append(outbox.insert(connection, anew))
    return [message for message in stored if message is not None]


def messages_of(news: OrderNews, *, has_thread: bool) -> Sequence[NewMessage]:
    """
    Return the messages about *news*, as answers to the card.

    *has_thread* says whether there is a message that shows how the proposal's orders stand: then it is edited. What
    rings before there is one needs none.
    """
    key = _told_key(news.leg)
    told = []
    if rings(news) or (has_thread and clears_up(news)):
        told.append(_message(news, "order", key, silent=not rings(news)))
    if has_thread:
        told.append(_message(news, "thread", f"shown:{key}", silent=True, edits=thread_key(news.proposal)))
    elif not told:
        told.append(_message(news, "thread", thread_key(news.proposal), silent=True))
    return told


def put_anew(
    connection: Connection, outbox: SqlOutbox, proposal: Proposal, leg: Leg | None = None
) -> Sequence[OutboxMessage]:
    """
    Store edits, without a sound, of what shows how *proposal* stands, and of what told the end of *leg*.

    For what changes after it was told: new terms, costs. Return them, to be announced after the commit; what was never
    told, or tells the same, stays as it is.
    """
    thread = thread_key(proposal)
    edits = [_edit(proposal, _newest(connection, or_(rows.c.dedupe_key == thread, rows.c.edit_key == thread)), thread)]
    if leg is not None:
        key = _told_key(leg)
        of_it = or_(rows.c.dedupe_key == key, rows.c.dedupe_key.startswith(f"{key}:", autoescape=True))
        told = _newest(connection, of_it, rows.c.kind == "order", rows.c.edit_key.is_(None))
        edits.append(_edit(proposal, told, "" if told is None else told.dedupe_key))
    stored = [outbox.insert(connection, edit) for edit in edits if edit is not None]
    return [message for message in stored if message is not None]


def thread_key(proposal: Proposal) -> str:
    """Return the dedupe key of the message that shows how a proposal's orders stand."""
    return f"thread:{proposal.id}"


def _message(news: OrderNews, kind: str, key: str, *, silent: bool, edits: str | None = None) -> NewMessage:
    return NewMessage(
        chat_id=news.proposal.chat_id,
        kind=kind,
        dedupe_key=key,
        payload=news_to_json(news),
        priority=Priority.ORDER,
        silent=silent,
        happened=news.at,
        reply_to=news.proposal.message_id,
        edit_key=edits,
    )


def _newest(connection: Connection, *conditions: ColumnElement[bool]) -> Row[Any] | None:
    return connection.execute(select(rows).where(*conditions).order_by(rows.c.id.desc()).limit(1)).one_or_none()


def _edit(proposal: Proposal, row: Row[Any] | None, key: str) -> NewMessage | None:
    """Return the edit that lets the message *key*, told by *row*, show *proposal* as it stands now; None for none."""
    if row is None:
        return None
    news = news_from_json(row.payload)
    now = replace(news, proposal=proposal, leg=next(leg for leg in proposal.legs if leg.number == news.leg.number))
    payload = news_to_json(now)
    if payload == {name: value for name, value in row.payload.items() if name != TOLD}:
        return None
    return NewMessage(
        chat_id=row.chat_id,
        kind=row.kind,
        dedupe_key=f"anew:{key}:{row.id}",
        # An edit is no later news: when it was told first says whether that was late.
        payload=payload | {TOLD: row.payload.get(TOLD, row.created.isoformat())},
        priority=Priority.ORDER,
        silent=True,
        happened=row.happened,
        reply_to=row.reply_to,
        edit_key=key,
    )


def _told_key(leg: Leg) -> str:
    return f"order:{leg.order_ref}:{leg.state}:{_plain(leg.filled)}"


def _plain(number: Decimal) -> str:
    """Return the number's one spelling: 10, 10.0 and 1E+1 are the same."""
    return f"{number.normalize():f}"
