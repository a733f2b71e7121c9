"""
A proposal is one order as it was shown to one person, waiting for that person's Confirm.

PROPOSED -> CONFIRMED (claimed, intent stored, nothing sent yet) -> SUBMITTED -> the order's own fate, or
PROPOSED -> AWAITING_SECOND (another person is to approve it) -> CONFIRMED, or
PROPOSED or AWAITING_SECOND -> CANCELLED (a person) | EXPIRED (time) | VOID (nobody knows whether the card arrived)
          | REPLACED (edited, or the price or the order it changes has moved: there is a new card).
The claim is one atomic statement in `storage/proposals.py`; everything here is pure.
"""

import hashlib
import json
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from market.instrument import Instrument
from market.ticket import OrderTicket, Size


class ProposalState(StrEnum):
    """What became of a proposal; after SUBMITTED its legs tell the rest."""

    PROPOSED = "proposed"
    AWAITING_SECOND = "awaiting second"
    CONFIRMED = "confirmed"
    SUBMITTED = "submitted"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    DENIED = "denied"
    VOID = "void"

    @property
    def is_standing(self) -> bool:
        """Whether it may still be sent: nothing was, and nobody and nothing has ended it."""
        return self in {ProposalState.PROPOSED, ProposalState.AWAITING_SECOND}


