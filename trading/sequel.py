"""
The purchases of a rebalance that wait for the money of its sales; they outlive a restart.

They belong to the card that was confirmed first, by its digest: a card that took its place, since the price had moved
or nobody knew whether it arrived, sells the same orders. Pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from market.codec import instrument_from_json, instrument_to_json
from market.instrument import Instrument
from market.ticket import Side
from trading.proposal import Proposal, ProposalState

LIFETIME = timedelta(days=1)
"""How long purchases wait: what was worked out yesterday is worked out anew."""

_MOMENT = timedelta(minutes=2)
_CLAIMED = frozenset({ProposalState.CONFIRMED, ProposalState.SUBMITTED})
_ENDED = frozenset({ProposalState.CANCELLED, ProposalState.EXPIRED, ProposalState.DENIED})
# Another card takes the place of such a one, a moment later.
_FOLLOWED = frozenset({ProposalState.REPLACED, ProposalState.VOID})

InBase = Callable[[Decimal, str], Decimal | None]
"""Converts an amount of a currency into the account's own; None where the rate is not known."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many units of an instrument that are to be bought; *symbol* is as typed."""

    instrument: Instrument
    symbol: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Sequel:
    """
    What a person wants bought when the orders of the card with *digest* are done; *cash* is what there was before.

    *offered* is the proposal that asks for it now, 0 before there is one. *reminded* says that the person was told
    that it waits for a word: then no card comes by itself.
    """

    id: int
    user_id: int
    chat_id: int
    account: str
    digest: str
    cash: Decimal
    waiting: tuple[Waiting, ...]
    created: datetime
    offered: int = 0
    reminded: bool = False


class SequelStore(Protocol):
    """Keeps sequels; `storage/sequels.py`."""

    async def add(self, sequel: Sequel) -> Sequel:
        """Store a new one in the place of what waits for the same orders; return it with its id."""
        ...

    async def get(self, sequel_id: int) -> Sequel | None:
        """Return it, or None where it is over."""
        ...

    async def all(self) -> Sequence[Sequel]:
        """Return all that wait, oldest first."""
        ...

    async def offered(self, sequel_id: int, proposal_id: int) -> None:
        """Note the proposal that asks for it now."""
        ...

    async def reminded(self, sequel_id: int) -> None:
        """Note that the person was told that it still waits."""
        ...

    async def drop(self, sequel_id: int) -> None:
        """Forget it."""
        ...


class Step(StrEnum):
    """What is to be done about a sequel. BARREN: nothing was sold, so there is nothing to buy with."""

    WAIT = "wait"
    OFFER = "offer"
    REMIND = "remind"
    BARREN = "barren"
    DROP = "drop"


def latest(proposals: Iterable[Proposal], digest: str, since: datetime) -> Proposal | None:
    """Return the newest of *proposals* with *digest* that was made at or after *since*, or None."""
    found = [one for one in proposals if one.digest == digest and one.created >= since]
    return max(found, key=lambda one: one.id, default=None)


def step_of(sequel: Sequel, first: Proposal | None, second: Proposal | None, now: datetime) -> Step:
    """
    Return what is to be done: *first* is the newest card of the sales, *second* the newest one of the purchases.

    They are offered once, and once more where nobody knows whether the card arrived; of one that ended unconfirmed the
    person is told, and asks for another.
    """
    if (second is not None and second.state in _CLAIMED) or now - sequel.created > LIFETIME:
        return Step.DROP
    if second is not None:
        return _after_offer(sequel, second, now)
    if first is None or first.state in _ENDED:
        return Step.DROP
    if first.state in _FOLLOWED:
        return Step.WAIT if now - first.created < _MOMENT else Step.DROP
    if first.state is not ProposalState.SUBMITTED or not first.is_over or sequel.reminded:
        return Step.WAIT
    return Step.OFFER if any(leg.filled for leg in first.legs) else Step.BARREN


def money_of(sequel: Sequel, first: Proposal, in_base: InBase) -> Decimal | None:
    """
    Return what there is to buy with: the cash before, what the sales brought, less what was bought and the fees.

    IBKR streams an account's cash late, its fills at once. None where a rate is not known.
    """
    money = sequel.cash
    for leg in first.legs:
        order = first.order_of(leg)
        each = (leg.average_price or Decimal(0)) * order.instrument.factor
        value = in_base(leg.filled * each, order.instrument.currency)
        fee = in_base(leg.commission or Decimal(0), leg.commission_currency or order.instrument.currency)
        if value is None or fee is None:
            return None
        money += (value if order.ticket.side is Side.SELL else -value) - fee
    return money


def waiting_to_json(waiting: Iterable[Waiting]) -> list[dict[str, Any]]:
    """Return the purchases as JSON."""
    return [
        {"instrument": instrument_to_json(one.instrument), "symbol": one.symbol, "quantity": str(one.quantity)}
        for one in waiting
    ]


def waiting_from_json(data: Iterable[Mapping[str, Any]]) -> tuple[Waiting, ...]:
    """Return the purchases that `waiting_to_json` wrote."""
    return tuple(
        Waiting(instrument_from_json(one["instrument"]), one["symbol"], Decimal(one["quantity"])) for one in data
    )


def _after_offer(sequel: Sequel, second: Proposal, now: datetime) -> Step:
    if sequel.reminded:
        return Step.WAIT
    if second.state is ProposalState.VOID:
        return Step.OFFER
    if second.state in _ENDED:
        return Step.REMIND
    is_followed = second.state is ProposalState.REPLACED and now - second.created >= _MOMENT
    return Step.REMIND if is_followed else Step.WAIT
