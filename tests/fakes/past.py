"""What a test says of the past: bars by field, headlines, and moments that were kept."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from alerts.operand import PriceField
from market.clock import Clock
from market.instrument import Instrument
from market.news import Headline
from market.quote import Bar, BarSize


class FakePast:
    """
    Implements `alerts.ports.MissedBars` and `MissedNews`: what was made up to now, by *clock*.

    An exception in *errors* is raised first, once each.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.made: dict[tuple[int, PriceField], list[Bar]] = defaultdict(list)
        self.history: dict[tuple[int, BarSize], list[Bar]] = defaultdict(list)
        self.headlines: list[Headline] = []
        self.errors: list[Exception] = []
        self.asked: list[tuple[str, PriceField, BarSize]] = []

    async def since(self, instrument: Instrument, field: PriceField, size: BarSize, begin: datetime) -> Sequence[Bar]:
        self.asked.append((instrument.symbol, field, size))
        if self.errors:
            raise self.errors.pop(0)
        now = self._clock.now()
        made = self.made[instrument.con_id, field]
        return [bar for bar in made if bar.start + size.duration > begin and bar.start <= now]

    async def bars(self, instrument: Instrument, size: BarSize, count: int, *, regular: bool = False) -> Sequence[Bar]:
        now = self._clock.now()
        made = self.history[instrument.con_id, size]
        return [bar for bar in made if bar.start + size.duration <= now][-count:]

    async def headlines_since(self, instrument: Instrument, begin: datetime) -> Sequence[Headline]:
        now = self._clock.now()
        return [one for one in self.headlines if one.con_id == instrument.con_id and begin <= one.time <= now]


class FakeMoments:
    """Implements `alerts.ports.Moments`."""

    def __init__(self, **kept: datetime) -> None:
        self.kept: dict[str, datetime] = dict(kept)

    async def get(self, key: str) -> datetime | None:
        return self.kept.get(key)

    async def all(self, prefix: str) -> dict[str, datetime]:
        return {key: at for key, at in self.kept.items() if key.startswith(prefix)}

    async def put(self, key: str, at: datetime) -> None:
        self.kept[key] = at

    async def drop(self, prefix: str) -> None:
        self.kept = {key: at for key, at in self.kept.items() if not key.startswith(prefix)}
