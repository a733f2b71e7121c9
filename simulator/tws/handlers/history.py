"""Historical data: bars once or kept up to date, session schedules, the first date there is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from simulator.tws import replies
from simulator.tws.bars import BAR_SIZES, DAY, Bar, parse_duration, seconds_of
from simulator.tws.handlers.market import shifted
from simulator.tws.handlers.reference import resolve
from simulator.tws.limits import OPEN_HISTORICAL, Query
from simulator.tws.past import first_day
from simulator.tws.plan import day_of, moment, zone_of
from simulator.tws.streams import BarStream, Sampler
from simulator.tws.tape import mapped

if TYPE_CHECKING:
    from simulator.tws.instrument import Instrument
    from simulator.tws.replies import Fields
    from simulator.tws.requests import Request
    from simulator.tws.session import Handler, Session

_SERVICE = "Historical Market Data Service error message:"
_TRADED = {"TRADES", "ADJUSTED_LAST"}
_QUOTED = {"MIDPOINT", "BID", "ASK", "BID_ASK"}
_VOLATILITY = {"HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY"}
_MOST_BARS = 120_000
_MONTH = 30 * DAY
_INVALID = "Error validating request.-'bP' : cause - "


class Unservable(Exception):
    """A historical request that gets an error: *code* and *message*."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A historical request, understood."""

    req_id: int
    instrument: Instrument
    what: str
    size: int
    start: float
    end: float
    regular: bool
    as_epoch: bool

    @property
    def traded(self) -> bool:
        """Whether the bars carry volume, average and count."""
        return self.what in _TRADED

    def when(self, bar: Bar) -> str:
        """Return a bar's time as the client wants it; a day is a date in either format."""
        if self.size >= DAY:
            return f"{day_of(bar.start):%Y%m%d}"
        if self.as_epoch:
            return str(bar.start)
        wall = datetime.fromtimestamp(bar.start, zone_of(self.instrument.zone))
        return f"{wall:%Y%m%d %H:%M:%S} {self.instrument.zone}"


