"""
The messages of the server about orders: openOrder, orderStatus, execDetails, commissionReport, completedOrder.

Field orders are those of server versions 176 and 178; 177 dropped faProfile.
Constants ("IB", "None", -1 ...) are those of real frames of plain orders.
"""

from datetime import UTC, datetime

from simulator.tws.order import Execution, Margins, Order
from simulator.tws.plan import NEW_YORK
from simulator.tws.replies import Fields, contract
from simulator.tws.wire import UNSET_DOUBLE, UNSET_INTEGER, Field, price

_UNSET = UNSET_DOUBLE
_MARGINS_UNSET: Fields = (_UNSET,) * 9


def order_status(order: Order) -> Fields:
    """3: how far an order is."""
    return (
        3, order.order_id, order.status, order.filled, order.remaining, price(order.average), order.perm_id,
        order.parent_id, price(order.last_price), order.client_id, "", "0.0",
    )  # fmt: skip


def open_order(order: Order, version: int) -> Fields:
    """5: an order with all its terms."""
    commission: Fields = (_UNSET, _UNSET, _UNSET, "")
    if order.commission:
        commission = (price(order.commission), _UNSET, _UNSET, "USD")
    state = (order.status, *_MARGINS_UNSET, *commission, order.warning)
    return _open_order(order, version, order.client_id, what_if=False, state=state)


def what_if_order(order: Order, version: int, margins: Margins | None) -> Fields:
    """5: the preview of an order; without *margins* the first stage, in which only the warning is known."""
    figures, commission = _MARGINS_UNSET, (_UNSET, _UNSET, _UNSET, "")
    if margins is not None:
        pairs = (margins.initial, margins.maintenance, margins.equity)
        columns = [[f"{before:.2f}", f"{after - before:.2f}", f"{after:.2f}"] for before, after in pairs]
        figures = tuple(columns[row][column] for column in range(3) for row in range(3))
        commission = (price(margins.commission), _UNSET, _UNSET, "USD")
    state = ("PreSubmitted", *figures, *commission, order.warning)
    # A real preview carries client id 0, whoever asked.
    return _open_order(order, version, 0, what_if=True, state=state)


def _open_order(order: Order, version: int, client_id: int, *, what_if: bool, state: Fields) -> Fields:
    told = order.request.values.get
    fa_profile: Fields = (told("faProfile", ""),) if version < 177 else ()  # noqa: PLR2004 - the version that dropped it
    return (
        5, order.order_id, *_stock_quirks(order), *_terms(order), client_id, order.perm_id, order.outside_rth, "0",
        "0", told("goodAfterTime"), f"{order.perm_id}.0/{order.account}/100", told("faGroup"), told("faMethod"),
        told("faPercentage"), *fa_profile, told("modelCode"), told("goodTillDate"), "", _UNSET, "", "0", "", "-1",
        "0", "", "", "", "", "", UNSET_INTEGER, told("blockOrder"), told("sweepToFill"), told("allOrNone"), "",
        order.oca_type, "0", "0", "", order.parent_id, told("triggerMethod"), "", "0", "None", "", "0", "", "", "",
        "?", "0", "0", "", "0", "0", *_trailing(order), "", "", _described(order), *_legs(order), UNSET_INTEGER,
        UNSET_INTEGER, "", "", "0", "",
        "IB", "0", "0", told("algoStrategy"), *_algo(order), "0", what_if, *state, "0", "0", *_conditions(order),
        "None", _UNSET, price(order.stop) if order.stop else _UNSET, _UNSET, _UNSET, _UNSET, _UNSET, "0", "", "", "",
        told("cashQty") or "", "1", "0", "0", "0", *_since_158(),
    )  # fmt: skip


def _since_158() -> Fields:
    """Return duration, postToAts, autoCancelParent and the five fields of pegged orders."""
    return ("", "", "0", "", "", "", "", "")


def _stock_quirks(order: Order) -> Fields:
    """Return the contract as real frames of open orders have it: strike 0, right ?."""
    return contract(order.instrument, order.exchange, right="?", strike="0")


def _terms(order: Order) -> Fields:
    """Return action to orderRef."""
    return (
        order.action, order.quantity, order.order_type, price(order.limit or 0.0), price(_aux(order)), order.tif,
        order.oca_group, order.account, "", "0", order.order_ref,
    )  # fmt: skip


def _aux(order: Order) -> float:
    return (order.trailing or 0.0) if order.order_type.startswith("TRAIL") else (order.stop or 0.0)


