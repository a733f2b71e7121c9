"""Who may do what. Who comes and goes while the bot runs is the business of `bot/membership.py`."""

from collections.abc import Mapping, MutableMapping
from enum import IntEnum


class Role(IntEnum):
    """A person's role; a higher one may do all that a lower one may."""

    VIEWER = 1
    TRADER = 2
    ADMIN = 3


class Roster:
    """
    The people who are in: Telegram user id to role. Whoever is not in it does not exist for the bot.

    There is one of it, asked anew for every update and again by the order desk: who is dismissed is out at once.
    """

    def __init__(self, roles: MutableMapping[int, Role] | None = None) -> None:
        self._roles = {} if roles is None else roles

    @property
    def roles(self) -> Mapping[int, Role]:
        """Everyone's role, as it is at the time of looking."""
        return self._roles

    def role_of(self, user_id: int) -> Role | None:
        """Return the user's role, or None for a stranger."""
        return self._roles.get(user_id)

    def may(self, user_id: int, role: Role) -> bool:
        """Return whether the user has at least *role*."""
        held = self._roles.get(user_id)
        return held is not None and held >= role

    @property
    def admins(self) -> tuple[int, ...]:
        """The admins' user ids."""
        return tuple(user for user, role in self._roles.items() if role is Role.ADMIN)

    def admit(self, user_id: int, role: Role) -> None:
        """Let someone in, or change their role."""
        self._roles[user_id] = role

    def dismiss(self, user_id: int) -> None:
        """Let someone in no more."""
        self._roles.pop(user_id, None)
