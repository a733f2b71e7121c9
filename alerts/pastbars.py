"""Bars that were asked for a while ago, for questions about the past: a second one costs IBKR's pacing nothing."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.ports import BarSource
from market.clock import Clock
from market.instrument import Instrument
from market.quote import Bar, BarSize

_KEEP = timedelta(minutes=15)
# Some 150 bytes each.
_MOST_BARS = 100_000


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was answered *at* a moment to the question for *count* bars."""

    at: datetime
    count: int
    bars: Sequence[Bar]


class PastBars:
    """
    A `BarSource` over another one, which remembers its answers for *keep*, and at most *most* bars of them.

    Its latest bar may be missing; what lives on each bar asks the source itself.
    """

    def __init__(self, source: BarSource, clock: Clock, keep: timedelta = _KEEP, most: int = _MOST_BARS) -> None:
        self._source = source
        self._clock = clock
        self._keep = keep
        self._most = most
        self._answers: OrderedDict[tuple[int, BarSize, bool], _Answer] = OrderedDict()

    async def bars(self, instrument: Instrument, size: BarSize, count: int, *, regular: bool = False) -> Sequence[Bar]:
        """Return the latest *count* closed bars, oldest first, as they were known at most *keep* ago. Raises as it."""
        key = instrument.con_id, size, regular
        known = self._answers.get(key)
        now = self._clock.now()
        if known is None or known.count < count or now - known.at >= self._keep:
            known = _Answer(now, count, await self._source.bars(instrument, size, count, regular=regular))
            self._answers[key] = known
        self._answers.move_to_end(key)
        self._forget()
        return known.bars[-count:]

    async def minutes(self, instrument: Instrument, count: int) -> Sequence[Bar]:
        """Return the source's own answer: the last minutes are no matter of the past."""
        return await self._source.minutes(instrument, count)

    def _forget(self) -> None:
        """Drop the answers that were not used for longest, but never the latest."""
        held = sum(len(answer.bars) for answer in self._answers.values())
        while held > self._most and len(self._answers) > 1:
            _, answer = self._answers.popitem(last=False)
            held -= len(answer.bars)
