"""
The alert language: text to `Draft` (the way back is `alerts.wording.format_draft`).

The grammar is `grammar.lark`; what it cannot say (what a number means in its slot, which symbol a bare `sma(50, 1d)`
speaks of, options that exclude each other) is said in the modules beside it.
"""

import re
from datetime import UTC, datetime
from importlib.resources import files
from typing import cast
from zoneinfo import ZoneInfo

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from alerts import choice
from alerts.bearing import bears_hold, bears_hysteresis
from alerts.condition import Condition, Draft
from alerts.errors import AlertSyntaxError
from alerts.hint import example_lines, expectation, meant
from alerts.reading import Reader
from alerts.sequel import has_symbol
from alerts.spoken import Nameless, named, symbols_in
from alerts.terminal import Contradiction
from alerts.wording import format_draft

__all__ = ["format_draft", "looks_like_alert", "parse"]

LONGEST_LINE = 500
"""Characters; a phone's screen holds less."""

_SHORT = 100
"""Characters; no line grows fivefold when its numbers are written in full."""

DEEPEST = 12
"""Parentheses and `not`s within each other; nobody reads more, and the evaluation recurses as deep."""

_PARSER = Lark(
    files("alerts").joinpath("grammar.lark").read_text(encoding="utf-8"),
    parser="lalr",
    lexer="contextual",
    transformer=Reader(),
    maybe_placeholders=False,
)
# One comma before three digits: a thousands separator to some, a decimal comma to others.
_THOUSANDS = re.compile(r"(?<![\d,.])\d{1,3},\d{3}(?![\d,.])")
_QUOTED = re.compile(r'["“”„«](?:\\.|[^"“”«»„\\])*["“”»]', re.DOTALL)
_FUNCTIONS = "sma|ema|rsi|macd|bbands|atr|vwap|adx|stoch|high|low|avgvolume"
_BARE = re.compile(rf"\b(?:(?:{_FUNCTIONS})\s*\(|(?:volume|avgcost)\b)", re.IGNORECASE)
_DASHES = str.maketrans(dict.fromkeys("\N{MINUS SIGN}\N{FIGURE DASH}\N{EM DASH}", "-"))
_SHAPE = re.compile(
    rf"""\s*(?:
        (?:please\s+)?(?:tell|alert|notify|ping|warn)(?:\s+me)?\s+(?:when|if)\b
      | (?:news|scan)\b
      | (?:not\s*)?\(*\s*(?:{_FUNCTIONS})\s*\(
      | orders?\s+(?:\S+\s+)?(?:filled|rejected|cancell?ed)\b
      | positions?\s+\S+\s+(?:pnl|day|value|[-+]\s*\d)
      | account\s+(?:daily|net|cash|buying|cushion|margin)
      | at\s+(?:\d{{1,2}}:\d\d|\d{{1,2}}\s*[ap]m\b|(?:the\s+)?(?:open|close)\b\s*(?:$|["“+-]))
      | every\s+\d+\s*[smh]
      | (?:(?:when|if|not)\s+)?\(*\s*[$\#]?[\w.@/]+\s*(?:\d{{8}}\s+\w+\s*)?(?:\b(?:bid|ask|mid|last|volume)\b\s*)?
        (?: [<>≤≥] | [+\-±]\s*\d[\d.]*\s*% | (?:{_FUNCTIONS})\s*\(
          | \b(?:is\s+)?(?:greater|more|higher|less|lower|smaller)\s+than\s+[$\d(]
          | \b(?:above|below|over|under|crosses|hits|reaches|enters|leaves|moves|trails|gaps|stale)\s+[$\d(]
          | \b(?:drops|falls|dips|rises|climbs|jumps|loses|gains|goes|gets|is)\s+(?:above|below|over|under|to|up|down)
            \s+[$\d(]
          | \b(?:drops|falls|dips|rises|climbs|jumps|loses|gains|up|down)\s+(?:\$\s*\d|\d[\d.,]*\s*%) )
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""How lines begin that are meant for this language."""

# For corrections of a line that is only looked at; whoever sets the alert hands in the true ones.
_ANY_TIME = datetime(2000, 1, 3, tzinfo=UTC)
_ANY_ZONE = ZoneInfo("UTC")


def parse(text: str, now: datetime, zone: ZoneInfo) -> Draft:
    """
    Return the draft that *text* (without a leading `/alert`) says; symbols in upper case, otherwise as typed.

    What is relative to the day (`until friday`) becomes absolute by *now* (aware) and the writer's *zone*. Raises
    AlertSyntaxError.
    """
    _bound(text)
    try:
        draft = _draft(text, now, zone)
    except UnexpectedInput as error:
        raise _refusal(text, error, now, zone) from None
    except Contradiction as error:
        raise _contradiction(text, error, now, zone) from None
    except Nameless:
        bare = _BARE.search(text)
        position = bare.start() if bare else 0
        raise AlertSyntaxError(text, position, "a symbol before the indicator", example_lines("study")) from None
    # Numbers are kept in full: what is written must be short enough to be read again.
    if len(text) > _SHORT and len(line := format_draft(draft)) > LONGEST_LINE:
        expected = f"a shorter line: in full it has {len(line)} characters, {LONGEST_LINE} at most"
        raise AlertSyntaxError(text, len(text), expected, example_lines())
    return draft


def looks_like_alert(text: str) -> bool:
    """
    Return whether free *text* is meant for the alert language: a good line, or one that fails within it.

    "ok", "all" or a lone ticker are not.
    """
    try:
        _bound(text)
    except AlertSyntaxError:
        return False
    if _SHAPE.match(_plain(text)):
        return True
    try:
        _condition(text)
    except UnexpectedInput as error:
        # One word misspelt in a line with a number in it: `AAPL croses 200`.
        refusal = _refusal(text, error, _ANY_TIME, _ANY_ZONE)
        return bool(refusal.suggestion) and refusal.position > 0 and re.search(r"\d", text) is not None
    except (Contradiction, Nameless):
        return False
    return True


def _draft(text: str, now: datetime, zone: ZoneInfo) -> Draft:
    """Return what *text* says. Raises UnexpectedInput, Contradiction, Nameless."""
    condition, choices = _condition(text)
    _ensure_sequel(condition, choices)
    _ensure_borne(condition, choices)
    return Draft(condition, choice.options(choices, now, zone))


def _condition(text: str) -> tuple[Condition, tuple[choice.Choice, ...]]:
    condition, choices = cast("tuple[Condition, tuple[choice.Choice, ...]]", _PARSER.parse(_plain(text)))
    return named(condition)[0], choices


def _plain(text: str) -> str:
    """Return *text*, as long as before, with the dashes that phones make of a minus as minus; not within quotes."""
    parts, end = [], 0
    for quoted in _QUOTED.finditer(text):
        parts += [text[end : quoted.start()].translate(_DASHES), quoted[0]]
        end = quoted.end()
    return "".join([*parts, text[end:].translate(_DASHES)])


def _bound(text: str) -> None:
    """Refuse a line that is too long, empty or too deeply nested, before the parser sees it."""
    if len(text) > LONGEST_LINE:
        expected = f"the end of the line (at most {LONGEST_LINE} characters)"
        raise AlertSyntaxError(text, LONGEST_LINE, expected, example_lines())
    if not text.strip():
        raise AlertSyntaxError(text, 0, "a symbol, `news` or `scan`", example_lines())
    bare = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)
    depth = 0
    for mark in re.finditer(r"[()]|\bnot\b", bare, re.IGNORECASE):
        depth += 1 if mark[0] != ")" else -1
        if depth > DEEPEST:
            expected = f"at most {DEEPEST} parentheses within each other"
            raise AlertSyntaxError(text, mark.start(), expected, example_lines())
    signs = [mark.start() for mark in re.finditer(r"(?<!\S)[-+*/](?!\S)|[*/]", bare)]
    if len(signs) > DEEPEST:
        raise AlertSyntaxError(text, signs[DEEPEST], f"at most {DEEPEST} signs of arithmetic", example_lines("two"))


