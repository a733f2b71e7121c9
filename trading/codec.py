"""
Proposals, news and summaries as JSON and back: what storage keeps and the outbox carries. JSON values only.

Decimals are text, times ISO 8601 with their offset. News go to the outbox and lose the Confirm's token on the way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar

from market.account import Position
from market.codec import instrument_from_json, instrument_to_json, time_from_json, time_to_json
from market.ticket import Algo, OrderTicket, OrderType, Side, Size, SizeUnit, TimeInForce, Urgency
from trading.proposal import Leg, LegOrder, LegRole, LegState, OrderNews, Preview, Proposal, ProposalState
from trading.summary import DailySummary, DayMove, Snapshot

_PROPOSAL_PLAIN = ("id", "token", "user_id", "chat_id", "account", "message_id", "preview_missing")
_PROPOSAL_MONEY = ("reference_price", "bid", "ask", "position_before", "cash_before", "net_liquidation")
_PREVIEW_MONEY = ("initial_margin_change", "maintenance_margin_change", "equity_with_loan_after", "commission")
_ORDER_PLAIN = ("account", "parent", "group", "changes")
_LEG_PLAIN = ("number", "order_ref", "order_id", "perm_id", "message")
# Not in what an earlier version wrote.
_ORDER_LATER = ("reference_price", "rival_price", "bid", "ask", "covered", "closable")
_LEG_LATER = {"client_id": 0, "commission_currency": ""}
_LEG_MONEY = ("filled", "average_price", "commission", "realized_pnl")
_POSITION_MONEY = tuple(field.name for field in fields(Position) if field.name not in {"account", "instrument"})
_SNAPSHOT_MONEY = ("net_liquidation", "cash", "realized_pnl", "unrealized_pnl")
_SUMMARY_PLAIN = ("account", "currency", "trades", "alerts_fired")
_SUMMARY_MONEY = ("net_liquidation", "change", "change_pct", "realized_pnl", "unrealized_pnl", "cash", "fees")

T = TypeVar("T")


def _size_to_json(size: Size) -> list[str]:
    return [size.unit.value, str(size.amount)]


def _size_from_json(data: Sequence[str]) -> Size:
    return Size(SizeUnit(data[0]), Decimal(data[1]))


_PRICE: tuple[Callable[[Any], Any], Callable[[Any], Any]] = (str, Decimal)
# How each is written and read.
_TICKET_RARE: Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "size": (_size_to_json, _size_from_json),
    **dict.fromkeys(("stop_price", "trail_amount", "trail_pct", "take_profit", "stop_loss", "oco_stop"), _PRICE),
    "algo": (str, Algo),
    "urgency": (str, Urgency),
    "algo_start": (time.isoformat, time.fromisoformat),
    "algo_end": (time.isoformat, time.fromisoformat),
    "good_till": (datetime.isoformat, datetime.fromisoformat),
    "last_day": (date.isoformat, date.fromisoformat),
}


def ticket_to_json(ticket: OrderTicket) -> dict[str, Any]:
    """Return *ticket* as JSON; what most tickets do not have is left out."""
    rare = {
        name: write(getattr(ticket, name))
        for name, (write, _) in _TICKET_RARE.items()
        if getattr(ticket, name) is not None
    }
    return {
        "side": ticket.side.value,
        "quantity": str(ticket.quantity),
        "symbol": ticket.symbol,
        "order_type": ticket.order_type.value if ticket.order_type else None,
        "limit_price": _text(ticket.limit_price),
        "time_in_force": ticket.time_in_force.value,
        "outside_rth": ticket.outside_rth,
        **rare,
    }


def ticket_from_json(data: Mapping[str, Any]) -> OrderTicket:
    """Return the ticket that `ticket_to_json` wrote."""
    return OrderTicket(
        side=Side(data["side"]),
        quantity=Decimal(data["quantity"]),
        symbol=data["symbol"],
        order_type=_maybe(OrderType, data["order_type"]),
        limit_price=_maybe(Decimal, data["limit_price"]),
        time_in_force=TimeInForce(data["time_in_force"]),
        outside_rth=data["outside_rth"],
        **{name: read(data[name]) for name, (_, read) in _TICKET_RARE.items() if name in data},
    )


def proposal_to_json(proposal: Proposal) -> dict[str, Any]:
    """Return *proposal* as JSON, token and legs included."""
    return {
        **_plain(proposal, _PROPOSAL_PLAIN),
        **_money(proposal, _PROPOSAL_MONEY),
        "ticket": ticket_to_json(proposal.ticket),
        "instrument": instrument_to_json(proposal.instrument),
        "created": proposal.created.isoformat(),
        "expires": proposal.expires.isoformat(),
        "state": proposal.state.value,
        "reference_time": time_to_json(proposal.reference_time),
        "preview": _maybe(_preview_to_json, proposal.preview),
        "warnings": list(proposal.warnings),
        "legs": [leg_to_json(leg) for leg in proposal.legs],
        **_rare_to_json(proposal),
    }


def _rare_to_json(proposal: Proposal) -> dict[str, Any]:
    """Return what most proposals do not have."""
    rare: dict[str, Any] = {
        "orders": [order_to_json(order) for order in proposal.orders],
        "asked": _maybe(_size_to_json, proposal.asked),
        "changed_from": _maybe(ticket_to_json, proposal.changed_from),
        "notes": list(proposal.notes),
        "closes": time_to_json(proposal.closes),
    }
    return {name: value for name, value in rare.items() if value}


def proposal_from_json(data: Mapping[str, Any]) -> Proposal:
    """Return the proposal that `proposal_to_json` wrote; its digest is the same."""
    return Proposal(
        **_plain_back(data, _PROPOSAL_PLAIN),
        **_money_back(data, _PROPOSAL_MONEY),
        ticket=ticket_from_json(data["ticket"]),
        instrument=instrument_from_json(data["instrument"]),
        created=datetime.fromisoformat(data["created"]),
        expires=datetime.fromisoformat(data["expires"]),
        state=ProposalState(data["state"]),
        reference_time=time_from_json(data["reference_time"]),
        preview=_maybe(_preview_from_json, data["preview"]),
        warnings=tuple(data["warnings"]),
        legs=tuple(leg_from_json(leg) for leg in data["legs"]),
        orders=tuple(order_from_json(order) for order in data.get("orders", ())),
        asked=_maybe(_size_from_json, data.get("asked")),
        changed_from=_maybe(ticket_from_json, data.get("changed_from")),
        notes=tuple(data.get("notes", ())),
        closes=time_from_json(data.get("closes")),
    )


def order_to_json(order: LegOrder) -> dict[str, Any]:
    """Return what a leg sends as JSON."""
    return {
        **_plain(order, _ORDER_PLAIN),
        "role": order.role.value,
        "instrument": instrument_to_json(order.instrument),
        "ticket": ticket_to_json(order.ticket),
        **_money(order, _ORDER_LATER),
    }


def order_from_json(data: Mapping[str, Any]) -> LegOrder:
    """Return what `order_to_json` wrote."""
    prices: dict[str, Any] = {name: _maybe(Decimal, data.get(name)) for name in _ORDER_LATER}
    return LegOrder(
        **_plain_back(data, _ORDER_PLAIN),
        role=LegRole(data["role"]),
        instrument=instrument_from_json(data["instrument"]),
        ticket=ticket_from_json(data["ticket"]),
        **prices,
    )


def leg_to_json(leg: Leg) -> dict[str, Any]:
    """Return *leg* as JSON."""
    return {**_plain(leg, (*_LEG_PLAIN, *_LEG_LATER)), **_money(leg, _LEG_MONEY), "state": leg.state.value}


def leg_from_json(data: Mapping[str, Any]) -> Leg:
    """Return the leg that `leg_to_json` wrote."""
    later = {name: data.get(name, default) for name, default in _LEG_LATER.items()}
    plain = _plain_back(data, _LEG_PLAIN)
    return Leg(**plain, **later, **_money_back(data, _LEG_MONEY), state=LegState(data["state"]))


def news_to_json(news: OrderNews) -> dict[str, Any]:
    """Return *news* as JSON, without the token: nothing that is told needs it."""
    return {
        "proposal": proposal_to_json(replace(news.proposal, token="")),
        "leg": leg_to_json(news.leg),
        "previous": news.previous.value,
        "at": news.at.isoformat(),
        "found_at_reconcile": news.found_at_reconcile,
    }


def news_from_json(data: Mapping[str, Any]) -> OrderNews:
    """Return the news that `news_to_json` wrote."""
    return OrderNews(
        proposal=proposal_from_json(data["proposal"]),
        leg=leg_from_json(data["leg"]),
        previous=LegState(data["previous"]),
        at=datetime.fromisoformat(data["at"]),
        found_at_reconcile=data["found_at_reconcile"],
    )


def position_to_json(position: Position) -> dict[str, Any]:
    """Return *position* as JSON."""
    return {
        "account": position.account,
        "instrument": instrument_to_json(position.instrument),
        **_money(position, _POSITION_MONEY),
    }


def position_from_json(data: Mapping[str, Any]) -> Position:
    """Return the position that `position_to_json` wrote."""
    instrument = instrument_from_json(data["instrument"])
    return Position(account=data["account"], instrument=instrument, **_money_back(data, _POSITION_MONEY))


def snapshot_to_json(snapshot: Snapshot) -> dict[str, Any]:
    """Return *snapshot* as JSON."""
    return {
        "account": snapshot.account,
        "day": snapshot.day.isoformat(),
        "at": snapshot.at.isoformat(),
        "currency": snapshot.currency,
        **_money(snapshot, _SNAPSHOT_MONEY),
        "positions": [position_to_json(position) for position in snapshot.positions],
    }


def snapshot_from_json(data: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot that `snapshot_to_json` wrote."""
    return Snapshot(
        account=data["account"],
        day=date.fromisoformat(data["day"]),
        at=datetime.fromisoformat(data["at"]),
        currency=data["currency"],
        **_money_back(data, _SNAPSHOT_MONEY),
        positions=tuple(position_from_json(position) for position in data["positions"]),
    )


