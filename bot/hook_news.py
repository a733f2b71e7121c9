"""What is told about webhooks, and the tests that people ask for: all through the outbox."""

from bot.hooks import KIND
from bot.notices import Notices
from bot.views.envelope import test_payload
from bot.views.notices import Notice
from market.clock import Clock
from storage.hook import Hook
from storage.message import NewMessage, OutboxMessage
from storage.outbox import SqlOutbox


class HookNews:
    """Implements `bot.handlers.ports.HookNews`, and hears of the courier's failures and tests."""

    def __init__(self, notices: Notices, outbox: SqlOutbox, clock: Clock) -> None:
        self._notices = notices
        self._outbox = outbox
        self._clock = clock

    async def ask(self, hook: Hook, alert: str) -> int:
        """Ask the admins whether *hook*'s host is allowed; return how many of them have a chat with the bot."""
        admins = await self._notices.chats(admins_only=True)
        key = f"hook host:{hook.rule_id}:{hook.at.isoformat()}"
        await self._notices.tell(
            admins, Notice.HOOK_HOST, key, rule_id=hook.rule_id, host=hook.host, owner=hook.owner_id, alert=alert
        )
        return len(admins)

    async def decided(self, hook: Hook, *, is_allowed: bool) -> None:
        """Tell a webhook's owner what an admin decided about its host."""
        key = f"hook decided:{hook.rule_id}:{self._clock.now().isoformat()}"
        await self._notices.tell(
            [hook.owner_id], Notice.HOOK_DECIDED, key, rule_id=hook.rule_id, host=hook.host, allowed=is_allowed
        )

    async def test(self, hook: Hook) -> None:
        """Send a test; what becomes of it is told by `tested`."""
        now = self._clock.now()
        key = f"webhook test:{hook.rule_id}:{now.isoformat()}"
        payload = test_payload(hook.rule_id, key, now)
        await self._outbox.put(NewMessage(hook.owner_id, KIND, key, payload, target=hook.url))

    async def tested(self, hook: Hook, row: OutboxMessage, reason: str) -> None:
        """Tell what became of a test; *reason* is "" where it arrived."""
        await self._tell(hook, Notice.HOOK_TESTED, f"hook tested:{row.id}", reason)

    async def gave_up(self, hook: Hook, row: OutboxMessage, reason: str) -> None:
        """Tell that a webhook took nothing for a day; once a day, however many firings that concerns."""
        key = f"hook failed:{hook.rule_id}:{row.happened:%Y%m%d}"
        await self._tell(hook, Notice.HOOK_FAILED, key, reason)

    async def _tell(self, hook: Hook, notice: Notice, key: str, reason: str) -> None:
        await self._notices.tell([hook.owner_id], notice, key, rule_id=hook.rule_id, host=hook.host, reason=reason)
