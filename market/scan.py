"""Market scans: what is asked, and what comes back."""

from dataclasses import dataclass, replace

from market.instrument import Instrument

MOST_ROWS = 50
"""IBKR sends at most so many rows of a scan (TWS API, market scanners)."""


@dataclass(frozen=True, slots=True)
class ScanSpec:
    """
    One scan: IBKR's scan *code* (TOP_PERC_GAIN) over *instrument* type and *location*, best *rows* (at most 50).

    The bounds are in the price's currency and in shares; None means unbounded. *filters* are pairs of another of
    IBKR's filter codes and its value, as its parameters list them ("marketCapAbove1e6", "1000"), sorted by code. Equal
    specs share one subscription.
    """

    code: str
    instrument: str = "STK"
    location: str = "STK.US.MAJOR"
    rows: int = MOST_ROWS
    above_price: float | None = None
    below_price: float | None = None
    above_volume: int | None = None
    filters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One row of a scan's result; *rank* counts from 1."""

    rank: int
    instrument: Instrument


def whole(spec: ScanSpec) -> ScanSpec:
    """Return *spec* with all rows that IBKR gives: what is subscribed to, whoever looks at how many of them."""
    return spec if spec.rows == MOST_ROWS else replace(spec, rows=MOST_ROWS)
