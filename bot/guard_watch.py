"""Looks every second at what stops trading without a word in the chat: the host's file HALT, and the day's loss."""

from collections.abc import Awaitable, Callable

from market.clock import Clock
from trading.loss_lock import DayLost, LossLock
from trading.ports import AuditLog
from trading.state import TradingSwitch

_HOST = 0
"""In the place of a person in the audit log."""


class GuardWatch:
    """
    Closes the open cards when the host halts, and tells people of a halt, its end, and a day that is over.

    *close_cards* closes every open card and says so on each; *host_halted* tells whether the host halts from now on,
    *day_lost* of an account whose day is over.
    """

    def __init__(
        self,
        switch: TradingSwitch,
        losses: LossLock,
        *,
        close_cards: Callable[[], Awaitable[int]],
        host_halted: Callable[[bool], Awaitable[None]],
        day_lost: Callable[[DayLost], Awaitable[None]],
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._switch = switch
        self._losses = losses
        self._close_cards = close_cards
        self._host_halted = host_halted
        self._day_lost = day_lost
        self._audit = audit
        self._clock = clock
        self._was_halted = False
        self._lost: list[DayLost] = []

    async def look(self) -> None:
        """Look once. Raises StorageUnavailable; what was not done then is done at the next look."""
        is_halted = self._switch.is_halted_by_host
        if is_halted != self._was_halted:
            if is_halted:
                await self._close_cards()
            await self._note("halt file", "there" if is_halted else "gone", "")
            await self._host_halted(is_halted)
            self._was_halted = is_halted
        self._lost += await self._losses.look()
        while self._lost:
            lost = self._lost[0]
            await self._note("daily loss", lost.account, f"{lost.loss} {lost.currency}")
            await self._day_lost(lost)
            self._lost.pop(0)

    async def _note(self, action: str, outcome: str, detail: str) -> None:
        await self._audit.write(self._clock.now(), _HOST, _HOST, action, "", outcome, detail)