class LegState(StrEnum):
    """
    One order's fate. UNSENT: intent stored, nothing sent. UNKNOWN: sent, or perhaps sent, and IBKR has not said.

    Four words for four fates: denied (our limit), rejected (IBKR), cancelled (a person), expired (time). NOT_SENT: it
    never left and never will, the leg's message says why. CHANGED: the new terms are those IBKR works on (CHANGE only).
    """

    UNSENT = "unsent"
    SENT = "sent"
    WORKING = "working"
    PARTIAL = "partly filled"
    FILLED = "filled"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"
    CHANGED = "changed"

    @property
    def is_final(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self not in _OPEN_STATES


DISOWNED = "not in tws"
"""The message of an order that was NOT_SENT as far as the person knows who looked for it in TWS."""

_OPEN_STATES = frozenset({LegState.UNSENT, LegState.SENT, LegState.WORKING, LegState.PARTIAL, LegState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Preview:
    """
    IBKR's what-if answer, in the account's currency; None where IBKR left a value out.

    *commission* is the expected one, or the highest of IBKR's range. *warning* is IBKR's own text.
    """

    initial_margin_change: Decimal | None = None
    maintenance_margin_change: Decimal | None = None
    equity_with_loan_after: Decimal | None = None
    commission: Decimal | None = None
    commission_currency: str = ""
    warning: str = ""


class LegRole(StrEnum):
    """
    What a leg is for. ENTRY: the order itself. TAKE_PROFIT and STOP_LOSS hang on an entry and one cancels the other.

    ALTERNATIVE: works beside the entry until one of both is filled. PART: one of a list (several accounts, several
    instruments), in no relation to the others. CHANGE: new terms for an order that works already.
    """

    ENTRY = "entry"
    TAKE_PROFIT = "take profit"
    STOP_LOSS = "stop loss"
    ALTERNATIVE = "alternative"
    PART = "part"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class LegOrder:
    """
    What one leg sends: *ticket* without children of its own, for *account*.

    *parent* is the number of the leg it hangs on, 0 for none; legs of one *group* (not "") cancel each other (OCA).
    *changes* is the order reference of the working order whose terms are changed ("" otherwise). No part of the order
    are the prices: *reference_price*, *bid* and *ask* are those when it was proposed, of an order of a list,
    *rival_price* is of a change that of the other half of its pair. Nor is *covered*: how many of the calls it sells
    were covered by shares then, None for none, and *closable*: what was held of the instrument then less what covers
    options that were sold (short: negative), None where that is the proposal's own *position_before*.
    """

    role: LegRole
    instrument: Instrument
    ticket: OrderTicket
    account: str
    parent: int = 0
    group: str = ""
    changes: str = ""
    reference_price: Decimal | None = None
    rival_price: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    covered: Decimal | None = None
    closable: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """
    One order of a proposal. *order_ref* (`sb-<proposal>-<leg>`) is what IBKR echoes and a restart looks for.

    *order_id* is the API's, valid for *client_id* only; *perm_id* is IBKR's lasting identity; each is 0 until known.
    *commission* is in *commission_currency* ("" until known). *message* is IBKR's own last words about the order.
    """

    number: int
    order_ref: str
    state: LegState = LegState.UNSENT
    order_id: int = 0
    perm_id: int = 0
    filled: Decimal = Decimal(0)
    average_price: Decimal | None = None
    commission: Decimal | None = None
    realized_pnl: Decimal | None = None
    message: str = ""
    client_id: int = 0
    commission_currency: str = ""

    @property
    def is_disowned(self) -> bool:
        """Whether only a person's word says that it is over: what IBKR says counts more."""
        return self.state is LegState.NOT_SENT and self.message == DISOWNED


@dataclass(frozen=True, slots=True)
class Proposal:
    """
    One order as shown. *id* is 0 until stored; *token* is the Confirm button's 128-bit secret, single use.

    *message_id* is None until Telegram has acknowledged the card: such a proposal cannot be claimed.
    *reference_price* is the live price when it was shown (the drift guard's anchor), as of *reference_time*.
    *preview* is None where IBKR gave none, *preview_missing* then says why (IBKR's words, or ours).
    *orders* say what each leg sends, in the order of the *legs*; without them there is one leg, and it sends *ticket*.
    *asked* is the size as it was asked for where the ticket's quantity was worked out from one, *changed_from* the
    terms until now of the working order that a CHANGE is about. *notes* are those of the warnings that whoever made the
    list gave with it. *closes* is when the session of *instrument* closes, the running one or the next; None if
    that is not known.
    """

    id: int
    token: str = field(repr=False)
    user_id: int
    chat_id: int
    account: str
    ticket: OrderTicket
    instrument: Instrument
    created: datetime
    expires: datetime
    state: ProposalState = ProposalState.PROPOSED
    message_id: int | None = None
    reference_price: Decimal | None = None
    reference_time: datetime | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    preview: Preview | None = None
    preview_missing: str = ""
    position_before: Decimal = Decimal(0)
    cash_before: Decimal | None = None
    net_liquidation: Decimal | None = None
    warnings: tuple[str, ...] = ()
    legs: tuple[Leg, ...] = ()
    orders: tuple[LegOrder, ...] = ()
    asked: Size | None = None
    changed_from: OrderTicket | None = None
    notes: tuple[str, ...] = ()
    closes: datetime | None = None

    def order_of(self, leg: Leg) -> LegOrder:
        """Return what *leg* sends; a proposal of one order needs no plan for it."""
        if self.orders:
            return self.orders[leg.number - 1]
        return LegOrder(LegRole.ENTRY, self.instrument, self.ticket, self.account)

    @property
    def exposures(self) -> tuple[LegOrder, ...]:
        """As `exposures_of`."""
        return exposures_of(self.orders or (self.order_of(Leg(1, "")),), self.ticket)

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen to any of its orders."""
        return all(leg.state.is_final for leg in self.legs)

    @property
    def digest(self) -> str:
        """What the Confirm is bound to: a hash over everything that makes the order this order."""
        parts = [_terms(order) for order in (self.orders or (self.order_of(Leg(1, "")),))]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def reference(self) -> str:
        """The short name a person sees and can quote."""
        return f"#{self.id}"

    def with_state(self, state: ProposalState) -> "Proposal":
        """Return the proposal in *state*."""
        return replace(self, state=state)

    def with_leg(self, leg: Leg) -> "Proposal":
        """Return the proposal with *leg* in the place of the leg of its number."""
        return replace(self, legs=tuple(leg if old.number == leg.number else old for old in self.legs))


def exposures_of(orders: tuple[LegOrder, ...], ticket: OrderTicket) -> tuple[LegOrder, ...]:
    """
    Return those of *orders* that the limits are asked about, the first with its whole *ticket*.

    A bracket's children and the other half of an OCO pair can only undo or replace the first order: they add nothing to
    it, and their prices are on its ticket.
    """
    first = orders[0]
    return orders if first.role is LegRole.PART else (replace(first, ticket=ticket),)


# Everything but the symbol as it was typed: the instrument says what it means.
_TERMS = tuple(one.name for one in fields(OrderTicket) if one.name != "symbol")


def _terms(order: LegOrder) -> list[object]:
    ticket = [(name, _written(getattr(order.ticket, name))) for name in _TERMS]
    legs = [(leg.con_id, leg.ratio, leg.side) for leg in order.instrument.legs]
    place = [order.role.value, order.parent, order.group, order.changes]
    return [order.account, order.instrument.con_id, legs, ticket, place]


def _written(term: object) -> str:
    """Return a term of an order as text, the same for equal terms."""
    return str(term.normalize() if isinstance(term, Decimal) else term)


@dataclass(frozen=True, slots=True)
class OrderNews:
    """
    Something happened to an order that its owner is told: *proposal* as it now stands, *leg* the one concerned.

    *previous* is the leg's state before; *found_at_reconcile* says that a restart or reconnect brought it to light.
    """

    proposal: Proposal
    leg: Leg
    previous: LegState
    at: datetime
    found_at_reconcile: bool = False
