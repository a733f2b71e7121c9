"""/halt, /reduce and /resume: whether anything may be ordered at all."""

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.handlers.ports import Reply
from bot.request import TextIn
from bot.views import halt as views
from bot.views.message import Message
from market.clock import Clock
from storage.errors import StorageUnavailable
from trading.access import Role
from trading.errors import NotAllowed
from trading.ports import AuditLog
from trading.state import TradingState, TradingSwitch
from trading.withdrawal import Withdrawn

_log = logging.getLogger(__name__)

_NOT_STORED = (
    "I could not store that: it holds until I am restarted. `squawkbot halt` on the host makes it last longer."
)


class Withdrawer(Protocol):
    """What a halt asks of the order desk."""

    async def cancel_all(self, user_id: int, chat_id: int) -> Withdrawn:
        """Ask IBKR to cancel all working orders of the person, of an admin everybody's."""
        ...


class Second(Protocol):
    """What an unlocking takes beyond being an admin; `trading.second_step.SecondStep`."""

    @property
    def is_on(self) -> bool:
        """Whether a code is wanted."""
        ...

    async def check(self, user_id: int, code: str) -> None:
        """Return if the code is right, and use it up; raises a SecondStepError."""
        ...


class Cards(Protocol):
    """The cards in the chat; `bot/handlers/orders.py`."""

    async def halt(self) -> int:
        """Close every unconfirmed card and say so on each; return how many. Raises StorageUnavailable."""
        ...

    def branded(self, message: Message) -> Message:
        """Return *message* with PAPER or LIVE in its first line."""
        ...


class HaltHandler:
    """
    Turns the trading *switch*.

    Whoever may order may stop ordering; only an admin may allow more again, and with the *second* step where that is
    on. *announce* tells everybody else of a change.
    """

    def __init__(
        self,
        *,
        reply: Reply,
        switch: TradingSwitch,
        desk: Withdrawer,
        second: Second,
        cards: Cards,
        announce: Callable[[TradingState, int], Awaitable[None]],
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._switch = switch
        self._desk = desk
        self._second = second
        self._cards = cards
        self._announce = announce
        self._audit = audit
        self._clock = clock

    async def halt(self, request: TextIn) -> None:
        """Let nothing through any more; `cancel` also cancels what works. Done however often it is asked for."""
        trouble = await self._set(TradingState.HALTED, request)
        closed, troubles = 0, [trouble]
        try:
            closed = await self._cards.halt()
        except StorageUnavailable:
            troubles.append("I could not close the open cards: they are denied when pressed.")
        asked = None
        if request.args.strip().lower() == "cancel":
            asked, failed = await self._cancelled(request)
            troubles.append(failed)
        told = " ".join(filter(None, troubles))
        message = views.changed(TradingState.HALTED, closed=closed, asked=asked, trouble=told)
        await self._say(request, message)
        await self._announce(TradingState.HALTED, request.user_id)

    async def reduce(self, request: TextIn) -> None:
        """Let only what makes a position smaller through. Raises StorageUnavailable where that would allow more."""
        is_looser = self._switch.set_here.is_stricter(TradingState.REDUCING)
        if is_looser and request.role < Role.ADMIN:
            await self._say(request, views.not_looser(self._switch.set_here))
            return
        if is_looser and not await self._has_unlocked(request, "reduce"):
            return
        await self._change(TradingState.REDUCING, request)

    async def resume(self, request: TextIn) -> None:
        """
        Let orders through again; for admins.

        Raises NotAllowed, a SecondStepError where the code is not right, StorageUnavailable: then it stays as it was.
        """
        if request.role < Role.ADMIN:
            raise NotAllowed(Role.ADMIN.name.lower())
        if await self._has_unlocked(request, "resume"):
            await self._change(TradingState.ACTIVE, request)

    async def _change(self, state: TradingState, request: TextIn) -> None:
        trouble = await self._set(state, request)
        by_host = self._switch.is_halted_by_host
        await self._say(request, views.changed(state, trouble=trouble, by_host=by_host))
        await self._announce(self._switch.state, request.user_id)

    async def _set(self, state: TradingState, request: TextIn) -> str:
        """Turn the switch; return what the person must know beside. What is stricter holds even where unstored."""
        is_stricter = state.is_stricter(self._switch.set_here)
        try:
            await self._switch.set(state, user_id=request.user_id, at=self._clock.now())
        except StorageUnavailable:
            if not is_stricter and self._switch.set_here is not state:
                raise
            return _NOT_STORED
        await self._note(request, state)
        return ""

    async def _note(self, request: TextIn, state: TradingState) -> None:
        try:
            await self._audit.write(
                self._clock.now(), request.user_id, request.chat_id, "trading state", "", state.value, ""
            )
        except StorageUnavailable:
            # The switch is turned, and its person must hear that.
            _log.warning("trading was set to %s, and the audit could not be written", state.value)

    async def _cancelled(self, request: TextIn) -> tuple[int, str]:
        try:
            withdrawn = await self._desk.cancel_all(request.user_id, request.chat_id)
        except StorageUnavailable:
            return 0, "I could not look up what works: cancel it in TWS."
        return len(withdrawn.asked), views.kept(withdrawn)

    async def _has_unlocked(self, request: TextIn, command: str) -> bool:
        """Return whether the second step is off or taken; ask for the code where it is wanted and not there."""
        if not self._second.is_on:
            return True
        code = request.args.strip()
        if not code:
            await self._say(request, views.needs_code(command))
            return False
        # Whoever looks over the person's shoulder later must not find it.
        await self._reply.delete(request.chat_id, request.message_id)
        await self._second.check(request.user_id, code)
        return True

    async def _say(self, request: TextIn, message: Message) -> None:
        # What had a code in it is deleted: Telegram answers to nothing.
        reply_to = None if request.args and self._second.is_on else request.message_id
        await self._reply.send(request.chat_id, self._cards.branded(message), reply_to=reply_to)