def _ensure_sequel(condition: Condition, choices: tuple[choice.Choice, ...]) -> None:
    for option in choices:
        is_bare = option.name == "then" and option.value is not None and not has_symbol(option.value)
        if is_bare and not any(symbols_in(condition)):
            raise Contradiction(option.value or option.word, "an order that names its symbol, like then buy 10 SPY")


def _ensure_borne(condition: Condition, choices: tuple[choice.Choice, ...]) -> None:
    """Refuse options that would do nothing."""
    for option in choices:
        if option.name == "for" and not bears_hold(condition):
            raise Contradiction(option.word, "no `for` here: this happens in a moment, a level can hold for a while")
        if option.name == "hysteresis" and not bears_hysteresis(condition):
            raise Contradiction(option.word, "no `hysteresis` here: it goes with a level that a value can go back from")


def _refusal(text: str, error: UnexpectedInput, now: datetime, zone: ZoneInfo) -> AlertSyntaxError:
    """Return the parser's complaint in our words."""
    position, terminals = len(text.rstrip()), set[str]()
    if isinstance(error, UnexpectedToken):
        terminals = set(error.accepts or error.expected)
        if error.token.type != "$END":
            position = error.token.start_pos or 0
    elif isinstance(error, UnexpectedCharacters):
        position, terminals = cast("int", error.pos_in_stream), error.allowed
    examples = example_lines(text)
    suggestion, end = meant(text, position, terminals)
    for corrected, word in _corrections(text, position, end, suggestion, terminals):
        if _parses(corrected, now, zone):
            first = corrected.strip()
            other = next(line for line in (*examples, *example_lines("level")) if line != first)
            return AlertSyntaxError(text, position, expectation(terminals), (first, other), word)
    return AlertSyntaxError(text, position, expectation(terminals), examples, suggestion)


