"""
Derivatives that the simulated exchange lists: futures, and options on shares and on a future.

They expire relative to the day the exchange opens.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from simulator.tws.instrument import OTHER_ORDER_TYPES, Instrument

# conId of the simulated derivatives; real ones change with each expiry.
_FIRST_OPTION = 700_000_001
OPTION_ROOTS = ("SPY", "AAPL")
_OPTION_EXPIRIES = 4
_STRIKES_EACH_SIDE = 12
_FIRST_FUTURE_OPTION = 710_000_001
_FUTURE_OPTION_EXPIRIES = 2
_FUTURE_STRIKE_STEP = 50.0
_MONTHS = {3: "H", 6: "M", 9: "U", 12: "Z"}


def futures(today: date) -> Iterator[Instrument]:
    """Yield the next two quarterly futures on the E-mini, the front one first, and one on corn."""
    for number, expiry in enumerate(_quarterly_fridays(today, 2)):
        letter = _MONTHS[expiry.month]
        yield Instrument(
            "ES" if number == 0 else f"ES{letter}{expiry.year % 10}", 637_533_641 + number * 11_917, "ES", "FUT",
            "E-mini S&P 500", 5755.25 + 48.5 * number,
            exchange="CME", local_symbol=f"ES{letter}{expiry.year % 10}", trading_class="ES", multiplier="50",
            expiry=f"{expiry:%Y%m%d}", min_tick=0.25, volatility=0.14, daily_volume=1.6e6 / (1 + 9 * number),
            order_types=OTHER_ORDER_TYPES, valid_exchanges="CME,QBALGO", market_rule=67, zone="US/Central",
            under_con_id=11004968, under_symbol="ES", under_sec_type="IND",
        )  # fmt: skip
    yield _corn(today)


def _corn(today: date) -> Instrument:
    """Return the next future on corn: 5,000 bushels, quoted in cents."""
    (expiry,) = _quarterly_fridays(today, 1)
    local = f"ZC{_MONTHS[expiry.month]}{expiry.year % 10}"
    return Instrument(
        "ZC", 655_510_007, "ZC", "FUT", "Corn Futures", 450.25,
        exchange="CBOT", local_symbol=local, trading_class="ZC", multiplier="5000", expiry=f"{expiry:%Y%m%d}",
        min_tick=0.25, volatility=0.28, daily_volume=3.0e5, order_types=OTHER_ORDER_TYPES,
        valid_exchanges="CBOT,QBALGO", market_rule=67, zone="US/Central", under_con_id=13_393_201, under_symbol="ZC",
        under_sec_type="IND", magnifier=100,
    )  # fmt: skip


def options(roots: list[Instrument], today: date) -> Iterator[Instrument]:
    """Yield weekly options on shares, strikes around the price that each *root* starts from."""
    con_id = _FIRST_OPTION
    for root in roots:
        step = 5.0 if root.price > 250 else 2.5  # noqa: PLR2004 - strikes are wider for dearer underlyings
        middle = round(root.price / step)
        for expiry in fridays(today, _OPTION_EXPIRIES):
            for number in range(middle - _STRIKES_EACH_SIDE, middle + _STRIKES_EACH_SIDE + 1):
                for right in ("C", "P"):
                    yield _option(root, expiry, number * step, right, con_id)
                    con_id += 1


def future_options(root: Instrument, today: date) -> Iterator[Instrument]:
    """Weekly options on the front future, fifty points apart."""
    con_id = _FIRST_FUTURE_OPTION
    middle = round(root.price / _FUTURE_STRIKE_STEP)
    for number, expiry in enumerate(fridays(today, _FUTURE_OPTION_EXPIRIES)):
        if f"{expiry:%Y%m%d}" >= root.expiry:
            break
        name = f"EW{number + 1}"
        for strike in range(middle - _STRIKES_EACH_SIDE, middle + _STRIKES_EACH_SIDE + 1):
            for right in ("C", "P"):
                points = strike * _FUTURE_STRIKE_STEP
                local = f"{name} {expiry:%y%m%d} {right}{points:g}"
                yield Instrument(
                    local, con_id, root.symbol, "FOP", root.long_name, 1.0,
                    exchange="CME", local_symbol=local, trading_class=name, multiplier=root.multiplier,
                    expiry=f"{expiry:%Y%m%d}", strike=points, right=right, min_tick=0.05, volatility=root.volatility,
                    daily_volume=2500.0, order_types=OTHER_ORDER_TYPES, valid_exchanges="CME", market_rule=110,
                    zone="US/Central", under_key=root.key, under_con_id=root.con_id,
                    under_symbol=root.local_symbol, under_sec_type=root.sec_type,
                )  # fmt: skip
                con_id += 1


def _option(root: Instrument, expiry: date, strike: float, right: str, con_id: int) -> Instrument:
    local = f"{root.symbol:<6}{expiry:%y%m%d}{right}{round(strike * 1000):08d}"
    return Instrument(
        local, con_id, root.symbol, "OPT", root.long_name, 1.0,
        local_symbol=local, trading_class=root.symbol, multiplier="100", expiry=f"{expiry:%Y%m%d}", strike=strike,
        right=right, volatility=root.volatility, daily_volume=4000.0, order_types=OTHER_ORDER_TYPES,
        valid_exchanges="SMART,AMEX,CBOE,PHLX,PSE,ISE,BOX,BATS,NASDAQOM,CBOE2,NASDAQBX,MIAX,GEMINI,EDGX,MERCURY",
        market_rule=109 if root.key == "SPY" else 32,
        under_key=root.key, under_con_id=root.con_id, under_symbol=root.symbol, under_sec_type=root.sec_type,
    )  # fmt: skip


def fridays(today: date, count: int) -> list[date]:
    """Return the next *count* Fridays after *today*."""
    first = today + timedelta(days=(4 - today.weekday()) % 7 or 7)
    return [first + timedelta(weeks=number) for number in range(count)]


def _quarterly_fridays(today: date, count: int) -> list[date]:
    found: list[date] = []
    year, month = today.year, today.month
    while len(found) < count:
        if month % 3 == 0:
            first = date(year, month, 1)
            third = first + timedelta(days=(4 - first.weekday()) % 7 + 14)
            if third > today:
                found.append(third)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004 - December
    return found
