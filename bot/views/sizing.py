"""Why a size comes to no number of units, in words."""

from decimal import ROUND_FLOOR, Decimal

from bot.views.message import text
from bot.views.numbers import exact, quantity
from trading.errors import NotSizable, SizeFault

_FINE = Decimal("0.0001")
_HEADS = {
    SizeFault.TOO_SMALL: "That size comes to {size}, which is too little.",
    SizeFault.NOTHING_HELD: "There is nothing to make smaller: the account holds {held}.",
    SizeFault.NO_PRICE: "Without a price above zero, money is no number of units.",
    SizeFault.NO_STOP: "A size by risk needs a stop loss.",
    SizeFault.STOP_PASSED: "The stop loss {held} is not beyond the price {other}.",
    SizeFault.NO_NET_LIQUIDATION: "The account's net liquidation value is not known now.",
    SizeFault.NO_RATE: "There is no exchange rate between {ours} and {theirs}.",
}
_HELP = {
    SizeFault.TOO_SMALL: "{least} Make it larger.",
    SizeFault.NOTHING_HELD: "Say how many, like <code>10</code>.",
    SizeFault.NO_PRICE: "Say how many, or give a limit price.",
    SizeFault.NO_STOP: "Add one, like <code>sl 182</code>.",
    SizeFault.STOP_PASSED: "Put it where the loss would be taken.",
    SizeFault.NO_NET_LIQUIDATION: "Say how many, or try again in a minute.",
    SizeFault.NO_RATE: "Say how many instead.",
}


def not_sizable(error: NotSizable) -> str:
    """Return what is wrong with the size and what would do, as HTML."""
    actual, other = error.actual or 0, error.other or 0
    ours, theirs = map(text, error.currencies)
    words = {
        "size": exact(Decimal(actual).quantize(_FINE, ROUND_FLOOR)),
        "held": quantity(actual),
        "other": quantity(other),
        "least": f"IBKR takes {quantity(other)} at least." if other else "IBKR takes no fraction of it.",
        "ours": ours,
        "theirs": theirs,
    }
    head, more = _HEADS[error.fault].format(**words), _HELP[error.fault].format(**words)
    return f"📐 <b>{head}</b>\nNothing was sent. {more}"
