"""
What an order's news puts into the outbox: one message for each proposal that shows how its orders stand, edited in
place, and a message of its own for what a person is to be called for.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import Connection

from storage.message import NewMessage, OutboxMessage, Priority
from storage.outbox import SqlOutbox
from trading.codec import news_to_json
from trading.proposal import OrderNews, Proposal
from trading.telling import clears_up, rings


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
    key = f"order:{news.leg.order_ref}:{news.leg.state}:{_plain(news.leg.filled)}"
    told = []
    if rings(news) or (has_thread and clears_up(news)):
        told.append(_message(news, "order", key, silent=not rings(news)))
    if has_thread:
        told.append(_message(news, "thread", f"shown:{key}", silent=True, edits=thread_key(news.proposal)))
    elif not told:
        told.append(_message(news, "thread", thread_key(news.proposal), silent=True))
    return told


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


def _plain(number: Decimal) -> str:
    """Return the number's one spelling: 10, 10.0 and 1E+1 are the same."""
    return f"{number.normalize():f}"
