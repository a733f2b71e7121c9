"""/limits: what may be ordered; admins tighten it."""

from bot.handlers.halt import Second
from bot.handlers.ports import Reply
from bot.request import TextIn
from bot.views import limits as views
from bot.views.limits import BACK
from bot.views.message import Message
from market.clock import Clock
from trading.access import Role
from trading.errors import LimitUnreadable, NotAllowed
from trading.limit_book import EVERYBODY, NAMES, LimitBook
from trading.ports import AuditLog

_CODE_DIGITS = 6


class LimitsHandler:
    """
    Shows the limits of the *book*, and tightens them for admins.

    Taking a tightening back never allows more than the settings do, and takes the *second* step where that is on.
    """

    def __init__(self, *, reply: Reply, book: LimitBook, second: Second, audit: AuditLog, clock: Clock) -> None:
        self._reply = reply
        self._book = book
        self._second = second
        self._audit = audit
        self._clock = clock

    async def limits(self, request: TextIn) -> None:
        """
        Show what holds for the person, or set what the text says.

        Raises NotAllowed, LimitUnreadable, LimitNotTighter, a SecondStepError, StorageUnavailable.
        """
        words = request.args.split()
        if not words:
            await self._say(request, self._all(request))
        elif request.role < Role.ADMIN:
            raise NotAllowed(Role.ADMIN.name.lower())
        else:
            await self._say(request, await self._set(request, words))

    async def _set(self, request: TextIn, words: list[str]) -> Message:
        whom = int(words.pop(0)) if words[0].isdecimal() else EVERYBODY
        name, rest = _named(words)
        value = " ".join(rest)
        code = rest[-1] if len(rest) > 1 and _is_code(rest[-1]) else ""
        if not await self._unlocked(request, name, value, code, whom):
            return views.needs_code()
        if code and self._second.is_on:
            value = " ".join(rest[:-1])
        if value.lower() == BACK:
            if not await self._book.drop(name, user_id=whom):
                return views.nothing_to_drop(name)
            return await self._done(request, name, "", whom)
        await self._book.tighten(name, value, user_id=whom, by=request.user_id, at=self._clock.now())
        return await self._done(request, name, value, whom)

    async def _unlocked(self, request: TextIn, name: str, value: str, code: str, whom: int) -> bool:
        """Return whether that needs no code, or its code is right. Raises a SecondStepError."""
        if not self._second.is_on:
            return True
        bare = value.removesuffix(code).strip() if code else value
        if not self._book.loosens(name, None if bare.lower() == BACK else bare, whom):
            return True
        if not code:
            return False
        await self._reply.delete(request.chat_id, request.message_id)
        await self._second.check(request.user_id, code)
        return True

    async def _done(self, request: TextIn, name: str, value: str, whom: int) -> Message:
        subject = "" if whom == EVERYBODY else str(whom)
        now = self._clock.now()
        await self._audit.write(now, request.user_id, request.chat_id, "limit", subject, name, value or "taken back")
        return self._all(request, views.was_set(name, value, whom))

    def _all(self, request: TextIn, done: str = "") -> Message:
        is_admin = request.role >= Role.ADMIN
        return views.limits(self._book.held(request.user_id), self._book.tightened, is_admin=is_admin, done=done)

    async def _say(self, request: TextIn, message: Message) -> None:
        await self._reply.send(request.chat_id, message, reply_to=request.message_id)


def _named(words: list[str]) -> tuple[str, list[str]]:
    """Return the limit that the first words name, with underscores or spaces, and the rest. Raises LimitUnreadable."""
    for count in range(len(words), 0, -1):
        name = "_".join(words[:count]).lower()
        if name in NAMES:
            return name, words[count:]
    raise LimitUnreadable(words[0] if words else "", "")


def _is_code(word: str) -> bool:
    return len(word) == _CODE_DIGITS and word.isdecimal()
