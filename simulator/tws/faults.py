"""
Everything that goes wrong with a TWS, on command.

A fault lasts until `heal()` or, where it has a count, until it has happened
that often. `control` gives each a name for the control interface.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from simulator.tws.desk import OrderDesk
from simulator.tws.replies import Fields
from simulator.tws.wire import Field

RefusalKind = Literal["refuse", "reset", "eof", "silence", "in_use", "disclaimer"]


class Wires(Protocol):
    """The server, as far as faults reach into it."""

    def drop_all(self) -> None:
        """Close every socket at once."""

    def stop_listening(self) -> None:
        """Refuse connections, as a gateway that restarts."""

    def listen_again(self) -> None:
        """Take connections again, on the same port."""

    def broadcast(self, fields: Fields) -> None:
        """Send a message to every client, whatever else is swallowed."""

    def inject(self, symbol: str, make: Callable[[int], Fields]) -> int:
        """Send a made message on every quote of *symbol*; return how many there were."""

    def forget_streams(self) -> None:
        """Drop all market data, bars and scans, as after 1101."""

    def forget_quotes(self, symbol: str) -> int:
        """Drop the quotes of *symbol* without a word; return how many there were."""

    def resume(self) -> None:
        """Send what the loss of connection held back."""


@dataclass(slots=True)
class ErrorRule:
    """
    An error in answer to requests of a *kind* ("reqMktData", "placeOrder", "whatIf", ... or "*").

    *req_id* and *symbol* narrow it, *count* limits it (None: until healed);
    with *proceed* the request is carried out all the same, as with 10167 or
    10349.
    """

    kind: str
    code: int
    message: str
    count: int | None = None
    req_id: int | None = None
    symbol: str | None = None
    proceed: bool = False

    def matches(self, kind: str, req_id: int, symbol: str) -> bool:
        """Whether the rule speaks to this request."""
        return (
            self.kind in {"*", kind}
            and self.req_id in {None, req_id}
            and self.symbol in {None, symbol}
            and self.count != 0
        )


DEFAULT_TEXTS = {
    162: "Historical Market Data Service error message:HMDS query returned no data",
    165: "Historical Market Data Service query message:no items retrieved",
    200: "No security definition has been found for the request",
    201: "Order rejected - reason:The exchange is closed.",
    321: "Error validating request.-'bF' : cause - The request is not valid.",
    354: "Requested market data is not subscribed. Check API status by selecting the Account menu then under "
    "Management choose Market Data Subscription Manager and/or availability of delayed data. Delayed market data is "
    "available.",
    10089: "Requested market data requires additional subscription for API. See link in 'Market Data Connections' "
    "dialog for more details. Delayed market data is available.",
    10167: "Requested market data is not subscribed. Displaying delayed market data.",
    10197: "No market data during competing live session",
    10276: "News is not allowed.",
    10349: "Order TIF was set to DAY based on order preset.",
    490: "You must subscribe for additional permissions to run scanner:Filter:Volume Above;Real-Time Market Data:NYSE",
    492: (
        "You must subscribe for additional permissions to obtain precise results for scanner:"
        "Parameter:Most Active,Filter:Price;Real-Time Market Data:Pink Sheets"
    ),
}  # fmt: skip


@dataclass(slots=True)
class Faults:
    """What is broken just now; see the methods for what each flag stands for."""

    wires: Wires
    desk: OrderDesk
    rules: list[ErrorRule] = field(default_factory=list)
    refusal: RefusalKind | None = None
    refusals_left: int | None = None
    silent: bool = False
    split: bool = False
    delay_s: float = 0.0
    read_only: bool = False
    disconnected: bool = False
    swallowed: set[int] = field(default_factory=set)
    duplicates: bool = False
    late_frames: bool = False
    zone: str | None = None
    delayed: set[str] = field(default_factory=set)
    two_stage_previews: bool = False
    unset_profit: bool = False
    id_jump: int = 0
    utc_times: bool = False
    no_news: set[str] = field(default_factory=set)
    old_news: int = 0
    news_backward: bool = False

    # Connections

    def drop(self) -> None:
        """Close every socket at once."""
        self.wires.drop_all()

    def refuse(self, how: RefusalKind = "refuse", count: int | None = None) -> None:
        """
        Turn new connections away: the next *count*, or all until healed.

        refuse: no one listens (cannot be counted: with a count it resets);
        reset, eof: accept and close; silence: accept and say nothing; in_use
        and disclaimer: errors 326 and 10141, then close.
        """
        self.refusal = "reset" if how == "refuse" and count is not None else how
        self.refusals_left = count
        if self.refusal == "refuse":
            self.wires.stop_listening()

    def turned_away(self) -> RefusalKind | None:
        """Return what to do with a new connection, None to take it; counts it."""
        if self.refusal is None or self.refusals_left == 0:
            return None
        if self.refusals_left is not None:
            self.refusals_left -= 1
        return self.refusal

    def lose_connection(self) -> None:
        """1100: TWS loses IB; nothing arrives while the socket stays up."""
        self.disconnected = True
        self._notice(1100, "Connectivity between IBKR and Trader Workstation has been lost.")

    def regain_connection(self, *, data_lost: bool = False) -> None:
        """1102 (streams go on) or, with *data_lost*, 1101 (streams are gone until they are requested again)."""
        self.disconnected = False
        if data_lost:
            self.wires.forget_streams()
        code, what = (1101, "lost") if data_lost else (1102, "maintained")
        self._notice(code, f"Connectivity between IBKR and Trader Workstation has been restored - data {what}.")
        self.wires.resume()

    def flap(self, farm: str = "usfarm") -> None:
        """2103 and 2104: a data farm goes and comes back."""
        self._notice(2103, f"Market data farm connection is broken:{farm}")
        self._notice(2104, f"Market data farm connection is OK:{farm}")

    def notice(self, code: int, message: str) -> None:
        """Send any notice that belongs to no request."""
        self._notice(code, message)

    def _notice(self, code: int, message: str) -> None:
        self.wires.broadcast((4, 2, -1, code, message, ""))

    def deafen(self, symbol: str) -> int:
        """Let the quotes of *symbol* die without a word, as streams do after a farm's flap."""
        return self.wires.forget_quotes(symbol)

    # Requests

    def answer_with(
        self,
        kind: str,
        code: int,
        message: str | None = None,
        *,
        count: int | None = None,
        req_id: int | None = None,
        symbol: str | None = None,
        proceed: bool = False,
    ) -> None:
        """Answer requests of *kind* with an error; see ErrorRule."""
        text = DEFAULT_TEXTS.get(code, "Error on command.") if message is None else message
        self.rules.append(ErrorRule(kind, code, text, count, req_id, symbol, proceed))

    def rule_for(self, kind: str, req_id: int, symbol: str) -> ErrorRule | None:
        """Return the rule that speaks to a request, None where there is none; counts it."""
        for rule in self.rules:
            if rule.matches(kind, req_id, symbol):
                if rule.count is not None:
                    rule.count -= 1
                return rule
        return None

    # Ticks

    def bad_tick(self, symbol: str, tick_type: int, price: str, size: str = "0") -> int:
        """Send a price tick as it stands, such as -1, 0, an empty price or 1.7976931348623157E308."""
        return self.wires.inject(symbol, lambda req_id: (1, 6, req_id, tick_type, price, size, 0))

    def rt_volume(self, symbol: str, value: str = "0.00;0;1711650000000;0;0.0;false") -> int:
        """Send an RTVolume string; by default the one that makes a naive client believe in a price of zero."""
        return self.wires.inject(symbol, lambda req_id: (46, 6, req_id, 48, value))

    def unknown_tick(self, symbol: str, tick_type: int = 299) -> int:
        """Send a tick of a type that no client knows."""
        return self.wires.inject(symbol, lambda req_id: (2, 6, req_id, tick_type, 1))

    def unknown_message(self) -> None:
        """Send a message id that no client knows."""
        self.wires.broadcast((777, 1, "from a newer gateway"))

    def short_frame(self) -> None:
        """Send a message that ends too early."""
        self.wires.broadcast((3, 1))

    def raw(self, *fields: Field) -> None:
        """Send any message to every client, such as the status of an order that nobody placed."""
        self.wires.broadcast(fields)

    # Orders

    def hold_acks(self) -> None:
        """Take orders without a word; they are acknowledged (and matched) when healed."""
        self.desk.holds_acks = True

    def hold_fills(self) -> None:
        """Acknowledge orders but fill none until healed."""
        self.desk.floor.holds_fills = True

    def hold_cancels(self) -> None:
        """Take cancels but carry none out until healed; what fills meanwhile is filled."""
        self.desk.holds_cancels = True

    def restart(self) -> None:
        """Let TWS restart: every socket closes, and orders that were never transmitted are lost."""
        self.desk.blotter.forget_held()
        self.wires.drop_all()

    def partial(self, sizes: list[float]) -> None:
        """Cut the next fills down to *sizes*, one print each."""
        self.desk.floor.partial_sizes = list(sizes)

    # All

    def active(self) -> list[str]:
        """Return the names of what is broken just now."""
        names = {
            "refuse": self.refusal is not None and self.refusals_left != 0,
            "silence": self.silent, "split": self.split, "slow": self.delay_s > 0, "read_only": self.read_only,
            "1100": self.disconnected, "swallow": bool(self.swallowed), "duplicate": self.duplicates,
            "late": self.late_frames, "zone": self.zone is not None, "delayed": bool(self.delayed),
            "two_stage": self.two_stage_previews, "unset_pnl": self.unset_profit, "id_jump": self.id_jump > 0,
            "utc_times": self.utc_times, "no_news": bool(self.no_news), "old_news": self.old_news > 0,
            "news_backward": self.news_backward,
            "error": any(rule.count != 0 for rule in self.rules), "hold_acks": self.desk.holds_acks,
            "hold_cancels": self.desk.holds_cancels,
            "hold_fills": self.desk.floor.holds_fills, "partial": bool(self.desk.floor.partial_sizes),
        }  # fmt: skip
        return [name for name, is_active in names.items() if is_active]

    def heal(self) -> None:
        """End every fault; what was held back goes out."""
        was_refusing, was_disconnected = self.refusal == "refuse", self.disconnected
        self.rules.clear()
        self.swallowed.clear()
        self.delayed.clear()
        self.no_news.clear()
        self.old_news, self.news_backward = 0, False
        self.refusal, self.refusals_left, self.zone = None, None, None
        self.silent = self.split = self.read_only = self.duplicates = self.late_frames = False
        self.two_stage_previews = self.unset_profit = self.utc_times = False
        self.delay_s, self.id_jump = 0.0, 0
        self.desk.floor.partial_sizes.clear()
        if was_refusing:
            self.wires.listen_again()
        if was_disconnected:
            self.regain_connection()
        self.desk.release_acks()
        self.desk.release_fills()
        self.desk.release_cancels()
