"""
The library's values and ours. Every sentinel dies here.

IB says "nothing" as NaN (never sent), -1 (no such side just now), 0, 1.797e308 and 2147483647 (unset), "" and "?".
"""

import logging
import math
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation

from broker.library import BarData, Contract, ContractDetails
from broker.library import ComboLeg as LibraryLeg
from market.instrument import ComboLeg, Instrument, SecType, combo_id
from market.quote import Bar, DataKind, TickField

_log = logging.getLogger(__name__)

UNSET_DOUBLE = 1.7976931348623157e308
UNSET_INTEGER = 2147483647
# The captures print the unset double with one digit less here and there: whatever is near it is no number.
ABSURD = 1e300
# Seconds reach this number in the year 5138.
_MILLISECONDS = 1e11

# Tick types: live, and the same delayed (66 and up). Nearly all that comes is of the first table.
HOT_FIELDS: dict[int, TickField] = {
    1: TickField.BID,
    2: TickField.ASK,
    4: TickField.LAST,
    66: TickField.BID,
    67: TickField.ASK,
    68: TickField.LAST,
}
RARE_FIELDS: dict[int, TickField] = {
    6: TickField.HIGH,
    7: TickField.LOW,
    9: TickField.CLOSE,
    14: TickField.OPEN,
    37: TickField.MARK,
    72: TickField.HIGH,
    73: TickField.LOW,
    75: TickField.CLOSE,
    76: TickField.OPEN,
}
# Sizes that come alone.
SIZES: dict[int, TickField] = {
    0: TickField.BID,
    3: TickField.ASK,
    5: TickField.LAST,
    8: TickField.VOLUME,
    69: TickField.BID,
    70: TickField.ASK,
    71: TickField.LAST,
    74: TickField.VOLUME,
    27: TickField.OPEN_INTEREST,
    28: TickField.OPEN_INTEREST,
    86: TickField.OPEN_INTEREST,
}
COUNTS = frozenset({TickField.VOLUME, TickField.OPEN_INTEREST})
OPEN_INTEREST = {"C": 27, "P": 28}
"""Which count of open interest is an option's own, by its right."""

MODELS = frozenset({13, 83})
"""The option computations of IBKR's own model, live and delayed."""

# Generic ticks that bring the open interest (tws-wire.md): 101 of options, 588 of futures.
_GENERICS = {SecType.OPTION: "101", SecType.FUTURE_OPTION: "101", SecType.FUTURE: "588"}
HALTED = frozenset({49, 90})
LAST_TIMES = frozenset({45, 88})

DATA_KINDS = {
    1: DataKind.LIVE,
    2: DataKind.FROZEN,
    3: DataKind.DELAYED,
    4: DataKind.DELAYED_FROZEN,
}

# A future traded at -37.63 in April 2020 and spreads trade below zero daily; shares and options cannot.
_BELOW_ZERO = frozenset({SecType.FUTURE, SecType.CONTINUOUS_FUTURE, SecType.COMBO})
_ROUTED = frozenset({SecType.STOCK, SecType.OPTION, SecType.WARRANT})
_VENUE = {SecType.FOREX: "IDEALPRO", SecType.CRYPTO: "PAXOS"}
_MIDPOINT_ONLY = frozenset({SecType.FOREX, SecType.CFD, SecType.COMMODITY, SecType.COMBO})


def generics(sec_type: SecType) -> str:
    """Return the generic ticks to be asked for beside the prices; the greeks of options come without."""
    return _GENERICS.get(sec_type, "")


def greeks(
    volatility: float,
    delta: float,
    _price: float,
    _dividend: float,
    gamma: float,
    vega: float,
    theta: float,
    _under: float,
) -> list[tuple[TickField, float]]:
    """
    Return an option's model values as far as TWS has them, in the order of its frame.

    It says "not computed" as -1 (volatility) and -2 (the greeks), and leaves them NaN or unset. No delta lies outside
    -1 to 1, and gamma and vega are never below zero; a theta of -2 is one only beside a gamma.
    """
    known = [(TickField.IV, volatility, 0.0 < volatility < ABSURD)]
    known.append((TickField.DELTA, delta, -1.0 <= delta <= 1.0))
    known.append((TickField.GAMMA, gamma, 0.0 <= gamma < ABSURD))
    known.append((TickField.VEGA, vega, 0.0 <= vega < ABSURD))
    known.append((TickField.THETA, theta, -ABSURD < theta < ABSURD and 0.0 <= gamma < ABSURD))
    return [(what, value) for what, value, is_known in known if is_known]


def may_be_negative(sec_type: SecType) -> bool:
    """Return whether a price below zero is real for this kind of instrument."""
    return sec_type in _BELOW_ZERO


def price(value: float, size: float = 0.0, *, negative: bool = False) -> float | None:
    """
    Return *value*, or None where IB means "no price".

    IB says "no price" as NaN (never sent), -1 (no such side just now), 0 and 1.797e308 (unset). A price of zero or
    below is real only for instruments that may trade there (*negative*), and then 0 and -1 need a *size*.
    """
    if not -ABSURD < value < ABSURD:
        return None
    if value > 0:
        return value
    if not negative or (value in {0.0, -1.0} and not size > 0):
        return None
    return value


def money(value: str | float | Decimal | None) -> Decimal | None:
    """Return an amount, or None for "", NaN, infinities and IB's unset (as text or number)."""
    if value is None or value == "":
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) >= Decimal(ABSURD):
        return None
    return amount


