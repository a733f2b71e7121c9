"""Rules, as JSON beside what is searched for."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    bindparam,
    cast,
    delete,
    insert,
    select,
    update,
)

from alerts.codec import rule_from_json, rule_to_json
from alerts.rule import Rule, RuleState
from storage.database import Database
from storage.prepared import Prepared
from storage.tables import rules

_PAGE = 1000
_WATCHING = (RuleState.ARMED, RuleState.PENDING, RuleState.BLIND, RuleState.SNOOZED)


class SqlRuleStore:
    """
    Implements `alerts.ports.RuleStore`. An id is never used twice, also not after a deletion.

    *role_of* returns None for people who are not on the list (any more): their rules are kept, and not watched.
    """

    def __init__(self, database: Database, role_of: Callable[[int], object] | None = None) -> None:
        self._database = database
        self._role_of = role_of

    async def add(self, rule: Rule) -> Rule:
        """Store a rule and return it with its id; one that has an id (an undone deletion) keeps it."""
        values = rule_columns(rule) | ({"id": rule.id} if rule.id else {})
        statement = insert(rules).values(**values).returning(rules.c.id)
        async with self._database.writing() as connection:
            rule_id = (await connection.execute(statement)).scalar_one()
        return replace(rule, id=rule_id)

    async def get(self, rule_id: int) -> Rule | None:
        """Return the rule, or None where it is gone."""
        found = await self._select(_ONE, rule_id)
        return found[0] if found else None

    async def owned_by(self, owner_id: int) -> Sequence[Rule]:
        """Return all rules of one user, by id."""
        return await self._select(_OWNED, owner_id)

    async def watching(self) -> Sequence[Rule]:
        """
        Return every rule of a listed person for which `Rule.is_watching` holds, by id.

        Read in pages: 100,000 rows as JSON beside the rules made of them would take memory that is never given back.
        """
        found: list[Rule] = []
        while page := await self._page(found[-1].id if found else 0):
            found += page
        role_of = self._role_of
        return found if role_of is None else [rule for rule in found if role_of(rule.owner_id) is not None]

    async def save(self, rule: Rule) -> None:
        """
        Store the rule's new state, text and memory; a deleted one stays deleted.

        One that has fired since *rule* was read stays as its firing left it.
        """
        not_ahead = rules.c.id == rule.id, rules.c.fired_count <= rule.fired_count
        async with self._database.writing() as connection:
            await connection.execute(update(rules).where(*not_ahead).values(**rule_columns(rule)))

    async def delete(self, rule_id: int) -> None:
        """Remove the rule; its firings stay."""
        async with self._database.writing() as connection:
            await connection.execute(delete(rules).where(rules.c.id == rule_id))

    async def _page(self, after: int) -> list[Rule]:
        watching = rules.c.state.in_(_WATCHING), rules.c.id > after
        statement = select(rules.c.id, rules.c.data).where(*watching).order_by(rules.c.id).limit(_PAGE)
        async with self._database.reading() as connection:
            return [_rule(rule_id, data) for rule_id, data in await connection.execute(statement)]

    async def _select(self, question: Prepared, sought: int) -> list[Rule]:
        found = await self._database.reader.run(lambda connection: question.rows(connection, {"sought": sought}))
        return [_stored(rule_id, data) for rule_id, data in found]


def _where(column: ColumnElement[int]) -> Prepared:
    """Return the question for the rules whose *column* is what is sought: their ids, and they as text."""
    found = select(rules.c.id, cast(rules.c.data, Text)).where(column == bindparam("sought")).order_by(rules.c.id)
    return Prepared(lambda _connection: found)


_ONE, _OWNED = _where(rules.c.id), _where(rules.c.owner_id)


def rule_columns(rule: Rule, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what a row holds of *rule*, but for its id; *data*: the rule as JSON, where that is at hand already."""
    return {
        "owner_id": rule.owner_id,
        "chat_id": rule.chat_id,
        "text": rule.text,
        "state": rule.state,
        "fired_count": rule.fired_count,
        "since": rule.since,
        "data": rule_to_json(rule) if data is None else data,
    }


@lru_cache(maxsize=1024)
def _stored(rule_id: int, data: str) -> Rule:
    """Return the rule; most of a list are as they were when it was last asked for."""
    return _rule(rule_id, json.loads(data))


def _rule(rule_id: int, data: dict[str, Any]) -> Rule:
    # The JSON of a new rule was written before the database gave it its id.
    data["id"] = rule_id
    return rule_from_json(data)
