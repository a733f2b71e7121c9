"""Webhooks: /hook, its buttons, and the admins' say about hosts."""

import re
import secrets
from collections.abc import Callable

from alerts.rulebook import Rulebook
from bot.address import UrlFault
from bot.callback_data import Callback
from bot.handlers.place import show
from bot.handlers.ports import HookBook, HookNews, Reply
from bot.request import Press, TextIn
from bot.views import hooks as views
from bot.views.help import admins_only
from bot.views.message import Message
from market.clock import Clock
from storage.hook import Hook
from trading.access import Role

_SECRET_BYTES = 32
_LINE = re.compile(r"#?(?P<id>[1-9][0-9]{0,17})(?:\s+(?P<rest>\S+))?")
_OFF = frozenset({"off", "remove", "none"})


class HookHandler:
    """
    Sets, tests and removes webhooks; lets admins allow and forbid hosts.

    *check* says what is wrong with an address as it is written; where it leads to is checked at every send.
    """

    def __init__(
        self,
        *,
        reply: Reply,
        rulebook: Rulebook,
        hooks: HookBook,
        news: HookNews,
        check: Callable[[str], UrlFault | None],
        clock: Clock,
        new_secret: Callable[[], str] = lambda: secrets.token_urlsafe(_SECRET_BYTES),
    ) -> None:
        self._reply = reply
        self._rulebook = rulebook
        self._hooks = hooks
        self._news = news
        self._check = check
        self._clock = clock
        self._new_secret = new_secret

    async def hook(self, request: TextIn) -> None:
        """Take `/hook`, `/hook 3`, `/hook 3 <address>`, `/hook 3 test`, `/hook 3 off`, `/hook hosts`."""
        answer = await self._answer(request)
        await self._reply.send(request.chat_id, answer, reply_to=request.message_id)

    async def on_card(self, press: Press, callback: Callback) -> None:
        """Show an alert's webhook. Raises RuleGone."""
        if await self._is_public(press):
            return
        message = await self._card(callback.number(1), press.user_id)
        await self._reply.answer(press)
        await show(self._reply, press, callback, message)

    async def on_test(self, press: Press, callback: Callback) -> None:
        """Send a test. Raises RuleGone."""
        if await self._is_public(press):
            return
        message = await self._test(callback.number(1), press.user_id)
        await self._reply.answer(press)
        await self._reply.send(press.chat_id, message, reply_to=press.message_id)

    async def on_remove(self, press: Press, callback: Callback) -> None:
        """Remove a webhook. Raises RuleGone."""
        rule = await self._rulebook.get(callback.number(1), press.user_id)
        was_set = await self._hooks.remove(rule.id)
        await self._reply.answer(press, "Removed" if was_set else "It has none.")
        await show(self._reply, press, callback, views.removed(rule.id, was_set=was_set))

    async def on_allow(self, press: Press, callback: Callback) -> None:
        """Allow a host, for an admin."""
        hook = self._asked_about(callback)
        if hook is None:
            await self._reply.answer(press, "That webhook goes elsewhere by now. Nothing was allowed.", alert=True)
            return
        await self._hooks.allow(hook.host, press.user_id, self._clock.now())
        await self._reply.answer(press, "Allowed")
        await self._reply.edit(press.chat_id, press.message_id, views.decided(hook.host, is_allowed=True))
        for other in self._hooks.of_host(hook.host):
            await self._news.decided(other, is_allowed=True)

    async def on_refuse(self, press: Press, callback: Callback) -> None:
        """Refuse a host, for an admin: the webhook that needed it is removed."""
        hook = self._asked_about(callback)
        if hook is None or hook.host in self._hooks.hosts():
            await self._reply.answer(press, "It is decided already. Nothing was changed.", alert=True)
            return
        await self._hooks.remove(hook.rule_id)
        await self._reply.answer(press, "Refused")
        await self._reply.edit(press.chat_id, press.message_id, views.decided(hook.host, is_allowed=False))
        await self._news.decided(hook, is_allowed=False)

    async def on_forbid(self, press: Press, callback: Callback) -> None:
        """Take back that a host is allowed, for an admin."""
        host = next((one for one in self._hooks.hosts() if views.digest_of(one) == callback.args[0]), None)
        if host is None:
            await self._reply.answer(press, "It is not allowed any more.")
            return
        concerned = self._hooks.of_host(host)
        await self._hooks.forbid(host)
        await self._reply.answer(press, "Forbidden")
        await self._reply.edit(press.chat_id, press.message_id, views.hosts(self._hooks.hosts()))
        for hook in concerned:
            await self._news.decided(hook, is_allowed=False)

    async def _answer(self, request: TextIn) -> Message:
        said = request.args.strip()
        if request.chat_id != request.user_id:
            return views.private_only()
        if said.lower() == "hosts":
            return views.hosts(self._hooks.hosts()) if request.role >= Role.ADMIN else admins_only("/hook hosts")
        if not said:
            owned = {rule.id for rule in await self._rulebook.owned_by(request.user_id)}
            mine = [hook for hook in self._hooks.of_owner(request.user_id) if hook.rule_id in owned]
            return views.overview(mine, self._hooks.hosts())
        line = _LINE.fullmatch(said)
        if line is None:
            return views.what_of_it(said)
        return await self._of_rule(int(line["id"]), line["rest"] or "", request.user_id)

    async def _of_rule(self, rule_id: int, rest: str, user_id: int) -> Message:
        if not rest:
            return await self._card(rule_id, user_id)
        if rest.lower() == "test":
            return await self._test(rule_id, user_id)
        rule = await self._rulebook.get(rule_id, user_id)
        if rest.lower() in _OFF:
            return views.removed(rule.id, was_set=await self._hooks.remove(rule.id))
        fault = self._check(rest)
        if fault is not None:
            return views.refused(rest, fault)
        hook = Hook(rule.id, user_id, rest, self._new_secret(), self._clock.now())
        await self._hooks.save(hook)
        is_allowed = hook.host in self._hooks.hosts()
        asked = 0 if is_allowed else await self._news.ask(hook, rule.text)
        return views.saved(hook, is_allowed=is_allowed, asked=asked)

    async def _card(self, rule_id: int, user_id: int) -> Message:
        rule = await self._rulebook.get(rule_id, user_id)
        hook = self._hooks.get(rule.id)
        return views.card(rule, hook, is_allowed=hook is not None and hook.host in self._hooks.hosts())

    async def _test(self, rule_id: int, user_id: int) -> Message:
        rule = await self._rulebook.get(rule_id, user_id)
        hook = self._hooks.get(rule.id)
        if hook is None:
            return views.removed(rule.id, was_set=False)
        if hook.host not in self._hooks.hosts():
            return views.not_allowed_yet(hook)
        await self._news.test(hook)
        return views.testing(hook)

    async def _is_public(self, press: Press) -> bool:
        """Return whether others would read the answer, and say so."""
        if press.chat_id == press.user_id:
            return False
        await self._reply.answer(press, "In our private chat only: /hook", alert=True)
        return True

    def _asked_about(self, callback: Callback) -> Hook | None:
        """Return the webhook that an admin was asked about, None where it goes elsewhere or is gone by now."""
        hook = self._hooks.get(callback.number(0))
        return hook if hook is not None and views.digest_of(hook.host) == callback.args[1] else None
