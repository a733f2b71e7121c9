"""News: providers, headlines of the past, articles, bulletins."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from simulator.tws import replies
from simulator.tws.news_provider import NEWS_PROVIDERS
from simulator.tws.newsroom import past_headline

if TYPE_CHECKING:
    from simulator.tws.requests import Request
    from simulator.tws.session import Handler, Session

_MOST_HEADLINES = 300
_FORMS = ("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S", "%Y%m%d %H:%M:%S", "%Y%m%d-%H:%M:%S")


def _providers(session: Session, _: Request) -> None:
    rows = [text for pair in NEWS_PROVIDERS.items() for text in pair]
    session.send((85, len(NEWS_PROVIDERS), *rows))


def _headlines(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    instrument = session.exchange.catalogue.with_id(request.whole("conId"))
    codes = set(request.text("providers").split("+")) - {""}
    if instrument is None:
        session.error(req_id, 200, "No security definition has been found for the request")
        return
    if not codes or not codes <= NEWS_PROVIDERS.keys() or codes & session.server.faults.no_news:
        session.error(req_id, 10276, "News is not allowed.")
        return
    window = _window(session, request)
    if window is None:
        session.error(req_id, 321, "Error validating request.-'bQ' : cause - Invalid date format")
        return
    found = session.exchange.newsroom.of(instrument, codes, *window)
    total = max(1, min(request.whole("total", 10), _MOST_HEADLINES))
    for item in found[:total]:
        headline = past_headline(item, session.exchange.seed)
        session.send(replies.historical_news(req_id, item.time, item.provider, item.article_id, headline))
    session.send((87, req_id, len(found) > total))


def _window(session: Session, request: Request) -> tuple[float, float] | None:
    """
    Return after when and up to when headlines are wanted, None for a date that is none.

    By IBKR's pages the start is exclusive and the end inclusive, "either … or", and of both the end is ignored. An
    operator found the contrary: the first is the recent end, from which TWS walks back past the second.
    """
    now = session.exchange.clock.time()
    start, end = _moment(request.text("start"), 0.0), _moment(request.text("end"), now)
    if start is None or end is None:
        return None
    if session.server.faults.news_backward:
        return 0.0, start or end
    return (start, now) if start else (0.0, end)


def _moment(written: str, default: float) -> float | None:
    """Return a time given in UTC, *default* where it is empty, None where it is none."""
    if not written:
        return default
    for form in _FORMS:
        try:
            return datetime.strptime(written.removesuffix(" UTC"), form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None


def _article(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    item = session.exchange.newsroom.article(request.text("provider"), request.text("articleId"))
    if item is None:
        session.error(req_id, 10172, "Failed to request news article:Not found")
    elif item.document:
        session.send((83, req_id, 1, b64encode(item.document).decode()))
    else:
        session.send((83, req_id, 0, item.article))


def _bulletins(session: Session, request: Request) -> None:
    session.wants_bulletins = True
    if request.flag("allMessages"):
        for one in session.exchange.newsroom.bulletins:
            session.send(replies.news_bulletin(one))


def _cancel_bulletins(session: Session, _: Request) -> None:
    session.wants_bulletins = False


HANDLERS: dict[str, Handler] = {
    "reqNewsProviders": _providers,
    "reqHistoricalNews": _headlines,
    "reqNewsArticle": _article,
    "reqNewsBulletins": _bulletins,
    "cancelNewsBulletins": _cancel_bulletins,
}
