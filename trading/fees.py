"""
What orders cost: IBKR tells the commission of each execution in a frame of its own, after the execution.

It corrects executions, too: the correction takes the place of what was told before.
"""

from collections import OrderedDict
from dataclasses import replace
from decimal import Decimal

from market.account import Fill
from trading.proposal import Leg

_KEPT = 1_000
_FIRST = 1


class Fees:
    """Adds up commissions and realized P&L for each order; remembers the latest thousand orders."""

    def __init__(self) -> None:
        self._fills: OrderedDict[str, dict[str, Fill]] = OrderedDict()

    def note(self, order_ref: str, fill: Fill) -> None:
        """Take note of an execution, its commission, or its correction; hearing it again changes nothing."""
        fills = self._fills.setdefault(order_ref, {})
        known = fills.get(fill.execution)
        is_later = known is None or fill.revision > known.revision
        if is_later or (known is not None and fill.exec_id == known.exec_id and fill.commission is not None):
            fills[fill.execution] = fill
        self._fills.move_to_end(order_ref)
        if len(self._fills) > _KEPT:
            self._fills.popitem(last=False)

    def are_complete(self, leg: Leg, per_unit: int = 1) -> bool:
        """
        Return whether the commission of all that the leg has filled is known.

        Each unit takes *per_unit* executed ones: those of a combination's legs.
        """
        known = (fill.quantity for fill in self._of(leg) if fill.commission is not None)
        return sum(known, Decimal(0)) >= leg.filled * per_unit

    def corrected(self, leg: Leg) -> Leg:
        """Return the leg with the average of its executions where IBKR has corrected one of them."""
        fills = self._of(leg)
        is_corrected = any(fill.revision > _FIRST for fill in fills)
        if not is_corrected or sum((fill.quantity for fill in fills), Decimal(0)) != leg.filled:
            return leg
        return replace(leg, average_price=sum((fill.quantity * fill.price for fill in fills), Decimal(0)) / leg.filled)

    def added_to(self, leg: Leg, per_unit: int = 1) -> Leg:
        """
        Return the leg with its costs.

        An incomplete sum does not take the place of one that is stored: after a restart IBKR may repeat only the last
        commission.
        """
        paid = [fill for fill in self._of(leg) if fill.commission is not None]
        if not paid or (leg.commission is not None and not self.are_complete(leg, per_unit)):
            return leg
        realized = [fill.realized_pnl for fill in paid if fill.realized_pnl is not None]
        return replace(
            leg,
            commission=sum((fill.commission for fill in paid if fill.commission is not None), Decimal(0)),
            commission_currency=paid[-1].commission_currency,
            realized_pnl=sum(realized, Decimal(0)) if realized else leg.realized_pnl,
        )

    def _of(self, leg: Leg) -> list[Fill]:
        return list(self._fills.get(leg.order_ref, {}).values())
