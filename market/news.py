"""Headlines and articles."""

from dataclasses import dataclass
from datetime import datetime


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
    subscription brought it (0: broad tape); *language* is empty where the provider gives none.
    """

    provider: str
    article_id: str
    text: str
    time: datetime
    con_id: int = 0
    language: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """The story behind a headline: *body* is HTML or plain text, as the provider sent it."""

    provider: str
    article_id: str
    body: str
