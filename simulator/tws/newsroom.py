"""The news of the simulated exchange: providers, a seeded history of headlines, and what is published by command."""

import random
from dataclasses import dataclass

from simulator.tws.instrument import Instrument
from simulator.tws.news_provider import NEWS_PROVIDERS, TAPES

_DAY = 86400
# Operators found about a month of headlines.
_DAYS_OF_HISTORY = 30
_TEMPLATES = (
    "{name} shares {verb} after {who} {what}",
    "{who} {what} on {name}",
    "{name} said to be in talks over {topic}",
    "{name} to present at {event}",
    "{symbol}: {what}, says {who}",
    "{name} announces {topic}",
)
_VERBS = ("rise", "fall", "steady", "jump", "slip")
_WHO = ("Morgan Stanley", "Barclays", "Jefferies", "Evercore ISI", "Wedbush", "Piper Sandler")
_WHAT = ("raises target", "cuts target", "reiterates Buy", "downgrades to Hold", "initiates at Outperform")
_TOPICS = ("a new buyback", "supply terms", "a licensing deal", "quarterly results", "a management change")
_EVENTS = ("a technology conference", "an investor day", "a consumer forum")


@dataclass(frozen=True, slots=True)
class NewsItem:
    """
    One headline; *instrument* is None for the broad tape alone.

    *meta* is what the wire tells beside it (`A:800015:L:en:K:0.97:C:0.9`), made up where it is None; *is_hot* puts a
    bang before it. *document* is a binary article, which has no text.
    """

    time: float
    provider: str
    article_id: str
    headline: str
    article: str
    instrument: Instrument | None
    meta: str | None = None
    is_hot: bool = False
    document: bytes = b""

    def is_about(self, instrument: Instrument) -> bool:
        """Whether it comes to those who listen to *instrument*, or to that tape."""
        if instrument.sec_type == "NEWS":
            return TAPES.get(instrument.symbol) == self.provider
        return self.instrument is not None and self.instrument.con_id == instrument.con_id


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A message of IB itself; *kind* 1 is regular, 2 an exchange gone, 3 an exchange back."""

    number: int
    kind: int
    text: str
    exchange: str


class Newsroom:
    """All headlines, newest last."""

    def __init__(self, seed: int, opened: float) -> None:
        self._seed = seed
        self._opened = opened
        self._published: list[NewsItem] = []
        self._histories: dict[int, list[NewsItem]] = {}
        self.bulletins: list[Bulletin] = []

    def publish(
        self,
        now: float,
        instrument: Instrument | None,
        headline: str,
        provider: str,
        article: str,
        *,
        meta: str | None = None,
        is_hot: bool = False,
        document: bytes = b"",
    ) -> NewsItem:
        """Add a headline of now; raises ValueError for an unknown provider."""
        if provider not in NEWS_PROVIDERS:
            raise ValueError(f"unknown news provider {provider!r}: {', '.join(NEWS_PROVIDERS)}")
        number = f"{provider}${0x1A3F0000 + len(self._published):08x}"
        item = NewsItem(now, provider, number, headline, article, instrument, meta, is_hot, document)
        self._published.append(item)
        return item

    def latest(self, instrument: Instrument, providers: set[str], count: int) -> list[NewsItem]:
        """Return the last headlines that were published on *instrument* (or a tape), oldest first."""
        found = [one for one in self._published if one.is_about(instrument) and one.provider in providers]
        return found[-count:] if count else []

    def bulletin(self, text: str, kind: int, exchange: str) -> Bulletin:
        """Add a bulletin."""
        made = Bulletin(len(self.bulletins) + 1, kind, text, exchange)
        self.bulletins.append(made)
        return made

    def of(self, instrument: Instrument, providers: set[str], start: float, end: float) -> list[NewsItem]:
        """Return the headlines on *instrument* after *start* up to *end*, newest first."""
        live = [one for one in self._published if one.is_about(instrument)]
        every = [*self._history(instrument), *live]
        chosen = [one for one in every if one.provider in providers and start < one.time <= end]
        return sorted(chosen, key=lambda one: one.time, reverse=True)

    def article(self, provider: str, article_id: str) -> NewsItem | None:
        """Return the item of an article, None where there is none."""
        every = [*self._published, *(one for history in self._histories.values() for one in history)]
        return next((one for one in every if (one.provider, one.article_id) == (provider, article_id)), None)

    def _history(self, instrument: Instrument) -> list[NewsItem]:
        if instrument.con_id not in self._histories:
            self._histories[instrument.con_id] = list(self._made_up(instrument))
        return self._histories[instrument.con_id]

    def _made_up(self, instrument: Instrument) -> list[NewsItem]:
        if instrument.sec_type not in {"STK", "IND"}:
            return []
        rng = random.Random(f"{self._seed}:news:{instrument.con_id}")  # noqa: S311 - no secret
        name = instrument.long_name.title()
        made = []
        for number in range(rng.randint(20, 40)):
            at = self._opened - rng.uniform(600, _DAYS_OF_HISTORY * _DAY)
            provider = rng.choice(list(NEWS_PROVIDERS))
            headline = rng.choice(_TEMPLATES).format(
                name=name, symbol=instrument.symbol, verb=rng.choice(_VERBS), who=rng.choice(_WHO),
                what=rng.choice(_WHAT), topic=rng.choice(_TOPICS), event=rng.choice(_EVENTS),
            )  # fmt: skip
            article_id = f"{provider}${instrument.con_id % 0xFFFFF:05x}{number:03x}"
            made.append(NewsItem(at, provider, article_id, headline + "", _article(headline, name), instrument))
        return sorted(made, key=lambda one: one.time)


def past_headline(item: NewsItem, seed: int) -> str:
    """
    Return the headline as lists of the past carry it: `{A:800015:L:en:K:0.97:C:0.9}!Words`.

    Every other one has the metadata, as real frames do; a bang after it marks a headline of weight.
    """
    meta, bang = _told_beside(item, seed)
    return f"{{{meta}}}{bang}{item.headline}" if meta else f"{bang}{item.headline}"


def live_headline(item: NewsItem, seed: int) -> tuple[str, str]:
    """Return the headline as it comes live, and its extra data: there the metadata stands, if it has any."""
    meta, bang = _told_beside(item, seed)
    return f"{bang}{item.headline}", meta or "K:n/a"


def _told_beside(item: NewsItem, seed: int) -> tuple[str, str]:
    """Return a headline's metadata and its bang, each or both empty."""
    if item.meta is not None or item.is_hot:
        return item.meta or "", "!" if item.is_hot else ""
    rng = random.Random(f"{seed}:{item.article_id}")  # noqa: S311 - no secret
    if rng.random() < 0.5:  # noqa: PLR2004 - a coin
        return "", ""
    confidence = rng.choice(("0.97", "0.88", "0.61", "n/a"))
    return f"A:800015:L:en:K:{confidence}:C:0.9", "!" if rng.random() < 0.2 else ""  # noqa: PLR2004 - one in five


def _article(headline: str, name: str) -> str:
    return (
        f"<p><strong>{headline}</strong></p><p>The move in {name} comes with volume in line with its average. "
        "The company did not comment &amp; trading was orderly.</p><ul><li>Source: company filings</li></ul>"
    )
