"""
The rules about prices: ticks and closed bars in, firings out.

A tick first costs two comparisons, with the next level below and above. Only the rules whose level it reached, left
or passed are evaluated, beside those about which something is unknown just now (`Book.restless`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from math import inf

from alerts.book import MID, Book
from alerts.compiling import compiled
from alerts.indicators import Series, bars_needed
from alerts.levels import Ladder
from alerts.operand import Indicator
from alerts.pricewatch import PriceWatch
from alerts.rule import Firing, PriceCause, Rule, RuleState
from alerts.watch import Roster
from market.instrument import Instrument
from market.quote import Bar, BarSize, Tick, TickField

_LAST, _BID, _ASK = int(TickField.LAST), int(TickField.BID), int(TickField.ASK)


@dataclass(frozen=True, slots=True)
class Study:
    """Bars that some rule needs: the latest *count* to begin with (*is_seeded*: it has), then each as it closes."""

    instrument: Instrument
    size: BarSize
    count: int
    is_seeded: bool


class Tape:
    """All price rules, by instrument and by series."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._books: dict[int, Book] = {}
        self._series: dict[tuple[int, BarSize], dict[Indicator, Series]] = {}
        self._studying: dict[tuple[int, BarSize], set[int]] = {}
        self._unseeded: set[tuple[int, BarSize]] = set()

    def book(self, instrument: Instrument) -> Book:
        """Return the instrument's book."""
        book = self._books.get(instrument.con_id)
        if book is None:
            book = self._books[instrument.con_id] = Book(instrument)
        return book

    def series(self, instrument: Instrument, indicator: Indicator) -> Series:
        """Return the series of *indicator* over the instrument's bars; a new one knows nothing until it is seeded."""
        kept = self._series.setdefault((instrument.con_id, indicator.bar), {})
        key = replace(indicator, symbol="")
        if key not in kept:
            self.book(instrument)
            self._unseeded.add((instrument.con_id, indicator.bar))
            kept[key] = Series(key)
        return kept[key]

    def studies(self) -> list[Study]:
        """Return the bars that rules need just now."""
        return [
            Study(
                self._books[con_id].instrument,
                size,
                max(map(bars_needed, self._series[con_id, size])),
                (con_id, size) not in self._unseeded,
            )
            for (con_id, size), rule_ids in self._studying.items()
            if rule_ids
        ]

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
        pairs: dict[Ladder, list[tuple[float, int]]] = {}
        for watch in watches:
            for ladder, value in watch.place(watch.rule.since):
                pairs.setdefault(ladder, []).append((value, watch.rule.id))
            self._settle_in(watch)
        for ladder, marks in pairs.items():
            ladder.fill(marks)

    def leave(self, watch: PriceWatch) -> None:
        """Watch a rule no longer."""
        rule_id = watch.rule.id
        for ladder, value in watch.unplace():
            ladder.discard(value, rule_id)
        for book in watch.books:
            book.restless.discard(rule_id)
        for key in watch.bars:
            rule_ids = self._studying.get(key, set())
            rule_ids.discard(rule_id)
            if not rule_ids:
                # Bars come no more: what is kept of them would be a gap later.
                self._series.pop(key, None)
                self._studying.pop(key, None)

    def look(self, watch: PriceWatch, at: datetime) -> list[Firing]:
        """Evaluate one rule on what is known already: a level that is true when it is armed fires at once."""
        firings: list[Firing] = []
        cause = watch.standing_cause()
        if cause is not None:
            self._consider({watch.rule.id}, at, cause, None, firings)
        return firings

    def on_ticks(self, ticks: Sequence[Tick]) -> list[Firing]:
        """Return the firings of one network read: each tick of it counts."""
        firings: list[Firing] = []
        books = self._books
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

    def on_bar(self, instrument: Instrument, size: BarSize, bar: Bar, at: datetime) -> list[Firing]:
        """Take a closed bar in, and return the firings of it *at* the moment it was received."""
        for series in self._series.get((instrument.con_id, size), {}).values():
            series.add(bar)
        return self._on_close(instrument, size, bar, at)

    def seed(self, instrument: Instrument, size: BarSize, bars: Sequence[Bar], at: datetime) -> list[Firing]:
        """Begin the series anew with *bars*, oldest first, and return the firings of where they stand now."""
        for series in self._series.get((instrument.con_id, size), {}).values():
            series.seed(bars)
        self._unseeded.discard((instrument.con_id, size))
        return self._on_close(instrument, size, bars[-1], at) if bars else []

    def _settle_in(self, watch: PriceWatch) -> None:
        for key in watch.bars:
            self._studying.setdefault(key, set()).add(watch.rule.id)
        # What is known now was not looked at yet; the first tick does.
        self._stir(watch)

    def _on_close(self, instrument: Instrument, size: BarSize, bar: Bar, at: datetime) -> list[Firing]:
        firings: list[Firing] = []
        concerned = set[int]()
        for rule_id in self._studying.get((instrument.con_id, size), set()):
            watch = self._roster.watched.get(rule_id)
            if isinstance(watch, PriceWatch):
                self._replace(watch, at)
                # A bar that comes late closed before a newer rule was armed: none of its business.
                if watch.rule.since <= at:
                    concerned.add(rule_id)
        self._consider(concerned, at, PriceCause(instrument, TickField.LAST, bar.close), None, firings)
        return firings

    def _replace(self, watch: PriceWatch, at: datetime) -> None:
        """Move the rule's levels to where its indicators stand now."""
        for ladder, value in watch.unplace():
            ladder.discard(value, watch.rule.id)
        for ladder, value in watch.place(at):
            ladder.insert(value, watch.rule.id)

    def _on_reached(self, book: Book, tick: Tick, firings: list[Firing]) -> None:
        """Evaluate what a last, bid or ask price reached (in a halt: nothing, until it ends)."""
        touched = set(book.restless)
        if not book.halted:
            ladder, middle = book.ladders[tick.field], book.ladders[MID]
            if ladder is not None and not ladder.below < tick.price < ladder.above:
                touched |= ladder.moved(tick.price)
            if middle is not None and tick.field != _LAST:
                touched |= _moved_middle(book, middle)
        if touched:
            self._consider(touched, tick.received, _cause(book, tick), tick.exchange_time, firings)

    def _on_rare(self, book: Book, tick: Tick, firings: list[Firing]) -> None:
        """Take in what is neither last, bid nor ask: the day's extremes, a halt, the close."""
        before = book.prices[tick.field]
        book.prices[tick.field] = tick.price
        book.latest = tick
        if tick.field in {TickField.HIGH, TickField.LOW}:
            self._on_extreme(book, tick, before, firings)
            return
        touched = set(book.restless)
        if tick.field is TickField.HALTED:
            book.halted = tick.price > 0
            touched |= set() if book.halted else _caught_up(book)
        if touched:
            self._consider(touched, tick.received, _cause(book, tick), tick.exchange_time, firings)

    def _on_extreme(self, book: Book, tick: Tick, before: float | None, firings: list[Firing]) -> None:
        """
        Evaluate a day's high that grew, or a low that fell: there was a trade that TWS' sampling did not show.

        Only the levels count that no last price reached since the extreme was last heard of. The trade is over:
        afterwards the last price stands where it stood, and what was touched is looked at again with the next tick.
        """
        last = book.prices[_LAST]
        reached = set() if before is None or last is None or book.halted else _reached_unseen(book, tick, before, last)
        if tick.field is TickField.HIGH:
            book.top = -inf if last is None else last
        else:
            book.bottom = inf if last is None else last
        if not reached:
            return
        book.prices[_LAST] = tick.price
        self._consider(reached, tick.received, _cause(book, tick), tick.exchange_time, firings)
        book.prices[_LAST] = last
        for rule_id in reached:
            watch = self._roster.watched.get(rule_id)
            if isinstance(watch, PriceWatch):
                self._stir(watch)

    def _consider(
        self, rule_ids: set[int], at: datetime, cause: PriceCause, exchange: datetime | None, firings: list[Firing]
    ) -> None:
        """Evaluate the rules, in the order of their ids."""
        for rule_id in sorted(rule_ids):
            watch = self._roster.watched.get(rule_id)
            if not isinstance(watch, PriceWatch):
                continue
            firing = self._roster.guarded(watch.rule, at, partial(self._evaluated, watch, at, cause, exchange))
            if firing is not None:
                firings.append(firing)
            self._after(watch)

    def _evaluated(
        self, watch: PriceWatch, at: datetime, cause: PriceCause, exchange: datetime | None
    ) -> Firing | None:
        """Evaluate one rule; what it will have to remember is noted unless a firing carries it."""
        before = watch.memory()
        firing = watch.consider(at, cause, exchange)
        if firing is None and watch.memory() != before:
            self._roster.changed.add(watch.rule.id)
        return firing

    def _after(self, watch: PriceWatch) -> None:
        """Keep a rule where it belongs after it was evaluated."""
        rule_id = watch.rule.id
        if rule_id not in self._roster.watched:
            self.leave(watch)
        elif watch.rule.state is RuleState.FIRED:
            self.leave(watch)
            self._roster.rest(watch.rule)
        elif watch.is_restless or watch.is_floating:
            self._stir(watch)
        else:
            for book in watch.books:
                book.restless.discard(rule_id)

    @staticmethod
    def _stir(watch: PriceWatch) -> None:
        """Have the rule looked at with each tick until it is settled."""
        for book in watch.books:
            book.restless.add(watch.rule.id)


def _moved_middle(book: Book, middle: Ladder) -> set[int]:
    price = book.known(MID)
    return set() if price is None or middle.below < price < middle.above else middle.moved(price)


def _reached_unseen(book: Book, tick: Tick, before: float, last: float) -> set[int]:
    """Return the rules whose levels lie between what the last prices reached and the day's new extreme."""
    ladder = book.ladders[_LAST]
    if ladder is None:
        return set()
    if tick.field is TickField.HIGH:
        return ladder.over(max(book.top, last), tick.price) if tick.price > before else set()
    return ladder.under(min(book.bottom, last), tick.price) if tick.price < before else set()


def _caught_up(book: Book) -> set[int]:
    """Return the rules whose levels were reached while trading was halted."""
    touched = set[int]()
    for slot, ladder in enumerate(book.ladders):
        price = book.known(slot)
        if ladder is not None and price is not None:
            touched |= ladder.moved(price)
    return touched


def _cause(book: Book, tick: Tick) -> PriceCause:
    prices = book.prices
    return PriceCause(book.instrument, tick.field, tick.price, tick.kind, prices[_BID], prices[_ASK], book.change_pct)
