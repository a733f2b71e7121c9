"""
The alert language: text to `Draft` (the way back is `alerts.wording.format_draft`).

The grammar is `grammar.lark`; what it cannot say (what a number means in its slot, which symbol a bare `sma(50, 1d)`
speaks of, options that exclude each other) is said here.
"""

import re
from importlib.resources import files
from typing import cast

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from alerts.condition import Both, Comparison, Condition, Crossing, Draft, Either, Options
from alerts.errors import AlertSyntaxError
from alerts.hint import example_lines, expectation, near_miss
from alerts.operand import Indicator, Number, Operand
from alerts.reading import Contradiction, Reader
from alerts.wording import format_draft

__all__ = ["format_draft", "looks_like_alert", "parse"]

LONGEST_LINE = 500
"""Characters; a phone's screen holds less."""

DEEPEST = 12
"""Parentheses within parentheses; nobody reads more, and the evaluation recurses as deep."""

_PARSER = Lark(
    files("alerts").joinpath("grammar.lark").read_text(encoding="utf-8"),
    parser="lalr",
    lexer="contextual",
    transformer=Reader(),
    maybe_placeholders=False,
)
_QUOTED = re.compile(r'["“”„«](?:\\.|[^"“”«»„\\])*["“”»]', re.DOTALL)
_STUDY = re.compile(r"\b(?:sma|ema|rsi)\s*\(", re.IGNORECASE)
_SHAPE = re.compile(
    r"""\s*(?:
        (?:please\s+)?(?:tell|alert|notify|ping|warn)(?:\s+me)?\s+(?:when|if)\b
      | (?:news|scan)\b
      | \(*\s*(?:sma|ema|rsi)\s*\(
      | (?:(?:when|if)\s+)?\(*\s*[$\#]?[\w.@/]+\s*(?:\b(?:bid|ask|mid|last)\b\s*)?
        (?: [<>≤≥] | [+\-±]\s*\d[\d.]*\s*% | (?:sma|ema|rsi)\s*\(
          | \b(?:above|below|over|under|crosses|hits|reaches|enters|leaves|moves|trails|gaps)\s+[$\d(]
          | \b(?:drops|falls|dips|rises|climbs|jumps|goes|gets|is)\s+(?:above|below|over|under|to)\s+[$\d(] )
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""How lines begin that are meant for this language, of kinds also that it does not know yet."""


def parse(text: str) -> Draft:
    """
    Return the draft that *text* (without a leading `/alert`) says; symbols in upper case, otherwise as typed.

    Raises AlertSyntaxError.
    """
    _bound(text)
    try:
        condition, options = cast("tuple[Condition, Options]", _PARSER.parse(text))
    except UnexpectedInput as error:
        raise _refusal(text, error) from None
    except Contradiction as error:
        raise _contradiction(text, error) from None
    named, symbol = _named(condition, "")
    if symbol is None:
        study = _STUDY.search(text)
        position = study.start() if study else 0
        raise AlertSyntaxError(text, position, "a symbol before the indicator", example_lines("study"))
    return Draft(named, options)


def looks_like_alert(text: str) -> bool:
    """
    Return whether free *text* is meant for the alert language: a good line, or one that fails within it.

    "ok", "all" or a lone ticker are not.
    """
    if len(text) > LONGEST_LINE:
        return False
    if _SHAPE.match(text):
        return True
    try:
        parse(text)
    except AlertSyntaxError as error:
        # One word misspelt in a line with a number in it: `AAPL croses 200`.
        return bool(error.suggestion) and error.position > 0 and re.search(r"\d", text) is not None
    return True


def _bound(text: str) -> None:
    """Refuse a line that is too long, empty or too deeply nested, before the parser sees it."""
    if len(text) > LONGEST_LINE:
        expected = f"the end of the line (at most {LONGEST_LINE} characters)"
        raise AlertSyntaxError(text, LONGEST_LINE, expected, example_lines())
    if not text.strip():
        raise AlertSyntaxError(text, 0, "a symbol, `news` or `scan`", example_lines())
    depth = 0
    for position, char in enumerate(_QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)):
        depth += (char == "(") - (char == ")")
        if depth > DEEPEST:
            raise AlertSyntaxError(text, position, f"at most {DEEPEST} parentheses within each other", example_lines())


def _refusal(text: str, error: UnexpectedInput) -> AlertSyntaxError:
    """Return the parser's complaint in our words."""
    position, terminals = len(text.rstrip()), set[str]()
    if isinstance(error, UnexpectedToken):
        terminals = set(error.accepts or error.expected)
        if error.token.type != "$END":
            position = error.token.start_pos or 0
    elif isinstance(error, UnexpectedCharacters):
        position, terminals = cast("int", error.pos_in_stream), error.allowed
    match = re.compile(r"[A-Za-z]+").match(text, position)
    suggestion = near_miss(match[0], terminals) if match else ""
    examples = example_lines(text)
    if match and suggestion:
        corrected = text[:position] + suggestion + text[match.end() :]
        if _parses(corrected):
            first = corrected.strip()
            examples = (first, next(line for line in examples if line != first))
    return AlertSyntaxError(text, position, expectation(terminals), examples, suggestion)


def _contradiction(text: str, error: Contradiction) -> AlertSyntaxError:
    """Return what is wrong with a word the grammar took; the examples are its possible readings, where there are."""
    token = error.token
    start, end = token.start_pos or 0, token.end_pos or len(text)
    lines = [(text[:start] + reading + text[end:]).strip() for reading in error.readings]
    good = tuple(line for line in lines if _parses(line))
    examples = (good + tuple(e for e in example_lines(text) if e not in good))[:2]
    return AlertSyntaxError(text, start, error.expected, examples)


def _parses(text: str) -> bool:
    try:
        _PARSER.parse(text)
    except (UnexpectedInput, Contradiction):
        return False
    return True


def _named(condition: Condition, symbol: str) -> tuple[Condition, str | None]:
    """
    Return *condition* with a symbol for every bare study, and the symbol last spoken of.

    A bare `rsi(14, 1h)` speaks of the symbol before it, *symbol* at first; None is returned where there is none.
    """
    match condition:
        case Comparison() | Crossing():
            return _with_symbols(condition, symbol)
        case Both(parts) | Either(parts):
            named: list[Condition] = []
            current: str | None = symbol
            for part in parts:
                if current is None:
                    break
                done, current = _named(part, current)
                named.append(done)
            return type(condition)(tuple(named)), current
        case _:
            return condition, symbol


def _with_symbols(condition: Comparison | Crossing, symbol: str) -> tuple[Condition, str | None]:
    left, left_symbol = _spoken_of(condition.left, symbol)
    right, _ = _spoken_of(condition.right, left_symbol)
    if not left_symbol:
        return condition, None
    if isinstance(condition, Comparison):
        return Comparison(left, condition.op, right), left_symbol
    return Crossing(left, condition.direction, right), left_symbol


def _spoken_of(operand: Operand, symbol: str) -> tuple[Operand, str]:
    match operand:
        case Number():
            return operand, symbol
        case Indicator("", name, length, bar):
            return Indicator(symbol, name, length, bar), symbol
        case _:
            return operand, operand.symbol
