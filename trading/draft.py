"""Makes a proposal out of a ticket: IBKR's preview, the warnings, the account before."""

from collections.abc import Callable
from datetime import timedelta

from market.clock import Clock
from market.errors import BrokerError, LinkDown, MarketError, ReadOnlyApi, RequestTimeout
from market.instrument import Instrument
from market.ticket import OrderTicket
from trading.appraisal import Appraisal
from trading.caution import cautions
from trading.limits import exact
from trading.ports import OrderGateway
from trading.proposal import Leg, Preview, Proposal

REJECTED = 201
"""IBKR's code for an order it refuses, also as the answer to a preview."""


class Drafter:
    """Drafts proposals that live for *lifetime*, each with its own *new_token*."""

    def __init__(self, gateway: OrderGateway, clock: Clock, new_token: Callable[[], str], lifetime: timedelta) -> None:
        self._gateway = gateway
        self._clock = clock
        self._new_token = new_token
        self._lifetime = lifetime

    async def draft(
        self, ticket: OrderTicket, instrument: Instrument, seen: Appraisal, *, user_id: int, chat_id: int
    ) -> Proposal:
        """Return the proposal, previewed by IBKR but not stored; a preview that fails does not stop it."""
        preview, missing, warnings = await self._preview(ticket, instrument, seen.account)
        now, summary = self._clock.now(), seen.summary
        return Proposal(
            id=0,
            token=self._new_token(),
            user_id=user_id,
            chat_id=chat_id,
            account=seen.account,
            ticket=ticket,
            instrument=instrument,
            created=now,
            expires=now + self._lifetime,
            reference_price=seen.price,
            reference_time=seen.quote.received,
            bid=exact(seen.quote.bid),
            ask=exact(seen.quote.ask),
            preview=preview,
            preview_missing=missing,
            position_before=seen.position,
            cash_before=summary.cash if summary else None,
            net_liquidation=summary.net_liquidation if summary else None,
            warnings=warnings + cautions(ticket, instrument, seen),
            legs=(Leg(number=1, order_ref=""),),
        )

    async def _preview(
        self, ticket: OrderTicket, instrument: Instrument, account: str
    ) -> tuple[Preview | None, str, tuple[str, ...]]:
        """Return IBKR's preview, or why there is none, and what must be warned of: 201 says it would be refused."""
        try:
            return await self._gateway.preview(instrument, ticket, account), "", ()
        except (LinkDown, RequestTimeout, BrokerError) as error:
            refused = isinstance(error, BrokerError) and error.code == REJECTED
            return None, reason(error), (reason(error),) if refused else ()


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
