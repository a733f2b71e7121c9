"""Clearing: books a fill in the order and the account, and tells it as gateways do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.tws.matching import Slice, commission
from simulator.tws.order import Execution, Order, OrderEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.tws.account import Account
    from simulator.tws.clock import Clock

_DAY = 86400


class Clearing:
    """Fills orders on behalf of the desk; *tell* receives every event of every order."""

    def __init__(self, clock: Clock, accounts: dict[str, Account]) -> None:
        self.tell: Callable[[OrderEvent], None] = lambda _: None
        self._clock = clock
        self._accounts = accounts
        self._executions = 0

    def announce(self, order: Order) -> None:
        """Tell an order's terms and how far it is."""
        self.tell(OrderEvent("open", order))
        self.tell(OrderEvent("status", order))

    def fill(self, order: Order, part: Slice) -> None:
        """
        Fill *part* of an order.

        Told as an execution, the order without its commission, the order with
        it (a duplicate but for that), and the commission report.
        """
        value = order.average * order.filled + part.price * part.quantity
        order.filled = round(order.filled + part.quantity, 8)
        order.average = value / order.filled
        order.last_price = part.price
        charged = commission(order.instrument, order.filled, order.average) - order.commission
        account = self._accounts[order.account]
        realized = account.fill(order.instrument, order.sign * part.quantity, part.price, charged)
        execution = self._execution(order, part, charged, realized)
        order.executions.append(execution)
        self.tell(OrderEvent("execution", order, execution))
        order.status = "Submitted"
        if order.remaining <= 0:
            order.status = "Filled"
            order.completed_at = self._clock.time()
            order.completed_status = f"Filled Size: {order.filled:g}"
        self.announce(order)
        order.commission += charged
        self.announce(order)
        self.tell(OrderEvent("commission", order, execution))

    def _execution(self, order: Order, part: Slice, charged: float, realized: float | None) -> Execution:
        self._executions += 1
        now = self._clock.time()
        return Execution(
            f"0000e0d5.{int(now) // _DAY:08x}.{self._executions:04x}.01.01",
            now,
            part.quantity,
            part.price,
            self._venue(order),
            order.filled,
            order.average,
            charged,
            realized,
        )

    def _venue(self, order: Order) -> str:
        venues = order.instrument.valid_exchanges.split(",")
        smart = order.exchange == "SMART" and len(venues) > 1
        return venues[1 + self._executions % (len(venues) - 1)] if smart else order.exchange