def _historical_data(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    instrument = resolve(session, request, req_id)
    if instrument is None:
        return
    try:
        inquiry = _understood(session, request, instrument)
        _check_limits(session, request, inquiry)
        if request.text("whatToShow") == "SCHEDULE":
            session.send(_schedule(session, inquiry))
            return
        bars = _answer(session, inquiry)
    except Unservable as reason:
        session.error(req_id, reason.code, reason.message)
        return
    rows = [replies.bar_row(bar, inquiry.when(bar), traded=inquiry.traded) for bar in bars]
    session.send(replies.historical_data(req_id, _stamp(inquiry.start), _stamp(inquiry.end), rows))
    if request.flag("keepUpToDate"):
        _keep_up(session, inquiry)


def _understood(session: Session, request: Request, instrument: Instrument) -> Inquiry:
    what = request.text("whatToShow").upper()
    keep = request.flag("keepUpToDate")
    size = seconds_of(request.text("barSize"))
    duration = parse_duration(request.text("duration"))
    if size is None:
        legal = ", ".join(BAR_SIZES)
        raise Unservable(321, f"{_INVALID}Historical data bar size setting is invalid. Legal ones are: {legal}")
    if duration is None:
        raise Unservable(321, f"{_INVALID}Historical data query duration is invalid.")
    if duration[1] == "S" and duration[0] > DAY:
        raise Unservable(
            321, f"{_INVALID}Historical data requests for durations longer than 86400 seconds must be made in days."
        )
    if request.text("endDateTime") and (keep or what == "ADJUSTED_LAST"):
        raise Unservable(
            321, f"{_INVALID}End Date not supported with {'keep up to date' if keep else 'adjusted last'}."
        )
    _check_kind(what, instrument)
    now = session.exchange.clock.time()
    end = min(_end(request.text("endDateTime"), instrument, now), now)
    regular = request.flag("useRTH")
    start = _start(session, end, duration, regular=regular)
    return Inquiry(
        request.whole("reqId"), instrument, what, size, start, end, regular, request.text("formatDate") == "2"
    )


def _check_kind(what: str, instrument: Instrument) -> None:
    if what not in {*_TRADED, *_QUOTED, *_VOLATILITY, "SCHEDULE"}:
        raise Unservable(321, f"{_INVALID}Please enter a valid what to show.")
    no_trades = what in _TRADED and instrument.sec_type == "CASH"
    no_quotes = what in _QUOTED and instrument.sec_type == "IND"
    no_model = what in _VOLATILITY and instrument.sec_type not in {"STK", "IND"}
    if no_trades or no_quotes or no_model or instrument.sec_type in {"NEWS", "BAG"}:
        name = f"{instrument.local_symbol}@{instrument.exchange} {what.title()}"
        raise Unservable(162, f"{_SERVICE}HMDS query returned no data: {name}")


def _end(written: str, instrument: Instrument, now: float) -> float:
    """Read an end time: `20240328 16:00:00 US/Eastern`, `20240328-20:00:00` (UTC), without a zone the instrument's."""
    if not written:
        return now
    form, _, zone = written.replace("  ", " ").partition(" ")
    if "-" in form:
        return _parsed(form, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC).timestamp()
    clock, _, zone = zone.partition(" ")
    wall = _parsed(f"{form} {clock}", "%Y%m%d %H:%M:%S")
    return wall.replace(tzinfo=zone_of(zone or instrument.zone)).timestamp()


def _parsed(written: str, form: str) -> datetime:
    try:
        return datetime.strptime(written, form)  # noqa: DTZ007 - the caller sets the zone
    except ValueError:
        raise Unservable(
            10314, "End Date/Time: The date, time, or time-zone entered is invalid. The correct format is yyyymmdd "
            "hh:mm:ss xx/xxxx where yyyymmdd and xx/xxxx are optional."
        ) from None  # fmt: skip


def _start(session: Session, end: float, duration: tuple[int, str], *, regular: bool) -> float:
    number, unit = duration
    if unit == "S":
        return end - number
    if unit == "D":
        return _days_back(session, end, number, regular=regular)
    days = number * {"W": 7, "M": 30, "Y": 365}[unit]
    return float(moment(day_of(end) - timedelta(days=days), 0))


def _days_back(session: Session, end: float, number: int, *, regular: bool) -> float:
    """Return when the *number*-th last day with trading began, counted back from *end*."""
    day, oldest, start = day_of(end), first_day(day_of(end)), end
    while number and day >= oldest:
        spans = [
            one for one in session.exchange.timetable.segments(day) if (one.regular or not regular) and one.start < end
        ]
        if spans:
            start, number = float(spans[0].start), number - 1
        day -= timedelta(days=1)
    return start


def _check_limits(session: Session, request: Request, inquiry: Inquiry) -> None:
    if (inquiry.end - inquiry.start) / inquiry.size > _MOST_BARS:
        raise Unservable(162, f"{_SERVICE}Time length exceed max.")
    if session.server.open_bars() >= OPEN_HISTORICAL:
        raise Unservable(162, f"{_SERVICE}Historical data request pacing violation")
    venue = (inquiry.instrument.con_id, request.text("exchange"))
    rest = tuple(value for name, value in sorted(request.values.items()) if name != "reqId")
    now = session.exchange.clock.time()
    if session.server.pacing.violated(now, inquiry.size, Query(venue, inquiry.what, rest)):
        raise Unservable(162, f"{_SERVICE}Historical data request pacing violation")


def _answer(session: Session, inquiry: Inquiry) -> list[Bar]:
    bars = _bars(session, inquiry)
    if not bars:
        raise Unservable(162, f"{_SERVICE}HMDS query returned no data: {_name(inquiry)}")
    return bars


def _bars(session: Session, inquiry: Inquiry) -> list[Bar]:
    one, what = inquiry.instrument, inquiry.what
    bars = session.exchange.bars(one, inquiry.start, inquiry.end, inquiry.size, regular=inquiry.regular)
    if what in _VOLATILITY:
        last = session.exchange.book(one).last
        return mapped(bars, lambda _, price: round(one.volatility * last / price, 6))
    half = one.min_tick * (1 if one.trades else 0.5)
    if what == "BID_ASK":
        # Of BID_ASK bars the open is the average bid, the close the average ask.
        return [
            Bar(bar.start, bar.average - half, bar.high + half, bar.low - half, bar.average + half, 0.0, 0.0, 0)
            for bar in bars
        ]
    return [shifted(bar, {"BID": -half, "ASK": half}[what]) for bar in bars] if what in {"BID", "ASK"} else bars


def _keep_up(session: Session, inquiry: Inquiry) -> None:
    def tell() -> None:
        now = session.exchange.clock.time()
        back = max(inquiry.size, DAY if inquiry.size >= DAY else 0)
        current = Inquiry(
            inquiry.req_id, inquiry.instrument, inquiry.what, inquiry.size, now - back, now + 1, inquiry.regular,
            inquiry.as_epoch,
        )  # fmt: skip
        for bar in _bars(session, current)[-1:]:
            session.send(replies.historical_update(inquiry.req_id, bar, inquiry.when(bar), traded=inquiry.traded))

    sampler = Sampler(session.exchange.clock, session.server.sample_s, tell)
    session.streams.open("bars", inquiry.req_id, BarStream(sampler, inquiry.instrument))


def _cancel_historical(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    if session.streams.close("bars", req_id):
        session.error(req_id, 162, f"{_SERVICE}API historical data query cancelled: {req_id}")
    else:
        session.error(req_id, 366, f"No historical data query found for ticker id:{req_id}")


def _schedule(session: Session, inquiry: Inquiry) -> Fields:
    rows: list[str] = []
    day, last = day_of(inquiry.start), day_of(inquiry.end)
    while day <= last:
        spans = [one for one in session.exchange.timetable.segments(day) if one.regular or not inquiry.regular]
        if spans:
            rows += [_local(spans[0].start, inquiry), _local(spans[-1].end, inquiry), _plain(day)]
        day += timedelta(days=1)
    if not rows:
        raise Unservable(162, f"{_SERVICE}HMDS query returned no data: {_name(inquiry)}")
    return (106, inquiry.req_id, rows[0], rows[-2], inquiry.instrument.zone, len(rows) // 3, *rows)


def _plain(day: date) -> str:
    return f"{day:%Y%m%d}"


def _local(at: float, inquiry: Inquiry) -> str:
    return f"{datetime.fromtimestamp(at, zone_of(inquiry.instrument.zone)):%Y%m%d-%H:%M:%S}"


def _stamp(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y%m%d-%H:%M:%S}"


def _name(inquiry: Inquiry) -> str:
    return f"{inquiry.instrument.local_symbol}@{inquiry.instrument.exchange} {inquiry.what.title()}"


def _head_timestamp(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    instrument = resolve(session, request, req_id)
    if instrument is None:
        return
    try:
        _check_kind(request.text("whatToShow").upper(), instrument)
    except Unservable as reason:
        session.error(req_id, reason.code, reason.message)
        return
    start = moment(first_day(day_of(session.exchange.opened)), 0)
    session.send((88, req_id, str(start) if request.text("formatDate") == "2" else _stamp(start)))


def _cancel_head_timestamp(_session: Session, _request: Request) -> None:
    """Nothing is pending: the answer went out at once."""


HANDLERS: dict[str, Handler] = {
    "reqHistoricalData": _historical_data,
    "cancelHistoricalData": _cancel_historical,
    "reqHeadTimeStamp": _head_timestamp,
    "cancelHeadTimeStamp": _cancel_head_timestamp,
}
