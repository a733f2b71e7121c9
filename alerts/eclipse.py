"""
Which instruments may not be heard of although the link is up: a data farm of IBKR's is down, and nobody says whose.

So silence is what tells: whatever says nothing for some seconds meanwhile is taken to be dark since its latest tick.
"""

from datetime import datetime, timedelta

from alerts.backlog import UNNOTICED, Backlog
from alerts.ports import Moments
from market.clock import Clock

DARK = "dark:"
"""The key of a moment, before a contract id: since when it may not be heard of, while the others are."""

LOOK_EVERY_S = 2.0
"""How often `look` is to be called; what ticks more seldom is dark, in doubt."""


class Eclipse:
    """Watches the instruments in *backlog* while there is doubt, and keeps in *moments* what is dark."""

    def __init__(self, backlog: Backlog, moments: Moments, clock: Clock) -> None:
        self._backlog = backlog
        self._moments = moments
        self._clock = clock
        self._since: datetime | None = None
        self._dark: dict[int, datetime] = {}
        self._noted: set[int] = set()

    @property
    def is_on(self) -> bool:
        """Whether there is doubt."""
        return self._since is not None

    async def kept(self) -> dict[int, datetime]:
        """Return since when each instrument was dark as an earlier run of the program noted, by contract id."""
        now, found = self._clock.now(), await self._moments.all(DARK)
        kept = {int(key.removeprefix(DARK)): min(at, now) for key, at in found.items()}
        self._noted = set(kept)
        return kept

    def begin(self, since: datetime | None) -> None:
        """Let there be doubt *since* a moment; None: there is none any more."""
        self._since = since
        if since is None:
            self._dark = {}

    def look(self) -> None:
        """Look who has said nothing for some seconds."""
        if self._since is not None:
            self._look(self._since)

    def end(self, since: datetime) -> dict[int, datetime]:
        """Return what was dark at any time *since* a farm broke that is up again, and since when, by contract id."""
        self._look(since)
        found, self._dark = self._dark, {}
        return found

    async def note(self) -> None:
        """Note what is dark, as long as it is so."""
        self.look()
        for con_id in self._dark.keys() - self._noted:
            await self._moments.put(f"{DARK}{con_id}", self._dark[con_id])
            self._noted.add(con_id)
        if self._noted and not self._dark:
            await self._moments.drop(DARK)
            self._noted = set()

    def _look(self, since: datetime) -> None:
        quiet = self._clock.now() - timedelta(seconds=LOOK_EVERY_S)
        for con_id, at in self._backlog.latest().items():
            if at is None or at <= quiet:
                self._dark.setdefault(con_id, self._begun(at, since))

    @staticmethod
    def _begun(latest: datetime | None, since: datetime) -> datetime:
        """Return since when it may be so unnoticed: since the *latest* tick, a minute before the word at most."""
        earliest = since - UNNOTICED
        return earliest if latest is None else max(earliest, latest)
