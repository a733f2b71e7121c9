"""From a text or a press to the handler that answers it; and from a room's error to a sentence."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from alerts.company import company_of
from alerts.errors import AlertError
from alerts.language import looks_like_alert
from bot.callback_data import BadCallback, Callback, Code, decode
from bot.commands import Command, Handlers
from bot.errors import DeliveryError
from bot.handlers.watching import looks_like_each
from bot.request import FileIn, Press, TextIn
from bot.views import help as views
from bot.views.errors import explain
from bot.views.message import Message
from market.clock import Clock
from market.errors import MarketError
from market.ticket import looks_like_ticket
from storage.errors import StorageUnavailable
from trading.access import Role
from trading.errors import TradingError

_log = logging.getLogger(__name__)

TOO_OLD = timedelta(minutes=10)
"""Telegram keeps messages for a day; what was meant so long ago may not be meant any more."""

# In capitals it may be a ticker.
_SPOKEN = {
    **dict.fromkeys(("help", "Help", "help!", "?"), "/help"),
    **{said: f"/{said.lower()}" for word in ("news", "scan", "movers") for said in (word, word.capitalize())},
}
"""Words that are commands without their slash."""
_TOLD = (MarketError, AlertError, TradingError, StorageUnavailable)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a press goes, and the role it takes; the order desk asks for the role again."""

    role: Role
    handler: Callable[[Handlers, Press, Callback], Awaitable[None]]


