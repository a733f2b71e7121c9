"""
The rules about prices: ticks and closed bars in, firings out.

A tick first costs two comparisons, with the next level below and above. Only the rules whose level it reached, left
or passed are evaluated, beside those that follow every move of a price, and those to which something was unknown.

Longer than 400 lines, so that the fast path and everything that must leave its ladders as they were stand together.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from functools import partial

from alerts.alarm import Alarms
from alerts.book import MID, Book
from alerts.compiling import compiled
from alerts.ledger import Ledger
from alerts.levels import Ladder
from alerts.pricewatch import PriceWatch
from alerts.prints import SOON, Prints, cause_of
from alerts.rule import AccountCause, Cause, Firing, PriceCause, Rule, RuleState
from alerts.studio import Studio
from alerts.value import Study
from alerts.watch import Roster, Watch
from market.hours import Hours
from market.instrument import Instrument
from market.quote import Bar, BarSize, Tick, TickField

_LAST, _BID, _ASK = int(TickField.LAST), int(TickField.BID), int(TickField.ASK)
_MOMENT = timedelta(microseconds=1)
_SEVERAL = 2


class Tape:
    """
    All rules about values, by instrument and by series.

    *joint* are the rules about several instruments. *behind* is since when which instruments (by contract id) are not
    heard of: until they have caught up, their rules are looked at by nobody. *dark_since*: nothing is heard at all.
    *withheld* are the rules that a moment of a gap might have fired, had its prices not been of another scale.
    """

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self.sessions = roster.sessions
        self.ledger = Ledger()
        self.books: dict[int, Book] = {}
        self.studio = Studio(self.book, self.sessions)
        self.series = self.studio.series
        self.days = self.studio.days
        self.held: set[int] = set()
        self.joint: set[int] = set()
        self.behind: dict[int, datetime] = {}
        self.dark_since: datetime | None = None
        self.withheld: set[int] = set()
        self._ticking: set[int] = set()
        self._woken: set[int] = set()
        self._overdue: set[int] = set()
        self._alarms = Alarms()
        self._prints = Prints(roster, self._alarms, self.consider)

    def book(self, instrument: Instrument) -> Book:
        """Return the instrument's book."""
        book = self.books.get(instrument.con_id)
        if book is None:
            book = self.books[instrument.con_id] = Book(instrument)
        return book

    def compiled(self, rule: Rule) -> PriceWatch:
        """Return *rule* made ready. Raises NotEvaluable and whatever a broken memory raises."""
        return PriceWatch(rule, compiled(rule, self))

    def enter(self, watch: PriceWatch) -> None:
        """Watch a rule, from the next tick on."""
        for ladder, value in watch.place(watch.rule.since):
            ladder.insert(value, watch.rule.id)
        self._settle_in(watch)

    def load(self, watches: Iterable[PriceWatch]) -> None:
        """Watch many rules at once: each ladder is sorted once."""
        unsorted = set[Ladder]()
        for watch in watches:
            for ladder, value in watch.place(watch.rule.since):
                ladder.note(value, watch.rule.id)
                unsorted.add(ladder)
            self._settle_in(watch)
        for ladder in unsorted:
            ladder.sort()

    def leave(self, watch: PriceWatch) -> None:
        """Watch a rule no longer."""
        rule_id = watch.rule.id
        for ladder, value in watch.unplace():
            ladder.discard(value, rule_id)
        for quoted in watch.listens():
            quoted.book.ladder(quoted.slot).unlisten(rule_id)
        for book in watch.books:
            book.restless.discard(rule_id)
            book.rules.discard(rule_id)
        self.held.discard(rule_id)
        self.joint.discard(rule_id)
        self._ticking.discard(rule_id)
        for key in watch.bars:
            self.studio.leave(key, rule_id)

    def look(self, watch: PriceWatch, at: datetime) -> list[Firing]:
        """Evaluate one rule on what is known already: a level that is true when it is armed fires at once."""
        firings: list[Firing] = []
        cause = watch.standing_cause()
        if cause is not None:
            self.consider({watch.rule.id}, at, cause, None, firings)
        return firings

    def on_ticks(self, ticks: Sequence[Tick]) -> list[Firing]:
        """Return the firings of one network read: each tick of it counts."""
        firings: list[Firing] = []
        books = self.books
        for tick in ticks:
            book = books.get(tick.instrument.con_id)
            if book is None:
                continue
            slot = tick.field
            if slot > _ASK:
                self._on_rare(book, tick, firings)
                continue
            price = tick.price
            book.latest = tick
            book.prices[slot] = price
            if slot == _LAST and not book.bottom <= price <= book.top:
                book.stretch(price)
            ladder = book.ladders[slot]
            is_between = ladder is None or ladder.below < price < ladder.above
            if is_between and not book.restless and (slot == _LAST or book.ladders[MID] is None):
                continue
            self._on_reached(book, tick, firings)
        return firings

    def on_bar(self, instrument: Instrument, key: Study, bar: Bar, at: datetime) -> list[Firing]:
        """Take a closed bar in, and return the firings of it *at* the moment it was received."""
        self.studio.add(key, bar)
        return self._on_close(instrument, key, bar, at)

    def seed(self, instrument: Instrument, key: Study, bars: Sequence[Bar], at: datetime) -> list[Firing]:
        """Begin the series anew with *bars*, oldest first, and return the firings of where they stand now."""
        self.studio.seed(key, bars)
        return self._on_close(instrument, key, bars[-1], at) if bars else []

    def on_account(self, at: datetime) -> list[Firing]:
        """Return the firings of the account's state that the ledger just took in."""
        firings: list[Firing] = []
        for rule_id in sorted(self.held):
            watch = self._roster.watched.get(rule_id)
            if self.behind and self.is_behind(watch):
                # What is known of its prices is what they were in the gap.
                self._woken.add(rule_id)
            elif isinstance(watch, PriceWatch):
                # What was paid on average is a level, and it moves with each fill.
                self._replace(watch, at)
                self.consider({rule_id}, at, watch.standing_cause() or AccountCause({}), None, firings)
        return firings

    def on_minute(self, instrument: Instrument, bar: Bar, at: datetime) -> list[Firing]:
        """Take a closed 1-minute bar in: its high and low are prints, its close the price where no tick tells it."""
        book = self.books.get(instrument.con_id)
        firings: list[Firing] = []
        if book is None or book.halted:
            return firings
        session = self.sessions.running(instrument.con_id, bar.start)
        if session is not None and session.start == bar.start and book.is_without_ticks_since(bar.start):
            book.prices[TickField.OPEN], book.opened = bar.open, bar.start
            book.restless |= book.rules
        self._prints.on_minute(book, bar, at, firings)
        return firings

    def know_close(self, instrument: Instrument, close: float) -> None:
        """Let the close before be known; that alone moves nobody, the next price does."""
        book = self.books.get(instrument.con_id)
        if book is not None and book.prices[TickField.CLOSE] != close:
            book.prices[TickField.CLOSE] = close
            book.restless |= book.rules

    def on_time(self, now: datetime, only: AbstractSet[int] | None = None) -> list[Firing]:
        """
        Look at those whose time has come, and at those that time alone may make true.

        Those that are behind wait; it is their time where *only* these rules are meant.
        """
        if only is None:
            self.ring(now)
            return self.on_overdue(now)
        firings: list[Firing] = []
        self._woken |= self._alarms.due(now)
        due = (self._ticking & only) | (self._woken & only)
        self._woken -= due
        self._look_at(due, now, firings)
        return firings

    def ring(self, now: datetime) -> None:
        """Note whose time has come, and who is to be looked at each second; `on_overdue` does."""
        self._woken |= self._alarms.due(now)
        self._overdue |= self._ticking | self._woken
        self._woken.clear()

    @property
    def is_overdue(self) -> bool:
        """Whether the time of some has come, and nobody has looked yet."""
        return bool(self._overdue)

    def on_overdue(self, now: datetime, most: int | None = None) -> list[Firing]:
        """Look at *most* (None: all) of those whose time has come; those that are behind wait until they are not."""
        due = set[int]()
        for _ in range(len(self._overdue) if most is None else min(most, len(self._overdue))):
            rule_id = self._overdue.pop()
            waits = self.behind and self.is_behind(self._roster.watched.get(rule_id))
            (self._woken if waits else due).add(rule_id)
        firings: list[Firing] = []
        self._look_at(due, now, firings)
        return firings

    def keep_hours(self, instrument: Instrument, hours: Hours) -> None:
        """Take in when an instrument's venue is open; who waited for that is looked at next."""
        is_new = self.sessions.hours(instrument.con_id) is None
        self.sessions.keep(instrument.con_id, hours)
        self.studio.keep_hours(instrument.con_id, hours)
        book = self.books.get(instrument.con_id)
        if is_new and book is not None:
            self._woken |= {rule_id for rule_id in book.rules if self._keeps_hours(rule_id)}
        if is_new:
            self._woken |= self.held

    def is_behind(self, watch: Watch | None) -> bool:
        """Return whether a rule looks at an instrument that has to catch up."""
        behind = self.behind
        if not behind or not isinstance(watch, PriceWatch):
            return False
        # Of a hundred thousand rules each is asked, and nearly all are about one book and no bars.
        if any(book.instrument.con_id in behind for book in watch.books):
            return True
        return any(key[0] in behind for key in watch.bars)

    def keep_close(self, instrument: Instrument, close: float | None) -> None:
        """Take in the instrument's last official close, as it is told today; what was in doubt is looked at next."""
        book = self.book(instrument)
        book.base = close
        if book.doubted is not None:
            book.doubted = None
            self._woken |= book.rules

    def doubted(self) -> list[Instrument]:
        """Return the instruments whose shares may have been split: rules wait to hear whether they were."""
        return [book.instrument for book in self.books.values() if book.doubted is not None]

    def gap_pct(self, instrument: Instrument) -> float | None:
        """Return how far the price is from the nearest level anyone watches, in percent of it; None where unknown."""
        book = self.books.get(instrument.con_id)
        return None if book is None else book.gap_pct()

    def _settle_in(self, watch: PriceWatch) -> None:
        rule_id, is_fixed = watch.rule.id, watch.is_fixed
        self._keep_back(watch, is_fixed=is_fixed)
        for book in watch.books:
            book.rules.add(rule_id)
            if not is_fixed or (book.latest is not None and watch.is_left_behind(book)):
                # What it looks at may stand on no ladder yet, or on one where an earlier line left it: the first tick
                # shows.
                book.restless.add(rule_id)
        if watch.is_ticking:
            self._ticking.add(rule_id)
        if is_fixed:
            # Prices and typed numbers, as nearly all of 100,000 alerts at start: no bars, no account, no other's price.
            return
        for key in watch.bars:
            self.studio.enter(key, rule_id)
        for quoted in watch.listens():
            quoted.book.ladder(quoted.slot).listen(rule_id)
        if watch.is_held:
            self.held.add(rule_id)

    def _keeps_hours(self, rule_id: int) -> bool:
        watch = self._roster.watched.get(rule_id)
        return isinstance(watch, PriceWatch) and watch.keeps_hours

    def _keep_back(self, watch: PriceWatch, *, is_fixed: bool) -> None:
        """Note a rule about several instruments; one that is behind holds up the others. While all is dark all are."""
        if is_fixed and len(watch.books) < _SEVERAL and self.dark_since is None:
            return
        con_ids = watch.con_ids
        if len(con_ids) >= _SEVERAL:
            self.joint.add(watch.rule.id)
        known = [self.behind[con_id] for con_id in con_ids if con_id in self.behind]
        since = min(known, default=self.dark_since)
        if since is not None:
            for con_id in con_ids:
                self.behind.setdefault(con_id, since)

    def _look_at(self, rule_ids: set[int], now: datetime, firings: list[Firing]) -> None:
        """Evaluate the rules on what is known; what is being held must hear that nothing is."""
        for rule_id in sorted(rule_ids):
            watch = self._roster.watched.get(rule_id)
            if not isinstance(watch, PriceWatch):
                continue
            cause = watch.standing_cause() or (AccountCause({}) if watch.is_holding else None)
            if cause is not None:
                self.consider({rule_id}, now, cause, None, firings)

    def _on_close(self, instrument: Instrument, key: Study, bar: Bar, at: datetime) -> list[Firing]:
        firings: list[Firing] = []
        if (book := self.books.get(instrument.con_id)) is not None:
            book.run_on()
        counted = self._counted(instrument, key[1], bar)
        for rule_id in sorted(self.studio.rules(key)):
            watch = self._roster.watched.get(rule_id)
            if not isinstance(watch, PriceWatch):
                continue
            self._replace(watch, at)
            # A bar that comes late closed before a newer rule was armed: none of its business.
            if watch.rule.since <= at:
                # A price that is watched stands where it stands, whatever the bar closed at.
                standing = watch.standing_cause() if watch.books else None
                cause = standing or PriceCause(instrument, TickField.LAST, bar.close)
                self.consider({rule_id}, at, cause, None, firings, counted=counted)
        return firings

    def _counted(self, instrument: Instrument, size: BarSize, bar: Bar) -> datetime:
        """Return whose trading hours a closed bar belongs to: its last moment; a day's bar is that of its session."""
        if size is not BarSize.DAY_1:
            return bar.start + size.duration - _MOMENT
        session = self.sessions.of_day(instrument.con_id, bar.start.date())
        return bar.start if session is None else session.start

    def _replace(self, watch: PriceWatch, at: datetime) -> None:
        """Move the rule's levels to where its values stand now."""
        for ladder, value in watch.unplace():
            ladder.discard(value, watch.rule.id)
        for ladder, value in watch.place(at):
            ladder.insert(value, watch.rule.id)

    def _on_reached(self, book: Book, tick: Tick, firings: list[Firing]) -> None:
        """Evaluate what a last, bid or ask price reached (in a halt: nothing, until it ends)."""
        touched = set(book.restless)
        if not book.halted:
            book.follow(tick)
            ladder, middle = book.ladders[tick.field], book.ladders[MID]
            if ladder is not None and not ladder.below < tick.price < ladder.above:
                touched |= ladder.moved(tick.price)
            if middle is not None and tick.field != _LAST:
                touched |= _moved_middle(book, middle)
        if touched:
            self.consider(touched, tick.received, cause_of(book, tick), tick.exchange_time, firings)

    def _on_rare(self, book: Book, tick: Tick, firings: list[Firing]) -> None:
        """Take in what is neither last, bid nor ask: the day's extremes, a halt, the close, a volume, an option."""
        slot = tick.field
        before = book.prices[slot]
        book.prices[slot] = tick.price
        book.latest = tick
        book.told[slot] = tick.received
        if slot in {TickField.HIGH, TickField.LOW}:
            self._prints.on_extreme(book, tick, before, firings)
            return
        if slot in {TickField.NO_BID, TickField.NO_ASK}:
            # Nothing fires by it, but what is being held (`for 2m`) stops counting.
            book.lose(tick)
            self._look_at(self._ticking & book.rules, tick.received, firings)
            return
        touched = set(book.restless)
        ladder = book.ladders[slot]
        if slot == TickField.HALTED:
            book.halt(tick)
            # What is being held (`for 2m`) stops counting with the halt, not a second later.
            touched |= self._ticking & book.rules if book.halted else _caught_up(book)
        elif slot == TickField.OPEN:
            book.opened = tick.received
            touched |= set() if ladder is None else ladder.listeners
        elif ladder is not None and not book.halted and not ladder.below < tick.price < ladder.above:
            touched |= ladder.moved(tick.price)
        if touched:
            self.consider(touched, tick.received, cause_of(book, tick), tick.exchange_time, firings)

    def consider(
        self,
        rule_ids: set[int],
        at: datetime,
        cause: Cause,
        exchange: datetime | None,
        firings: list[Firing],
        *,
        counted: datetime | None = None,
    ) -> None:
        """Evaluate the rules, in the order of their ids; *counted* is the moment whose trading hours matter (*at*)."""
        for rule_id in sorted(rule_ids):
            watch = self._roster.watched.get(rule_id)
            if not isinstance(watch, PriceWatch):
                continue
            if self.behind and watch.changed > at and self.is_behind(watch):
                # It became what it is after this moment of a gap; the next price finds it.
                for book in watch.books:
                    book.restless.add(rule_id)
                continue
            if any(book.base is not None and self._is_doubtful(book, at) for book in watch.books):
                # Evaluated when it is known whether the shares were split: by the next tick then, or in a second.
                watch.missed = watch.books
                self._alarms.at(at + SOON, rule_id)
                self._after(watch, at)
                if self.is_behind(watch):
                    self.withheld.add(rule_id)
                continue
            evaluated = partial(self._evaluated, watch, at, cause, exchange, counted or at)
            firing = self._roster.guarded(watch.rule, at, evaluated)
            if firing is not None:
                firings.append(firing)
            self._after(watch, at)

    def _is_doubtful(self, book: Book, at: datetime) -> bool:
        return book.is_doubtful(at, is_past=book.instrument.con_id in self.behind)

    def _evaluated(
        self, watch: PriceWatch, at: datetime, cause: Cause, exchange: datetime | None, counted: datetime
    ) -> Firing | None:
        """Evaluate one rule; what it will have to remember is noted unless a firing carries it."""
        before, state = watch.memory(), watch.rule.state
        firing = watch.consider(at, cause, exchange, self.sessions, counted)
        is_changed = watch.memory() != before
        if is_changed:
            watch.changed = at
        if firing is None and (is_changed or watch.rule.state is not state):
            self._roster.changed.add(watch.rule.id)
        return firing

    def _after(self, watch: PriceWatch, at: datetime) -> None:
        """Keep a rule where it belongs after it was evaluated."""
        rule_id = watch.rule.id
        if rule_id not in self._roster.watched:
            self.leave(watch)
            return
        if watch.rule.state is RuleState.FIRED:
            self.leave(watch)
            self._roster.rest(watch.rule)
            return
        for book in watch.books:
            if book in watch.missed:
                book.restless.add(rule_id)
            else:
                book.restless.discard(rule_id)
        if watch.is_misplaced(at):
            self._replace(watch, at)
        if watch.wake is not None:
            self._alarms.at(watch.wake, rule_id)
        if watch.is_ticking:
            self._ticking.add(rule_id)
        else:
            self._ticking.discard(rule_id)


def _moved_middle(book: Book, middle: Ladder) -> set[int]:
    price = book.known(MID)
    return set() if price is None or middle.below < price < middle.above else middle.moved(price)


def _caught_up(book: Book) -> set[int]:
    """Return the rules whose levels were reached while trading was halted."""
    touched = set[int]()
    for slot, ladder in enumerate(book.ladders):
        price = book.known(slot)
        if ladder is not None and price is not None:
            touched |= ladder.moved(price)
    return touched
