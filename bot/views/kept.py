"""Why IBKR could not be asked to cancel an order, in words."""

from bot.views.errors import LINK_REASONS

_WORDS = {
    "read-only": "the Gateway's API is read-only",
    "timeout": "TWS did not answer in time",
    "link down": "the link is down",
}


def kept_reason(reason: str) -> str:
    """Return *reason* (see `trading.withdrawal.Kept`) in words, plain text."""
    return _WORDS.get(reason) or ("the link is down" if reason in LINK_REASONS else reason)
