"""
What IBKR's message codes mean to us: one table, from code to `Kind`, and the exceptions made from it.

Sources: IBKR's published message codes, real captures and the issues cited in the facts page. The two libraries sort
codes into "warning" and "error" differently and act on it (they mark live orders cancelled, they leave requests
pending): nothing in this room asks them what a code means.
"""

import re
from enum import StrEnum

from market.errors import BrokerError, NoMarketData, PacingViolation, ReadOnlyApi


class Kind(StrEnum):
    """
    What a code is about.

    INFORMATIONAL: nothing changed (farm notices, presets). WARNING: the person may want to know, the request or order
    lives. FATAL: the request, or the new order, is over. CHECK: it does not tell whether the order lives.
    CANCELLED: the order is over because somebody cancelled it. CONNECTIVITY: TWS and IBKR, not one request.
    """

    INFORMATIONAL = "informational"
    WARNING = "warning"
    FATAL = "fatal"
    CHECK = "check"
    CANCELLED = "cancelled"
    CONNECTIVITY = "connectivity"


CLIENT_ID_IN_USE = 326
PAPER_DISCLAIMER = 10141
LOST_IBKR = frozenset({1100, 2110})
RESTORED_WITHOUT_STREAMS = 1101
RESTORED = 1102
MARKET_DATA_FARM = frozenset({2103, 2104, 2108})
FARM_BROKEN = frozenset({2103, 2105, 2157})
# "Inactive but available on demand" is no trouble either.
FARM_OK = frozenset({2104, 2106, 2107, 2108, 2158})
VALIDATION = 321
HISTORY = 162
SHOWING_DELAYED = 10167
# The service of historical data runs the scans too.
HISTORY_FARM_BROKEN = 2105
HISTORY_FARM_OK = frozenset({2106, 2107})
SCAN_EMPTY = 165
SCAN_IMPRECISE = 492
TOO_MANY_MESSAGES = 100
TOO_MANY_LINES = 101
DUPLICATE_ID = 103
UNKNOWN_CONTRACT = 200
REJECTED = 201
CANCELLED = 202
COMPETING_SESSION = 10197

_CONNECTIVITY = LOST_IBKR | {RESTORED_WITHOUT_STREAMS, RESTORED, CLIENT_ID_IN_USE, PAPER_DISCLAIMER, 502, 504, 1300}
# 300 and 366 answer the cancelling of a subscription that TWS has lost by itself.
_PRESET = 10349
_INFORMATIONAL = frozenset({300, 366, 10167, _PRESET})
# The request or the order goes on: order held until the open, locating shares, attributes ignored, partly subscribed.
_WARNING = frozenset({399, 404, SCAN_IMPRECISE, 10090, 10091})
# About an order that may be live or not: duplicate id, refused modification, an unclear tick size.
_CHECK = frozenset({103, 104, 105, 106, 107, 329, 10147, 10148, 161})
# What keeps a new order from being taken at all. Any other code asks for a look before anything is told.
# fmt: off
_REFUSES_NEW = frozenset({
    110, 111, 113, 135, 200, 203, 321, 387, 388, 391, 434, 435, 436, 439, 441, 442, 443, 460, 461, 463,
    10006, 10052, 10243, 10268, 10289, 10293, 10318,
})
# fmt: on
# TWS has no such order: "not found", and in older words "can't find order with id".
NOTHING_TO_CANCEL = frozenset({135, 10147})
# "Unable to modify this order as it is still being processed": a notice by its number, a refusal by its meaning.
REFUSES_CHANGE = frozenset({2102})
_NO_DATA = frozenset({354, 10089, 10092, 10168, 10186, 10197})
_PACING = frozenset({100, 420})
_NOTICES = range(2100, 2200)
# What TWS puts before the words that matter.
_SERVICE = re.compile(r"^(Historical Market Data Service \w+ message:|Error \w+ request[.:]?-'\w*' ?: cause - )\s*")
# Of a refused scan: what it says, and what that means. Codes: 162 (the scanner service), 321 and 322 (TWS itself),
# 490 and 492 (permissions); their texts from public logs.
_SCANS = (
    (re.compile(r"scanner type with code (\S+) is disabled", re.IGNORECASE), r"there is no scan \1 for this account"),
    (
        re.compile(r"market scanner is not configured", re.IGNORECASE),
        "IBKR's scanner does not cover this location for this kind of instruments, or not for this account",
    ),
    (
        re.compile(r"only (\d+) simultaneous api scanner", re.IGNORECASE),
        r"all \1 scans that IBKR runs at once are in use",
    ),
    (re.compile(r"api scanner subscription cancelled", re.IGNORECASE), "TWS has ended the scan by itself"),
    (
        re.compile(r"additional permissions to run scanner:?\s*(.+?)\.?$", re.IGNORECASE),
        r"it takes market data that the account does not have (\1)",
    ),
    (
        re.compile(r"additional permissions to obtain precise results for scanner[.:]?\s*(.+?)\.?$", re.IGNORECASE),
        r"the account lacks market data, so the ranks may not be exact (\1)",
    ),
)
# Of a scan that cannot be run as it is asked, however often: what 162 says then.
_NO_SUCH_SCAN = re.compile(r"is disabled|not configured|is not valid|invalid|permission|not allowed", re.IGNORECASE)
# Ten scans run already (322; another client's count too), too many messages or too fast.
_BUSY = _PACING | {322}


