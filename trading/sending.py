"""
Sends the orders of a claimed proposal, each once, and stores what became of each.

The rows of all legs are there before the first order leaves, and the id of each is noted before it leaves: another
database, and this one before a restore, have the same references, and by its id an order is told from theirs. Orders of
a list leave one by one, each noted before the next: after a crash all that follows the first that is not noted as sent
has certainly not left. The orders of a bracket leave together, with nothing in between; TWS holds them until the last
has come, and by their ids a family that was never completed can be taken back. The orders of a change leave together
too, and what protects a position last where there is to be more of it, first where there is to be less: where the link
fails between them, nothing is left that would trade more than there is.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from market.clock import Clock
from market.errors import LinkDown, MarketError, ReadOnlyApi, RequestTimeout
from trading.confirmation import Confirmation, Outcome
from trading.draft import reason
from trading.errors import OrderDenied, OrderGone, TradingError
from trading.guards import Guards, Others, Pairs
from trading.plan import is_burst, is_family, is_held
from trading.ports import OrderGateway, ProposalStore
from trading.proposal import Leg, LegRole, LegState, Proposal, ProposalState
from trading.revision import falls, is_overtaken
from trading.state import TradingState

# A claim and the ids of a bracket take milliseconds. Where the database was locked meanwhile, what was checked before
# may not hold any more.
_CLAIM_TAKES_S = 5.0

# Each is lost only where somebody else's order leaves within the same milliseconds.
_RESERVATIONS = 10

logger = logging.getLogger(__name__)


class NotNoted(TradingError):
    """The store could not keep what is about to happen, so it does not happen."""


class Overtaken(TradingError):
    """The order that is to be changed has other terms by now than those the card was made from."""


class TooSlow(TradingError):
    """What was checked before the claim is too old to be sent on."""


# What a second press on the card is told; for one whose order was overtaken there is a new card.
_ENDS: dict[type, ProposalState] = {OrderDenied: ProposalState.DENIED, Overtaken: ProposalState.REPLACED}
_Stop = TooSlow | MarketError | OrderDenied | OrderGone | NotNoted | Overtaken | None


@dataclass(slots=True)
class _Run:
    """The legs that left, or perhaps left, and what ended it before the last (None: nothing)."""

    legs: list[Leg]
    stop: _Stop = None
    is_noted: bool = True


class Sender:
    """Sends what is claimed; there is no second try, and what was not sent is never sent later."""

    def __init__(self, store: ProposalStore, gateway: OrderGateway, guards: Guards, clock: Clock) -> None:
        self._store = store
        self._gateway = gateway
        self._guards = guards
        self._clock = clock

    async def send(self, claimed: Proposal, pairs: Pairs, others: Others, looked: float) -> Confirmation:
        """
        Send every leg of *claimed*, whose orders were seen as *pairs* say at *looked* (monotonic seconds).

        *others* is what the guards' check has told of them.

        The guards are asked for the last time right before the first order leaves, with nothing awaited in between, and
        whether trading became stricter before each further one of a list. Held in the proposal's turn.
        """
        try:
            claimed, targets = await self._prepared(claimed)
            self._require_fresh(looked)
            passed = self._guards.last_check(pairs, claimed, others)
        except (MarketError, OrderDenied, OrderGone, NotNoted, Overtaken, TooSlow) as error:
            return await self._unsent(claimed, error)
        run = await self._run(claimed, targets, passed)
        if not run.legs and run.stop is not None:
            return await self._unsent(claimed, run.stop)
        # Where the last of a family was tried it may have come, and the family with it: that is for the reconcile.
        if is_family(claimed) and len(run.legs) < len(claimed.legs):
            await self._take_back(run.legs)
        return await self._sent(claimed, run)

    async def _prepared(self, claimed: Proposal) -> tuple[Proposal, dict[str, Leg]]:
        """Return it with the ids of what leaves first, and the legs that its changes are about."""
        targets = await self._targets(claimed)
        if claimed.changed_from is not None:
            return claimed, targets
        return await self._numbered(claimed, claimed.legs if is_burst(claimed) else claimed.legs[:1]), targets

    async def _numbered(self, claimed: Proposal, legs: Sequence[Leg]) -> Proposal:
        """Return it with a new id for each of *legs*, noted. Raises LinkDown, ReadOnlyApi, RequestTimeout, NotNoted."""
        for _ in range(_RESERVATIONS):
            for leg in legs:
                named = replace(leg, order_id=self._gateway.reserve(), client_id=self._gateway.client_id)
                if not await done(self._store.save_leg(claimed.id, named)):
                    raise NotNoted
                claimed = claimed.with_leg(named)
            # While the ids were noted, another order or a what-if may have left under a higher one.
            if self._gateway.is_next(claimed.legs[legs[0].number - 1].order_id):
                return claimed
        raise RequestTimeout("order ids", 0.0)

    async def _next(self, claimed: Proposal, leg: Leg, passed: TradingState) -> Leg:
        """Return the next *leg* of a list with its id. Raises as `_numbered`, and OrderDenied."""
        claimed = await self._numbered(claimed, (leg,))
        self._guards.require(passed)
        return claimed.legs[leg.number - 1]

    def _require_fresh(self, looked: float) -> None:
        if self._clock.monotonic() - looked > _CLAIM_TAKES_S:
            raise TooSlow

    async def _targets(self, claimed: Proposal) -> dict[str, Leg]:
        """Return the orders that a change is about, all of one proposal. Raises Overtaken, OrderGone."""
        if claimed.changed_from is None:
            return {}
        found = await self._store.by_order_ref(claimed.orders[0].changes)
        if is_overtaken(claimed, found):
            raise Overtaken
        legs = {leg.order_ref: leg for leg in found.legs} if found is not None else {}
        for order in claimed.orders:
            if legs[order.changes].state.is_final or not legs[order.changes].order_id:
                raise OrderGone(order.changes)
        return legs

    async def _run(self, claimed: Proposal, targets: dict[str, Leg], passed: TradingState) -> _Run:
        run, is_one_by_one = _Run([]), not is_burst(claimed)
        for one in reversed(claimed.legs) if falls(claimed) else claimed.legs:
            leg = one
            try:
                if run.legs and is_one_by_one:
                    leg = await self._next(claimed, one, passed)
            except (MarketError, OrderDenied, NotNoted) as error:
                run.stop = error
                return run
            try:
                gone = await self._leave(claimed, leg, targets)
            except (LinkDown, ReadOnlyApi, OrderDenied, OrderGone) as error:
                run.stop = error
                return run
            except MarketError as error:
                run.legs.append(replace(leg, state=LegState.UNKNOWN, message=reason(error)))
                run.stop = error
                return run
            run.legs.append(gone)
            if is_one_by_one:
                run.is_noted = await done(self._store.save_leg(claimed.id, gone))
                if not run.is_noted:
                    # What is not noted cannot be told from what was never sent, after a crash.
                    run.stop = NotNoted()
                    return run
        return run

    async def _leave(self, claimed: Proposal, leg: Leg, targets: dict[str, Leg]) -> Leg:
        """Hand one order to the gateway. Nothing is awaited here before it has left."""
        order = claimed.order_of(leg)
        if order.role is LegRole.CHANGE:
            target = targets[order.changes]
            await self._gateway.change(order, target.order_id, target.order_ref, target.perm_id)
            return replace(leg, state=LegState.SENT)
        parent_id = claimed.legs[order.parent - 1].order_id if order.parent else 0
        order_id = await self._gateway.submit(
            order, leg.order_ref, order_id=leg.order_id, parent_id=parent_id, is_held=is_held(claimed, leg)
        )
        return replace(leg, state=LegState.SENT, order_id=order_id, client_id=self._gateway.client_id)

    async def _take_back(self, legs: list[Leg]) -> None:
        """Take back the part of a family that TWS holds; where the link is gone, the next reconcile does."""
        for leg in legs:
            try:
                await self._gateway.discard(leg.order_id, leg.order_ref)
            except (MarketError, OrderGone) as error:
                logger.warning("%s could not be taken back yet: %s", leg.order_ref, reason_of(error))

    async def _unsent(self, claimed: Proposal, stop: _Stop) -> Confirmation:
        """Close a proposal of which nothing has left."""
        self._guards.release(claimed.id)
        state = _ENDS.get(type(stop), ProposalState.CANCELLED)
        await done(self._store.settle(claimed.id, state))
        now = claimed.with_state(state)
        if isinstance(stop, OrderDenied):
            return Confirmation(Outcome.DENIED, now, denial=stop)
        if isinstance(stop, Overtaken | TooSlow):
            return Confirmation(Outcome.OVERTAKEN if isinstance(stop, Overtaken) else Outcome.TOO_SLOW, now)
        outcome = Outcome.ORDER_GONE if isinstance(stop, OrderGone) else Outcome.NOT_SENT
        return Confirmation(outcome, now, detail=reason_of(stop))

    async def _sent(self, claimed: Proposal, run: _Run) -> Confirmation:
        why = reason_of(run.stop)
        gone = {leg.number for leg in run.legs}
        left = [replace(leg, state=LegState.NOT_SENT, message=why) for leg in claimed.legs if leg.number not in gone]
        now = claimed.with_state(ProposalState.SUBMITTED)
        for leg in (*run.legs, *left):
            now = now.with_leg(leg)
        is_noted = await done(self._note(now)) and run.is_noted
        denial = run.stop if isinstance(run.stop, OrderDenied) else None
        if left:
            return Confirmation(Outcome.PARTLY, now, detail=why, denial=denial)
        if run.stop is not None and not isinstance(run.stop, NotNoted):
            return Confirmation(Outcome.UNKNOWN, now, detail=why)
        return Confirmation(Outcome.SENT if is_noted else Outcome.UNNOTED, now)

    async def _note(self, now: Proposal) -> None:
        for leg in now.legs:
            await self._store.save_leg(now.id, leg)
        await self._store.settle(now.id, ProposalState.SUBMITTED)


def reason_of(stop: _Stop) -> str:
    """Return in a word why the rest was not sent; the views make a sentence of it."""
    match stop:
        case None:
            return ""
        case OrderDenied():
            return stop.limit.value
        case OrderGone():
            return "order gone"
        case NotNoted():
            return "not noted"
        case Overtaken() | TooSlow():
            return ""
        case _:
            return reason(stop)


async def done(note: Coroutine[Any, Any, None]) -> bool:
    """
    Return whether *note* was stored; log why it was not.

    The press is decided: no error of the store may keep its person from hearing how, whatever kind the store raises.
    What IBKR says of an order is stored when it comes.
    """
    noting = asyncio.ensure_future(note)
    await asyncio.wait({noting})
    error = None if noting.cancelled() else noting.exception()
    if error is not None:
        logger.error("what became of a press could not be noted", exc_info=error)
    return error is None and not noting.cancelled()