_VIEWER, _TRADER, _ADMIN = Role.VIEWER, Role.TRADER, Role.ADMIN
_ROUTES: Mapping[Code, Route] = {
    Code.ALERT_LINE: Route(_VIEWER, lambda to, press, said: to.alerts.on_line(press, said)),
    Code.ALERT_LIST: Route(_VIEWER, lambda to, press, said: to.alert_list.on_list(press, said)),
    Code.ALERT_FOUND: Route(_VIEWER, lambda to, press, said: to.alert_list.on_found(press, said)),
    Code.ALERT_FILTERS: Route(_VIEWER, lambda to, press, said: to.alert_list.on_filters(press, said)),
    Code.ALERT_ALL: Route(_VIEWER, lambda to, press, said: to.alert_list.on_all(press, said)),
    Code.ALERT_PURGE: Route(_VIEWER, lambda to, press, said: to.alert_list.on_purge(press, said)),
    Code.ALERT_EDIT: Route(_VIEWER, lambda to, press, said: to.editing.on_edit(press, said)),
    Code.ALERT_SET: Route(_VIEWER, lambda to, press, said: to.editing.on_set(press, said)),
    Code.ALERT_ASK: Route(_VIEWER, lambda to, press, said: to.editing.on_ask(press, said)),
    Code.ALERT_SNOOZE: Route(_VIEWER, lambda to, press, said: to.editing.on_snooze(press, said)),
    Code.ALERT_CLONE: Route(_VIEWER, lambda to, press, said: to.editing.on_clone(press, said)),
    Code.ALERT_HISTORY: Route(_VIEWER, lambda to, press, said: to.past.on_history(press, said)),
    Code.ALERT_CHART: Route(_VIEWER, lambda to, press, said: to.past.on_chart(press, said)),
    Code.ALERT_BACKTEST: Route(_VIEWER, lambda to, press, said: to.past.on_backtest(press, said)),
    Code.TEMPLATE_CARD: Route(_VIEWER, lambda to, press, said: to.template.on_card(press, said)),
    Code.TEMPLATE_ASK: Route(_VIEWER, lambda to, press, said: to.template.on_ask(press, said)),
    Code.TEMPLATE_RESET: Route(_VIEWER, lambda to, press, said: to.template.on_reset(press, said)),
    Code.HOOK_CARD: Route(_VIEWER, lambda to, press, said: to.hooks.on_card(press, said)),
    Code.HOOK_TEST: Route(_VIEWER, lambda to, press, said: to.hooks.on_test(press, said)),
    Code.HOOK_REMOVE: Route(_VIEWER, lambda to, press, said: to.hooks.on_remove(press, said)),
    Code.HOOK_ALLOW: Route(_ADMIN, lambda to, press, said: to.hooks.on_allow(press, said)),
    Code.HOOK_REFUSE: Route(_ADMIN, lambda to, press, said: to.hooks.on_refuse(press, said)),
    Code.HOOK_FORBID: Route(_ADMIN, lambda to, press, said: to.hooks.on_forbid(press, said)),
    Code.BACKTEST_LINE: Route(_VIEWER, lambda to, press, said: to.past.on_line(press, said)),
    Code.EXPORT: Route(_VIEWER, lambda to, press, said: to.exchange.on_export(press, said)),
    Code.ALERT_CALM: Route(_VIEWER, lambda to, press, said: to.settings.on_calm(press, said)),
    Code.DIGEST: Route(_VIEWER, lambda to, press, said: to.digest.on_page(press, said)),
    Code.SETTINGS: Route(_VIEWER, lambda to, press, said: to.settings.on_settings(press, said)),
    Code.SETTING: Route(_VIEWER, lambda to, press, said: to.settings.on_set(press, said)),
    Code.FORM_DO: Route(_VIEWER, lambda to, press, said: to.forms.on_do(press, said)),
    Code.FORM_DROP: Route(_VIEWER, lambda to, press, said: to.forms.on_drop(press, said)),
    Code.WATCH_LIST: Route(_VIEWER, lambda to, press, said: to.watching.on_list(press, said)),
    Code.WATCH_ADD: Route(_VIEWER, lambda to, press, said: to.watching.on_add(press, said)),
    Code.WATCH_DROP: Route(_VIEWER, lambda to, press, said: to.watching.on_drop(press, said)),
    Code.WIZARD: Route(_VIEWER, lambda to, press, said: to.wizard.on_press(press, said)),
    Code.ALERT_CARD: Route(_VIEWER, lambda to, press, said: to.alerts.on_card(press, said)),
    Code.ALERT_PAUSE: Route(_VIEWER, lambda to, press, said: to.alerts.on_pause(press, said)),
    Code.ALERT_RESUME: Route(_VIEWER, lambda to, press, said: to.alerts.on_resume(press, said)),
    Code.ALERT_REARM: Route(_VIEWER, lambda to, press, said: to.alerts.on_rearm(press, said)),
    Code.ALERT_DELETE: Route(_VIEWER, lambda to, press, said: to.alerts.on_delete(press, said)),
    Code.ALERT_RESTORE: Route(_VIEWER, lambda to, press, said: to.alerts.on_restore(press, said)),
    Code.ALERT_SPLIT: Route(_VIEWER, lambda to, press, said: to.alerts.on_split(press, said)),
    Code.ALERT_UNDO: Route(_VIEWER, lambda to, press, said: to.alerts.on_undo(press, said)),
    Code.OPTIONS: Route(_TRADER, lambda to, press, said: to.options.on_press(press, said)),
    Code.OPTIONS_OPEN: Route(_TRADER, lambda to, press, said: to.options.on_open(press, said)),
    Code.GUIDE: Route(_VIEWER, lambda to, press, said: to.guide.on_page(press, said)),
    Code.ORDER_LINE: Route(_TRADER, lambda to, press, said: to.ticket.on_line(press, said)),
    Code.ORDER_PRICE: Route(_TRADER, lambda to, press, said: to.ticket.on_price(press, said)),
    Code.ORDER_THEN: Route(_TRADER, lambda to, press, said: to.ticket.on_then(press, said)),
    Code.ORDER_KEPT: Route(_TRADER, lambda to, press, said: to.ticket.on_kept(press, said)),
    Code.ORDER_EDIT: Route(_TRADER, lambda to, press, said: to.card_edit.on_edit(press, said)),
    Code.ORDER_SET: Route(_TRADER, lambda to, press, said: to.card_edit.on_set(press, said)),
    Code.ORDER_ASK: Route(_TRADER, lambda to, press, said: to.card_edit.on_ask(press, said)),
    Code.ORDER_CONFIRM: Route(_TRADER, lambda to, press, said: to.orders.on_confirm(press, said)),
    Code.ORDER_CANCEL: Route(_VIEWER, lambda to, press, said: to.orders.on_cancel(press, said)),
    Code.ORDER_WITHDRAW: Route(_TRADER, lambda to, press, said: to.working.on_withdraw(press, said)),
    Code.ORDER_CALL_OFF: Route(_TRADER, lambda to, press, said: to.working.on_call_off(press, said)),
    Code.ORDER_ALL_OFF: Route(_TRADER, lambda to, press, said: to.working.on_all_off(press, said)),
    Code.ORDER_DISOWN: Route(_TRADER, lambda to, press, said: to.working.on_disown(press, said)),
    Code.ORDER_LIST: Route(_VIEWER, lambda to, press, said: to.working.on_list(press, said)),
    Code.ORDER_MOVE: Route(_TRADER, lambda to, press, said: to.moving.on_move(press, said)),
    Code.ORDER_MOVED: Route(_TRADER, lambda to, press, said: to.moving.on_moved(press, said)),
    Code.ORDER_PRICED: Route(_TRADER, lambda to, press, said: to.moving.on_ask(press, said)),
    Code.ORDER_GUARD: Route(_TRADER, lambda to, press, said: to.moving.on_guard(press, said)),
    Code.ORDER_GUARDED: Route(_TRADER, lambda to, press, said: to.moving.on_guarded(press, said)),
    Code.ORDER_REST: Route(_TRADER, lambda to, press, said: to.rest.on_rest(press, said)),
    Code.POSITION_CLOSE: Route(_TRADER, lambda to, press, said: to.lists.on_close(press, said)),
    Code.POSITION_LIST: Route(_VIEWER, lambda to, press, said: to.portfolio.on_positions(press, said)),
    Code.POSITION_CARD: Route(_VIEWER, lambda to, press, said: to.portfolio.on_position(press, said)),
    Code.ACCOUNT: Route(_VIEWER, lambda to, press, said: to.portfolio.on_account(press, said)),
    Code.SUMMARY: Route(_VIEWER, lambda to, press, said: to.portfolio.on_summary(press, said)),
    Code.QUOTE: Route(_VIEWER, lambda to, press, said: to.quotes.on_quote(press, said)),
    Code.QUOTE_ALERT: Route(_VIEWER, lambda to, press, said: to.quotes.on_alert(press, said)),
    Code.QUOTE_TRADE: Route(_TRADER, lambda to, press, said: to.ticket.on_trade(press, said)),
    Code.NEWS_LIST: Route(_VIEWER, lambda to, press, said: to.news.on_list(press, said)),
    Code.NEWS_PAGE: Route(_VIEWER, lambda to, press, said: to.news.on_page(press, said)),
    Code.NEWS_AGAIN: Route(_VIEWER, lambda to, press, said: to.news.on_again(press, said)),
    Code.NEWS_HOME: Route(_VIEWER, lambda to, press, said: to.news.on_home(press, said)),
    Code.NEWS_STORY: Route(_VIEWER, lambda to, press, said: to.stories.on_story(press, said)),
    Code.NEWS_TOLD: Route(_VIEWER, lambda to, press, said: to.stories.on_told(press, said)),
    Code.NEWS_HUSH: Route(_VIEWER, lambda to, press, said: to.mutes.on_hush(press, said)),
    Code.NEWS_MUTE: Route(_VIEWER, lambda to, press, said: to.mutes.on_mute(press, said)),
    Code.SCAN_LIST: Route(_VIEWER, lambda to, press, said: to.scan.on_list(press, said)),
    Code.SCAN_RUN: Route(_VIEWER, lambda to, press, said: to.scan.on_run(press, said)),
    Code.SCAN_AGAIN: Route(_VIEWER, lambda to, press, said: to.scan.on_again(press, said)),
    Code.SCAN_PAGE: Route(_VIEWER, lambda to, press, said: to.scan.on_page(press, said)),
    Code.SCAN_ALERT: Route(_VIEWER, lambda to, press, said: to.scan.on_alert(press, said)),
    Code.SCAN_CHART: Route(_VIEWER, lambda to, press, said: to.scan.on_chart(press, said)),
    Code.SCAN_TYPES: Route(_VIEWER, lambda to, press, said: to.scan_browse.on_types(press, said)),
    Code.SCAN_PLACES: Route(_VIEWER, lambda to, press, said: to.scan_browse.on_places(press, said)),
    Code.SCAN_CODES: Route(_VIEWER, lambda to, press, said: to.scan_browse.on_codes(press, said)),
    Code.SCAN_FOUND: Route(_VIEWER, lambda to, press, said: to.scan_browse.on_found(press, said)),
    Code.SCAN_BUILD: Route(_VIEWER, lambda to, press, said: to.scan_build.on_build(press, said)),
    Code.SCAN_CARD: Route(_VIEWER, lambda to, press, said: to.scan_build.on_card(press, said)),
    Code.SCAN_FILTERS: Route(_VIEWER, lambda to, press, said: to.scan_build.on_filters(press, said)),
    Code.SCAN_FILTER: Route(_VIEWER, lambda to, press, said: to.scan_build.on_filter(press, said)),
    Code.SCAN_SET: Route(_VIEWER, lambda to, press, said: to.scan_build.on_set(press, said)),
    Code.SCAN_ASK: Route(_VIEWER, lambda to, press, said: to.scan_build.on_ask(press, said)),
    Code.SCAN_SAVE: Route(_VIEWER, lambda to, press, said: to.scan_saved.on_save(press, said)),
    Code.SCAN_SAVED: Route(_VIEWER, lambda to, press, said: to.scan_saved.on_saved(press, said)),
    Code.SCAN_TIME: Route(_VIEWER, lambda to, press, said: to.scan_saved.on_time(press, said)),
    Code.SCAN_PAUSE: Route(_VIEWER, lambda to, press, said: to.scan_saved.on_pause(press, said)),
    Code.SCAN_DROP: Route(_VIEWER, lambda to, press, said: to.scan_saved.on_drop(press, said)),
    Code.SCAN_RESTORE: Route(_VIEWER, lambda to, press, said: to.scan_saved.on_restore(press, said)),
    Code.SCAN_MOVERS: Route(_VIEWER, lambda to, press, said: to.movers.on_movers(press, said)),
    Code.STEP_APPROVE: Route(_TRADER, lambda to, press, said: to.second_step.on_approve(press, said)),
    Code.STEP_DECLINE: Route(_TRADER, lambda to, press, said: to.second_step.on_decline(press, said)),
    Code.MEMBER_LIST: Route(_ADMIN, lambda to, press, said: to.members.on_list(press, said)),
    Code.MEMBER_CARD: Route(_ADMIN, lambda to, press, said: to.members.on_card(press, said)),
    Code.MEMBER_ALLOW: Route(_ADMIN, lambda to, press, said: to.members.on_allow(press, said)),
    Code.MEMBER_BLOCK: Route(_ADMIN, lambda to, press, said: to.members.on_block(press, said)),
    Code.MEMBER_UNBLOCK: Route(_ADMIN, lambda to, press, said: to.members.on_unblock(press, said)),
    Code.MEMBER_LOWER: Route(_ADMIN, lambda to, press, said: to.members.on_lower(press, said)),
    Code.MEMBER_REMOVE: Route(_ADMIN, lambda to, press, said: to.members.on_remove(press, said)),
    Code.AUDIT: Route(_ADMIN, lambda to, press, said: to.audit.on_page(press, said)),
    Code.STATUS: Route(_VIEWER, lambda to, press, said: to.status.on_status(press, said)),
    Code.NOTHING: Route(_VIEWER, lambda to, press, _: to.reply.answer(press)),
}

