"""/limits: what may be ordered; admins tighten it."""

from bot.handlers.halt import Second
from bot.handlers.members import Members
from bot.handlers.ports import Reply
from bot.request import TextIn
from bot.views import limits as views
from bot.views.limits import BACK
from bot.views.message import Message
from market.clock import Clock
from trading.access import Role
from trading.errors import LimitUnreadable, NotAllowed
from trading.limit_book import EVERYBODY, NAMES, OFF, SWITCHES, SYMBOL_SETS, LimitBook
from trading.ports import AuditLog

_CODE_DIGITS = 6
# A value, and the code after it.
_WITH_CODE = 2


class LimitsHandler:
    """
    Shows the limits of the *book*, and tightens them for admins.

    Taking a tightening back never allows more than the settings do, and takes the *second* step where that is on.
    """

    def __init__(
        self, *, reply: Reply, book: LimitBook, second: Second, audit: AuditLog, clock: Clock, members: Members
    ) -> None:
        self._members = members
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
        named = words.pop(0) if words[0].isdecimal() else ""
        if named and not self._is_known(named):
            return views.nobody(named)
        whom = int(named) if named else EVERYBODY
        name, rest = _named(words)
        value, code = self._split(name, rest, whom)
        if not await self._unlocked(request, name, value, code, whom):
            return views.needs_code()
        if _is_back(name, value):
            if not await self._book.drop(name, user_id=whom):
                return views.nothing_to_drop(name)
            return await self._done(request, name, "", whom)
        await self._book.tighten(name, value, user_id=whom, by=request.user_id, at=self._clock.now())
        return await self._done(request, name, value, whom)

    def _is_known(self, named: str) -> bool:
        """Return whether it is the id of somebody who is in, or of whom a limit was tightened."""
        tightened = {one.user_id for one in self._book.tightened} - {EVERYBODY}
        return named in map(str, {one.user_id for one in self._members.people()} | tightened)

    def _split(self, name: str, rest: list[str], whom: int) -> tuple[str, str]:
        """Return the value and the code after it; six digits may be a symbol (600519) where no code is needed."""
        whole = " ".join(rest)
        if not self._second.is_on or len(rest) < _WITH_CODE or not _is_code(rest[-1]):
            return whole, ""
        if name in SYMBOL_SETS and not self._book.loosens(name, whole, whom):
            return whole, ""
        return " ".join(rest[:-1]), rest[-1]

    async def _unlocked(self, request: TextIn, name: str, value: str, code: str, whom: int) -> bool:
        """Return whether that needs no code, or its code is right. Raises a SecondStepError."""
        if not self._second.is_on:
            return True
        # Of symbols a code was split off for no other reason.
        wants_code = name in SYMBOL_SETS and code
        if not wants_code and not self._book.loosens(name, None if _is_back(name, value) else value, whom):
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
        in_force = getattr(self._book.of(whom), name)
        return self._all(request, views.was_set(name, in_force, whom) if value else views.was_dropped(name, whom))

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


def _is_back(name: str, value: str) -> bool:
    """Return whether the settings are to hold again; `off` says so too where it is no value of the limit."""
    return value.lower() == BACK or (value.lower() == OFF and name not in SWITCHES)


def _is_code(word: str) -> bool:
    return len(word) == _CODE_DIGITS and word.isascii() and word.isdecimal()
