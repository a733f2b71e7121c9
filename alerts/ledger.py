"""The account as alerts see it: its values and its positions, as IBKR last streamed them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from market.account import AccountSummary, Position
from market.instrument import Instrument

FRESH = timedelta(minutes=2)
"""Older than this the account is unknown (PRODUCT A1, the table of defaults)."""

_PLAIN = {
    "dailypnl": "daily_pnl",
    "netliq": "net_liquidation",
    "cash": "cash",
    "buyingpower": "buying_power",
}


class Ledger:
    """The latest state of the account; a position of size 0 is none."""

    def __init__(self) -> None:
        self._summary: AccountSummary | None = None
        self._positions: dict[int, Position] = {}
        self.at: datetime | None = None

    def take(self, summary: AccountSummary, positions: Sequence[Position], at: datetime) -> None:
        """Take in the account's state *at* a moment: all its positions, and no others."""
        self._summary = summary
        self._positions = {each.instrument.con_id: each for each in positions if each.quantity}
        self.at = at

    @property
    def currency(self) -> str:
        """The account's base currency, "" before its state came."""
        return "" if self._summary is None else self._summary.currency

    @property
    def held(self) -> tuple[Instrument, ...]:
        """What positions are in, by contract id; old or not."""
        return tuple(position.instrument for _, position in sorted(self._positions.items()))

    def has(self, con_id: int) -> bool:
        """Return whether there is a position in an instrument; old or not."""
        return con_id in self._positions

    def account(self, name: str, now: datetime) -> float | None:
        """Return an account value by its name in the alert language, or None where it is unknown at *now*."""
        summary = self._summary
        if summary is None or not self._is_fresh(now):
            return None
        match name:
            case "cushion":
                return None if summary.cushion is None else float(summary.cushion * 100)
            case "margin":
                return _percent(summary.maintenance_margin, summary.net_liquidation)
            case _:
                return _number(getattr(summary, _PLAIN[name]))

    def position(self, con_id: int, name: str, now: datetime) -> float | None:
        """Return a position's value by its name in the alert language; None where it is unknown, or there is none."""
        position = self._fresh_position(con_id, now)
        if position is None:
            return None
        match name:
            case "pnl":
                return _number(position.unrealized_pnl)
            case "pnl%":
                return _percent(position.unrealized_pnl, abs(position.average_cost * position.quantity))
            case "day%":
                value, move = position.market_value, position.daily_pnl
                return None if value is None or move is None else _percent(move, abs(value - move))
            case "value":
                return _number(position.market_value)
            case _:
                raise LookupError(name)

    def cost(self, instrument: Instrument, now: datetime) -> float | None:
        """Return what one unit cost on average, as its price is quoted; None where it is unknown."""
        position = self._fresh_position(instrument.con_id, now)
        if position is None:
            return None
        # IBKR's average cost is money: that of a derivative includes its multiplier, its price does not, and that of
        # what is quoted in pence is in pounds.
        return float(position.average_cost / instrument.factor)

    def _fresh_position(self, con_id: int, now: datetime) -> Position | None:
        return self._positions.get(con_id) if self._is_fresh(now) else None

    def _is_fresh(self, now: datetime) -> bool:
        return self.at is not None and now - self.at <= FRESH


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _percent(part: Decimal | None, whole: Decimal | None) -> float | None:
    return None if part is None or not whole else float(part / whole * 100)
