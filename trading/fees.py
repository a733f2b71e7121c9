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
        self._first: dict[str, dict[str, Decimal]] = {}

    def note(self, order_ref: str, fill: Fill) -> None:
        """Take note of an execution, its commission, or its correction; hearing it again changes nothing."""
        fills = self._fills.setdefault(order_ref, {})
        self._first.setdefault(order_ref, {}).setdefault(fill.execution, fill.quantity)
        known = fills.get(fill.execution)
        is_later = known is None or fill.revision > known.revision
        if is_later or (known is not None and fill.exec_id == known.exec_id and fill.commission is not None):
            fills[fill.execution] = fill
        self._fills.move_to_end(order_ref)
        if len(self._fills) > _KEPT:
            oldest, _ = self._fills.popitem(last=False)
            del self._first[oldest]

    def are_complete(self, leg: Leg, per_unit: int = 1) -> bool:
        """
        Return whether the commission of all that the leg has filled is known.

        Each unit takes *per_unit* executed ones: those of a combination's legs.
        """
        known = (fill.quantity for fill in self._of(leg) if fill.commission is not None)
        return sum(known, Decimal(0)) >= leg.filled * per_unit

    def corrected(self, leg: Leg) -> Leg:
        """
        Return the leg with what its executions come to where IBKR has corrected one of them: quantity and average.

        Only where all of them are known: together they must be what the leg has filled, as first told or as corrected.
        """
        fills = self._of(leg)
        total = sum((fill.quantity for fill in fills), Decimal(0))
        first = sum(self._first.get(leg.order_ref, {}).values(), Decimal(0))
        is_corrected = any(fill.revision > _FIRST for fill in fills)
        if not is_corrected or leg.filled not in {total, first}:
            return leg
        average = sum((fill.quantity * fill.price for fill in fills), Decimal(0)) / total if total else None
        return replace(leg, filled=total, average_price=average)

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
