"""Message -> Telegram: the only builder of keyboards; what became of a send is judged in `bot/verdict.py`."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import TypeVar
from weakref import WeakValueDictionary

from telegram import (
    Bot,
    InputFile,
    InputMediaPhoto,
    ReplyParameters,
)

from bot import chat_turn
from bot.errors import ChatMoved, DeliveryError, DeliveryUnknown, EditUnknown, MessageRefused, RetryLater
from bot.moves import Moves
from bot.pace import Pace
from bot.request import Press
from bot.split import CAPTION_LIMIT, length, plain, split
from bot.verdict import LONGEST_WAIT_S, judged, says
from bot.views.message import Button, File, Message, Rows, Style

_log = logging.getLogger(__name__)
_json = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))

T = TypeVar("T")
K = TypeVar("K")

_ATTEMPTS = 3
_REMEMBERED = 1000
_ANSWER_LIMIT = 200
_PLACEHOLDER_LIMIT = 64
_OUTSIDE = {"left", "kicked"}
# Wording of the official server (tdlib/telegram-bot-api, Client.cpp).
_SAME = "message is not modified"
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
_TOO_OLD = ("query is too old", "query id is invalid")
_REPEATED = "↻ <i>may repeat: this part's first send was not acknowledged</i>\n"


@dataclass(slots=True)
class Progress:
    """
    How far a long message has come; handed in again by whoever tries again, so that no part goes out twice.

    *doubtful* says that the next part may have arrived already: it is sent again, marked. *is_paced*: nobody asked for
    it, so that further parts wait for their turn.
    """

    pieces: list[str] = field(default_factory=list)
    sent: int = 0
    doubtful: bool = False
    is_paced: bool = False


class TelegramReply:
    """
    Sends, edits and answers. *nap* waits between tries.

    *pace* counts what goes out: answers wait for nobody, and the outbox waits for what they use up. *moves* knows
    which groups have a new id.
    """

    def __init__(
        self, bot: Bot, pace: Pace, moves: Moves, nap: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._bot = bot
        self._pace = pace
        self._moves = moves
        self._nap = nap
        self._answered: dict[str, None] = {}
        self._edited: dict[tuple[int, int], None] = {}
        self._turns: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()

    async def send(self, chat_id: int, message: Message, *, reply_to: int | None = None) -> int:
        """
        Send the answer to something asked for just now and return its message id.

        Waits out short refusals; raises DeliveryUnknown or NotDelivered when that was of no use.
        """
        self._pace.spend(chat_id)
        progress = Progress()
        return await self._patiently(lambda: self.deliver(chat_id, message, reply_to=reply_to, progress=progress))

    async def deliver(
        self, chat_id: int, message: Message, *, reply_to: int | None = None, progress: Progress | None = None
    ) -> int:
        """
        Try once to send *message* and return its (last part's) id; its turn is the caller's to take.

        What Telegram refuses for its form goes out again as plain text, at last without its buttons: the words matter.
        Raises DeliveryUnknown, RetryLater, ChatClosed, MessageRefused; *progress* then knows which parts arrived.
        """
        progress = progress or Progress()
        try:
            return await self._send(chat_id, message, reply_to, progress, html=True)
        except MessageRefused as refused:
            _log.error("a message was refused, sent as plain text: %s", refused.reason)
        try:
            return await self._send(chat_id, message, reply_to, progress, html=False)
        except MessageRefused as refused:
            _log.error("its plain text was refused, sent without its buttons: %s", refused.reason)
        return await self._send(chat_id, replace(message, buttons=(), picture=None), None, progress, html=False)

    async def revise(self, chat_id: int, message_id: int, message: Message) -> int:
        """
        Try once to make an earlier message show *message*; return the id of what shows it, a new one where it is gone.

        Raises as `deliver`, and EditUnknown.
        """
        _remember(self._edited, (chat_id, message_id))
        async with self._turn(chat_id, message_id):
            try:
                await self._edit_somehow(chat_id, message_id, message)
            except DeliveryUnknown as unknown:
                raise EditUnknown(unknown.reason) from unknown
            except MessageRefused as refused:
                if not says(refused, *_GONE):
                    raise
                return await self.deliver(chat_id, message)
        return message_id

    async def _edit_somehow(self, chat_id: int, message_id: int, message: Message) -> None:
        """Edit as `deliver` sends: as plain text where the form is refused, at last without buttons."""
        bare = replace(message, buttons=(), picture=None)
        for html, shown in ((True, message), (False, message)):
            try:
                return await self._edit(chat_id, message_id, shown, html=html)
            except MessageRefused as refused:
                if says(refused, *_GONE):
                    raise
                _log.error("an edit was refused, tried more plainly: %s", refused.reason)
        return await self._edit(chat_id, message_id, bare, html=False)

    @staticmethod
    def prepare(message: Message) -> None:
        """Work out ahead what `deliver` needs of *message*: it is kept for a while."""
        split(message.html)
        _markup(message)

    async def probe(self) -> None:
        """Return when Telegram answers getMe. Raises as `deliver`."""
        await judged(self._bot.get_me())

    async def edit(self, chat_id: int, message_id: int, message: Message) -> int:
        """Make the message show *message*, or send it anew where it is gone; return the id of what shows it."""
        _remember(self._edited, (chat_id, message_id))
        async with self._turn(chat_id, message_id):
            return await self._edit_or_send(chat_id, message_id, message)

    async def amend(self, chat_id: int, message_id: int, message: Message) -> None:
        """
        Add by edit what became known after the message was sent, unless an `edit` has made another of it meanwhile.

        A press that is answered by edit is newer than what was looked up for the message before. One that is gone is
        not sent anew: what it said was told. Raises as `send`.
        """
        async with self._turn(chat_id, message_id):
            if (chat_id, message_id) in self._edited:
                return
            self._pace.spend(chat_id)
            try:
                await self._patiently(lambda: self._edit(chat_id, message_id, message))
            except MessageRefused as refused:
                if not says(refused, *_GONE):
                    raise

    async def rekey(self, chat_id: int, message_id: int, buttons: Rows) -> None:
        """Put other buttons below a message, whose words stay; one that is gone stays gone. Raises as `send`."""
        markup = _keyboard(Message("", buttons))
        self._pace.spend(chat_id)
        async with self._turn(chat_id, message_id):
            try:
                await self._patiently(
                    lambda: self._request(
                        chat_id,
                        lambda chat: self._bot.edit_message_reply_markup(
                            chat_id=chat, message_id=message_id, api_kwargs=markup
                        ),
                        names_message=True,
                    )
                )
            except MessageRefused as refused:
                if not says(refused, _SAME, *_GONE):
                    raise

    async def attach(self, chat_id: int, message_id: int, message: Message) -> None:
        """As `amend`: turn a text message into its picture with the text as caption; too long a text stays as it is."""
        async with self._turn(chat_id, message_id):
            if (chat_id, message_id) not in self._edited:
                await self._attach(chat_id, message_id, message)

    def _turn(self, chat_id: int, message_id: int) -> asyncio.Lock:
        """Return the lock by which edits of one message follow each other: of two on their way either could win."""
        return self._turns.setdefault((chat_id, message_id), asyncio.Lock())

    async def _edit_or_send(self, chat_id: int, message_id: int, message: Message) -> int:
        self._pace.spend(chat_id)
        try:
            await self._patiently(lambda: self._edit(chat_id, message_id, message))
        except MessageRefused as refused:
            if not says(refused, *_GONE):
                raise
            return await self.send(chat_id, message)
        return message_id

    async def _attach(self, chat_id: int, message_id: int, message: Message) -> None:
        if message.picture is None or length(message.html) > CAPTION_LIMIT:
            return
        media = InputMediaPhoto(message.picture, caption=message.html, parse_mode="HTML")
        await self._patiently(
            lambda: self._request(
                chat_id,
                lambda chat: self._bot.edit_message_media(
                    media, chat_id=chat, message_id=message_id, api_kwargs=_keyboard(message)
                ),
                names_message=True,
            )
        )

    async def delete(self, chat_id: int, *message_ids: int) -> None:
        """Remove messages; what cannot be removed stays (too old, gone already), and that is only logged."""
        try:
            await self._request(chat_id, lambda chat: self._bot.delete_messages(chat, message_ids), names_message=True)
        except DeliveryError as error:
            _log.info("messages could not be removed: %s", error)

    async def fetch(self, file_id: str) -> bytes:
        """Return what is in a file that a person has sent. Raises as `deliver`."""
        file = await judged(self._bot.get_file(file_id))
        return bytes(await judged(file.download_as_bytearray()))

    async def is_member(self, chat_id: int, user_id: int) -> bool:
        """Return whether a person is in a chat; not known counts as no."""
        try:
            member = await self._request(chat_id, lambda chat: self._bot.get_chat_member(chat, user_id))
        except DeliveryError:
            return False
        return member.status not in _OUTSIDE

    async def answer(self, press: Press, text: str = "", *, alert: bool = False) -> None:
        """Answer a press, once; one that is too old for an answer, or unreachable, is let go."""
        if press.callback_id in self._answered:
            return
        _remember(self._answered, press.callback_id)
        try:
            await judged(
                self._bot.answer_callback_query(press.callback_id, text[:_ANSWER_LIMIT] or None, show_alert=alert)
            )
        except MessageRefused as refused:
            if not says(refused, *_TOO_OLD):
                _log.warning("a press could not be answered: %s", refused.reason)
        except DeliveryError as error:
            _log.warning("a press could not be answered: %s", error)

    async def _send(
        self, chat_id: int, message: Message, reply_to: int | None, progress: Progress, *, html: bool
    ) -> int:
        reply = None if reply_to is None else ReplyParameters(reply_to, allow_sending_without_reply=True)
        if message.picture is not None and length(message.html) <= CAPTION_LIMIT:
            return await self._send_picture(chat_id, message, message.picture, reply, html=html)
        if message.file is not None:
            return await self._send_file(chat_id, message, message.file, reply, html=html)
        if not progress.sent:
            progress.pieces = split(message.html)
        while True:
            sent = await self._send_piece(chat_id, message, reply, progress, html=html)
            if progress.sent == len(progress.pieces):
                return sent

    async def _send_piece(
        self, chat_id: int, message: Message, reply: ReplyParameters | None, progress: Progress, *, html: bool
    ) -> int:
        number = progress.sent
        piece = (_REPEATED if progress.doubtful else "") + progress.pieces[number]
        if number and progress.is_paced:
            await self._pace.turn(chat_id)
        elif number:
            self._pace.spend(chat_id)
        markup = _markup(message) if number == len(progress.pieces) - 1 else None
        if progress.is_paced:
            await self._pace.leave()
        try:
            sent = await self._request(
                chat_id,
                lambda chat: self._bot.send_message(
                    chat,
                    piece if html else plain(piece),
                    parse_mode="HTML" if html else None,
                    api_kwargs=markup,
                    reply_parameters=None if number else reply,
                    disable_notification=message.silent,
                    protect_content=message.protect,
                ),
            )
        except DeliveryUnknown:
            # Of the first part the whole message's own mark tells.
            progress.doubtful = number > 0
            raise
        progress.sent, progress.doubtful = number + 1, False
        return sent.message_id

    async def _send_picture(
        self, chat_id: int, message: Message, picture: bytes, reply: ReplyParameters | None, *, html: bool
    ) -> int:
        sent = await self._request(
            chat_id,
            lambda chat: self._bot.send_photo(
                chat,
                picture,
                caption=message.html if html else plain(message.html),
                parse_mode="HTML" if html else None,
                api_kwargs=_keyboard(message),
                reply_parameters=reply,
                disable_notification=message.silent,
                protect_content=message.protect,
            ),
        )
        return sent.message_id

    async def _send_file(
        self, chat_id: int, message: Message, file: File, reply: ReplyParameters | None, *, html: bool
    ) -> int:
        document = InputFile(file.body, file.name)
        caption = split(message.html, CAPTION_LIMIT)[0]
        sent = await self._request(
            chat_id,
            lambda chat: self._bot.send_document(
                chat,
                document,
                caption=caption if html else plain(caption),
                parse_mode="HTML" if html else None,
                api_kwargs=_keyboard(message),
                reply_parameters=reply,
                disable_notification=message.silent,
                protect_content=message.protect,
            ),
        )
        return sent.message_id

    async def _request(self, chat_id: int, make: Callable[[int], Awaitable[T]], *, names_message: bool = False) -> T:
        """
        Make a request to the chat; where it has moved, note that and make it there.

        One that *names_message* is not made there: a supergroup counts its messages anew, and it would hit another one.
        """
        try:
            return await judged(make(self._moves.out(chat_id)))
        except ChatMoved as moved:
            await self._moves.learned(chat_id, moved.new_chat_id)
            if names_message:
                raise MessageRefused(_GONE[0]) from moved
            return await judged(make(moved.new_chat_id))

    async def _edit(self, chat_id: int, message_id: int, message: Message, *, html: bool = True) -> None:
        try:
            await self._edit_text(chat_id, message_id, message, html=html)
        except MessageRefused as refused:
            if says(refused, _SAME):
                return
            if not says(refused, "no text in the message"):
                raise
            await self._edit_caption(chat_id, message_id, message, html=html)

    async def _edit_text(self, chat_id: int, message_id: int, message: Message, *, html: bool) -> None:
        if message.picture is not None:
            await self._attach(chat_id, message_id, message)
            return
        words = split(message.html)[0]
        await self._request(
            chat_id,
            lambda chat: self._bot.edit_message_text(
                words if html else plain(words),
                chat_id=chat,
                message_id=message_id,
                parse_mode="HTML" if html else None,
                api_kwargs=_keyboard(message),
            ),
            names_message=True,
        )

    async def _edit_caption(self, chat_id: int, message_id: int, message: Message, *, html: bool) -> None:
        words = split(message.html, CAPTION_LIMIT)[0]
        try:
            await self._request(
                chat_id,
                lambda chat: self._bot.edit_message_caption(
                    chat_id=chat,
                    message_id=message_id,
                    caption=words if html else plain(words),
                    parse_mode="HTML" if html else None,
                    api_kwargs=_keyboard(message),
                ),
                names_message=True,
            )
        except MessageRefused as refused:
            if not says(refused, _SAME):
                raise

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        for _ in range(_ATTEMPTS - 1):
            try:
                return await attempt()
            except RetryLater as later:
                if later.after_s > LONGEST_WAIT_S:
                    raise
                async with chat_turn.stepped_aside():
                    await self._nap(later.after_s)
        return await attempt()


def _remember(kept: dict[K, None], key: K) -> None:
    """Keep *key* among the last thousand: enough to outlive Telegram's 150 s of retention of a press."""
    kept[key] = None
    if len(kept) > _REMEMBERED:
        kept.pop(next(iter(kept)))


def _markup(message: Message) -> dict[str, str] | None:
    """Return what stands below a message that is sent, as `_keyboard`."""
    if message.asks:
        return {
            "reply_markup": _json({"force_reply": True, "input_field_placeholder": message.asks[:_PLACEHOLDER_LIMIT]})
        }
    return _keyboard(message)


def _keyboard(message: Message) -> dict[str, str] | None:
    """
    Return the buttons as PTB's `api_kwargs`, in JSON already.

    PTB would make an object of each, and a dict of that again: a fifth of what lies between a firing and its request.
    """
    return {"reply_markup": _buttons(message.buttons)} if message.buttons else None


@lru_cache(maxsize=64)
def _buttons(rows: Rows) -> str:
    return _json({"inline_keyboard": [[_button(button) for button in row] for row in rows]})


def _button(button: Button) -> dict[str, str]:
    made = {"text": button.label, "callback_data": button.data}
    return made if button.style is Style.PLAIN else made | {"style": button.style.value}
