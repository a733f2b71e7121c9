"""What came in, after the gate, in our own words."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from trading.access import Role


@dataclass(frozen=True, slots=True)
class TextIn:
    """
    A text or command from a whitelisted person.

    *text* is all of it; for a command *args* is what follows the command, else it is *text* again. *sent* is Telegram's
    own time of the message (UTC), *reply_to* the message it answers. *interrupted* says that an earlier process had it
    in hand when it ended: it may be done already.
    """

    user_id: int
    chat_id: int
    message_id: int
    role: Role
    text: str
    args: str
    sent: datetime
    reply_to: int | None = None
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class FileIn:
    """
    A file from a whitelisted person: its *name* (untrusted) and *size* in bytes, `fetch` gets what is in it.

    `fetch` raises DeliveryError where Telegram does not give it.
    """

    user_id: int
    chat_id: int
    message_id: int
    role: Role
    name: str
    size: int
    sent: datetime
    fetch: Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Press:
    """
    A press on an inline button by a whitelisted person.

    *data* is untrusted: a modified client can send any. *callback_id* is for the one answer; it is no identity, since
    Telegram repeats a tap under a new one (tdlib/telegram-bot-api#699). *interrupted* as in `TextIn`; *label* is then
    the button's, where it is known.
    """

    user_id: int
    chat_id: int
    message_id: int
    role: Role
    data: str
    callback_id: str
    interrupted: bool = False
    label: str = ""
