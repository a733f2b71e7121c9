"""Headlines of an instrument or of a list, and the story behind one."""

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place, encode_line
from bot.views.keyboard import button, clamped, grid, pager, pages, rows, shortened
from bot.views.message import Button, File, Message, text
from bot.views.numbers import moment
from market.errors import BrokerError
from market.instrument import Instrument
from market.news import BULLETIN_PROVIDER, Article, Headline

STORY_PAGE = 3000
"""UTF-16 units of a story on one page; its headline and the rest of the page need the others of Telegram's 4,096."""
PAGE = 8
PORTFOLIO, WATCHLIST = "portfolio", "watchlist"

_HEADLINE = 220
_MOST_PAGES = 999
_NAMED = 3
_ABOUT = 60
_FILE_NAME = 60
_UNFIT = re.compile(r"[^\w .,&%$'()+-]+")
_GONE = frozenset({10172})
_NOT_ALLOWED = frozenset({321, 354, 10089, 10168, 10276})
_LISTS = {PORTFOLIO: "Your positions", WATCHLIST: "Your watchlist"}
_EMPTY = {
    PORTFOLIO: "📰 <b>Your positions</b>: nothing is held, so there is nothing to read of.\n"
    "<code>/news AAPL</code> gives the headlines of one symbol.",
    WATCHLIST: "📰 <b>Your watchlist</b>: it is empty.\n"
    "<code>/watch AAPL MSFT</code> puts symbols on it; <code>/news AAPL</code> reads one symbol.",
}

Names = Callable[[str], str]
"""What a provider is called, by its code."""


@dataclass(frozen=True, slots=True)
class Line:
    """A headline of a list, and the labels of what it is *about* where the list has more than one instrument."""

    headline: Headline
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """
    A list of headlines, newest first.

    *subject* says in a button what it is of: a contract id, or one of the lists; *title* says it to a person.
    *asked* counts a list's instruments, *missing* are those whose headlines did not come.
    """

    subject: str
    title: str
    lines: Sequence[Line]
    con_id: int = 0
    asked: int = 1
    missing: tuple[str, ...] = ()


def of_instrument(instrument: Instrument, found: Sequence[Headline]) -> Listing:
    """Return an instrument's headlines as a listing."""
    label, con_id = instrument.label, instrument.con_id
    return Listing(str(con_id), label, [Line(headline) for headline in found], con_id)


def of_list(which: str, lines: Sequence[Line], asked: int, missing: tuple[str, ...]) -> Listing:
    """Return the headlines of the portfolio or the watchlist. Raises KeyError for any other list."""
    return Listing(which, _LISTS[which], lines, 0, asked, missing)


def headlines(found: Listing, page: int, *, names: Names, now: datetime, zone: ZoneInfo) -> Message:
    """Return page *page* (from 0) of a listing, each headline with a button to its story."""
    if not found.asked:
        return Message(_EMPTY[found.subject], rows(_home()))
    label = text(found.title)
    more = rows(_more(found), _home())
    if not found.lines:
        return Message(
            f"📰 <b>{label}</b>: no headlines.\n"
            "IBKR's providers of this account have nothing on it, or none is subscribed." + _missing(found),
            more,
        )
    page = clamped(page, len(found.lines), PAGE)
    total = pages(len(found.lines), PAGE)
    many = "1 headline" if len(found.lines) == 1 else f"{len(found.lines)} headlines"
    lines = [f"📰 <b>{label}</b> · {many}" + (f" ({page + 1}/{total})" if total > 1 else "") + _missing(found)]
    stories: list[Button] = []
    for number, line in enumerate(found.lines[page * PAGE : (page + 1) * PAGE], page * PAGE + 1):
        lines.append(f"\n{number}. {_line(line, names, now, zone)}")
        stories += story_button(f"📖 {number}", line.headline)
    turn = pager(Code.NEWS_PAGE, page, len(found.lines), found.subject, size=PAGE)
    return Message("\n".join(lines), rows(*grid(stories, 4), turn, *more))


def story(
    pages_: Sequence[str],
    page: int,
    turn: tuple[Code, tuple[object, ...]],
    *,
    provider: str,
    headline: Headline | None,
    now: datetime,
    zone: ZoneInfo,
) -> Message:
    """
    Return page *page* (from 0) of a story's *pages_*, which are in Telegram's tags.

    *turn* is what its pages' buttons say: a code, and its arguments after the page. *headline* is None where it is not
    known any more.
    """
    page = min(max(page, 0), len(pages_) - 1)
    where = f" ({page + 1}/{len(pages_)})" if len(pages_) > 1 else ""
    body = pages_[page] or "<i>The provider sent no text.</i>"
    code, args = turn
    buttons = rows(pager(code, page, len(pages_), *args, size=1))
    return Message(f"{_story_head(provider, headline, where, now, zone)}\n\n{body}", buttons)