def quantity(value: str | float | Decimal | None) -> Decimal:
    """Return a quantity or limit without trailing zeros (10, not 10.0); 0 where IB leaves it out."""
    amount = money(value)
    if amount is None or amount == UNSET_INTEGER:
        return Decimal(0)
    return Decimal(int(amount)) if amount == int(amount) else amount.normalize()


def number(value: Decimal) -> float:
    """Return what goes out on the wire: an int where it is one, since TWS refuses `10.0` bonds and options."""
    return int(value) if value == value.to_integral_value() else float(value)


def instrument(contract: Contract, details: ContractDetails | None = None, *, smart: bool = False) -> Instrument | None:
    """
    Return *contract* in our words, or None for a kind we do not know.

    *smart* routes stocks and options by SMART: positions, scan rows and symbol samples name a listing exchange or
    none, executions where it was filled. Real frames say right "0" or "?" for stocks. A combo's id is made from its
    legs; where a frame leaves them out it is what TWS calls all combos of a currency.
    """
    try:
        sec_type = SecType(contract.secType)
    except ValueError:
        _log.info("Unknown kind of instrument: %s %s", contract.secType, contract.symbol)
        return None
    exchange = contract.exchange or _VENUE.get(sec_type, "") or contract.primaryExchange
    if smart and sec_type in _ROUTED:
        exchange = "SMART"
    right = contract.right[:1].upper()
    strike = money(contract.strike)
    magnifier = max(details.priceMagnifier, 1) if details else 1
    step = tick(details) if details else 0.0
    legs = tuple(ComboLeg(leg.conId, leg.ratio, leg.action) for leg in contract.comboLegs or ())
    return Instrument(
        con_id=combo_id(legs) if legs else contract.conId,
        symbol=contract.symbol,
        sec_type=sec_type,
        exchange=exchange,
        primary_exchange=contract.primaryExchange,
        currency=contract.currency,
        # TWS gives a combo its underlying's name there, which is no combo's.
        local_symbol="" if sec_type is SecType.COMBO else contract.localSymbol,
        trading_class=contract.tradingClass,
        expiry=contract.lastTradeDateOrContractMonth.split(" ")[0].split("-")[0],
        strike=float(strike or 0),
        right=right if right in {"C", "P"} else "",
        multiplier=contract.multiplier if contract.multiplier not in {"0", "?"} else "",
        name=details.longName if details else "",
        min_tick=step if 0 < step < ABSURD else 0.01,
        legs=legs,
        magnifier=magnifier,
    )


def tick(details: ContractDetails) -> float:
    """
    Return the smallest price step, as prices are quoted.

    `minTick` is in the currency where prices are quoted in its hundredths: 0.00125 for soybeans, which move by an
    eighth of a cent (capture in ib-api-reloaded/ib_async#55).
    """
    return round(details.minTick * max(details.priceMagnifier, 1), 10)


def contract(of: Instrument) -> Contract:
    """Return the library's contract of an instrument; a new object at each call (ib_insync tells them apart by id)."""
    if of.sec_type is SecType.COMBO:
        return _combo(of)
    return Contract(
        secType=of.sec_type.value,
        conId=of.con_id,
        symbol=of.symbol,
        lastTradeDateOrContractMonth=of.expiry,
        strike=of.strike,
        right=of.right,
        multiplier=of.multiplier,
        exchange=of.exchange,
        primaryExchange=of.primary_exchange,
        currency=of.currency,
        localSymbol=of.local_symbol,
        tradingClass=of.trading_class,
    )


def _combo(of: Instrument) -> Contract:
    """Return a combo's contract: TWS knows it by its legs alone, each at the exchange of the whole."""
    legs = [LibraryLeg(leg.con_id, leg.ratio, leg.side, of.exchange) for leg in of.legs]
    return Contract(
        secType=of.sec_type.value, symbol=of.symbol, exchange=of.exchange, currency=of.currency, comboLegs=legs
    )


def what_to_show(sec_type: SecType) -> str:
    """Return the kind of bar that IBKR has for this kind of instrument: FX, CFDs, metals and combos have no trades."""
    if sec_type in _MIDPOINT_ONLY:
        return "MIDPOINT"
    return "AGGTRADES" if sec_type is SecType.CRYPTO else "TRADES"


def bar(data: BarData, *, negative: bool = False) -> Bar | None:
    """
    Return the library's bar in our words, or None where a price is missing.

    Its date is a `date` for daily bars and an aware time for others. Bars without trades carry -1 as volume.
    """
    prices = [price(value, 1.0, negative=negative) for value in (data.open, data.high, data.low, data.close)]
    if any(value is None for value in prices):
        return None
    opening, high, low, close = (value for value in prices if value is not None)
    volume = float(data.volume)
    return Bar(
        start=moment(data.date),
        open=opening,
        high=high,
        low=low,
        close=close,
        volume=volume if 0 < volume < ABSURD else 0.0,
    )


def moment(value: date | datetime) -> datetime:
    """Return *value* aware in UTC; a plain date is its midnight UTC, a naive time is UTC already."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), tzinfo=UTC)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def epoch(seconds: float) -> datetime | None:
    """Return the moment so many seconds after 1970 (milliseconds are recognised by their size); None for 0."""
    if not math.isfinite(seconds) or seconds <= 0:
        return None
    return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS else seconds, UTC)
