"""A message to a phone, as the outbox keeps it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any


class MessageState(StrEnum):
    """
    Where a message is on its way.

    NEW: surely not delivered. SENDING: some process has it in hand (its boot id says which). UNKNOWN: perhaps
    delivered, since its process died or the answer never came; it goes out again, marked. SENT and FAILED are final,
    and so is FOLDED: another row (`told_by`) tells it.
    """

    NEW = "new"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    FAILED = "failed"
    FOLDED = "folded"


class Priority(IntEnum):
    """Who goes first when there is a queue; lower is sooner."""

    ORDER = 0
    CRITICAL = 1
    ALERT = 2
    NEWS = 3
    REFRESH = 4


@dataclass(frozen=True, slots=True)
class NewMessage:
    """
    A message to be put into the outbox.

    *kind* and *payload* (JSON values) are what `bot/views` makes words of. *dedupe_key* is unique for ever: the same
    key again is the same message. *happened* is when what it tells of happened (None: now), *reply_to* a Telegram
    message id. *edit_key* is the dedupe key of an earlier row whose Telegram message this one edits. *target* is an
    address on the web that it goes to instead of the chat. *source* is what the payload was made of.
    """

    chat_id: int
    kind: str
    dedupe_key: str
    payload: dict[str, Any] = field(repr=False)
    priority: Priority = Priority.ALERT
    silent: bool = False
    happened: datetime | None = None
    reply_to: int | None = None
    edit_key: str | None = None
    target: str | None = None
    source: object | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """
    A row of the outbox; the fields of `NewMessage`, and how it went so far.

    *boot_id* is of the process that made or last sent it. *attempts* counts sends that ended without an
    acknowledgement, *next_try* is when to send again (None: at once), *error* the last reason. *message_id* is
    Telegram's, once delivered. *may_repeat* says that an earlier send may have arrived, and stays true from then on.
    *told_by* is the row that tells this one (a digest, an alert that inhibits it), *silence* why it was held or folded.
    *source* is what the payload was made of, in the process that made it: who has it need not read the payload.
    """

    id: int
    chat_id: int
    kind: str
    payload: dict[str, Any] = field(repr=False)
    state: MessageState
    priority: Priority
    silent: bool
    created: datetime
    happened: datetime
    dedupe_key: str
    reply_to: int | None
    edit_key: str | None
    boot_id: str
    attempts: int
    next_try: datetime | None
    message_id: int | None
    error: str
    may_repeat: bool
    told_by: int | None = None
    target: str | None = None
    silence: str | None = None
    source: object | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Told:
    """What one row tells of others: how many, and from *begin* to *end* they happened."""

    count: int
    begin: datetime
    end: datetime