def document(article: Article, *, provider: str, headline: Headline | None, now: datetime, zone: ZoneInfo) -> Message:
    """Return a story that IBKR has as a binary document only, as a file named after its headline."""
    body = article.document or b""
    head = _story_head(provider, headline, "", now, zone)
    name = file_name(article.article_id if headline is None else headline.text, body)
    return Message(f"{head}\nThe provider has it as a document only.", file=File(name, body))


def refused(error: BrokerError, *, provider: str, headline: Headline | None) -> Message:
    """Return what is said where IBKR does not give a story."""
    which = "" if headline is None else f"\n“{text(shortened(headline.text, _HEADLINE))}”"
    said = f"\n<i>IBKR {error.code}: {text(shortened(error.text, _HEADLINE))}</i>"
    if error.code in _GONE:
        return Message(f"📖 <b>This story is not to be had any more</b> from {text(provider)}.{which}{said}")
    if error.code in _NOT_ALLOWED:
        why = "The headline is all it lets you read: the story takes a subscription at IBKR."
        return Message(f"📖 <b>This account may not read stories of {text(provider)}</b>.\n{why}{which}{said}")
    return Message(f"📖 <b>IBKR does not give this story</b> of {text(provider)}.{which}{said}")


def forgotten() -> Message:
    """Return what is said of a headline that is not kept any more."""
    return Message("🤔 <b>This headline is not kept any more.</b>\n<code>/news AAPL</code> gives the last ones.")


def story_button(label: str, headline: Headline) -> tuple[Button, ...]:
    """Return the button to a headline's story, or nothing for a bulletin, whose text is all there is."""
    if headline.provider == BULLETIN_PROVIDER:
        return ()
    data = encode_line(Code.NEWS_STORY, Place.ANEW, 0, headline.provider, button_id(headline))
    return () if data is None else (Button(label, data),)


def button_id(headline: Headline) -> str:
    """Return the article's id as buttons bear it: as it is where it fits on every page, else a digest of it."""
    said = headline.article_id
    if encode_line(Code.NEWS_STORY, Place.ANEW, _MOST_PAGES, headline.provider, said) is not None and said[0] != "~":
        return said
    return "~" + urlsafe_b64encode(hashlib.sha256(said.encode()).digest()[:12]).decode()


def is_digest(said: str) -> bool:
    """Return whether a button bears no article's id but a digest of one."""
    return said.startswith("~")


def file_name(title: str, body: bytes) -> str:
    """Return a name for a document: its title as far as every phone takes it, and its kind by its first bytes."""
    plain = " ".join(_UNFIT.sub(" ", title).split()).strip(" .")
    kind = "pdf" if body[:4] == b"%PDF" else "bin"
    return f"{shortened(plain, _FILE_NAME).rstrip(' .…') or 'story'}.{kind}"


def _story_head(provider: str, headline: Headline | None, where: str, now: datetime, zone: ZoneInfo) -> str:
    if headline is None:
        return f"📖 <b>Full story</b> · {text(provider)}{where}"
    told = f"{text(provider)} · {moment(headline.time, zone, now)}"
    return f"📖 <b>{text(shortened(headline.text, _HEADLINE))}</b>{where}\n{told}"


def _line(line: Line, names: Names, now: datetime, zone: ZoneInfo) -> str:
    headline = line.headline
    hot = "<b>HOT</b> · " if headline.is_hot else ""
    about = ", ".join(line.about[:_NAMED]) + ("…" if len(line.about) > _NAMED else "")
    whose = f"<b>{text(shortened(about, _ABOUT))}</b> · " if about else ""
    told = f"{hot}{whose}{text(names(headline.provider))} · {moment(headline.time, zone, now)}"
    return f"<b>{text(shortened(headline.text, _HEADLINE))}</b>\n{told}"


def _missing(found: Listing) -> str:
    if not found.missing:
        return ""
    few = ", ".join(found.missing[:_NAMED]) + ("…" if len(found.missing) > _NAMED else "")
    return f"\n⚠️ {len(found.missing)} of {found.asked} symbols did not answer: {text(shortened(few, _ABOUT))}"


def _more(found: Listing) -> tuple[Button, ...]:
    again = button("🔄 Refresh", Code.NEWS_AGAIN, Place.HERE, found.subject)
    if found.con_id:
        return (
            button("📊 Quote", Code.QUOTE, Place.ANEW, found.con_id),
            button("🔔 Any news", Code.ALERT_LINE, f"news #{found.con_id}"),
            again,
        )
    return (button("🔔 Any news", Code.ALERT_LINE, f"news {found.subject}"), again)


def _home() -> tuple[Button, ...]:
    return (button("« News", Code.NEWS_HOME, Place.HERE),)
