"""The same line about another instrument: how a question back about a symbol goes on."""

from dataclasses import replace

from alerts.amendment import renamed
from alerts.condition import Draft
from alerts.wording import format_draft
from bot.callback_data import Code
from bot.views.symbols import Continuation
from market.instrument import Instrument
from market.ticket import OrderTicket, format_ticket


def alert_on(draft: Draft, symbol: str) -> Continuation:
    """Return how *draft* goes on with the instrument chosen for *symbol*."""

    def onward(chosen: Instrument) -> tuple[Code, tuple[object, ...]]:
        return Code.ALERT_LINE, (_line(draft, symbol, chosen),)

    return onward


def backtest_of(draft: Draft, symbol: str, days: int) -> Continuation:
    """Return how a backtest of *draft* goes on with the instrument chosen for *symbol*."""

    def onward(chosen: Instrument) -> tuple[Code, tuple[object, ...]]:
        return Code.BACKTEST_LINE, (days, _line(draft, symbol, chosen))

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


def _line(draft: Draft, symbol: str, chosen: Instrument) -> str:
    return format_draft(replace(draft, condition=renamed(draft.condition, symbol, f"#{chosen.con_id}")))
