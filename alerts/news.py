"""News rules: which headline is meant, that one story is told once, and that the price moved with it where asked."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b

from alerts.compiling import Market, velocity
from alerts.condition import NewsMatch, Velocity
from alerts.errors import NotEvaluable
from alerts.motion import Moved
from alerts.needs import instrument_of
from alerts.phrase import matcher_of
from alerts.rule import Firing, NewsCause, Rule, RuleState
from alerts.session import Sessions
from alerts.watch import Roster, Watch
from market.instrument import Instrument
from market.news import Headline

SAME_STORY = timedelta(days=1)
"""Within this time the same headline of another provider is the same story."""

_KEPT = 64
_EARLIER = timedelta(minutes=1)
_BROAD = 0


class NewsWatch(Watch):
    """
    A news rule; *told* are its stories: (provider and article id, digest of the text, when, provider).

    *about* maps contract ids to instruments it listens to, *is_broad* means any. *waiting* are headlines that wait for
    the price to move (`if moves 1% in 5m`): so long, and no longer.
    """

    __slots__ = ("_market", "about", "gate", "group", "is_broad", "is_meant_by", "told", "waiting")

    def __init__(self, rule: Rule, market: Market) -> None:
        super().__init__(rule)
        match = rule.draft.condition
        if not isinstance(match, NewsMatch):
            raise NotEvaluable(type(match).__name__)
        self._market = market
        self.is_broad = match.symbol == "*"
        self.group = match.symbol if match.symbol in {"portfolio", "watchlist"} else ""
        self.about: dict[int, Instrument] = {}
        self.gate: Velocity | None = match.gate
        self.follow(() if self.group or self.is_broad else [instrument_of(rule, match.symbol)])
        self.is_meant_by = matcher_of(match)
        self.waiting: list[tuple[Headline, datetime]] = []
        seen = rule.memory.get("seen", [])
        self.told: list[list[str]] = [list(map(str, story)) for story in seen] if isinstance(seen, list) else []

    def follow(self, instruments: Iterable[Instrument]) -> None:
        """Listen to headlines about these and no others."""
        self.about = {instrument.con_id: instrument for instrument in instruments}
        for instrument in self.about.values():
            self._move(instrument)

    def consider(self, headline: Headline, at: datetime, sessions: Sessions) -> Firing | None:
        """Return the firing of *headline*, if it is meant and new, and the price moves with it; else it waits."""
        if not self._is_meant(headline) or self.is_quiet(at, sessions) or not self._is_new(headline):
            return None
        if self.gate is None or self._has_moved(headline, at):
            return self._firing(headline, at)
        self.waiting.append((headline, at + self.gate.window))
        return None

    def reconsider(self, now: datetime, sessions: Sessions) -> Firing | None:
        """Return the firing of a headline whose price has moved by now; those whose time is over are let go."""
        self.waiting = [(headline, end) for headline, end in self.waiting if now <= end]
        if self.is_quiet(now, sessions):
            return None
        for headline, end in self.waiting:
            if self._has_moved(headline, now):
                self.waiting.remove((headline, end))
                return self._firing(headline, now)
        return None

    def memory(self) -> Mapping[str, object]:
        """Return the stories told, the latest only."""
        return {**super().memory(), "seen": self.told[-_KEPT:]} if self.told else super().memory()

    def _is_meant(self, headline: Headline) -> bool:
        """Return whether *headline* is for this rule: its words, and not from before it was armed."""
        # IBKR sends the latest headlines again with each new subscription. Its clock is not ours: a minute's grace.
        if headline.time < self.rule.since - _EARLIER:
            return False
        return self.is_meant_by(headline.text)

    def _is_new(self, headline: Headline) -> bool:
        """Return whether this story was not told yet, and remember it."""
        story = f"{headline.provider}:{headline.article_id}"
        digest = _digest(headline.text)
        for known, text, time, provider in self.told:
            is_late = abs(headline.time - datetime.fromisoformat(time)) > SAME_STORY
            if known == story or (text == digest and provider != headline.provider and not is_late):
                return False
        self.told.append([story, digest, headline.time.isoformat(), headline.provider])
        del self.told[:-_KEPT]
        return True

    def _firing(self, headline: Headline, at: datetime) -> Firing:
        return self.fired(at, NewsCause(headline, self.about.get(headline.con_id)), headline.time)

    def _move(self, instrument: Instrument) -> Moved | None:
        # Asked for early, so that its window has prices from before the headline.
        return None if self.gate is None else velocity(self.gate, instrument, self._market)

    def _has_moved(self, headline: Headline, at: datetime) -> bool:
        instrument = self.about.get(headline.con_id)
        move = None if instrument is None else self._move(instrument)
        return move is not None and move.truth(at) is True


class NewsDesk:
    """All news rules, by instrument."""

    def __init__(self, roster: Roster, market: Market) -> None:
        self._roster = roster
        self._market = market
        self._about: dict[int, set[int]] = {}
        self._portfolio: tuple[Instrument, ...] = ()
        self._watchlists: dict[int, tuple[Instrument, ...]] = {}

    def made(self, rule: Rule) -> NewsWatch:
        """Return *rule* made ready. Raises NotEvaluable and whatever a broken memory raises."""
        return NewsWatch(rule, self._market)

    def enter(self, watch: NewsWatch) -> None:
        """Watch a rule."""
        if watch.group:
            watch.follow(self._members(watch))
        for con_id in _keys(watch):
            self._about.setdefault(con_id, set()).add(watch.rule.id)
        if watch.gate is not None:
            for instrument in watch.about.values():
                _priced(self._market, instrument, watch.rule.id, is_wanted=True)

    def leave(self, watch: NewsWatch) -> None:
        """Watch it no longer."""
        for con_id in _keys(watch):
            self._about.get(con_id, set()).discard(watch.rule.id)
        if watch.gate is not None:
            for instrument in watch.about.values():
                _priced(self._market, instrument, watch.rule.id, is_wanted=False)

    def subjects(self) -> dict[int, Instrument]:
        """Return the instruments whose headlines rules listen to, by contract id; the broad tape is none."""
        found: dict[int, Instrument] = {}
        for con_id, rule_ids in self._about.items():
            watch = self._roster.watched.get(next(iter(rule_ids), 0))
            if isinstance(watch, NewsWatch) and con_id in watch.about:
                found[con_id] = watch.about[con_id]
        return found

    def listeners(self, con_id: int) -> list[Rule]:
        """Return the rules that listen to an instrument's headlines (0: to the broad tape), by id."""
        watches = (self._roster.watched.get(rule_id) for rule_id in sorted(self._about.get(con_id, ())))
        return [watch.rule for watch in watches if watch is not None]

    def keep_portfolio(self, held: tuple[Instrument, ...]) -> None:
        """Take in what is held now; rules about the portfolio follow."""
        if held == self._portfolio:
            return
        self._portfolio = held
        self._regroup(lambda watch: watch.group == "portfolio")

    def keep_watchlist(self, owner_id: int, instruments: Sequence[Instrument]) -> None:
        """Take in a person's watchlist; their rules about it follow."""
        if tuple(instruments) == self._watchlists.get(owner_id, ()):
            return
        self._watchlists[owner_id] = tuple(instruments)
        self._regroup(lambda watch: watch.group == "watchlist" and watch.rule.owner_id == owner_id)

    def on_headline(self, headline: Headline, at: datetime) -> list[Firing]:
        """Return the firings of *headline*, received *at*."""
        firings: list[Firing] = []
        for rule_id in sorted(self._about.get(_BROAD, set()) | self._about.get(headline.con_id, set())):
            watch = self._roster.watched.get(rule_id)
            if isinstance(watch, NewsWatch):
                considered = partial(watch.consider, headline, at, self._roster.sessions)
                self._take(watch, self._roster.guarded(watch.rule, at, considered), firings)
        return firings

    def on_time(self, now: datetime) -> list[Firing]:
        """Return the firings of headlines that waited for the price."""
        firings: list[Firing] = []
        waiting = {rule_id for ids in self._about.values() for rule_id in ids if self._is_waiting(rule_id)}
        for rule_id in sorted(waiting):
            watch = self._roster.watched.get(rule_id)
            if isinstance(watch, NewsWatch):
                considered = partial(watch.reconsider, now, self._roster.sessions)
                self._take(watch, self._roster.guarded(watch.rule, now, considered), firings)
        return firings

    def _take(self, watch: NewsWatch, firing: Firing | None, firings: list[Firing]) -> None:
        if firing is None:
            return
        firings.append(firing)
        if firing.rule.state is RuleState.FIRED:
            self.leave(watch)
            self._roster.rest(firing.rule)

    def _is_waiting(self, rule_id: int) -> bool:
        watch = self._roster.watched.get(rule_id)
        return isinstance(watch, NewsWatch) and bool(watch.waiting)

    def _regroup(self, is_meant: Callable[[NewsWatch], bool]) -> None:
        found = [watch for watch in self._roster.watched.values() if isinstance(watch, NewsWatch) and is_meant(watch)]
        for watch in found:
            self.leave(watch)
            self.enter(watch)

    def _members(self, watch: NewsWatch) -> tuple[Instrument, ...]:
        return self._portfolio if watch.group == "portfolio" else self._watchlists.get(watch.rule.owner_id, ())


def _keys(watch: NewsWatch) -> list[int]:
    return [_BROAD] if watch.is_broad else list(watch.about)


def _priced(market: Market, instrument: Instrument, rule_id: int, *, is_wanted: bool) -> None:
    """Have every move of the price go into its windows, or no longer."""
    book = market.book(instrument)
    ladder = book.ladder(book.main_slot)
    if is_wanted:
        ladder.listen(rule_id)
    else:
        ladder.unlisten(rule_id)


def _digest(text: str) -> str:
    """Return a short stand-in for the words of *text*: providers differ in case and punctuation."""
    words = " ".join(re.findall(r"\w+", text.casefold()))
    return blake2b(words.encode(), digest_size=8).hexdigest()
