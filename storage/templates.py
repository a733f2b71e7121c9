"""Templates: what people want their alerts to say, for one alert or for a kind of alert."""

from collections.abc import Mapping

from sqlalchemy import String, cast, delete, literal, select

from alerts.default import kind_of
from alerts.rule import Rule
from storage.database import Database
from storage.statement import upsert
from storage.tables import rules, templates

_RULE = "rule:"


def of_rule(rule_id: int) -> str:
    """Return the scope of one alert."""
    return f"{_RULE}{rule_id}"


def of_kind(kind: str) -> str:
    """Return the scope of a kind of alert."""
    return f"kind:{kind}"


class SqlTemplates:
    """
    Keeps templates by person and scope; all of them in memory too, since each firing asks for its own.

    `load` comes first.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[int, str], str] = {}

    async def load(self) -> None:
        """Read every template; those of alerts that are gone for good are forgotten."""
        living = select(literal(_RULE).concat(cast(rules.c.id, String)))
        orphans = templates.c.scope.startswith(_RULE), templates.c.scope.not_in(living)
        async with self._database.writing() as connection:
            await connection.execute(delete(templates).where(*orphans))
            rows = await connection.execute(select(templates))
            self._known = {(row.user_id, row.scope): row.text for row in rows}

    def of(self, user_id: int, *scopes: str) -> str | None:
        """Return the template of the first of *scopes* that has one, or None."""
        return next((found for scope in scopes if (found := self._known.get((user_id, scope))) is not None), None)

    def of_alert(self, rule: Rule) -> str | None:
        """Return what *rule* is to say: its own template, else that of its kind, else None."""
        return self.of(rule.owner_id, of_rule(rule.id), of_kind(kind_of(rule.draft.condition).value))

    def all_of(self, user_id: int) -> Mapping[str, str]:
        """Return all templates of one person, by scope."""
        return {scope: said for (owner, scope), said in sorted(self._known.items()) if owner == user_id}

    async def save(self, user_id: int, scope: str, said: str) -> None:
        """Store a template, in the place of an earlier one."""
        async with self._database.writing() as connection:
            statement = upsert(connection, templates, "user_id", "scope")
            await connection.execute(statement, {"user_id": user_id, "scope": scope, "text": said})
        self._known[user_id, scope] = said

    async def remove(self, user_id: int, scope: str) -> bool:
        """Forget a template; False where there was none."""
        mine = templates.c.user_id == user_id, templates.c.scope == scope
        async with self._database.writing() as connection:
            removed = (await connection.execute(delete(templates).where(*mine))).rowcount == 1
        self._known.pop((user_id, scope), None)
        return removed
