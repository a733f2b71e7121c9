"""What helps after a line that did not parse: what could have stood there, the word meant, lines that work."""

import re
from difflib import get_close_matches

from alerts.example import TOPICS
from alerts.study import STUDIES

_PHRASES = {
    "SYMBOL": "a symbol",
    "FUNCTION": "a study, like sma(50, 1d)",
    "OP": ">, <, above or below",
    "_CROSSES": "crosses",
    "MOVE": "a move, like +5%",
    "SIZE": "a size, like 2% or $3",
    "RANGE": "a range, like 190..200",
    "NUMBER": "a number",
    "PRICE_BOUND": "a price",
    "AMOUNT": "an amount, like 500k or 1M",
    "COUNT": "a whole number, like 10",
    "ARGUMENT": "a number or bar size, like 14 or 1h",
    "DURATION": "a time span, like 30m",
    "MOMENT": "a day or time, like friday or 2026-12-24",
    "STRING": "words in quotes",
    "PATTERN": "a pattern, like /downgrad/i",
    "STAR": "* for any",
    "CODE": "a scan code, like TOP_PERC_GAIN",
    "LOCATION": "a scan's location, like STK.NASDAQ",
    "NEW": "new, dropped or jumps 3",
    "_EQUALS": "= and a value",
    "VALUE": "a value",
    "HOLDING_VALUE": "pnl, pnl%, day% or value",
    "ACCOUNT_VALUE": "cushion, margin, dailypnl, netliq, cash or buyingpower",
    "EVENT": "filled, rejected or cancelled",
    "SESSION": "open or close",
    "TIME": "a time of day, like 15:45",
    "ORDER": "an order, like buy 10 limit 199.5",
    "WORD": "a word",
    "CHAT": "a chat, like @desk",
    "_IN": "in a time, like in 15m",
    "COMMA": "a comma",
    "LPAR": "an opening parenthesis",
    "RPAR": "a closing parenthesis",
    "_PRICE": "price",
    "_TOP": "top",
    "_AND": "and",
    "_OR": "or",
    "_OF": "of",
    "_IF": "if",
    "ONCE": "an option (once, every, cooldown 30m, for 2m, until friday, note …)",
    "$END": "the end of the line",
}
_WORDS = {
    "_CROSSES": ("crosses",),
    "_REACHES": ("reaches", "hits", "touches"),
    "WORD_OP": ("above", "below", "over", "under", "drops below", "rises above"),
    "DIRECTION": ("above", "below"),
    "FIELD": ("bid", "ask", "mid", "last"),
    "GREEK": ("delta", "gamma", "theta", "vega", "openinterest"),
    "CHANNEL": ("enters", "leaves"),
    "MOVES": ("moves", "drops", "falls", "rises"),
    "_TRAILS": ("trails",),
    "_GAPS": ("gaps",),
    "_STALE": ("stale",),
    "_TODAY": ("today",),
    "_FROM": ("from",),
    "_IN": ("in", "within"),
    "PART": ("signal", "histogram", "upper", "middle", "lower"),
    "LIVE": ("live",),
    "FUNCTION": ("sma", "ema", "rsi", "macd", "bbands", "atr", "vwap", "adx", "stoch", "high", "low", "avgvolume"),
    "HOLDING_VALUE": ("pnl", "pnl%", "value"),
    "ACCOUNT_VALUE": ("dailypnl", "netliq", "cash", "buyingpower", "cushion", "margin"),
    "EVENT": ("filled", "rejected", "cancelled"),
    "SESSION": ("open", "close"),
    "DAYS": ("weekdays", "weekends", "daily"),
    "_NEWS": ("news",),
    "_SCAN": ("scan",),
    "_PRICE": ("price",),
    "_VOLUME": ("volume",),
    "_TOP": ("top",),
    "_WHERE": ("where",),
    "_ONLY": ("only",),
    "BOUND": ("marketcap", "avgvolume", "change"),
    "DROPPED": ("dropped",),
    "JUMPED": ("jumps",),
    "_AND": ("and",),
    "_OR": ("or",),
    "_OF": ("of",),
    "ONCE": ("once",),
    "EVERY": ("every",),
    "SILENT": ("silent",),
    "CRITICAL": ("critical",),
    "COOLDOWN": ("cooldown",),
    "MAX": ("max",),
    "UNTIL": ("until",),
    "EXPIRES": ("expires",),
    "HYSTERESIS": ("hysteresis",),
    "TAG": ("tag",),
    "NOTE": ("note",),
    "THEN": ("then",),
}

