"""
What IBKR writes around a headline, and where the broad tape of a provider is to be found.

Metadata looks like `A:800015:L:en:K:0.97:C:0.9`: in lists of the past it stands before the words in braces, live it
comes beside them. L are languages, several of them for one headline: `L:Chinese (Simplified and Traditional),en` is a
headline in English.
"""

import re
from collections.abc import Sequence

_META = re.compile(r"(!*)\s*\{([A-Z]:[^{}]*)\}")
_BANG = re.compile(r"\s*!+\s*")
_LANGUAGES = re.compile(r"(?:^|:)L:([^:]*)")
_CODE = re.compile(r"[A-Za-z]{2}(?:-[A-Za-z]+)?")
_NAMES = {
    "arabic": "ar",
    "chinese": "zh",
    "dutch": "nl",
    "english": "en",
    "french": "fr",
    "german": "de",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "portuguese": "pt",
    "russian": "ru",
    "spanish": "es",
}

# Symbols and exchanges of the tapes that are not called CODE:CODE_ALL at CODE. DJTOP:ASIAPAC and BRFUPDN:BRF_ALL are in
# IBKR's samples; the others are operators' notes. A wrong one is refused (200) and said so where none is left.
_TAPES: dict[str, tuple[str, ...]] = {
    "BRFUPDN": ("BRFUPDN:BRF_ALL", "BRFUPDN:BRFUPDN_ALL"),
    "DJ-N": ("DJ:N_DJGT",),
    "DJ-RTA": ("DJTOP:ASIAPAC",),
    "DJ-RTE": ("DJTOP:EMEA",),
    "DJ-RTG": ("DJTOP:GLBNEWS",),
    "DJ-RTPRO": ("DJTOP:NORTHAM", "DJTOP:COMPNEWS", "DJTOP:MKTDRVE"),
    "DJ-RT": ("DJTOP:NORTHAM", "DJTOP:COMPNEWS", "DJTOP:MKTDRVE"),
}


def tapes_of(providers: Sequence[str]) -> list[tuple[str, str]]:
    """Return the broad tapes of *providers*, each once: the provider's code, and the tape's symbol at IBKR."""
    found: dict[str, str] = {}
    for code in providers:
        for symbol in _TAPES.get(code, (f"{code}:{code}_ALL",)):
            found.setdefault(symbol, code)
    return [(code, symbol) for symbol, code in found.items()]


def cleaned(headline: str, extra: str = "") -> tuple[str, str, bool]:
    """
    Return the headline without its metadata, its language ("" where none is given), and whether it is hot.

    *extra* is what comes beside a live one. A `!` before or after the metadata marks hot news.
    """
    text, language, is_hot = headline.lstrip(), language_of(extra), False
    while (found := _META.match(text)) is not None:
        text = text[found.end() :].lstrip()
        language = language_of(found.group(2)) or language
        is_hot = is_hot or bool(found.group(1))
    bang = _BANG.match(text)
    if bang is not None:
        text, is_hot = text[bang.end() :], True
    return text.strip(), language, is_hot


def language_of(meta: str) -> str:
    """Return the two letters of the language that *meta* names, a code before a name; "" where it names none."""
    found = _LANGUAGES.search(meta.strip().strip("{}"))
    spoken = [] if found is None else [one.strip().lower() for one in found.group(1).split(",")]
    codes = [one.partition("-")[0] for one in spoken if _CODE.fullmatch(one)]
    named = [_NAMES[word] for one in spoken if (word := one.partition(" ")[0]) in _NAMES]
    return next(iter([*codes, *named]), "")
