"""Callback and inline queries that wait for the bot's answer: one each, in time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from simulator.telegram.clock import unix
from simulator.telegram.errors import bad_request

if TYPE_CHECKING:
    from simulator.telegram.clock import Clock

CALLBACK_LIFE_S = 150
INLINE_LIFE_S = 30
_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


@dataclass(slots=True)
class Query:
    """A tap on a button, or an inline query, by *user_id*; *answer* is what the bot said to it."""

    id: str
    user_id: int
    expires: int
    chat_id: int | None = None
    message_id: int | None = None
    answer: dict[str, Any] | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)


class Queries:
    """All queries by id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queries: dict[str, Query] = {}
        self._numbers = count(1)

    def ask(self, user_id: int, life_s: int, chat_id: int | None = None, message_id: int | None = None) -> Query:
        """Open a query by *user_id*, which may be answered for *life_s* seconds."""
        identifier = str((user_id << 32) + next(self._numbers))
        query = Query(identifier, user_id, unix(self._clock) + life_s, chat_id, message_id)
        self._queries[identifier] = query
        return query

    def answer(self, query_id: str, answer: dict[str, Any]) -> Query:
        """Give *query_id* its one answer; a 400 where it is unknown, answered already or too old."""
        query = self._queries.get(query_id)
        if query is None or query.answer is not None or unix(self._clock) >= query.expires:
            raise bad_request(_TOO_OLD)
        query.answer = answer
        query.answered.set()
        return query

    def find(self, query_id: str) -> Query | None:
        """Return the query *query_id*, None where there never was one."""
        return self._queries.get(query_id)

    async def wait(self, query: Query, seconds: float) -> dict[str, Any] | None:
        """Return the answer to *query* when it has come within *seconds*, else None."""
        try:
            async with asyncio.timeout(seconds):
                await query.answered.wait()
        except TimeoutError:
            return None
        return query.answer