def _corrections(text: str, position: int, end: int, suggestion: str, terminals: set[str]) -> list[tuple[str, str]]:
    """Return lines that may have been meant, each with the word that stands there instead of what ends at *end*."""
    found = []
    if suggestion:
        found.append((text[:position] + suggestion + text[end:], suggestion))
    if text[:position].rstrip().lower().endswith("every"):
        found.append((f"{text[:position]}cooldown {text[position:]}", "cooldown"))
    if "COMMA" in terminals:
        opened = max(text.rfind("(", 0, position), 0)
        start = cast("re.Match[str]", re.search(r"\w*\s*$", text[:opened])).start()
        closed = text.find(")", position) + 1 or len(text)
        head = text[start:opened]
        inside = ", ".join(re.findall(r"[^\s,()]+", text[opened:closed]))
        found.append((f"{text[:start]}{head}({inside}){text[closed:]}", f"{head.strip()}({inside})"))
    return found


def _contradiction(text: str, error: Contradiction, now: datetime, zone: ZoneInfo) -> AlertSyntaxError:
    """Return what is wrong with a word the grammar took; the examples are its possible readings, where there are."""
    token = error.token
    start, end = token.start_pos or 0, token.end_pos or len(text)
    lines = [(text[:start] + reading + text[end:]).strip() for reading in error.readings]
    good = tuple(line for line in lines if _parses(line, now, zone))
    examples = (good + tuple(e for e in (*example_lines(text), *example_lines("level")) if e not in good))[:2]
    # Of a range, each end is a number of its own.
    readings = good if _THOUSANDS.search(str(token).replace("..", " ")) else ()
    return AlertSyntaxError(text, start, error.expected, examples, readings=readings)


def _parses(text: str, now: datetime, zone: ZoneInfo) -> bool:
    try:
        _bound(text)
        _draft(text, now, zone)
    except (UnexpectedInput, Contradiction, Nameless, AlertSyntaxError):
        return False
    return True
