"""An order desk's surroundings in memory: a store with honest semantics, a gateway that remembers what it was sent."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from market.account import AccountSummary, Fill, Position
from market.errors import MarketError, UnknownSymbol
from market.hours import Hours, Session
from market.instrument import Instrument
from market.order_rules import OrderRules
from market.quote import Quote
from market.ticket import OrderTicket
from storage.audit_line import AuditLine
from tests.fakes.clock import FakeClock
from trading.plan import with_terms
from trading.ports import Claim, OrderReport
from trading.proposal import Leg, LegOrder, LegRole, OrderNews, Preview, Proposal, ProposalState

ACCOUNT = "DU1234567"
AAPL = Instrument(265598, "AAPL", primary_exchange="NASDAQ", name="APPLE INC")
# fmt: off
SHARE_CODES = (
    "MKT", "LMT", "STP", "STPLMT", "TRAIL", "MOC", "LOC", "MIDPX", "DAY", "GTC", "IOC", "OPG", "GTD", "ALGO", "OCA",
)
# fmt: on
SHARE_RULES = OrderRules(
    frozenset(SHARE_CODES),
    Decimal(1),
    Decimal(1),
    ((Decimal(0), Decimal("0.01")),),
)
TRADING_DAY = Session(
    datetime(2026, 11, 20, 14, 30, tzinfo=UTC), datetime(2026, 11, 20, 21, 0, tzinfo=UTC), date(2026, 11, 20)
)


class MemoryProposalStore:
    """
    Keeps proposals as the database does: every statement is atomic, and others get a turn around it.

    *told* is what its transactions put into the outbox, once for each change of a leg; *retold* are the legs whose
    costs came later. *failing* errors are raised,
    one for each call of `record`, before anything is stored; so many calls of `save_leg` as *failing_saves* says fail,
    after the first *good_saves*.
    """

    def __init__(self) -> None:
        self.rows: dict[int, Proposal] = {}
        self.told: list[OrderNews] = []
        self.retold: list[Leg] = []
        self.fills: dict[str, Fill] = {}
        self.failing: list[Exception] = []
        self.failing_saves = 0
        self.good_saves = 0
        self.claimed = asyncio.Event()
        self.claim_times: dict[int, datetime] = {}
        self.recorded = asyncio.Event()

    async def add(self, proposal: Proposal) -> Proposal:
        number = len(self.rows) + 1
        legs = tuple(replace(leg, order_ref=f"sb-{number}-{leg.number}") for leg in proposal.legs)
        self.rows[number] = replace(proposal, id=number, legs=legs)
        return self.rows[number]

    async def get(self, proposal_id: int) -> Proposal | None:
        await asyncio.sleep(0)
        return self.rows.get(proposal_id)

    async def by_token(self, token: str) -> Proposal | None:
        await asyncio.sleep(0)
        return next((row for row in self.rows.values() if row.token == token), None)

    async def bind(self, proposal_id: int, message_id: int) -> None:
        self.rows[proposal_id] = replace(self.rows[proposal_id], message_id=message_id)

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
        await asyncio.sleep(0)
        wanted = (token, user_id, chat_id, message_id, digest, state)
        for row in self.rows.values():
            if (row.token, row.user_id, row.chat_id, row.message_id, row.digest, row.state) == wanted:
                if now >= row.expires:
                    return None
                self.rows[row.id] = row.with_state(ProposalState.CONFIRMED)
                self.claim_times[row.id] = now
                self.claimed.set()
                return self.rows[row.id]
        return None

    async def hold(self, proposal: Proposal, *, now: datetime, until: datetime) -> Proposal | None:
        await asyncio.sleep(0)
        row = self.rows[proposal.id]
        if row.state is not ProposalState.PROPOSED or now >= row.expires or row.digest != proposal.digest:
            return None
        self.rows[row.id] = replace(row, state=ProposalState.AWAITING_SECOND, expires=until)
        return self.rows[row.id]

    async def close(self, proposal_id: int, state: ProposalState) -> bool:
        await asyncio.sleep(0)
        row = self.rows[proposal_id]
        if not row.state.is_standing:
            return False
        self.rows[proposal_id] = row.with_state(state)
        return True

    async def settle(self, proposal_id: int, state: ProposalState) -> None:
        await asyncio.sleep(0)
        row = self.rows[proposal_id]
        if row.state is ProposalState.CONFIRMED:
            self.rows[proposal_id] = row.with_state(state)

    async def save_leg(self, proposal_id: int, leg: Leg) -> None:
        await asyncio.sleep(0)
        if self.good_saves:
            self.good_saves -= 1
        elif self.failing_saves:
            self.failing_saves -= 1
            raise OSError
        self.rows[proposal_id] = self.rows[proposal_id].with_leg(leg)

    async def save_anew(self, proposal_id: int, leg: Leg) -> None:
        await asyncio.sleep(0)
        self.rows[proposal_id] = self.rows[proposal_id].with_leg(leg)
        self.retold.append(leg)

    async def save_terms(self, proposal_id: int, number: int, ticket: OrderTicket) -> None:
        await asyncio.sleep(0)
        self.rows[proposal_id] = with_terms(self.rows[proposal_id], number, ticket)

    async def record(self, news: OrderNews) -> None:
        await asyncio.sleep(0)
        if self.failing:
            raise self.failing.pop(0)
        before = next(leg for leg in self.rows[news.proposal.id].legs if leg.number == news.leg.number)
        self.rows[news.proposal.id] = self.rows[news.proposal.id].with_leg(news.leg)
        if (before.state, before.filled) != (news.leg.state, news.leg.filled):
            self.told.append(news)
        self.recorded.set()

    async def record_fill(self, proposal_id: int, fill: Fill) -> bool:
        others = [one for one in self.fills.values() if one.execution == fill.execution and one.exec_id != fill.exec_id]
        if any(one.revision > fill.revision for one in others):
            return False
        for one in others:
            del self.fills[one.exec_id]
        known = self.fills.get(fill.exec_id)
        if known is not None and (known.commission is not None or fill.commission is None):
            return False
        self.fills[fill.exec_id] = fill
        return True

    async def proposed_until(self, now: datetime) -> Sequence[Proposal]:
        await asyncio.sleep(0)
        return [row for row in self.rows.values() if row.state.is_standing and row.expires <= now]

    async def claims(self, since: datetime) -> Sequence[Claim]:
        await asyncio.sleep(0)
        found = [Claim(row, self.claim_times.get(row.id, row.created)) for row in self.rows.values()]
        sent = {ProposalState.CONFIRMED, ProposalState.SUBMITTED}
        return [
            one
            for one in found
            if one.proposal.state in sent
            and (one.at >= since or not all(leg.state.is_final for leg in one.proposal.legs))
        ]

    async def unsettled(self) -> Sequence[Proposal]:
        await asyncio.sleep(0)
        sent = {ProposalState.CONFIRMED, ProposalState.SUBMITTED}
        return [
            row for row in self.rows.values() if row.state in sent and any(not leg.state.is_final for leg in row.legs)
        ]

    async def by_order_ref(self, order_ref: str) -> Proposal | None:
        await asyncio.sleep(0)
        return next((row for row in self.rows.values() for leg in row.legs if leg.order_ref == order_ref), None)

    async def recent(self, user_id: int, limit: int) -> Sequence[Proposal]:
        mine = [row for row in self.rows.values() if row.user_id == user_id]
        return mine[::-1][:limit]


def entry(instrument: Instrument, ticket: OrderTicket, account: str = "DU1234567") -> LegOrder:
    """Return what a proposal of this one order sends."""
    return LegOrder(LegRole.ENTRY, instrument, ticket, account)


@dataclass
class FakeGateway:
    """
    Remembers what was *submitted* and *cancelled*; raises *submit_error* (of one order: *submit_errors*, by reference)
    or *preview_error* instead, where set.

    *during_submit* runs when an order has left, before its sender hears of it: IBKR can be as fast as that. The sender
    hears *submit_turns* turns of the event loop later. *overtaken* is how often other orders leave before reserved ids.
    """

    submitted: list[tuple[str, OrderTicket, str]] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    previewed: int = 0
    preview_answer: Preview = field(default_factory=lambda: Preview(commission=Decimal(1)))
    preview_error: MarketError | None = None
    submit_error: Exception | None = None
    during_submit: Callable[[str], None] | None = None
    submit_turns: int = 1
    client_id: int = 17
    open: list[OrderReport] = field(default_factory=list)
    completed: list[OrderReport] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    query_errors: dict[str, Exception] = field(default_factory=dict)
    hung: list[tuple[int, bool]] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    changed: list[tuple[int, str, int, OrderTicket]] = field(default_factory=list)
    reserved: int = 0
    overtaken: int = 0
    reserve_error: Exception | None = None
    submit_errors: dict[str, Exception] = field(default_factory=dict)
    discarded: list[tuple[int, str]] = field(default_factory=list)
    discard_error: Exception | None = None
    cancel_errors: dict[int, Exception] = field(default_factory=dict)
    during_query: Callable[[], None] | None = None
    queries: int = 0
    on_report: Callable[[OrderReport], None] | None = None
    on_fill: Callable[[Fill], None] | None = None
    on_sent: Callable[[str], None] | None = None

    def connect(
        self,
        on_report: Callable[[OrderReport], None],
        on_fill: Callable[[Fill], None],
        on_sent: Callable[[str], None] | None = None,
    ) -> None:
        self.on_report, self.on_fill, self.on_sent = on_report, on_fill, on_sent

    async def preview(self, instrument: Instrument, ticket: OrderTicket, account: str) -> Preview:
        await asyncio.sleep(0)
        self.previewed += 1
        if self.preview_error:
            raise self.preview_error
        return self.preview_answer

    def reserve(self) -> int:
        if self.reserve_error:
            raise self.reserve_error
        self.reserved += 1
        return 100 + len(self.submitted) + self.reserved

    def is_next(self, _order_id: int) -> bool:
        self.overtaken -= 1
        return self.overtaken < 0

    async def submit(
        self, order: LegOrder, order_ref: str, *, order_id: int = 0, parent_id: int = 0, is_held: bool = False
    ) -> int:
        if self.on_sent:
            self.on_sent(order_ref)
        if self.submit_error:
            raise self.submit_error
        if order_ref in self.submit_errors:
            raise self.submit_errors[order_ref]
        self.reserved -= bool(order_id)
        self.submitted.append((order_ref, order.ticket, order.account))
        self.hung.append((parent_id, is_held))
        self.ids.append(order_id)
        if self.during_submit:
            self.during_submit(order_ref)
        for _ in range(self.submit_turns):
            await asyncio.sleep(0)
        return order_id or 100 + len(self.submitted)

    async def discard(self, order_id: int, order_ref: str) -> None:
        if self.discard_error:
            raise self.discard_error
        self.discarded.append((order_id, order_ref))

    async def change(self, order: LegOrder, order_id: int, order_ref: str, perm_id: int) -> None:
        if self.on_sent:
            self.on_sent(order_ref)
        if self.submit_error:
            raise self.submit_error
        self.changed.append((order_id, order_ref, perm_id, order.ticket))
        if self.during_submit:
            self.during_submit(order_ref)

    async def cancel(self, order_id: int, order_ref: str, perm_id: int) -> None:
        if order_id in self.cancel_errors:
            raise self.cancel_errors[order_id]
        self.cancelled.append(order_id)

    async def open_orders(self) -> Sequence[OrderReport]:
        await self._ask("open")
        return list(self.open)

    async def completed_orders(self) -> Sequence[OrderReport]:
        await self._ask("completed")
        return list(self.completed)

    async def executions(self) -> Sequence[Fill]:
        await self._ask("executions")
        return list(self.fills)

    async def _ask(self, name: str) -> None:
        await asyncio.sleep(0)
        self.queries += 1
        if self.during_query:
            self.during_query()
        if name in self.query_errors:
            raise self.query_errors[name]


@dataclass
class FakeMarket:
    """One quote, one instrument, one account; plays `QuoteSource`, `SymbolBook` and `Holdings`."""

    clock: FakeClock
    last: float | None = 200.0
    bid: float | None = 199.98
    ask: float | None = 200.02
    age_s: float = 0.0
    instrument: Instrument = AAPL
    sessions: tuple[Session, ...] = (TRADING_DAY,)
    held: Decimal = Decimal(0)
    others: list[Position] = field(default_factory=list)
    executed: dict[int, Decimal] = field(default_factory=dict)
    quote_error: Exception | None = None
    hours_error: Exception | None = None
    named: tuple[str, ...] = (ACCOUNT,)
    order_rules: OrderRules = SHARE_RULES
    summaries: dict[str, AccountSummary] = field(
        default_factory=lambda: {
            ACCOUNT: AccountSummary(
                ACCOUNT, "USD", net_liquidation=Decimal(100_000), cash=Decimal(60_000), buying_power=Decimal(200_000)
            )
        }
    )
    looks: int = 0
    during_look: Callable[[], object] | None = None

    async def fresh(self, instrument: Instrument, timeout_s: float = 3.0) -> Quote:
        await asyncio.sleep(0)
        self.looks += 1
        if self.during_look:
            self.during_look()
        if self.quote_error:
            raise self.quote_error
        received = self.clock.now() - timedelta(seconds=self.age_s)
        return Quote(instrument, last=self.last, bid=self.bid, ask=self.ask, received=received)

    async def find(self, symbol: str) -> Instrument:
        if symbol != self.instrument.symbol:
            raise UnknownSymbol(symbol)
        return self.instrument

    async def hours(self, instrument: Instrument) -> Hours:
        if self.hours_error:
            raise self.hours_error
        return Hours("US/Eastern", self.sessions)

    async def rules(self, instrument: Instrument) -> OrderRules:
        return self.order_rules

    def accounts(self) -> Sequence[str]:
        return self.named

    def summary(self, account: str) -> AccountSummary | None:
        return self.summaries.get(account)

    def positions(self, account: str) -> Sequence[Position]:
        own = [Position(account, self.instrument, self.held, Decimal(150))] if self.held else []
        return [*own, *self.others]

    def unsettled(self, account: str) -> Mapping[int, Decimal]:
        return self.executed


class MemoryAudit:
    """Keeps the lines: action, subject, outcome, detail."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str, str]] = []
        self.whole: list[AuditLine] = []

    async def write(
        self, at: datetime, user_id: int, chat_id: int, action: str, subject: str, outcome: str, detail: str
    ) -> None:
        self.lines.append((action, subject, outcome, detail))
        number = len(self.whole) + 1
        self.whole.append(AuditLine(number, at, user_id, chat_id, action, subject, outcome, detail))

    async def recent(self, limit: int, offset: int = 0) -> Sequence[AuditLine]:
        return self.whole[::-1][offset : offset + limit]

    async def count(self) -> int:
        return len(self.whole)
