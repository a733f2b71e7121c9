"""The simulated exchange's listing, with the shares to measure with beside the rest."""

from collections.abc import Sequence
from datetime import date

from market.instrument import Instrument
from simulator.tws.catalogue import Catalogue
from simulator.tws.exchange import Exchange
from simulator.tws.instrument import Instrument as Listed
from simulator.tws.plan import day_of


class _Longer(Catalogue):
    def __init__(self, today: date, more: Sequence[Listed]) -> None:
        super().__init__(today)
        self._all = [*self._all, *more]
        self._by_key |= {one.key: one for one in more}
        self._by_con_id |= {one.con_id: one for one in more}


def exchange_with(over: Sequence[Instrument], price: float) -> tuple[Exchange, list[Listed]]:
    """Return an exchange on which *over* are listed too, at *price*, and these listings; no price moves by itself."""
    exchange = Exchange(walk=False)
    listed = [_listed(one, price) for one in over]
    exchange.catalogue = _Longer(day_of(exchange.opened), listed)
    return exchange, listed


def _listed(one: Instrument, price: float) -> Listed:
    return Listed(
        one.symbol,
        one.con_id,
        one.symbol,
        "STK",
        one.name,
        price,
        primary_exchange=one.primary_exchange,
        local_symbol=one.symbol,
        trading_class="NMS",
    )
