"""The account as a person looks at it: positions by size, each with its numbers, and the totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from market.account import AccountSummary, Position
from market.instrument import SecType
from trading.ports import Holdings
from trading.summary import day_percent, percent


@dataclass(frozen=True, slots=True)
class Holding:
    """
    One position with its numbers; money in the instrument's currency, None where IBKR has not told.

    *unrealized_pct* is on the cost, *day_pct* on the value the day before, *share_pct* the part of the account's net
    liquidation value (None across currencies: the rate is not known here).
    """

    position: Position
    unrealized_pct: Decimal | None
    day_pct: Decimal | None
    share_pct: Decimal | None

    @property
    def size(self) -> Decimal:
        """The absolute market value, 0 where it is not known: what the list is sorted by."""
        return abs(self.position.market_value or Decimal(0))


@dataclass(frozen=True, slots=True)
class PortfolioView:
    """
    One account: its *summary* (None before IBKR has told it) and its *holdings*, the largest first.

    The totals are over the positions and None across currencies. *unrealized_pnl* and *daily_pnl* are IBKR's own for
    the account where it has told them: those know the rates.
    """

    account: str
    currency: str
    summary: AccountSummary | None
    holdings: tuple[Holding, ...]
    market_value: Decimal | None
    unrealized_pnl: Decimal | None
    daily_pnl: Decimal | None

    def holding(self, con_id: int) -> Holding | None:
        """Return the holding of one instrument, or None."""
        return next((held for held in self.holdings if held.position.instrument.con_id == con_id), None)


def view_portfolio(holdings: Holdings, account: str) -> PortfolioView:
    """Return *account* as last streamed; positions of zero are left out."""
    summary = holdings.summary(account)
    positions = [position for position in holdings.positions(account) if position.quantity]
    currency = summary.currency if summary else (positions[0].instrument.currency if positions else "")
    rows = [_holding(position, summary) for position in positions]
    rows.sort(key=lambda row: (-row.size, row.position.instrument.symbol))
    # Amounts in several currencies do not add up.
    added = positions if all(position.instrument.currency == currency for position in positions) else None
    unrealized = summary.unrealized_pnl if summary else None
    daily = summary.daily_pnl if summary else None
    return PortfolioView(
        account=account,
        currency=currency,
        summary=summary,
        holdings=tuple(rows),
        market_value=_total(added, "market_value"),
        unrealized_pnl=_total(added, "unrealized_pnl") if unrealized is None else unrealized,
        daily_pnl=_total(added, "daily_pnl") if daily is None else daily,
    )


def cost_of(position: Position) -> Decimal:
    """Return what the position cost, as a positive amount; IBKR's average cost has the multiplier in it already."""
    return abs(position.quantity * position.average_cost)


def _holding(position: Position, summary: AccountSummary | None) -> Holding:
    unrealized, value = position.unrealized_pnl, position.market_value
    same = summary is not None and summary.currency == position.instrument.currency
    net = summary.net_liquidation if summary is not None and same else None
    # IBKR marks cash pairs as positions too, but they are already in the account's cash.
    counts = position.instrument.sec_type is not SecType.FOREX
    return Holding(
        position=position,
        unrealized_pct=None if unrealized is None else percent(unrealized, cost_of(position)),
        day_pct=day_percent(position),
        share_pct=percent(abs(value), net) if value is not None and net and counts else None,
    )


def _total(positions: Sequence[Position] | None, name: str) -> Decimal | None:
    """Return the sum of one number, or None where a part is missing: half a sum would be a wrong one."""
    if positions is None:
        return None
    parts: list[Decimal | None] = [getattr(position, name) for position in positions]
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if len(known) == len(parts) else None
