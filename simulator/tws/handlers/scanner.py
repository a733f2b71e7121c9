"""The market scanner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.tws import replies
from simulator.tws.limits import SCANNERS
from simulator.tws.scan_document import parameters
from simulator.tws.scanner import Scan, ScanRefused, ranked
from simulator.tws.streams import ScanStream

if TYPE_CHECKING:
    from simulator.tws.requests import Request
    from simulator.tws.session import Handler, Session

REFRESH_S = 30.0
_SERVICE = "Historical Market Data Service error message:"


def _parameters(session: Session, _: Request) -> None:
    session.send((19, 1, parameters()))


def _subscribe(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    if reason := _refusal(session, req_id):
        session.error(req_id, 322, f"Error processing request.-'co' : cause - {reason}")
        return
    try:
        scan = Scan.of(request)
    except ScanRefused as refused:
        session.error(req_id, 162, f"{_SERVICE}{refused.reason}")
        return

    def tell() -> None:
        exchange = session.exchange
        found = ranked(scan, exchange.books(), exchange.ranks.get(scan.code, []))
        if found:
            session.send(replies.scanner_data(req_id, found))
        else:
            session.error(req_id, 165, "Historical Market Data Service query message:no items retrieved")

    session.streams.open("scan", req_id, ScanStream(scan.code, session.exchange.clock, REFRESH_S, tell))
    tell()


def _cancel(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    if session.streams.close("scan", req_id):
        session.error(req_id, 162, f"{_SERVICE}API scanner subscription cancelled: {req_id}")
    else:
        session.error(req_id, 365, f"No scanner subscription found for ticker id:{req_id}")


def _refusal(session: Session, req_id: int) -> str:
    """Return why TWS itself passes the request on to nobody, "" where it does; in this order."""
    if session.server.count("scan") >= SCANNERS:
        return f"Only {SCANNERS} simultaneous API scanner subscriptions are allowed."
    if session.streams.has("scan", req_id):
        return "Duplicate ticker ID for API scanner subscription"
    return ""


HANDLERS: dict[str, Handler] = {
    "reqScannerParameters": _parameters,
    "reqScannerSubscription": _subscribe,
    "cancelScannerSubscription": _cancel,
}
