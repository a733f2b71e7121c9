"""A whole order desk in memory, and the people before it."""

from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

from market.ticket import parse
from tests.fakes.clock import FakeClock
from tests.fakes.steps import SECRET, MemoryStepStore
from tests.fakes.trading import FakeGateway, FakeMarket, MemoryAudit, MemoryProposalStore
from trading.access import Role, Roster
from trading.confirmation import Confirmation
from trading.desk import OrderDesk
from trading.guards import Guards, limits_for_all
from trading.limits import Limits, TradingState
from trading.proposal import Proposal
from trading.second_step import SecondStep
from trading.tracker import OrderTracker
from trading.turns import Turns

ADMIN, TRADER, VIEWER, OTHER = 111, 222, 333, 444
CHAT, CARD = 9000, 55


class DeskBench:
    """The desk and its tracker with everything around them; *state* is the trading state and may be set or raise."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.clock = FakeClock()
        self.store = MemoryProposalStore()
        self.gateway = FakeGateway()
        self.market = FakeMarket(self.clock)
        self.audit = MemoryAudit()
        self.turns = Turns()
        self.state: TradingState | OSError = TradingState.ACTIVE
        self.roles = {ADMIN: Role.ADMIN, TRADER: Role.TRADER, VIEWER: Role.VIEWER, OTHER: Role.TRADER}
        self.steps = MemoryStepStore()
        self.second_step = self.open_second_step()
        self._tokens = count(1)
        self._groups = count(1)
        self.desk = self.open_desk(limits or Limits())
        self.tracker = OrderTracker(self.store, self.gateway, self.clock, turns=self.turns)
        self.tracker.connect()

    def open_desk(self, limits: Limits) -> OrderDesk:
        """Return a desk as a fresh start would make it, over the same store and gateway."""
        return OrderDesk(
            store=self.store,
            gateway=self.gateway,
            quotes=self.market,
            symbols=self.market,
            holdings=self.market,
            roster=Roster(self.roles),
            guards=Guards(
                limits=limits_for_all(limits),
                state=self.trading_state,
                history=self.store,
                clock=self.clock,
                zone=ZoneInfo("America/New_York"),
                holdings=self.market,
                open_orders=self.gateway.open_orders,
            ),
            clock=self.clock,
            audit=self.audit,
            turns=self.turns,
            second_step=self.second_step,
            new_token=lambda: f"token-{next(self._tokens)}",
            new_group=lambda: f"group-{next(self._groups)}",
        )

    def open_second_step(self) -> SecondStep:
        """Return the second step as a fresh start would make it; it is off until a test sets its policy."""
        return SecondStep(
            store=self.steps,
            roster=Roster(self.roles),
            clock=self.clock,
            audit=self.audit,
            new_secret=lambda: SECRET,
        )

    def trading_state(self) -> TradingState:
        """Play the halt switch."""
        if isinstance(self.state, OSError):
            raise self.state
        return self.state

    async def propose(self, text: str = "buy 10 AAPL 199.5", *, card: int | None = CARD) -> Proposal:
        """Propose for the trader, and show the card unless *card* is None."""
        proposal = await self.desk.propose(parse(text), user_id=TRADER, chat_id=CHAT)
        if card is not None:
            await self.desk.shown(proposal.id, card)
        return self.store.rows[proposal.id]

    async def confirm(
        self, proposal: Proposal, *, user_id: int = TRADER, chat_id: int = CHAT, card: int = CARD
    ) -> Confirmation:
        """Press Confirm."""
        return await self.desk.confirm(proposal.token, user_id=user_id, chat_id=chat_id, message_id=card)

    async def sent(self, text: str = "buy 10 AAPL 199.5") -> Proposal:
        """Propose and confirm; return the proposal as stored."""
        proposal = await self.propose(text)
        await self.confirm(proposal)
        return self.store.rows[proposal.id]

    def move_to(self, price: float) -> None:
        """Move the market: last to *price*, bid and ask two cents around it."""
        self.market.last, self.market.bid, self.market.ask = price, round(price - 0.02, 2), round(price + 0.02, 2)

    @property
    def leg_state(self) -> str:
        """The state of the first proposal's leg."""
        return self.store.rows[1].legs[0].state.value

    @property
    def filled(self) -> Decimal:
        """How much of the first proposal's leg is filled."""
        return self.store.rows[1].legs[0].filled
