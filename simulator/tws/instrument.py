"""What is traded: an instrument, as TWS describes one, and what a client asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from simulator.tws import market_rules
from simulator.tws.plan import moment
from simulator.tws.requests import Request

EASTERN = "US/Eastern"
SMART = "SMART"
STOCK_ORDER_TYPES = (
    "ACTIVETIM,AD,ADJUST,ALERT,ALGO,ALLOC,AON,AVGCOST,BASKET,CASHQTY,COND,CONDORDER,DARKPOLL,DAY,DEACT,DIS,"
    "FOK,GAT,GTC,GTD,HID,IBKRATS,ICE,IOC,LIT,LMT,LOC,MIDPX,MIT,MKT,MOC,MTL,NGCOMB,NODARK,NONALGO,OCA,OPG,"
    "OPGREROUT,PEGBENCH,PEGMID,POSTATS,POSTONLY,PREOPGRTH,PRICECHK,REL,REL2MID,RELPCTOFS,RPI,RTH,SCALE,"
    "SCALEODD,SCALERST,SIZECHK,SMARTSTG,SNAPMID,SNAPMKT,SNAPREL,STP,STPLMT,SWEEP,TRAIL,TRAILLIT,TRAILLMT,"
    "TRAILMIT,WHATIF"
)
OTHER_ORDER_TYPES = (
    "ACTIVETIM,AD,ADJUST,ALERT,ALGO,ALLOC,AVGCOST,BASKET,COND,CONDORDER,DAY,DEACT,DIS,GAT,GTC,GTD,GTT,HID,"
    "IOC,LIT,LMT,MIT,MKT,MTL,NGCOMB,NONALGO,OCA,PEGBENCH,SCALE,SCALERST,SNAPMID,SNAPMKT,SNAPREL,STP,STPLMT,"
    "TRAIL,TRAILLIT,TRAILLMT,TRAILMIT,WHATIF"
)
# A cryptocurrency takes market and limit orders alone; a combination is what smart routing can work of two legs.
CRYPTO_ORDER_TYPES = "ALERT,CASHQTY,DAY,GTC,IOC,LMT,MINUTES,MKT,NONALGO,WHATIF"
COMBO_ORDER_TYPES = "DAY,GAT,GTC,GTD,IOC,LMT,MKT,OCA,STP,STPLMT,WHATIF"
US_EXCHANGES = (
    "SMART,AMEX,NYSE,CBOE,PHLX,ISE,CHX,ARCA,NASDAQ,DRCTEDGE,BEX,BATS,EDGEA,BYX,IEX,EDGX,FOXRIVER,PEARL,"
    "NYSENAT,LTSE,MEMX,IBEOS,OVERNIGHT,PSX"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One leg of a combination: so many of an instrument for each unit, bought (*sign* 1) or sold (-1)."""

    instrument: "Instrument"
    ratio: int
    sign: int


