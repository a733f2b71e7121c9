"""Which headlines are meant: words, phrases and patterns against one line of text."""

import re
from collections.abc import Callable

import re2

from alerts.condition import AllOf, AnyOf, NewsMatch, Pattern, Phrase, Words

_APOSTROPHES = str.maketrans("\u2019\u02bc", "''")

Matcher = Callable[[str], bool]


def matcher_of(match: NewsMatch) -> Matcher:
    """
    Return what tells whether a headline is meant; without any words every one is.

    Raises re2.error for a pattern that RE2 does not know (look-around, back references).
    """
    if match.words is not None:
        return _of(match.words)
    return _phrase(match.phrases) if match.phrases else _every


def _of(words: Words) -> Matcher:
    match words:
        case Phrase(text):
            return _phrase((text,))
        case Pattern(text, ignore_case):
            return _pattern(text, ignore_case=ignore_case)
        case AllOf(parts):
            inner = [_of(part) for part in parts]
            return lambda text: all(is_meant(text) for is_meant in inner)
        case AnyOf(parts):
            inner = [_of(part) for part in parts]
            return lambda text: any(is_meant(text) for is_meant in inner)


def _phrase(phrases: tuple[str, ...]) -> Matcher:
    """Return what finds any of *phrases* as whole words, regardless of case."""
    words = (r"\s+".join(map(re.escape, phrase.translate(_APOSTROPHES).split())) for phrase in phrases)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)
    return lambda text: pattern.search(text.translate(_APOSTROPHES)) is not None


def _pattern(text: str, *, ignore_case: bool) -> Matcher:
    # A person's own pattern: RE2 takes time in proportion to the text, whatever the pattern is.
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    pattern = re2.compile(text, options)
    return lambda text: pattern.search(text) is not None


def _every(_text: str) -> bool:
    return True
