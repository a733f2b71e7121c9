"""
The inbound webhook: what other programs (TradingView, a script) may tell a person, or ask them to confirm.

A call with the right secret becomes a row of the outbox, committed before it is answered: an alert's text, or an order
line. It never becomes an order: once its message is in the chat, the line goes the way of a typed one, to a card.
"""

import hashlib
import hmac
import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.inbound_reading import BadCall, Call, Kind, call_of, fields_of
from bot.request import TextIn
from market.clock import Clock
from storage.errors import StorageError
from storage.message import NewMessage, OutboxMessage, Priority
from trading.access import Role, Roster
from trading.ports import AuditLog

_log = logging.getLogger(__name__)

KIND = "inbound"
"""The kind of its outbox rows."""
FRESH = timedelta(seconds=30)
"""A card opens by itself where the message about it arrived so soon; later it takes a press."""

_NAMED_HOLDS = timedelta(days=1)
_MINUTE_S = 60.0
_MOST_NOTED = 10
_NOTED = 200
# Where a wrong call came from is not told to anyone: the server behind a proxy does not know it.
_NOBODY = 0


class InboundStore(Protocol):
    """Keeps what came in; `storage/inbound.py`."""

    async def put(self, key: str, message: NewMessage, at: datetime, holds: timedelta) -> bool:
        """Store *message*, unless one came under *key* within *holds*: False, and nothing done. Durable."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller is told: an HTTP status, and a body that gives away nothing."""

    status: int
    said: Mapping[str, str] = field(default_factory=dict)
    wait_s: int = 0


class Inbound:
    """
    Takes calls.

    *per_minute* calls with the right secret are taken, the same one without an id of its own once within *holds*.
    """

    def __init__(
        self,
        *,
        secret: str,
        store: InboundStore,
        roster: Roster,
        audit: AuditLog,
        clock: Clock,
        per_minute: int,
        holds: timedelta,
    ) -> None:
        self._secret = _digest(secret)
        self._store = store
        self._roster = roster
        self._audit = audit
        self._clock = clock
        self._holds = holds
        self._calls = Rate(per_minute, clock)
        self._noted = Rate(_MOST_NOTED, clock)

    async def take(self, body: bytes) -> Answer:
        """Return the answer to *body*; where that is 200, what it asked for is stored."""
        fields = fields_of(body)
        given = fields.get("secret")
        # Digests have one length, whatever was given: neither their comparison nor its time tells anything.
        if not hmac.compare_digest(_digest(given if isinstance(given, str) else ""), self._secret):
            await self._refused("wrong secret", _NOBODY)
            return Answer(401, {"error": "unauthorized"})
        wait_s = self._calls.wait_s()
        if wait_s:
            return Answer(429, {"error": "too many calls"}, math.ceil(wait_s))
        try:
            call = call_of(fields)
        except BadCall as bad:
            return Answer(400, {"error": bad.reason})
        # It would be kept and shown for good.
        if isinstance(given, str) and given in call.text:
            return Answer(400, {"error": "the secret stands in the text"})
        return await self._admitted(call)

    async def _admitted(self, call: Call) -> Answer:
        role = self._roster.role_of(call.user_id)
        if role is None:
            await self._refused("unknown user", call.user_id)
            return Answer(403, {"error": "no such user"})
        if call.kind is Kind.ORDER and role < Role.TRADER:
            await self._refused("orders are for traders", call.user_id)
            return Answer(403, {"error": "this user may not order"})
        now = self._clock.now()
        try:
            is_new = await self._store.put(
                call.key, _message(call, now), now, _NAMED_HOLDS if call.is_named else self._holds
            )
        except StorageError as error:
            _log.warning("a webhook call cannot be stored: %r", error)
            return Answer(503, {"error": "try again"}, 5)
        await self._note(call.user_id, call.kind.value, "taken" if is_new else "known", call.text)
        return Answer(200, {"status": "accepted" if is_new else "duplicate"})

    async def _refused(self, why: str, user_id: int) -> None:
        """Note a refusal; of a flood of them only the first few of each minute."""
        if not self._noted.wait_s():
            _log.warning("a webhook call was refused: %s", why)
            await self._note(user_id, "", "refused", why)

    async def _note(self, user_id: int, subject: str, outcome: str, detail: str) -> None:
        try:
            await self._audit.write(
                self._clock.now(), user_id, user_id, "webhook", subject, outcome, " ".join(detail.split())[:_NOTED]
            )
        except StorageError as error:
            _log.warning("a webhook call cannot be noted: %r", error)


class Rate:
    """*most* in any minute."""

    def __init__(self, most: int, clock: Clock) -> None:
        self._clock = clock
        self._most = most
        self._times: deque[float] = deque()

    def wait_s(self) -> float:
        """Count one more and return 0, or return in how many seconds there is room for one."""
        now = self._clock.monotonic()
        while self._times and self._times[0] <= now - _MINUTE_S:
            self._times.popleft()
        if len(self._times) >= self._most:
            return self._times[0] + _MINUTE_S - now
        self._times.append(now)
        return 0.0


class InboundOrders:
    """Opens the card of an order line once its message stands in the chat: by *ask*, as if it had been typed there."""

    def __init__(self, ask: Callable[[TextIn], Awaitable[None]], roster: Roster, clock: Clock) -> None:
        self._ask = ask
        self._roster = roster
        self._clock = clock

    async def follow(self, row: OutboxMessage, message_id: int) -> None:
        """
        Ask, unless *row* is an alert, comes late, or may be there twice; then its button does it.

        Nobody may have looked at a message that waited for hours: its card would stand there for a minute and end.
        """
        role = self._roster.role_of(row.chat_id)
        is_late = self._clock.now() - row.happened > FRESH
        if row.payload["what"] != Kind.ORDER or role is None or row.may_repeat or is_late:
            return
        line = row.payload["text"]
        await self._ask(TextIn(row.chat_id, row.chat_id, message_id, role, line, line, row.happened))


def _message(call: Call, now: datetime) -> NewMessage:
    is_order = call.kind is Kind.ORDER
    return NewMessage(
        chat_id=call.user_id,
        kind=KIND,
        dedupe_key=f"{KIND}:{call.key}:{now.isoformat()}",
        payload={"what": call.kind.value, "text": call.text, "at": now.isoformat()},
        priority=Priority.ORDER if is_order else Priority.ALERT,
        happened=now,
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()
