"""Option chains and the greeks of single options."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from broker.call import link_of
from broker.library import OptionChain as LibraryChain
from broker.market_data import IbTickFeed
from broker.session import IbSession
from market.clock import Clock
from market.errors import UnknownSymbol
from market.instrument import Instrument, SecType
from market.option import Greeks, OptionChain
from market.quote import TickField

_SMART = "SMART"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A chain, and the day on which IBKR said so."""

    chain: OptionChain
    day: date


class IbOptions:
    """The option book; a chain is kept for the day (UTC), expiries come and go over night."""

    def __init__(self, session: IbSession, feed: IbTickFeed, clock: Clock, *, timeout_s: float = 10.0) -> None:
        self._link = link_of(session)
        self._feed = feed
        self._clock = clock
        self._timeout_s = timeout_s
        self._chains: dict[int, _Kept] = {}

    async def chain(self, instrument: Instrument) -> OptionChain:
        """
        Return the options on a share, an index or a future.

        Of a share they are those of its own class (not the adjusted ones), of others all classes together: an index
        has its weeks, and a future its months, under other names. Raises UnknownSymbol where there are none, LinkDown,
        RequestTimeout, BrokerError.
        """
        today = self._clock.now().date()
        kept = self._chains.get(instrument.con_id)
        if kept is None or kept.day != today:
            venue = instrument.exchange if instrument.sec_type is SecType.FUTURE else ""
            rows = await self._link.call(
                "option chain",
                lambda ib: ib.reqSecDefOptParamsAsync(
                    instrument.symbol, venue, instrument.sec_type.value, instrument.con_id
                ),
                self._timeout_s,
            )
            kept = self._chains[instrument.con_id] = _Kept(_joined(instrument, rows), today)
        return kept.chain

    async def greeks(self, option: Instrument, timeout_s: float = 3.0) -> Greeks:
        """Return what IBKR's model says of *option*; what it does not say in time is None. Raises LinkDown."""
        found = await self._feed.model(option, timeout_s)
        return Greeks(
            delta=found.get(TickField.DELTA),
            gamma=found.get(TickField.GAMMA),
            theta=found.get(TickField.THETA),
            vega=found.get(TickField.VEGA),
            implied_volatility=found.get(TickField.IV),
        )


def _joined(instrument: Instrument, rows: Sequence[LibraryChain]) -> OptionChain:
    """Return one chain of the rows that belong together. Raises UnknownSymbol where there is none."""
    venue = next((one for one in (_SMART, instrument.exchange) if any(row.exchange == one for row in rows)), None)
    listed = [row for row in rows if row.exchange == (venue or rows[0].exchange)]
    own = [row for row in listed if row.tradingClass == instrument.symbol.replace(" ", "")]
    chosen = own if own and instrument.sec_type is SecType.STOCK else listed
    main = max(own or chosen, key=lambda row: len(row.expirations), default=None)
    if main is None:
        raise UnknownSymbol(instrument.label)
    # Mini options and the like are others: what one is worth differs.
    chosen = [row for row in chosen if row.multiplier == main.multiplier]
    return OptionChain(
        expiries=tuple(sorted({expiry for row in chosen for expiry in row.expirations})),
        strikes=tuple(sorted({float(strike) for row in chosen for strike in row.strikes})),
        multiplier=main.multiplier,
        exchange=main.exchange,
        trading_class=main.tradingClass if len({row.tradingClass for row in chosen}) == 1 else "",
    )
