"""Stories behind headlines: fetched once, however many ask, and made into pages off the loop."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from bot.handlers.ports import HeadlineSource
from bot.views.article import article_pages
from bot.views.news import STORY_PAGE, button_id
from market.news import Article, Headline

_KEPT_STORIES = 32
_KEPT_HEADLINES = 3000

Key = tuple[str, str]
"""IBKR's identity of a story: the provider's code and the article's id."""


@dataclass(frozen=True, slots=True)
class Story:
    """An article and its pages in Telegram's tags (one empty one where it has no text)."""

    article: Article
    pages: tuple[str, ...]


class Stories:
    """The last stories, so that turning a page asks IBKR nothing; and the headlines that were shown."""

    def __init__(self, source: HeadlineSource) -> None:
        self._source = source
        self._kept: OrderedDict[Key, Story] = OrderedDict()
        self._coming: dict[Key, asyncio.Task[Story]] = {}
        self._headlines: OrderedDict[Key, Headline] = OrderedDict()

    def note(self, headlines: Iterable[Headline]) -> None:
        """Remember headlines that are shown: a button may bear too little of one to know it again."""
        for headline in headlines:
            key = (headline.provider, button_id(headline))
            self._headlines[key] = headline
            self._headlines.move_to_end(key)
        while len(self._headlines) > _KEPT_HEADLINES:
            self._headlines.popitem(last=False)

    def headline(self, provider: str, said: str) -> Headline | None:
        """Return the headline whose button says *said*, where it is remembered."""
        return self._headlines.get((provider, said))

    def known(self, key: Key) -> Story | None:
        """Return a story that was fetched before; asks nothing."""
        story = self._kept.get(key)
        if story is not None:
            self._kept.move_to_end(key)
        return story

    async def fetch(self, key: Key) -> Story:
        """Return a story; two who ask at once wait for one answer. Raises as `HeadlineSource.article`."""
        story = self.known(key)
        if story is not None:
            return story
        coming = self._coming.get(key)
        if coming is None:
            coming = self._coming[key] = asyncio.create_task(self._fetched(key), name=f"story {key[1]}")
            coming.add_done_callback(lambda done: self._come(key, done))
        # Whoever gives up waiting must not take it from the others.
        return await asyncio.shield(coming)

    async def _fetched(self, key: Key) -> Story:
        article = await self._source.article(*key)
        # A long one takes its time, and the loop has other things to do.
        pages = await asyncio.to_thread(article_pages, article.body, STORY_PAGE)
        story = Story(article, pages)
        if article.document is None:
            self._kept[key] = story
            if len(self._kept) > _KEPT_STORIES:
                self._kept.popitem(last=False)
        return story

    def _come(self, key: Key, done: asyncio.Task[Story]) -> None:
        del self._coming[key]
        if not done.cancelled():
            # Looked at, so that a refusal nobody waits for any more is no complaint of the loop's.
            done.exception()
