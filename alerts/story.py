"""
When two headlines tell the same story, so that it is told once.

A story comes from several providers, and again as its update. A headline that is wrongly taken for a known one would be
lost, one that is wrongly taken for a new one is a nuisance: so all doubts are for telling. Two headlines tell the same
if, within a day,

* they are the same article of the same provider, or
* they say the same words in the same order. What does not count is case, punctuation, little words, the forms of a verb
  (raises, raised), marks before it (`UPDATE 2-`, `*DJ`, `AAPL:`, `(NASDAQ: AAPL)`) and who says it at its end; words
  with one meaning (shares, stock; sees, expects) count as one, and so do amounts however written ($58 bn, 58 billion).
  A headline that was cut (`…`) is the one that begins like it, from four words on.

A word more, less or other is something new, and so is a denial, a question, or a passive (sued by). What one provider
says word for word a second time without marking it as an update has happened again: the second time of another provider
is then that event's copy.
"""

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.resources import files

SAME_STORY = timedelta(days=1)
"""Within this time headlines may tell the same story."""

_LEAST_WORDS = 4
_SHORTEST_STEM = 4
_MOST_KEPT = 5000
_MOST_CHARACTERS = 1000

_MARK = re.compile(
    r"^\W*(?:(?:dj|djn|bbg|rtrs)\s+|(?:update|wrapup|recap|correct(?:ed|ion|s)?|refile|rpt|repeat|brief|"
    r"breaking(?: news)?|exclusive|alert|flash|press release|market talk|analysis|factbox|timeline)"
    r"\s*(?:\d+)?\s*(?:\([^)]*\))?\s*[-:\u2013\u2014|]+\s*)",
    re.IGNORECASE,
)
_UPDATE = re.compile(r"^\W*(?:update|wrapup|recap|correct|refile|rpt|repeat)", re.IGNORECASE)
_TICKER = re.compile(
    r"\((?:(?:nyse|nasdaq|amex|arca|otc\w*|lse|xetra|tsx)\s*:\s*)?\$?[A-Z][A-Z.]{0,5}\)|^[A-Z][A-Z.]{0,4}\s*[\u2013\u2014:-]\s+|"
    r"\b(?:NYSE|NASDAQ|AMEX)\s*:\s*[A-Z.]{1,6}\b"
)
_SOURCE = re.compile(
    r"\s+(?:[-\u2013\u2014|]+\s*|\()(?:source|sources|dow jones|reuters|wsj|barron'?s(?:\.com)?|marketwatch|bloomberg|"
    r"cnbc|briefing\.com|fly on the wall|the fly|benzinga|ft|company (?:statement|filing))\)?\s*$",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?<![\w.])[$€£]?(\d[\d,]*(?:\.\d+)?)(?:\s?(%|percent\b|pct\b|bps?\b|trillion\b|trln\b|tn\b|billion\b|bln\b|bn\b|b\b|"
    r"million\b|mln\b|mn\b|m\b|thousand\b|k\b))?",
    re.IGNORECASE,
)
_SCALES = {
    **dict.fromkeys(("trillion", "trln", "tn"), 1e12),
    **dict.fromkeys(("billion", "bln", "bn", "b"), 1e9),
    **dict.fromkeys(("million", "mln", "mn", "m"), 1e6),
    **dict.fromkeys(("thousand", "k"), 1e3),
}
_QUARTERS = {
    **{word: f"q{number}" for number, word in enumerate(("first", "second", "third", "fourth"), 1)},
    **{word: f"q{number}" for number, word in enumerate(("1st", "2nd", "3rd", "4th"), 1)},
}
_QUARTER = re.compile(
    r"\b(first|second|third|fourth|1st|2nd|3rd|4th)[\s-]+(?:fiscal\s+)?quarter\b|\b([1-4])q\b|\bq([1-4])\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:'[^\W\d_]+)?")
_VOCABULARY = [
    (kind, words)
    for kind, *words in map(str.split, files("alerts").joinpath("story_words.txt").read_text("utf-8").splitlines())
]
_LITTLE = frozenset(word for kind, words in _VOCABULARY if kind == "little" for word in words)
_DENIALS = frozenset(word for kind, words in _VOCABULARY if kind == "denial" for word in words)
_MEANING = {word: words[0] for kind, words in _VOCABULARY if kind == "same" for word in words}


@dataclass(frozen=True, slots=True)
class Story:
    """What of a headline is compared: its *words* and amounts in order, and what it does besides."""

    words: tuple[str, ...]
    is_denial: bool
    is_question: bool
    is_passive: bool
    is_update: bool
    is_cut: bool

    @property
    def key(self) -> tuple[object, ...]:
        """What is equal of two headlines that say the same."""
        return self.words, self.is_denial, self.is_question, self.is_passive


@lru_cache(maxsize=4096)
def story_of(text: str) -> Story:
    """Return what is compared of a headline."""
    text = " ".join(text.split())[:_MOST_CHARACTERS]
    rest = text
    while (mark := _MARK.match(rest)) is not None and mark.end() < len(rest):
        rest = rest[mark.end() :]
    rest = _SOURCE.sub("", _TICKER.sub(" ", rest)).replace("\u2019", "'")
    lowered = _NUMBER.sub(_amount, _QUARTER.sub(_quarter, rest.casefold()))
    spoken = [word.removesuffix("'s") for word in _WORD.findall(lowered)]
    return Story(
        words=tuple(_meant(word) for word in spoken if word not in _LITTLE | _DENIALS),
        is_denial=any(word in _DENIALS for word in spoken),
        is_question=rest.rstrip("'\" ").endswith("?"),
        is_passive="by" in spoken,
        is_update=_UPDATE.match(text) is not None,
        is_cut=rest.rstrip().endswith(("...", "\u2026")),
    )


@dataclass(slots=True)
class _Event:
    """What was told: in which *times* it came of each provider, how *often* it happened, and *how* it was told."""

    story: Story
    at: datetime
    often: int = 0
    how: int = 0
    times: Counter[str] = field(default_factory=Counter)


class Told:
    """
    The stories that one chat was told within a day; a look costs the same however many there are.

    *how* a story was told is up to the caller: bits, which only grow.
    """

    def __init__(self) -> None:
        self._events: dict[tuple[object, ...], _Event] = {}
        self._articles: dict[str, int] = {}
        self._starts: dict[tuple[str, ...], list[tuple[object, ...]]] = {}
        self._order: deque[tuple[datetime, str, tuple[object, ...]]] = deque()

    def how(self, identity: str, provider: str, text: str, at: datetime) -> int | None:
        """
        Return how a headline of *provider*, published *at*, was told, None where it was not.

        *identity* is its article.
        """
        article, event = self._articles.get(identity), self._event(story_of(text), at)
        if article is not None:
            return article | (0 if event is None else event.how)
        if event is None:
            return None
        is_copy = story_of(text).is_update or event.times[provider] < event.often
        return event.how if is_copy else None

    def knows(self, identity: str, provider: str, text: str, at: datetime) -> bool:
        """Return whether a headline was told, or tells what was told."""
        return self.how(identity, provider, text, at) is not None

    def add(
        self, identity: str, provider: str, text: str, at: datetime, *, received: datetime | None = None, how: int = 0
    ) -> None:
        """Remember a headline as told, or as a copy of what was told; *received* by our clock."""
        is_new = identity not in self._articles
        self._articles[identity] = self._articles.get(identity, 0) | how
        story = story_of(text)
        event = self._event(story, at)
        if event is None:
            if story.key in self._events:
                del self._events[story.key]
                self._starts[story.words[:_LEAST_WORDS]].remove(story.key)
            event = self._events[story.key] = _Event(story, at)
            self._starts.setdefault(story.words[:_LEAST_WORDS], []).append(story.key)
        event.how |= how
        if not is_new:
            return
        if not story.is_update or not event.often:
            event.times[provider] += 1
            if event.times[provider] > event.often:
                event.often, event.at = event.times[provider], at
        self._order.append((received or at, identity, event.story.key))
        self._forget(received or at)

    def _event(self, story: Story, at: datetime) -> _Event | None:
        found = self._events.get(story.key)
        if found is None and story.is_cut:
            keys = self._starts.get(story.words[:_LEAST_WORDS], ())
            found = next((self._events[key] for key in keys if _begins(self._events[key].story, story)), None)
        return found if found is not None and abs(at - found.at) <= SAME_STORY else None

    def _forget(self, now: datetime) -> None:
        """Let go of what was received more than two days ago, or is too much."""
        while self._order and (len(self._order) > _MOST_KEPT or self._order[0][0] < now - 2 * SAME_STORY):
            _, identity, key = self._order.popleft()
            self._articles.pop(identity, None)
            event = self._events.get(key)
            if event is not None and (len(self._order) >= _MOST_KEPT or abs(now - event.at) > SAME_STORY):
                del self._events[key]
                start = event.story.words[:_LEAST_WORDS]
                self._starts[start].remove(key)
                if not self._starts[start]:
                    del self._starts[start]


def _quarter(found: re.Match[str]) -> str:
    word, before, after = found.groups()
    return f" {_QUARTERS[word.lower()] if word else f'q{before or after}'} "


def _amount(found: re.Match[str]) -> str:
    """Return an amount as one word, whatever its unit is called."""
    value = float(found[1].replace(",", ""))
    unit = (found[2] or "").lower()
    if unit in {"%", "percent", "pct"}:
        return f" {value:g}pct ".replace(".", "p")
    return f" {value * _SCALES.get(unit, 1.0):g} ".replace(".", "p").replace("+", "")


def _meant(word: str) -> str:
    known = _MEANING.get(word)
    if known is not None:
        return known
    for ending in ("ings", "ing", "ied", "ies", "ed", "es", "s", "e", "y"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= _SHORTEST_STEM:
            return stem
    return word


def _begins(whole: Story, cut: Story) -> bool:
    """Return whether *cut* is the beginning of *whole*; its last word may be cut too."""
    *words, last = cut.words or ("",)
    count = len(words)
    if count + 1 < _LEAST_WORDS or len(whole.words) <= count or whole.key[1:] != cut.key[1:]:
        return False
    return whole.words[:count] == tuple(words) and (not last or whole.words[count].startswith(last))
