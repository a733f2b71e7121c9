"""Accounts: values, positions, summaries, profit."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from simulator.tws import replies
from simulator.tws.account import Account, Position
from simulator.tws.limits import ACCOUNT_SUMMARIES
from simulator.tws.plan import NEW_YORK
from simulator.tws.streams import PeriodicStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.tws.requests import Request
    from simulator.tws.session import Handler, Session

_ACCOUNT_S = 180.0
_PROFIT_S = 1.0


def _account_updates(session: Session, request: Request) -> None:
    asked = request.text("account")
    if session.streams.close("account", 0):
        session.error(-1, 2100, "API client has been unsubscribed from account data.")
    if not request.flag("subscribe"):
        return
    account = _account(session, asked, -1)
    if account is None:
        return

    def tell() -> None:
        for key, value, currency in account.values():
            session.send(replies.account_value(key, value, currency, account.name))
        for position in account.positions.values():
            session.send(replies.portfolio_value(account, position))
        session.send((8, 1, f"{datetime.fromtimestamp(session.exchange.clock.time(), NEW_YORK):%H:%M}"))

    tell()
    session.send((54, 1, account.name))
    session.streams.open("account", 0, _periodic(session, _ACCOUNT_S, tell))


def _account(session: Session, name: str, req_id: int) -> Account | None:
    """Return the account called *name*, the first where it is blank; answer 321 and return None where there is none."""
    accounts = session.exchange.accounts
    found = accounts.get(name) if name and name != "All" else next(iter(accounts.values()))
    if found is None:
        session.error(req_id, 321, "Error validating request.-'bI' : cause - Invalid account code")
    return found


def _periodic(session: Session, period: float, action: Callable[[], None]) -> PeriodicStream:
    return PeriodicStream(period, session.exchange.clock.time(), action, is_market_data=False)


def _positions(session: Session, _: Request) -> None:
    session.wants_positions = True
    for name in session.exchange.accounts:
        for position in session.exchange.positions(name):
            session.send(replies.position_row(name, position))
    session.send((62, 1))


def _cancel_positions(session: Session, _: Request) -> None:
    session.wants_positions = False


def _summary(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    if session.streams.has("summary", req_id) or len(session.streams.of("summary")) >= ACCOUNT_SUMMARIES:
        session.error(
            req_id, 322, "Error processing request.-'bT' : cause - Maximum number of account summary requests exceeded"
        )
        return
    tags = {tag.strip() for tag in request.text("tags").split(",")}

    def tell() -> None:
        for account in session.exchange.accounts.values():
            for tag, value, currency in _chosen(account, tags):
                session.send((63, 1, req_id, account.name, tag, value, currency))
        if any(tag.startswith("$LEDGER") for tag in tags):
            _tell_ledger(session, req_id)

    tell()
    session.send((64, 1, req_id))
    session.streams.open("summary", req_id, _periodic(session, _ACCOUNT_S, tell))


def _chosen(account: Account, tags: set[str]) -> list[tuple[str, str, str]]:
    ledger = {"BASE"}
    return [row for row in account.values() if row[0] in tags and row[2] not in ledger]


def _tell_ledger(session: Session, req_id: int) -> None:
    """With $LEDGER:ALL the last block speaks for account "All" in currency "BASE"."""
    for account in session.exchange.accounts.values():
        ledger = [row for row in account.values() if row[2] == "BASE"]
        for tag, value, _ in ledger:
            session.send((63, 1, req_id, account.name, tag, value, "USD"))
        for tag, value, currency in ledger:
            session.send((63, 1, req_id, "All", tag, value, currency))


def _cancel_summary(session: Session, request: Request) -> None:
    session.streams.close("summary", request.whole("reqId"))


def _updates_multi(session: Session, request: Request) -> None:
    req_id, model = request.whole("reqId"), request.text("model")
    account = _account(session, request.text("account"), req_id)
    if account is None:
        return
    ledger_only = request.flag("ledgerAndNLV")

    def tell() -> None:
        for key, value, currency in account.values():
            if not ledger_only or currency or key == "NetLiquidation":
                session.send((73, 1, req_id, account.name, model, key, value, currency))

    tell()
    session.send((74, 1, req_id))
    session.streams.open("accountMulti", req_id, _periodic(session, _ACCOUNT_S, tell))


def _cancel_updates_multi(session: Session, request: Request) -> None:
    session.streams.close("accountMulti", request.whole("reqId"))


def _profit(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    account = _account(session, request.text("account"), req_id)
    if account is None:
        return

    def tell() -> None:
        session.send(replies.profit(req_id, account, unset=session.server.faults.unset_profit))

    _open_changing(session, "profit", req_id, tell)


def _profit_single(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    account = _account(session, request.text("account"), req_id)
    instrument = session.exchange.catalogue.with_id(request.whole("conId"))
    if account is None:
        return
    if instrument is None:
        session.error(req_id, 321, "Error validating request.-'cj' : cause - Invalid contract id")
        return

    def tell() -> None:
        position = account.positions.get(instrument.con_id) or Position(instrument, 0.0, 0.0)
        session.send(replies.profit_single(req_id, account, position, unset=session.server.faults.unset_profit))

    _open_changing(session, "profitSingle", req_id, tell)


def _open_changing(session: Session, family: str, req_id: int, tell: Callable[[], None]) -> None:
    session.streams.open(family, req_id, _periodic(session, _PROFIT_S, tell))
    tell()


def _cancel_profit(session: Session, request: Request) -> None:
    _cancel_one(session, "profit", request)


def _cancel_profit_single(session: Session, request: Request) -> None:
    _cancel_one(session, "profitSingle", request)


def _cancel_one(session: Session, family: str, request: Request) -> None:
    if not session.streams.close(family, request.whole("reqId")):
        session.error(request.whole("reqId"), 300, f"Can't find EId with tickerId:{request.whole('reqId')}")


HANDLERS: dict[str, Handler] = {
    "reqAccountUpdates": _account_updates,
    "reqPositions": _positions,
    "cancelPositions": _cancel_positions,
    "reqAccountSummary": _summary,
    "cancelAccountSummary": _cancel_summary,
    "reqAccountUpdatesMulti": _updates_multi,
    "cancelAccountUpdatesMulti": _cancel_updates_multi,
    "reqPnL": _profit,
    "cancelPnL": _cancel_profit,
    "reqPnLSingle": _profit_single,
    "cancelPnLSingle": _cancel_profit_single,
}
