"""
A chat that takes messages again: what it missed, as one transaction.

What was folded into a message that never arrived is a row of its own again, for the sieve to gather anew; marked, where
the message may have arrived unseen. Of a message that did arrive, but not its later edits, the newest edit is told as a
message, marked: by edit nobody would hear of it. Of what shows how orders stand, the newest state alone is told: the
first would offer to cancel what is long over.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, and_, cast, func, or_, select, update

from storage.message import MessageState
from storage.tables import outbox

CLOSED = "chat closed: "
"""How the error of a row begins that its chat did not take."""

_ALERTS = ("firing", "digest")
_GROWING = ("digest", "calmed")
_STANDING = "thread"
_GATHERED_ANEW = "gathered anew"
_OPEN = (MessageState.NEW, MessageState.SENDING, MessageState.UNKNOWN)


def reopen(connection: Connection, chat_id: int, since: datetime) -> int:
    """Let all alerts be due that the chat missed, and the other messages *since* then; return how many rows."""
    missed = and_(
        outbox.c.state == MessageState.FAILED,
        outbox.c.chat_id == chat_id,
        outbox.c.error.startswith(CLOSED, autoescape=True),
    )
    count = _free_members(connection, missed)
    count += _tell_newest_edits(connection, missed)
    due = or_(outbox.c.kind.in_(_ALERTS), outbox.c.happened >= since)
    count += _show_newest_states(connection, missed, since)
    # Other edits stay behind: what they would change did not arrive either, or is long gone from sight.
    plain = missed, due, outbox.c.edit_key.is_(None), outbox.c.kind != _STANDING
    return count + connection.execute(update(outbox).where(*plain).values(_NEW)).rowcount


_NEW = {"state": MessageState.NEW, "next_try": None, "error": ""}


def _free_members(connection: Connection, missed: ColumnElement[bool]) -> int:
    """Let what never arrived messages tell be told again, one by one; a digest that then tells nothing is over."""
    columns = outbox.c.id, outbox.c.kind, outbox.c.dedupe_key
    first = missed, outbox.c.edit_key.is_(None), outbox.c.kind != _STANDING
    roots = list(connection.execute(select(*columns).where(*first)))
    doubtful = _doubtful(connection, [root.dedupe_key for root in roots])
    repeats = [root.id for root in roots if root.dedupe_key in doubtful]
    others = [root.id for root in roots if root.dedupe_key not in doubtful]
    alone: dict[str, Any] = {**_NEW, "told_by": None, "silence": None}
    freed = 0
    for ids, values in ((repeats, {**alone, "may_repeat": True}), (others, alone)):
        folded = outbox.c.state == MessageState.FOLDED, outbox.c.told_by.in_(ids)
        freed += connection.execute(update(outbox).where(*folded).values(values)).rowcount
    over = outbox.c.id.in_([root.id for root in roots if root.kind == "digest"])
    # The same rows may be gathered again, also more than once: what tells them then needs the key.
    key = outbox.c.dedupe_key.concat(f", {_GATHERED_ANEW} ").concat(cast(outbox.c.id, String))
    anew = {"error": _GATHERED_ANEW, "dedupe_key": key}
    connection.execute(update(outbox).where(over).values(anew))
    arrived = select(outbox.c.dedupe_key).where(outbox.c.state == MessageState.SENT)
    stale = missed, outbox.c.kind.in_(_GROWING), outbox.c.edit_key.is_not(None), outbox.c.edit_key.not_in(arrived)
    connection.execute(update(outbox).where(*stale).values(anew))
    # Nor is an edit that still waits to be sent any more: what it tells is told anew.
    waiting = outbox.c.edit_key.in_([root.dedupe_key for root in roots]), outbox.c.state.in_(_OPEN)
    connection.execute(update(outbox).where(*waiting).values({**anew, "state": MessageState.FAILED, "next_try": None}))
    return freed


def _doubtful(connection: Connection, keys: Sequence[str]) -> set[str]:
    """
    Return those of *keys* of which a message, the first or an edit sent as one, stands in the chat or may do so.

    An edit that is open may be on its way just now.
    """
    told = or_(outbox.c.may_repeat, outbox.c.state.in_([MessageState.SENT, *_OPEN]))
    of_them = or_(outbox.c.dedupe_key.in_(keys), outbox.c.edit_key.in_(keys))
    found = connection.execute(select(outbox.c.dedupe_key, outbox.c.edit_key).where(told, of_them))
    return {row.edit_key or row.dedupe_key for row in found}


def _tell_newest_edits(connection: Connection, missed: ColumnElement[bool]) -> int:
    newest = (
        select(func.max(outbox.c.id).label("id"), outbox.c.edit_key)
        .where(missed, outbox.c.kind.in_(_GROWING), outbox.c.edit_key.is_not(None))
        .group_by(outbox.c.edit_key)
    )
    edits = {row.edit_key: row.id for row in connection.execute(newest)}
    arrived = outbox.c.dedupe_key.in_(list(edits)), outbox.c.state == MessageState.SENT
    ids = [edits[row.dedupe_key] for row in connection.execute(select(outbox.c.dedupe_key).where(*arrived))]
    values = _NEW | {"edit_key": None, "may_repeat": True}
    return connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(values)).rowcount


def _show_newest_states(connection: Connection, missed: ColumnElement[bool], since: datetime) -> int:
    """
    Let the newest state of each message that shows how orders stand be due, as an edit where that arrived.

    What is older than one that arrived, or is on its way, is over: a chat may be found open again several times.
    """
    of_it = func.coalesce(outbox.c.edit_key, outbox.c.dedupe_key)
    keys = select(of_it).where(missed, outbox.c.kind == _STANDING)
    lives = or_(missed, outbox.c.state != MessageState.FAILED)
    newest = select(func.max(outbox.c.id)).where(of_it.in_(keys), lives).group_by(of_it)
    found = connection.execute(newest).scalars().all()
    chosen = missed, outbox.c.id.in_(found), outbox.c.happened >= since
    return connection.execute(update(outbox).where(*chosen).values(_NEW)).rowcount
