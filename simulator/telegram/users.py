"""The people of the demo, the bot, and whoever else turns up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ANONYMOUS_ADMIN = 1087968824


@dataclass(frozen=True, slots=True)
class User:
    """A Telegram user. *role* is only a label for the page: the simulator knows nothing of rights."""

    id: int
    first_name: str
    username: str = ""
    role: str = ""
    is_bot: bool = False
    language_code: str = ""

    def json(self) -> dict[str, Any]:
        """Return the Bot API's User object."""
        found: dict[str, Any] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            found["username"] = self.username
        if self.language_code:
            found["language_code"] = self.language_code
        return found


DEMO = (
    User(111, "Ada", "ada", "admin", language_code="en"),
    User(222, "Tom", "tom", "trader", language_code="en"),
    User(333, "Vera", "vera", "viewer", language_code="en"),
    User(999, "Stranger", role="stranger", language_code="en"),
)
GROUP_ANONYMOUS_BOT = User(ANONYMOUS_ADMIN, "Group", "GroupAnonymousBot", is_bot=True)


class Users:
    """Everybody by id; an id never seen becomes "User <id>"."""

    def __init__(self, bot: User) -> None:
        self.bot = bot
        self._known = {user.id: user for user in (*DEMO, GROUP_ANONYMOUS_BOT, bot)}

    def get(self, user_id: int) -> User:
        """Return the user *user_id*, made up on first sight."""
        return self._known.setdefault(user_id, User(user_id, f"User {user_id}", language_code="en"))

    def add(self, user: User) -> None:
        """Make *user* known, replacing whoever had the id."""
        self._known[user.id] = user

    def people(self) -> list[User]:
        """Return the known humans, the demo's first."""
        return [user for user in self._known.values() if not user.is_bot]
