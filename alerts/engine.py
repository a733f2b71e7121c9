"""
When to speak: what happens on the market in, firings out. Pure and synchronous; time comes with what happens.

The engine holds every rule it was given as it stands now. A rule whose own evaluation fails becomes BLIND with the
reason; the others go on.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from alerts.condition import NewsMatch, ScanEntry
from alerts.needs import Needs, needs_of
from alerts.news import NewsDesk, NewsWatch
from alerts.pricewatch import PriceWatch
from alerts.rule import Firing, Rule, RuleState
from alerts.scan import ScanDesk, ScanWatch
from alerts.tape import Study, Tape
from alerts.watch import Roster, Watch
from market.instrument import Instrument
from market.news import Headline
from market.quote import Bar, BarSize
from market.scan import ScanRow, ScanSpec

_WATCHED = frozenset({RuleState.ARMED, RuleState.PENDING})


class Engine:
    """Evaluates rules; see the module."""

    def __init__(self) -> None:
        self._roster = Roster()
        self._tape = Tape(self._roster)
        self._news = NewsDesk(self._roster)
        self._scans = ScanDesk(self._roster)
        self.on_ticks = self._tape.on_ticks
        """`on_ticks(ticks) -> firings`: the tape's own method, one call less for each network read."""

    def load(self, rules: Iterable[Rule]) -> None:
        """
        Take in many rules, before anything happens. A BLIND one gets another try.

        Those that no longer are as they were stored are among `take_changed`.
        """
        prices: list[PriceWatch] = []
        for rule in rules:
            again = rule.with_state(RuleState.ARMED, rule.since) if rule.state is RuleState.BLIND else rule
            if again is not rule:
                self._roster.changed.add(rule.id)
            watch = self._entered(again)
            if isinstance(watch, PriceWatch):
                prices.append(watch)
            elif watch is not None:
                self._enter(watch)
        self._tape.load(prices)

    def add(self, rule: Rule) -> list[Firing]:
        """
        Take in one rule (or a new state of one), and return its firing if it is true at once.

        What is known must be fresh at *rule.since*; else the next tick decides. A rule that is not armed rests.
        """
        self._leave(rule.id)
        watch = self._entered(rule)
        if watch is None:
            return []
        self._enter(watch)
        return self._tape.look(watch, rule.since) if isinstance(watch, PriceWatch) else []

    def remove(self, rule_id: int) -> Rule | None:
        """Forget a rule, and return it as it stood; None if it was not there."""
        self._leave(rule_id)
        return self._roster.forget(rule_id)

    def rest(self, rule: Rule) -> None:
        """Keep *rule*'s new state without watching it any more (paused, blind)."""
        self._leave(rule.id)
        self._roster.rest(rule)

    def blind(self, rule_id: int, at: datetime, reason: str) -> None:
        """Let a rule be BLIND since *at*, because *reason*; nothing happens if it is not there."""
        rule = self._roster.rule(rule_id)
        if rule is not None:
            self.rest(rule.with_state(RuleState.BLIND, at, reason))
            self._roster.changed.add(rule_id)

    def rule(self, rule_id: int) -> Rule | None:
        """Return a rule as it stands, memory included; None where the engine does not have it."""
        return self._roster.rule(rule_id)

    def distance(self, rule_id: int) -> float | None:
        """
        Return how far the price is from the rule's nearest level, in percent of the price; positive: it must rise.

        None where there is no level, or no price is known.
        """
        watch = self._roster.watched.get(rule_id)
        return watch.distance() if isinstance(watch, PriceWatch) else None

    def count(self) -> int:
        """Return how many rules are watched."""
        return len(self._roster.watched)

    def needs(self) -> Needs:
        """Return what all watched rules together need."""
        needs = [needs_of(watch.rule) for watch in self._roster.watched.values()]
        return Needs(
            frozenset().union(*(need.ticks for need in needs)),
            frozenset().union(*(need.bars for need in needs)),
            frozenset().union(*(need.news for need in needs)),
            frozenset().union(*(need.scans for need in needs)),
        )

    def studies(self) -> list[Study]:
        """Return the bars that watched rules need."""
        return self._tape.studies()

    def on_bar(self, instrument: Instrument, size: BarSize, bar: Bar, at: datetime | None = None) -> list[Firing]:
        """Take in a closed bar, received *at* (by default: as it closed); one not newer than the last is ignored."""
        return self._tape.on_bar(instrument, size, bar, at or bar.start + size.duration)

    def seed(
        self, instrument: Instrument, size: BarSize, bars: Sequence[Bar], at: datetime | None = None
    ) -> list[Firing]:
        """Begin the indicators over these bars anew, oldest bar first; they may fire by where they stand now."""
        if not bars and at is None:
            return []
        return self._tape.seed(instrument, size, bars, at or bars[-1].start + size.duration)

    def on_headline(self, headline: Headline, at: datetime | None = None) -> list[Firing]:
        """Take in a headline, received *at* (by default: at its own time)."""
        return self._news.on_headline(headline, at or headline.time)

    def on_scan(self, spec: ScanSpec, rows: Sequence[ScanRow], at: datetime) -> list[Firing]:
        """Take in a complete list of a scan, received *at*."""
        return self._scans.on_scan(spec, rows, at)

    @property
    def has_changes(self) -> bool:
        """Whether `take_changed` would return anything."""
        return bool(self._roster.changed)

    def take_changed(self) -> list[Rule]:
        """Return the rules whose state or memory changed other than by a firing, once: they are to be stored."""
        changed = sorted(self._roster.changed)
        self._roster.changed.clear()
        return [rule for rule in map(self._roster.rule, changed) if rule is not None]

    def mark_changed(self, rule_id: int) -> None:
        """Have `take_changed` return this rule again: it could not be stored."""
        self._roster.changed.add(rule_id)

    def _entered(self, rule: Rule) -> Watch | None:
        """Return the rule made ready and on the roster; None where it rests, is broken, or is not to be watched."""
        if rule.state not in _WATCHED:
            self._roster.rest(rule)
            return None
        watch = self._roster.guarded(rule, rule.since, lambda: self._made(rule))
        if watch is not None:
            self._roster.enter(watch)
        return watch

    def _made(self, rule: Rule) -> Watch:
        match rule.draft.condition:
            case NewsMatch():
                return NewsWatch(rule)
            case ScanEntry():
                return ScanWatch(rule)
            case _:
                return self._tape.compiled(rule)

    def _enter(self, watch: Watch) -> None:
        if isinstance(watch, PriceWatch):
            self._tape.enter(watch)
        elif isinstance(watch, NewsWatch):
            self._news.enter(watch)
        elif isinstance(watch, ScanWatch):
            self._scans.enter(watch)

    def _leave(self, rule_id: int) -> None:
        watch = self._roster.watched.get(rule_id)
        if isinstance(watch, PriceWatch):
            self._tape.leave(watch)
        elif isinstance(watch, NewsWatch):
            self._news.leave(watch)
        elif isinstance(watch, ScanWatch):
            self._scans.leave(watch)
