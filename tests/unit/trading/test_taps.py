"""No order of taps, ticks, halts, restarts and lost links submits twice, or submits what was not confirmed."""

import asyncio
from contextlib import suppress
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.errors import BrokerError, LinkDown
from market.ticket import parse
from tests.fakes.desk import CARD, CHAT, OTHER, TRADER, VIEWER, DeskBench
from trading.errors import TradingError
from trading.limits import Limits, TradingState
from trading.ports import OrderFate, OrderReport
from trading.proposal import LegState, ProposalState

STEPS = st.one_of(
    st.tuples(st.just("propose"), st.booleans()),
    st.tuples(st.just("confirm"), st.lists(st.sampled_from([TRADER, TRADER, OTHER, VIEWER]), min_size=1, max_size=6)),
    st.tuples(st.just("cancel"), st.sampled_from([TRADER, OTHER])),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 61])),
    st.tuples(st.just("price"), st.sampled_from([199.0, 200.0, 205.0])),
    st.tuples(st.just("state"), st.sampled_from(TradingState)),
    st.tuples(st.just("link"), st.sampled_from(["up", "down before", "down after", "torn"])),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("expire"), st.none()),
    st.tuples(st.just("reconcile"), st.booleans()),
    st.tuples(st.just("event"), st.sampled_from(OrderFate)),
)


class Taps:
    """Plays the steps against one bench; every tap goes to the newest card and to all before it."""

    def __init__(self) -> None:
        self.bench = DeskBench(Limits(orders_per_minute=None))

    async def play(self, step: str, value: object) -> None:
        with suppress(TradingError, LinkDown, BrokerError):
            await getattr(self, step)(value)

    async def propose(self, is_shown: bool) -> None:
        proposal = await self.bench.desk.propose(parse("buy 10 AAPL 199.5"), user_id=TRADER, chat_id=CHAT)
        if is_shown:
            await self.bench.desk.shown(proposal.id, CARD)

    async def confirm(self, users: list[int]) -> None:
        cards = list(self.bench.store.rows.values())
        taps = [self.bench.confirm(card, user_id=user) for card in cards for user in users]
        cancels = [self.bench.desk.cancel(card.token, user_id=OTHER, chat_id=CHAT) for card in cards]
        for answer in await asyncio.gather(*taps, *cancels, return_exceptions=True):
            assert not isinstance(answer, BaseException) or isinstance(answer, TradingError)

    async def cancel(self, user: int) -> None:
        for card in list(self.bench.store.rows.values()):
            await self.bench.desk.cancel(card.token, user_id=user, chat_id=CHAT)

    async def wait(self, seconds: int) -> None:
        self.bench.clock.advance(seconds)

    async def price(self, price: float) -> None:
        self.bench.move_to(price)

    async def state(self, state: TradingState) -> None:
        self.bench.state = state

    async def link(self, how: str) -> None:
        self.bench.market.quote_error = LinkDown() if how == "down before" else None
        errors = {"down after": LinkDown(), "torn": BrokerError(0, "torn")}
        self.bench.gateway.submit_error = errors.get(how)

    async def restart(self, _: None) -> None:
        self.bench.desk = self.bench.open_desk(Limits(orders_per_minute=None))

    async def expire(self, _: None) -> None:
        await self.bench.desk.expire_due()

    async def reconcile(self, is_known: bool) -> None:
        self.bench.gateway.open = [self._report(ref, OrderFate.WORKING) for ref, _, _ in self.bench.gateway.submitted]
        if not is_known:
            self.bench.gateway.open = []
        await self.bench.tracker.reconcile()

    async def event(self, fate: OrderFate) -> None:
        assert self.bench.gateway.on_report
        for proposal in list(self.bench.store.rows.values()):
            self.bench.gateway.on_report(self._report(proposal.legs[0].order_ref, fate))
        await self.bench.tracker.step()

    def _report(self, order_ref: str, fate: OrderFate) -> OrderReport:
        filled, total = (10 if fate is OrderFate.FILLED else 0), 10
        quantity = parse(f"buy {total} AAPL").quantity
        return OrderReport(order_ref, 0, 0, 0, "", fate, quantity * filled / total, quantity * (total - filled) / total)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, max_size=14))
async def test_no_order_of_taps_submits_twice(steps: list[tuple[str, object]]) -> None:
    taps = Taps()
    for step, value in [("propose", True), *steps]:
        await taps.play(step, value)
    bench = taps.bench
    sent = [order_ref for order_ref, _, _ in bench.gateway.submitted]
    assert len(sent) == len(set(sent))
    for proposal in bench.store.rows.values():
        leg = proposal.legs[0]
        if leg.order_ref in sent:
            assert proposal.state is ProposalState.SUBMITTED
            assert leg.state is not LegState.UNSENT
        elif proposal.state is not ProposalState.SUBMITTED:
            assert leg.state is LegState.UNSENT
    told = [(news.leg.order_ref, news.leg.state, news.leg.filled) for news in bench.store.told]
    for order_ref in sent:
        # Unknown and found again may take turns; the same is never told twice in a row.
        assert all(one != other for one, other in pairwise(news for news in told if news[0] == order_ref))
    ends = [order_ref for order_ref, state, _ in told if state.is_final]
    assert len(ends) == len(set(ends))
