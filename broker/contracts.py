"""From a symbol as typed to an instrument, and an instrument's hours."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broker import convert, errors, hours, order_terms
from broker.call import link_of
from broker.combo import vertical
from broker.library import IB, Contract, ContractDescription, ContractDetails
from broker.session import IbSession
from broker.symbol import US_VENUES, pair_queries, queries, tidy, vertical_legs
from market.clock import Clock
from market.errors import AmbiguousSymbol, BrokerError, RequestTimeout, UnknownSymbol
from market.hours import Hours, Session
from market.instrument import Instrument, SecType
from market.order_rules import OrderRules

# A rule that TWS does not know is not answered at all, and somebody waits for a card.
_RULE_TIMEOUT_S = 3.0
_CLASSED = frozenset({SecType.FUTURE, SecType.OPTION, SecType.FUTURE_OPTION})
_NO_HOME = frozenset({"QBALGO"})


@dataclass(frozen=True, slots=True)
class _Fetched:
    """Hours, and when (on the monotonic clock) TWS said so."""

    hours: Hours
    at: float


class IbContracts:
    """
    Turns symbols into instruments; remembers each by the symbol as typed and by conId.

    Hours are asked for again when they are older than *hours_ttl_s* seconds: an exchange may close early.
    """

    def __init__(self, session: IbSession, clock: Clock, *, hours_ttl_s: float = 900.0, timeout_s: float = 8.0) -> None:
        self._link = link_of(session)
        self._clock = clock
        self._hours_ttl_s = hours_ttl_s
        self._timeout_s = timeout_s
        self._by_symbol: dict[str, Instrument] = {}
        self._by_con_id: dict[int, Instrument] = {}
        self._hours: dict[int, _Fetched] = {}
        self._terms: dict[int, order_terms.Terms] = {}
        self._steps: dict[int, Sequence[order_terms.Step]] = {}

    async def find(self, symbol: str) -> Instrument:
        """
        Return the one instrument that *symbol* names (`AAPL`, `BMW@IBIS/EUR`, `EUR.USD`, `BRK.B`, `#265598`, …).

        A vertical spread (`SPY 20261218 C600/C610`) is a combo of its two options. Of several US listings the one with
        a US primary exchange is taken. Raises UnknownSymbol (with IBKR's nearest matches), AmbiguousSymbol, LinkDown,
        RequestTimeout, BrokerError.
        """
        typed = tidy(symbol)
        known = self._by_symbol.get(typed)
        if known is not None:
            return known
        pair = vertical_legs(typed)
        if pair is not None:
            return self._keep(typed, vertical(await self.find(pair[0]), await self.find(pair[1])))
        for query in queries(typed):
            found = await self._ask(query)
            if found:
                return self._keep(typed, _chosen(symbol, found))
        raise UnknownSymbol(symbol, tuple(await self._nearest(typed)))

    async def search(self, text: str) -> Sequence[Instrument]:
        """Return IBKR's own matches for *text* (a symbol's start or a company's name), best first. Raises as `find`."""
        descriptions: list[ContractDescription] | None = await self._link.call(
            "matching symbols", lambda ib: ib.reqMatchingSymbolsAsync(text), self._timeout_s, "matching symbols"
        )
        samples = [convert.instrument(one.contract, smart=True) for one in descriptions or [] if one.contract]
        # Issuers of bonds come with conId -1.
        return [sample for sample in samples if sample is not None and sample.con_id > 0]

    async def hours(self, instrument: Instrument) -> Hours:
        """Return its liquid hours (a combo's are its legs'), at most `hours_ttl_s` seconds old. Raises as `find`."""
        if instrument.legs:
            return await self.hours((await self._legs(instrument))[0])
        fetched = self._hours.get(instrument.con_id)
        if fetched is None or self._clock.monotonic() - fetched.at > self._hours_ttl_s:
            await self._ask(Contract(conId=instrument.con_id, exchange=instrument.exchange))
            fetched = self._hours.get(instrument.con_id)
        if fetched is None:
            raise UnknownSymbol(instrument.label)
        return fetched.hours

    async def rules(self, instrument: Instrument) -> OrderRules:
        """
        Return what IBKR takes of *instrument*; asked once in this run of the program. Raises as `find`.

        Where the market rule is not to be had, the minimum tick of the contract details counts.
        """
        if instrument.legs:
            return order_terms.combined([await self.rules(leg) for leg in await self._legs(instrument)])
        if instrument.con_id not in self._terms:
            await self._ask(Contract(conId=instrument.con_id, exchange=instrument.exchange))
        terms = self._terms.get(instrument.con_id)
        if terms is None:
            raise UnknownSymbol(instrument.label)
        return order_terms.stepped(terms.rules, await self._market_rule(terms.rule_of(instrument.exchange)))

    async def _legs(self, combo: Instrument) -> list[Instrument]:
        """Return the instruments that make up *combo*. Raises as `find`."""
        return [self.known(leg.con_id) or await self.find(f"#{leg.con_id}") for leg in combo.legs]

    async def _market_rule(self, rule_id: int) -> Sequence[order_terms.Step]:
        """Return the steps of a market rule, none where it is unknown. Raises LinkDown."""
        if rule_id not in self._steps and rule_id:
            key = f"marketRule-{rule_id}"

            def ask(ib: IB) -> Awaitable[Any]:
                # The library's own call gives up after a second.
                future: Awaitable[Any] = ib.wrapper.startReq(key)
                ib.client.reqMarketRule(rule_id)
                return future

            try:
                self._steps[rule_id] = await self._link.call("market rule", ask, _RULE_TIMEOUT_S, key)
            except (RequestTimeout, BrokerError):
                return ()
        return self._steps.get(rule_id, ())

    def known(self, con_id: int) -> Instrument | None:
        """Return the instrument with its name and tick size if it was looked up before; asks nothing."""
        return self._by_con_id.get(con_id)

    def session(self, con_id: int, at: datetime) -> Session | None:
        """Return the session in which *at* lies, as far as hours were asked for; asks nothing."""
        fetched = self._hours.get(con_id)
        sessions = () if fetched is None else fetched.hours.sessions
        return next((one for one in sessions if one.start <= at < one.end), None)

    def _keep(self, typed: str, one: Instrument) -> Instrument:
        self._by_symbol[typed] = self._by_con_id[one.con_id] = one
        return one

    async def _nearest(self, typed: str) -> Sequence[Instrument]:
        try:
            for query in pair_queries(typed):
                return await self._ask(query)
            return await self.search(typed.partition("@")[0].partition(" ")[0])
        except BrokerError:
            return []

    async def _ask(self, query: Contract) -> list[Instrument]:
        """Return the instruments that answer to *query*, each once; none where IBKR has no definition (200)."""
        try:
            answers = await self._link.call(
                "contract details", lambda ib: ib.reqContractDetailsAsync(query), self._timeout_s
            )
        except BrokerError as error:
            if error.code == errors.UNKNOWN_CONTRACT:
                return []
            raise
        found: dict[int, Instrument] = {}
        # A contract comes once for each of its exchanges; that of IBKR's algorithms must not be the one that stays.
        for details in sorted(answers, key=lambda one: one.contract is None or one.contract.exchange not in _NO_HOME):
            one = self._remember(details, query)
            if one is not None:
                found[one.con_id] = one
        return list(found.values())

    def _remember(self, details: ContractDetails, query: Contract) -> Instrument | None:
        if details.contract is None:
            return None
        # Asked by conId alone, TWS answers with the listing exchange; orders and quotes go by SMART.
        one = convert.instrument(details.contract, details, smart=not query.exchange)
        if one is None:
            return None
        self._by_con_id[one.con_id] = one
        self._terms[one.con_id] = order_terms.terms(details, one.sec_type)
        self._hours[one.con_id] = _Fetched(
            hours.hours(details.liquidHours, details.timeZoneId), self._clock.monotonic()
        )
        return one


def _chosen(symbol: str, found: list[Instrument]) -> Instrument:
    if len(found) == 1:
        return found[0]
    at_home = [one for one in found if one.sec_type is SecType.STOCK and one.primary_exchange in US_VENUES]
    same_class = [one for one in found if one.trading_class == one.symbol and one.sec_type in _CLASSED]
    for narrowed in (at_home, same_class):
        if len(narrowed) == 1:
            return narrowed[0]
    raise AmbiguousSymbol(symbol, tuple(found))
