"""News rules: which headline is meant, and that one story is told once."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b

from alerts.condition import NewsMatch
from alerts.errors import NotEvaluable
from alerts.needs import instrument_of
from alerts.rule import Firing, NewsCause, Rule, RuleState
from alerts.watch import Roster, Watch
from market.news import Headline

SAME_STORY = timedelta(days=1)
"""Within this time the same headline of another provider is the same story."""

_KEPT = 64
_EARLIER = timedelta(minutes=1)
_APOSTROPHES = str.maketrans("\u2019\u02bc", "''")


def phrase_pattern(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return what finds any of *phrases* as whole words, regardless of case; None for no phrases: all are meant."""
    if not phrases:
        return None
    words = (r"\s+".join(map(re.escape, phrase.translate(_APOSTROPHES).split())) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)


class NewsWatch(Watch):
    """A news rule; *told* are its stories: (provider and article id, digest of the text, when, provider)."""

    __slots__ = ("instrument", "pattern", "told")

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        match = rule.draft.condition
        if not isinstance(match, NewsMatch):
            raise NotEvaluable(type(match).__name__)
        self.instrument = None if match.symbol == "*" else instrument_of(rule, match.symbol)
        self.pattern = phrase_pattern(match.phrases)
        seen = rule.memory.get("seen", [])
        self.told: list[list[str]] = [list(map(str, story)) for story in seen] if isinstance(seen, list) else []

    def memory(self) -> Mapping[str, object]:
        """Return the stories told, the latest only."""
        return {**self.rule.memory, "seen": self.told[-_KEPT:]} if self.told else self.rule.memory

    def is_meant(self, headline: Headline) -> bool:
        """Return whether *headline* is for this rule: its words, and not from before it was armed."""
        # IBKR sends the latest headlines again with each new subscription. Its clock is not ours: a minute's grace.
        if headline.time < self.rule.since - _EARLIER:
            return False
        return self.pattern is None or self.pattern.search(headline.text.translate(_APOSTROPHES)) is not None

    def is_new(self, headline: Headline) -> bool:
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


class NewsDesk:
    """All news rules, by instrument."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._about: dict[int, set[int]] = {}

    def enter(self, watch: NewsWatch) -> None:
        """Watch a rule."""
        self._about.setdefault(_key(watch), set()).add(watch.rule.id)

    def leave(self, watch: NewsWatch) -> None:
        """Watch it no longer."""
        self._about.get(_key(watch), set()).discard(watch.rule.id)

    def on_headline(self, headline: Headline, at: datetime) -> list[Firing]:
        """Return the firings of *headline*, received *at*."""
        firings = []
        for rule_id in sorted(self._about.get(0, set()) | self._about.get(headline.con_id, set())):
            watch = self._roster.watched.get(rule_id)
            if not isinstance(watch, NewsWatch):
                continue
            firing = self._roster.guarded(watch.rule, at, partial(_firing, watch, headline, at))
            if firing is None:
                continue
            firings.append(firing)
            if firing.rule.state is RuleState.FIRED:
                self.leave(watch)
                self._roster.rest(firing.rule)
        return firings


def _firing(watch: NewsWatch, headline: Headline, at: datetime) -> Firing | None:
    if not watch.is_meant(headline) or watch.is_cooling(at) or not watch.is_new(headline):
        return None
    return watch.fired(at, NewsCause(headline, watch.instrument), headline.time)


def _key(watch: NewsWatch) -> int:
    return 0 if watch.instrument is None else watch.instrument.con_id


def _digest(text: str) -> str:
    """Return a short stand-in for the words of *text*: providers differ in case and punctuation."""
    words = " ".join(re.findall(r"\w+", text.casefold()))
    return blake2b(words.encode(), digest_size=8).hexdigest()
