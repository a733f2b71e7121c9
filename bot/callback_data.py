"""
What a button says when it is pressed, in at most 64 bytes (Bot API, InlineKeyboardButton.callback_data).

Callback data is untrusted: a modified client sends what it likes for a message it can see. So a button carries short
ids that every handler loads and authorises anew, or a *line* that the person could as well have typed. A line never
does more than typing it would: an order line leads to a card, and the card's Confirm carries its stored token only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

LIMIT_BYTES = 64


class BadCallback(Exception):
    """*data* is none of our buttons (or one of an older version)."""

    def __init__(self, data: str) -> None:
        super().__init__(data)
        self.data = data


class Code(StrEnum):
    """What the button does; its arguments are listed in `_SHAPES`."""

    ALERT_LINE = "at"
    ALERT_LIST = "al"
    ALERT_CARD = "ac"
    ALERT_PAUSE = "ap"
    ALERT_RESUME = "ag"
    ALERT_REARM = "aa"
    ALERT_DELETE = "ad"
    ALERT_RESTORE = "ar"
    ALERT_UNDO = "au"
    ALERT_SPLIT = "ai"
    ALERT_FOUND = "af"
    ALERT_FILTERS = "ax"
    ALERT_EDIT = "ae"
    ALERT_SET = "as"
    ALERT_ASK = "aq"
    ALERT_SNOOZE = "az"
    ALERT_CLONE = "ak"
    ALERT_HISTORY = "ah"
    ALERT_CHART = "ay"
    ALERT_BACKTEST = "ab"
    ALERT_ALL = "aw"
    ALERT_PURGE = "av"
    TEMPLATE_CARD = "tc"
    TEMPLATE_ASK = "ta"
    TEMPLATE_RESET = "tr"
    HOOK_CARD = "hc"
    HOOK_TEST = "ht"
    HOOK_REMOVE = "hr"
    HOOK_ALLOW = "ha"
    HOOK_REFUSE = "hn"
    HOOK_FORBID = "hf"
    BACKTEST_LINE = "bt"
    EXPORT = "ex"
    ALERT_CALM = "am"
    DIGEST = "dg"
    SETTINGS = "se"
    SETTING = "sv"
    FORM_DO = "fo"
    FORM_DROP = "fx"
    WATCH_LIST = "wl"
    WATCH_ADD = "wa"
    WATCH_DROP = "wd"
    WIZARD = "wz"
    OPTIONS = "op"
    OPTIONS_OPEN = "oo"
    GUIDE = "gu"
    ORDER_LINE = "ot"
    ORDER_PRICE = "oc"
    ORDER_CONFIRM = "ok"
    ORDER_CANCEL = "on"
    ORDER_WITHDRAW = "ox"
    ORDER_LIST = "ol"
    ORDER_EDIT = "oe"
    ORDER_SET = "os"
    ORDER_ASK = "oa"
    ORDER_KEPT = "ov"
    ORDER_THEN = "oi"
    ORDER_MOVE = "om"
    ORDER_MOVED = "oj"
    ORDER_PRICED = "oq"
    ORDER_GUARD = "og"
    ORDER_GUARDED = "oh"
    ORDER_CALL_OFF = "oy"
    ORDER_ALL_OFF = "oz"
    ORDER_DISOWN = "od"
    ORDER_REST = "or"
    POSITION_LIST = "pl"
    POSITION_CARD = "pc"
    POSITION_CLOSE = "px"
    ACCOUNT = "pa"
    QUOTE = "qc"
    QUOTE_ALERT = "qa"
    QUOTE_TRADE = "qt"
    NEWS_LIST = "nl"
    NEWS_STORY = "ns"
    NEWS_TOLD = "nt"
    NEWS_PAGE = "np"
    NEWS_AGAIN = "na"
    NEWS_HOME = "nw"
    NEWS_HUSH = "nh"
    NEWS_MUTE = "nm"
    SCAN_LIST = "sl"
    SCAN_RUN = "sr"
    SCAN_AGAIN = "sg"
    SCAN_PAGE = "sp"
    SCAN_TYPES = "sy"
    SCAN_PLACES = "sw"
    SCAN_CODES = "sk"
    SCAN_FOUND = "s1"
    SCAN_BUILD = "sb"
    SCAN_CARD = "sc"
    SCAN_FILTERS = "sf"
    SCAN_FILTER = "sx"
    SCAN_SET = "sj"
    SCAN_ASK = "sq"
    SCAN_ALERT = "sa"
    SCAN_SAVE = "sn"
    SCAN_SAVED = "ss"
    SCAN_TIME = "si"
    SCAN_PAUSE = "so"
    SCAN_DROP = "sd"
    SCAN_RESTORE = "sz"
    SCAN_CHART = "sh"
    SCAN_MOVERS = "sm"
    AUDIT = "gl"
    STATUS = "st"
    MEMBER_LIST = "ml"
    MEMBER_CARD = "mc"
    MEMBER_ALLOW = "ma"
    MEMBER_BLOCK = "mb"
    MEMBER_UNBLOCK = "mu"
    MEMBER_LOWER = "mw"
    MEMBER_REMOVE = "mr"
    STEP_APPROVE = "kp"
    STEP_DECLINE = "kn"
    SUMMARY = "su"
    NOTHING = "no"


class Place(StrEnum):
    """Where the answer to a press goes: into the pressed message, or, where that tells of an event, into a new one."""

    HERE = "h"
    ANEW = "n"


class _Shape(StrEnum):
    """What an argument looks like; the value is its pattern. A LINE may hold colons and comes last."""

    PLACE = r"[hn]"
    NUMBER = r"0|[1-9][0-9]{0,17}"
    TOKEN = r"[A-Za-z0-9_-]{16,48}"  # noqa: S105  a pattern, not a secret
    WORD = r"[A-Za-z0-9_.+$-]{1,24}"
    LINE = r"[^\x00-\x1f\x7f-\x9f]{1,61}"


_P, _N, _W, _L, _T = _Shape.PLACE, _Shape.NUMBER, _Shape.WORD, _Shape.LINE, _Shape.TOKEN
_SHAPES: dict[Code, tuple[_Shape, ...]] = {
    Code.ALERT_LINE: (_L,),
    Code.ALERT_LIST: (_P, _N, _N),  # page, version of the list
    Code.ALERT_CARD: (_P, _N),
    Code.ALERT_PAUSE: (_P, _N),
    Code.ALERT_RESUME: (_P, _N),
    Code.ALERT_REARM: (_P, _N),
    Code.ALERT_DELETE: (_P, _N),
    Code.ALERT_RESTORE: (_P, _N),
    Code.ALERT_UNDO: (_P, _N),
    Code.ALERT_SPLIT: (_P, _N, _W),  # adjust or keep
    Code.ALERT_FOUND: (_P, _N, _N, _L),  # page, version, filter
    Code.ALERT_FILTERS: (_P,),
    Code.ALERT_EDIT: (_P, _N),
    Code.ALERT_SET: (_P, _N, _W, _W),  # what, to what
    Code.ALERT_ASK: (_N, _W),  # what to ask for
    Code.ALERT_SNOOZE: (_P, _N, _W),  # how long
    Code.ALERT_CLONE: (_P, _N),
    Code.ALERT_HISTORY: (_P, _N, _N),  # page
    Code.ALERT_CHART: (_P, _N),
    Code.ALERT_BACKTEST: (_P, _N),
    Code.ALERT_ALL: (_P, _W),  # pause or resume
    Code.ALERT_PURGE: (_P, _N, _L),  # version of the list, filter
    Code.TEMPLATE_CARD: (_P, _N),
    Code.TEMPLATE_ASK: (_N,),
    Code.TEMPLATE_RESET: (_L,),  # scope
    Code.HOOK_CARD: (_P, _N),
    Code.HOOK_TEST: (_P, _N),
    Code.HOOK_REMOVE: (_P, _N),
    Code.HOOK_ALLOW: (_N, _W),  # alert, digest of the host
    Code.HOOK_REFUSE: (_N, _W),
    Code.HOOK_FORBID: (_W,),  # digest of the host
    Code.BACKTEST_LINE: (_N, _L),  # days
    Code.EXPORT: (_W,),  # csv or json
    Code.ALERT_CALM: (_P, _N, _W),  # on or off
    Code.DIGEST: (_P, _N, _N),  # page, outbox row
    Code.SETTINGS: (_P, _W),  # which screen
    Code.SETTING: (_P, _W, _L),  # what, to what
    Code.FORM_DO: (_N,),
    Code.FORM_DROP: (_N,),
    Code.WATCH_LIST: (_P, _N),
    Code.WATCH_ADD: (_P, _N),
    Code.WATCH_DROP: (_P, _N),
    Code.WIZARD: (_N, _W, _W),  # form, what, value
    Code.OPTIONS: (_N, _W, _W),  # form, what, value
    Code.OPTIONS_OPEN: (_P, _N),
    Code.GUIDE: (_P, _W),  # which page
    Code.ORDER_LINE: (_L,),
    Code.ORDER_PRICE: (_W, _L),  # which price, the order without it
    Code.ORDER_CONFIRM: (_T,),
    Code.ORDER_CANCEL: (_T,),
    Code.ORDER_WITHDRAW: (_P, _N),
    Code.ORDER_LIST: (_P,),
    Code.ORDER_EDIT: (_N, _W),  # proposal, which screen
    Code.ORDER_SET: (_N, _W, _W),  # proposal, what, to what
    Code.ORDER_ASK: (_N, _W),  # proposal, what to ask for
    Code.ORDER_THEN: (_N,),  # the alert whose order it is
    Code.ORDER_KEPT: (_N, _W),  # form that keeps an order without its price, which price
    Code.ORDER_MOVE: (_P, _N, _N),  # proposal, leg
    Code.ORDER_MOVED: (_N, _N, _W),  # proposal, leg, where to
    Code.ORDER_PRICED: (_N, _N, _W),  # proposal, leg, which price to ask for
    Code.ORDER_GUARD: (_P, _N, _N, _W),  # proposal, leg, stop or target
    Code.ORDER_GUARDED: (_N, _N, _W, _W),  # proposal, leg, stop or target, where
    Code.ORDER_CALL_OFF: (_P, _N, _N),  # leg, 0 for all
    Code.ORDER_ALL_OFF: (_P, _W),  # ask or sure
    Code.ORDER_DISOWN: (_N,),
    Code.ORDER_REST: (_N,),  # the purchases that waited
    Code.POSITION_LIST: (_P, _N),
    Code.POSITION_CARD: (_P, _N),
    Code.POSITION_CLOSE: (_N, _N),  # instrument, percent
    Code.ACCOUNT: (_P,),
    Code.QUOTE: (_P, _N),
    Code.QUOTE_ALERT: (_P, _N),
    Code.QUOTE_TRADE: (_P, _N, _W),  # side
    Code.NEWS_LIST: (_P, _N),
    Code.NEWS_STORY: (_P, _N, _W, _L),  # page, provider, article
    Code.NEWS_TOLD: (_P, _N, _N, _N),  # page, alert, which of its firings
    Code.NEWS_PAGE: (_P, _N, _W),  # page, instrument, portfolio or watchlist
    Code.NEWS_AGAIN: (_P, _W),  # the same, asked anew
    Code.NEWS_HOME: (_P,),
    Code.NEWS_HUSH: (_N, _N, _W, _W),  # alert, which of its firings, instrument or provider, on or off
    Code.NEWS_MUTE: (_P, _W, _W, _W),  # instrument or provider, which, on or off
    Code.SCAN_LIST: (_P,),
    Code.SCAN_RUN: (_P, _L),
    Code.SCAN_AGAIN: (_P, _N),
    Code.SCAN_PAGE: (_P, _N, _N),  # page, scan
    Code.SCAN_TYPES: (_P, _N),  # page
    Code.SCAN_PLACES: (_P, _N, _L),  # page, type of instruments
    Code.SCAN_CODES: (_P, _N, _L),  # page, type of instruments and location
    Code.SCAN_FOUND: (_P, _N, _L),  # page, what was searched for
    Code.SCAN_BUILD: (_P, _L),  # code and place
    Code.SCAN_CARD: (_P, _N),
    Code.SCAN_FILTERS: (_P, _N, _N),  # page, scan
    Code.SCAN_FILTER: (_P, _N, _L),  # scan, which filter
    Code.SCAN_SET: (_P, _N, _L),  # scan, filter=value
    Code.SCAN_ASK: (_N, _L),  # scan or 0, what to ask for
    Code.SCAN_ALERT: (_P, _N),
    Code.SCAN_SAVE: (_P, _N),
    Code.SCAN_SAVED: (_P, _N),  # page
    Code.SCAN_TIME: (_P, _N, _L),  # scan, when, or ? to ask
    Code.SCAN_PAUSE: (_P, _N, _W),  # on or off
    Code.SCAN_DROP: (_P, _N),
    Code.SCAN_RESTORE: (_P, _N),
    Code.SCAN_CHART: (_P, _N),  # instrument
    Code.SCAN_MOVERS: (_P,),
    Code.AUDIT: (_P, _N),  # page
    Code.STATUS: (_P,),
    Code.MEMBER_LIST: (_P, _N),
    Code.MEMBER_CARD: (_P, _N),
    Code.MEMBER_ALLOW: (_N,),
    Code.MEMBER_BLOCK: (_P, _N),
    Code.MEMBER_UNBLOCK: (_P, _N),
    Code.MEMBER_LOWER: (_P, _N),
    Code.MEMBER_REMOVE: (_P, _N),
    Code.STEP_APPROVE: (_T,),
    Code.STEP_DECLINE: (_T,),
    Code.SUMMARY: (_P,),
    Code.NOTHING: (),
}
_FITS = {code: tuple(re.compile(shape.value).fullmatch for shape in shapes) for code, shapes in _SHAPES.items()}


@dataclass(frozen=True, slots=True)
class Callback:
    """One press, understood: its *code* and its arguments, whose shapes are right but whose truth is not checked."""

    code: Code
    args: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        """Where the answer goes; ANEW for a code that does not say."""
        return Place.HERE if self.args[:1] == (Place.HERE.value,) else Place.ANEW

    def number(self, index: int) -> int:
        """Return argument *index* as a number."""
        return int(self.args[index])


# Typed: 1 and True are one key else.
@lru_cache(4096, typed=True)
def encode(code: Code, *args: object) -> str:
    """Return the data for a button. Raises ValueError where the arguments do not fit their shapes or 64 bytes."""
    said = tuple(map(str, args))
    data = ":".join((code.value, *said))
    # No shape but the last holds a colon: so what fits is what `decode` reads.
    if _is_too_long(data) or not _fits(code, said):
        raise ValueError(data)
    return data


def encode_line(code: Code, *args: object) -> str | None:
    """As `encode`, for lines of a person's making: None where the data would not fit into a button."""
    try:
        return encode(code, *args)
    except ValueError:
        return None


def decode(data: str) -> Callback:
    """Return what the button says. Raises BadCallback for anything that `encode` does not make."""
    if _is_too_long(data):
        raise BadCallback(data)
    head, *rest = data.split(":", 1)
    try:
        code = Code(head)
    except ValueError:
        raise BadCallback(data) from None
    args = rest[0].split(":", max(len(_SHAPES[code]) - 1, 0)) if rest else []
    if not _fits(code, args):
        raise BadCallback(data)
    return Callback(code, tuple(args))


def _is_too_long(data: str) -> bool:
    return len(data) > LIMIT_BYTES or len(data.encode(errors="replace")) > LIMIT_BYTES


def _fits(code: Code, args: Sequence[str]) -> bool:
    fits = _FITS[code]
    return len(args) == len(fits) and all(fit(arg) for fit, arg in zip(fits, args, strict=True))
