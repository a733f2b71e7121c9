"""Headlines and articles."""

from dataclasses import dataclass
from datetime import datetime

BROAD_TAPE = 0
"""The contract id that stands for headlines of every provider about anything."""

BULLETINS = -1
"""The contract id that stands for IBKR's own bulletins (an exchange is down, the system restarts)."""

BULLETIN_PROVIDER = "IBKR"


@dataclass(frozen=True, slots=True)
class Provider:
    """A news provider: IBKR's *code* (DJNL) and its *name*."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Headline:
    """
    One headline, its metadata prefix (`{A:800015:L:en}`) already taken off.

    *provider* and *article_id* together are IBKR's identity of the story; *con_id* is the instrument whose
    subscription brought it (0: broad tape, -1: a bulletin of IBKR itself); *language* is empty where the provider gives
    none; *is_hot*: the provider marked it with a bang.
    """

    provider: str
    article_id: str
    text: str
    time: datetime
    con_id: int = 0
    language: str = ""
    is_hot: bool = False


@dataclass(frozen=True, slots=True)
class Article:
    """
    The story behind a headline: *body* is HTML or plain text, as the provider sent it.

    *document* is the story where IBKR has it as a binary (PDF) only; *body* is empty then.
    """

    provider: str
    article_id: str
    body: str
    document: bytes | None = None
