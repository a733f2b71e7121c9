"""Why the orders of a list could not be worked out, in words."""

from decimal import Decimal

from bot.views.message import text
from bot.views.numbers import exact, money
from trading.errors import ListFault, ListRefused

_WORDS = {
    ListFault.NOT_HELD: "you hold no <b>{subject}</b>.",
    ListFault.TOO_LITTLE: "{wanted}% of {have} <b>{subject}</b> is less than the least that IBKR takes.",
    ListFault.NET_LIQUIDATION: "IBKR has not told yet what account <b>{subject}</b> is worth and how much cash it has.",
    ListFault.QUOTE: "there is no price of <b>{subject}</b> just now.",
    ListFault.RATE: "<b>{subject}</b> is in {currency}, and the rate to the account's own currency is not known.",
    ListFault.CLOSED: "the market of <b>{subject}</b> is closed: how many it takes would be a guess.",
    ListFault.KIND: "<b>{subject}</b> cannot be held as a part of the account: only its margin is paid, not its price.",
    ListFault.SHORT_OF_MONEY: (
        "the purchases would take {wanted}, and cash and sales come to {have}. "
        "Name what is to be sold, for example <code>TSLA 0%</code>, or ask for less."
    ),
    ListFault.ACCOUNT: "there is no account <b>{subject}</b> here.",
    ListFault.TWICE: "<b>{subject}</b> is named twice.",
    ListFault.SUM: "the accounts get {have} together, and the order is about {wanted}.",
    ListFault.PLAIN: "an order with a stop loss, a target or an OCO goes to one account at a time.",
    ListFault.SIZE: "say how many: a size in money or percent cannot be shared out over accounts.",
    ListFault.TOO_MANY: "these would be {have} orders; {wanted} is the most for one card.",
}


def refusal(error: ListRefused) -> str:
    """Return why, as the end of a sentence, safe for HTML."""
    return _WORDS[error.fault].format(
        subject=text(error.subject),
        have=_number(error.have, error.currency),
        wanted=_number(error.wanted, error.currency),
        currency=text(error.currency),
    )


def _number(value: Decimal | None, currency: str) -> str:
    if value is None:
        return ""
    return money(value, currency) if currency else exact(value)
