"""Makes a proposal out of what was asked for: IBKR's preview, the warnings, the account before."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from market.clock import Clock
from market.errors import BrokerError, LinkDown, MarketError, ReadOnlyApi, RequestTimeout
from market.ticket import OrderTicket, Size
from trading.appraisal import Appraisal
from trading.caution import cautions
from trading.limits import exact
from trading.ports import OrderGateway
from trading.proposal import Leg, LegOrder, LegRole, Preview, Proposal, exposures_of

REJECTED = 201
"""IBKR's code for an order it refuses, also as the answer to a preview."""


NO_PREVIEW = "a change is not previewed"
"""Why the card of a change says nothing of costs: IBKR's preview would count the order twice."""


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What a proposal is to be about: *orders* to send, of which *ticket* is the first or the whole bracket.

    *asked* is the size that its quantity was worked out from, *changed_from* the terms that a change leaves behind,
    *notes* are what the card says besides its own warnings.
    """

    ticket: OrderTicket
    orders: tuple[LegOrder, ...]
    asked: Size | None = None
    changed_from: OrderTicket | None = None
    notes: tuple[str, ...] = ()

    @property
    def exposures(self) -> tuple[LegOrder, ...]:
        """As `Proposal.exposures`."""
        return exposures_of(self.orders, self.ticket)

    @property
    def is_plain(self) -> bool:
        """Whether it is one order that is all of its ticket: then there is nothing else to store."""
        return len(self.orders) == 1 and self.orders[0].role is LegRole.ENTRY and self.orders[0].covered is None


class Drafter:
    """Drafts proposals that live for *lifetime*, each with its own *new_token*."""

    def __init__(self, gateway: OrderGateway, clock: Clock, new_token: Callable[[], str], lifetime: timedelta) -> None:
        self._gateway = gateway
        self._clock = clock
        self._new_token = new_token
        self._lifetime = lifetime

    async def draft(self, wish: Wish, seen: Sequence[Appraisal], *, user_id: int, chat_id: int) -> Proposal:
        """
        Return the proposal, previewed by IBKR but not stored; a preview that fails does not stop it.

        *seen* is how things stand for each of the wish's exposures.
        """
        first, account = seen[0], wish.orders[0].account
        preview, missing, warnings = await self._preview(wish)
        now, summary = self._clock.now(), first.summary
        session = first.hours.next_close(now) if first.hours is not None else None
        return Proposal(
            id=0,
            token=self._new_token(),
            user_id=user_id,
            chat_id=chat_id,
            account=account,
            ticket=wish.ticket,
            instrument=wish.orders[0].instrument,
            created=now,
            expires=now + self._lifetime,
            reference_price=first.price,
            reference_time=first.quote.received,
            bid=exact(first.quote.bid),
            ask=exact(first.quote.ask),
            preview=preview,
            preview_missing=missing,
            position_before=first.position,
            cash_before=summary.cash if summary else None,
            net_liquidation=summary.net_liquidation if summary else None,
            warnings=(*wish.notes, *warnings, *_cautions(wish, seen)),
            legs=tuple(Leg(number=number, order_ref="") for number in range(1, len(wish.orders) + 1)),
            orders=() if wish.is_plain and not first.pledged else _priced(wish.orders, seen),
            asked=wish.asked,
            changed_from=wish.changed_from,
            notes=wish.notes,
            closes=session.end if session is not None else None,
        )

    async def _preview(self, wish: Wish) -> tuple[Preview | None, str, tuple[str, ...]]:
        """Return IBKR's preview, or why there is none, and what must be warned of: 201 says it would be refused."""
        if wish.changed_from is not None:
            return None, NO_PREVIEW, ()
        first = wish.orders[0]
        orders = wish.orders if first.role is LegRole.PART else (first,)
        found = await asyncio.gather(*(self._preview_one(order) for order in orders))
        previews = [preview for preview, _, _ in found if preview is not None]
        missing = next((why for _, why, _ in found if why), "")
        warnings = tuple(dict.fromkeys(text for _, _, texts in found for text in texts))
        return None if missing else _total(previews), missing, warnings

    async def _preview_one(self, order: LegOrder) -> tuple[Preview | None, str, tuple[str, ...]]:
        try:
            return await self._gateway.preview(order.instrument, order.ticket, order.account), "", ()
        except (LinkDown, RequestTimeout, BrokerError) as error:
            refused = isinstance(error, BrokerError) and error.code == REJECTED
            return None, reason(error), (reason(error),) if refused else ()


def _cautions(wish: Wish, seen: Sequence[Appraisal]) -> Iterable[str]:
    """Yield the warnings of each order, in a list with the instrument that each is about."""
    said: dict[str, None] = {}
    for order, of_it in zip(wish.exposures, seen, strict=True):
        found = cautions(order.ticket, order.instrument, of_it)
        named = f"{order.instrument.label}: " if len(seen) > 1 else ""
        said |= dict.fromkeys(f"{named}{text}" for text in found)
    return said


def _priced(orders: tuple[LegOrder, ...], seen: Sequence[Appraisal]) -> tuple[LegOrder, ...]:
    """Return the orders of a list with the prices and the position that each was shown at; of others what differs."""
    if orders[0].role is not LegRole.PART:
        first = seen[0]
        return tuple(replace(order, closable=first.closable) for order in orders) if first.pledged else orders
    return tuple(
        replace(
            order,
            reference_price=one.price,
            bid=exact(one.quote.bid),
            ask=exact(one.quote.ask),
            closable=one.closable,
        )
        for order, one in zip(orders, seen, strict=True)
    )


def _total(previews: Sequence[Preview]) -> Preview:
    """Return what all of them come to; a value that IBKR left out of one is not known of all."""
    if len(previews) == 1:
        return previews[0]
    currencies = {one.commission_currency for one in previews}
    return Preview(
        initial_margin_change=_sum(one.initial_margin_change for one in previews),
        maintenance_margin_change=_sum(one.maintenance_margin_change for one in previews),
        commission=_sum(one.commission for one in previews) if len(currencies) == 1 else None,
        commission_currency=min(currencies),
        warning="\n".join(dict.fromkeys(one.warning for one in previews if one.warning)),
    )


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    known = list(values)
    return sum((value for value in known if value is not None), Decimal(0)) if None not in known else None


def reason(error: MarketError) -> str:
    """Return IBKR's own words, or the kind of the error; the views make a sentence of it."""
    match error:
        case ReadOnlyApi():
            return "read-only"
        case BrokerError():
            return error.text
        case RequestTimeout():
            return "timeout"
        case LinkDown():
            return error.reason or "link down"
        case _:
            return type(error).__name__
