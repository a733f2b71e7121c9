"""
PRODUCT M, row 5: many messages to 40 chats, against Telegram's published limits.

The messages (critical alerts, which no digest takes) lie in the outbox as the real bot starts; the local Telegram
enforces the limits: 30 messages in any second over all, one a second to a private chat after a burst. What the limits
allow is worked out from those same numbers (`simulator/telegram/limits.py`). Counted from the first message on, so that
the start does not count.

2,000 messages take 66 s at best: `python -m bench many-2000`. What `make bench` runs is a shorter queue, of which each
chat gets its share.
"""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from alerts.codec import firing_to_json
from alerts.rule import Firing, PriceCause
from bench.between import WatchedTelegram, tws
from bench.child import BOT, running, settings, url_of, words
from bench.population import PRICE, instruments, rules
from bench.row import Row
from market.clock import SystemClock
from market.quote import TickField
from simulator.telegram.limits import OVERALL, PRIVATE
from simulator.tws.exchange import Exchange
from storage.database import Database
from storage.message import NewMessage, Priority
from storage.outbox import SqlOutbox

LIMIT = 0.95
_MESSAGES = 600
_ALL = 2_000
_CHATS = range(1001, 1041)
_SLACK = 3.0
_TOO_MANY = 429


def measure(messages: int = _MESSAGES) -> list[Row]:
    """Return two rows: the rate as a share of what the limits allow, and how many 429 there were."""
    with TemporaryDirectory() as place:
        seconds, refused = asyncio.run(_measured(Path(place), messages))
    best = _best(messages)
    what = f"{messages:,} messages to {len(_CHATS)} chats"
    note = f"{seconds:.1f} s, {best:.1f} s at best"
    return [
        Row(f"{what}, of Telegram's limits", "ratio", best / seconds, LIMIT, is_floor=True, note=note),
        Row(f"{what}, refused by 429", "value", refused, 0, " "),
    ]


measure_all = partial(measure, _ALL)


def _best(messages: int) -> float:
    """Return the seconds that so many messages take at the rate that the limits allow."""
    most, window_s = OVERALL
    burst, a_second = PRIVATE
    each = -(-messages // len(_CHATS))
    return max(messages / most * window_s, (each - burst) / a_second)


async def _measured(folder: Path, messages: int) -> tuple[float, int]:
    await _filled(folder, messages)
    telegram = WatchedTelegram(limits=True)
    telegram.open(_CHATS)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(tws(Exchange(walk=False)))
        await stack.enter_async_context(telegram.serving())
        users = ",".join(f"{chat}:admin" for chat in _CHATS)
        stack.enter_context(running(BOT, folder, settings(folder, telegram.url, server.port, users)))
        try:
            async with asyncio.timeout(_best(messages) * _SLACK + 60):
                while _delivered(telegram) < messages:
                    await telegram.until(len(telegram.arrived) + 1)
        except TimeoutError as error:
            raise RuntimeError(f"{_delivered(telegram)} of {messages}\n{words(folder)}") from error
    sent = [call for call in telegram.telegram.calls.select("sendMessage", 0) if _is_ours(call)]
    good = [call["at"] for call in sent if "error" not in call]
    refused = sum(call.get("error", {}).get("error_code") == _TOO_MANY for call in sent)
    return max(good) - min(good), refused


def _delivered(telegram: WatchedTelegram) -> int:
    return sum("error" not in call and _is_ours(call) for call in telegram.telegram.calls.select("sendMessage", 0))


def _is_ours(call: dict[str, object]) -> bool:
    """Return whether a message is one of those that lay in the outbox."""
    return "CRITICAL" in str(call["params"])


async def _filled(folder: Path, messages: int) -> None:
    clock = SystemClock()
    database = await Database.open(url_of(folder), clock=clock, boot_id="bench")
    outbox = SqlOutbox(database, clock, "bench")
    (about,) = instruments(1)
    (rule,) = rules(1, [about])
    now = clock.now()
    for number in range(messages):
        firing = Firing(f"{number}:1:1", rule, now, PriceCause(about, TickField.LAST, PRICE))
        payload = firing_to_json(firing)
        payload["rule"]["draft"]["critical"] = True
        await outbox.put(
            NewMessage(
                _CHATS[number % len(_CHATS)],
                "firing",
                f"firing:{firing.key}",
                payload,
                priority=Priority.CRITICAL,
                happened=now + timedelta(microseconds=number),
            )
        )
    await outbox.release([row.id for row in await outbox.due(now, messages)])
    await database.close()
