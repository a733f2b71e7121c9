"""
How live data goes on after a gap: what comes of instruments that have to catch up waits, so that nothing overtakes.

And what no history tells of (the account, options, scans) is evaluated as it stands: what fires by that says so.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.rule import Away, Firing
from market.quote import Tick, TickField

# Ten ticks a second for a minute and a half; of more, only where each field stands is kept.
_MOST = 1000
# The account's state and the scans come within seconds of the link.
_FIRST = timedelta(minutes=2)


class Resumption:
    """
    Holds ticks back for those in *behind* (contract id to since when), and marks what was not observed.

    *behind* is the engine's own, as it is at any time.
    """

    def __init__(self, behind: Mapping[int, datetime]) -> None:
        self._behind = behind
        self._held: dict[int, list[Tick]] = {}
        self._unseen: dict[int, Away] = {}
        self._unseen_until: datetime | None = None

    def sift(self, ticks: Sequence[Tick]) -> Sequence[Tick]:
        """Return the ticks that may go on now; the others wait."""
        if not self._behind:
            return ticks
        for tick in ticks:
            con_id = tick.instrument.con_id
            if con_id in self._behind:
                held = self._held.setdefault(con_id, [])
                held.append(tick)
                if len(held) > _MOST:
                    self._held[con_id] = _standing(held)
        return [tick for tick in ticks if tick.instrument.con_id not in self._behind]

    def holds(self, con_ids: Collection[int]) -> bool:
        """Return whether anything waits of these instruments."""
        return any(con_id in self._held for con_id in con_ids)

    def price(self, con_id: int) -> float | None:
        """Return the latest price that waits, or None."""
        held = self._held.get(con_id, ())
        return next((tick.price for tick in reversed(held) if tick.field is TickField.LAST), None)

    def freed(self, con_ids: Collection[int], asked: datetime) -> list[Tick]:
        """
        Return what waited of these instruments, in order.

        Of what came before the bars were *asked* for only where each field stood: the running bar tells it.
        """
        freed: list[Tick] = []
        for con_id in sorted(con_ids):
            held = self._held.pop(con_id, [])
            freed += _standing([tick for tick in held if tick.received < asked])
            freed += [tick for tick in held if tick.received >= asked]
        return sorted(freed, key=lambda tick: tick.received)

    def drop(self) -> None:
        """Let go of all that waits: the link is lost again, and the next bars will tell it."""
        self._held.clear()

    def unseen(self, rule_ids: Collection[int], begin: datetime, end: datetime) -> None:
        """Mark the next firing of these rules, if it comes soon: what was between is not known."""
        self._unseen = dict.fromkeys(rule_ids, Away(begin, end - begin, is_observed=False))
        self._unseen_until = end + _FIRST

    def marked(self, firings: Sequence[Firing]) -> Sequence[Firing]:
        """Return *firings*, those marked that follow from a state that nobody saw come about."""
        return [self._marked(firing) for firing in firings] if self._unseen else firings

    def _marked(self, firing: Firing) -> Firing:
        away = self._unseen.pop(firing.rule.id, None)
        if self._unseen_until is not None and firing.at > self._unseen_until:
            self._unseen.clear()
            return firing
        return firing if away is None or firing.away is not None else replace(firing, away=away)


def _standing(ticks: Sequence[Tick]) -> list[Tick]:
    """Return the latest tick of each field, in order."""
    latest = {tick.field: n for n, tick in enumerate(ticks)}
    return [ticks[n] for n in sorted(latest.values())]
