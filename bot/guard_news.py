"""Tells everybody when trading is halted, goes on, or a day is over."""

from bot.notices import Notices
from bot.views.notices import Notice
from market.clock import Clock
from trading.loss_lock import DayLost
from trading.state import TradingState, TradingSwitch

_HOST = 0


class GuardNews:
    """Puts it into the outbox for all open private chats."""

    def __init__(self, notices: Notices, switch: TradingSwitch, clock: Clock) -> None:
        self._notices = notices
        self._switch = switch
        self._clock = clock

    async def changed(self, state: TradingState, by: int) -> None:
        """Tell everybody but *by*, who has been answered."""
        chats = [chat for chat in await self._notices.chats() if chat != by]
        await self._notices.tell(chats, Notice.TRADING, self._key("trading"), state=state.value, by=by)

    async def host_halted(self, is_halted: bool) -> None:  # noqa: FBT001  a fact, told as such
        """Tell everybody that the host halts, or no longer does."""
        chats = await self._notices.chats()
        if is_halted:
            halted = TradingState.HALTED.value
            await self._notices.tell(chats, Notice.TRADING, self._key("halt-file"), state=halted, by=_HOST)
        else:
            state = self._switch.state.value
            await self._notices.tell(chats, Notice.HOST_LIFTED, self._key("halt-file"), state=state)

    async def day_lost(self, lost: DayLost) -> None:
        """Tell everybody that an account's day is over."""
        await self._notices.tell(
            await self._notices.chats(),
            Notice.DAY_LOST,
            self._key(f"day-lost:{lost.account}"),
            account=lost.account,
            loss=str(lost.loss),
            limit=str(lost.limit),
            currency=lost.currency,
        )

    def _key(self, about: str) -> str:
        return f"{about}:{self._clock.now():%Y%m%dT%H%M%S%f}"
