"""
How live data goes on after a gap: what comes of instruments that have to catch up waits, so that nothing overtakes.

And what no history tells of (the account, options, scans) is evaluated as it stands: what fires by that says so.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.missed import Missed
from alerts.operand import PriceField
from alerts.rule import Away, Firing
from market.quote import Tick, TickField

# Ten ticks a second for two and a half minutes; of more, only where each field stands is kept.
_MOST = 1500
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

    def freed(self, told: Sequence[Missed], asked: datetime) -> list[Tick]:
        """
        Return what waited of the instruments that bars have *told* of, in order.

        Of what came before these bars did only where each field stood: the running bar tells it, and what is told by
        both would fire twice. Where there are no bars all that came since they were *asked* for counts.
        """
        freed: list[Tick] = []
        for one in sorted(told, key=lambda one: one.wanted.instrument.con_id):
            held = self._held.pop(one.wanted.instrument.con_id, [])
            until = _told_until(one, asked)
            freed += _standing([tick for tick in held if tick.received < until(tick.field)])
            freed += [tick for tick in held if tick.received >= until(tick.field)]
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


def _told_until(one: Missed, asked: datetime) -> Callable[[TickField], datetime]:
    """Return up to when bars tell of a field of an instrument: when they came."""
    answered = one.answered
    middle = answered.get(PriceField.MID)
    sides = {
        TickField.BID: answered.get(PriceField.BID) or middle,
        TickField.ASK: answered.get(PriceField.ASK) or middle,
    }
    # The day's extremes, and prices that no bars were asked of, are known by the bars of any.
    last = answered.get(PriceField.LAST) or max(answered.values(), default=asked)
    return lambda field: sides.get(field) or last


def _standing(ticks: Sequence[Tick]) -> list[Tick]:
    """Return the latest tick of each field, in order."""
    latest = {tick.field: n for n, tick in enumerate(ticks)}
    return [ticks[n] for n in sorted(latest.values())]
