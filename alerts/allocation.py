"""
Who gets a market data line where there are fewer lines than instruments (PRODUCT A2); pure.

Open cards come first: what they hold is no longer there to be shared out. Then fast kinds, then levels, the nearest
first, measured in average true ranges.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from market.instrument import Instrument

NEAR = 1.0
"""An instrument within so many ATR of a level is promoted before all that are not."""

# A line that is there is worth keeping: the price must come so much nearer to another's level before it moves.
_STAY = 0.75


@dataclass(frozen=True, slots=True)
class Claim:
    """
    An instrument that rules watch. *gap_atr* is how far its price is from its nearest level in ATR, None: not known.

    *is_fast*: its rules live on every tick. *has_line*: it has one just now.
    """

    instrument: Instrument
    is_fast: bool = False
    gap_atr: float | None = None
    has_line: bool = False


@dataclass(frozen=True, slots=True)
class Allocation:
    """Which instruments get *lines*; the others run on 1-minute *bars*, those that are near a level first."""

    lines: frozenset[Instrument]
    bars: tuple[Instrument, ...]


def allocate(claims: Iterable[Claim], room: int) -> Allocation:
    """Share *room* lines out among *claims*; what has a line keeps it unless another is clearly nearer to its level."""
    ranked = [claim.instrument for claim in sorted(claims, key=_rank)]
    room = max(room, 0)
    return Allocation(frozenset(ranked[:room]), tuple(ranked[room:]))


def _rank(claim: Claim) -> tuple[int, float, int]:
    gap = NEAR if claim.gap_atr is None else claim.gap_atr
    if claim.is_fast:
        return 0, 0.0 if claim.has_line else 1.0, claim.instrument.con_id
    is_far = gap > (NEAR / _STAY if claim.has_line else NEAR)
    return 2 if is_far else 1, gap * _STAY if claim.has_line else gap, claim.instrument.con_id
