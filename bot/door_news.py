"""What is told about people who come and go, through the outbox."""

from bot.notices import Notices
from bot.strangers import Stranger
from bot.views.notices import Notice
from market.clock import Clock
from storage.outbox import SqlOutbox
from trading.access import Role


class DoorNews:
    """Tells admins of strangers, pairings and second steps, and tells someone that they are in."""

    def __init__(self, notices: Notices, outbox: SqlOutbox, clock: Clock) -> None:
        self._notices = notices
        self._outbox = outbox
        self._clock = clock

    async def met(self, stranger: Stranger, role: Role | None) -> None:
        """Tell the admins of a stranger, once for good; or, with a *role*, of someone whom a pairing code let in."""
        admins = [chat for chat in await self._notices.chats(admins_only=True) if chat != stranger.user_id]
        user_id, name = stranger.user_id, stranger.name
        if role is None:
            await self._notices.tell(admins, Notice.STRANGER, _key(user_id), user_id=user_id, name=name)
            return
        key = f"paired:{user_id}:{self._clock.now().isoformat()}"
        await self._notices.tell(admins, Notice.PAIRED, key, user_id=user_id, name=name, role=role.name.lower())

    async def name_of(self, user_id: int) -> str:
        """Return what a stranger called themselves in the notice about them, or ""."""
        rows = await self._outbox.beginning(f"{_key(user_id)}:")
        return str(rows[0].payload["name"]) if rows else ""

    async def second_step(self, user_id: int, what: str) -> None:
        """Tell the other admins what happened to someone's second step; *what* as in `views.second_step.news`."""
        admins = [chat for chat in await self._notices.chats(admins_only=True) if chat != user_id]
        key = f"second step:{user_id}:{what}:{self._clock.now().isoformat()}"
        await self._notices.tell(admins, Notice.SECOND_STEP, key, user_id=user_id, what=what)

    async def let_in(self, user_id: int) -> None:
        """Tell someone that an admin has let them in."""
        key = f"let in:{user_id}:{self._clock.now().isoformat()}"
        await self._notices.tell([user_id], Notice.LET_IN, key)


def _key(user_id: int) -> str:
    return f"stranger:{user_id}"
