"""
Words made while the disk is waited for: rows that are being committed are rendered already, and sent once they are.

A commit costs about a millisecond in which the loop would idle, and so do the words.
"""

from collections.abc import Callable, Sequence

from bot.views.message import Message
from market.clock import Clock
from storage.message import OutboxMessage

# Of many at once the rest is rendered as it is sent: the loop must not be busy with words for long.
_MOST = 4
# Words say how late they are, and the price now.
_FRESH_S = 0.5


class WordsAhead:
    """
    Renders rows that are coming; *unrenderable* are the errors of rows that cannot be.

    *prepare* gets each of these messages, and does what else a send needs.
    """

    def __init__(
        self,
        render: Callable[[OutboxMessage], Message],
        unrenderable: tuple[type[Exception], ...],
        clock: Clock,
        prepare: Callable[[Message], object] = lambda _words: None,
    ) -> None:
        self._render = render
        self._prepare = prepare
        self._unrenderable = unrenderable
        self._clock = clock
        self._made: dict[int, tuple[OutboxMessage, Message, float]] = {}

    def prepare(self, rows: Sequence[OutboxMessage]) -> None:
        """Make the words of the first of *rows*; what was made before and not asked for is dropped."""
        self._made.clear()
        for row in rows[:_MOST]:
            if row.target is not None:
                continue
            try:
                words = self._render(row)
                self._prepare(words)
            except self._unrenderable:
                # It fails again as it is sent, and then is told to whom it concerns.
                continue
            self._made[row.id] = (row, words, self._clock.monotonic())

    def of(self, row: OutboxMessage) -> Message:
        """Return *row*'s words; raises what rendering raises."""
        row_made, words, at = self._made.pop(row.id, (None, None, 0.0))
        # Of a commit that was taken back the id may come again: only the same object is the same row.
        if words is not None and row_made is row and self._clock.monotonic() - at < _FRESH_S:
            return words
        return self._render(row)