def summary_to_json(summary: DailySummary) -> dict[str, Any]:
    """Return *summary* as JSON."""
    return {
        **_plain(summary, _SUMMARY_PLAIN),
        **_money(summary, _SUMMARY_MONEY),
        "day": summary.day.isoformat(),
        "at": summary.at.isoformat(),
        "best": _maybe(_move_to_json, summary.best),
        "worst": _maybe(_move_to_json, summary.worst),
        "curve": [[day.isoformat(), str(value)] for day, value in summary.curve],
        "since": _maybe(date.isoformat, summary.since),
    }


def summary_from_json(data: Mapping[str, Any]) -> DailySummary:
    """Return the summary that `summary_to_json` wrote."""
    return DailySummary(
        **_plain_back(data, _SUMMARY_PLAIN),
        **_money_back(data, _SUMMARY_MONEY),
        day=date.fromisoformat(data["day"]),
        at=datetime.fromisoformat(data["at"]),
        best=_maybe(_move_from_json, data["best"]),
        worst=_maybe(_move_from_json, data["worst"]),
        curve=tuple((date.fromisoformat(day), Decimal(value)) for day, value in data["curve"]),
        since=_maybe(date.fromisoformat, data["since"]),
    )


def _preview_to_json(preview: Preview) -> dict[str, Any]:
    return {
        **_money(preview, _PREVIEW_MONEY),
        "commission_currency": preview.commission_currency,
        "warning": preview.warning,
    }


def _preview_from_json(data: Mapping[str, Any]) -> Preview:
    words = _plain_back(data, ("commission_currency", "warning"))
    return Preview(**_money_back(data, _PREVIEW_MONEY), **words)


def _move_to_json(move: DayMove) -> dict[str, Any]:
    return {"instrument": instrument_to_json(move.instrument), **_money(move, ("pnl", "pct"))}


def _move_from_json(data: Mapping[str, Any]) -> DayMove:
    return DayMove(instrument=instrument_from_json(data["instrument"]), **_money_back(data, ("pnl", "pct")))


def _plain(source: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(source, name) for name in names}


def _plain_back(data: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: data[name] for name in names}


def _money(source: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _text(getattr(source, name)) for name in names}


def _money_back(data: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _maybe(Decimal, data[name]) for name in names}


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _maybe(convert: Callable[[Any], T], value: object) -> T | None:
    return None if value is None else convert(value)
