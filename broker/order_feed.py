"""
What happens to orders, also to those placed in TWS, on the phone or by other programs.

TWS tells a client of its own orders only (all of them where it is the master client); the others are found in the
day's completed orders, which are looked through whenever a position changes, and now and then.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol

from alerts.condition import OrderEvent
from alerts.ports import Nap
from alerts.rule import OrderHappened
from broker.call import guarded, link_of, tap
from broker.library import IB
from broker.session import IbSession
from market.account import Fill
from market.clock import Clock
from market.errors import MarketError, ReadOnlyApi
from trading.ports import OrderFate, OrderReport
from trading.tracker import OURS

_log = logging.getLogger(__name__)

_EVENTS = {
    OrderFate.FILLED: OrderEvent.FILLED,
    OrderFate.REJECTED: OrderEvent.REJECTED,
    OrderFate.CANCELLED: OrderEvent.CANCELLED,
    OrderFate.EXPIRED: OrderEvent.CANCELLED,
}
# TWS lists an order as completed a moment after its fill moved the position.
_MOMENT_S = 1.0
# Somebody may change the setting while TWS runs.
_READ_ONLY_S = 300.0
_KEPT = 10_000


class OrderBook(Protocol):
    """What `broker/orders.py` tells; it is the only door to orders, so nobody else may import it."""

    def listen(self, listener: Callable[[OrderReport], None]) -> None:
        """Hand every order event to *listener* too."""
        ...

    async def completed_orders(self) -> Sequence[OrderReport]:
        """Return today's completed orders of all clients."""
        ...

    async def executions(self) -> Sequence[Fill]:
        """Return today's executions of all clients."""
        ...


class IbOrderFeed:
    """
    The order feed. Every *look_s* seconds, at each connect and after each change of a position it looks for orders
    that were completed elsewhere; `run` is its loop.
    """

    def __init__(
        self, session: IbSession, orders: OrderBook, clock: Clock, *, look_s: float = 30.0, nap: Nap = asyncio.sleep
    ) -> None:
        self._orders = orders
        self._clock = clock
        self._look_s = look_s
        self._nap = nap
        self._sink: Callable[[OrderHappened], None] | None = None
        self._told: dict[str, None] = {}
        self._moved = asyncio.Event()
        self._is_readonly = session.settings.readonly
        self._resting_until = 0.0
        link_of(session).on_open(self._attach)
        session.on_up(self.look)
        orders.listen(self._on_report)

    def connect(self, sink: Callable[[OrderHappened], None]) -> None:
        """Hand everything that becomes of an order to *sink*, once in this run of the program."""
        self._sink = guarded(sink)

    async def run(self) -> None:
        """Look for orders completed elsewhere, for ever."""
        while True:
            try:
                async with asyncio.timeout(self._look_s):
                    await self._moved.wait()
            except TimeoutError:
                await self.look()
                continue
            self._moved.clear()
            await self.look()
            await self._nap(_MOMENT_S)
            await self.look()

    async def look(self) -> None:
        """Tell of the orders completed today that were not told of yet; without a link nothing happens."""
        if self._is_readonly or self._sink is None or self._clock.monotonic() < self._resting_until:
            return
        try:
            new = [report for report in await self._orders.completed_orders() if self._is_new(report)]
            prices = await self._average_prices() if any(one.fate is OrderFate.FILLED for one in new) else {}
        except ReadOnlyApi:
            _log.warning("TWS' API is read-only: nothing is heard of orders placed elsewhere")
            self._resting_until = self._clock.monotonic() + _READ_ONLY_S
            return
        except MarketError as error:
            _log.info("The completed orders could not be asked for: %r", error)
            return
        for report in new:
            self._tell(report, prices.get(report.perm_id))

    async def _average_prices(self) -> dict[int, Decimal]:
        """Return what today's orders were filled at on average, by permanent id; a completed order does not say."""
        return {fill.perm_id: fill.average_price for fill in await self._orders.executions() if fill.average_price}

    def _attach(self, ib: IB) -> None:
        self._resting_until = 0.0
        tap(ib, "position", self._on_position)

    def _on_position(self, *_position: object) -> None:
        self._moved.set()

    def _on_report(self, report: OrderReport) -> None:
        if self._is_new(report):
            self._tell(report, report.average_price)

    def _is_new(self, report: OrderReport) -> bool:
        return report.fate in _EVENTS and _key(report) not in self._told

    def _tell(self, report: OrderReport, price: Decimal | None) -> None:
        if self._sink is None:
            return
        key = _key(report)
        self._told[key] = None
        if len(self._told) > _KEPT:
            del self._told[next(iter(self._told))]
        event = _EVENTS[report.fate]
        self._sink(
            OrderHappened(
                event=event,
                order=report.words,
                instrument=report.instrument,
                price=float(price) if price is not None and event is OrderEvent.FILLED else None,
                is_ours=report.order_ref.startswith(OURS),
                at=report.at or self._clock.now(),
                key=key,
            )
        )


def _key(report: OrderReport) -> str:
    """Return what the event is known by for ever; IBKR may not have given a permanent id to what it refused."""
    if report.order_ref.startswith(OURS):
        who = report.order_ref
    elif report.perm_id:
        who = str(report.perm_id)
    else:
        who = f"{report.client_id}/{report.order_id}"
    return f"{who}:{_EVENTS[report.fate].value}"
