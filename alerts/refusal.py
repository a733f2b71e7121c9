"""What IBKR refuses to send, in its own words: no rule that needs it can be evaluated until it comes after all."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from market.quote import BarSize
from market.scan import ScanSpec


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
