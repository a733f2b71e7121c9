"""Reports: what the exchange says of an order, to whoever listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.tws.order import Execution, Order, OrderEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.tws.clock import Clock


class Reports:
    """The events of every order; *tell* receives them."""

    def __init__(self, clock: Clock) -> None:
        self.tell: Callable[[OrderEvent], None] = lambda _: None
        self._clock = clock

    def announce(self, order: Order) -> None:
        """Tell an order's terms and how far it is."""
        self.tell(OrderEvent("open", order))
        self.tell(OrderEvent("status", order))

    def status(self, order: Order, status: str, *, announce: bool = True) -> None:
        """Move an order on and tell it, with its terms unless *announce* is off."""
        order.status = status
        if announce:
            self.announce(order)
        else:
            self.tell(OrderEvent("status", order))

    def error(self, order: Order, code: int, message: str) -> None:
        """Tell an error or a warning about an order."""
        self.tell(OrderEvent("error", order, code=code, message=message))

    def execution(self, order: Order, one: Execution) -> None:
        """Tell a fill."""
        self.tell(OrderEvent("execution", order, one))

    def commission(self, order: Order, one: Execution) -> None:
        """Tell what a fill cost."""
        self.tell(OrderEvent("commission", order, one))

    def cancelled(self, order: Order, completed: str) -> None:
        """End an order as cancelled: the status, then 202."""
        self._end(order, "Cancelled", completed)
        self.error(order, 202, "Order Canceled - reason:")

    def rejected(self, order: Order, code: int, message: str) -> None:
        """End an order that IBKR did not accept: the error, then Inactive."""
        order.reason = message
        self.error(order, code, message)
        self._end(order, "Inactive", "")

    def inactive(self, order: Order) -> None:
        """End an order that was killed without a word of error."""
        self._end(order, "Inactive", "")

    def _end(self, order: Order, status: str, completed: str) -> None:
        order.completed_status = completed
        order.completed_at = self._clock.time()
        self.status(order, status, announce=False)
