"""What IBKR refuses to send, in its own words: no rule that needs it can be evaluated until it comes after all."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from market.errors import BrokerError, LinkDown, MarketError, PacingViolation, RequestTimeout
from market.quote import BarSize
from market.scan import ScanSpec

# Timeouts and pacing pass; what has not come by then has to be told.
_REFUSED_AFTER = 3


def why_refused(error: MarketError, failed: int) -> str | None:
    """
    Return why there are no bars, in IBKR's words, after so many tries in a row that *failed*.

    None where another try may well bring them, or the link is down (told elsewhere): then nothing new is known.
    """
    is_passing = isinstance(error, RequestTimeout | PacingViolation) and failed < _REFUSED_AFTER
    if isinstance(error, LinkDown) or is_passing:
        return None
    if isinstance(error, BrokerError):
        return f"IBKR {error.code}: {error.text}"
    return "IBKR does not answer" if isinstance(error, RequestTimeout) else type(error).__name__


@dataclass(frozen=True, slots=True)
class Refusals:
    """
    What is refused just now and did not come since, with the reason.

    *ticks* and *news* are by contract id (0: the broad tape), *bars* by contract id, size and hours (regular or all).
    """

    ticks: Mapping[int, str] = field(default_factory=dict)
    bars: Mapping[tuple[int, BarSize, bool], str] = field(default_factory=dict)
    news: Mapping[int, str] = field(default_factory=dict)
    scans: Mapping[ScanSpec, str] = field(default_factory=dict)
