"""What IBKR knows of our orders when asked: open orders, today's executions, today's completed orders."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from market.account import Fill
from market.errors import BrokerError, RequestTimeout
from trading.ports import OrderGateway, OrderReport
from trading.proposal import Leg, Proposal
from trading.transition import is_same_order

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Findings:
    """IBKR's answers; *are_complete* only if it answered each of the three questions."""

    open: Sequence[OrderReport]
    completed: Sequence[OrderReport]
    fills: Sequence[Fill]
    are_complete: bool

    def report_of(self, proposal: Proposal, leg: Leg) -> OrderReport | None:
        """
        Return what is known of the leg's order: its end, if it has one, else how it works, else None.

        An end is another order's where an open one has the id that the leg was sent under.
        """
        ends = [one for one in self.completed if _names(one, proposal, leg) and not self._is_of_another(one, leg)]
        works = [report for report in self.open if _names(report, proposal, leg)]
        ours = next((report for report in works if leg.order_id and report.order_id == leg.order_id), None)
        if ours is not None:
            ends = [report for report in ends if not ours.perm_id or report.perm_id in {0, ours.perm_id}]
            works = [ours]
        return next(iter((*ends, *works)), None)

    def fills_of(self, proposal: Proposal, leg: Leg) -> Sequence[Fill]:
        """Return the leg's executions, in the order they were made."""
        mine = (fill for fill in self.fills if _names(fill, proposal, leg))
        return sorted(mine, key=lambda fill: (fill.cumulative, fill.time, fill.revision))

    def knows(self, proposal: Proposal, leg: Leg) -> bool:
        """Return whether IBKR knows anything of the leg's order."""
        return self.report_of(proposal, leg) is not None or bool(self.fills_of(proposal, leg))

    def _is_of_another(self, end: OrderReport, leg: Leg) -> bool:
        """Return whether an end, which bears no id of the API's, has executions under one that is not the leg's."""
        made = (fill for fill in self.fills if end.perm_id and fill.perm_id == end.perm_id and fill.order_id)
        return any((fill.client_id, fill.order_id) != (leg.client_id, leg.order_id) for fill in made)

    def named(self, order_ref: str) -> OrderReport | None:
        """Return what is known of the order of that reference, whosever it is."""
        reports = (report for report in (*self.completed, *self.open) if report.order_ref == order_ref)
        return next(reports, None)


async def ask(gateway: OrderGateway) -> Findings:
    """Ask IBKR everything it knows; a question without an answer leaves a gap. Raises LinkDown."""
    working = await _answer(gateway.open_orders)
    # Asked for after the open orders: one that ends in between is found here, not lost between two lists.
    fills = await _answer(gateway.executions)
    completed = await _answer(gateway.completed_orders)
    answered = working is not None and fills is not None and completed is not None
    return Findings(working or (), completed or (), fills or (), answered)


async def _answer(question: Callable[[], Awaitable[Sequence[T]]]) -> Sequence[T] | None:
    try:
        return await question()
    except (RequestTimeout, BrokerError) as error:
        logger.warning("IBKR did not answer what became of our orders: %s", error)
        return None


def _names(told: OrderReport | Fill, proposal: Proposal, leg: Leg) -> bool:
    """Return whether it is about this leg: by our reference, or where IBKR left that out by its own identity."""
    by_ref = told.order_ref == leg.order_ref
    by_id = not told.order_ref and leg.perm_id != 0 and told.perm_id == leg.perm_id
    return (by_ref or by_id) and is_same_order(proposal, leg, told)
