"""
News rules: which headline is meant, and that one story is told once.

A story is told to a chat once, by whichever of its owner's rules is the most to the point; `alerts/story.py` says when
two headlines tell the same. Where a price must move with it, the headline waits for that, so long and no longer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from alerts.compiling import Market, velocity
from alerts.condition import NewsMatch, Velocity
from alerts.errors import NotEvaluable
from alerts.motion import Moved
from alerts.mute import Mutes
from alerts.needs import instrument_of
from alerts.phrase import matcher_of
from alerts.rule import Firing, NewsCause, Rule, RuleState
from alerts.story import Told
from alerts.watch import Roster, Watch
from market.codec import headline_from_json, headline_to_json
from market.instrument import Instrument
from market.news import BROAD_TAPE, BULLETINS, Headline

_KEPT = 64
_STORY = 4
_CRITICAL, _THEN = 1, 2
_PASSED = 2000
_EARLIER = timedelta(minutes=1)
_GROUPS = frozenset({"portfolio", "watchlist"})
_NOBODY = Mutes()
_Chat = tuple[int, int]


class NewsWatch(Watch):
    """
    A news rule; *told* are the latest stories that it told: (identity, words, when, provider).

    *about* maps contract ids to instruments it listens to, *keys* are what it hears of: contract ids, BROAD_TAPE,
    BULLETINS. *waiting* are headlines that wait for the price to move (`if moves 1% in 5m`): so long, and no longer.
    *listens* is since when: being BLIND for a while, or another note, makes no headline older.
    """

    __slots__ = ("_market", "about", "gate", "group", "is_meant_by", "listens", "match", "told", "waiting")

    def __init__(self, rule: Rule, market: Market) -> None:
        super().__init__(rule)
        match = rule.draft.condition
        if not isinstance(match, NewsMatch):
            raise NotEvaluable(type(match).__name__)
        self._market = market
        self.match = match
        self.group = match.symbol if match.symbol in _GROUPS else ""
        self.about: dict[int, Instrument] = {}
        self.gate: Velocity | None = match.gate
        self.follow(() if self.group or self._at_large is not None else [instrument_of(rule, match.symbol)])
        self.is_meant_by = matcher_of(match)
        self.waiting = _waiting(rule.memory.get("waiting"))
        listens = rule.memory.get("listens")
        self.listens = datetime.fromisoformat(listens) if isinstance(listens, str) else rule.since
        seen = rule.memory.get("seen", [])
        self.told: list[list[str]] = [list(map(str, story)) for story in seen] if isinstance(seen, list) else []

    @property
    def chat(self) -> _Chat:
        """Whom it tells: its owner, in a chat."""
        return self.rule.owner_id, self.rule.chat_id

    @property
    def how(self) -> int:
        """How it tells, in bits: so that it is heard at any time, with an order to prepare."""
        options = self.rule.draft.options
        return (_CRITICAL if options.critical else 0) | (_THEN if options.then else 0)

    @property
    def keys(self) -> Sequence[int]:
        """What it hears of."""
        at_large = self._at_large
        return list(self.about) if at_large is None else [at_large]

    @property
    def weight(self) -> tuple[bool, bool, bool, bool, int, int]:
        """How it stands among rules that mean the same headline: the smallest tells it."""
        options, match = self.rule.draft.options, self.match
        breadth = 2 if self._at_large is not None else 1 if self.group else 0
        is_any = not (match.phrases or match.words or match.providers or match.languages)
        return not options.critical, not options.then, options.silent, is_any, breadth, self.rule.id

    @property
    def _at_large(self) -> int | None:
        return {"*": BROAD_TAPE, "bulletins": BULLETINS}.get(self.match.symbol)

    def follow(self, instruments: Iterable[Instrument]) -> None:
        """Listen to headlines about these and no others."""
        self.about = {instrument.con_id: instrument for instrument in instruments}
        for instrument in self.about.values():
            self._move(instrument)

    def is_meant(self, headline: Headline) -> bool:
        """Return whether *headline* is for this rule: its words, its source, and not from before it was armed."""
        # IBKR sends the latest headlines again with each new subscription. Its clock is not ours: a minute's grace.
        if headline.time < self.listens - _EARLIER:
            return False
        match = self.match
        if match.providers and headline.provider.upper() not in match.providers:
            return False
        if match.languages and headline.language and headline.language.lower()[:2] not in match.languages:
            return False
        return self.is_meant_by(headline.text)

    def tell(self, headline: Headline, at: datetime) -> Firing | None:
        """Return the firing of *headline* where the price moves with it, if it must; else the headline waits."""
        if self.gate is None or self._has_moved(headline, at):
            return self._firing(headline, at)
        self.waiting.append((headline, at + self.gate.window))
        return None

    def retell(self, headline: Headline, now: datetime) -> Firing | None:
        """Return the firing of a headline that waited, if its price has moved by now; it waits no longer then."""
        if not self._has_moved(headline, now):
            return None
        self.drop(headline)
        return self._firing(headline, now)

    def drop(self, headline: Headline) -> None:
        """Let *headline* wait no longer."""
        self.waiting = [(one, end) for one, end in self.waiting if one is not headline]

    def memory(self) -> Mapping[str, object]:
        """Return the stories told, the latest only, the headlines that wait, and since when it listens."""
        known = {name: value for name, value in super().memory().items() if name not in {"seen", "waiting", "listens"}}
        if self.told:
            known["seen"] = self.told[-_KEPT:]
        if self.waiting:
            known["waiting"] = [[headline_to_json(headline), end.isoformat()] for headline, end in self.waiting]
        return {**known, "listens": self.listens.isoformat()}

    def note(self, headline: Headline) -> None:
        """Remember that *headline* is told."""
        self.told.append([_identity(headline), headline.text, headline.time.isoformat(), headline.provider])
        del self.told[:-_KEPT]

    def _firing(self, headline: Headline, at: datetime) -> Firing:
        self.note(headline)
        return self.fired(at, NewsCause(headline, self.about.get(headline.con_id)), headline.time)

    def _move(self, instrument: Instrument) -> Moved | None:
        # Asked for early, so that its window has prices from before the headline.
        return None if self.gate is None else velocity(self.gate, instrument, self._market)

    def _has_moved(self, headline: Headline, at: datetime) -> bool:
        instrument = self.about.get(headline.con_id)
        move = None if instrument is None else self._move(instrument)
        return move is not None and move.truth(at) is True


class NewsDesk:
    """All news rules, by instrument; what each chat was told, and what its owner has muted."""

    def __init__(self, roster: Roster, market: Market) -> None:
        self._roster = roster
        self._market = market
        self._about: dict[int, set[int]] = {}
        self._portfolio: tuple[Instrument, ...] = ()
        self._watchlists: dict[int, tuple[Instrument, ...]] = {}
        self._told: dict[_Chat, Told] = {}
        self._mutes: dict[int, Mutes] = {}
        self._patient: set[int] = set()
        # What was muted when it came is not told when it comes again.
        self._passed: dict[tuple[_Chat, str, int], None] = {}

    def made(self, rule: Rule) -> NewsWatch:
        """Return *rule* made ready. Raises NotEvaluable and whatever a broken memory raises."""
        return NewsWatch(rule, self._market)

    def enter(self, watch: NewsWatch) -> None:
        """Watch a rule."""
        if watch.group:
            watch.follow(self._members(watch))
        if watch.waiting:
            self._patient.add(watch.rule.id)
        told = self._told.setdefault(watch.chat, Told())
        for identity, text, time, provider in (story for story in watch.told if len(story) == _STORY):
            told.add(identity, provider, text, datetime.fromisoformat(time), how=watch.how)
        for con_id in watch.keys:
            self._about.setdefault(con_id, set()).add(watch.rule.id)
        if watch.gate is not None:
            for instrument in watch.about.values():
                _priced(self._market, instrument, watch.rule.id, is_wanted=True)

    def leave(self, watch: NewsWatch) -> None:
        """Watch it no longer."""
        for con_id in watch.keys:
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

    def keep_mutes(self, owner_id: int, mutes: Mutes) -> None:
        """Take in what a person does not want to hear of now; it goes before anything their rules say."""
        self._mutes[owner_id] = mutes

    def on_headline(self, headline: Headline, at: datetime) -> list[Firing]:
        """Return the firings of *headline*, received *at*: one for each chat that is to be told of it."""
        firings: list[Firing] = []
        rule_ids = self._about.get(headline.con_id, set())
        if headline.con_id != BULLETINS:
            rule_ids = rule_ids | self._about.get(BROAD_TAPE, set())
        for chat, watches in self._by_chat(rule_ids).items():
            meant = [watch for watch in watches if self._is_meant(watch, headline, at)]
            if meant and not self._is_muted(chat, headline):
                self._tell([watch for watch in meant if self._is_new(watch, headline, at)], headline, at, firings)
        return firings

    def on_time(self, now: datetime) -> list[Firing]:
        """Return the firings of headlines that waited for the price; those whose time is over are let go."""
        firings: list[Firing] = []
        # Asked each second, and for each bar of a gap: mostly nothing waits.
        if not self._patient:
            return firings
        self._patient = {rule_id for rule_id in self._patient if self._is_waiting(rule_id)}
        for watches in self._by_chat(self._patient).values():
            for watch in watches:
                self._let_go(watch, [one for one, end in watch.waiting if end < now])
                for headline, _ in list(watch.waiting):
                    self._reconsider(watch, headline, now, firings)
        return firings

    def _by_chat(self, rule_ids: Iterable[int]) -> dict[_Chat, list[NewsWatch]]:
        """Return the rules by whom they tell, the most to the point first."""
        found: dict[_Chat, list[NewsWatch]] = {}
        for rule_id in rule_ids:
            watch = self._roster.watched.get(rule_id)
            if isinstance(watch, NewsWatch):
                found.setdefault(watch.chat, []).append(watch)
        return {chat: sorted(watches, key=lambda watch: watch.weight) for chat, watches in sorted(found.items())}

    def _is_meant(self, watch: NewsWatch, headline: Headline, at: datetime) -> bool:
        return self._roster.guarded(watch.rule, at, partial(watch.is_meant, headline)) is True

    def _is_muted(self, chat: _Chat, headline: Headline) -> bool:
        """Return whether its owner does not want to hear of it, or did not when it came first; in their own chat."""
        passed = (chat, _identity(headline), headline.con_id)
        if passed in self._passed:
            return True
        mutes = self._mutes.get(chat[0], _NOBODY)
        is_muted = headline.con_id in mutes.instruments or headline.provider in mutes.providers
        if not is_muted or chat[0] != chat[1]:
            return False
        self._passed[passed] = None
        if len(self._passed) > _PASSED:
            del self._passed[next(iter(self._passed))]
        return True

    def _is_new(self, watch: NewsWatch, headline: Headline, at: datetime) -> bool:
        """
        Return whether *watch* has something to tell of a headline: its chat was not told it, or not so as to be heard.

        A copy of what was told is remembered as its provider's.
        """
        told = self._told.setdefault(watch.chat, Told())
        identity = _identity(headline)
        how = told.how(identity, headline.provider, headline.text, headline.time)
        if how is None:
            return True
        told.add(identity, headline.provider, headline.text, headline.time, received=at)
        return watch.how & ~how != 0

    def _tell(self, watches: Sequence[NewsWatch], headline: Headline, at: datetime, firings: list[Firing]) -> None:
        """Have the first of *watches* that may speak tell of *headline*; who waits for a price waits no longer then."""
        waiting: list[NewsWatch] = []
        for watch in sorted(watches, key=lambda watch: watch.gate is not None):
            if watch.is_quiet(at, self._roster.sessions):
                continue
            firing = self._roster.guarded(watch.rule, at, partial(watch.tell, headline, at))
            if firing is None:
                waiting.append(watch)
                self._patient.add(watch.rule.id)
                self._roster.changed.add(watch.rule.id)
                continue
            for other in waiting:
                self._let_go(other, [headline])
            self._take(watch, headline, firing, firings)
            return

    def _let_go(self, watch: NewsWatch, headlines: Sequence[Headline]) -> None:
        """Have these wait no longer."""
        for headline in headlines:
            watch.drop(headline)
        if headlines:
            self._roster.changed.add(watch.rule.id)

    def _reconsider(self, watch: NewsWatch, headline: Headline, now: datetime, firings: list[Firing]) -> None:
        if watch.is_quiet(now, self._roster.sessions) or watch.rule.id not in self._roster.watched:
            return
        if self._is_muted(watch.chat, headline) or not self._is_new(watch, headline, now):
            self._let_go(watch, [headline])
            return
        firing = self._roster.guarded(watch.rule, now, partial(watch.retell, headline, now))
        if firing is not None:
            self._take(watch, headline, firing, firings)

    def _take(self, watch: NewsWatch, headline: Headline, firing: Firing, firings: list[Firing]) -> None:
        firings.append(firing)
        told = self._told.setdefault(watch.chat, Told())
        identity = _identity(headline)
        told.add(identity, headline.provider, headline.text, headline.time, received=firing.at, how=watch.how)
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


def _priced(market: Market, instrument: Instrument, rule_id: int, *, is_wanted: bool) -> None:
    """Have every move of the price go into its windows, or no longer."""
    book = market.book(instrument)
    ladder = book.ladder(book.main_slot)
    if is_wanted:
        ladder.listen(rule_id)
    else:
        ladder.unlisten(rule_id)


def _identity(headline: Headline) -> str:
    return f"{headline.provider}:{headline.article_id}"


def _waiting(memory: object) -> list[tuple[Headline, datetime]]:
    """Return the headlines that `NewsWatch.memory` wrote. Raises KeyError, TypeError, ValueError where it is broken."""
    if not isinstance(memory, list):
        return []
    return [(headline_from_json(headline), datetime.fromisoformat(end)) for headline, end in memory]