_OF_ORDERS = ("/buy", "/sell", "/orders", "/close", "/flatten", "/rebalance")
_OF_CARDS = frozenset({Code.ORDER_CONFIRM, Code.ORDER_CANCEL})
_OF_REQUESTS = frozenset({Code.STEP_APPROVE, Code.STEP_DECLINE})


class Router:
    """
    Hands texts and presses to the handlers.

    What a room refuses becomes a sentence here; what nobody foresaw goes on to whoever called. Whoever whispers into
    the void of a chat that takes no answer (`DeliveryError`) is only logged.
    """

    def __init__(self, commands: Sequence[Command], handlers: Handlers, clock: Clock) -> None:
        self._commands = {name: command for command in commands for name in (command.name, *command.aliases)}
        self._handlers = handlers
        self._clock = clock

    async def on_text(self, request: TextIn) -> None:
        """Do what a text asks for: a command, an order, an alert, or a quote of a lone symbol."""
        await self._answered(self._take(request), request)

    async def on_file(self, request: FileIn) -> None:
        """Say what the alerts in a file would do."""
        await self._answered(self._handlers.exchange.on_file(request), request)

    async def on_press(self, press: Press) -> None:
        """Do what a press asks for; it is answered exactly once, whatever it was."""
        try:
            try:
                await self._pressed(press)
            except BadCallback:
                await self._handlers.reply.answer(press, "This button is not understood any more. Nothing was done.")
            except _TOLD as error:
                message = explain(error)
                if _ROUTES[decode(press.data).code].role is Role.TRADER:
                    message = self._handlers.orders.branded(message)
                await self._handlers.reply.answer(press)
                await self._handlers.reply.send(press.chat_id, message, reply_to=press.message_id)
        except DeliveryError as error:
            _log.warning("an answer in chat %s ended with %s", press.chat_id, type(error).__name__)

    async def _answered(self, work: Awaitable[None], request: TextIn | FileIn) -> None:
        """Wait for *work*; what a room refuses is told."""
        try:
            try:
                await work
            except _TOLD as error:
                message = explain(error)
                if isinstance(request, TextIn) and request.reply_to is not None:
                    # An answer to a question (a new level, a whole line) goes on there, not by a button of its own.
                    message = replace(message, buttons=())
                if isinstance(request, TextIn) and _is_about_order(request.text):
                    message = self._handlers.orders.branded(message)
                await self._handlers.reply.send(request.chat_id, message, reply_to=request.message_id)
        except DeliveryError as error:
            _log.warning("an answer in chat %s ended with %s", request.chat_id, type(error).__name__)

    async def _take(self, request: TextIn) -> None:
        said = request.text.strip()
        if said.startswith("/"):
            await self._command(request, said)
        elif await self._is_answer(request, said):
            return
        elif looks_like_ticket(said):
            await self._ordered(request, said)
        elif (command := _SPOKEN.get(said)) is not None:
            await self._command(replace(request, text=command, args=""), command)
        elif self._handlers.quotes.is_symbol(said):
            await self._handlers.quotes.card(request, said)
        elif looks_like_each(said) or looks_like_alert(said) or company_of(said) is not None:
            await self._alert(request, said)
        else:
            await self._say(request, views.not_understood())

    async def _is_answer(self, request: TextIn, said: str) -> bool:
        """Return whether the text was taken as a code, as a reply to a question, or as interrupted."""
        if await self._handlers.codes.takes(request):
            return True
        if request.interrupted and not self._handlers.quotes.is_symbol(said):
            await self._say(request, views.interrupted(said))
            return True
        return await self._handlers.forms.takes(request)

    async def _command(self, request: TextIn, said: str) -> None:
        name = said[1:].split(maxsplit=1)[0].lower() if len(said) > 1 else ""
        command = self._commands.get(name)
        if command is None:
            await self._say(request, views.no_such_command(name))
        elif request.role < command.role:
            refused = views.admins_only if command.role is Role.ADMIN else views.traders_only
            await self._say(request, refused(f"/{name}"))
        elif command.reads(request.args) or not await self._is_too_old(request):
            await command.handler(self._handlers, request)

    async def _alert(self, request: TextIn, said: str) -> None:
        if await self._is_too_old(request):
            return
        if looks_like_each(said):
            await self._handlers.watching.each(request, said)
        else:
            await self._handlers.alerts.create(request, said)

    async def _ordered(self, request: TextIn, said: str) -> None:
        if request.role < Role.TRADER:
            await self._say(request, views.traders_only("Ordering"))
        elif not await self._is_too_old(request) and not await self._handlers.lists.over_accounts(request, said):
            await self._handlers.ticket.order(request, said)

    async def _is_too_old(self, request: TextIn) -> bool:
        """Return whether the text must not be acted upon, too old or perhaps done already, and say so if so."""
        if request.interrupted:
            await self._say(request, views.interrupted(request.text))
            return True
        if self._clock.now() - request.sent <= TOO_OLD:
            return False
        await self._say(request, views.was_away(request.text))
        return True

    async def _pressed(self, press: Press) -> None:
        callback = decode(press.data)
        if press.interrupted:
            await self._interrupted(press, callback)
            return
        route = _ROUTES[callback.code]
        if press.role < route.role:
            whose = f"{route.role.name.lower()}s"
            await self._handlers.reply.answer(press, f"That is for {whose} only. Nothing was done.", alert=True)
            return
        await route.handler(self._handlers, press, callback)

    async def _interrupted(self, press: Press, callback: Callback) -> None:
        """Say that the press may be done already; of an order's card it is known."""
        await self._handlers.reply.answer(press)
        if not await self._is_known(press, callback):
            message = views.press_interrupted(press.label)
            await self._handlers.reply.send(press.chat_id, message, reply_to=press.message_id)

    async def _is_known(self, press: Press, callback: Callback) -> bool:
        """Return whether the press was on an order's card, of which it is told what became of it."""
        if callback.code in _OF_CARDS:
            return await self._handlers.orders.on_interrupted(press, callback)
        return callback.code in _OF_REQUESTS and await self._handlers.second_step.on_interrupted(press, callback)

    async def _say(self, request: TextIn, message: Message) -> None:
        await self._handlers.reply.send(request.chat_id, message, reply_to=request.message_id)


def _is_about_order(said: str) -> bool:
    return looks_like_ticket(said) or said.lstrip().lower().startswith(_OF_ORDERS)
