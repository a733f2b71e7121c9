"""Why an order was not sent, or was taken back, in words; what IBKR says of one is told as IBKR's."""

from bot.views.message import text
from trading.errors import Limit
from trading.family import INCOMPLETE, PARENT_OVER
from trading.proposal import DISOWNED, Leg, LegState
from trading.reconciler import STOPPED
from trading.terms import OLD_TERMS, ORDER_OVER

NOT_IN_TWS = "🔎 I looked in TWS: it is not there"
"""The button that takes a person's word for what became of an order."""

_NOT_SENT = {
    DISOWNED: "You looked for it in TWS, and it was not there.",
    STOPPED: "I was stopped before its turn came.",
    OLD_TERMS: "IBKR works on the old terms: the change never reached it.",
    "order gone": "The order that it changes does not work any more.",
    "not noted": "My database could not note it, and what is not noted is not sent.",
    "read-only": "The Gateway's API is read-only: untick “Read-Only API” in its settings.",
    "link down": "The link to IBKR failed before its turn came.",
}
_TAKEN_BACK = {
    INCOMPLETE: "The link failed before all of it was at TWS, which held it meanwhile: it was never at the market.",
    PARENT_OVER: "The order that it hung on ended without a fill.",
    ORDER_OVER: "The order was over before its change arrived.",
}
_LIMITS = {limit.value for limit in Limit}


def leg_reason(leg: Leg) -> str:
    """Return our own reason for what became of *leg*, safe for HTML; "" where IBKR alone knows."""
    if leg.state is LegState.CANCELLED:
        return _TAKEN_BACK.get(leg.message, "")
    if leg.state is not LegState.NOT_SENT:
        return ""
    if leg.message in _LIMITS:
        return f"A limit of ours forbade it by then: {text(leg.message)}."
    return _NOT_SENT.get(leg.message) or f"The link to IBKR failed before its turn came ({text(leg.message)})."
