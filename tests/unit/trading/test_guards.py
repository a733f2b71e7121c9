"""Every guard at its edge, through the desk: allowed at the limit, denied a cent above, and nothing sent then."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from market.instrument import SecType
from market.order_rules import OrderRules
from market.ticket import parse
from tests.fakes.desk import CHAT, OTHER, TRADER, DeskBench
from tests.fakes.trading import AAPL, ACCOUNT
from trading.bounds import Limits
from trading.confirmation import Outcome
from trading.errors import Limit, OrderDenied
from trading.guards import Guards, limits_for_all
from trading.limits import TradingState

Arrange = Callable[[DeskBench], Awaitable[None] | None]
EVENING = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)


def nothing(_bench: DeskBench) -> None:
    pass


@dataclass(frozen=True)
class Case:
    """One order under some limits; *arrange* prepares what it meets."""

    text: str = "buy 10 AAPL 199.50"
    limits: dict[str, Any] = field(default_factory=dict)
    arrange: Arrange = nothing


def account(**values: Any) -> Arrange:
    def arrange(bench: DeskBench) -> None:
        bench.market.summaries[ACCOUNT] = replace(bench.market.summaries[ACCOUNT], **values)

    return arrange


def holding(quantity: int) -> Arrange:
    def arrange(bench: DeskBench) -> None:
        bench.market.held = Decimal(quantity)

    return arrange


def instrument(**values: Any) -> Arrange:
    def arrange(bench: DeskBench) -> None:
        bench.market.instrument = replace(AAPL, **values)

    return arrange


def state(value: TradingState, held: int = 0) -> Arrange:
    def arrange(bench: DeskBench) -> None:
        bench.state = value
        bench.market.held = Decimal(held)

    return arrange


def market(**values: Any) -> Arrange:
    def arrange(bench: DeskBench) -> None:
        for name, value in values.items():
            setattr(bench.market, name, value)

    return arrange


def evening(bench: DeskBench) -> None:
    bench.clock.advance((EVENING - bench.clock.now()).total_seconds())


def confirmed(count: int = 1, *, by: int = TRADER, text: str = "buy 10 AAPL 199.50", ago: float = 0) -> Arrange:
    """Confirm orders under no limits of count, *ago* seconds before the one that is looked at."""

    async def arrange(bench: DeskBench) -> None:
        free = bench.open_desk(Limits(orders_per_minute=None))
        for _ in range(count):
            proposal = await free.propose(parse(text), user_id=by, chat_id=CHAT)
            await free.shown(proposal.id, 1)
            answer = await free.confirm(proposal.token, user_id=by, chat_id=CHAT, message_id=1)
            assert answer.outcome is Outcome.SENT
        bench.clock.advance(ago)

    return arrange


def rules(**values: Any) -> OrderRules:
    usual: dict[str, Any] = {
        "order_types": frozenset({"LMT", "MKT", "DAY", "STP"}),
        "min_size": Decimal(1),
        "size_increment": Decimal(1),
        "price_steps": ((Decimal(0), Decimal("0.01")),),
    }
    return OrderRules(**(usual | values))


D = Decimal
EDGES: list[tuple[Limit, Case, Case]] = [
    (
        Limit.TRADING_STATE,
        Case("sell 10 AAPL 199.50", arrange=state(TradingState.REDUCING, 10)),
        Case("sell 11 AAPL 199.50", arrange=state(TradingState.REDUCING, 10)),
    ),
    (
        Limit.TRADING_STATE,
        Case(arrange=state(TradingState.ACTIVE)),
        Case("sell 10 AAPL 199.50", arrange=state(TradingState.HALTED, 10)),
    ),
    (
        Limit.DAILY_LOSS,
        Case(limits={"daily_loss": D(500)}, arrange=account(daily_pnl=D("-499.99"))),
        Case(limits={"daily_loss": D(500)}, arrange=account(daily_pnl=D("-500.00"))),
    ),
    (
        Limit.DAILY_LOSS,
        Case(limits={"daily_loss": D(500)}, arrange=account(daily_pnl=D(0))),
        Case(limits={"daily_loss": D(500)}, arrange=account(daily_pnl=None)),
    ),
    (
        Limit.SYMBOL,
        Case(limits={"symbols": frozenset({"AAPL", "SPY"})}),
        Case(limits={"symbols": frozenset({"SPY"})}),
    ),
    (
        Limit.FORBIDDEN,
        Case(limits={"forbidden": frozenset({"AAPLE"})}),
        Case(limits={"forbidden": frozenset({"GME", "AAPL"})}),
    ),
    (
        Limit.SEC_TYPE,
        Case(limits={"kinds": frozenset({SecType.CRYPTO})}, arrange=instrument(sec_type=SecType.CRYPTO)),
        Case(limits={"kinds": frozenset({SecType.STOCK})}, arrange=instrument(sec_type=SecType.CRYPTO)),
    ),
    (
        Limit.ORDERS_PER_MINUTE,
        Case(limits={"orders_per_minute": 3}, arrange=confirmed(2, ago=59.9)),
        Case(limits={"orders_per_minute": 3}, arrange=confirmed(3, ago=59.9)),
    ),
    (
        Limit.ORDERS_PER_MINUTE,
        Case(limits={"orders_per_minute": 3}, arrange=confirmed(3, ago=60)),
        Case(limits={"orders_per_minute": 3}, arrange=confirmed(3)),
    ),
    (
        Limit.TOTAL_ORDERS_PER_MINUTE,
        Case(limits={"total_orders_per_minute": 3}, arrange=confirmed(2, by=OTHER)),
        Case(limits={"total_orders_per_minute": 3}, arrange=confirmed(3, by=OTHER)),
    ),
    (
        Limit.DUPLICATE,
        Case(limits={"duplicate_s": 10.0}, arrange=confirmed(ago=10)),
        Case(limits={"duplicate_s": 10.0}, arrange=confirmed(ago=9.9)),
    ),
    (
        Limit.DUPLICATE,
        Case("buy 11 AAPL 199.50", limits={"duplicate_s": 10.0}, arrange=confirmed()),
        Case(limits={"duplicate_s": 10.0}, arrange=confirmed()),
    ),
    (
        Limit.QUANTITY,
        Case("buy 10 AAPL 199.50"),
        Case("buy 10.5 AAPL 199.50"),
    ),
    (
        Limit.QUANTITY,
        Case("buy 100 AAPL 199.50", arrange=market(order_rules=rules(min_size=D(100), size_increment=D(100)))),
        Case("buy 150 AAPL 199.50", arrange=market(order_rules=rules(min_size=D(100), size_increment=D(100)))),
    ),
    (
        Limit.TICK_SIZE,
        Case("buy 10 AAPL 199.55", arrange=market(order_rules=rules(price_steps=((D(0), D("0.05")),)))),
        Case("buy 10 AAPL 199.56", arrange=market(order_rules=rules(price_steps=((D(0), D("0.05")),)))),
    ),
    (
        Limit.TICK_SIZE,
        Case("buy 10 AAPL 199.50 sl 190.01"),
        Case("buy 10 AAPL 199.50 sl 190.015"),
    ),
    (
        Limit.ORDER_TYPE,
        Case("buy 10 AAPL market", arrange=market(order_rules=rules())),
        Case("buy 10 AAPL mid", arrange=market(order_rules=rules())),
    ),
    (
        Limit.QUOTE_MISSING,
        Case(arrange=market(last=None, bid=None)),
        Case(arrange=market(last=None, ask=None)),
    ),
    (
        Limit.QUOTE_AGE,
        Case(limits={"quote_age_s": 60.0}, arrange=market(age_s=60.0)),
        Case(limits={"quote_age_s": 60.0}, arrange=market(age_s=60.1)),
    ),
    (
        Limit.CLOSED_MARKET,
        Case("buy 10 AAPL 199.50 outside", limits={"closed_market": False}, arrange=evening),
        Case("buy 10 AAPL 199.50", limits={"closed_market": False}, arrange=evening),
    ),
    (
        Limit.COLLAR,
        Case("buy 10 AAPL 210.02", limits={"collar_pct": D(5)}),
        Case("buy 10 AAPL 210.03", limits={"collar_pct": D(5)}),
    ),
    (
        Limit.SHORT_SELLING,
        Case("sell 10 AAPL 199.50", limits={"short_selling": False}, arrange=holding(10)),
        Case("sell 11 AAPL 199.50", limits={"short_selling": False}, arrange=holding(10)),
    ),
    (
        Limit.ACCOUNT,
        Case(arrange=account(net_liquidation=D(100_000)), limits={"net_liquidation_pct": D(50)}),
        Case(arrange=account(net_liquidation=None), limits={"net_liquidation_pct": D(50)}),
    ),
    (
        Limit.CURRENCY,
        Case(arrange=account(currency="EUR", rates={"USD": D("0.9")})),
        Case(arrange=account(currency="EUR", rates={"CHF": D("1.1")})),
    ),
    (
        Limit.ORDER_VALUE,
        Case("buy 10 AAPL 199.50", limits={"order_value": D("1995.00")}),
        Case("buy 10 AAPL 199.51", limits={"order_value": D("1995.00")}),
    ),
    (
        Limit.ORDER_VALUE,
        Case(
            limits={"order_value": D("1795.50")},
            arrange=account(currency="EUR", rates={"USD": D("0.9")}),
        ),
        Case(
            limits={"order_value": D("1795.49")},
            arrange=account(currency="EUR", rates={"USD": D("0.9")}),
        ),
    ),
    (
        Limit.DAILY_VALUE,
        Case(limits={"daily_value": D("3990.00")}, arrange=confirmed()),
        Case(limits={"daily_value": D("3989.99")}, arrange=confirmed()),
    ),
    (
        Limit.TOTAL_DAILY_VALUE,
        Case(limits={"total_daily_value": D("3990.00")}, arrange=confirmed(by=OTHER)),
        Case(limits={"total_daily_value": D("3989.99")}, arrange=confirmed(by=OTHER)),
    ),
    (
        Limit.POSITION_VALUE,
        Case(limits={"position_value": D("3990.00")}, arrange=holding(10)),
        Case(limits={"position_value": D("3989.99")}, arrange=holding(10)),
    ),
    (
        Limit.NET_LIQUIDATION,
        Case(limits={"net_liquidation_pct": D("1.995")}),
        Case("buy 10 AAPL 199.51", limits={"net_liquidation_pct": D("1.995")}),
    ),
    (
        Limit.POSITION,
        Case("sell 6 AAPL 199.50", {"short_selling": False}, market(held=D(10), executed={AAPL.con_id: D(-4)})),
        Case("sell 7 AAPL 199.50", {"short_selling": False}, market(held=D(10), executed={AAPL.con_id: D(-4)})),
    ),
    (
        Limit.BUYING_POWER,
        Case(limits={"buying_power": True}, arrange=account(buying_power=D("1995.00"))),
        Case(limits={"buying_power": True}, arrange=account(buying_power=D("1994.99"))),
    ),
]


async def proposed(case: Case) -> DeskBench:
    """Return the bench after the case's order was proposed. Raises OrderDenied."""
    bench = DeskBench()
    made = case.arrange(bench)
    if made is not None:
        await made
    bench.gateway.submitted.clear()
    bench.desk = bench.open_desk(replace(Limits(), **case.limits))
    await bench.propose(case.text)
    return bench


