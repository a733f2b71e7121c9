"""Reference data: contracts, option chains, market rules, and small questions about the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.tws import replies
from simulator.tws.catalogue import SEC_TYPES
from simulator.tws.combo import NoCombination, combined
from simulator.tws.instrument import Instrument, Wanted
from simulator.tws.market_rules import RULES

if TYPE_CHECKING:
    from simulator.tws.requests import Request
    from simulator.tws.session import Handler, Session

_NOT_FOUND = "No security definition has been found for the request"
_NO_DETAILS = (
    "Error validating request.-'bI' : cause - 'BAG' isn't supported for contract data request. Please enter a valid "
    "security type"
)


def resolve(session: Session, request: Request, req_id: int) -> Instrument | None:
    """Return the one instrument of a request; otherwise answer with an error and return None."""
    if request.text("secType") == "BAG":
        try:
            return combined(session.exchange.catalogue, request)
        except NoCombination as wrong:
            session.error(req_id, wrong.code, wrong.message)
            return None
    wanted = Wanted.of(request)
    found = _found(session, wanted, req_id)
    if found is None:
        return None
    if len(found) == 1:
        return found[0]
    if found:
        session.error(req_id, 200, f"The contract description specified for {wanted.symbol} is ambiguous.")
    else:
        session.error(req_id, 200, _NOT_FOUND)
    return None


def _found(session: Session, wanted: Wanted, req_id: int) -> list[Instrument] | None:
    if not wanted.con_id and wanted.sec_type not in SEC_TYPES and not wanted.sec_id:
        session.error(req_id, 321, "Error validating request.-'bH' : cause - Please enter a valid security type")
        return None
    return session.exchange.catalogue.find(wanted)


def _contract_details(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    wanted = Wanted.of(request)
    if wanted.sec_type == "BAG":
        session.error(req_id, 321, _NO_DETAILS)
        return
    found = _found(session, wanted, req_id)
    if found is None:
        return
    if not found:
        session.error(req_id, 200, _NOT_FOUND)
        return
    exchange, zone = session.exchange, session.server.faults.zone
    for one in found:
        venue = wanted.exchange or one.exchange
        session.send(replies.contract_details(req_id, one, venue, exchange.timetable, exchange.clock.time(), zone))
    session.send((52, 1, req_id))


def _matching_symbols(session: Session, request: Request) -> None:
    found = session.exchange.catalogue.like(request.text("pattern"))
    session.send(replies.symbol_samples(request.whole("reqId"), found))


def _option_parameters(session: Session, request: Request) -> None:
    req_id = request.whole("reqId")
    under = session.exchange.catalogue.with_id(request.whole("underConId"))
    if under is None or under.sec_type != request.text("underSecType"):
        session.error(req_id, 321, "Error validating request.-'bS' : cause - Invalid underlying contract id.")
        return
    options = session.exchange.catalogue.options(under.con_id)
    if options:
        for exchange in options[0].valid_exchanges.split(","):
            session.send(replies.option_parameters(req_id, exchange, options))
    session.send((76, req_id))


def _market_rule(session: Session, request: Request) -> None:
    number = request.whole("ruleId")
    rule = RULES.get(number)
    if rule is None:
        session.error(-1, 321, "Error validating request.-'bX' : cause - Invalid market rule id.")
        return
    session.send((93, number, len(rule), *(f"{value:g}" for row in rule for value in row)))


def _current_time(session: Session, _: Request) -> None:
    session.send((49, 1, int(session.exchange.clock.time())))


def _managed_accounts(session: Session, _: Request) -> None:
    session.send(replies.managed_accounts(session.exchange.accounts))


def _ids(session: Session, _: Request) -> None:
    session.send((9, 1, session.next_order_id()))


def _nothing(_session: Session, _request: Request) -> None:
    """Answer nothing, as TWS."""


HANDLERS: dict[str, Handler] = {
    "reqContractDetails": _contract_details,
    "reqMatchingSymbols": _matching_symbols,
    "reqSecDefOptParams": _option_parameters,
    "reqMarketRule": _market_rule,
    "reqCurrentTime": _current_time,
    "reqManagedAccts": _managed_accounts,
    "reqIds": _ids,
    "setServerLogLevel": _nothing,
}
