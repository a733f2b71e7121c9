"""
When two headlines tell the same story, so that it is told once.

A story comes from several providers, and again as its update or correction. A headline that is wrongly taken for a
known one would be lost, one that is wrongly taken for a new one is a nuisance: so all doubts are for telling. Two
headlines tell the same if, within a day,

* they are the same article of the same provider, or
* one's words contain the other's in their order (where neither alone says "by": vaccine approved by the FDA): at least
  four of them, and seven tenths of the longer. What does not count is case, punctuation, the place of numbers, little
  words, the forms of a verb (raises, raised), marks before it (`UPDATE 2-`, `*DJ`, `AAPL:`,
  `(NASDAQ: AAPL)`) and who says it at its end; words with one meaning (shares, stock; sees, expects) count as one, and
  so do words that are spelled almost alike (a corrected slip), and amounts however written ($58 bn, 58 billion).

They are never the same if each has a number of its own, if they point in opposite directions (raises, cuts; beats,
misses; approves, rejects; resumes, halts), if one denies (not, no, denies) or asks and the other does not, or if one
provider says exactly the same again without marking it as an update: that happened again.
"""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from functools import lru_cache
from importlib.resources import files

SAME_STORY = timedelta(days=1)
"""Within this time headlines may tell the same story."""

_LEAST_WORDS = 4
_LEAST_PART = 0.7
_ALIKE = 0.84
_SHORTEST_STEM = 4
_SLIP = 5
_SLIPS = 2
_MOST_KEPT = 5000

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
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+")
_VOCABULARY = [
    (kind, words)
    for kind, *words in map(str.split, files("alerts").joinpath("story_words.txt").read_text("utf-8").splitlines())
]
_LITTLE = frozenset(word for kind, words in _VOCABULARY if kind == "little" for word in words)
_DENIALS = frozenset(word for kind, words in _VOCABULARY if kind == "denial" for word in words)
_MEANING = {word: words[0] for kind, words in _VOCABULARY if kind == "same" for word in words}
_OPPOSITES = (
    ({"raises", "rises"}, {"cuts", "falls"}),
    ({"beats"}, {"misses"}),
    ({"approves"}, {"rejects"}),
    ({"buys"}, {"sells"}),
    ({"resumes"}, {"halts"}),
    ({"wins"}, {"loses"}),
    ({"upgrades"}, {"downgrades"}),
)


@dataclass(frozen=True, slots=True)
class Story:
    """What of a headline is compared: its *words*, in their *order* those but *numbers*, and what it does besides."""

    words: frozenset[str]
    numbers: frozenset[str]
    is_denial: bool
    is_question: bool
    is_update: bool
    is_passive: bool
    order: tuple[str, ...]
    plain: str


@lru_cache(maxsize=4096)
def story_of(text: str) -> Story:
    """Return what is compared of a headline."""
    rest = text.strip()
    while (mark := _MARK.match(rest)) is not None and mark.end() < len(rest):
        rest = rest[mark.end() :]
    rest = _SOURCE.sub("", _TICKER.sub(" ", rest)).replace("\u2019", "'")
    lowered = _QUARTER.sub(_quarter, rest.casefold())
    numbers = {_amount(found) for found in _NUMBER.finditer(lowered)}
    spoken = [word.removesuffix("'s") for word in _WORD.findall(_NUMBER.sub(" ", lowered))]
    numbers |= set(re.findall(r"\bq[1-4]\b", lowered))
    order = tuple(_meant(word) for word in spoken if word not in _LITTLE | _DENIALS and len(word) > 1)
    return Story(
        words=frozenset(order) | numbers,
        numbers=frozenset(numbers),
        is_denial=any(word in _DENIALS for word in spoken),
        is_question=rest.rstrip("'\" ").endswith("?"),
        is_update=_UPDATE.match(text) is not None,
        is_passive="by" in spoken,
        order=order,
        plain=" ".join(re.findall(r"\w+", text.casefold())),
    )


def is_same(one: Story, other: Story) -> bool:
    """Return whether two headlines of different providers, or one and its update, tell the same."""
    if one.plain == other.plain:
        return True
    if one.is_denial != other.is_denial or one.is_question != other.is_question:
        return False
    if (one.numbers - other.numbers and other.numbers - one.numbers) or _are_opposite(one.words, other.words):
        return False
    mine, others = _without_slips(one.words, other.words)
    if (mine and others) or (one.is_passive == other.is_passive and not _are_in_order(one, other)):
        return False
    longer, shared = max(len(one.words), len(other.words)), min(len(one.words), len(other.words))
    return one.words == other.words or (shared >= _LEAST_WORDS and shared >= _LEAST_PART * longer)


