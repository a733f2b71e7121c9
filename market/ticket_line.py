"""A typed order line as words, and how it is refused: with the place, what was expected there, and lines that work."""

import re
from dataclasses import dataclass
from typing import NoReturn

from market.errors import TicketSyntaxError

EXAMPLES = ("buy 10 AAPL 199.5", "sell 5 MSFT market")
"""Two lines that work."""

MAX_LENGTH = 300
"""The longest line that is read; the longest ticket is written in fewer characters."""

_WORD = re.compile(r"(?<!\S)@|\S+")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the line and where it begins."""

    text: str
    start: int

    @property
    def lower(self) -> str:
        """The word in lower case, as keywords are compared."""
        return self.text.lower()

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)

    @property
    def digits(self) -> str:
        """The word without its currency sign."""
        return self.text.removeprefix("$")

    @property
    def is_number(self) -> bool:
        """Whether it begins as a number does, with a currency or minus sign or without."""
        return self.digits.removeprefix("-")[:1] in set("0123456789.")


class Line:
    """The words of a line, taken from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text[: MAX_LENGTH + 1]
        self.words = [Word(match.group(), match.start()) for match in _WORD.finditer(self.text)]
        self._next = 0
        if len(self.text) > MAX_LENGTH:
            self.refuse(MAX_LENGTH, f"at most {MAX_LENGTH} characters")

    def take(self) -> Word | None:
        """Return the next word and step over it, None at the end."""
        word = self.peek()
        self._next += word is not None
        return word

    def peek(self, ahead: int = 0) -> Word | None:
        """Return the next word, or the one *ahead* of it, without taking it."""
        place = self._next + ahead
        return self.words[place] if place < len(self.words) else None

    def following(self, *words: str) -> Word | None:
        """Take and return the next word if it is one of *words* (in lower case)."""
        word = self.peek()
        return self.take() if word is not None and word.lower in words else None

    def instead(self, word: Word, *texts: str) -> tuple[str, ...]:
        """Return the line with each of *texts* in the place of *word*."""
        return tuple(f"{self.text[: word.start]}{text}{self.text[word.end :]}".strip() for text in texts)

    def refuse(self, at: "Word | int | None", expected: str, examples: tuple[str, ...] = EXAMPLES) -> NoReturn:
        """Raise TicketSyntaxError at a word or an offset, or at the end of the line."""
        place = len(self.text) if at is None else at if isinstance(at, int) else at.start
        raise TicketSyntaxError(self.text, place, expected, examples)
