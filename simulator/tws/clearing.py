"""Clearing: books a fill in the order and the account, and tells it as gateways do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.tws.account import Change
from simulator.tws.fees import commission
from simulator.tws.order import Execution, Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.tws.account import Account
    from simulator.tws.book import Book
    from simulator.tws.clock import Clock
    from simulator.tws.instrument import Instrument
    from simulator.tws.matching import Slice
    from simulator.tws.reports import Reports

_DAY = 86400


@dataclass(frozen=True, slots=True)
class Lot:
    """What one instrument contributes to a fill: units, bought (*sign* 1) or sold, at a price."""

    instrument: Instrument
    sign: int
    quantity: float
    price: float


class Clearing:
    """Fills orders on behalf of the floor."""

    def __init__(
        self,
        clock: Clock,
        accounts: dict[str, Account],
        book_of: Callable[[Instrument], Book],
        reports: Reports,
    ) -> None:
        self._clock = clock
        self._accounts = accounts
        self._book_of = book_of
        self._reports = reports
        self._executions = 0

    def fill(self, order: Order, part: Slice) -> None:
        """
        Fill *part* of an order.

        Told as an execution, the order without its commission, the order with
        it (a duplicate but for that), and the commission report. Of a
        combination itself and each leg are told as executions, and a
        commission for each leg.
        """
        value = order.average * order.filled + part.price * part.quantity
        order.filled = round(order.filled + part.quantity, 8)
        order.average = value / order.filled
        order.last_price = part.price
        combined: list[Execution] = []
        if order.instrument.parts:
            whole = Lot(order.instrument, order.sign, part.quantity, part.price)
            combined.append(self._execution(order, whole, order.filled, order.average))
        cleared = [self._clear(order, lot) for lot in self.lots(order, part.quantity, part.price)]
        for one in [*combined, *cleared]:
            order.executions.append(one)
            self._reports.execution(order, one)
        order.status = "Submitted"
        if order.remaining <= 0:
            order.status = "Filled"
            order.completed_at = self._clock.time()
            order.completed_status = f"Filled Size: {order.filled:g}"
        self._reports.announce(order)
        order.commission = round(order.commission + sum(one.commission for one in cleared), 4)
        self._reports.announce(order)
        for one in cleared:
            self._reports.commission(order, one)

    def changes(self, order: Order, price: float) -> list[Change]:
        """Return what filling the rest of *order* at *price* would do to its account."""
        return [
            Change(
                lot.instrument,
                lot.sign * lot.quantity,
                lot.price,
                commission(lot.instrument, lot.quantity, abs(lot.price)),
            )
            for lot in self.lots(order, order.remaining, price)
        ]

    def lots(self, order: Order, quantity: float, price: float) -> list[Lot]:
        """
        Return what *quantity* of an order moves: the instrument itself, or a combination's legs.

        Each leg trades at its own side of the market; what the net *price* differs from that is given to the dearest.
        """
        parts = order.instrument.parts
        if not parts:
            return [Lot(order.instrument, order.sign, quantity, price)]
        prices = []
        for part in parts:
            book = self._book_of(part.instrument)
            side = book.ask if part.sign * order.sign > 0 else book.bid
            prices.append(side if side > 0 else book.last)
        natural = sum(part.sign * part.ratio * paid for part, paid in zip(parts, prices, strict=True))
        dearest = prices.index(max(prices))
        weight = parts[dearest].sign * parts[dearest].ratio
        prices[dearest] = round(prices[dearest] + (price - natural) / weight, 8)
        return [
            Lot(part.instrument, part.sign * order.sign, part.ratio * quantity, paid)
            for part, paid in zip(parts, prices, strict=True)
        ]

    def _clear(self, order: Order, lot: Lot) -> Execution:
        earlier = [one for one in order.executions if one.instrument == lot.instrument]
        total = round(sum(one.quantity for one in earlier) + lot.quantity, 8)
        value = sum(one.quantity * one.price for one in earlier) + lot.quantity * lot.price
        due = commission(lot.instrument, total, abs(value / total))
        charged = round(due - sum(one.commission for one in earlier), 4)
        account = self._accounts[order.account]
        realized = account.fill(lot.instrument, lot.sign * lot.quantity, lot.price, charged)
        one = self._execution(order, lot, total, value / total)
        one.commission, one.realized = charged, realized
        return one

    def _execution(self, order: Order, lot: Lot, cumulative: float, average: float) -> Execution:
        self._executions += 1
        now = self._clock.time()
        return Execution(
            f"0000e0d5.{int(now) // _DAY:08x}.{self._executions:04x}.01.01",
            now,
            lot.instrument,
            lot.sign,
            lot.quantity,
            lot.price,
            self._venue(order, lot.instrument),
            cumulative,
            average,
            0.0,
            None,
        )

    def _venue(self, order: Order, instrument: Instrument) -> str:
        venues = instrument.valid_exchanges.split(",")
        smart = order.exchange == "SMART" and len(venues) > 1
        return venues[1 + self._executions % (len(venues) - 1)] if smart else order.exchange
