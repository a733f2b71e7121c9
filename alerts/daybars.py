"""Closed daily bars of one instrument, kept for the values that look back over days (`alerts/daily.py`)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from alerts.daily import average_volume, highest, lowest
from alerts.operand import AverageVolume, Extreme
from alerts.session import Sessions
from market.quote import Bar

# Over a long weekend the latest day's bar is still the latest.
_LATE = timedelta(days=6)


class DayBars:
    """
    The latest closed daily bars, as many as the value that looks furthest back needs (*reach*).

    A daily bar's start is midnight UTC of its session's date.
    """

    def __init__(self, con_id: int, sessions: Sessions) -> None:
        self.reach = 1
        self._con_id = con_id
        self._sessions = sessions
        self._bars: list[Bar] = []
        self._known: dict[tuple[Extreme | AverageVolume, datetime], float | None] = {}

    def seed(self, bars: Iterable[Bar]) -> None:
        """Begin anew with *bars*, oldest first."""
        self._bars = []
        for bar in bars:
            self.add(bar)

    def add(self, bar: Bar) -> None:
        """Take the next closed bar in; one that is not newer than the latest changes nothing."""
        if self._bars and bar.start <= self._bars[-1].start:
            return
        self._known.clear()
        self._bars.append(bar)
        del self._bars[: -self.reach]

    def value(self, spec: Extreme | AverageVolume, now: datetime) -> float | None:
        """Return the extreme or the mean volume as of *now*'s date at the venue; None where it is unknown."""
        if not self._bars or now - self._bars[-1].start > _LATE:
            return None
        midnight = now.astimezone(self._sessions.zone(self._con_id) or UTC).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        key = spec, midnight
        if key not in self._known:
            self._known[key] = self._worked_out(spec, midnight)
        return self._known[key]

    def _worked_out(self, spec: Extreme | AverageVolume, midnight: datetime) -> float | None:
        if isinstance(spec, AverageVolume):
            return average_volume(self._bars, spec.days)
        look = highest if spec.is_high else lowest
        return look(self._bars, spec.days, midnight.date())
