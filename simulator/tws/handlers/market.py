"""Market data: quotes, ticks one by one, five-second bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.tws.bars import Bar
from simulator.tws.handlers.reference import resolve
from simulator.tws.limits import MARKET_LINES
from simulator.tws.news_provider import NEWS_PROVIDERS, TAPES
from simulator.tws.quotes import DELAYED, KNOWN_GENERICS, LIVE, QuoteStream
from simulator.tws.streams import NewsStream, RealTimeBarStream, TickByTickStream

if TYPE_CHECKING:
    from simulator.tws.instrument import Instrument
    from simulator.tws.requests import Request
    from simulator.tws.session import Handler, Session

_NOT_SUBSCRIBED = (
    "Requested market data is not subscribed. Check API status by selecting the Account menu then under Management "
    "choose Market Data Subscription Manager and/or availability of delayed data. Delayed market data is available."
)
_TICK_TYPES = {"Last", "AllLast", "BidAsk", "MidPoint"}


def _market_data(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    instrument = resolve(session, request, req_id)
    if instrument is None:
        return
    generics = [part for part in request.text("generics").split(",") if part]
    snapshot = request.flag("snapshot")
    problem = _problem(session, req_id, generics, snapshot=snapshot)
    if problem is not None:
        session.error(req_id, *problem)
        return
    news = [part for part in generics if part.partition(":")[0] == "292"]
    if news:
        _open_news(session, req_id, instrument, news[0], is_alone=_is_news_only(instrument, generics))
    if _is_news_only(instrument, generics):
        return
    data_type = _data_type(session, req_id, instrument)
    if data_type is None:
        return
    book = session.exchange.book(instrument)
    stream = QuoteStream(
        session.exchange, session.send, req_id, book, set(generics), data_type, session.server.sample_s
    )
    stream.begin()
    if snapshot:
        session.send((57, 1, req_id))
    else:
        session.streams.open("quote", req_id, stream)


def _problem(session: Session, req_id: int, generics: list[str], *, snapshot: bool) -> tuple[int, str] | None:
    if snapshot and generics:
        return 321, (
            "Error validating request.-'bW' : cause - Snapshot market data subscription is not applicable to "
            "generic ticks"
        )
    unknown = [part for part in generics if part.partition(":")[0] not in KNOWN_GENERICS]
    if unknown:
        return 321, (
            f"Error validating request.-'bW' : cause - Incorrect generic tick list of {','.join(generics)}.  "
            f"Legal ones for (STK) are: {','.join(sorted(KNOWN_GENERICS))}"
        )
    if session.streams.has("quote", req_id) or session.streams.has("news", req_id):
        return 322, "Error processing request.-'bW' : cause - Duplicate ticker id"
    if not snapshot and session.server.lines_used() >= MARKET_LINES:
        return 101, "Max number of tickers has been reached"
    return None


def _is_news_only(instrument: Instrument, generics: list[str]) -> bool:
    return "mdoff" in generics or instrument.sec_type == "NEWS"


def _open_news(session: Session, req_id: int, instrument: Instrument, generic: str, *, is_alone: bool) -> None:
    asked = {code for code in generic.partition(":")[2].split("+") if code}
    faults, tape = session.server.faults, TAPES.get(instrument.symbol, "")
    if not asked <= NEWS_PROVIDERS.keys() or faults.no_news & (asked | {tape}):
        session.error(req_id, 10276, "News is not allowed.")
        return
    providers = (asked or set(NEWS_PROVIDERS)) - faults.no_news
    stream = NewsStream(session.send, session.exchange.seed, req_id, instrument, providers, is_alone=is_alone)
    session.streams.open("news", req_id, stream)
    for item in session.exchange.newsroom.latest(instrument, providers, faults.old_news):
        stream.published(item)


def _data_type(session: Session, req_id: int, instrument: Instrument) -> int | None:
    """Return live or delayed, as asked for and available; answer 354 and return None where there is nothing."""
    without = session.server.faults.delayed
    if not without & {"*", instrument.key}:
        return LIVE
    if session.data_type < DELAYED:
        session.error(req_id, 354, f"{_NOT_SUBSCRIBED}{instrument.symbol}")
        return None
    session.error(req_id, 10167, "Requested market data is not subscribed. Displaying delayed market data.")
    return DELAYED


def _cancel_market_data(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    stream = session.streams.get("quote", req_id)
    found = [session.streams.close(family, req_id) for family in ("quote", "news")]
    if not any(found):
        session.error(req_id, 300, f"Can't find EId with tickerId:{req_id}")
    elif session.server.faults.late_frames and isinstance(stream, QuoteStream):
        session.send(stream.late())


def _market_data_type(session: Session, request: Request) -> None:
    session.data_type = request.whole("type")


def _tick_by_tick(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    kind = request.text("tickType")
    instrument = resolve(session, request, req_id)
    if instrument is None:
        return
    by_trades = kind in {"Last", "AllLast"}
    if kind not in _TICK_TYPES or instrument.parts or (by_trades and not instrument.trades):
        session.error(req_id, 10189, f"Failed to request tick-by-tick data.{kind} is not available")
        return
    session.streams.open("tickByTick", req_id, TickByTickStream(session.send, req_id, instrument, kind))


def _cancel_tick_by_tick(session: Session, request: Request) -> None:
    if not session.streams.close("tickByTick", request.whole("reqId")):
        session.error(request.whole("reqId"), 300, f"Can't find EId with tickerId:{request.whole('reqId')}")


def _real_time_bars(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    what = request.text("whatToShow")
    instrument = resolve(session, request, req_id)
    if instrument is None:
        return
    if what not in {"TRADES", "MIDPOINT", "BID", "ASK"} or (what == "TRADES" and not instrument.trades):
        session.error(req_id, 420, f"Invalid Real-time Query:No {what} data for {instrument.symbol}")
        return
    half = {"BID": -0.5, "ASK": 0.5}.get(what, 0.0) * instrument.min_tick
    book = session.exchange.book(instrument)
    stream = RealTimeBarStream(
        session.send, req_id, book, session.exchange.clock.time(), lambda bar: shifted(bar, half)
    )
    session.streams.open("realTimeBars", req_id, stream)


def _cancel_real_time_bars(session: Session, request: Request) -> None:
    if not session.streams.close("realTimeBars", request.whole("reqId")):
        session.error(request.whole("reqId"), 300, f"Can't find EId with tickerId:{request.whole('reqId')}")


def shifted(bar: Bar, by: float) -> Bar:
    """Return *bar* with every price moved by *by*: the bid or ask side of a midpoint."""
    opening, high, low, close = (round(value + by, 6) for value in (bar.open, bar.high, bar.low, bar.close))
    return Bar(bar.start, opening, high, low, close, bar.volume, bar.value + by * bar.volume, bar.count)


HANDLERS: dict[str, Handler] = {
    "reqMktData": _market_data,
    "cancelMktData": _cancel_market_data,
    "reqMarketDataType": _market_data_type,
    "reqTickByTickData": _tick_by_tick,
    "cancelTickByTickData": _cancel_tick_by_tick,
    "reqRealTimeBars": _real_time_bars,
    "cancelRealTimeBars": _cancel_real_time_bars,
}
