"""The way back to the chat, in memory: as strict about messages as Telegram is."""

from dataclasses import dataclass, field, replace

from bot.request import Press
from bot.views.message import Message, Rows
from simulator.telegram.html import parse_html, utf16_length

_TEXT, _CAPTION = 4096, 1024


def check_message(message: Message) -> str:
    """Return the plain text of *message*; fail where Telegram would refuse it (Bot API limits)."""
    plain, entities = parse_html(message.html)
    assert plain.strip(), "message text is empty"
    assert utf16_length(plain) <= (_CAPTION if message.picture or message.file else _TEXT), "message is too long"
    assert len(message.asks) <= 64, "the placeholder is too long"
    assert not (message.asks and message.buttons), "a question has no buttons"
    assert len(entities) <= 100, "too many entities"
    buttons = [button for row in message.buttons for button in row]
    assert len(buttons) <= 100, "too many buttons"
    assert all(0 < len(row) <= 8 for row in message.buttons), "a row is empty or too wide"
    for button in buttons:
        assert button.label.strip(), "a button without a label"
        assert 1 <= len(button.data.encode()) <= 64, button.data
    return plain


@dataclass
class FakeReply:
    """
    Implements `bot.handlers.ports.Reply`.

    *shown* is what each message id shows now, *order* the ids as they were sent. *failures* are raised by `send`, one a
    call, where they are not None. *answers* are the first ones, by callback id.
    """

    shown: dict[int, Message] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    replies: dict[int, int | None] = field(default_factory=dict)
    edits: list[tuple[int, Message]] = field(default_factory=list)
    attached: list[tuple[int, Message]] = field(default_factory=list)
    answers: dict[str, tuple[str, bool]] = field(default_factory=dict)
    failures: list[Exception | None] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    edit_failures: list[Exception | None] = field(default_factory=list)
    remade: set[int] = field(default_factory=set)

    async def send(self, chat_id: int, message: Message, *, reply_to: int | None = None) -> int:
        check_message(message)
        if self.failures and (error := self.failures.pop(0)) is not None:
            raise error
        message_id = 500 + len(self.order)
        self.order.append(message_id)
        self.shown[message_id] = message
        self.replies[message_id] = reply_to
        return message_id

    async def edit(self, chat_id: int, message_id: int, message: Message) -> int:
        check_message(message)
        if self.edit_failures and (error := self.edit_failures.pop(0)) is not None:
            raise error
        self.edits.append((message_id, message))
        self.remade.add(message_id)
        self.shown[message_id] = message
        return message_id

    async def amend(self, chat_id: int, message_id: int, message: Message) -> None:
        check_message(message)
        if message_id in self.remade:
            return
        self.edits.append((message_id, message))
        self.shown[message_id] = message

    async def rekey(self, chat_id: int, message_id: int, buttons: Rows) -> None:
        if message_id not in self.shown:
            return
        message = replace(self.shown[message_id], buttons=buttons)
        check_message(message)
        self.edits.append((message_id, message))
        self.shown[message_id] = message

    async def attach(self, chat_id: int, message_id: int, message: Message) -> None:
        check_message(message)
        if message_id in self.remade:
            return
        self.attached.append((message_id, message))
        self.shown[message_id] = message

    async def delete(self, chat_id: int, *message_ids: int) -> None:
        self.deleted += message_ids

    async def answer(self, press: Press, text: str = "", *, alert: bool = False) -> None:
        assert len(text) <= 200
        self.answers.setdefault(press.callback_id, (text, alert))

    @property
    def last(self) -> Message:
        """The message sent last, as it now stands."""
        return self.shown[self.order[-1]]

    @property
    def last_id(self) -> int:
        """The id of the message sent last."""
        return self.order[-1]

    @property
    def text(self) -> str:
        """The plain text of the message sent last, as it now stands."""
        return check_message(self.last)
