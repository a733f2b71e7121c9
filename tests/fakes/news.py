"""What a test says of headlines, stories and mutes."""

from collections.abc import Sequence

from alerts.mute import Mutes
from alerts.rule import Firing
from market.instrument import Instrument
from market.news import Article, Headline, Provider
from storage.mute import Mute


class FakeNews:
    """Implements `HeadlineSource`; counts what it was asked for."""

    def __init__(self) -> None:
        self.found: list[Headline] = []
        self.by_symbol: dict[str, list[Headline] | Exception] = {}
        self.bodies: dict[str, str] = {}
        self.documents: dict[str, bytes] = {}
        self.refusal: Exception | None = None
        self.asked: list[str] = []
        self.listed: list[str] = []
        self.sources: list[Provider] | Exception = [Provider("DJNL", "Dow Jones Newsletters")]

    async def headlines(self, instrument: Instrument, count: int) -> Sequence[Headline]:
        self.listed.append(instrument.label)
        found = self.by_symbol.get(instrument.label, self.found)
        if isinstance(found, Exception):
            raise found
        return found[:count]

    async def providers(self) -> Sequence[Provider]:
        if isinstance(self.sources, Exception):
            raise self.sources
        return self.sources

    async def article(self, provider: str, article_id: str) -> Article:
        self.asked.append(article_id)
        if self.refusal is not None:
            raise self.refusal
        return Article(provider, article_id, self.bodies.get(article_id, ""), self.documents.get(article_id))


class FakeToldFirings:
    """Implements `ToldFirings`."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, int], Firing] = {}

    def add(self, firing: Firing) -> None:
        self.kept[firing.rule.id, firing.rule.fired_count] = firing

    async def nth(self, rule_id: int, number: int) -> Firing | None:
        return self.kept.get((rule_id, number))


class FakeMutes:
    """Implements `MuteBook`; *told* is what the engine hears."""

    def __init__(self) -> None:
        self.kept: dict[int, list[Mute]] = {}
        self.told: list[tuple[int, Mutes]] = []

    def known(self, user_id: int) -> Mutes:
        listed = self.kept.get(user_id, [])
        return Mutes(
            frozenset(one.con_id for one in listed if one.con_id),
            frozenset(one.provider for one in listed if one.provider),
        )

    def listed(self, user_id: int) -> Sequence[Mute]:
        return self.kept.get(user_id, [])

    async def add(self, user_id: int, *, con_id: int = 0, provider: str = "", name: str = "") -> bool:
        mute = Mute(con_id, provider, name)
        if mute in self.kept.setdefault(user_id, []):
            return False
        self.kept[user_id].append(mute)
        return True

    async def remove(self, user_id: int, *, con_id: int = 0, provider: str = "") -> bool:
        listed = self.kept.get(user_id, [])
        others = [one for one in listed if (one.con_id, one.provider) != (con_id, provider)]
        self.kept[user_id] = others
        return len(others) < len(listed)

    def changed(self, user_id: int, mutes: Mutes) -> None:
        self.told.append((user_id, mutes))