def _trailing(order: Order) -> Fields:
    is_trailing = order.order_type.startswith("TRAIL")
    stop = price(order.stop) if is_trailing and order.stop else _UNSET
    percent = price(order.trailing_percent) if order.trailing_percent else _UNSET
    return (stop, percent)


def _described(order: Order) -> str:
    """Return a combination's legs in words: contract id and signed ratio."""
    return ",".join(f"{part.instrument.con_id}|{part.ratio * part.sign}" for part in order.instrument.parts)


def _legs(order: Order) -> Fields:
    groups = order.request.groups
    flat: list[Field] = []
    for name in ("legs", "legPrices", "routing"):
        rows = groups.get(name, [])
        flat += [len(rows), *(value for row in rows for value in row)]
    return tuple(flat)


def _algo(order: Order) -> Fields:
    if not order.request.values.get("algoStrategy"):
        return ()
    rows = order.request.groups.get("algo", [])
    return (len(rows), *(value for row in rows for value in row))


def _conditions(order: Order) -> Fields:
    rows = order.request.groups.get("conditions", [])
    if not rows:
        return ("0",)
    told = order.request.values
    flat = [value for row in rows for value in row]
    return (len(rows), *flat, told["conditionsIgnoreRth"], told["conditionsCancelOrder"])


def completed_order(order: Order, version: int, zone: str) -> Fields:
    """101: an order that is done, without order id and client id."""
    told = order.request.values.get
    fa_profile: Fields = (told("faProfile", ""),) if version < 177 else ()  # noqa: PLR2004 - the version that dropped it
    at = datetime.fromtimestamp(order.completed_at, NEW_YORK)
    status = order.completed_status or "Inactive"
    # The size of a filled order is told as 0, what was filled further down.
    head = list(_terms(order))
    head[1] = 0.0 if order.status == "Filled" else order.quantity
    return (
        101, *_stock_quirks(order), *head, order.perm_id, order.outside_rth, "0", "0", told("goodAfterTime"),
        told("faGroup"), told("faMethod"), told("faPercentage"), *fa_profile, told("modelCode"),
        told("goodTillDate"), "", _UNSET, "", "0", "", "-1", "", "", "", "", "", UNSET_INTEGER, told("sweepToFill"),
        told("allOrNone"), "", order.oca_type, told("triggerMethod"), "", "0", "None", "", "0", "0", "0", "", "0", "0",
        *_trailing(order), _described(order), *_legs(order), UNSET_INTEGER, UNSET_INTEGER, "", "", "", "IB", "0", "0",
        told("algoStrategy"), *_algo(order), "0", order.status, "0", "0", *_conditions(order),
        price(order.stop) if order.stop else _UNSET, _UNSET, told("cashQty") or "", "1", "0", "", order.filled, "0",
        "0", "", "0", "0", "9223372036854775807", f"{at:%Y%m%d %H:%M:%S} {zone}", status, "", "", "", "", "",
    )  # fmt: skip


def execution_details(req_id: int, order: Order, execution: Execution, version: int, when: str) -> Fields:
    """11: one fill; *req_id* is -1 for a live one."""
    side = "BOT" if execution.sign > 0 else "SLD"
    revision: Fields = (0,) if version >= 178 else ()  # noqa: PLR2004 - the version that added it
    return (
        11, req_id, order.order_id, *contract(execution.instrument, execution.exchange), execution.execution_id, when,
        order.account, execution.exchange, side, execution.quantity, price(execution.price), order.perm_id,
        order.client_id, 0, execution.cumulative, price(execution.average), order.order_ref, "", "", "", 2, *revision,
    )  # fmt: skip


def commission_report(execution: Execution) -> Fields:
    """59: what a fill cost and, where it closed something, what it realized."""
    realized = _UNSET if execution.realized is None else price(execution.realized)
    return (59, 1, execution.execution_id, price(execution.commission), "USD", realized, _UNSET, "")


def execution_time(at: float, zone: str, *, utc: bool = False) -> str:
    """Return the time of a fill as gateways write it: `20231203 20:15:20 US/Eastern`, or in UTC `20231116-12:15:35`."""
    if utc:
        return f"{datetime.fromtimestamp(at, UTC):%Y%m%d-%H:%M:%S}"
    return f"{datetime.fromtimestamp(at, NEW_YORK):%Y%m%d %H:%M:%S} {zone}".rstrip()
