"""Tick types that nobody knows: TWS gets new ones with each version, and they are met once, in the log."""

import logging
from functools import lru_cache

_log = logging.getLogger(__name__)

# The last of IBKR's own list (its client's `TickType`): delayed yields. What we have no use for is of it nearly always.
_LAST_DOCUMENTED = 104


@lru_cache(maxsize=1024)
def is_documented(code: int) -> bool:
    """Return whether IBKR's list has this tick type; one that it has not is logged, the first time."""
    if 0 <= code <= _LAST_DOCUMENTED:
        return True
    _log.warning("Unknown tick type %s is left aside", code)
    return False
