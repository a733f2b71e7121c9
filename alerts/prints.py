"""
Trades between TWS's samples: told by the day's high and low that grew, and by closed 1-minute bars.

A print is over when it is heard of: the last price stands where it stood before.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf

from alerts.alarm import Alarms
from alerts.book import Book
from alerts.levels import Ladder
from alerts.pricewatch import PriceWatch
from alerts.rule import Firing, PriceCause
from alerts.watch import Roster
from market.quote import Bar, BarSize, Tick, TickField

SOON = timedelta(seconds=1)
"""The trade that made a new high comes by itself, mostly in the same read: its rule must be as the high left it."""

_LAST, _BID, _ASK = int(TickField.LAST), int(TickField.BID), int(TickField.ASK)
_MOMENT = timedelta(microseconds=1)


class Prints:
    """
    Prints and minutes of all instruments. *consider* evaluates rules (`alerts.tape.Tape.consider`), *alarms* have those
    looked at again that a print has touched.
    """

    def __init__(self, roster: Roster, alarms: Alarms, consider: Callable[..., None]) -> None:
        self._roster = roster
        self._alarms = alarms
        self._consider = consider

    def on_minute(self, book: Book, bar: Bar, at: datetime, firings: list[Firing]) -> None:
        """Take a closed 1-minute bar in: its high and low are prints, its close the price where no tick tells it."""
        if book.is_without_ticks_since(bar.start):
            self._run_through(book, bar, at, firings)
        else:
            self._look_beside(book, bar, at, firings)

    def on_extreme(self, book: Book, tick: Tick, before: float | None, firings: list[Firing]) -> None:
        """
        Evaluate a day's high that grew, or a low that fell: there was a trade that TWS' sampling did not show.

        Only the levels count that no last price reached since the extreme was last heard of.
        """
        if book.restless:
            self._consider(set(book.restless), tick.received, cause_of(book, tick), tick.exchange_time, firings)
        last = book.prices[_LAST]
        reached = set() if before is None or last is None or book.halted else _reached_unseen(book, tick, before, last)
        if tick.field is TickField.HIGH:
            book.top = -inf if last is None else last
        else:
            book.bottom = inf if last is None else last
        if reached:
            self._on_print(book, tick, reached, firings)

    def _on_print(
        self, book: Book, tick: Tick, reached: set[int], firings: list[Firing], *, counted: datetime | None = None
    ) -> None:
        """
        Evaluate a trade between the samples, of the size and at the time of *tick*.

        The trade is over: afterwards the last price stands where it stood, and what was touched is looked at again
        with the next tick, or soon.
        """
        last = book.prices[_LAST]
        book.prices[_LAST] = tick.price
        book.is_printing = True
        book.follow_print(tick)
        # A minute's print counts in its minute, a tick's as it is received.
        cause = replace(cause_of(book, tick), from_minute=counted is not None)
        self._consider(reached, tick.received, cause, tick.exchange_time, firings, counted=counted)
        book.prices[_LAST] = last
        book.is_printing = False
        for rule_id in reached:
            watch = self._roster.watched.get(rule_id)
            if isinstance(watch, PriceWatch):
                self._alarms.at(tick.received + SOON, rule_id)
                for each in watch.books:
                    each.restless.add(rule_id)

    def _look_beside(self, book: Book, bar: Bar, at: datetime, firings: list[Firing]) -> None:
        """Evaluate the extremes of a minute whose ticks were seen too: only what these did not reach."""
        last, ladder = book.prices[_LAST], book.ladders[_LAST]
        if last is None or ladder is None:
            return
        younger = {rule_id for rule_id in book.rules if not self._is_older(rule_id, bar)}
        for field, price in ((TickField.HIGH, bar.high), (TickField.LOW, bar.low)):
            older = _unseen(book, ladder, field, price, last) - younger
            if older:
                tick = Tick(book.instrument, field, price, 0.0, at, bar.start)
                self._on_print(book, tick, older, firings, counted=_last_moment(bar))

    def _run_through(self, book: Book, bar: Bar, at: datetime, firings: list[Firing]) -> None:
        """
        Take a minute's prices in, one after the other, where no tick tells them.

        The low comes first in a minute that rose, the high in one that fell: so it was more often than not. What is
        younger than the minute's beginning hears of its close alone.
        """
        extremes = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
        late, younger = set[int](), {rule_id for rule_id in book.rules if not self._is_older(rule_id, bar)}
        for price in (bar.open, *extremes):
            touched = book.stand_at(price, at, bar.start)
            older = touched - younger
            late |= touched & younger
            cause = _minute_cause(book, price)
            self._consider(older, at, cause, bar.start, firings, counted=_last_moment(bar))
        touched = book.stand_at(bar.close, at, bar.start) | late
        touched |= book.restless
        self._consider(touched, at, _minute_cause(book, bar.close), bar.start, firings, counted=_last_moment(bar))

    def _is_older(self, rule_id: int, bar: Bar) -> bool:
        """Return whether nothing about a rule changed since the bar began: all its prints concern it."""
        watch = self._roster.watched.get(rule_id)
        return isinstance(watch, PriceWatch) and watch.changed <= bar.start


def _last_moment(minute: Bar) -> datetime:
    return minute.start + BarSize.MIN_1.duration - _MOMENT


def _reached_unseen(book: Book, tick: Tick, before: float, last: float) -> set[int]:
    """Return the rules whose levels lie between what the last prices reached and the day's new extreme."""
    ladder = book.ladders[_LAST]
    is_new = tick.price > before if tick.field is TickField.HIGH else tick.price < before
    return set() if ladder is None or not is_new else _unseen(book, ladder, tick.field, tick.price, last)


def _unseen(book: Book, ladder: Ladder, field: TickField, price: float, last: float) -> set[int]:
    """Return whom a trade at *price* concerns where no last price since the day's extreme was heard of got so far."""
    if field is TickField.HIGH:
        seen = max(book.top, last)
        return ladder.over(seen, price) | ladder.listeners if price > seen else set()
    seen = min(book.bottom, last)
    return ladder.under(seen, price) | ladder.listeners if price < seen else set()


def cause_of(book: Book, tick: Tick) -> PriceCause:
    """Return *tick* as what made a rule fire, with the quote that stood beside it."""
    prices = book.prices
    return PriceCause(book.instrument, tick.field, tick.price, tick.kind, prices[_BID], prices[_ASK], book.change_pct)


def _minute_cause(book: Book, price: float) -> PriceCause:
    return PriceCause(book.instrument, TickField.LAST, price, change_pct=book.change_pct, from_minute=True)