def kind_of(code: int) -> Kind:
    """Return what *code* means for the request that it names."""
    if code in _CONNECTIVITY:
        return Kind.CONNECTIVITY
    if code in _INFORMATIONAL or code in _NOTICES:
        return Kind.INFORMATIONAL
    if code in _WARNING:
        return Kind.WARNING
    if code == CANCELLED:
        return Kind.CANCELLED
    return Kind.FATAL


def order_kind_of(code: int, *, acknowledged: bool) -> Kind:
    """
    Return what *code* means for the order that it names: is the order still alive?

    *acknowledged* says that IBKR had taken the order before. A refusal (201) ends it either way; other errors end
    only an order that was never taken, of a taken one they may speak of a change or a cancel: CHECK. Each order leaves
    once, under an id of its own: where that is used (103) and nothing was said of it before, it was not taken. What is
    a notice elsewhere says of an order that it works on other terms than were asked for: 2109, that `outside` is
    ignored, 10349, that it is for the day.
    """
    if code == DUPLICATE_ID and not acknowledged:
        return Kind.FATAL
    if code in _CHECK:
        return Kind.CHECK
    kind = kind_of(code)
    if kind is Kind.INFORMATIONAL and (code in _NOTICES or code == _PRESET):
        return Kind.WARNING
    if kind is not Kind.FATAL or code == REJECTED or (code in _REFUSES_NEW and not acknowledged):
        return kind
    return Kind.CHECK


def is_read_only(code: int, text: str) -> bool:
    """Return whether TWS says that its API setting allows no orders."""
    return code == VALIDATION and "read-only" in text.lower()


def is_scan_end(code: int, text: str) -> bool:
    """Return whether TWS says that a scan is over: so it answers each cancel, and so it tells that it ended one."""
    return code == HISTORY and "scanner subscription cancelled" in text.lower()


def failure(code: int, text: str) -> BrokerError:
    """Return the exception that says *code* and *text* in our words."""
    lower = text.lower()
    if is_read_only(code, text):
        return ReadOnlyApi(code, text)
    if code in _NO_DATA:
        return NoMarketData(code, text)
    if code in _PACING or (code == HISTORY and "pacing" in lower):
        return PacingViolation(code, text)
    return BrokerError(code, text)


def may_pass(code: int, text: str) -> bool:
    """Return whether a scan that was refused so may run later without a change of it or of the account."""
    return code in _BUSY or (code == HISTORY and _NO_SUCH_SCAN.search(text) is None)


def scan_words(code: int, text: str) -> str:
    """Return what TWS says about a scan, in plain words where *text* is known, else its own without the preamble."""
    said = _SERVICE.sub("", text).strip()
    for pattern, words in _SCANS:
        if (match := pattern.search(said)) is not None:
            return match.expand(words)
    return said or f"error {code}"
