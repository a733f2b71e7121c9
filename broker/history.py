"""Historical bars, paced so that IBKR never has to say no."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alerts.operand import PriceField
from alerts.ports import Nap
from broker import convert, errors
from broker.call import link_of
from broker.contracts import IbContracts
from broker.library import IB, BarData
from broker.session import IbSession
from market.clock import Clock
from market.errors import BrokerError, RequestTimeout
from market.hours import Hours
from market.instrument import Instrument
from market.quote import Bar, BarSize

_SIZES = {
    BarSize.MIN_1: "1 min",
    BarSize.MIN_5: "5 mins",
    BarSize.MIN_15: "15 mins",
    BarSize.HOUR_1: "1 hour",
    BarSize.DAY_1: "1 day",
}
# IBKR's limits (historical limitations page): 50 open. Its hard pacing (60 in 10 minutes) is of bars of 30 s or less,
# and there are none here; bigger ones have a "soft" limit of which IBKR gives no number. The few closed minutes of
# instruments without a line have a pace of their own.
_OPEN = 50
_PER_WINDOW = 50
_WINDOW_S = 10.0
_MINUTES_PER_WINDOW = 40
_MINUTES_WINDOW_S = 10.0
_MINUTES_OPEN = 30
_SHARED_S = 15.0
_UTC_SECONDS = 2
_SHOWN = {PriceField.BID: "BID", PriceField.ASK: "ASK", PriceField.MID: "MIDPOINT"}
# The longest durations that IBKR takes in each unit.
_MAX_SECONDS = 86400
_MAX_DAYS = 365


@dataclass(slots=True, eq=False)
class _Pace:
    """At most *most* requests in *window_s* and *at_once* without an answer; `turn` waits until one more may go out."""

    clock: Clock
    nap: Nap
    most: int
    window_s: float
    at_once: int
    sent: deque[float] = field(default_factory=deque)
    open: asyncio.Semaphore = field(init=False)
    entry: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.open = asyncio.Semaphore(self.at_once)

    async def turn(self) -> None:
        async with self.entry:
            if (wait_s := self._wait_s()) > 0:
                await self.nap(wait_s)
            self.sent.append(self.clock.monotonic())

    def _wait_s(self) -> float:
        now = self.clock.monotonic()
        while self.sent and now - self.sent[0] >= self.window_s:
            self.sent.popleft()
        return 0.0 if len(self.sent) < self.most else self.sent[0] + self.window_s - now


@dataclass(slots=True, eq=False)
class _Asked:
    """One question to TWS, shared by all who ask the same within 15 s; IBKR forbids to repeat it sooner."""

    at: float
    answer: asyncio.Task[list[Bar]]


class IbHistory:
    """
    The bar source.

    At most 50 requests are open, at most 50 intraday ones go out in 10 seconds (further ones wait their turn, which
    does not count towards *timeout_s*), and the same question within 15 s shares one answer. `minutes` has a pace of
    its own, so that charts and indicators do not wait for it.
    """

    def __init__(
        self,
        session: IbSession,
        clock: Clock,
        contracts: IbContracts,
        *,
        timeout_s: float = 30.0,
        nap: Nap = asyncio.sleep,
    ) -> None:
        self._link = link_of(session)
        self._clock = clock
        self._contracts = contracts
        self._timeout_s = timeout_s
        self._pace = _Pace(clock, nap, _PER_WINDOW, _WINDOW_S, _OPEN - _MINUTES_OPEN)
        self._minute_pace = _Pace(clock, nap, _MINUTES_PER_WINDOW, _MINUTES_WINDOW_S, _MINUTES_OPEN)
        self._asked: dict[tuple[int, BarSize, str, bool], _Asked] = {}

    async def bars(self, instrument: Instrument, size: BarSize, count: int, *, regular: bool = False) -> Sequence[Bar]:
        """
        Return the latest *count* closed bars, oldest first; *regular*: of regular hours, else of extended ones too.

        Prices are trades, or midpoints where there are none (FX). Fewer come where IBKR has fewer.
        Raises LinkDown, RequestTimeout, PacingViolation, BrokerError.
        """
        hours = await self._contracts.hours(instrument)
        now = self._clock.now()
        found = await self._shared(instrument, size, duration(size, count, hours, now), regular=regular)
        closed = [bar for bar in found if _is_closed(bar, size, hours, now)]
        return closed[-count:]

    async def minutes(self, instrument: Instrument, count: int) -> Sequence[Bar]:
        """
        Return what closed in the last *count* minutes (up to a day) as 1-minute bars, oldest first.

        A minute without trades has none. Raises LinkDown, RequestTimeout, PacingViolation, BrokerError.
        """
        reach = min(BarSize.MIN_1.duration * (count + 1), timedelta(seconds=_MAX_SECONDS))
        async with self._minute_pace.open:
            await self._minute_pace.turn()
            asked_at = self._clock.now()
            # TWS counts back from when it reads: one minute more, so that none at the far end is missed.
            asked = min(int((reach + BarSize.MIN_1.duration).total_seconds()), _MAX_SECONDS)
            found = await self._bars(instrument, BarSize.MIN_1, f"{asked} S")
        # IBKR reaches back over the night where nothing traded since.
        return [one for one in found if asked_at - reach <= one.start <= asked_at - BarSize.MIN_1.duration]

    async def since(self, instrument: Instrument, field: PriceField, size: BarSize, begin: datetime) -> Sequence[Bar]:
        """
        Return the bars of *size* (not days) that ended after *begin*, oldest first, the running one last.

        They are of extended hours too, and of the rule's own *field*: trades (midpoints where there are none), bids,
        asks or midpoints. Raises LinkDown, RequestTimeout, PacingViolation, BrokerError.
        """
        reach = self._clock.now() - begin + 2 * size.duration
        seconds = int(reach.total_seconds())
        # Counted in days, IBKR means those with trade: there are never fewer of them than wanted.
        length = f"{seconds} S" if seconds <= _MAX_SECONDS else f"{min(-(-seconds // _MAX_SECONDS), _MAX_DAYS)} D"
        show = _SHOWN.get(field) or convert.what_to_show(instrument.sec_type)
        async with self._pace.open:
            await self._pace.turn()
            found = await self._bars(instrument, size, length, show=show)
        return [bar for bar in found if bar.start + size.duration > begin]

    async def _shared(self, instrument: Instrument, size: BarSize, length: str, *, regular: bool) -> list[Bar]:
        key = (instrument.con_id, size, length, regular)
        now = self._clock.monotonic()
        self._asked = {old: asked for old, asked in self._asked.items() if now - asked.at < _SHARED_S}
        asked = self._asked.get(key)
        if asked is None or (asked.answer.done() and (asked.answer.cancelled() or asked.answer.exception())):
            asked = self._asked[key] = _Asked(
                now, asyncio.ensure_future(self._fetch(instrument, size, length, regular=regular))
            )
            # If all who asked have given up, nobody hears of a failure.
            asked.answer.add_done_callback(lambda task: task.cancelled() or task.exception())
        # One who gives up must not take the answer from the others.
        return await asyncio.shield(asked.answer)

    async def _fetch(self, instrument: Instrument, size: BarSize, length: str, *, regular: bool) -> list[Bar]:
        async with self._pace.open:
            if size is not BarSize.DAY_1:
                await self._pace.turn()
            return await self._bars(instrument, size, length, regular=regular)

    async def _bars(
        self, instrument: Instrument, size: BarSize, length: str, *, regular: bool = False, show: str = ""
    ) -> list[Bar]:
        show = show or convert.what_to_show(instrument.sec_type)
        try:
            answer = await self._request(instrument, size, length, show, regular=regular)
        except BrokerError as error:
            # "HMDS query returned no data" is an answer, not a failure.
            if error.code == errors.HISTORY and "no data" in error.text.lower():
                return []
            raise
        negative = convert.may_be_negative(instrument.sec_type)
        made = [convert.bar(data, negative=negative) for data in answer]
        return [bar for bar in made if bar is not None]

    async def _request(
        self, instrument: Instrument, size: BarSize, length: str, show: str, *, regular: bool
    ) -> list[BarData]:
        request_id = self._link.ib().client.getReqId()

        def ask(ib: IB) -> Awaitable[Any]:
            contract = convert.contract(instrument)
            future: Awaitable[Any] = ib.wrapper.startReq(request_id, contract)
            ib.client.reqHistoricalData(
                request_id, contract, "", length, _SIZES[size], show, regular, _UTC_SECONDS, False, []
            )
            return future

        try:
            bars: list[BarData] = await self._link.call("historical bars", ask, self._timeout_s)
        except RequestTimeout:
            self._link.ib().client.cancelHistoricalData(request_id)
            raise
        return bars


def duration(size: BarSize, count: int, hours: Hours, now: datetime) -> str:
    """
    Return IBKR's duration string that reaches back over *count* closed bars of *size* from *now*.

    IBKR counts seconds (to 86400), days and years of calendar time; days closed in between must be reached over, so
    the venue's own sessions say how many bars a day has.
    """
    if size is BarSize.DAY_1:
        # Five trading days a week, and about nine holidays a year.
        days = int(count * 7 / 5 * 1.04) + 5
        return f"{days} D" if days <= _MAX_DAYS else f"{-(-days // _MAX_DAYS)} Y"
    # One for the bar that runs, one for the bar that may close while the question is on its way: TWS counts back from
    # when it reads, by its own clock.
    span = size.duration * (count + 2)
    if _was_open_throughout(hours, now - span, now) and span.total_seconds() <= _MAX_SECONDS:
        return f"{max(int(span.total_seconds()), 60)} S"
    per_day = max(_open_time(hours) / size.duration, 1.0)
    # IBKR's "D" counts trading days for intraday bars; two more cover today's part and a half day.
    return f"{min(int(count / per_day) + 3, _MAX_DAYS)} D"


def _was_open_throughout(hours: Hours, start: datetime, end: datetime) -> bool:
    return any(session.start <= start and end <= session.end for session in hours.sessions)


def _open_time(hours: Hours) -> timedelta:
    """Return how long the shortest known day trades; a US share's 6.5 hours where nothing is known."""
    by_day: dict[object, timedelta] = {}
    for session in hours.sessions:
        by_day[session.day] = by_day.get(session.day, timedelta()) + (session.end - session.start)
    return min(by_day.values(), default=timedelta(hours=6.5))


def _is_closed(bar: Bar, size: BarSize, hours: Hours, now: datetime) -> bool:
    """Whether nothing can change the bar any more: a daily one is open until its session's close."""
    if size is not BarSize.DAY_1:
        # The first hour of a session that opens at half past ends with the clock's hour.
        step = size.duration.total_seconds()
        return (bar.start.timestamp() // step + 1) * step <= now.timestamp()
    closes = [session.end for session in hours.sessions if session.day == bar.start.date()]
    return max(closes) <= now if closes else bar.start + size.duration <= now
