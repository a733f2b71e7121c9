"""The handlers of lists, of working orders and of their changes, made of what they need."""

from dataclasses import dataclass

from bot.handlers.lists import Ask, ListsHandler
from bot.handlers.moving import MovingHandler
from bot.handlers.order_cards import OrderCards
from bot.handlers.rest import RestHandler
from bot.handlers.working import WorkingHandler
from bot.parts import Parts
from trading.lists import Lists


@dataclass(frozen=True, slots=True)
class ListBoard:
    """The handlers, by what they are about."""

    lists: ListsHandler
    rest: RestHandler
    working: WorkingHandler
    moving: MovingHandler


def connect_lists(p: Parts, cards: OrderCards, ask: Ask) -> ListBoard:
    """Return the handlers; *ask* shows a single order's card, or asks at what price."""
    lists = Lists(p.quotes, p.symbols, p.holdings, p.clock)
    return ListBoard(
        lists=ListsHandler(
            reply=p.reply,
            desk=p.desk,
            lists=lists,
            cards=cards,
            ask=ask,
            symbols=p.symbols,
            sequels=p.sequels,
            store=p.proposals,
            holdings=p.holdings,
            zones=p.zones,
            clock=p.clock,
        ),
        rest=RestHandler(
            reply=p.reply,
            desk=p.desk,
            lists=lists,
            cards=cards,
            store=p.proposals,
            sequels=p.sequels,
            news=p.rest_news,
            zones=p.zones,
            is_linked=p.is_linked,
            clock=p.clock,
        ),
        working=WorkingHandler(
            reply=p.reply,
            desk=p.desk,
            store=p.proposals,
            book=p.order_book,
            cards=cards,
            zones=p.zones,
            clock=p.clock,
        ),
        moving=MovingHandler(
            reply=p.reply,
            desk=p.desk,
            store=p.proposals,
            cards=cards,
            quotes=p.quotes,
            symbols=p.symbols,
            holdings=p.holdings,
            forms=p.forms,
            clock=p.clock,
        ),
    )
