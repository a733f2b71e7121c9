"""
One paper account: cash, positions, margin and profit, all from the same fills and prices.

Money is in US dollars; a foreign stock is converted at the rate the exchange quotes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from simulator.tws.instrument import Instrument
from simulator.tws.margin import Worth, requirement
from simulator.tws.order import Margins


@dataclass(slots=True)
class Position:
    """
    Units of one instrument; *average_cost* is per unit, multiplier included, as IB shows it.

    *morning* is the quantity at the day's start and *day_cash* what today's
    fills brought or cost, commission included: daily profit follows from both.
    """

    instrument: Instrument
    quantity: float
    average_cost: float
    morning: float = 0.0
    day_cash: float = 0.0
    realized: float = 0.0


@dataclass(frozen=True, slots=True)
class Mark:
    """
    What a unit of an instrument is worth now and was worth at the previous close, multiplier included.

    *under* is the price of an option's underlying.
    """

    price: float
    value: float
    morning: float
    under: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """A fill that might be: *signed* units of *instrument* at *price*, for a *commission*."""

    instrument: Instrument
    signed: float
    price: float
    commission: float


class Account:
    """The ledger of one account; *mark* prices an instrument."""

    def __init__(self, name: str, cash: float, mark: Callable[[Instrument], Mark]) -> None:
        self.name = name
        self.cash = cash
        self.positions: dict[int, Position] = {}
        self._mark = mark
        self._morning_cash = cash

    def endow(self, instrument: Instrument, quantity: float, average_cost: float) -> None:
        """Start with a position that was bought on some earlier day."""
        self.positions[instrument.con_id] = Position(instrument, quantity, average_cost, morning=quantity)

    def split(self, instrument: Instrument, factor: float) -> None:
        """Let what is held be *factor* times as dear, and as many fewer shares."""
        position = self.positions.get(instrument.con_id)
        if position is not None:
            position.quantity /= factor
            position.morning /= factor
            position.average_cost *= factor

    def begin_day(self) -> None:
        """Start a new day: what is held now is what was held in the morning."""
        for con_id in [con_id for con_id, one in self.positions.items() if not one.quantity]:
            del self.positions[con_id]
        for one in self.positions.values():
            one.morning, one.day_cash, one.realized = one.quantity, 0.0, 0.0
        self._morning_cash = self.cash

    def fill(self, instrument: Instrument, signed: float, price: float, commission: float) -> float | None:
        """Book a fill of *signed* units; return the profit it realized, None where it only opened."""
        position = self.positions.setdefault(instrument.con_id, Position(instrument, 0.0, 0.0))
        unit = price * instrument.factor * self._rate(instrument)
        closed = min(abs(signed), abs(position.quantity)) if signed * position.quantity < 0 else 0.0
        realized = None
        if closed:
            direction = 1 if position.quantity > 0 else -1
            gross = (unit - position.average_cost) * closed * direction
            realized = gross - commission
            position.realized += realized
            self.cash += gross if instrument.sec_type == "FUT" else 0.0
        # A future's commission is in the cash alone; a share's is in its average cost too, as IB shows it.
        self._reprice(position, signed, unit, closed, 0.0 if instrument.sec_type == "FUT" else commission)
        position.day_cash -= signed * unit + commission
        self.cash -= commission + (0.0 if instrument.sec_type == "FUT" else signed * unit)
        return realized

    @staticmethod
    def _reprice(position: Position, signed: float, unit: float, closed: float, commission: float) -> None:
        opened = abs(signed) - closed
        held = position.quantity
        position.quantity = round(held + signed, 8)
        if opened and closed:
            position.average_cost = unit
        elif opened:
            paid = commission if signed > 0 else -commission
            position.average_cost = (position.average_cost * held + unit * signed + paid) / position.quantity
        elif not position.quantity:
            position.average_cost = 0.0

    def value_of(self, position: Position) -> float:
        """Return the market value of a position."""
        return position.quantity * self._mark(position.instrument).value

    def unrealized(self, position: Position) -> float:
        """Return the profit of a position that is still open."""
        return self.value_of(position) - position.quantity * position.average_cost

    def daily(self, position: Position) -> float:
        """Return the profit of a position since the previous close."""
        mark = self._mark(position.instrument)
        return position.quantity * mark.value - position.morning * mark.morning + position.day_cash

    def price_of(self, position: Position) -> float:
        """Return the price at which a position is marked."""
        return self._mark(position.instrument).price

    def profit(self) -> tuple[float, float, float]:
        """Return daily, unrealized and realized profit."""
        held = list(self.positions.values())
        return (
            sum(self.daily(one) for one in held),
            sum(self.unrealized(one) for one in held),
            sum(one.realized for one in held),
        )

    def equity(self) -> float:
        """Return the net liquidation value."""
        return self.cash + sum(
            self.unrealized(one) if one.instrument.sec_type == "FUT" else self.value_of(one)
            for one in self.positions.values()
        )

    def gross(self) -> float:
        """Return the sum of the sizes of all positions in money."""
        held = (one for one in self.positions.values() if one.instrument.sec_type != "FUT")
        return sum(abs(self.value_of(one)) for one in held)

    def margin(self) -> tuple[float, float]:
        """Return the initial and the maintenance margin."""
        return requirement(((one.instrument, one.quantity) for one in self.positions.values()), self._worth)

    def would_be(self, changes: Iterable[Change]) -> Margins:
        """Return what *changes* would do, all of them together."""
        held = {con_id: (one.instrument, one.quantity) for con_id, one in self.positions.items()}
        cost = slippage = 0.0
        for change in changes:
            one = change.instrument
            held[one.con_id] = (one, held.get(one.con_id, (one, 0.0))[1] + change.signed)
            cost += change.commission
            slippage += change.signed * (self._mark(one).value - change.price * one.factor * self._rate(one))
        before, after = self.margin(), requirement(held.values(), self._worth)
        equity = self.equity()
        return Margins(
            (before[0], after[0]),
            (before[1], after[1]),
            (equity, equity - cost + min(0.0, slippage)),
            cost,
        )

    def _worth(self, instrument: Instrument) -> Worth:
        mark = self._mark(instrument)
        return Worth(mark.value, mark.under)

    def _rate(self, instrument: Instrument) -> float:
        """Return dollars per unit of the instrument's currency."""
        mark = self._mark(instrument)
        return mark.value / (mark.price * instrument.factor) if mark.price else 1.0

    def values(self) -> list[tuple[str, str, str]]:
        """Return key, value and currency of the account values that TWS sends."""
        equity, gross = self.equity(), self.gross()
        initial, maintenance = self.margin()
        daily, unrealized, realized = self.profit()
        available = equity - initial
        morning = equity - daily
        money = {
            "AccruedCash": 0.0, "AvailableFunds": available, "BuyingPower": max(0.0, available / 0.25),
            "EquityWithLoanValue": equity, "ExcessLiquidity": equity - maintenance,
            "FullAvailableFunds": available, "FullExcessLiquidity": equity - maintenance,
            "FullInitMarginReq": initial, "FullMaintMarginReq": maintenance, "GrossPositionValue": gross,
            "InitMarginReq": initial, "LookAheadAvailableFunds": available,
            "LookAheadExcessLiquidity": equity - maintenance, "LookAheadInitMarginReq": initial,
            "LookAheadMaintMarginReq": maintenance, "MaintMarginReq": maintenance, "NetLiquidation": equity,
            "PreviousDayEquityWithLoanValue": morning, "PreviousEquityWithLoanValue": morning,
            "RegTEquity": equity, "RegTMargin": gross / 2, "SMA": max(0.0, equity - gross / 2),
            "SettledCash": self._morning_cash, "TotalCashValue": self.cash,
        }  # fmt: skip
        rows = [
            ("AccountCode", self.name, ""),
            ("AccountReady", "true", ""),
            ("AccountType", "INDIVIDUAL", ""),
            ("Cushion", f"{(equity - maintenance) / equity if equity else 0.0:.6f}", ""),
            ("DayTradesRemaining", "-1", ""),
            ("Leverage", f"{gross / equity if equity else 0.0:.2f}", ""),
            ("LookAheadNextChange", "0", ""),
        ]
        rows += [(key, f"{value:.2f}", "USD") for key, value in money.items()]
        return rows + self._ledger(equity, unrealized, realized)

    def _ledger(self, equity: float, unrealized: float, realized: float) -> list[tuple[str, str, str]]:
        stocks = self._held({"STK"})
        rows = []
        for currency in ("BASE", "USD"):
            ledger = {
                "CashBalance": self.cash, "TotalCashBalance": self.cash, "StockMarketValue": stocks,
                "OptionMarketValue": self._held({"OPT", "FOP"}), "FuturesPNL": self._futures_profit(),
                "NetLiquidationByCurrency": equity, "UnrealizedPnL": unrealized, "RealizedPnL": realized,
                "ExchangeRate": 1.0,
            }  # fmt: skip
            rows += [("Currency", currency, currency)]
            rows += [(key, f"{value:.2f}", currency) for key, value in ledger.items()]
        return rows

    def _held(self, sec_types: set[str]) -> float:
        held = (one for one in self.positions.values() if one.instrument.sec_type in sec_types)
        return sum(self.value_of(one) for one in held)

    def _futures_profit(self) -> float:
        held = (one for one in self.positions.values() if one.instrument.sec_type == "FUT")
        return sum(self.unrealized(one) for one in held)