@dataclass(frozen=True, slots=True)
class Instrument:
    """
    One instrument of the simulated exchange.

    *key* is its name in commands ("AAPL", "EUR.USD", "ES"), *price* the price
    it starts from, *volatility* yearly, *daily_volume* in its own units.
    *expiry* is YYYYMMDD; *under_key* names an option's underlying. *min_size*
    is the smallest order and the step between sizes that contract details
    tell; *parts* are a combination's legs. *magnifier* is how many units of
    the quoted price are one of the currency: 100 for pence and cents.
    """

    key: str
    con_id: int
    symbol: str
    sec_type: str
    long_name: str
    price: float
    exchange: str = SMART
    primary_exchange: str = ""
    currency: str = "USD"
    local_symbol: str = ""
    trading_class: str = ""
    multiplier: str = ""
    expiry: str = ""
    strike: float = 0.0
    right: str = ""
    min_tick: float = 0.01
    volatility: float = 0.3
    daily_volume: float = 2_000_000.0
    order_types: str = STOCK_ORDER_TYPES
    valid_exchanges: str = US_EXCHANGES
    market_rule: int = 26
    zone: str = EASTERN
    industry: str = ""
    category: str = ""
    subcategory: str = ""
    stock_type: str = ""
    isin: str = ""
    under_key: str = ""
    under_con_id: int = 0
    under_symbol: str = ""
    under_sec_type: str = ""
    derivatives: tuple[str, ...] = field(default=())
    min_size: float = 1.0
    parts: tuple[Part, ...] = ()
    magnifier: int = 1

    @property
    def factor(self) -> float:
        """Money per point of price and unit: an option's 100, an ES future's 50, a hundredth for a share in pence."""
        return float(self.multiplier or 1) / self.magnifier

    @property
    def decimals(self) -> int:
        """Decimals of a price on this instrument's grid."""
        return len(f"{self.min_tick:.8f}".rstrip("0").partition(".")[2])

    def on_grid(self, value: float) -> float:
        """Return the price nearest to *value* on the instrument's grid, never below one tick (but of a combination)."""
        tick = self.tick(value)
        steps = round(value / tick)
        return round((steps if self.parts else max(steps, 1)) * tick, self.decimals)

    def rounding(self) -> Callable[[float], float]:
        """Return `on_grid`, with all that does not depend on the price looked up once: for who makes much history."""
        if self.parts or len(market_rules.RULES[self.market_rule]) > 1:
            return self.on_grid
        tick, decimals = self.tick(0.0), self.decimals

        def on_grid(value: float) -> float:
            steps = round(value / tick)
            return round(max(steps, 1) * tick, decimals)

        return on_grid

    def tick(self, value: float) -> float:
        """Return the step between prices around *value*."""
        return max(self.min_tick, market_rules.increment(self.market_rule, value))

    def expires_at(self) -> int:
        """Return the second from which it is no more: futures settle at the opening, options at the close."""
        day = datetime.strptime(self.expiry, "%Y%m%d").date()  # noqa: DTZ007 - a date alone
        return moment(day, 570 if self.sec_type == "FUT" else 960)

    @property
    def trades(self) -> bool:
        """Whether it has prints of its own: an index or a currency pair has none, news no price at all."""
        return self.sec_type not in {"IND", "CASH", "NEWS"}

    @property
    def is_option(self) -> bool:
        """Whether it is an option, on a share or on a future."""
        return self.sec_type in {"OPT", "FOP"}

    @property
    def is_round_the_clock(self) -> bool:
        """Whether it trades day and night, without a regular session that orders wait for."""
        return self.sec_type in {"CASH", "FUT", "FOP", "CRYPTO"}

    @property
    def orderable(self) -> bool:
        """Whether orders for it are taken."""
        return self.sec_type not in {"IND", "NEWS"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The contract of a request: what a client asked for, mostly blank."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    expiry: str = ""
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    sec_id_type: str = ""
    sec_id: str = ""

    @classmethod
    def of(cls, request: Request) -> "Wanted":
        """Return the contract in *request*; raises MalformedRequest where a number is none."""
        wanted = cls(
            con_id=request.whole("conId"),
            symbol=request.text("symbol"),
            sec_type=request.text("secType"),
            expiry=request.text("lastTradeDate"),
            strike=request.number("strike"),
            right=request.text("right"),
            multiplier=request.text("multiplier"),
            exchange=request.text("exchange"),
            primary_exchange=request.text("primaryExchange"),
            currency=request.text("currency"),
            local_symbol=request.text("localSymbol"),
            trading_class=request.text("tradingClass"),
        )
        if "secId" in request.values:
            wanted = replace(wanted, sec_id_type=request.text("secIdType"), sec_id=request.text("secId"))
        return wanted

    def matches(self, instrument: Instrument) -> bool:
        """Whether *instrument* is (one of) what was asked for."""
        if self.exchange and self.exchange not in exchanges_of(instrument):
            return False
        if self.con_id:
            return self.con_id == instrument.con_id
        exact = (
            (self.symbol, instrument.symbol),
            (self.sec_type, instrument.sec_type),
            (self.currency, instrument.currency),
            (self.local_symbol, instrument.local_symbol),
            (self.trading_class, instrument.trading_class),
            (self.multiplier, instrument.multiplier),
            (self.primary_exchange, instrument.primary_exchange or instrument.exchange),
        )
        if any(asked and asked != found for asked, found in exact):
            return False
        return self._matches_terms(instrument) and (not self.sec_id or self.sec_id == instrument.isin)

    def _matches_terms(self, instrument: Instrument) -> bool:
        if self.right and self.right not in {"?", "0"} and self.right[0] != instrument.right[:1]:
            return False
        if self.strike and abs(self.strike - instrument.strike) > 1e-9:  # noqa: PLR2004 - float comparison
            return False
        return instrument.expiry.startswith(self.expiry)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was said by which an instrument could be found; tapes are found by their exchange alone."""
        if self.sec_type == "NEWS" and self.exchange:
            return False
        return not (self.con_id or self.symbol or self.local_symbol or self.sec_id or self.trading_class)


def exchanges_of(instrument: Instrument) -> set[str]:
    """Return every exchange name under which *instrument* may be asked for."""
    listed = set(instrument.valid_exchanges.split(","))
    primary = instrument.primary_exchange
    return {*listed, instrument.exchange, primary, "ISLAND" if primary == "NASDAQ" else primary} - {""}
