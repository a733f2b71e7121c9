"""Headlines on demand: asked for once and kept for a minute, so that turning a page asks IBKR nothing."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alerts.story import Told
from bot.handlers.ports import HeadlineSource
from bot.views.news import Line
from market.clock import Clock
from market.errors import MarketError, RequestTimeout
from market.instrument import Instrument
from market.news import BULLETIN_PROVIDER, Headline, Provider

_log = logging.getLogger(__name__)

MOST = 300
"""More headlines of one instrument IBKR does not give (TWS API, reqHistoricalNews: totalResults)."""
MOST_SYMBOLS = 30
"""Of so many instruments at once the last headlines are asked for."""

_EACH = 20
_AT_ONCE = 4
_WITHIN_S = 8.0
_KEPT_S = 60.0
_JUST_ASKED_S = 5.0
_MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class Gathered:
    """The last headlines of several instruments, newest first; *missing* are those whose headlines did not come."""

    lines: tuple[Line, ...]
    asked: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kept:
    at: float
    found: tuple[Headline, ...]


class HeadlineBook:
    """What IBKR told of headlines and providers lately."""

    def __init__(self, source: HeadlineSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._kept: OrderedDict[tuple[int, int], _Kept] = OrderedDict()
        self._names: dict[str, str] = {}
        self._providers: tuple[Provider, ...] = ()
        self._learning: asyncio.Task[None] | None = None

    def name_of(self, code: str) -> str:
        """Return what a provider is called, its *code* where that is not known. Asks nothing."""
        return "IBKR bulletins" if code == BULLETIN_PROVIDER else self._names.get(code, code)

    async def providers(self) -> Sequence[Provider]:
        """Return the account's providers, asked for once a connection. Raises as `HeadlineSource.providers`."""
        if not self._providers:
            await self._ask_providers()
        return self._providers

    async def learn(self) -> None:
        """Call at each connect: the account may have other providers now. The link does not wait for the answer."""
        self._learning = asyncio.create_task(self._learnt(), name="news providers")

    async def _learnt(self) -> None:
        try:
            await self._ask_providers()
        except MarketError as error:
            # Asked again when somebody needs them.
            _log.info("the news providers are not known yet: %r", error)

    async def of(self, instrument: Instrument, *, anew: bool = False, count: int = MOST) -> Sequence[Headline]:
        """
        Return an instrument's last headlines, newest first, as known for a minute; *anew*: as they are now.

        Raises as `HeadlineSource.headlines`.
        """
        key, now = (instrument.con_id, count), self._clock.monotonic()
        kept = self._kept.get(key)
        if kept is not None and now - kept.at <= (_JUST_ASKED_S if anew else _KEPT_S):
            return kept.found
        found = tuple(await self._source.headlines(instrument, count))[:count]
        self._kept[key] = _Kept(self._clock.monotonic(), found)
        self._kept.move_to_end(key)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return found

    async def of_many(self, instruments: Sequence[Instrument], *, anew: bool = False) -> Gathered:
        """
        Return the last headlines of several instruments (the first 30), each story once, within some seconds.

        Raises what was refused where no instrument's headlines came.
        """
        asked = instruments[:MOST_SYMBOLS]
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(instrument: Instrument) -> Sequence[Headline]:
            async with turns:
                return await self.of(instrument, anew=anew, count=_EACH)

        tasks = {asyncio.create_task(one(instrument)): instrument for instrument in asked}
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=_WITHIN_S)
        finally:
            for task in tasks:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        come = [(tasks[task], task.result()) for task in tasks if not task.cancelled() and task.exception() is None]
        if tasks and not come:
            refused = (task.exception() for task in tasks if not task.cancelled())
            raise next(refused, None) or RequestTimeout("headlines of many", _WITHIN_S)
        missing = {instrument.label for instrument in asked} - {instrument.label for instrument, _ in come}
        # Comparing hundreds of headlines takes longer than the loop may be busy.
        return Gathered(await asyncio.to_thread(merged, come), len(asked), tuple(sorted(missing)))

    async def _ask_providers(self) -> None:
        self._providers = tuple(await self._source.providers())
        self._names = {provider.code: provider.name for provider in self._providers if provider.name}


def merged(found: Iterable[tuple[Instrument, Sequence[Headline]]]) -> tuple[Line, ...]:
    """
    Return the headlines of several instruments as one list, newest first, each story once with all it is about.

    One story is one article of one provider, or what `alerts/story.py` takes for the same: the first is kept.
    """
    everything = sorted(
        ((headline, instrument) for instrument, headlines in found for headline in headlines),
        key=lambda pair: pair[0].time,
    )
    told = Told()
    stories: dict[str, tuple[Headline, dict[str, None]]] = {}
    for headline, instrument in everything:
        identity = f"{headline.provider}:{headline.article_id}"
        if identity not in stories:
            if told.knows(identity, headline.provider, headline.text, headline.time):
                continue
            told.add(identity, headline.provider, headline.text, headline.time)
            stories[identity] = (headline, {})
        stories[identity][1].setdefault(instrument.label)
    return tuple(Line(headline, tuple(about)) for headline, about in reversed(stories.values()))
