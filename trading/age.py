"""How long cards stand, by a clock that nobody sets back."""

from datetime import timedelta

from market.clock import Clock

_KEPT_S = 86_400.0
"""For how long after its end a card is remembered: by then its message is no more to be pressed."""


class Ages:
    """
    Knows which cards of this process are too old, whatever the wall clock says; after a restart it knows of none.

    A card's life is also in its expiry, which is a time of the day: where that clock is set back, the card would live
    longer by as much.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: dict[int, float] = {}

    def begin(self, proposal_id: int, lasts: timedelta) -> None:
        """Count from now on: the card may stand for so long."""
        now = self._clock.monotonic()
        self._ends = {one: end for one, end in self._ends.items() if end + _KEPT_S > now}
        self._ends[proposal_id] = now + lasts.total_seconds()

    def is_over(self, proposal_id: int) -> bool:
        """Return whether its time has passed; False where it was not counted."""
        end = self._ends.get(proposal_id)
        return end is not None and self._clock.monotonic() >= end
