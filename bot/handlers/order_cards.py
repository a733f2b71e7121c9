"""Shows proposals: the card, its way into the chat, and its way into a message that showed another one."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from bot.errors import DeliveryError, DeliveryUnknown
from bot.handlers.ports import Ranges, Reply, Zones
from bot.noted import branded
from bot.views import estimate
from bot.views import proposal as views
from bot.views.errors import explain
from bot.views.message import Message
from market.clock import Clock
from market.errors import ReadOnlyApi
from storage.errors import StorageUnavailable
from trading.guarding import Guarding, guarding
from trading.ports import Holdings
from trading.proposal import Proposal
from trading.state import TradingState, TradingStateSource

_log = logging.getLogger(__name__)

_SENT_ANEW = "It was not known whether the first card arrived; that one is void."
_READ_ONLY = "read-only"
_REFUSED = 321

Make = Callable[[], Awaitable[Proposal]]
"""Proposes; called again where nobody knows whether the first card arrived."""


class Cards(Protocol):
    """What showing a card asks of the order desk."""

    async def shown(self, proposal_id: int, message_id: int) -> None:
        """Note the card's message."""
        ...

    async def void(self, proposal_id: int) -> bool:
        """Kill a card that may not have arrived."""
        ...


class OrderCards:
    """
    Makes cards of proposals and shows them.

    A card that is not surely in the chat is void: nobody could tell which message confirms it.
    """

    def __init__(
        self,
        *,
        reply: Reply,
        desk: Cards,
        holdings: Holdings,
        ranges: Ranges,
        zones: Zones,
        clock: Clock,
        trading_state: TradingStateSource,
    ) -> None:
        self._reply = reply
        self._desk = desk
        self._holdings = holdings
        self._ranges = ranges
        self._zones = zones
        self._clock = clock
        self._trading_state = trading_state

    def branded(self, message: Message) -> Message:
        """Return *message* with PAPER or LIVE in its first line, once IBKR has told of an account."""
        accounts: Sequence[str] = self._holdings.accounts()
        return branded(message, accounts[0]) if accounts else message

    async def message(self, proposal: Proposal, note: str = "") -> Message:
        """Return the card of *proposal* as it stands now."""
        summary = self._holdings.summary(proposal.account)
        base = summary.currency if summary is not None else proposal.instrument.currency
        return views.proposal_card(
            proposal,
            now=self._clock.now(),
            base=base,
            note=note,
            state=self._state(),
            zone=await self._zones.zone_of(proposal.user_id),
            guarding=self.guarding(proposal),
        )

    def guarding(self, proposal: Proposal) -> Guarding | None:
        """Return the stop loss and the target that would suit the order; None where none does."""
        if not views.may_be_guarded(proposal):
            return None
        instrument = proposal.instrument
        entry = estimate.entry_price(proposal)
        return guarding(proposal.ticket.side, entry, instrument, self._ranges.atr(instrument))

    async def present(self, make: Make, chat_id: int, reply_to: int | None, *, note: str = "") -> Proposal:
        """
        Propose by *make* and send the card; where nobody knows whether it arrived, once more with a new token.

        Raises what *make* raises, ReadOnlyApi where the Gateway would take no order, and DeliveryError.
        """
        proposal = await self._made(make)
        return await self.show(proposal, make, chat_id, reply_to, note=note)

    async def show(
        self, proposal: Proposal, again: Make, chat_id: int, reply_to: int | None, *, note: str = ""
    ) -> Proposal:
        """As `present`, for a *proposal* that is made already; *again* proposes where the first card may be lost."""
        if await self._sent(proposal, chat_id, reply_to, note):
            return proposal
        another = await self._made(again)
        await self._sent(another, chat_id, reply_to, _SENT_ANEW)
        return another

    async def swap(self, make: Make, again: Make, chat_id: int, message_id: int) -> Proposal:
        """
        Propose by *make* and put the card into the message *message_id*.

        Where nobody knows whether it arrived, *again* proposes, and that card goes out as a message of its own. Raises
        as `present`.
        """
        proposal = await self._made(make)
        try:
            shown = await self._reply.edit(chat_id, message_id, await self.message(proposal))
        except DeliveryError as error:
            await self._lost(proposal, error)
            another = await self._made(again)
            await self._sent(another, chat_id, message_id, _SENT_ANEW)
            return another
        await self._noted(proposal, chat_id, shown)
        return proposal

    async def _made(self, make: Make) -> Proposal:
        """Return the new proposal, unless IBKR's preview has said already that no order would be taken."""
        proposal = await make()
        if proposal.preview_missing == _READ_ONLY:
            await self._desk.void(proposal.id)
            raise ReadOnlyApi(_REFUSED, "it takes no orders")
        return proposal

    async def _sent(self, proposal: Proposal, chat_id: int, reply_to: int | None, note: str) -> bool:
        try:
            message_id = await self._reply.send(chat_id, await self.message(proposal, note), reply_to=reply_to)
        except DeliveryError as error:
            await self._lost(proposal, error)
            return False
        await self._noted(proposal, chat_id, message_id)
        return True

    async def _lost(self, proposal: Proposal, error: DeliveryError) -> None:
        """Void a card that is not surely there; raise *error* where it surely is not."""
        await self._desk.void(proposal.id)
        _log.warning("the card of %s is void, its send ended with %s", proposal.reference, type(error).__name__)
        if not isinstance(error, DeliveryUnknown):
            raise error

    async def _noted(self, proposal: Proposal, chat_id: int, message_id: int) -> None:
        try:
            await self._desk.shown(proposal.id, message_id)
        except StorageUnavailable as error:
            # It can never be confirmed, so it must not stand there as if it could.
            with suppress(DeliveryError):
                await self._reply.edit(chat_id, message_id, self.branded(explain(error)))

    def _state(self) -> TradingState:
        try:
            return self._trading_state()
        except OSError:
            return TradingState.HALTED
