"""
Runs the bars of a gap through the rules as they stand, as if they had come live.

What happens is told to the rules in the order of time: prices, closed bars, headlines, and time itself (what must hold
for a while, cooldowns, snoozes). Each firing carries when it happened, and that it was found afterwards.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import Enum, auto
from heapq import merge
from itertools import chain
from math import inf, nextafter
from zoneinfo import ZoneInfo

from alerts.book import MID, SLOTS, Book
from alerts.missed import Missed
from alerts.news import NewsDesk
from alerts.operand import PriceField
from alerts.pricewatch import PriceWatch
from alerts.replay import closes_of
from alerts.rule import Away, Firing, PriceCause
from alerts.studio import Study
from alerts.tape import Tape
from alerts.watch import Roster
from alerts.ways import Aside, Stretch, Trial, Way, cause_of, is_ordered, is_out_of_reach, moments_of, ways_of
from market.news import Headline
from market.quote import Bar, BarSize, Tick, TickField

_LAST_STEP = 3
# So many evaluations are made in one go: about 5 ms.
_AT_ONCE = 150
_TRIAL = 10
_QUOTE = (TickField.BID, TickField.ASK)


class _Hears(Enum):
    """How much of a bar concerns a rule: nothing of it happened before the rule was what it is now."""

    ALL = auto()
    CLOSE = auto()
    NOTHING = auto()


class Retrace:
    """
    One gap of a few instruments that rules tie together; *wake* wakes their sleeping rules by a moment.

    It ends *until* now; *live* data has come again since then.
    """

    def __init__(
        self,
        roster: Roster,
        tape: Tape,
        news: NewsDesk,
        wake: Callable[[datetime], tuple[set[int], list[Firing]]],
        missed: Sequence[Missed],
        size: BarSize,
        until: datetime,
        live: datetime | None = None,
    ) -> None:
        self._roster = roster
        self._tape = tape
        self._news = news
        self._wake = wake
        self._missed = missed
        self._size = size
        self._until = until
        self._live = live
        self._begin = min(one.wanted.begin for one in missed)
        self._trial = Trial(tape)
        self.firings: list[Firing] = []
        """What has fired so far."""
        self._since_stop = 0
        self._starting = [
            [(field, {bar.start: bar for bar in bars}) for field, bars in one.bars.items()] for one in missed
        ]
        self._hearing: dict[int, _Hears] = {}
        self._volumes: dict[int, tuple[date, float]] = {}
        self._days: dict[int, date] = {}
        self._opened: dict[int, datetime] = {}
        self._latest: dict[int, Tick | None] = {}
        self._ids = set(chain.from_iterable(self._rules_of(one) for one in missed))

    def run(self) -> list[Firing]:
        """Return the firings of what happened."""
        for _ in self.steps():
            pass
        return self.firings

    def steps(self) -> Iterator[None]:
        """
        Run what happened, and stop each few milliseconds, so that others may have their turn.

        Nothing that is told of other instruments meanwhile concerns it. It is to be run to its end: what happened in
        the first half of a gap cannot happen to these rules again.
        """
        changed, aside = self._roster.changed, set[int]()
        try:
            for _ in self._run():
                # What they remember in the middle of a gap is not to be stored: after a crash it begins anew.
                aside |= changed & self._ids
                changed -= aside
                yield
        finally:
            changed |= aside

    def _run(self) -> Iterator[None]:
        until, begin = self._until, self._begin
        for one in self._missed:
            yield from self._run_up(one)
        told = merge(*(self._told(one) for one in self._missed), key=lambda pair: pair[0])
        waiting = next(told, None)
        for start in self._starts(begin, until):
            moment = max(start, begin)
            while waiting is not None and waiting[0] <= moment:
                waiting[1]()
                waiting = next(told, None)
            self._pass(moment, Away(start, self._size.duration))
            yield from self._bar(start, begin)
        while waiting is not None and waiting[0] <= until:
            waiting[1]()
            waiting = next(told, None)
        self._pass(until, Away(until))
        for one in self._missed:
            self._end(one)

    def _is_due(self, evaluations: int = 1) -> bool:
        """Count *evaluations*, and return whether there were so many that it is time to stop."""
        self._since_stop += evaluations
        if self._since_stop < _AT_ONCE:
            return False
        self._since_stop = 0
        return True

    def _rules_of(self, one: Missed) -> Iterator[int]:
        instrument = one.wanted.instrument
        book = self._tape.books.get(instrument.con_id)
        yield from () if book is None else book.rules
        for study in one.studies:
            yield from self._tape.studio.rules((instrument.con_id, study.size, study.is_regular))

    def _starts(self, begin: datetime, until: datetime) -> list[datetime]:
        """Return when to look: at each bar's beginning, and where none traded as often as bars would begin."""
        step = self._size.duration
        first = begin - timedelta(seconds=begin.timestamp() % step.total_seconds())
        looks = {first + n * step for n in range((until - first) // step + 1)}
        bars = chain.from_iterable(bars for one in self._missed for bars in one.bars.values())
        return sorted(looks | {bar.start for bar in bars if bar.start + step > begin})

    def _run_up(self, one: Missed) -> Iterator[None]:
        """Take in what was before the gap: the windows' prices, the session's volume, the bars of indicators."""
        instrument, begin = one.wanted.instrument, one.wanted.begin
        if one.hours.sessions:
            self._tape.keep_hours(instrument, one.hours)
        book = self._tape.book(instrument)
        self._latest[instrument.con_id] = book.latest
        for field, bars in one.bars.items():
            slot = SLOTS[field]
            for bar in bars:
                if self._is_due():
                    yield
                if bar.start + self._size.duration <= begin:
                    stretch = Stretch.of(book, slot, bar, self._size.duration, (bar.start, begin))
                    _widen(book, slot, stretch)
                    _let_stand(book, slot, bar.close, stretch.moments[-1], bar.start)
                    if slot == book.main_slot:
                        self._count(one, bar)
                elif bar.start < begin and not bar.low == bar.high == book.known(slot):
                    # Where it stood as the gap began is not known: up to then more may have come of the bar.
                    _let_stand(book, slot, None, begin, bar.start)
        self._know_close(one, self._day_of(one, begin))

    def _told(self, one: Missed) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """Yield what is told of an instrument beside its prices, by time, each as something to be done."""
        closes = [self._closings(one, study, bars) for study, bars in one.studies.items()]
        yield from merge(*closes, self._headlines(one), key=lambda pair: pair[0])

    def _closings(
        self, one: Missed, study: Study, bars: Sequence[Bar]
    ) -> Iterator[tuple[datetime, Callable[[], None]]]:
        instrument, begin = one.wanted.instrument, one.wanted.begin
        key = instrument.con_id, study.size, study.is_regular
        closed = [(told.at, told.bar) for told in closes_of(instrument, study.size, bars, one.hours) if told.bar]
        before = [bar for at, bar in closed if at <= begin]
        if before:
            yield begin, lambda: self._take(self._tape.seed(instrument, key, before, begin), Away(begin))
        for at, bar in closed:
            if at > begin:
                yield at, lambda at=at, bar=bar: self._close(one, key, bar, at)  # type: ignore[misc]

    def _close(self, one: Missed, key: tuple[int, BarSize, bool], bar: Bar, at: datetime) -> None:
        self._take(self._tape.on_bar(one.wanted.instrument, key, bar, at), Away(at))

    def _headlines(self, one: Missed) -> Iterator[tuple[datetime, Callable[[], None]]]:
        for headline in one.headlines:
            yield headline.time, lambda told=headline: self._headline(told)  # type: ignore[misc]

    def _headline(self, headline: Headline) -> None:
        self._take(self._news.on_headline(headline, headline.time), Away(headline.time))

    def _pass(self, at: datetime, away: Away) -> None:
        """Let time pass up to *at*."""
        woken, firings = self._wake(at)
        self._ids |= woken
        self._take(firings, away)
        self._take(self._tape.on_time(at, self._ids), away)
        self._take(self._news.on_time(at), away)

    def _bar(self, start: datetime, begin: datetime) -> Iterator[None]:
        """Take in the bars that began at *start*; without any, time passes all the same."""
        away = Away(start, self._size.duration)
        stretches = [
            stretch
            for one, bars in zip(self._missed, self._starting, strict=True)
            for stretch in self._begun(one, bars, start)
        ]
        if self._is_due(_LAST_STEP):
            yield
        if not stretches:
            for moment in moments_of(start, self._size.duration, (begin, self._until)):
                self._pass(moment, away)
            return
        self._hearing = {}
        apart = yield from self._apart(stretches, start)
        late: dict[int, set[int]] = {}
        paths = [stretch.path() for stretch in stretches]
        for step in range(_LAST_STEP + 1):
            touched = []
            # What has held up to a moment has held, whatever comes with it.
            self._pass(stretches[0].moments[step], away)
            for n, (stretch, path) in enumerate(zip(stretches, paths, strict=True)):
                at = stretch.moments[step]
                ids = stretch.book.stand_at(path[step], at, start, stretch.slot) | stretch.book.restless
                touched.append((n, stretch, path[step], ids - apart))
            for n, stretch, price, ids in touched:
                ready = self._ready(ids | late.pop(n, set()) if step == _LAST_STEP else ids, stretch, step, start)
                late.setdefault(n, set()).update(ids - ready)
                yield from self._consider_all(ready, stretch, price, stretch.moments[step], away)

    def _begun(
        self, one: Missed, starting: Sequence[tuple[PriceField, Mapping[datetime, Bar]]], start: datetime
    ) -> Iterator[Stretch]:
        book = self._tape.book(one.wanted.instrument)
        for field, bars in starting:
            bar = bars.get(start)
            if bar is not None and start + self._size.duration > one.wanted.begin:
                if SLOTS[field] == book.main_slot or len(one.bars) == 1:
                    self._day_goes_on(one, bar)
                yield Stretch.of(book, SLOTS[field], bar, self._size.duration, (one.wanted.begin, self._until))

    def _apart(self, stretches: Sequence[Stretch], start: datetime) -> Generator[None, None, set[int]]:
        """Evaluate the rules to which the order of the prices matters, each by itself; return their ids."""
        found = set[int]()
        for stretch in stretches:
            ladder = stretch.book.ladders[stretch.slot]
            near = set() if ladder is None else ladder.over(nextafter(stretch.bar.low, -inf), stretch.bar.high)
            found |= near | stretch.book.restless | (set() if ladder is None else ladder.listeners)
        apart, length = set[int](), self._size.duration
        for rule_id in sorted(found):
            watch = self._roster.watched.get(rule_id)
            if not isinstance(watch, PriceWatch) or self._hears(watch, start) is not _Hears.ALL:
                continue
            if is_out_of_reach(watch, stretches, length):
                apart.add(rule_id)
                continue
            is_joint = rule_id in self._tape.joint
            ways = ways_of(watch, stretches) if is_joint or is_ordered(watch) else []
            if len(ways) > 1 or (ways and is_joint):
                apart.add(rule_id)
                self._alone(watch, ways, start)
            if self._is_due(_TRIAL if rule_id in apart else 1):
                yield
        return apart

    def _alone(self, watch: PriceWatch, ways: Sequence[Way], start: datetime) -> None:
        chosen = self._roster.guarded(watch.rule, start, lambda: self._trial.chosen(watch, ways))
        if chosen is None:
            self._tape.leave(watch)
            return
        way, is_unordered = chosen
        away = Away(start, self._size.duration, is_unordered=is_unordered)
        with Aside(way) as steps:
            for n, step in enumerate(steps, 1):
                self._consider({watch.rule.id}, *step.prices[0], step.at, away)
                if n < len(way):
                    self._take(self._tape.on_time(way[n].at, {watch.rule.id}), away)

    def _consider_all(self, ids: set[int], stretch: Stretch, price: float, at: datetime, away: Away) -> Iterator[None]:
        """As `_consider`, of many."""
        known = sorted(ids)
        for first in range(0, len(known), _AT_ONCE):
            part = set(known[first : first + _AT_ONCE])
            self._consider(part, stretch, price, at, away)
            if self._is_due(len(part)):
                yield

    def _consider(self, ids: set[int], stretch: Stretch, price: float, at: datetime, away: Away) -> None:
        firings: list[Firing] = []
        self._tape.consider(ids, at, cause_of(stretch, price), None, firings)
        self._take(firings, away)

    def _ready(self, ids: set[int], stretch: Stretch, step: int, start: datetime) -> set[int]:
        """Return those that are to be looked at now; the others wait for the bar's close, or for the next bar."""
        ready = set[int]()
        for rule_id in ids:
            watch = self._roster.watched.get(rule_id)
            if not isinstance(watch, PriceWatch):
                continue
            hears = self._hears(watch, start)
            is_torn = rule_id in self._tape.joint and step not in {0, _LAST_STEP}
            if hears is _Hears.NOTHING:
                # Its level may have been passed: it is looked at as soon as prices concern it.
                stretch.book.restless.add(rule_id)
            elif step == _LAST_STEP or (hears is _Hears.ALL and not is_torn):
                ready.add(rule_id)
        return ready

    def _hears(self, watch: PriceWatch, start: datetime) -> _Hears:
        """Return how much of the bar concerns a rule: what was before it last changed is none of its business."""
        rule = watch.rule
        known = self._hearing.get(rule.id)
        if known is None:
            since = watch.changed if rule.last_fired is None else max(watch.changed, rule.last_fired)
            # What fired by the very beginning of a bar may have been seen live, unless the gap began with it.
            if since < start or (since == start and (start >= self._begin or since != rule.last_fired)):
                known = _Hears.ALL
            else:
                known = _Hears.CLOSE if since < start + self._size.duration else _Hears.NOTHING
            self._hearing[rule.id] = known
        return known

    def _day_goes_on(self, one: Missed, bar: Bar) -> None:
        """Take in what a bar of the main price says of its session: that it opened, the close before, the volume."""
        con_id, at = one.wanted.instrument.con_id, max(bar.start, one.wanted.begin)
        self._day_begins(one, self._day_of(one, bar.start), at)
        session = self._tape.sessions.running(con_id, bar.start)
        if session is not None and session.start != self._opened.get(con_id):
            self._opened[con_id] = session.start
            if session.start >= one.wanted.begin:
                self._stand(one, TickField.OPEN, bar.open, at)
        self._count(one, bar)
        if one.wanted.has_volume:
            self._stand(one, TickField.VOLUME, self._volumes[con_id][1], at)

    def _day_begins(self, one: Missed, day: date, at: datetime) -> None:
        if self._days.get(one.wanted.instrument.con_id) != day:
            close = self._know_close(one, day)
            if close is not None:
                self._stand(one, TickField.CLOSE, close, at)

    def _know_close(self, one: Missed, day: date) -> float | None:
        """Let the close before *day* be known, and return it; that alone moves nobody, the next price does."""
        self._days[one.wanted.instrument.con_id] = day
        book, close = self._tape.book(one.wanted.instrument), one.close_before(day)
        book.prices[TickField.CLOSE] = close
        book.restless |= book.rules
        return close

    def _count(self, one: Missed, bar: Bar) -> None:
        """Add a bar's shares to its session's."""
        con_id, day = one.wanted.instrument.con_id, self._day_of(one, bar.start)
        known, before = self._volumes.get(con_id, (day, 0.0))
        self._volumes[con_id] = day, bar.volume + (before if known == day else 0.0)

    def _stand(self, one: Missed, field: TickField, value: float, at: datetime) -> None:
        """Let a value of the day be known, as the live line tells it."""
        tick = Tick(one.wanted.instrument, field, value, 0.0, at)
        self._take(self._tape.on_ticks([tick]), Away(at))

    def _end(self, one: Missed) -> None:
        """Leave nothing that is not so: no tick came, and midpoints stood in for both sides; the line tells anew."""
        book = self._tape.book(one.wanted.instrument)
        book.latest = self._latest[one.wanted.instrument.con_id]
        for side in _QUOTE:
            book.prices[side] = None

    @staticmethod
    def _day_of(one: Missed, at: datetime) -> date:
        return at.astimezone(ZoneInfo(one.hours.zone)).date()

    def _take(self, firings: Sequence[Firing], away: Away) -> None:
        away = replace(away, live=self._live)
        for firing in firings:
            cause = firing.cause
            if isinstance(cause, PriceCause):
                cause = replace(cause, from_minute=True)
            self.firings.append(replace(firing, cause=cause, away=away))


def _let_stand(book: Book, slot: int, price: float | None, at: datetime, start: datetime) -> None:
    """Let the price of a bar that began at *start* be known (or not) as it stood before the gap; that moves nobody."""
    for each in _QUOTE if slot == MID else (slot,):
        book.prices[each] = price
    if price is None:
        return
    book.latest = Tick(book.instrument, TickField.LAST, price, 0.0, at, start)


def _widen(book: Book, slot: int, stretch: Stretch) -> None:
    """Let windows that know nothing yet have the prices from before the gap."""
    for window in book.windows.get(slot, {}).values():
        for at, price in zip(stretch.moments, stretch.path(), strict=True):
            _, _, before = window.kept()
            if before is None or before[0] <= at:
                window.add(price, at)
