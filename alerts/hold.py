"""How long a condition has been true, for `for 2m`: the clock stops at unknown, and starts anew after false."""

from datetime import datetime, timedelta

# What is held so far is stored in steps, so that not every second is a change to be saved.
_STEP = timedelta(seconds=30)


class Hold:
    """The time for which something was true without having been false, up to *need*."""

    __slots__ = ("_held", "_last", "_need", "is_begun")

    def __init__(self, need: timedelta) -> None:
        self._need = need
        self._held = timedelta()
        self._last: datetime | None = None
        self.is_begun = False

    @property
    def stored_s(self) -> float:
        """What was held, in seconds, in steps."""
        return (self._held // _STEP * _STEP).total_seconds()

    def observe(self, *, truth: bool | None, at: datetime) -> bool:
        """Take in what is the case *at* a moment, and return whether it has been so for long enough."""
        if truth is False:
            self.reset()
            return False
        if self._last is not None:
            # A clock that was set back has taken nothing away from what was true.
            self._held += max(timedelta(), at - self._last)
        self._last = at if truth else None
        self.is_begun = self.is_begun or truth is True
        return truth is True and self._held >= self._need

    def pause(self) -> None:
        """Let the clock stand still since it was last seen to be true, until it is again."""
        self._last = None

    def reset(self) -> None:
        """Begin anew."""
        self._held = timedelta()
        self._last = None
        self.is_begun = False

    def recall(self, held_s: float) -> None:
        """Take in what was held before a restart; what happened in between is unknown and does not count."""
        self._held = timedelta(seconds=held_s)
        self.is_begun = True
