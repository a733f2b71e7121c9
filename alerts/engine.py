"""
When to speak: what happens on the market in, firings out. Pure and synchronous; time comes with what happens.

The engine holds every rule it was given as it stands now. A rule whose own evaluation fails becomes BLIND with the
reason; the others go on.

Longer than 400 lines, because it is the one door for all that happens: a method a kind of news, and little in each.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from alerts.backlog import Backlog
from alerts.condition import AtSession, AtTime, EveryTime, NewsMatch, OrderMatch, PositionMove, ScanEntry
from alerts.eachwatch import EachDesk, EachWatch
from alerts.leaf import operands_of
from alerts.manner import is_plain
from alerts.missed import Missed
from alerts.mute import Mutes
from alerts.needs import ANY, Needs, needs_of
from alerts.news import NewsDesk, NewsWatch
from alerts.operand import PositionValue
from alerts.orderwatch import OrderDesk, OrderWatch
from alerts.pricewatch import PriceWatch
from alerts.refusal import Refusals
from alerts.retrace import Retrace
from alerts.rule import Firing, OrderHappened, Rule, RuleState
from alerts.scan import ScanDesk, ScanWatch
from alerts.session import Sessions
from alerts.sight import Sight
from alerts.sleep import Sleepers
from alerts.studio import Study
from alerts.tape import Tape
from alerts.timewatch import TimeDesk, TimeWatch
from alerts.value import Study as Key
from alerts.watch import Roster, Watch
from market.account import AccountSummary, Position
from market.hours import Hours
from market.instrument import Instrument
from market.news import Headline
from market.quote import Bar, BarSize
from market.scan import ScanRow, ScanSpec

_WATCHED = frozenset({RuleState.ARMED, RuleState.PENDING, RuleState.SNOOZED})


def _utc(_owner_id: int) -> ZoneInfo:
    return ZoneInfo("UTC")


class Engine:
    """Evaluates rules; see the module. *zone_of* returns a person's time zone by their id, for time rules."""

    def __init__(self, zone_of: Callable[[int], ZoneInfo] = _utc) -> None:
        self._roster = Roster(Sessions())
        self._tape = Tape(self._roster)
        self._news = NewsDesk(self._roster, self._tape)
        self._scans = ScanDesk(self._roster)
        self._orders = OrderDesk(self._roster)
        self._times = TimeDesk(self._roster, zone_of)
        self._each = EachDesk(self._roster)
        self._sight = Sight(self._roster, self._tape)
        self._sleepers = Sleepers(self._roster)
        self._spoken: dict[int, Instrument] = {}
        self.backlog = Backlog(self._roster, self._tape, self._news, self._sleepers, self._spoken)
        """What has to catch up: its rules stand still until `retrace` and `release`."""
        self.on_ticks = self._tape.on_ticks
        """`on_ticks(ticks) -> firings`: the tape's own method, one call less for each network read."""

    def load(self, rules: Iterable[Rule]) -> None:
        """
        Take in many rules, before anything happens. A BLIND one gets another try.

        Those that no longer are as they were stored are among `take_changed`.
        """
        prices: list[PriceWatch] = []
        for rule in rules:
            again = rule.calmed(rule.since) if rule.state is RuleState.BLIND else rule
            if again is not rule:
                self._roster.changed.add(rule.id)
            watch = self._entered(again)
            if isinstance(watch, PriceWatch):
                prices.append(watch)
            elif watch is not None:
                self._enter(watch)
                self._sight.concern(watch.rule.id)
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
        self._sight.concern(rule.id)
        if not isinstance(watch, PriceWatch):
            return []
        return self._tape.look(watch, rule.since)

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
            self.rest(rule.blinded(at, reason))
            self._roster.changed.add(rule_id)

    def rule(self, rule_id: int) -> Rule | None:
        """Return a rule as it stands, memory included; None where the engine does not have it."""
        return self._roster.rule(rule_id)

    def chats_on(self, con_id: int) -> frozenset[int]:
        """Return the chats whose watched rules speak of an instrument."""
        book = self._tape.books.get(con_id)
        watched = self._roster.watched
        return frozenset(watched[one].rule.chat_id for one in (book.rules if book else ()) if one in watched)

    def is_alive(self, rule_id: int) -> bool:
        """Return whether the rule is watched, or sleeps: what it needs is to be held."""
        if rule_id in self._roster.watched:
            return True
        rule = self._roster.aside.get(rule_id)
        return rule is not None and rule.is_watching and rule.state is not RuleState.BLIND

    def distance(self, rule_id: int) -> float | None:
        """
        Return how far the price is from the rule's nearest level, in percent of the price; positive: it must rise.

        None where there is no level, or no price is known.
        """
        watch = self._roster.watched.get(rule_id)
        return watch.distance() if isinstance(watch, PriceWatch) else None

    def standing(self, rule_id: int, now: datetime) -> Mapping[str, float]:
        """Return the values of a watched rule's condition as they are known *now*, by their text."""
        watch = self._roster.watched.get(rule_id)
        return watch.standing(now) if isinstance(watch, PriceWatch) else {}

    def count(self) -> int:
        """Return how many rules are watched."""
        return len(self._roster.watched)

    def needs(self) -> Needs:
        """Return what all watched rules together need."""
        return Needs.of_all(self.needs_of(rule_id) or Needs() for rule_id in self._roster.watched)

    def needs_of(self, rule_id: int) -> Needs | None:
        """Return what one rule needs just now, its portfolio's or watchlist's members too; None if it is not here."""
        watch = self._roster.watched.get(rule_id)
        rule = self._roster.aside.get(rule_id) if watch is None else watch.rule
        if rule is None:
            return None
        needs = needs_of(rule)
        if not isinstance(watch, NewsWatch) or not watch.group:
            return needs
        about = frozenset(watch.about.values())
        priced = about if watch.gate is not None else frozenset()
        return needs | Needs(ticks=priced, fast=priced, news=frozenset(about))

    def spoken_of(self) -> list[Instrument]:
        """Return the instruments that rules speak of, or spoke of since the start: their hours are to be known."""
        return list(self._spoken.values())

    def studies(self) -> list[Study]:
        """Return the bars that watched rules need, but for those of instruments that have to catch up."""
        return [study for study in self._tape.studio.studies() if not self.is_behind(study.instrument.con_id)]

    def on_bar(
        self,
        instrument: Instrument,
        size: BarSize,
        bar: Bar,
        at: datetime | None = None,
        *,
        regular: bool | None = None,
    ) -> list[Firing]:
        """
        Take in a closed bar, received *at* (by default: as it closed); one not newer than the last is ignored.

        It is of *regular* hours or (False) of extended ones too; None: both are the same here.
        """
        firings: list[Firing] = []
        for key in _keys(instrument, size, regular):
            firings += self._tape.on_bar(instrument, key, bar, at or bar.start + size.duration)
        return firings

    def seed(
        self,
        instrument: Instrument,
        size: BarSize,
        bars: Sequence[Bar],
        at: datetime | None = None,
        *,
        regular: bool | None = None,
    ) -> list[Firing]:
        """
        Begin the indicators over these bars anew, oldest bar first; they may fire by where they stand now.

        *regular* as in `on_bar`.
        """
        firings: list[Firing] = []
        if bars or at is not None:
            for key in _keys(instrument, size, regular):
                firings += self._tape.seed(instrument, key, bars, at or bars[-1].start + size.duration)
        return firings

    def on_headline(self, headline: Headline, at: datetime | None = None) -> list[Firing]:
        """Take in a headline, received *at* (by default: at its own time)."""
        return self._news.on_headline(headline, at or headline.time)

    def on_scan(self, spec: ScanSpec, rows: Sequence[ScanRow], at: datetime) -> list[Firing]:
        """Take in a complete list of a scan, received *at*."""
        return self._scans.on_scan(spec, rows, at)

    def on_minute(self, instrument: Instrument, bar: Bar, at: datetime) -> list[Firing]:
        """
        Take in a closed 1-minute bar, received *at*, of an instrument without a line, or beside it.

        Its high and low are prints between samples. A firing's exchange time is the minute's beginning.
        """
        return self._tape.on_minute(instrument, bar, at)

    def know_close(self, instrument: Instrument, close: float) -> None:
        """Take in the close of the last whole day, of an instrument without a line to tell it."""
        self._tape.know_close(instrument, close)

    def on_daily(self, instrument: Instrument, bars: Sequence[Bar], at: datetime) -> list[Firing]:
        """Take in closed daily bars, oldest first: as `seed`."""
        return self.seed(instrument, BarSize.DAY_1, bars, at)

    def on_account(self, summary: AccountSummary, positions: Sequence[Position], at: datetime) -> list[Firing]:
        """Take in the account's state and all its positions, received *at*."""
        ledger = self._tape.ledger
        ledger.take(summary, positions, at)
        self._news.keep_portfolio(ledger.held)
        return self._tape.on_account(at) + self._each.on_account(ledger.held, at)

    def on_order(self, happened: OrderHappened, at: datetime | None = None) -> list[Firing]:
        """Take in what happened to an order, heard of *at* (by default: as it happened); a key counts once for ever."""
        return self._orders.on_order(happened, at or happened.at)

    def on_time(self, now: datetime, most: int | None = None) -> list[Firing]:
        """
        Take in that it is *now*; called each second.

        `for`, cooldowns and snoozes end, rules expire, feeds go stale, times come, and what cannot be evaluated is
        BLIND. Of the rules about values *most* are looked at (None: all); `on_overdue` looks at the others.
        """
        self._end(now)
        firings: list[Firing] = []
        for rule in self._sleepers.woken(now, self._is_live):
            firings += self.add(rule)
            self._roster.changed.add(rule.id)
        self._tape.ring(now)
        firings += self._tape.on_overdue(now, most)
        firings += self._times.on_time(now)
        firings += self._news.on_time(now)
        self._sight.look(now)
        return firings

    @property
    def is_overdue(self) -> bool:
        """Whether there are rules whose time has come, and that were not looked at yet."""
        return self._tape.is_overdue

    def on_overdue(self, now: datetime, most: int) -> list[Firing]:
        """Look at *most* of the rules whose time has come."""
        return self._tape.on_overdue(now, most)

    def on_refused(self, refused: Refusals) -> None:
        """Take in all that IBKR refuses just now; the next `on_time` lets the rules that need it be BLIND."""
        self._sight.keep(refused)

    def set_hours(self, instrument: Instrument, hours: Hours) -> None:
        """Take in the instrument's liquid hours; until they are known, what keeps to regular hours is unknown."""
        self._tape.keep_hours(instrument, hours)

    def set_watchlist(self, owner_id: int, instruments: Sequence[Instrument]) -> None:
        """Take in what is on a person's watchlist now, for `news watchlist`."""
        self._news.keep_watchlist(owner_id, instruments)

    def keep_mutes(self, owner_id: int, mutes: Mutes) -> None:
        """Take in whose headlines a person does not want to hear of now."""
        self._news.keep_mutes(owner_id, mutes)

    def forget(self, instrument: Instrument) -> None:
        """Let the instrument's prices be unknown: its market data line was let go of."""
        book = self._tape.books.get(instrument.con_id)
        if book is not None:
            book.forget()

    def forget_all(self) -> None:
        """Let all prices be unknown: the link is lost, and what comes after it is not to be mixed with these."""
        for book in self._tape.books.values():
            book.forget()

    def keep_close(self, instrument: Instrument, close: float | None) -> None:
        """
        Take in the instrument's last official close as IBKR tells it now; None where that is not to be known.

        A price of another scale fires nothing while it may be a split's (see `Book.is_doubtful`).
        """
        self._tape.keep_close(instrument, close)

    def doubted(self) -> list[Instrument]:
        """Return the instruments whose shares may have been split: rules wait to hear whether they were."""
        return self._tape.doubted()

    def rescale(self, instrument: Instrument) -> None:
        """Begin all that was made of earlier prices anew: the instrument's shares were split."""
        self._tape.studio.doubt(instrument.con_id)
        book = self._tape.books.get(instrument.con_id)
        if book is not None:
            book.windows = {}

    def rules_on(self, instrument: Instrument) -> list[Rule]:
        """Return all rules that speak of *instrument* and are not spent, as they stand, by id."""
        ids = sorted(self._roster.watched.keys() | self._roster.aside.keys())
        rules = [rule for rule in map(self._roster.rule, ids) if rule is not None]
        return [rule for rule in rules if rule.is_watching and instrument in rule.instruments.values()]

    def gap_pct(self, instrument: Instrument) -> float | None:
        """Return how far the price is from the instrument's nearest level in percent of it; None where unknown."""
        return self._tape.gap_pct(instrument)

    @property
    def has_changes(self) -> bool:
        """Whether `take_changed` would return anything."""
        return bool(self._roster.changed)

    def take_changed(self, most: int | None = None) -> list[Rule]:
        """Return, once, the rules (*most* of them) that changed other than by a firing: they are to be stored."""
        changed = sorted(islice(self._roster.changed, most))
        self._roster.changed.difference_update(changed)
        return [rule for rule in map(self._roster.rule, changed) if rule is not None]

    def mark_changed(self, rule_id: int) -> None:
        """Have `take_changed` return this rule again: it could not be stored."""
        self._roster.changed.add(rule_id)

    def is_behind(self, con_id: int) -> bool:
        """Return whether an instrument has to catch up: nothing live of it is to be told before."""
        return con_id in self._tape.behind

    def retrace(
        self, missed: Sequence[Missed], size: BarSize, until: datetime, live: datetime | None = None
    ) -> list[Firing]:
        """Run what was *missed*, and return what fired, when it did; see `retracing`."""
        return self.retracing(missed, size, until, live).run()

    def retracing(
        self, missed: Sequence[Missed], size: BarSize, until: datetime, live: datetime | None = None
    ) -> Retrace:
        """
        Return what runs what was *missed* of instruments that are behind, up to *until*.

        *size* is that of the bars of prices, *live* when live data came again. The instruments stay behind until they
        are released.
        """
        con_ids = {one.wanted.instrument.con_id for one in missed}

        def wake(at: datetime) -> tuple[set[int], list[Firing]]:
            woken = self._sleepers.woken(at, lambda rule: not con_ids.isdisjoint(_con_ids(rule)))
            firings = []
            for rule in woken:
                firings += self.add(rule)
                self._roster.changed.add(rule.id)
            return {rule.id for rule in woken}, firings

        return Retrace(self._roster, self._tape, self._news, wake, missed, size, until, live)

    def release(self, con_ids: Collection[int]) -> None:
        """Let instruments be live again, and look whether anything about them is dark."""
        rule_ids = self.backlog.release(con_ids)
        self._sight.renew(con_ids, rule_ids)

    def _is_live(self, rule: Rule) -> bool:
        behind = self._tape.behind
        return not behind or behind.keys().isdisjoint(_con_ids(rule))

    def _end(self, now: datetime) -> None:
        """Let the rules expire whose `until` has come."""
        for rule_id in self._sleepers.over(now, self._is_live):
            rule = self._roster.rule(rule_id)
            if rule is not None and rule.is_watching:
                self.rest(rule.expired(now))
                self._roster.changed.add(rule_id)

    def _entered(self, rule: Rule) -> Watch | None:
        """Return the rule made ready and on the roster; None where it rests, is broken, or is not to be watched."""
        self._sleepers.enter(rule)
        for instrument in rule.instruments.values():
            self._spoken[instrument.con_id] = instrument
        if rule.state not in _WATCHED or self._sleepers.sleeps(rule):
            self._roster.rest(rule)
            return None
        watch = self._roster.guarded(rule, rule.since, lambda: self._made(rule))
        if watch is not None:
            self._roster.enter(watch)
        return watch

    def _made(self, rule: Rule) -> Watch:
        match rule.draft.condition:
            case NewsMatch():
                return self._news.made(rule)
            case ScanEntry():
                return ScanWatch(rule)
            case OrderMatch():
                return OrderWatch(rule)
            case AtTime() | EveryTime() | AtSession():
                return self._times.made(rule)
            case _:
                return EachWatch(rule, self._tape) if _is_any(rule) else self._tape.compiled(rule)

    def _enter(self, watch: Watch) -> None:
        match watch:
            case PriceWatch():
                self._tape.enter(watch)
            case NewsWatch():
                self._news.enter(watch)
            case ScanWatch():
                self._scans.enter(watch)
            case OrderWatch():
                self._orders.enter(watch)
            case TimeWatch():
                self._times.enter(watch)
            case EachWatch():
                self._each.enter(watch)

    def _leave(self, rule_id: int) -> None:
        match self._roster.watched.get(rule_id):
            case PriceWatch() as watch:
                self._tape.leave(watch)
            case NewsWatch() as watch:
                self._news.leave(watch)
            case ScanWatch() as watch:
                self._scans.leave(watch)
            case OrderWatch() as watch:
                self._orders.leave(watch)
            case TimeWatch() as watch:
                self._times.leave(watch)
            case EachWatch() as watch:
                self._each.leave(watch)


def _keys(instrument: Instrument, size: BarSize, regular: bool | None) -> list[Key]:  # noqa: FBT001  or neither
    return [(instrument.con_id, size, each) for each in (True, False) if regular is None or each is regular]


def _con_ids(rule: Rule) -> set[int]:
    return {instrument.con_id for instrument in rule.instruments.values()}


def _is_any(rule: Rule) -> bool:
    condition = rule.draft.condition
    if is_plain(condition):
        return False
    if isinstance(condition, PositionMove):
        return condition.symbol == ANY
    return any(isinstance(operand, PositionValue) and operand.symbol == ANY for operand in operands_of(condition))
