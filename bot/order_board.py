"""The handlers of order cards, of what confirms them, and of what bounds trading, made of what they need."""

from dataclasses import dataclass

from bot.handlers.card_edit import CardEditHandler
from bot.handlers.codes import CodesHandler
from bot.handlers.halt import HaltHandler
from bot.handlers.limits import LimitsHandler
from bot.handlers.options import OptionsHandler
from bot.handlers.order_cards import OrderCards
from bot.handlers.orders import OrdersHandler
from bot.handlers.second_step import SecondStepHandler
from bot.handlers.ticket import TicketHandler
from bot.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBoard:
    """The handlers, by what they are about; *cards* shows a proposal wherever one is made."""

    cards: OrderCards
    orders: OrdersHandler
    second_step: SecondStepHandler
    codes: CodesHandler
    ticket: TicketHandler
    options: OptionsHandler
    card_edit: CardEditHandler
    halt: HaltHandler
    limits: LimitsHandler


def connect_orders(p: Parts) -> OrderBoard:
    """Return the handlers."""
    cards = _order_cards(p)
    second = _second_step(p, cards)
    orders = _orders(p, cards, second)
    second.connect(orders)
    tickets = _tickets(p, cards)
    return OrderBoard(
        cards=cards,
        orders=orders,
        second_step=second,
        codes=_codes(p, orders),
        ticket=tickets,
        options=_options(p, tickets, cards),
        card_edit=_card_edits(p, cards),
        halt=_halt(p, orders),
        limits=_limits(p),
    )


def _limits(p: Parts) -> LimitsHandler:
    return LimitsHandler(
        reply=p.reply, book=p.limit_book, second=p.codes, audit=p.audit, clock=p.clock, members=p.members
    )


def _order_cards(p: Parts) -> OrderCards:
    return OrderCards(
        reply=p.reply,
        desk=p.desk,
        holdings=p.holdings,
        ranges=p.ranges,
        zones=p.zones,
        clock=p.clock,
        trading_state=p.trading_state,
    )


def _second_step(p: Parts, cards: OrderCards) -> SecondStepHandler:
    return SecondStepHandler(
        reply=p.reply,
        desk=p.desk,
        store=p.proposals,
        step=p.codes,
        cards=cards,
        forms=p.forms,
        clock=p.clock,
    )


def _orders(p: Parts, cards: OrderCards, second: SecondStepHandler) -> OrdersHandler:
    return OrdersHandler(
        reply=p.reply,
        desk=p.desk,
        store=p.proposals,
        cards=cards,
        second=second,
        zones=p.zones,
        clock=p.clock,
    )


def _codes(p: Parts, orders: OrdersHandler) -> CodesHandler:
    return CodesHandler(
        reply=p.reply,
        desk=p.desk,
        store=p.proposals,
        step=p.codes,
        orders=orders,
        forms=p.forms,
        draw=p.draw_qr,
        tell_admins=p.step_news,
        zones=p.zones,
        clock=p.clock,
    )


def _tickets(p: Parts, cards: OrderCards) -> TicketHandler:
    return TicketHandler(
        reply=p.reply,
        desk=p.desk,
        cards=cards,
        symbols=p.symbols,
        quotes=p.quotes,
        rule_of=p.rulebook.get,
        holdings=p.holdings,
        ranges=p.ranges,
        forms=p.forms,
        zones=p.zones,
        clock=p.clock,
    )


def _options(p: Parts, tickets: TicketHandler, cards: OrderCards) -> OptionsHandler:
    return OptionsHandler(
        reply=p.reply,
        forms=p.forms,
        symbols=p.symbols,
        quotes=p.quotes,
        options=p.options,
        order=tickets.order,
        branded=cards.branded,
        clock=p.clock,
        chores=p.chores,
    )


def _card_edits(p: Parts, cards: OrderCards) -> CardEditHandler:
    return CardEditHandler(
        reply=p.reply,
        desk=p.desk,
        store=p.proposals,
        cards=cards,
        ranges=p.ranges,
        forms=p.forms,
        zones=p.zones,
        clock=p.clock,
    )


def _halt(p: Parts, orders: OrdersHandler) -> HaltHandler:
    return HaltHandler(
        reply=p.reply,
        switch=p.switch,
        desk=p.desk,
        second=p.codes,
        cards=orders,
        announce=p.trading_changed,
        audit=p.audit,
        clock=p.clock,
    )
