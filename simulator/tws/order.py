"""Orders and executions as the exchange keeps them, and what it tells about them."""

from dataclasses import dataclass, field
from typing import Any, Literal

from simulator.tws.algo import Algo
from simulator.tws.instrument import Instrument
from simulator.tws.requests import Request

DONE = frozenset({"Filled", "Cancelled", "ApiCancelled", "Inactive"})
TRIGGERED_TYPES = frozenset({"STP", "STP LMT", "TRAIL", "TRAIL LIMIT", "MIT", "LIT"})
LIMITED_TYPES = frozenset({"LMT", "STP LMT", "TRAIL LIMIT", "LIT", "LOC"})
CLOSING_TYPES = frozenset({"MOC", "LOC"})


@dataclass(slots=True)
class Execution:
    """
    One fill of *instrument*, bought (*sign* 1) or sold (-1).

    *cumulative* and *average* are the order's after it; *realized* is None where nothing was closed. A combination
    has one of its own, without a commission, and one for each leg.
    """

    execution_id: str
    time: float
    instrument: Instrument
    sign: int
    quantity: float
    price: float
    exchange: str
    cumulative: float
    average: float
    commission: float
    realized: float | None


@dataclass(slots=True)
class Margins:
    """What an order would do to an account: initial and maintenance margin, equity; before and after."""

    initial: tuple[float, float]
    maintenance: tuple[float, float]
    equity: tuple[float, float]
    commission: float


@dataclass(slots=True)
class Order:
    """
    One order, from its arrival on; it stays listed when it is done.

    *limit* and *stop* are None where the type has none. *is_working* tells an order that has reached the exchange
    from one that waits for its parent, its trigger or its session (PreSubmitted). *group* is the group of which one
    fill ends or lessens the rest: *asked_group* as the client named it, *oca_group* as TWS tells it. *good_till*
    and *good_after* are seconds since 1970; *cash* is what an order in money is for, in the instrument's currency.
    """

    request: Request
    client_id: int
    order_id: int
    perm_id: int
    account: str
    instrument: Instrument
    exchange: str
    action: str
    quantity: float
    order_type: str
    limit: float | None
    stop: float | None
    tif: str
    order_ref: str
    parent_id: int
    asked_group: str
    transmit: bool
    outside_rth: bool
    oca_group: str = ""
    oca_type: int = 3
    status: str = "PendingSubmit"
    filled: float = 0.0
    average: float = 0.0
    last_price: float = 0.0
    commission: float = 0.0
    is_working: bool = False
    triggered: bool = False
    touches: int = 0
    good_till: float | None = None
    good_after: float | None = None
    algo: Algo | None = None
    cash: float | None = None
    trigger_method: int = 0
    trailing: float | None = None
    trailing_percent: float | None = None
    limit_offset: float | None = None
    warning: str = ""
    completed_at: float = 0.0
    completed_status: str = ""
    reason: str = ""
    executions: list[Execution] = field(default_factory=list)

    @property
    def remaining(self) -> float:
        """What is not filled yet."""
        return round(self.quantity - self.filled, 8)

    @property
    def sign(self) -> int:
        """1 for a buy, -1 for a sell."""
        return 1 if self.action == "BUY" else -1

    @property
    def done(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.status in DONE

    @property
    def alive(self) -> bool:
        """Whether it was sent and is not done."""
        return self.transmit and not self.done

    def shares_group_with(self, other: "Order") -> bool:
        """Whether both are in one group, be it the client's or the one that TWS makes of a parent's children."""
        ours = {(self.client_id, self.asked_group), (0, self.oca_group)}
        theirs = {(other.client_id, other.asked_group), (0, other.oca_group)}
        return any(name for _, name in ours & theirs)

    def as_dict(self) -> dict[str, Any]:
        """Return the order as plain values, for tests and the control interface."""
        return {
            "orderId": self.order_id, "clientId": self.client_id, "permId": self.perm_id,
            "orderRef": self.order_ref, "account": self.account, "symbol": self.instrument.symbol,
            "conId": self.instrument.con_id, "secType": self.instrument.sec_type, "action": self.action,
            "quantity": self.quantity, "orderType": self.order_type, "limitPrice": self.limit, "stopPrice": self.stop,
            "trailing": self.trailing, "trailingPercent": self.trailing_percent, "tif": self.tif,
            "goodTill": self.good_till, "outsideRth": self.outside_rth, "algo": self.algo.strategy if self.algo else "",
            "status": self.status, "filled": self.filled, "remaining": self.remaining,
            "avgFillPrice": self.average, "parentId": self.parent_id, "transmit": self.transmit,
            "ocaGroup": self.oca_group, "ocaType": self.oca_type,
            "legs": [[part.instrument.con_id, part.ratio * part.sign] for part in self.instrument.parts],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """Something to tell the client of an order."""

    kind: Literal["open", "status", "execution", "commission", "error"]
    order: Order
    execution: Execution | None = None
    code: int = 0
    message: str = ""


class OrderRefused(Exception):
    """An order is not taken: *code* and *message* as TWS would answer; *listed* if it stays listed as Inactive."""

    def __init__(self, code: int, message: str, *, listed: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.listed = listed
