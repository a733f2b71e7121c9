"""What helps after a line that did not parse: what could have stood there, the word meant, lines that work."""

from difflib import get_close_matches

_PHRASES = {
    "SYMBOL": "a symbol",
    "FUNCTION": "sma(…), ema(…) or rsi(…)",
    "OP": ">, <, above or below",
    "_CROSSES": "crosses",
    "NUMBER": "a number",
    "PRICE_BOUND": "a price",
    "AMOUNT": "an amount, like 500k or 1M",
    "COUNT": "a number of rows",
    "LENGTH": "a number of bars, like 14",
    "BAR": "a bar size: 1m, 5m, 15m, 1h or 1d",
    "DURATION": "a time span, like 30m",
    "STRING": "words in quotes",
    "STAR": "* for any",
    "CODE": "a scan code, like TOP_PERC_GAIN",
    "COMMA": "a comma",
    "LPAR": "an opening parenthesis",
    "RPAR": "a closing parenthesis",
    "_PRICE": "price",
    "_VOLUME": "volume",
    "_TOP": "top",
    "_AND": "and",
    "_OR": "or",
    "_OF": "of",
    "ONCE": "an option (once, every, cooldown 30m, silent, critical, note)",
    "$END": "the end of the line",
}
_WORDS = {
    "_CROSSES": ("crosses",),
    "_REACHES": ("reaches", "hits"),
    "WORD_OP": ("above", "below", "over", "under", "drops below", "rises above"),
    "DIRECTION": ("above", "below"),
    "FIELD": ("bid", "ask", "mid", "last"),
    "FUNCTION": ("sma", "ema", "rsi"),
    "_NEWS": ("news",),
    "_SCAN": ("scan",),
    "_PRICE": ("price",),
    "_VOLUME": ("volume",),
    "_TOP": ("top",),
    "_AND": ("and",),
    "_OR": ("or",),
    "_OF": ("of",),
    "ONCE": ("once",),
    "EVERY": ("every",),
    "SILENT": ("silent",),
    "CRITICAL": ("critical",),
    "COOLDOWN": ("cooldown",),
    "NOTE": ("note",),
}
_EXAMPLES = {
    "news": ('news AAPL "guidance" or "outlook"', 'news * "FDA approval"'),
    "scan": ("scan TOP_PERC_GAIN top 10", "scan TOP_PERC_GAIN price > 5 volume > 1M top 10"),
    "study": ("AAPL rsi(14, 1h) < 30", "AAPL crosses above sma(50, 1d)"),
    "cross": ("AAPL crosses 200", "AAPL crosses above sma(50, 1d)"),
    "level": ("AAPL > 200", "AAPL drops below 180"),
}
_KINDS = (
    ("news", ("news",)),
    ("scan", ("scan",)),
    ("study", ("study", "sma", "ema", "rsi")),
    ("cross", ("cros",)),
)


def example_lines(text: str = "") -> tuple[str, str]:
    """Return two lines that work, of the kind that *text* seems to be."""
    lowered = text.lower()
    kind = next((kind for kind, marks in _KINDS if any(mark in lowered for mark in marks)), "level")
    return _EXAMPLES[kind]


def expectation(terminals: set[str]) -> str:
    """Return in words what the grammar's *terminals* stand for, the likeliest first."""
    phrases = [phrase for name, phrase in _PHRASES.items() if name in terminals]
    if not phrases:
        return "something else"
    if len(phrases) == 1:
        return phrases[0]
    return ", ".join(phrases[:-1]) + " or " + phrases[-1]


def near_miss(word: str, terminals: set[str]) -> str:
    """Return the keyword among *terminals* that *word* looks like a misspelling of, or ''."""
    candidates = [candidate for name in terminals for candidate in _WORDS.get(name, ())]
    matches = get_close_matches(word.lower(), sorted(candidates), n=1, cutoff=0.6)
    return matches[0] if matches else ""
