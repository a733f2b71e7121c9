"""
The link to Telegram: PTB's application in our own loop, and its updates.

Telegram may be down at start and at any time later: this keeps trying, says what is wrong, and stops nobody else. PTB's
own `run_polling` is not used, since it would own the loop that TWS is read in.
"""

import asyncio
import logging
import ssl
import warnings
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import httpx
from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeChat,
    BotCommandScopeChatMember,
    BotCommandScopeDefault,
    LinkPreviewOptions,
    Update,
)
from telegram.error import Conflict, InvalidToken, TelegramError, TimedOut
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    Defaults,
    MessageHandler,
    TypeHandler,
    filters,
)
from telegram.warnings import PTBUserWarning

from bot.gate import Gate
from bot.hand import Hand, Journal
from bot.inbox import Inbox, PerChat
from bot.line import LineRequest
from market.clock import Clock

_log = logging.getLogger(__name__)

_UPDATES = (Update.MESSAGE, Update.CALLBACK_QUERY)
_LONG_POLL_S = 25
_READ_TIMEOUT_S = 15.0
_LAST_READ_S = 1.0
_PROBE_S = 30.0
_TROUBLE_LASTS_S = 60.0
_PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0)
# Whatever is wrong with an update, it must not come again for ever; PTB does not say what its parsing may raise.
_ODD = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError, RecursionError)
CommandList = Sequence[tuple[str, str]]

# PTB's own way parses all updates at once: one that it cannot parse would come again for ever.
warnings.filterwarnings("ignore", r"\s*Please use 'Bot\.getUpdates'", PTBUserWarning)


class Rivals(Protocol):
    """Who hears of other programs with our token; `bot/rivals.py`."""

    @property
    def met(self) -> int:
        """How often in a row one was met."""
        ...

    async def conflict(self) -> None:
        """One was met (409)."""
        ...

    async def alone(self) -> None:
        """A read worked."""
        ...


def build(token: str, api_url: str) -> "Application[Any, Any, Any, Any, Any, Any]":
    """Return PTB's application for *token* at *api_url*; nothing is sent yet."""
    # As httpx trusts: by certifi's list, or SSL_CERT_FILE.
    tls = httpx.create_ssl_context() if api_url.startswith("https:") else None
    return (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{api_url}/bot")
        .base_file_url(f"{api_url}/file/bot")
        .request(_request(32, tls))
        .get_updates_request(_request(2, tls))
        .defaults(Defaults(parse_mode="HTML", link_preview_options=LinkPreviewOptions(is_disabled=True)))
        .concurrent_updates(PerChat())
        .updater(None)
        .job_queue(None)
        .build()
    )


def _request(connections: int, tls: ssl.SSLContext | None) -> LineRequest:
    # Longer than PTB's 5 s: a slow line must not turn an accepted send into an unknown one.
    return LineRequest(connections, connect_s=5.0, read_s=15.0, room_s=5.0, tls=tls)


