"""A company by its name where a symbol belongs: `when berkshire hathaway reaches 400`. IBKR's search knows which."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerts.errors import AlertSyntaxError
from alerts.language import parse

STAND_IN = "COMPANY"
"""The symbol that stands for the company until it is known which one is meant."""

_LEAD = re.compile(
    r"\s*(?:(?:please\s+)?(?:tell|alert|notify|ping|warn)(?:\s+me)?\s+(?:when|if)\s+|(?:when|if)\s+)?", re.IGNORECASE
)
_WORD = re.compile(r"(?:[A-Za-z][\w'\u2019.-]*|&)\s*")
_MOST_WORDS = 5
# The line is only looked at; whoever sets the alert reads it by the true time.
_ANY_TIME = datetime(2000, 1, 3, tzinfo=UTC)
_NO_NAMES = frozenset({"and", "or", "not", "news", "scan", "account", "orders", "position", "positions", "every", "at"})


@dataclass(frozen=True, slots=True)
class Company:
    """A *name* of several words, and the *line* with `STAND_IN` in its place."""

    name: str
    line: str


def company_of(text: str) -> Company | None:
    """Return the company that a line which is none otherwise begins with; None where it is no line with any name."""
    lead = _LEAD.match(text)
    begin = end = lead.end() if lead else 0
    for count in range(1, _MOST_WORDS + 1):
        word = _WORD.match(text, end)
        if word is None or (count == 1 and word[0].strip().lower() in _NO_NAMES):
            return None
        end = word.end()
        line = f"{text[:begin]}{STAND_IN} {text[end:]}"
        if count > 1 and _parses(line):
            return Company(" ".join(text[begin:end].split()), line)
    return None


def _parses(line: str) -> bool:
    try:
        parse(line, _ANY_TIME, ZoneInfo("UTC"))
    except AlertSyntaxError:
        return False
    return True
