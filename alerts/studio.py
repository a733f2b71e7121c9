"""The bars that rules look at: indicators over them and days kept of them, by instrument, size and hours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from alerts.book import Book
from alerts.daybars import DayBars
from alerts.indicators import Series, bars_needed
from alerts.operand import Indicator
from alerts.session import Sessions
from alerts.value import Study as Key
from market.hours import Hours
from market.instrument import Instrument
from market.quote import Bar, BarSize


@dataclass(frozen=True, slots=True)
class Study:
    """
    Bars that some rule needs: the latest *count* to begin with (*is_seeded*: it has), then each as it closes.

    *is_regular*: of regular hours only; a rule that says `eth` looks at bars of extended hours too.
    """

    instrument: Instrument
    size: BarSize
    count: int
    is_seeded: bool
    is_regular: bool = True


class Studio:
    """All series; *book_of* returns an instrument's book. A key is a contract id, a bar size, and whose hours."""

    def __init__(self, book_of: Callable[[Instrument], Book], sessions: Sessions) -> None:
        self._book_of = book_of
        self._sessions = sessions
        self._instruments: dict[int, Instrument] = {}
        self._series: dict[Key, dict[Indicator, Series]] = {}
        self._days: dict[Key, DayBars] = {}
        self._rules: dict[Key, set[int]] = {}
        self._unseeded: set[Key] = set()

    def series(self, instrument: Instrument, indicator: Indicator, *, regular: bool) -> Series:
        """Return the series of *indicator* over the instrument's bars; a new one knows nothing until it is seeded."""
        study = self._key(instrument, indicator.bar, regular=regular)
        kept = self._series.setdefault(study, {})
        key = replace(indicator, symbol="")
        if key not in kept:
            self._unseeded.add(study)
            kept[key] = Series(key, self._sessions.hours(instrument.con_id))
            if indicator.live:
                self._book_of(instrument).live.append(kept[key])
        return kept[key]

    def days(self, instrument: Instrument, reach: int, *, regular: bool) -> DayBars:
        """Return the instrument's daily bars, at least *reach* of them once they are seeded."""
        key = self._key(instrument, BarSize.DAY_1, regular=regular)
        bars = self._days.get(key)
        if bars is None:
            bars = self._days[key] = DayBars(instrument.con_id, self._sessions)
            self._unseeded.add(key)
        if reach > bars.reach:
            bars.reach = reach
            self._unseeded.add(key)
        return bars

    def studies(self) -> list[Study]:
        """Return the bars that rules need just now."""
        return [
            Study(self._instruments[key[0]], key[1], self._reach(key), key not in self._unseeded, key[2])
            for key, rule_ids in self._rules.items()
            if rule_ids
        ]

    def studies_of(self, con_id: int) -> list[Study]:
        """Return the bars of one instrument that rules need just now."""
        keys = [(con_id, size, is_regular) for size in BarSize for is_regular in (True, False)]
        return [
            Study(self._instruments[con_id], key[1], self._reach(key), key not in self._unseeded, key[2])
            for key in keys
            if self._rules.get(key)
        ]

    def unseeded(self) -> list[Key]:
        """Return the bars that rules need and that did not come yet."""
        return [key for key in self._unseeded if self._rules.get(key)]

    def instrument(self, con_id: int) -> Instrument:
        """Return an instrument whose bars are kept. Raises KeyError."""
        return self._instruments[con_id]

    def rules(self, key: Key) -> set[int]:
        """Return the ids of the rules that look at these bars."""
        return self._rules.get(key, set())

    def enter(self, key: Key, rule_id: int) -> None:
        """Let a rule look at these bars."""
        self._rules.setdefault(key, set()).add(rule_id)

    def leave(self, key: Key, rule_id: int) -> None:
        """Let it look no longer; without any rule bars come no more, and what is kept would be a gap later."""
        rule_ids = self._rules.get(key, set())
        rule_ids.discard(rule_id)
        if not rule_ids:
            self._forget(key)

    def add(self, key: Key, bar: Bar) -> None:
        """Take a closed bar in."""
        for series in self._series.get(key, {}).values():
            series.add(bar)
        if key in self._days:
            self._days[key].add(bar)

    def seed(self, key: Key, bars: Sequence[Bar]) -> None:
        """Begin anew with *bars*, oldest first."""
        for series in self._series.get(key, {}).values():
            series.seed(bars)
        if key in self._days:
            self._days[key].seed(bars)
        self._unseeded.discard(key)

    def doubt(self, con_id: int) -> None:
        """Let all bars of an instrument be asked for anew: IBKR tells the old ones differently now."""
        self._unseeded |= {key for key, rule_ids in self._rules.items() if key[0] == con_id and rule_ids}

    def keep_hours(self, con_id: int, hours: Hours) -> None:
        """Let the series of an instrument know its venue's days."""
        for key, kept in self._series.items():
            if key[0] == con_id:
                for series in kept.values():
                    series.keep_hours(hours)

    def _key(self, instrument: Instrument, size: BarSize, *, regular: bool) -> Key:
        self._instruments[instrument.con_id] = instrument
        return instrument.con_id, size, regular

    def _reach(self, key: Key) -> int:
        days = self._days.get(key)
        counts = [bars_needed(indicator) for indicator in self._series.get(key, ())]
        return max([*counts, 0 if days is None else days.reach], default=1)

    def _forget(self, key: Key) -> None:
        for series in self._series.pop(key, {}).values():
            live = self._book_of(self._instruments[key[0]]).live
            live[:] = [each for each in live if each is not series]
        self._days.pop(key, None)
        self._rules.pop(key, None)
        self._unseeded.discard(key)
