"""
The composition root: one straight line from settings to a running bot.

Each part is made by a module of `bot/wiring/`, of the parts before it. Each resource goes on the stack the line after
it is made, and is closed in the reverse order. Long work runs in named, supervised tasks. Telegram and IBKR may each
be down at start; neither stops the other.
"""

import asyncio
import gc
import logging
import secrets
import signal
from collections.abc import Awaitable
from contextlib import AsyncExitStack

from alerts.rulebook import Rulebook
from bot.rivals import RIVALS
from bot.settings import Settings
from bot.supervise import Supervisor
from bot.wiring.alerting import wire_alerting
from bot.wiring.chat import Chat, wire_chat
from bot.wiring.dealing import wire_dealing
from bot.wiring.ground import Ground
from bot.wiring.house import House
from bot.wiring.incoming import wire_incoming
from bot.wiring.link import wire_link
from bot.wiring.lookout import wire_lookout
from bot.wiring.outgoing import Outgoing, wire_outgoing
from bot.wiring.people import wire_people
from bot.wiring.phone import wire_phone
from bot.wiring.report import wire_report
from bot.wiring.scanning import wire_scanning
from bot.wiring.store import wire_store
from bot.wiring.task import start_tasks, wire_timers
from market.clock import SystemClock

_log = logging.getLogger(__name__)

_REFUSED = 2
_FLUSH_S = 1.5
_STEP_S = 2.0


async def run(settings: Settings) -> int:
    """
    Run the bot until SIGTERM or SIGINT, or until Telegram refuses the token; return the exit code.

    Raises StorageError for a database that cannot be used.
    """
    stop = _Stop()
    async with AsyncExitStack() as stack:
        ground = Ground(settings, SystemClock(), secrets.token_hex(8), stack)
        house = await _house(ground, stop)
        chat = wire_chat(house)
        incoming = wire_incoming(house, chat)
        outgoing = wire_outgoing(house, chat, incoming)

        await _take_up(house)
        timers = wire_timers(house, chat)
        supervisor = await stack.enter_async_context(Supervisor(house.people.notices.task_died))
        start_tasks(supervisor, house, chat, outgoing)
        timers.start()
        stack.callback(timers.stop)

        code = await stop.wait()
        _log.info("squawkbot stops")
        await _wind_down(supervisor, house, chat, outgoing)
    return code


async def _house(ground: Ground, stop: "_Stop") -> House:
    """Make every part that stands before anybody can be answered, each of those before it."""
    store = await wire_store(ground)
    people = await wire_people(ground, store)
    link = wire_link(ground)
    phone = await wire_phone(ground, store, people)
    alerting = wire_alerting(ground, store, people, link, phone)
    dealing = await wire_dealing(ground, store, people, link)
    report = wire_report(ground, store, people, link)
    lookout = wire_lookout(ground, store, people, link, phone, alerting, on_refused=stop.refused)
    return House(
        ground=ground,
        store=store,
        people=people,
        link=link,
        phone=phone,
        alerting=alerting,
        dealing=dealing,
        report=report,
        scanning=wire_scanning(ground, store, people, link),
        lookout=lookout,
    )


async def _take_up(house: House) -> None:
    """Take up what an earlier process left: messages half sent, cards nobody saw, alerts, and what was told of."""
    store, people, alerting, lookout = house.store, house.people, house.alerting, house.lookout
    repeated = await store.outbox.recover()
    await house.dealing.desk.void_unshown()
    _log.info("squawkbot starts, boot %s; %s messages may have to be repeated", house.ground.boot_id, repeated)
    for user_id in people.roster.roles:
        await people.personal.of(user_id)
        await house.phone.sieve.load(user_id)
        alerting.engine.set_watchlist(user_id, await store.watchlists.of(user_id))
    for user_id, mutes in (await store.mutes.all()).items():
        alerting.engine.keep_mutes(user_id, mutes)
    await _loaded(alerting.rulebook)
    await alerting.catchup.begin()
    await alerting.scales.begin()
    await lookout.link_watch.resume()
    await alerting.trouble_watch.resume()
    for told in await people.notices.standing(RIVALS):
        lookout.rivals.resume(told.since)


async def _wind_down(supervisor: Supervisor, house: House, chat: Chat, outgoing: Outgoing) -> None:
    """End what must not be cut off; each step may fail or hang without costing the others, within 15 s together."""
    cards_cancelled = house.people.notices.cards_cancelled
    await _within(_STEP_S, "telegram", supervisor.stop("telegram"))
    await _within(_STEP_S, "order cards", chat.handlers.orders.cancel_all(cards_cancelled))
    await _within(_STEP_S, "orders", supervisor.stop("orders"))
    await _within(_STEP_S, "order news", house.dealing.tracker.flush())
    await _within(_STEP_S, "firings", house.alerting.watcher.settled())
    await _within(_STEP_S, "live until", house.alerting.catchup.note())
    await _within(_STEP_S, "outbox", outgoing.notifier.drain(_FLUSH_S))
    await _within(_STEP_S, "webhooks", outgoing.courier.drain())
    await _within(_STEP_S, "ibkr", house.link.session.stop())


async def _within(seconds: float, name: str, step: Awaitable[object]) -> None:
    """Wait for a step of the shutdown, so many seconds at most; what it leaves undone the next start finds."""
    task = asyncio.ensure_future(step)
    # Not wait_for: that waits for what it cancels, and a step may not heed.
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        task.cancel()
        _log.warning("stopping: %s was not finished in time", name)
    elif not task.cancelled() and (error := task.exception()) is not None:
        _log.warning("stopping: %s failed", name, exc_info=error)


class _Stop:
    """Why and when to stop: a signal, or a token that Telegram refuses."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._code = 0
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked.set)

    def refused(self) -> None:
        """Stop because of the token."""
        _log.critical("TELEGRAM_BOT_TOKEN: Telegram does not know this token")
        self._code = _REFUSED
        self._asked.set()

    async def wait(self) -> int:
        """Wait until it is time to stop; return the exit code."""
        await self._asked.wait()
        return self._code


async def _loaded(rulebook: Rulebook) -> None:
    """
    Load every alert, and take them out of the garbage collector's sight.

    A full collection over 100,000 alerts stalls the loop for 144 ms, and while they are made it only looks in vain.
    """
    gc.disable()
    try:
        await rulebook.load()
    finally:
        gc.enable()
    gc.collect()
    gc.freeze()
