"""What orders cost: commissions of IBKR's published fixed tariff, and the sizes usually on display."""

from simulator.tws.instrument import Instrument

_FUTURE = 2.25
_OPTION, _OPTION_LEAST = 0.65, 1.0
_CURRENCY, _CURRENCY_LEAST = 0.00002, 2.0
_CRYPTO, _CRYPTO_LEAST = 0.0018, 1.75


def commission(instrument: Instrument, quantity: float, price: float) -> float:
    """
    Return the commission of a whole order of *quantity* at *price*; a combination's is that of its legs.

    US stocks 0.005 a share, at least 1.00 and at most 1 % of the trade;
    futures and their options 2.25 and options 0.65 a contract (at least 1.00);
    currencies 0.2 basis points, at least 2.00; cryptocurrencies 0.18 %, at least 1.75.
    """
    value = quantity * price * instrument.factor
    if instrument.sec_type in {"FUT", "FOP"}:
        return round(_FUTURE * quantity, 4)
    if instrument.sec_type == "OPT":
        return round(max(_OPTION_LEAST, _OPTION * quantity), 4)
    if instrument.sec_type == "CASH":
        return round(max(_CURRENCY_LEAST, value * _CURRENCY), 4)
    if instrument.sec_type == "CRYPTO":
        return round(max(_CRYPTO_LEAST, value * _CRYPTO), 4)
    return round(max(min(1.0, value * 0.01), min(0.005 * quantity, value * 0.01)), 4)


def quote_size(instrument: Instrument) -> float:
    """Return the size that is usually displayed on a side."""
    sizes = {"CASH": 1_000_000.0, "FUT": 30.0, "OPT": 25.0, "FOP": 20.0, "CRYPTO": 2.0}
    return sizes.get(instrument.sec_type, 300.0)
