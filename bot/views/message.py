"""What a view makes and `bot/reply.py` sends; knows nothing of Telegram's library."""

from dataclasses import dataclass, field
from enum import StrEnum
from html import escape


class Style(StrEnum):
    """A button's colour where the reader's app shows one; the label must say it all without."""

    PLAIN = ""
    PRIMARY = "primary"
    SUCCESS = "success"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """One inline button: *data* comes back when pressed, 1 to 64 bytes (Bot API, InlineKeyboardButton)."""

    label: str
    data: str
    style: Style = Style.PLAIN


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class File:
    """A file to be sent: its *name* and its bytes."""

    name: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """
    One message: *html* is in Telegram's HTML, every inserted value escaped.

    *picture* is a PNG and *file* a file, shown with the text as caption (1,024 characters at most). *silent* sends
    without a sound, *protect* forbids forwarding and saving (Bot API, protect_content). *asks* opens the reader's
    keyboard for a reply, with these words in it (Bot API, ForceReply: 64 characters at most); then it has no buttons.
    """

    html: str
    buttons: Rows = ()
    picture: bytes | None = field(default=None, repr=False)
    silent: bool = False
    protect: bool = False
    asks: str = ""
    file: File | None = None


def text(value: object) -> str:
    """Return *value* safe for HTML text (Bot API formatting: only &, < and > need it)."""
    return escape(str(value), quote=False)