# How comparisons are said that the grammar does not know, `then` for `than` before all.
_GREATER = r"(?:greater|more|higher|bigger|larger)(?:\s+(?:than|then|that))?|exceeds|passes"
_LESS = r"(?:less|lower|smaller|fewer)(?:\s+(?:than|then|that))?"
_COMPARED = (
    (re.compile(rf"(?:is\s+)?(?:{_GREATER})\s+(?:or\s+)?equals?(?:\s+to)?\b|=>", re.IGNORECASE), ">="),
    (re.compile(rf"(?:is\s+)?(?:{_LESS})\s+(?:or\s+)?equals?(?:\s+to)?\b|=<", re.IGNORECASE), "<="),
    (re.compile(rf"(?:is\s+)?(?:{_GREATER})\b|>>+", re.IGNORECASE), ">"),
    (re.compile(rf"(?:is\s+)?(?:{_LESS})\b|<<+", re.IGNORECASE), "<"),
    (re.compile(r"(?:is\s+)?(?:equals?|equal\s+to)\b|==?", re.IGNORECASE), "hits"),
)
_LIKENESS = 0.7
_NEWS = {"STRING", "PATTERN", "_IF"}
_NEWS_PHRASE = (
    'words in quotes, like "guidance", a pattern, like /downgrad/i, from and a provider, in and a language, if and a '
    "move, an option (once, silent, note …) or the end of the line"
)
_JOINED = re.compile(r"\s+(and|or)\s+", re.IGNORECASE)
# Words of a headline without their quotes, as far as something else begins.
_UNQUOTED = re.compile(
    r"[^\W\d_][\w' &-]*?(?=\s*$|\s+(?:from|in|if|once|silent|critical|note|tag|until|expires|max|cooldown)\b)",
    re.IGNORECASE,
)


def example_lines(text: str = "") -> tuple[str, str]:
    """Return two lines that work, of the kind that *text* seems to be; a topic's name counts as its mark."""
    lowered = text.lower()
    named = next((topic for topic in TOPICS if topic.name == text), None)
    hinted = (topic for topic in TOPICS if any(mark in f"^{lowered}" for mark in topic.marks))
    topic = named or next(hinted, TOPICS[-1])
    first, second, *_ = *topic.lines, *TOPICS[-1].lines
    return first, second


def expectation(terminals: set[str]) -> str:
    """Return in words what the grammar's *terminals* stand for, the likeliest first."""
    if terminals >= _NEWS:
        return _NEWS_PHRASE
    phrases = [phrase for name, phrase in _PHRASES.items() if name in terminals]
    if not phrases:
        return "something else"
    if len(phrases) == 1:
        return phrases[0]
    return ", ".join(phrases[:-1]) + " or " + phrases[-1]


def meant(text: str, position: int, terminals: set[str]) -> tuple[str, int]:
    """
    Return what *text* seems to mean at *position*, where the grammar wanted one of *terminals*, and where that ends.

    ("", position) where nothing like it is known.
    """
    if "OP" in terminals:
        for said, sign in _COMPARED:
            found = said.match(text, position)
            if found is not None:
                return sign, found.end()
    if terminals >= _NEWS and (unquoted := _UNQUOTED.match(text, position)) is not None:
        parts = _JOINED.split(unquoted[0])
        return " ".join(f'"{part}"' if index % 2 == 0 else part for index, part in enumerate(parts)), unquoted.end()
    word = re.compile(r"[A-Za-z]+").match(text, position)
    near = near_miss(word[0], terminals) if word else ""
    return (near, word.end()) if near and word else ("", position)


def near_miss(word: str, terminals: set[str]) -> str:
    """Return the keyword among *terminals* that *word* seems to mean, or ''; a bare `rsi` lacks its parentheses."""
    if "FUNCTION" in terminals and word.lower() in STUDIES:
        return STUDIES[word.lower()].usage
    candidates = [candidate for name in terminals for candidate in _WORDS.get(name, ())]
    lowered, ranked = word.lower(), sorted(candidates)
    # Less alike are `are` and `atr`, `greater` and `enters`; letters that changed places are still the same word.
    same = [one for one in ranked if sorted(one) == sorted(lowered)]
    matches = same or get_close_matches(lowered, ranked, n=1, cutoff=_LIKENESS)
    return matches[0] if matches else ""
