"""What is held, what it is worth, and what was traded. Money and quantities are `Decimal`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from market.instrument import Instrument
from market.ticket import Side


@dataclass(frozen=True, slots=True)
class Position:
    """
    One holding of one account; a short one has a negative *quantity*.

    *average_cost* is per unit, multiplier included for derivatives (as IBKR reports it). Prices and P&L are in the
    instrument's currency; None where IBKR has not sent them.
    """

    account: str
    instrument: Instrument
    quantity: Decimal
    average_cost: Decimal
    market_price: Decimal | None = None
    market_value: Decimal | None = None
    unrealized_pnl: Decimal | None = None
    realized_pnl: Decimal | None = None
    daily_pnl: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """
    An account's state in its base *currency*; None where IBKR has not sent a value. *cushion* is a fraction.

    *rates* are what one unit of another currency is worth in the base currency, for the currencies the account holds
    or has held (IBKR's account value ExchangeRate).
    """

    account: str
    currency: str
    net_liquidation: Decimal | None = None
    cash: Decimal | None = None
    buying_power: Decimal | None = None
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None
    excess_liquidity: Decimal | None = None
    gross_position_value: Decimal | None = None
    cushion: Decimal | None = None
    daily_pnl: Decimal | None = None
    unrealized_pnl: Decimal | None = None
    realized_pnl: Decimal | None = None
    rates: Mapping[str, Decimal] = field(default_factory=dict)

    def in_base(self, amount: Decimal, currency: str) -> Decimal | None:
        """Return what *amount* of *currency* is in the base currency, or None where the rate is not known."""
        if currency == self.currency:
            return amount
        rate = self.rates.get(currency)
        return None if rate is None else amount * rate

    @property
    def is_paper(self) -> bool:
        """Whether this is a paper account: IBKR's paper account ids begin with D (DU, DF, DI)."""
        return is_paper_account(self.account)


@dataclass(frozen=True, slots=True)
class Fill:
    """
    One execution. *exec_id* is IBKR's lasting identity; *order_ref* is our own reference or that of another program.

    *cumulative* and *average_price* speak of the order up to this fill. *commission* and *realized_pnl* come in a
    frame of their own and are None until then. A correction is an execution whose *exec_id* differs from an earlier
    one's in the digits after the final period alone (IBKR, API reference, Execution.ExecId).
    """

    exec_id: str
    account: str
    instrument: Instrument
    side: Side
    quantity: Decimal
    price: Decimal
    time: datetime
    order_ref: str = ""
    perm_id: int = 0
    order_id: int = 0
    client_id: int = 0
    cumulative: Decimal = Decimal(0)
    average_price: Decimal = Decimal(0)
    commission: Decimal | None = None
    commission_currency: str = ""
    realized_pnl: Decimal | None = None

    @property
    def execution(self) -> str:
        """What it has in common with its corrections."""
        return execution_of(self.exec_id)

    @property
    def revision(self) -> int:
        """Which of its corrections it is; the highest counts."""
        return revision_of(self.exec_id)


def execution_of(exec_id: str) -> str:
    """Return what an execution's id has in common with those of its corrections."""
    return exec_id.rpartition(".")[0] or exec_id


def revision_of(exec_id: str) -> int:
    """Return the number of the correction, 0 where the id has none."""
    base, _, last = exec_id.rpartition(".")
    return int(last) if base and last.isdecimal() else 0


def is_paper_account(account: str) -> bool:
    """Return whether *account* is a paper account: IBKR's paper account ids begin with D (DU, DF, DI)."""
    return account.startswith("D")
