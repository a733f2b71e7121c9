"""Every ticket that can be made, for Hypothesis: all types, sizes, times and algorithms, with symbols of every form."""

from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from market.ticket import (
    TIMES,
    Algo,
    OrderTicket,
    OrderType,
    Side,
    Size,
    SizeUnit,
    TicketContradiction,
    TimeInForce,
    Urgency,
)

# Tickers, or what could be some, that mean something elsewhere in the language.
WORD_TICKERS = (
    *("ALL", "ON", "IT", "OR", "NOW", "LOW", "ANY", "DAY", "GTC", "IOC", "OPG", "GTD", "MID", "STOP", "STP", "SL"),
    *("TP", "OCO", "TRAIL", "MOC", "LOC", "CAP", "RISK", "NLV", "AT", "TO", "FROM", "TILL", "HALF", "MARKET", "MKT"),
    *("LIMIT", "LMT", "ETH", "OUTSIDE", "TWAP", "VWAP", "BUY", "SELL", "POSITION", "QUARTER", "A", "T", "C", "P", "K"),
)
SYMBOLS = (
    *("AAPL", "BRK.B", "BRK.A", "EUR.USD", "BTC.USD@PAXOS", "BMW@IBIS/EUR", "700@SEHK", "#265598", "RDS-A"),
    *("ES 202612", "ES 20261218", "ES 202612@CME", "SPY 20261218 C600", "SPY 20261218 P587.5", "BRK.B 20261218 C400"),
    *("SPY 20261218 C600/C610", "SPY 20261218 P590.5/P580", "SPY 261218C00600000"),
)

symbols = st.sampled_from(SYMBOLS + WORD_TICKERS) | st.from_regex(
    r"[A-Z]{1,5}([.][A-Z])?(@[A-Z]{2,6})?", fullmatch=True
)
positive = (
    st.decimals(min_value="0.0001", max_value="999999", places=4).map(lambda number: number.normalize())
    | st.sampled_from([Decimal(202612), Decimal(20261218), Decimal("1.015"), Decimal(10) ** 12, Decimal("1E-18")])
    | st.integers(1, 10**12).map(Decimal)
)
percents = st.decimals(min_value="0.01", max_value="100", places=2)
_zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-5))])
_moments = st.datetimes(datetime(2000, 1, 2), datetime(2999, 12, 30), timezones=_zones)  # noqa: DTZ001  hypothesis wants bounds without a zone
_clocks = st.times().map(lambda at: at.replace(microsecond=0)) | st.sampled_from([time(9, 30), time(0, 0)])
_PRICED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_ON_CLOSE})
_STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


def _end(draw: st.DrawFn, time_in_force: TimeInForce) -> dict[str, Any]:
    """Return the end of GTD, a moment or a day, and nothing of any other."""
    if time_in_force is not TimeInForce.GTD:
        return {}
    moment = draw(_moments)
    return {"last_day": moment.date()} if draw(st.booleans()) else {"good_till": moment}


@st.composite
def tickets(draw: st.DrawFn) -> OrderTicket:
    """Draw one ticket of the many that do not contradict themselves."""
    order_type = draw(st.sampled_from([None, *OrderType]))
    side = draw(st.sampled_from(Side))
    time_in_force = draw(st.sampled_from(sorted(TIMES[order_type])))
    symbol, sign = draw(symbols), 1
    if (" 2026" in symbol or symbol.startswith("#")) and "@" not in symbol and draw(st.booleans()):
        sign = -1 if symbol.startswith("#") or "/" in symbol or symbol.count(" ") == 1 else 1
    numbers = sorted({draw(positive) * sign for _ in range(3)}, reverse=side is Side.SELL)
    entry = numbers[len(numbers) // 2]
    below = draw(st.none() | st.just(numbers[0])) if numbers[0] != entry else None
    above = draw(st.none() | st.just(numbers[-1])) if numbers[-1] != entry else None
    size = draw(st.none() | st.builds(Size, st.sampled_from(SizeUnit), percents))
    is_trailing = order_type is OrderType.TRAIL
    in_percent = draw(st.booleans())
    stop = entry if order_type in _STOPS else None
    limit = draw(positive) * sign if order_type is OrderType.STOP_LIMIT else entry if order_type in _PRICED else None
    if order_type is OrderType.MIDPRICE:
        limit = draw(st.none() | positive)
    fields = {
        "quantity": draw(positive) if size is None else Decimal(0),
        "size": size,
        "order_type": order_type,
        "limit_price": limit,
        "stop_price": stop,
        "trail_amount": draw(positive) if is_trailing and not in_percent else None,
        "trail_pct": draw(percents.filter(lambda share: share < 100)) if is_trailing and in_percent else None,
        "time_in_force": time_in_force,
        **_end(draw, time_in_force),
        "outside_rth": draw(st.booleans()),
        "stop_loss": below,
        "take_profit": above,
    }
    if order_type is OrderType.LIMIT and draw(st.booleans()):
        # The stop of a sale is below its limit price, and that of a purchase above.
        lowest, highest = min(numbers), max(numbers)
        fields |= {"oco_stop": lowest if side is Side.SELL else highest, "stop_loss": None, "take_profit": None}
    if order_type in {None, OrderType.MARKET, OrderType.LIMIT} and draw(st.booleans()):
        fields |= _worked_off(draw)
    return _mended(side, symbol, fields)


def _worked_off(draw: st.DrawFn) -> dict[str, object]:
    algo = draw(st.sampled_from(Algo))
    if algo is Algo.ADAPTIVE:
        return {"algo": algo, "urgency": draw(st.sampled_from(Urgency))}
    start, end = sorted((draw(_clocks), draw(_clocks)))
    start_at, end_at = draw(st.none() | st.just(start)), draw(st.none() | st.just(end))
    return {"algo": algo, "algo_start": start_at, "algo_end": None if start == end else end_at}


# What is left out, one after the other, until the rest agrees.
_RARE = ("outside_rth", "oco_stop", "algo", "size", "stop_loss", "take_profit")


def _mended(side: Side, symbol: str, fields: dict[str, object]) -> OrderTicket:
    for rare in ("", *_RARE):
        fields = {name: value for name, value in fields.items() if name != rare}
        if rare == "algo":
            fields = {
                name: value for name, value in fields.items() if name not in {"urgency", "algo_start", "algo_end"}
            }
        if rare == "size" and not fields["quantity"]:
            fields["quantity"] = Decimal(1)
        try:
            return OrderTicket(side=side, symbol=symbol, **fields)  # type: ignore[arg-type]  a draw of each
        except TicketContradiction:
            continue
    raise AssertionError(side, symbol, fields)
