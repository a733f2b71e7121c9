"""The stories behind headlines, page by page; a document comes as a file."""

from alerts.rule import Firing
from bot.callback_data import Callback, Code
from bot.handlers.chores import Chores
from bot.handlers.place import show
from bot.handlers.ports import Reply, ToldFirings, Zones
from bot.headlines import HeadlineBook
from bot.request import Press
from bot.stories import Key, Stories, Story
from bot.views import news as views
from bot.views.errors import explain
from bot.views.news_alert import headline_of
from market.clock import Clock
from market.errors import BrokerError, MarketError
from market.news import Headline

Turn = tuple[Code, tuple[object, ...]]


class StoryHandler:
    """
    Answers every button that leads to a story.

    A story that is not in memory is fetched after the answer to the press: the chat goes on meanwhile.
    """

    def __init__(
        self,
        *,
        reply: Reply,
        book: HeadlineBook,
        stories: Stories,
        firings: ToldFirings,
        zones: Zones,
        clock: Clock,
        chores: Chores,
    ) -> None:
        self._reply = reply
        self._book = book
        self._stories = stories
        self._firings = firings
        self._zones = zones
        self._clock = clock
        self._chores = chores

    def note(self, fired: Firing) -> None:
        """Remember the headline that a message of an alert shows: its story stands under it then."""
        headline = headline_of(fired)
        if headline is not None:
            self._stories.note([headline])

    async def on_story(self, press: Press, callback: Callback) -> None:
        """Show a page of the story that the button names."""
        _, _, provider, said = callback.args
        headline = self._stories.headline(provider, said)
        if headline is None and views.is_digest(said):
            await self._reply.answer(press)
            await self._reply.send(press.chat_id, views.forgotten(), reply_to=press.message_id)
            return
        key = (provider, said if headline is None else headline.article_id)
        await self._open(press, callback, key, headline, (Code.NEWS_STORY, (provider, said)))

    async def on_told(self, press: Press, callback: Callback) -> None:
        """Show a page of the story that an alert told of; alerts of other people's chats are none of theirs."""
        rule_id, number = callback.number(2), callback.number(3)
        fired = await self._firings.nth(rule_id, number)
        is_theirs = fired is not None and (fired.rule.owner_id == press.user_id or fired.rule.chat_id == press.chat_id)
        headline = headline_of(fired) if fired is not None and is_theirs else None
        if headline is None:
            await self._reply.answer(press)
            await self._reply.send(press.chat_id, views.forgotten(), reply_to=press.message_id)
            return
        key = (headline.provider, headline.article_id)
        await self._open(press, callback, key, headline, (Code.NEWS_TOLD, (rule_id, number)))

    async def _open(self, press: Press, callback: Callback, key: Key, headline: Headline | None, turn: Turn) -> None:
        story = self._stories.known(key)
        if story is not None:
            await self._reply.answer(press)
            await self._show(press, callback, story, headline, turn)
            return
        await self._reply.answer(press, "⏳ Fetching the story…")
        self._chores.begin(self._fetched(press, callback, key, headline, turn), f"story {key[1]}")

    async def _fetched(self, press: Press, callback: Callback, key: Key, headline: Headline | None, turn: Turn) -> None:
        try:
            story = await self._stories.fetch(key)
        except BrokerError as error:
            message = views.refused(error, provider=self._book.name_of(key[0]), headline=headline)
        except MarketError as error:
            message = explain(error)
        else:
            await self._show(press, callback, story, headline, turn)
            return
        await self._reply.send(press.chat_id, message, reply_to=press.message_id)

    async def _show(
        self, press: Press, callback: Callback, story: Story, headline: Headline | None, turn: Turn
    ) -> None:
        zone, now = await self._zones.zone_of(press.user_id), self._clock.now()
        provider = self._book.name_of(story.article.provider)
        if story.article.document is not None:
            message = views.document(story.article, provider=provider, headline=headline, now=now, zone=zone)
            await self._reply.send(press.chat_id, message, reply_to=press.message_id)
            return
        page = callback.number(1)
        message = views.story(story.pages, page, turn, provider=provider, headline=headline, now=now, zone=zone)
        await show(self._reply, press, callback, message)
