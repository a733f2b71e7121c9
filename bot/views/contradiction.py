"""Why the parts of an order do not go together, as a person is told who changed one of them by a button."""

from market.ticket import Fault

_WORDS = {
    Fault.QUANTITY: "the quantity must be above zero.",
    Fault.SHARE: "a part is above 0 % and of at most 100 %.",
    Fault.NUMBER: "a price cannot be that large or that fine.",
    Fault.PRICE: "this type takes other prices.",
    Fault.BELOW_ZERO: "a price must be above zero.",
    Fault.UNPROTECTED: "a size by risk needs a stop loss, which says where the loss is taken.",
    Fault.SIDE: (
        "the price, the stop loss and the target are in the wrong order. A purchase has its stop loss below the price "
        "and its target above, a sale the other way round."
    ),
    Fault.OCO: "a stop beside a limit order needs the limit price, and no stop loss or target.",
    Fault.TIME_IN_FORCE: (
        "this type cannot work that long: orders for the close end with today, and what is for at once or for the "
        "opening goes with market and limit orders only."
    ),
    Fault.GOOD_TILL: "the day until which it is to work is missing or cannot be.",
    Fault.OUTSIDE: "auctions are held in regular hours only.",
    Fault.ALGO: "an algorithm works off market and limit orders that may wait, without a stop beside them.",
    Fault.ALGO_TIMES: "the start must be before the end.",
}


def contradiction_words(fault: str) -> str:
    """Return what is wrong, as the end of a sentence."""
    return _WORDS[Fault(fault)]
