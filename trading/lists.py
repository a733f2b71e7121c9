"""
Makes the orders of a list: closing a position or all of them, sharing one order out over accounts, rebalancing.

It looks at what streams and asks for quotes, hours and rules; it never sends. What it makes goes through the desk,
which asks the guards about each order.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from market.account import AccountSummary, Position
from market.clock import Clock
from market.errors import LinkDown, MarketError, NoMarketData, RequestTimeout, SymbolError
from market.hours import Hours
from market.instrument import Instrument, SecType
from market.quote import Quote
from market.ticket import OrderTicket, Side
from trading.batch import Batch, Left, Why, market_ticket, part, require_few
from trading.errors import ListFault, ListRefused
from trading.exposure import OPTIONS
from trading.limits import market_price
from trading.ports import Holdings, QuoteSource, SymbolBook
from trading.proposal import LegOrder
from trading.rebalance import Rebalance, Standing, Trade, Worth, afforded, plan
from trading.sharing import shares_of
from trading.targets import Sharing, Target, Targets

_ALL = Decimal(100)
# A part of the net liquidation value is spent on these; of the others it is no price that is paid.
_PAID_FOR = frozenset({SecType.STOCK, SecType.OPTION, SecType.CRYPTO, SecType.FUND, SecType.BOND, SecType.WARRANT})


class Lists:
    """Works lists out of what is held now."""

    def __init__(self, quotes: QuoteSource, symbols: SymbolBook, holdings: Holdings, clock: Clock) -> None:
        self._quotes = quotes
        self._symbols = symbols
        self._holdings = holdings
        self._clock = clock

    async def close(self, symbol: str, share: Decimal = _ALL, *, account: str = "") -> OrderTicket:
        """
        Return the order, without a price, that gives up *share* percent of a position, rounded down.

        Raises ListRefused (NOT_HELD, TOO_LITTLE, NET_LIQUIDATION), SymbolError, LinkDown, RequestTimeout, BrokerError.
        """
        position = await self._held(symbol, self._account(account))
        # What streams as a position does not say where it trades.
        instrument = await self._symbols.find(f"#{position.instrument.con_id}")
        rules = await self._symbols.rules(instrument)
        quantity = rules.size_below(abs(position.quantity) * share / _ALL)
        if not quantity:
            raise ListRefused(ListFault.TOO_LITTLE, instrument.label, have=position.quantity, wanted=share)
        return OrderTicket(_away(position), quantity, await self._name(instrument))

    async def flatten(self, *, account: str = "") -> Batch:
        """
        Return market orders that close every position whose market is open; the others are left.

        Options that were sold are bought back first: what covers them can be sold only then.

        Raises ListRefused (TOO_MANY, NET_LIQUIDATION), LinkDown.
        """
        account = self._account(account)
        positions = self._positions(account)
        found = await asyncio.gather(*(self._closing(position) for position in positions))
        orders = sorted((one for one in found if isinstance(one, LegOrder)), key=_is_late)
        require_few(len(orders))
        return Batch(tuple(orders), tuple(one for one in found if isinstance(one, Left)))

    async def over_accounts(self, ticket: OrderTicket, how: Sharing) -> Batch:
        """
        Return *ticket* shared out over the accounts, one order each, rounded down.

        Raises ListRefused (PLAIN, SIZE, ACCOUNT, SUM, NET_LIQUIDATION, RATE, TOO_LITTLE), SymbolError, LinkDown,
        RequestTimeout, BrokerError.
        """
        if ticket.size is not None:
            raise ListRefused(ListFault.SIZE)
        if any(price is not None for price in (ticket.take_profit, ticket.stop_loss, ticket.oco_stop)):
            raise ListRefused(ListFault.PLAIN)
        instrument = await self._symbols.find(ticket.symbol)
        rules = await self._symbols.rules(instrument)
        shares = self._shares(ticket.quantity, how)
        sizes = [(account, rules.size_below(share)) for account, share in shares]
        given = [(account, size) for account, size in sizes if size]
        if not given:
            raise ListRefused(ListFault.TOO_LITTLE, instrument.label, have=ticket.quantity, wanted=_ALL)
        require_few(len(given))
        quote = await self._quote(instrument)
        price = market_price(ticket.side, quote) if quote is not None else None
        left = [Left(account, Why.SIZE) for account, size in sizes if not size]
        over = ticket.quantity - sum((size for _, size in given), Decimal(0))
        left += [Left(instrument.label, Why.REMAINDER, over)] if over else []
        return Batch(tuple(part(instrument, ticket.sized(size), who, price) for who, size in given), tuple(left))

    async def rebalance(self, targets: Targets, *, account: str = "") -> Rebalance:
        """
        Return the orders that bring the account to *targets*.

        Raises ListRefused (NET_LIQUIDATION, QUOTE, RATE, CLOSED, KIND, TWICE, SHORT_OF_MONEY, TOO_MANY), SymbolError,
        LinkDown, RequestTimeout, BrokerError.
        """
        account = self._account(account)
        summary = self._summary(account)
        worth = Worth(account, summary.currency, summary.net_liquidation or _ALL, summary.cash or Decimal(0))
        standings = await asyncio.gather(*(self._standing(target, summary) for target in targets.parts))
        named = {one.instrument for one in standings}
        if len(named) < len(standings):
            twice = next(one for one in standings if [x.instrument for x in standings].count(one.instrument) > 1)
            raise ListRefused(ListFault.TWICE, twice.instrument.label)
        planned = plan(worth, standings, self._unnamed(summary, named))
        require_few(len(planned.orders))
        return planned

    async def rest(self, waiting: Sequence[tuple[Instrument, str, Decimal]], account: str, money: Decimal) -> Batch:
        """
        Return the purchases that waited, as far as *money* (in the account's base currency) reaches at today's prices.

        Raises as `rebalance`.
        """
        summary = self._summary(account)
        wanted = [
            Trade(await self._look(instrument, symbol, Decimal(0), summary), Side.BUY, quantity)
            for instrument, symbol, quantity in waiting
        ]
        trades, short = afforded(wanted, money)
        worth = Worth(account, summary.currency, _ALL, money)
        return Batch(Rebalance(worth, (), trades, (), short, money).orders, short)

    def is_awaited(self, account: str) -> bool:
        """Return whether IBKR has yet to tell what *account* is worth, and whether it is one of ours at all."""
        accounts, summary = self._holdings.accounts(), self._holdings.summary(account)
        is_told = summary is not None and summary.net_liquidation is not None and summary.cash is not None
        return not accounts or (account in accounts and not is_told)

    def worth(self, account: str) -> AccountSummary:
        """Return what *account* has, as IBKR tells it. Raises LinkDown, ListRefused (ACCOUNT, NET_LIQUIDATION)."""
        return self._summary(self._account(account))

    def _account(self, account: str) -> str:
        """Return *account*, or the default one for "". Raises LinkDown, ListRefused(ACCOUNT)."""
        accounts = self._holdings.accounts()
        if not accounts:
            raise LinkDown
        if account and account not in accounts:
            raise ListRefused(ListFault.ACCOUNT, account)
        return account or accounts[0]

    def _summary(self, account: str) -> AccountSummary:
        summary = self._holdings.summary(account)
        if summary is None or summary.cash is None or not summary.net_liquidation or summary.net_liquidation < 0:
            raise ListRefused(ListFault.NET_LIQUIDATION, account)
        return summary

    def _positions(self, account: str) -> list[Position]:
        """Return what is held. Raises ListRefused (NET_LIQUIDATION) where that is nothing since it is not told yet."""
        held = [one for one in self._holdings.positions(account) if one.quantity]
        if not held and self.is_awaited(account):
            raise ListRefused(ListFault.NET_LIQUIDATION, account)
        return held

    async def _held(self, symbol: str, account: str) -> Position:
        """Return the position that *symbol* names: what is held goes before all else that has that name."""
        positions = self._positions(account)
        named = symbol.removeprefix("$").upper()
        found = [one for one in positions if named in {one.instrument.label.upper(), f"#{one.instrument.con_id}"}]
        if len(found) != 1:
            try:
                instrument = await self._symbols.find(symbol)
            except SymbolError:
                if not found:
                    raise
                raise ListRefused(ListFault.NOT_HELD, symbol) from None
            found = [one for one in positions if one.instrument == instrument]
        if not found:
            raise ListRefused(ListFault.NOT_HELD, symbol)
        return found[0]

    async def _name(self, instrument: Instrument) -> str:
        """Return what leads to this instrument when it is typed: its label, or IBKR's own id of it."""
        exact = f"#{instrument.con_id}"
        try:
            found = await self._symbols.find(instrument.label)
        except LinkDown:
            raise
        except MarketError:
            return exact
        return instrument.label if found == instrument else exact

    async def _closing(self, position: Position) -> LegOrder | Left:
        """Return the order that closes *position* at the market, or why there is none."""
        shut = await self._shut(position)
        if shut is not None:
            return shut
        label = position.instrument.label
        try:
            # What streams as a position does not say where it trades.
            instrument = await self._symbols.find(f"#{position.instrument.con_id}")
            rules = await self._symbols.rules(instrument)
        except (RequestTimeout, SymbolError):
            return Left(label, Why.HOURS, position.quantity)
        quantity = rules.size_below(abs(position.quantity))
        ticket = market_ticket(_away(position), quantity, f"#{instrument.con_id}", rules) if quantity else None
        if ticket is None:
            return Left(label, Why.TYPE if quantity else Why.SIZE, position.quantity)
        return part(instrument, ticket, position.account, position.market_price)

    async def _shut(self, position: Position) -> Left | None:
        """Return why *position* cannot be closed at the market just now, None where it can."""
        instrument, now = position.instrument, self._clock.now()
        if instrument.sec_type is SecType.FOREX:
            return Left(instrument.label, Why.MONEY, position.quantity)
        hours = await self._hours(instrument)
        if hours is None:
            return Left(instrument.label, Why.HOURS, position.quantity)
        if not hours.is_open(now):
            return Left(instrument.label, Why.CLOSED, position.quantity, opens=hours.next_open(now))
        return None

    async def _hours(self, instrument: Instrument) -> Hours | None:
        try:
            hours = await self._symbols.hours(instrument)
        except LinkDown:
            raise
        except MarketError:
            return None
        return hours if hours.is_known else None

    async def _quote(self, instrument: Instrument) -> Quote | None:
        try:
            return replace(await self._quotes.fresh(instrument))
        except (NoMarketData, RequestTimeout):
            return None

    def _shares(self, quantity: Decimal, how: Sharing) -> list[tuple[str, Decimal]]:
        """Return how many each account gets, not rounded to what IBKR takes. Raises LinkDown, ListRefused."""
        accounts = self._holdings.accounts()
        if not accounts:
            raise LinkDown
        summaries = {account: self._holdings.summary(account) for account in accounts}
        return shares_of(quantity, how, accounts, {name: one for name, one in summaries.items() if one is not None})

    async def _standing(self, target: Target, summary: AccountSummary) -> Standing:
        instrument = await self._symbols.find(target.symbol)
        return await self._look(instrument, target.symbol, target.percent, summary)

    async def _look(self, instrument: Instrument, symbol: str, percent: Decimal, summary: AccountSummary) -> Standing:
        """Return how things stand with one instrument. Raises ListRefused where a number is missing."""
        label = instrument.label
        if instrument.sec_type not in _PAID_FOR:
            raise ListRefused(ListFault.KIND, label)
        rate = summary.in_base(Decimal(1), instrument.currency)
        if rate is None:
            raise ListRefused(ListFault.RATE, label, currency=instrument.currency)
        hours = await self._hours(instrument)
        if hours is not None and not hours.is_open(self._clock.now()):
            raise ListRefused(ListFault.CLOSED, label)
        rules = await self._symbols.rules(instrument)
        quote = await self._quote(instrument)
        bid = ask = None
        if quote is not None:
            bid, ask = market_price(Side.SELL, quote), market_price(Side.BUY, quote)
        if bid is None or ask is None or bid <= 0 or ask <= 0:
            raise ListRefused(ListFault.QUOTE, label)
        positions = self._holdings.positions(summary.account)
        held = sum((one.quantity for one in positions if one.instrument == instrument), Decimal(0))
        return Standing(instrument, symbol, percent, held, bid, ask, rules, rate)

    def _unnamed(self, summary: AccountSummary, named: set[Instrument]) -> list[Left]:
        """Return what is held and was not named, the largest first; its part of the whole where that is known."""
        found = []
        for one in self._holdings.positions(summary.account):
            if one.instrument in named or not one.quantity or one.instrument.sec_type is SecType.FOREX:
                continue
            value = None
            if one.market_value is not None:
                value = summary.in_base(one.market_value, one.instrument.currency)
            share = None if value is None or not summary.net_liquidation else value * _ALL / summary.net_liquidation
            found.append(Left(one.instrument.label, Why.UNNAMED, one.quantity, percent=share))
        return sorted(found, key=lambda left: -abs(left.percent or Decimal(0)))


def _is_late(order: LegOrder) -> bool:
    return order.ticket.side is Side.SELL or order.instrument.sec_type not in OPTIONS


def _away(position: Position) -> Side:
    return Side.SELL if position.quantity > 0 else Side.BUY
