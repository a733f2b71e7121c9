"""
The everyday words for bounds of a scan, and IBKR's filter codes (from the scanner parameters of a gateway) for them.

Bounds on the last price and on the day's volume are older than the filter codes and have fields of their own in a scan.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Bound:
    """
    A bound that has a word of its own: `marketcap > 1b`.

    *above* and *below* are IBKR's codes; IBKR's value times *scale* is what is typed. *is_percent* values are typed as
    `3%` and may be negative.
    """

    word: str
    above: str
    below: str
    scale: Decimal = Decimal(1)
    is_percent: bool = False


BOUNDS = (
    Bound("marketcap", "marketCapAbove1e6", "marketCapBelow1e6", Decimal(1_000_000)),
    Bound("avgvolume", "avgVolumeAbove", "avgVolumeBelow"),
    Bound("change", "changePercAbove", "changePercBelow", is_percent=True),
)
"""Those of them that are no fields of a scan."""

FIELDS = {"priceabove": "above_price", "pricebelow": "below_price", "volumeabove": "above_volume"}
"""IBKR's codes, in lower case, of the bounds that are fields of a scan."""

_BY_CODE = {code: (bound, code == bound.above) for bound in BOUNDS for code in (bound.above, bound.below)}
_BY_LOWER = {code.lower(): code for code in _BY_CODE}
_PREFIXES = (
    ("STK.EU", "STOCK.EU"),
    ("STK.NA", "STOCK.NA"),
    ("STK.HK", "STOCK.HK"),
    ("STK.ME", "STOCK.ME"),
    ("STK", "STK"),
    ("ETF.EQ", "ETF.EQ.US"),
    ("ETF.FI", "ETF.FI.US"),
    ("FUT.EU", "FUT.EU"),
    ("FUT.HK", "FUT.HK"),
    ("FUT", "FUT.US"),
    ("IND.EU", "IND.EU"),
    ("IND.HK", "IND.HK"),
    ("IND", "IND.US"),
    ("BOND", "BOND"),
)


def exact_code(code: str) -> str:
    """Return one of IBKR's filter codes that has a word of its own as IBKR writes it, any other as it is."""
    return _BY_LOWER.get(code.lower(), code)


def bound_of(code: str) -> tuple[Bound, bool] | None:
    """Return the bound that IBKR's filter *code* has a word for, and whether it is a lower one; None for others."""
    return _BY_CODE.get(code)


def universe_of(location: str) -> str:
    """
    Return IBKR's type of the instruments at *location*: STK for STK.NASDAQ, STOCK.EU for STK.EU.IBIS.

    Where a location is several codes with commas between them, the first one says it.
    It goes by how IBKR names locations; its parameters document has the last word, where that is known. NASDAQ and
    NYSE begin with the letters of a region, so only whole parts of a name count.
    """
    first = location.partition(",")[0]
    for prefix, universe in _PREFIXES:
        if first == prefix or first.startswith(f"{prefix}."):
            return universe
    return first