class Told:
    """The stories that one chat was told within a day; each look compares with those only that share words."""

    def __init__(self) -> None:
        self._stories: deque[tuple[datetime, str, str, Story]] = deque()
        self._by_identity: dict[str, datetime] = {}
        self._by_word: dict[str, list[int]] = {}
        self._first = 0
        self.compared = 0
        """How many stories were compared so far: what a look costs."""

    def knows(self, identity: str, provider: str, text: str, at: datetime) -> bool:
        """Return whether a headline of *provider*, published *at*, tells what was told; *identity* is its article."""
        before = self._by_identity.get(identity)
        if before is not None:
            return True
        story = story_of(text)
        return any(self._is_that(number, provider, story, at) for number in self._candidates(story))

    def add(self, identity: str, provider: str, text: str, at: datetime) -> None:
        """Remember a headline as told."""
        if identity in self._by_identity:
            return
        self._by_identity[identity] = at
        story = story_of(text)
        number = self._first + len(self._stories)
        self._stories.append((at, identity, provider, story))
        for word in story.words:
            self._by_word.setdefault(word, []).append(number)
        while len(self._stories) > _MOST_KEPT or self._stories[0][0] < at - 2 * SAME_STORY:
            self._drop()

    def _drop(self) -> None:
        _, identity, _, story = self._stories.popleft()
        self._by_identity.pop(identity, None)
        for word in story.words:
            numbers = self._by_word[word]
            numbers.remove(self._first)
            if not numbers:
                del self._by_word[word]
        self._first += 1

    def _candidates(self, story: Story) -> Iterable[int]:
        """Return the stories that may be the same: they have the rarest known words of this one, or all it has."""
        rarest = sorted(story.words, key=lambda word: len(self._by_word.get(word, ())))
        # Three tenths of the words of the longer one may be missing, and a slip or two be spelled otherwise.
        enough = int(len(rarest) * (1 - _LEAST_PART)) + _SLIPS + 1
        found: dict[int, None] = {}
        for word in rarest[:enough]:
            found.update(dict.fromkeys(self._by_word.get(word, ())))
        return found

    def _is_that(self, number: int, provider: str, story: Story, at: datetime) -> bool:
        told_at, _, told_by, told = self._stories[number - self._first]
        if abs(at - told_at) > SAME_STORY:
            return False
        self.compared += 1
        if provider == told_by and story.plain == told.plain and not story.is_update:
            return False
        return is_same(story, told)


def _quarter(found: re.Match[str]) -> str:
    word, before, after = found.groups()
    return f" {_QUARTERS[word.lower()] if word else f'q{before or after}'} "


def _amount(found: re.Match[str]) -> str:
    value = float(found[1].replace(",", ""))
    unit = (found[2] or "").lower()
    if unit in {"%", "percent", "pct"}:
        return f"{value:g}%"
    return f"{value * _SCALES.get(unit, 1.0):g}"


def _meant(word: str) -> str:
    known = _MEANING.get(word)
    if known is not None:
        return known
    for ending in ("ings", "ing", "ied", "ies", "ed", "es", "s", "e", "y"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= _SHORTEST_STEM:
            return stem
    return word


def _are_in_order(one: Story, other: Story) -> bool:
    """Return whether the words that both have stand in the same order: who sues whom is no little thing."""
    both = one.words & other.words
    mine, others = ([*dict.fromkeys(word for word in story.order if word in both)] for story in (one, other))
    return mine == others


def _are_opposite(one: frozenset[str], other: frozenset[str]) -> bool:
    for up, down in _OPPOSITES:
        ups, downs = (bool(one & up), bool(other & up)), (bool(one & down), bool(other & down))
        if (ups[0] and downs[1] and not (ups[1] and downs[0])) or (ups[1] and downs[0] and not (ups[0] and downs[1])):
            return True
    return False


def _without_slips(one: frozenset[str], other: frozenset[str]) -> tuple[set[str], set[str]]:
    """Return the words that only one of two headlines has, but for pairs that are spelled almost alike."""
    mine, others = set(one - other), set(other - one)
    for word in sorted(mine):
        if len(word) < _SLIP or word.isdigit():
            continue
        near = next((far for far in sorted(others) if len(far) >= _SLIP and _alike(word, far)), None)
        if near is not None:
            mine.discard(word)
            others.discard(near)
    return mine, others


def _alike(one: str, other: str) -> bool:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE
