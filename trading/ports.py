"""What trading needs from other rooms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from market.account import AccountSummary, Fill, Position
from market.hours import Hours
from market.instrument import Instrument
from market.order_rules import OrderRules
from market.quote import Quote
from market.ticket import OrderTicket
from trading.proposal import Leg, LegOrder, OrderNews, Preview, Proposal, ProposalState


class OrderFate(StrEnum):
    """
    What IBKR says of an order, its many statuses evened out.

    PENDING: TWS has it, and no market has taken it yet. CHECK: it spoke unclearly, ask before telling.
    """

    PENDING = "pending"
    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class OrderReport:
    """
    What IBKR knows of one order, from an event, the open orders or the completed orders.

    *order_id* and *client_id* are 0 where IBKR leaves them out (completed orders). *message* is IBKR's own text.
    *words* say the order in one line, also one of a kind that tickets have no words for; *at* is when it was
    completed, where IBKR says so. *refused_change* are IBKR's words where it did not take new terms: the order goes on
    with the old ones. Orders of one *group* (not "") cancel each other (OCA).
    """

    order_ref: str
    perm_id: int
    order_id: int
    client_id: int
    account: str
    fate: OrderFate
    filled: Decimal
    remaining: Decimal
    average_price: Decimal | None = None
    instrument: Instrument | None = None
    ticket: OrderTicket | None = None
    message: str = ""
    words: str = ""
    at: datetime | None = None
    refused_change: str = ""
    # No news of its own: TWS names the group of a bracket's children when it lists them.
    group: str = field(default="", compare=False)


class OrderGateway(Protocol):
    """The one door to IBKR's orders; `broker/orders.py` implements it, `trading/desk.py` alone is handed it."""

    def connect(
        self,
        on_report: Callable[[OrderReport], None],
        on_fill: Callable[[Fill], None],
        on_sent: Callable[[str], None] | None = None,
    ) -> None:
        """
        Hand every order event and every execution (again when its commission is known) to the first two sinks.

        The third gets the reference of each order right before it leaves, of one that is changed too: IBKR owes an
        answer to it.
        """
        ...

    async def preview(self, instrument: Instrument, ticket: OrderTicket, account: str) -> Preview:
        """Ask IBKR what the order would cost; creates no order. Raises LinkDown, RequestTimeout, BrokerError."""
        ...

    def reserve(self) -> int:
        """Return an API order id for an order to come; no other gets it. Raises LinkDown, ReadOnlyApi."""
        ...

    def is_next(self, order_id: int) -> bool:
        """Return whether a reserved id can be used now: on this connection, and above every id that was used on it."""
        ...

    async def submit(
        self, order: LegOrder, order_ref: str, *, order_id: int = 0, parent_id: int = 0, is_held: bool = False
    ) -> int:
        """
        Send the order once and return its API order id (*order_id*, unless 0); IBKR's answer comes as a report.

        It hangs on the order *parent_id*; one that *is_held* waits at TWS until one that hangs with it is not
        (`transmit`). Raises LinkDown, and then nothing was sent; it never waits for IBKR's acknowledgement.
        """
        ...

    async def change(self, order: LegOrder, order_id: int, order_ref: str, perm_id: int) -> None:
        """
        Send new terms for our own working order; *order_id* must be the order *order_ref*, as for `cancel`.

        Raises OrderGone where it does not work any more, LinkDown (nothing was sent), RequestTimeout, BrokerError.
        """
        ...

    async def discard(self, order_id: int, order_ref: str) -> None:
        """
        Take back an order of ours that TWS may hold untransmitted; nothing is said where it holds none.

        Such an order is in no list and no frame tells of it. Raises OrderGone where *order_id* is known as another
        order, LinkDown, ReadOnlyApi.
        """
        ...

    @property
    def client_id(self) -> int:
        """Our own API client id: order ids count for it alone."""
        ...

    async def cancel(self, order_id: int, order_ref: str, perm_id: int) -> None:
        """
        Ask IBKR to cancel our own order; the outcome comes as a report.

        *order_id* must be the order *order_ref* (and *perm_id*, unless 0) under our client id: OrderGone where it is
        not. Raises LinkDown, RequestTimeout, BrokerError.
        """
        ...

    async def open_orders(self) -> Sequence[OrderReport]:
        """Return every client's open orders. Raises LinkDown, RequestTimeout, BrokerError."""
        ...

    async def completed_orders(self) -> Sequence[OrderReport]:
        """Return today's completed orders. Raises LinkDown, RequestTimeout, BrokerError."""
        ...

    async def executions(self) -> Sequence[Fill]:
        """Return today's executions. Raises LinkDown, RequestTimeout, BrokerError."""
        ...


class QuoteSource(Protocol):
    """A fresh quote, now."""

    async def fresh(self, instrument: Instrument, timeout_s: float = 3.0) -> Quote:
        """
        Return a quote received just now (or still streaming).

        Raises LinkDown, RequestTimeout (nothing came), NoMarketData, BrokerError.
        """
        ...


class SymbolBook(Protocol):
    """Turns a symbol as typed into an instrument, and knows its hours."""

    async def find(self, symbol: str) -> Instrument:
        """As `alerts.ports.InstrumentFinder.find`."""
        ...

    async def hours(self, instrument: Instrument) -> Hours:
        """Return the instrument's liquid hours (fetched anew at most every few seconds). Raises as `find`."""
        ...

    async def rules(self, instrument: Instrument) -> OrderRules:
        """Return what IBKR takes of the instrument: order types, sizes, price steps. Raises as `find`."""
        ...


class Holdings(Protocol):
    """The account as streamed; reading it asks nothing of IBKR."""

    def accounts(self) -> Sequence[str]:
        """Return the managed accounts, the default one first; empty before the first connect."""
        ...

    def summary(self, account: str) -> AccountSummary | None:
        """Return the account's state, or None before it was received."""
        ...

    def positions(self, account: str) -> Sequence[Position]:
        """Return the account's holdings, by symbol."""
        ...


class FollowedHoldings(Holdings, Protocol):
    """Holdings of which is known what they do not show yet."""

    def unsettled(self, account: str) -> Mapping[int, Decimal]:
        """Return what executions of the last seconds have traded, by con id, that the positions do not show yet."""
        ...


class AuditLog(Protocol):
    """What was done, by whom, and what came of it; only ever added to."""

    async def write(
        self, at: datetime, user_id: int, chat_id: int, action: str, subject: str, outcome: str, detail: str
    ) -> None:
        """Add one line; *subject* is a proposal's reference (`#12`) or empty."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A proposal that was confirmed, as it stands now, and when that was."""

    proposal: Proposal
    at: datetime


class OrderHistory(Protocol):
    """What was confirmed before; the guards count it."""

    async def claims(self, since: datetime) -> Sequence[Claim]:
        """Return the proposals confirmed and not called off: *since* then, and every one with a leg not final."""
        ...


class ProposalStore(Protocol):
    """Keeps proposals; claims and events are durable when the call returns."""

    async def add(self, proposal: Proposal) -> Proposal:
        """Store a new proposal; return it with its id and with its legs' order references made from it."""
        ...

    async def get(self, proposal_id: int) -> Proposal | None:
        """Return the proposal, or None."""
        ...

    async def by_token(self, token: str) -> Proposal | None:
        """Return the proposal that this token was made for, whatever became of it, or None."""
        ...

    async def bind(self, proposal_id: int, message_id: int) -> None:
        """Note the message that shows the card."""
        ...

    async def claim(
        self,
        token: str,
        *,
        user_id: int,
        chat_id: int,
        message_id: int,
        digest: str,
        now: datetime,
        state: ProposalState = ProposalState.PROPOSED,
    ) -> Proposal | None:
        """
        *state* -> CONFIRMED by one atomic statement, durable when it returns; None if it was not there to claim.

        All of token, user, chat, message and digest must match, and *now* must be before its expiry. *state* is
        AWAITING_SECOND for another person's approval, and for nothing else.
        """
        ...

    async def hold(self, proposal: Proposal, *, now: datetime, until: datetime) -> Proposal | None:
        """
        PROPOSED -> AWAITING_SECOND by one atomic statement, with *until* as its expiry; None as of `claim`.

        What `claim` is bound to binds this too.
        """
        ...

    async def close(self, proposal_id: int, state: ProposalState) -> bool:
        """PROPOSED or AWAITING_SECOND -> *state* by one atomic statement; False if it was neither any more."""
        ...

    async def settle(self, proposal_id: int, state: ProposalState) -> None:
        """
        CONFIRMED -> *state*.

        SUBMITTED; DENIED when the last check forbade it; REPLACED when the order to change was another by then;
        CANCELLED when the link was gone and nothing was sent.
        """
        ...

    async def save_leg(self, proposal_id: int, leg: Leg) -> None:
        """Store a leg's new state without telling anyone."""
        ...

    async def save_anew(self, proposal_id: int, leg: Leg) -> None:
        """Store the costs of an order that is over, or IBKR's words about one at work; what was told shows them."""
        ...

    async def save_terms(self, proposal_id: int, number: int, ticket: OrderTicket) -> None:
        """
        Store the terms that leg *number* works on now (see `trading.plan.with_terms`).

        The message that shows how the orders stand shows these terms then.
        """
        ...

    async def record(self, news: OrderNews) -> None:
        """Store the leg's new state and the message about it in one transaction; the same news twice is told once."""
        ...

    async def record_fill(self, proposal_id: int, fill: Fill) -> bool:
        """Keep an execution (again with its commission); False if it was known in full already."""
        ...

    async def proposed_until(self, now: datetime) -> Sequence[Proposal]:
        """Return PROPOSED and AWAITING_SECOND proposals whose time has run out at *now*."""
        ...

    async def unsettled(self) -> Sequence[Proposal]:
        """Return CONFIRMED and SUBMITTED proposals that have a leg which is not final."""
        ...

    async def by_order_ref(self, order_ref: str) -> Proposal | None:
        """Return the proposal of an `sb-…` reference, or None."""
        ...

    async def recent(self, user_id: int, limit: int) -> Sequence[Proposal]:
        """Return the user's latest proposals, newest first."""
        ...
