"""Headlines of an instrument, and the story behind one."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.article import article_pages
from bot.views.keyboard import button, grid, line_button, pager, rows, shortened
from bot.views.message import Button, Message, text
from bot.views.numbers import moment
from market.instrument import Instrument
from market.news import Article, Headline

STORY_PAGE = 3000
_HEADLINE = 220


def headlines(instrument: Instrument, found: Sequence[Headline], *, now: datetime, zone: ZoneInfo) -> Message:
    """Return the last headlines of *instrument*, newest first, each with a button to its story."""
    label = text(instrument.label)
    more = rows(_more(instrument))
    if not found:
        return Message(
            f"📰 <b>{label}</b>: no headlines.\n"
            "IBKR's providers of this account have nothing on it, or none is subscribed.",
            more,
        )
    lines = [f"📰 <b>{label}</b> · {len(found)} headlines"]
    stories: list[Button] = []
    for number, headline in enumerate(found, 1):
        lines.append(
            f"\n{number}. <b>{text(shortened(headline.text, _HEADLINE))}</b>\n"
            f"{text(headline.provider)} · {moment(headline.time, zone, now)}"
        )
        stories += line_button(f"📖 {number}", Code.NEWS_STORY, Place.ANEW, 0, headline.provider, headline.article_id)
    return Message("\n".join(lines), rows(*grid(stories, 5), *more))


def story(article: Article, page: int) -> Message:
    """Return page *page* (from 0) of a story, in Telegram's tags."""
    parts = article_pages(article.body, STORY_PAGE)
    page = min(max(page, 0), len(parts) - 1)
    where = f" ({page + 1}/{len(parts)})" if len(parts) > 1 else ""
    body = parts[page] or "<i>The provider sent no text.</i>"
    turn = pager(Code.NEWS_STORY, page, len(parts), article.provider, article.article_id, size=1)
    return Message(f"📖 <b>Full story</b> · {text(article.provider)}{where}\n\n{body}", rows(turn))


def which() -> Message:
    """Return what /news says when it is not told about which instrument."""
    return Message(
        "📰 <b>News of what?</b>\n<code>/news AAPL</code> gives the last headlines.\n"
        "<code>news AAPL &quot;guidance&quot;</code> tells you when a headline has that word."
    )


def _more(instrument: Instrument) -> tuple[Button, ...]:
    return (
        button("📊 Quote", Code.QUOTE, Place.ANEW, instrument.con_id),
        button("🔔 Any news", Code.ALERT_LINE, f"news #{instrument.con_id}"),
        button("🔄 Refresh", Code.NEWS_LIST, Place.HERE, instrument.con_id),
    )
