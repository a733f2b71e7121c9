"""
What the grammar's words carry into the reading of a line.

* Contradiction      the grammar took a word that makes no sense where it stands
"""

import re
from collections.abc import Callable
from typing import TypeVar

from lark import Token

from alerts.number import Misread

_T = TypeVar("_T")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class Contradiction(Exception):
    """*token* cannot stand there; *expected* says what could, *readings* what may have been meant by it."""

    def __init__(self, token: Token, expected: str, readings: tuple[str, ...] = ()) -> None:
        super().__init__(token, expected)
        self.token = token
        self.expected = expected
        self.readings = readings


def read(reader: Callable[[str], _T], token: Token) -> _T:
    """Return what *reader* makes of *token*. Raises Contradiction where it makes nothing of it."""
    try:
        return reader(str(token))
    except Misread as error:
        raise Contradiction(token, error.expected, error.readings) from None


def symbol(token: Token) -> str:
    """Return a symbol as typed, in upper case, with single blanks and without its `$`."""
    return " ".join(token.removeprefix("$").upper().split())


def unquoted(token: Token) -> str:
    """Return what stands between the quotes of *token*."""
    return _ESCAPE.sub(r"\1", token[1:-1])
