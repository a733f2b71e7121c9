"""
The limits of a real TWS: message rate, market data lines, scanners, historical pacing.

Source: IB's documentation of historical data limitations; see also the
library comments about 50 messages a second.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

MARKET_LINES = 100
SCANNERS = 10
OPEN_HISTORICAL = 50
ACCOUNT_SUMMARIES = 2
MESSAGES_PER_SECOND = 50

_SMALL_BAR = 30
_IDENTICAL_S = 15.0
_SAME_CONTRACT, _SAME_CONTRACT_S = 6, 2.0
_ALL, _ALL_S = 60, 600.0


class MessageRate:
    """Counts one client's messages of the last second."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def exceeded(self, now: float) -> bool:
        """Count a message at *now*; return whether it is one too many."""
        while self._times and now - self._times[0] >= 1:
            self._times.popleft()
        self._times.append(now)
        return len(self._times) > MESSAGES_PER_SECOND


@dataclass(frozen=True, slots=True)
class Query:
    """What matters of a historical request: who is asked, for what, and everything that makes it identical."""

    contract: Hashable
    what: str
    rest: Hashable


class HistoricalPacing:
    """
    IB's pacing of small bars (30 seconds and less).

    An identical request within 15 s, a sixth for the same contract and kind
    within 2 s, and a sixty-first within 10 min are violations; BID_ASK counts
    twice.
    """

    def __init__(self) -> None:
        self._past: deque[tuple[float, Query]] = deque()

    def violated(self, now: float, bar_s: int, query: Query) -> bool:
        """Count a request at *now*; return whether it comes too soon."""
        if bar_s > _SMALL_BAR:
            return False
        while self._past and now - self._past[0][0] >= _ALL_S:
            self._past.popleft()
        identical = any(one == query and now - at < _IDENTICAL_S for at, one in self._past)
        same = [
            one for at, one in self._past
            if (one.contract, one.what) == (query.contract, query.what) and now - at < _SAME_CONTRACT_S
        ]  # fmt: skip
        weight = sum(2 if one.what == "BID_ASK" else 1 for _, one in self._past)
        self._past.append((now, query))
        return identical or len(same) + 1 >= _SAME_CONTRACT or weight + 1 > _ALL
