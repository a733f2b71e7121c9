"""How many units of one order each account gets; pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from market.account import AccountSummary
from trading.errors import ListFault, ListRefused
from trading.targets import Sharing, Way


def shares_of(
    quantity: Decimal, how: Sharing, accounts: Sequence[str], summaries: Mapping[str, AccountSummary]
) -> list[tuple[str, Decimal]]:
    """
    Return how many each account gets, not yet rounded to what IBKR takes.

    Raises ListRefused: ACCOUNT (one that is not managed here), SUM (the given ones are not the whole order),
    NET_LIQUIDATION (not known of one), RATE (base currencies differ).
    """
    match how.way:
        case Way.GIVEN:
            return _given(quantity, how.given, accounts)
        case Way.EQUAL:
            return [(account, quantity / len(accounts)) for account in accounts]
        case Way.NET_LIQUIDATION:
            return _by_worth(quantity, [(account, summaries.get(account)) for account in accounts])


def _given(
    quantity: Decimal, given: tuple[tuple[str, Decimal], ...], accounts: Sequence[str]
) -> list[tuple[str, Decimal]]:
    for account, _ in given:
        if account not in accounts:
            raise ListRefused(ListFault.ACCOUNT, account)
    total = sum((size for _, size in given), Decimal(0))
    if total != quantity:
        raise ListRefused(ListFault.SUM, have=total, wanted=quantity)
    return list(given)


def _by_worth(quantity: Decimal, accounts: list[tuple[str, AccountSummary | None]]) -> list[tuple[str, Decimal]]:
    worths: list[tuple[str, Decimal]] = []
    currencies = {summary.currency for _, summary in accounts if summary is not None}
    for account, summary in accounts:
        if summary is None or summary.net_liquidation is None or summary.net_liquidation <= 0:
            raise ListRefused(ListFault.NET_LIQUIDATION, account)
        if len(currencies) > 1:
            raise ListRefused(ListFault.RATE, account, currency=summary.currency)
        worths.append((account, summary.net_liquidation))
    total = sum((worth for _, worth in worths), Decimal(0))
    # Multiplied before it is divided: a share that comes out even stays so.
    return [(account, quantity * worth / total) for account, worth in worths]
