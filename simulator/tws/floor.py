"""
The floor: takes accepted orders as far as the market lets them go.

Orders wait here for their parent, their time, their session or their trigger; they fill, end each other in a group,
and end with their session or date. The sequences of events are those of real gateways: a market fill is told as
PreSubmitted, an execution, Filled, Filled again with the commission, and the commission report.
"""

from collections.abc import Callable, Iterator

from simulator.tws.blotter import Blotter
from simulator.tws.book import Book, Print
from simulator.tws.clearing import Clearing
from simulator.tws.clock import Clock
from simulator.tws.instrument import Instrument
from simulator.tws.matching import Slice, capped, slices
from simulator.tws.order import CLOSING_TYPES, TRIGGERED_TYPES, Order
from simulator.tws.plan import Phase, Timetable
from simulator.tws.reports import Reports
from simulator.tws.triggers import is_triggered

_MARKETS = ("STK", "CASH", "FUT", "CRYPTO")
_CANCEL_THE_REST = 1


def market_of(instrument: Instrument) -> str:
    """Return by whose hours an instrument trades."""
    kind = {"FOP": "FUT"}.get(instrument.sec_type, instrument.sec_type)
    return kind if kind in _MARKETS else "STK"


class Floor:
    """Everything that happens to accepted orders; *book_of* finds an instrument's book."""

    def __init__(
        self,
        clock: Clock,
        timetable: Timetable,
        book_of: Callable[[Instrument], Book],
        blotter: Blotter,
        clearing: Clearing,
        reports: Reports,
    ) -> None:
        self._clock = clock
        self._timetable = timetable
        self._book_of = book_of
        self._blotter = blotter
        self._clearing = clearing
        self._reports = reports
        self._phases = {market: self._phase(market) for market in _MARKETS}
        self.holds_fills = False
        self.partial_sizes: list[float] = []

    # Time

    def _phase(self, market: str) -> Phase:
        return self._timetable.of(market).phase(self._clock.time())

    def hours_of(self, order: Order) -> Timetable:
        """Return the hours that an order's instrument keeps."""
        return self._timetable.of(market_of(order.instrument))

    def on_time(self) -> None:
        """See what the time has brought: bells, dates, slices of algorithms."""
        for market in _MARKETS:
            before, after = self._phases[market], self._phase(market)
            if before != after:
                self._phases[market] = after
                self._turn(market, before, after)
        now = self._clock.time()
        for order in self._acknowledged():
            if order.done:
                continue
            if self._is_over(order, now):
                self.end(order, "Cancelled by System:Order expired")
            elif order.algo is not None or order.good_after is not None:
                self.work(order)

    @staticmethod
    def _is_over(order: Order, now: float) -> bool:
        gives_up = order.algo is not None and order.algo.end is not None and now >= order.algo.end
        return gives_up or (order.good_till is not None and now >= order.good_till)

    def _turn(self, market: str, before: Phase, after: Phase) -> None:
        """Ring a market's bells: the closing auction, the end of the day's orders, the opening auction."""
        anew = before.day != after.day
        ended = before.is_regular and (anew or not after.is_regular)
        shut = before.is_trading and (anew or not after.is_trading)
        begun = after.is_regular and (anew or not before.is_regular)
        ours = [order for order in self._acknowledged() if market_of(order.instrument) == market]
        for order in ours:
            if ended and order.order_type in CLOSING_TYPES:
                self._auction(order)
            late = order.outside_rth or order.instrument.is_round_the_clock
            if (shut if late else ended) and order.tif == "DAY" and not order.done:
                self.end(order, "Cancelled by System:Order expired at the end of the day")
        for order in ours:
            if begun and order.tif == "OPG" and not order.done:
                self._auction(order)
            if not order.done:
                self.work(order)

    def _auction(self, order: Order) -> None:
        """Fill what takes part in an opening or a closing auction, or end it."""
        if not order.alive or not self._has_parent_filled(order):
            return
        price = self._book_of(order.instrument).last
        if order.limit is None or (price - order.limit) * order.sign <= 0:
            self._fill(order, Slice(order.remaining, price))
        else:
            self.end(order, "Cancelled by System:")

    def _acknowledged(self) -> list[Order]:
        return [order for order in self._blotter.waiting() if order.status != "PendingSubmit"]

    # The market

    def on_market(self, book: Book, trade: Print | None) -> None:
        """Match everything that waits for *book*'s instrument."""
        for order in self._blotter.waiting():
            if order.instrument.key == book.instrument.key:
                self.work(order, trade)

    def is_open_for(self, order: Order) -> bool:
        """Whether the session runs that *order* may trade in."""
        hours, now = self.hours_of(order), self._clock.time()
        if order.outside_rth or order.instrument.is_round_the_clock:
            return hours.is_trading(now)
        return hours.is_regular(now)

    def work(self, order: Order, trade: Print | None = None) -> None:
        """Take an accepted order as far as the market lets it go."""
        if not order.alive or order.status == "PendingSubmit" or self.holds_fills or not self._is_free(order):
            return
        book = self._book_of(order.instrument)
        if not is_triggered(order, book, is_news=trade is not None):
            return
        parts = slices(order, book, trade)
        if order.algo is not None:
            due = order.algo.due(self._clock.time(), order.quantity, _lot(order))
            parts = capped(parts, due - order.filled)
        if order.tif == "FOK" and sum(part.quantity for part in parts) < order.remaining:
            self._kill(order)
            return
        for part in self._limited(parts):
            self._fill(order, part)
            if order.done:
                return
        self._rest(order)

    def _rest(self, order: Order) -> None:
        """Leave what did not fill at the exchange, or end it where it may not rest."""
        order.is_working = True
        if order.tif == "IOC":
            self._reports.status(order, "PendingCancel", announce=False)
            self.end(order, "Cancelled by System:")
        elif order.status == "PreSubmitted":
            self._reports.status(order, "Submitted")

    def _is_free(self, order: Order) -> bool:
        if order.order_type in CLOSING_TYPES or order.tif == "OPG" or not self._has_parent_filled(order):
            return False
        is_early = order.good_after is not None and self._clock.time() < order.good_after
        return not is_early and self.is_open_for(order)

    def _has_parent_filled(self, order: Order) -> bool:
        parent = self._blotter.parent_of(order)
        return parent is None or parent.status == "Filled"

    def _limited(self, parts: list[Slice]) -> Iterator[Slice]:
        """Cut fills down to the sizes that a test asked for; what is cut off waits for the next print."""
        for part in parts:
            if not self.partial_sizes:
                yield part
                continue
            yield Slice(min(part.quantity, self.partial_sizes.pop(0)), part.price)
            return

    # What one order does to others

    def _fill(self, order: Order, part: Slice) -> None:
        share = part.quantity / order.remaining
        was_asked_to_end = order.status == "PendingCancel"
        self._clearing.fill(order, part)
        if was_asked_to_end and not order.done:
            order.status = "PendingCancel"
        for other in self._blotter.group_of(order):
            if order.done or order.oca_type == _CANCEL_THE_REST:
                self.end(other, "Cancelled by System:OCA group")
            else:
                self._lessen(other, share)
        if order.done:
            for child in self._blotter.children_of(order):
                self.work(child)

    def _lessen(self, other: Order, share: float) -> None:
        """Take *share* of what is left from the quantity of another order of the group, and tell its new terms."""
        lot = _lot(other)
        taken = round(round(other.remaining * share / lot) * lot, 8)
        other.quantity = round(other.quantity - taken, 8)
        if other.remaining <= 0:
            self.end(other, "Cancelled by System:OCA group")
        elif taken:
            self._reports.announce(other)

    def end(self, order: Order, completed: str) -> None:
        """Cancel an order for whatever reason, and what hangs on it: an exit without an entry has no use."""
        if order.done:
            return
        if order.transmit:
            self._reports.cancelled(order, completed)
        else:
            # What TWS only kept goes without a word.
            order.status = "Cancelled"
        self._end_children(order)

    def _kill(self, order: Order) -> None:
        self._reports.inactive(order)
        self._end_children(order)

    def reject(self, order: Order, code: int, message: str) -> None:
        """Tell that IBKR does not accept an order, and cancel what hangs on it."""
        self._reports.rejected(order, code, message)
        self._end_children(order)

    def _end_children(self, order: Order) -> None:
        for child in self._blotter.children_of(order):
            self.end(child, "Cancelled by System:Parent order is over")


def _lot(order: Order) -> float:
    return order.instrument.min_size if order.instrument.sec_type in {"CASH", "CRYPTO"} else 1.0


def waits_for_trigger(order: Order) -> bool:
    """Whether an order is of a kind with a trigger that has not been set off."""
    return order.order_type in TRIGGERED_TYPES and not order.triggered
