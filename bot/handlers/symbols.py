"""The same line about another instrument: how a question back about a symbol goes on."""

from dataclasses import replace

from alerts.condition import Both, Comparison, Condition, Crossing, Draft, Either, NewsMatch, ScanEntry
from alerts.operand import Number, Operand
from alerts.wording import format_draft
from bot.callback_data import Code
from bot.views.symbols import Continuation
from market.instrument import Instrument
from market.ticket import OrderTicket, format_ticket


def alert_on(draft: Draft, symbol: str) -> Continuation:
    """Return how *draft* goes on with the instrument chosen for *symbol*."""

    def onward(chosen: Instrument) -> tuple[Code, tuple[object, ...]]:
        condition = _renamed(draft.condition, symbol, f"#{chosen.con_id}")
        return Code.ALERT_LINE, (format_draft(replace(draft, condition=condition)),)

    return onward


def order_for(ticket: OrderTicket) -> Continuation:
    """Return how *ticket* goes on with the instrument chosen for its symbol."""

    def onward(chosen: Instrument) -> tuple[Code, tuple[object, ...]]:
        return Code.ORDER_LINE, (format_ticket(replace(ticket, symbol=f"#{chosen.con_id}")),)

    return onward


def card_of(code: Code, *args: object) -> Continuation:
    """Return how a card or list (*code*, with *args* before the instrument) goes on with the one chosen."""

    def onward(chosen: Instrument) -> tuple[Code, tuple[object, ...]]:
        return code, (*args, chosen.con_id)

    return onward


def _renamed(condition: Condition, old: str, new: str) -> Condition:
    match condition:
        case Comparison(left, op, right):
            return Comparison(_operand(left, old, new), op, _operand(right, old, new))
        case Crossing(left, direction, right):
            return Crossing(_operand(left, old, new), direction, _operand(right, old, new))
        case NewsMatch(symbol):
            return replace(condition, symbol=new) if symbol == old else condition
        case Both(parts) | Either(parts):
            return type(condition)(tuple(_renamed(part, old, new) for part in parts))
        case ScanEntry():
            return condition


def _operand(operand: Operand, old: str, new: str) -> Operand:
    if isinstance(operand, Number) or operand.symbol != old:
        return operand
    return replace(operand, symbol=new)
