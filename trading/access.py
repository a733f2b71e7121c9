"""Who may do what. Ids and roles come from the environment, which is the ceiling."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Role(IntEnum):
    """A person's role; a higher one may do all that a lower one may."""

    VIEWER = 1
    TRADER = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Roster:
    """The whitelisted people: Telegram user id to role. Whoever is not in it does not exist for the bot."""

    roles: Mapping[int, Role] = field(default_factory=dict)

    def role_of(self, user_id: int) -> Role | None:
        """Return the user's role, or None for a stranger."""
        return self.roles.get(user_id)

    def may(self, user_id: int, role: Role) -> bool:
        """Return whether the user has at least *role*."""
        held = self.roles.get(user_id)
        return held is not None and held >= role

    @property
    def admins(self) -> tuple[int, ...]:
        """The admins' user ids."""
        return tuple(user for user, role in self.roles.items() if role is Role.ADMIN)
