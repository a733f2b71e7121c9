"""Executions as they happen, and today's list; a private part of `broker/orders.py`'s gateway."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from broker import convert, hours
from broker.call import Link, tap
from broker.library import IB, CommissionReport, Contract, Execution, ExecutionFilter
from market.account import Fill
from market.errors import RequestTimeout
from market.ticket import Side

_EXEC_DETAILS = 11
_TIME = 15
_KEPT = 5000


class Executions:
    """
    Reads execution and commission frames; tells each execution once, and once more when its commission is known.

    The library's events are not used: they leave out fills of orders that it does not know.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._sink: Callable[[Fill], None] | None = None
        self._told: dict[str, Fill] = {}
        self._lists: dict[int, dict[str, Fill]] = {}
        link.on_open(self._attach)

    def connect(self, sink: Callable[[Fill], None]) -> None:
        """Hand every live execution to *sink*."""
        self._sink = sink

    async def today(self, timeout_s: float) -> Sequence[Fill]:
        """Return today's executions, oldest first. Raises LinkDown, RequestTimeout, BrokerError."""
        found: dict[str, Fill] = {}
        request_id = self._link.ib().client.getReqId()
        self._lists[request_id] = found

        def ask(ib: IB) -> Awaitable[Any]:
            future: Awaitable[Any] = ib.wrapper.startReq(request_id)
            ib.client.reqExecutions(request_id, ExecutionFilter())
            return future

        try:
            await self._link.call("executions", ask, timeout_s)
        except RequestTimeout:
            # No end message. If TWS answers what was asked later, it has said all that it had to say before.
            await self._link.call("current time", lambda ib: ib.reqCurrentTimeAsync(), timeout_s, "currentTime")
        finally:
            del self._lists[request_id]
        return sorted(found.values(), key=lambda fill: fill.time)

    def _attach(self, ib: IB) -> None:
        tap(ib, "execDetails", self._on_exec_details)
        tap(ib, "commissionReport", self._on_commission)
        _mend_times(ib)

    def _on_exec_details(self, request_id: int, contract: Contract, execution: Execution) -> None:
        fill = _fill(contract, execution)
        if fill is None:
            return
        if request_id in self._lists:
            self._lists[request_id][fill.exec_id] = fill
        elif fill.exec_id not in self._told:
            self._tell(fill)

    def _on_commission(self, report: CommissionReport) -> None:
        if convert.money(report.commission) is None:
            return
        for found in self._lists.values():
            if report.execId in found:
                found[report.execId] = _charged(found[report.execId], report)
        told = self._told.get(report.execId)
        if told is not None and (fill := _charged(told, report)) != told:
            self._tell(fill)

    def _tell(self, fill: Fill) -> None:
        self._told[fill.exec_id] = fill
        if len(self._told) > _KEPT:
            del self._told[next(iter(self._told))]
        if self._sink is not None:
            self._sink(fill)


def _charged(fill: Fill, report: CommissionReport) -> Fill:
    return replace(
        fill,
        commission=convert.money(report.commission),
        commission_currency=report.currency,
        realized_pnl=convert.money(report.realizedPNL),
    )


def _fill(contract: Contract, execution: Execution) -> Fill | None:
    instrument = convert.instrument(contract, smart=True)
    if instrument is None:
        return None
    order_id = execution.orderId
    return Fill(
        exec_id=execution.execId,
        account=execution.acctNumber,
        instrument=instrument,
        side=Side.BUY if execution.side in {"BOT", "BUY"} else Side.SELL,
        quantity=convert.quantity(execution.shares),
        price=convert.money(execution.price) or Decimal(0),
        time=convert.moment(execution.time),
        order_ref=execution.orderRef,
        perm_id=execution.permId,
        # TWS leaves it unset for orders made by hand.
        order_id=0 if order_id == convert.UNSET_INTEGER else order_id,
        client_id=execution.clientId,
        cumulative=convert.quantity(execution.cumQty),
        average_price=convert.money(execution.avgPrice) or Decimal(0),
    )


def _mend_times(ib: IB) -> None:
    """
    Rewrite an execution's time before the library parses it.

    Both libraries lose the fill (and log it) where the time names a zone that Python does not know.
    """
    handlers = ib.client.decoder.handlers
    read = handlers[_EXEC_DETAILS]

    def mended(fields: list[str]) -> None:
        if len(fields) > _TIME:
            fields[_TIME] = hours.utc_stamp(fields[_TIME])
        read(fields)

    handlers[_EXEC_DETAILS] = mended