class TelegramLink:
    """
    Takes updates in, from the first answered getMe until it is cancelled.

    *menus* gives what each person's chat lists, nothing for who is not in (any more); *on_refused* is called when
    Telegram does not know the token. *journal* keeps the updates that are in hand, *rivals* hears of other programs
    with our token.
    """

    def __init__(
        self,
        application: "Application[Any, Any, Any, Any, Any, Any]",
        menus: Callable[[], Awaitable[Mapping[int, CommandList]]],
        clock: Clock,
        on_refused: Callable[[], None],
        journal: Journal,
        rivals: Rivals,
        nap: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._application = application
        self._menus = menus
        self._groups: defaultdict[int, set[int]] = defaultdict(set)
        self._clock = clock
        self._on_refused = on_refused
        self._hand = Hand(journal, clock)
        self._rivals = rivals
        self._nap = nap
        self._inbox: Inbox | None = None
        self._trouble = "not reached yet"
        self._trouble_until = float("inf")
        self._offset = 0
        self._again: set[int] = set()
        self.lag_s: float | None = None
        """How long the last getMe took, in seconds."""

    @property
    def trouble(self) -> str:
        """What is wrong between Telegram and us, "" for nothing."""
        return self._trouble if self._clock.monotonic() < self._trouble_until else ""

    def connect(self, gate: Gate, inbox: Inbox) -> None:
        """Lead updates through *gate* to *inbox*."""
        # Blocking, and in a group of its own before all others: else its refusal would stop nothing.
        self._application.add_handler(TypeHandler(Update, gate.check, block=True), group=-1)
        self._application.add_handler(MessageHandler(filters.UpdateType.MESSAGE & filters.TEXT, inbox.on_message))
        self._application.add_handler(MessageHandler(filters.UpdateType.MESSAGE & filters.Document.ALL, inbox.on_file))
        self._application.add_handler(CallbackQueryHandler(inbox.on_press))
        self._application.add_error_handler(inbox.on_error)
        self._inbox = inbox
        processor = self._application.update_processor
        assert isinstance(processor, PerChat)  # noqa: S101  `build` made it
        processor.on_handled = self._hand.worked_off

    async def run(self) -> None:
        """Take updates in until cancelled."""
        await self._reach()
        await self.publish()
        await self._application.start()
        probing = asyncio.create_task(self._keep_probing(), name="telegram probe")
        try:
            await self._take_up()
            await self._poll()
        finally:
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)
            await self._application.stop()

    async def publish(self, chat_id: int | None = None) -> None:
        """Show each person (or the one) the commands of their role in Telegram's menu, and strangers none."""
        bot = self._application.bot
        if chat_id is None:
            with suppress(TelegramError):
                await bot.delete_my_commands(BotCommandScopeDefault())
        menus = await self._menus()
        asked = menus if chat_id is None else {chat_id: menus.get(chat_id, ())}
        for person, commands in asked.items():
            # A chat that was never opened has no menu yet; it gets one with its first message.
            await self._list(commands, BotCommandScopeChat(person))
            for group in tuple(self._groups[person]):
                await self._list(commands, BotCommandScopeChatMember(group, person))

    async def met(self, group_id: int, user_id: int) -> None:
        """Show a person, who was heard from in a group, the commands of their role there too, and to nobody else."""
        if group_id in self._groups[user_id]:
            return
        self._groups[user_id].add(group_id)
        commands = (await self._menus()).get(user_id, ())
        await self._list(commands, BotCommandScopeChatMember(group_id, user_id))

    async def _list(self, commands: CommandList, scope: BotCommandScope) -> None:
        bot = self._application.bot
        with suppress(TelegramError):
            if commands:
                await bot.set_my_commands([BotCommand(*entry) for entry in commands], scope)
            else:
                await bot.delete_my_commands(scope)

    async def close(self) -> None:
        """Close the connections."""
        with suppress(TelegramError, RuntimeError):
            await self._application.shutdown()

    async def _reach(self) -> None:
        tries = 0
        while True:
            try:
                await self._application.initialize()
            except InvalidToken:
                self._on_refused()
                await self._nap(_PAUSES_S[-1])
            except TelegramError as error:
                self._note(f"unreachable ({error.message})", float("inf"))
                _log.warning("Telegram cannot be reached: %s", error.message)
                await self._nap(_PAUSES_S[min(tries, len(_PAUSES_S) - 1)])
                tries += 1
            else:
                self._trouble_until = 0.0
                return

    async def _poll(self) -> None:
        """
        Read updates for ever; the ones read are confirmed with the next read, as PTB's own updater does it, but not
        before they are worked off or written down: a crash loses none.

        Not PTB's updater: an update that it cannot parse blocks all others for ever and its stop with them, and a
        single 404 ends it without a word (both measured on 22.8).
        """
        tries = 0
        try:
            await self._free_from_webhook()
            while True:
                try:
                    await self._hand.secure()
                    await self._take(await self._read(_LONG_POLL_S))
                    await self._rivals.alone()
                except TimedOut:
                    await self._hand.not_confirmed()
                    continue
                except TelegramError as error:
                    await self._hand.not_confirmed()
                    await self._on_poll_error(error)
                    # Reads between two conflicts work: they must not make the next pause short again.
                    await self._nap(_PAUSES_S[min(max(tries, self._rivals.met - 1), len(_PAUSES_S) - 1)])
                    tries += 1
                else:
                    tries = 0
        finally:
            # Confirms what was taken in, so that the next start does not get it again.
            try:
                async with asyncio.timeout(_LAST_READ_S):
                    await self._hand.secure()
                    await self._read(0)
            except (TelegramError, TimeoutError):
                await self._hand.not_confirmed()

    async def _free_from_webhook(self) -> None:
        with suppress(TelegramError):
            await self._application.bot.delete_webhook(drop_pending_updates=False)

    async def _read(self, timeout_s: int) -> list[dict[str, Any]]:
        offset = self._offset
        asked = {"offset": offset, "timeout": timeout_s, "allowed_updates": list(_UPDATES)}
        # The answer waits as long as asked; what is beyond is the line.
        raw = await self._application.bot.do_api_request(
            "getUpdates", api_kwargs=asked, read_timeout=timeout_s + _READ_TIMEOUT_S
        )
        await self._hand.confirmed(offset)
        return [entry for entry in raw if isinstance(entry, dict)] if isinstance(raw, list) else []

    async def _take(self, raw: list[dict[str, Any]]) -> None:
        for entry in raw:
            update_id = entry.get("update_id")
            if not isinstance(update_id, int):
                _log.warning("an update without a number is skipped")
                # It cannot be confirmed by itself, and would come again at once.
                await self._nap(_PAUSES_S[0])
                continue
            self._offset = max(self._offset, update_id + 1)
            # What was written down, but not confirmed any more, comes from both sides.
            update = None if update_id in self._again else self._parsed(entry)
            if update is not None:
                self._hand.took(update_id, entry)
                await self._application.update_queue.put(update)

    async def _take_up(self) -> None:
        """Hand on what an earlier process had in hand when it ended, as interrupted."""
        interrupted, done = await self._hand.left()
        self._again |= done
        for update_id, entry in interrupted.items():
            update = self._parsed(entry)
            if update is None or self._inbox is None:
                self._hand.worked_off(update_id)
                continue
            _log.warning("update %s was interrupted by the end of an earlier process", update_id)
            self._again.add(update_id)
            self._inbox.interrupted(update_id)
            await self._application.update_queue.put(update)

    def _parsed(self, entry: dict[str, Any]) -> Update | None:
        try:
            return Update.de_json(entry, self._application.bot)
        except _ODD as error:
            _log.warning("update %s cannot be understood and is skipped: %r", entry.get("update_id"), error)
            return None

    async def _keep_probing(self) -> None:
        while True:
            await self._probe()
            await self._nap(_PROBE_S)

    async def _probe(self) -> None:
        before = self._clock.monotonic()
        try:
            await self._application.bot.get_me()
        except TelegramError as error:
            self._note(f"unreachable ({error.message})")
        else:
            self.lag_s = self._clock.monotonic() - before

    async def _on_poll_error(self, error: TelegramError) -> None:
        if isinstance(error, Conflict):
            self._note("another program uses this bot's token (409)")
            await self._rivals.conflict()
        else:
            self._note(f"updates do not arrive ({error.message})")
        _log.warning("getUpdates: %s", error.message)

    def _note(self, trouble: str, lasts_s: float = _TROUBLE_LASTS_S) -> None:
        self._trouble = trouble
        self._trouble_until = self._clock.monotonic() + lasts_s
