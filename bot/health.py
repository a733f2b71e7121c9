"""How everything stands: for /status and for `GET /healthz`."""

import importlib.metadata
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from alerts.rulebook import Rulebook
from alerts.watcher import Watcher
from bot.polling import TelegramLink
from bot.schedule import DailySummaries
from bot.views.halt import standing
from bot.views.status import StatusReport
from broker.freshness import Freshness
from broker.market_data import IbTickFeed
from broker.status import LinkStatus
from market.clock import Clock
from storage.outbox import SqlOutbox
from trading.state import TradingSwitch

_STUCK = 1000


class Health:
    """Looks at everything and changes nothing; implements `bot.handlers.ports.StatusSource`."""

    def __init__(  # noqa: PLR0913  it looks at everything
        self,
        *,
        link: Callable[[], LinkStatus],
        down_since: Callable[[], datetime | None],
        feed: IbTickFeed,
        freshness: Freshness,
        rulebook: Rulebook,
        watcher: Watcher,
        outbox: SqlOutbox,
        telegram: TelegramLink,
        storage_trouble: Callable[[], str],
        switch: TradingSwitch,
        summaries: DailySummaries,
        most_lines: int,
        clock: Clock,
    ) -> None:
        self._link = link
        self._down_since = down_since
        self._feed = feed
        self._freshness = freshness
        self._rulebook = rulebook
        self._watcher = watcher
        self._outbox = outbox
        self._telegram = telegram
        self._storage_trouble = storage_trouble
        self._switch = switch
        self._summaries = summaries
        self._most_lines = most_lines
        self._started = clock.now()

    async def report(self, user_id: int) -> StatusReport:
        """Return how everything stands, with the person's own alerts counted."""
        owned = await self._rulebook.owned_by(user_id)
        return StatusReport(
            version=importlib.metadata.version("squawkbot"),
            started=self._started,
            # A try to connect is no news: what counts is how long nothing came through.
            link=replace(self._link(), since=self._down_since() or self._link().since),
            alerts=Counter(rule.state for rule in owned),
            last_tick=self._watcher.last_tick,
            lines=self._feed.lines,
            most_lines=self._most_lines,
            telegram_lag_s=self._telegram.lag_s,
            telegram_trouble=self._telegram.trouble,
            outbox_depth=await self._outbox.depth(),
            next_summary=self._summaries.next,
            rivalled=[one.label for one in self._feed.rivalled()],
            not_live=[one.label for one in self._feed.not_live()],
            stale=[(one.instrument.label, one.since) for one in self._freshness.stale()],
            storage_trouble=self._storage_trouble(),
            trading=standing(self._switch.state, self._switch.change, by_host=self._switch.is_halted_by_host),
        )

    def check(self) -> dict[str, object]:
        """
        Return what `/healthz` answers: "ok" while firings are recorded, which is what a restart could mend.

        A lost link is reported and is no reason to restart: the bot keeps trying by itself.
        """
        link = self._link()
        trouble = self._telegram.trouble
        last = self._watcher.last_tick
        return {
            "ok": self._watcher.pending < _STUCK,
            "version": importlib.metadata.version("squawkbot"),
            "ibkr": link.state.value,
            "telegram": trouble or "up",
            "database": self._storage_trouble() or "up",
            "firings_unrecorded": self._watcher.pending,
            "last_tick": last.isoformat() if last else None,
        }