def test_every_limit_has_an_edge_here() -> None:
    assert {limit for limit, _, _ in EDGES} == set(Limit)


@pytest.mark.parametrize(("limit", "at", "over"), EDGES, ids=lambda value: getattr(value, "name", ""))
async def test_what_stands_at_the_edge_is_sent_and_what_is_over_it_is_not(limit: Limit, at: Case, over: Case) -> None:
    bench = await proposed(at)
    answer = await bench.confirm(bench.store.rows[max(bench.store.rows)])
    assert answer.outcome is Outcome.SENT
    assert bench.gateway.submitted
    with pytest.raises(OrderDenied) as caught:
        await proposed(over)
    assert caught.value.limit is limit


@pytest.mark.parametrize(("limit", "at", "over"), EDGES, ids=lambda value: getattr(value, "name", ""))
async def test_a_card_that_a_limit_has_come_to_forbid_is_denied_at_its_confirm(
    limit: Limit, at: Case, over: Case
) -> None:
    bench = DeskBench()
    made = over.arrange(bench)
    if made is not None:
        await made
    bench.gateway.submitted.clear()
    tight = bench.open_desk(replace(Limits(), **over.limits))
    free = Guards(
        limits=limits_for_all(Limits()),
        state=lambda: TradingState.ACTIVE,
        history=bench.store,
        clock=bench.clock,
        zone=_zone(bench),
        holdings=bench.market,
    )
    guards, tight._guards, free.check = tight._guards, free, _let_through  # type: ignore[method-assign]
    proposal = await tight.propose(parse(over.text), user_id=TRADER, chat_id=CHAT)
    await tight.shown(proposal.id, 1)
    tight._guards = guards
    answer = await tight.confirm(proposal.token, user_id=TRADER, chat_id=CHAT, message_id=1)
    assert (answer.outcome, answer.denial and answer.denial.limit) == (Outcome.DENIED, limit)
    assert bench.gateway.submitted == []


async def _let_through(*_args: Any, **_kwargs: Any) -> None:
    """Play a moment when nothing forbade it yet."""


def _zone(bench: DeskBench) -> Any:
    return bench.desk._guards._ledger._zone
