"""What IBKR says of the bench's first order: reports, executions, commissions; and what its owner was told."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from market.account import Fill
from market.ticket import Side
from tests.fakes.desk import DeskBench
from tests.fakes.trading import AAPL, ACCOUNT
from trading.ports import OrderFate, OrderReport

PERM = 777


def report(fate: OrderFate, filled: int = 0, remaining: int = 10, **more: Any) -> OrderReport:
    price = Decimal("199.5") if filled else None
    known = {"order_ref": "sb-1-1", "perm_id": PERM, "order_id": 101, "client_id": 17, "account": ACCOUNT, **more}
    return OrderReport(fate=fate, filled=Decimal(filled), remaining=Decimal(remaining), average_price=price, **known)


def fill(bench: DeskBench, number: int, quantity: int, cumulative: int, **more: Any) -> Fill:
    known = {"order_ref": "sb-1-1", "perm_id": PERM, "order_id": 101, "client_id": 17, "side": Side.BUY, **more}
    return Fill(
        exec_id=f"e{number}",
        account=ACCOUNT,
        instrument=AAPL,
        quantity=Decimal(quantity),
        price=Decimal("199.5"),
        time=bench.clock.now(),
        cumulative=Decimal(cumulative),
        average_price=Decimal("199.5"),
        **known,
    )


def paid(execution: Fill, commission: str = "1.00") -> Fill:
    return replace(execution, commission=Decimal(commission), commission_currency="USD", realized_pnl=Decimal(3))


async def hear(bench: DeskBench, *told: OrderReport | Fill) -> None:
    assert bench.gateway.on_report is not None
    assert bench.gateway.on_fill is not None
    for one in told:
        if isinstance(one, Fill):
            bench.gateway.on_fill(one)
        else:
            bench.gateway.on_report(one)
    await bench.tracker.step()


def told(bench: DeskBench) -> list[str]:
    return [f"{news.leg.state.value} {news.leg.filled}" for news in bench.store.told]
