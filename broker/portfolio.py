"""The accounts as TWS streams them; reading asks nothing."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from broker import convert
from broker.call import guarded, link_of, tap
from broker.contracts import IbContracts
from broker.library import IB, Contract, Execution
from broker.session import IbSession
from broker.settling import Settling
from market.account import AccountSummary, Position
from market.clock import Clock
from market.errors import MarketError
from market.instrument import Instrument, SecType

_log = logging.getLogger(__name__)

# IBKR's account value keys, and ours.
_VALUES = {
    "NetLiquidation": "net_liquidation",
    "TotalCashValue": "cash",
    "BuyingPower": "buying_power",
    "InitMarginReq": "initial_margin",
    "MaintMarginReq": "maintenance_margin",
    "ExcessLiquidity": "excess_liquidity",
    "GrossPositionValue": "gross_position_value",
    "Cushion": "cushion",
    "UnrealizedPnL": "unrealized_pnl",
    "RealizedPnL": "realized_pnl",
}
_RATE = "ExchangeRate"
# What executions bear that nobody asked for just now.
_LIVE = -1
# The libraries follow no more than these either.
_MOST_ACCOUNTS = 50


class IbPortfolio:
    """
    Holdings and account values of every managed account.

    One account, the default one, is streamed with prices (TWS has one such subscription a client); the others have
    values, positions and their costs. What was received stays readable while the link is down.
    """

    def __init__(
        self, session: IbSession, contracts: IbContracts | None = None, *, clock: Clock, timeout_s: float = 8.0
    ) -> None:
        self._session = session
        self._link = link_of(session)
        self._contracts = contracts
        self._timeout_s = timeout_s
        self._summaries: dict[str, AccountSummary] = {}
        self._positions: dict[str, dict[int, Position]] = {}
        self._seen: set[tuple[str, int]] = set()
        self._settling = Settling(clock)
        self._pnl_requests: dict[int, str] = {}
        self._single_requests: dict[int, tuple[str, int]] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._sink: Callable[[AccountSummary, Sequence[Position]], None] | None = None
        self._heard = False
        self._link.on_open(self._attach)
        self._link.on_sync(self._subscribe)

    def accounts(self) -> Sequence[str]:
        """Return the managed accounts, the default one first; empty before the first connect."""
        return self._session.status.accounts

    def summary(self, account: str) -> AccountSummary | None:
        """
        Return the account's state, or None before it was received.

        Its currency comes with its net liquidation value, rates and the day's profit may come before: amounts of
        which nobody knows the currency are none.
        """
        known = self._summaries.get(account)
        return known if known is not None and known.currency else None

    def positions(self, account: str) -> Sequence[Position]:
        """Return the account's holdings, by symbol."""
        held = [self._named(position) for position in self._positions.get(account, {}).values()]
        return sorted(held, key=lambda position: (position.instrument.symbol, position.instrument.con_id))

    def unsettled(self, account: str) -> Mapping[int, Decimal]:
        """Return what executions have traded, by contract id, that the account's holdings do not show yet."""
        return self._settling.open(account)

    def on_change(self, listener: Callable[[str], None]) -> None:
        """Call *listener* with the account's name whenever something of it has changed."""
        self._listeners.append(guarded(listener))

    def connect(self, sink: Callable[[AccountSummary, Sequence[Position]], None]) -> None:
        """
        Hand the default account's state and all its holdings to *sink*, once for each network read that spoke of it.

        That nothing changed is told too: what is known is as young as the last frame.
        """
        self._sink = guarded(sink)

    def _attach(self, ib: IB) -> None:
        ib.updateEvent += guarded(self._flush)
        tap(ib, "updateAccountValue", self._on_value)
        tap(ib, "accountUpdateMulti", self._on_multi_value)
        tap(ib, "updatePortfolio", self._on_portfolio)
        tap(ib, "position", self._on_position)
        tap(ib, "execDetails", self._on_execution)
        tap(ib, "pnl", self._on_pnl)
        tap(ib, "pnlSingle", self._on_single)
        self._seen.clear()
        self._pnl_requests.clear()
        self._single_requests.clear()

    async def _subscribe(self) -> None:
        accounts = self.accounts()[:_MOST_ACCOUNTS]
        client = self._link.ib().client
        # After a loss of streams (1101) the old ones are dead on the same connection.
        for request_id in list(self._pnl_requests):
            del self._pnl_requests[request_id]
            client.cancelPnL(request_id)
        for request_id in list(self._single_requests):
            self._end_single(request_id)
        for account in accounts:
            request_id = client.getReqId()
            self._pnl_requests[request_id] = account
            client.reqPnL(request_id, account, "")
        self._seen.clear()
        if await self._asked("positions", lambda ib: ib.reqPositionsAsync(), "positions"):
            self._forget_closed()
        self._settling.caught_up()
        await self._asked("account values", lambda ib: ib.reqAccountUpdatesAsync(accounts[0]), "accountValues")
        for account in accounts[1:]:
            await self._asked("account values", partial(_values_of, account))
        for account, held in self._positions.items():
            for con_id in held:
                self._begin_single(account, con_id)

    async def _asked(self, request: str, ask: Callable[[IB], Awaitable[Any]], key: str | None = None) -> bool:
        """Whether TWS sent the end of it; what came before a timeout counts all the same."""
        try:
            await self._link.call(request, ask, self._timeout_s, key)
        except MarketError as error:
            _log.warning("The request for %s failed: %r", request, error)
            return False
        return True

    def _forget_closed(self) -> None:
        """Drop what was held before the connection was lost and is not any more."""
        for account, held in self._positions.items():
            for con_id in [con_id for con_id in held if (account, con_id) not in self._seen]:
                del held[con_id]
                self._tell(account)

    def _on_value(self, key: str, value: str, currency: str, account: str) -> None:
        if key == _RATE:
            self._on_rate(convert.money(value), currency, account)
            return
        name = _VALUES.get(key)
        # BASE is the ledger's total over all currencies; the account's own figures come in its base currency.
        if name is None or currency == "BASE":
            return
        old = self._summaries.get(account) or AccountSummary(account, "")
        if key == "NetLiquidation":
            old = replace(old, currency=currency)
        elif currency and old.currency and currency != old.currency:
            return
        change: dict[str, Any] = {name: convert.money(value)}
        self._keep(replace(old, **change))

    def _on_rate(self, rate: Decimal | None, currency: str, account: str) -> None:
        """Keep what one unit of a ledger's *currency* is worth; without a rate above zero there is none any more."""
        if currency == "BASE":
            return
        old = self._summaries.get(account) or AccountSummary(account, "")
        others = {one: known for one, known in old.rates.items() if one != currency}
        self._keep(replace(old, rates=others | {currency: rate} if rate and rate > 0 else others))

    def _on_multi_value(self, _request_id: int, account: str, model: str, key: str, value: str, currency: str) -> None:
        if not model:
            self._on_value(key, value, currency, account)

    def _on_pnl(self, request_id: int, daily: float, unrealized: float, realized: float) -> None:
        account = self._pnl_requests.get(request_id)
        if account is None:
            return
        old = self._summaries.get(account) or AccountSummary(account, "")
        self._keep(
            replace(
                old,
                daily_pnl=convert.money(daily),
                unrealized_pnl=_either(convert.money(unrealized), old.unrealized_pnl),
                realized_pnl=_either(convert.money(realized), old.realized_pnl),
            )
        )

    def _on_execution(self, request_id: int, contract: Contract, execution: Execution) -> None:
        """Notice a live execution; of a combination its legs' are told too, and they are what is held."""
        if request_id == _LIVE and contract.secType != SecType.COMBO:
            shares = convert.quantity(execution.shares)
            signed = shares if execution.side in {"BOT", "BUY"} else -shares
            self._settling.executed(execution.acctNumber, contract.conId, execution.execId, signed)

    def _on_position(self, account: str, contract: Contract, size: float, average_cost: float) -> None:
        self._seen.add((account, contract.conId))
        old = self._positions.get(account, {}).get(contract.conId)
        instrument = old.instrument if old else self._instrument(contract)
        if instrument is None:
            return
        new = replace(
            old or Position(account, instrument, Decimal(0), Decimal(0)),
            quantity=convert.quantity(size),
            average_cost=convert.money(average_cost) or Decimal(0),
        )
        if old is not None and new.quantity != old.quantity:
            # The portfolio frame that follows has the value of the new size.
            new = replace(new, market_value=None, unrealized_pnl=None)
        self._hold(new)

    def _on_portfolio(
        self,
        contract: Contract,
        size: float,
        price: float,
        value: float,
        average_cost: float,
        unrealized: float,
        realized: float,
        account: str,
    ) -> None:
        old = self._positions.get(account, {}).get(contract.conId)
        instrument = old.instrument if old else self._instrument(contract)
        if instrument is not None:
            self._hold(
                Position(
                    account=account,
                    instrument=instrument,
                    quantity=convert.quantity(size),
                    average_cost=convert.money(average_cost) or Decimal(0),
                    market_price=convert.money(price),
                    market_value=convert.money(value),
                    unrealized_pnl=convert.money(unrealized),
                    realized_pnl=convert.money(realized),
                    daily_pnl=old.daily_pnl if old else None,
                )
            )

    def _on_single(
        self, request_id: int, size: float, daily: float, unrealized: float, realized: float, value: float
    ) -> None:
        account, con_id = self._single_requests.get(request_id, ("", 0))
        old = self._positions.get(account, {}).get(con_id)
        # One that speaks of the size before a fill is of no use for the size after it.
        if old is not None and convert.quantity(size) == old.quantity:
            self._hold(
                replace(
                    old,
                    daily_pnl=convert.money(daily),
                    unrealized_pnl=_either(convert.money(unrealized), old.unrealized_pnl),
                    realized_pnl=_either(convert.money(realized), old.realized_pnl),
                    market_value=_either(convert.money(value), old.market_value),
                )
            )

    def _begin_single(self, account: str, con_id: int) -> None:
        """Ask for the day's profit of one holding, once."""
        if self._link.is_open and (account, con_id) not in self._single_requests.values():
            client = self._link.ib().client
            request_id = client.getReqId()
            self._single_requests[request_id] = (account, con_id)
            client.reqPnLSingle(request_id, account, "", con_id)

    def _end_single(self, request_id: int) -> None:
        del self._single_requests[request_id]
        self._link.ib().client.cancelPnLSingle(request_id)

    def _named(self, position: Position) -> Position:
        """Return *position* with its instrument's name, where somebody has looked that up."""
        if position.instrument.name:
            return position
        known = self._contracts.known(position.instrument.con_id) if self._contracts else None
        return replace(position, instrument=known) if known else position

    def _instrument(self, contract: Contract) -> Instrument | None:
        known = self._contracts.known(contract.conId) if self._contracts else None
        return known or convert.instrument(contract, smart=True)

    def _hear(self, account: str) -> None:
        """Notice that TWS spoke of *account*."""
        self._heard = self._heard or account in self.accounts()[:1]

    def _flush(self) -> None:
        """Tell what came of the default account with the network read that the library has just worked through."""
        if not self._heard or self._sink is None:
            return
        self._heard = False
        account = self.accounts()[0]
        summary = self.summary(account)
        if summary is not None:
            self._sink(summary, self.positions(account))

    def _hold(self, position: Position) -> None:
        account, con_id = position.account, position.instrument.con_id
        self._hear(account)
        held = self._positions.setdefault(account, {})
        known = held.get(con_id)
        if known == position:
            return
        if change := position.quantity - (known.quantity if known else 0):
            self._settling.moved(account, con_id, change)
        if position.quantity:
            is_new = con_id not in held
            held[con_id] = position
            if is_new:
                self._begin_single(account, con_id)
        elif held.pop(con_id, None) is not None:
            for request_id in [one for one, what in self._single_requests.items() if what == (account, con_id)]:
                self._end_single(request_id)
        self._tell(account)

    def _keep(self, summary: AccountSummary) -> None:
        self._hear(summary.account)
        if self._summaries.get(summary.account) != summary:
            self._summaries[summary.account] = summary
            self._tell(summary.account)

    def _tell(self, account: str) -> None:
        for listener in self._listeners:
            listener(account)


def _values_of(account: str, ib: IB) -> Awaitable[Any]:
    return ib.reqAccountUpdatesMultiAsync(account, "")


def _either(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return second if first is None else first
