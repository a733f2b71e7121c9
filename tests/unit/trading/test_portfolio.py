"""The account as a person looks at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from market.account import AccountSummary, Position
from market.instrument import Instrument, SecType
from trading.portfolio import view_portfolio

AAPL, TSLA = Instrument(1, "AAPL"), Instrument(2, "TSLA")
BMW, EURUSD = Instrument(3, "BMW", currency="EUR"), Instrument(4, "EUR", SecType.FOREX)


@dataclass
class Streamed:
    """What IBKR has told of one account."""

    held: tuple[Position, ...] = ()
    told: AccountSummary | None = None

    def accounts(self) -> Sequence[str]:
        return ["DU1"]

    def summary(self, account: str) -> AccountSummary | None:
        return self.told

    def positions(self, account: str) -> Sequence[Position]:
        return self.held


def held(instrument: Instrument, quantity: int, value: int | None, unrealized: int | None, day: int | None) -> Position:
    return Position(
        "DU1",
        instrument,
        Decimal(quantity),
        Decimal(100),
        market_value=None if value is None else Decimal(value),
        unrealized_pnl=None if unrealized is None else Decimal(unrealized),
        daily_pnl=None if day is None else Decimal(day),
    )


def test_the_largest_position_comes_first_whatever_its_side() -> None:
    positions = (held(AAPL, 10, 1100, 100, 10), held(TSLA, -20, -1800, 200, -36), held(BMW, 0, 0, 0, 0))
    view = view_portfolio(Streamed(positions, AccountSummary("DU1", "USD", net_liquidation=Decimal(20_000))), "DU1")
    assert [row.position.instrument.symbol for row in view.holdings] == ["TSLA", "AAPL"]
    tesla, apple = view.holdings
    assert (tesla.unrealized_pct, tesla.day_pct, tesla.share_pct) == (
        Decimal("10.00"),
        Decimal("-2.04"),
        Decimal("9.00"),
    )
    assert (apple.unrealized_pct, apple.day_pct, apple.share_pct) == (
        Decimal("10.00"),
        Decimal("0.92"),
        Decimal("5.50"),
    )
    assert view.holding(2) is tesla
    assert view.holding(99) is None


def test_totals_add_up_in_one_currency() -> None:
    positions = (held(AAPL, 10, 1100, 100, 10), held(TSLA, -20, -1800, 200, -36))
    view = view_portfolio(Streamed(positions), "DU1")
    assert (view.currency, view.market_value, view.unrealized_pnl, view.daily_pnl) == (
        "USD",
        Decimal(-700),
        Decimal(300),
        Decimal(-26),
    )


def test_totals_are_not_made_across_currencies_nor_of_half_the_numbers() -> None:
    account = AccountSummary("DU1", "USD", net_liquidation=Decimal(1000), unrealized_pnl=Decimal(7))
    mixed = view_portfolio(Streamed((held(AAPL, 10, 1100, 100, 10), held(BMW, 1, 90, -10, 1)), account), "DU1")
    assert (mixed.market_value, mixed.unrealized_pnl, mixed.daily_pnl) == (None, Decimal(7), None)
    assert mixed.holdings[1].share_pct is None
    half = view_portfolio(Streamed((held(AAPL, 10, 1100, 100, 10), held(TSLA, 1, None, None, None))), "DU1")
    assert (half.market_value, half.unrealized_pnl, half.daily_pnl) == (None, None, None)


def test_ibkrs_own_totals_go_first() -> None:
    account = AccountSummary("DU1", "USD", daily_pnl=Decimal(5), unrealized_pnl=Decimal(6))
    view = view_portfolio(Streamed((held(AAPL, 10, 1100, 100, 10),), account), "DU1")
    assert (view.daily_pnl, view.unrealized_pnl) == (Decimal(5), Decimal(6))


def test_a_cash_pair_is_no_share_of_the_account() -> None:
    account = AccountSummary("DU1", "USD", net_liquidation=Decimal(1000))
    view = view_portfolio(Streamed((held(EURUSD, 500, 550, 0, 0),), account), "DU1")
    assert view.holdings[0].share_pct is None


def test_an_empty_account_before_anything_was_told() -> None:
    view = view_portfolio(Streamed(), "DU1")
    assert (view.holdings, view.currency, view.summary, view.market_value) == ((), "", None, Decimal(0))
