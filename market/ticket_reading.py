"""Reads an order line from left to right: side, how much of what, then prices and options in any order."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from difflib import get_close_matches
from typing import Any, NoReturn

from market.errors import TicketContradiction
from market.order import (
    Algo,
    Fault,
    OrderTicket,
    OrderType,
    Side,
    Size,
    SizeUnit,
    TimeInForce,
    Urgency,
)
from market.ticket_example import lines_with
from market.ticket_line import EXAMPLES, Line, Word
from market.ticket_number import read_percent, read_price
from market.ticket_size import read_amount
from market.ticket_symbol import may_be_below_zero

UNDERSTOOD = (
    "a price, a type (`market`, `stop 190`, `trail 2%`, `moc`, `loc 199`, `mid`) "
    "or an option (`tp 210`, `sl 190`, `oco stop 190`, `gtc`, `outside`, `adaptive`)"
)
"""What may follow the symbol."""

LIMIT_WORDS = ("limit", "lmt", "@", "at")
"""What may stand before a limit price."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_SPAN = re.compile(r"([0-9:]+)-([0-9:]+)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{6})?)?(?:Z|[+-]\d\d:\d\d)", re.IGNORECASE | re.ASCII)
_GOOD_TILL = "the last day, like `gtd 2026-12-24` or `gtd 2026-12-24 15:30`"
_SKIPPED = "a time that there is: the clocks are set forward then, and pass over it"
_TWICE = "one of two times: the clocks are set back then, and show it twice"
_TRAIL = "how far the stop trails, like `trail 2%` or `trail 1.50`"
_TIMES_EXPECTED = "a time in New York, like `twap from 10:00 till 15:30`"

_CONTRADICTIONS: Mapping[Fault, tuple[str, tuple[str, ...]]] = {
    Fault.QUANTITY: ("a number of shares above zero", EXAMPLES),
    Fault.SHARE: ("less than 100%", ("sell 10 AAPL trail 2%", "sell half TSLA market")),
    Fault.NUMBER: ("a number that a price can have", EXAMPLES),
    Fault.PRICE: ("prices that go together", EXAMPLES),
    Fault.BELOW_ZERO: ("a price above zero", EXAMPLES),
    Fault.UNPROTECTED: (
        "a stop loss, which says where the loss is taken: `sl 182`",
        ("buy AAPL risk 0.5% sl 182", "buy AAPL 199.5 risk 0.5% sl 182"),
    ),
    Fault.OCO: (
        "one limit price beside `oco stop`, without `tp` and `sl`",
        ("sell 10 AAPL 210 oco stop 190", "buy 10 AAPL 199.5 tp 210 sl 190"),
    ),
    Fault.TIME_IN_FORCE: (
        "a time that the type can have: `moc` and `loc` end with today, `ioc` and `opg` need `market` or a limit price",
        ("sell 10 AAPL moc", "buy 10 AAPL 199.5 ioc"),
    ),
    Fault.GOOD_TILL: (_GOOD_TILL, ("buy 10 AAPL 199.5 gtd 2026-12-24", "buy 10 AAPL 199.5 gtc")),
    Fault.OUTSIDE: (
        "no `outside`: auctions are held in regular hours only",
        ("buy 10 AAPL 199.5 outside", "sell 10 AAPL moc"),
    ),
    Fault.ALGO: (
        "an algorithm for a market or limit order of the day: `adaptive`, `twap`, `vwap`",
        ("buy 100 AAPL 199.5 adaptive", "buy 1000 AAPL market twap"),
    ),
    Fault.ALGO_TIMES: (
        "a start before the end, like `twap from 10:00 till 15:30`",
        ("buy 1000 AAPL market twap from 10:00 till 15:30", "buy 1000 AAPL market vwap till 15:30"),
    ),
}
_SIDES = {
    Side.BUY: ("the stop loss below the entry and the profit above it", "buy 10 AAPL 199.5 tp 210 sl 190"),
    Side.SELL: ("the stop loss above the entry and the profit below it", "sell 10 AAPL 199.5 tp 190 sl 210"),
}
_OCO_SIDES = {
    Side.SELL: ("the stop below the limit price", "sell 10 AAPL 210 oco stop 190"),
    Side.BUY: ("the stop above the limit price", "buy 10 AAPL 190 oco stop 210"),
}


class TicketReader:
    """Reads one line; days and times of `gtd` are in *zone*."""

    def __init__(self, text: str, zone: tzinfo) -> None:
        self._line = Line(text)
        self._zone = zone
        self._terms: dict[str, Any] = {}
        self._said: dict[str, Word] = {}
        self._below_zero = False

    def ticket(self) -> OrderTicket:
        """Return the whole line as a ticket. Raises TicketSyntaxError."""
        side = self._side()
        amount = read_amount(self._line, side)
        self._below_zero = may_be_below_zero(amount.symbol)
        if amount.size is not None:
            self._terms["size"] = amount.size
        if amount.word is not None:
            self._said["size"] = self._said["quantity"] = amount.word
        while (word := self._line.take()) is not None:
            self._term(word)
        try:
            return OrderTicket(side, amount.quantity, amount.symbol, **self._terms)
        except TicketContradiction as contradiction:
            self._contradicted(side, contradiction)

    def _side(self) -> Side:
        word = self._line.take()
        if word is None or word.lower not in {"buy", "sell"}:
            self._line.refuse(word or 0, "`buy` or `sell`")
        return Side(word.text.upper())

    def _term(self, word: Word) -> None:
        term = _TERMS.get(word.lower)
        if term is not None:
            term(self, word)
        elif word.is_number:
            self._type(word, OrderType.LIMIT)
            self._set("limit_price", word, read_price(self._line, word, below_zero=self._below_zero))
        else:
            self._unknown(word)

    def _set(self, name: str, word: Word, value: object) -> None:
        if name in self._terms:
            self._line.refuse(word, f"`{word.lower}` once")
        self._terms[name] = value
        self._said[name] = word

    def _type(self, word: Word, order_type: OrderType) -> None:
        standing = self._terms.get("order_type")
        if standing is OrderType.LIMIT and order_type is OrderType.STOP:
            expected = "`oco stop` (either of both is filled), or `sl` (protects what the order buys or sells)"
            self._line.refuse(word, expected, ("sell 10 AAPL 210 oco stop 190", "buy 10 AAPL 199.5 sl 190"))
        if standing is OrderType.STOP and order_type is OrderType.LIMIT:
            expected = "`limit` before the limit price of a stop, at once after it"
            self._line.refuse(word, expected, ("buy 10 AAPL stop 190 limit 191", "sell 10 AAPL stop 190"))
        if standing is OrderType.TRAIL and order_type is OrderType.LIMIT:
            self._line.refuse(word, "one price only", ("sell 10 AAPL trail 2%", "sell 10 AAPL 210 oco stop 190"))
        if standing is OrderType.MIDPRICE and order_type is OrderType.LIMIT:
            self._line.refuse(word, "`cap` before the most to pay, or the least to get", ("buy 10 AAPL mid cap 200",))
        if standing is not None:
            self._line.refuse(word, "one price only")
        self._set("order_type", word, order_type)

    def _price(self, name: str, word: Word, expected: str) -> None:
        self._set(name, word, read_price(self._line, self._line.take(), expected, below_zero=self._below_zero))

    def market(self, word: Word) -> None:
        """`market`."""
        self._type(word, OrderType.MARKET)

    def limit(self, word: Word) -> None:
        """`limit 199.5`."""
        self._type(word, OrderType.LIMIT)
        self._price("limit_price", word, "a price")

    def stop(self, word: Word) -> None:
        """`stop 190`, and `stop 190 limit 189`."""
        self._type(word, OrderType.STOP)
        self._price("stop_price", word, "the price that triggers the stop")
        if (limit := self._line.following(*LIMIT_WORDS)) is not None:
            self._terms["order_type"] = OrderType.STOP_LIMIT
            self._price("limit_price", limit, "a price")

    def trail(self, word: Word) -> None:
        """`trail 2%` and `trail 1.50`."""
        self._type(word, OrderType.TRAIL)
        far = self._line.take()
        if far is not None and far.text.endswith("%"):
            self._set("trail_pct", far, read_percent(self._line, far, _TRAIL))
        else:
            self._set("trail_amount", far or word, read_price(self._line, far, _TRAIL))

    def at_close(self, word: Word) -> None:
        """`moc`."""
        self._type(word, OrderType.MARKET_ON_CLOSE)

    def limit_at_close(self, word: Word) -> None:
        """`loc 199`."""
        self._type(word, OrderType.LIMIT_ON_CLOSE)
        self._price("limit_price", word, "the limit price of the closing auction, like `loc 199`")

    def midprice(self, word: Word) -> None:
        """`mid`, and `mid cap 200`."""
        self._type(word, OrderType.MIDPRICE)
        if self._line.following("cap") is not None:
            self._price("limit_price", word, "the most to pay, or the least to get")

    def profit(self, word: Word) -> None:
        """`tp 210`."""
        self._price("take_profit", word, "the price at which the profit is taken, like `tp 210`")

    def loss(self, word: Word) -> None:
        """`sl 190`."""
        self._price("stop_loss", word, "the price of the stop loss, like `sl 190`")

    def either(self, word: Word) -> None:
        """`oco stop 190`."""
        lines = ("sell 10 AAPL 210 oco stop 190", "buy 10 AAPL 190 oco stop 210")
        if self._line.following("stop", "stp") is None:
            self._line.refuse(self._line.peek(), "`oco stop` and the price of the stop", lines)
        self._price("oco_stop", word, "the price of the stop")

    def risk(self, word: Word) -> None:
        """`risk 0.5%`, where no quantity stands before the symbol."""
        share = self._line.take()
        lines = _CONTRADICTIONS[Fault.UNPROTECTED][1]
        if share is None or not share.text.endswith("%"):
            self._line.refuse(share, "a share of the account, like `risk 0.5%`", lines)
        if "size" in self._said:
            self._line.refuse(word, "one size only: a number before the symbol, or `risk 0.5%`", lines)
        percent = read_percent(self._line, share, "a share of the account, like `risk 0.5%`")
        self._set("size", word, Size(SizeUnit.RISK_PCT, percent))

    def time_in_force(self, word: Word) -> None:
        """`day`, `gtc`, `ioc`, `opg`, and `gtd 2026-12-24`."""
        if "time_in_force" in self._terms:
            self._line.refuse(word, "one of `day`, `gtc`, `ioc`, `opg` and `gtd`, once")
        self._set("time_in_force", word, TimeInForce(word.text.upper()))
        if word.lower == "gtd":
            named = self._line.peek() or word
            end = self._end()
            self._set("good_till" if isinstance(end, datetime) else "last_day", named, end)
            self._said["good_till"] = named

    def outside(self, word: Word) -> None:
        """`outside` regular hours too."""
        self._terms["outside_rth"] = True
        self._said["outside_rth"] = word

    def adaptive(self, word: Word) -> None:
        """`adaptive`, and how urgent."""
        self._set("algo", word, Algo.ADAPTIVE)
        urgency = self._line.following(*(one.value.lower() for one in Urgency))
        self._set("urgency", word, Urgency(urgency.text.capitalize()) if urgency else Urgency.NORMAL)

    def sliced(self, word: Word) -> None:
        """`twap` and `vwap`, and between which times."""
        self._set("algo", word, Algo(word.text.capitalize()))
        span = self._line.peek()
        if span is not None and (match := _SPAN.fullmatch(span.text)):
            self._line.take()
            self._set("algo_start", span, self._clock(Word(match[1], span.start)))
            self._set("algo_end", span, self._clock(Word(match[2], span.start)))
            return
        if self._line.following("from") is not None:
            self._set("algo_start", word, self._clock(self._line.take()))
        if self._line.following("till", "to", "until") is not None:
            self._set("algo_end", word, self._clock(self._line.take()))

    def _clock(self, word: Word | None, expected: str = _TIMES_EXPECTED) -> time:
        match = _CLOCK.fullmatch(word.text) if word is not None else None
        if match is None:
            self._line.refuse(word, expected, _CONTRADICTIONS[Fault.ALGO_TIMES][1])
        try:
            return time(int(match[1]), int(match[2]), int(match[3] or 0))
        except ValueError:
            self._line.refuse(word, expected, _CONTRADICTIONS[Fault.ALGO_TIMES][1])

    def _end(self) -> date:
        """Take a day of the exchange's, a day and a time, both in the reader's zone, or a moment with its own."""
        word = self._line.take()
        if word is None:
            self._line.refuse(None, *_CONTRADICTIONS[Fault.GOOD_TILL])
        following = self._line.peek()
        clock = _CLOCK.fullmatch(following.text) if following is not None and _DAY.fullmatch(word.text) else None
        if clock is not None:
            self._line.take()
        try:
            found = _ends(word.text, clock[0] if clock else "", self._zone)
        except (ValueError, OverflowError):
            self._line.refuse(word, *_CONTRADICTIONS[Fault.GOOD_TILL])
        if len(found) != 1 and following is not None:
            whole = Word(self._line.text[word.start : following.end], word.start)
            lines = self._line.instead(whole, *(end.isoformat() for end in found))
            self._line.refuse(word, _TWICE if found else _SKIPPED, lines or _CONTRADICTIONS[Fault.GOOD_TILL][1])
        return found[0]

    def _unknown(self, word: Word) -> NoReturn:
        """Refuse a word with the one that it resembles, and the line mended."""
        meant = get_close_matches(word.lower, _TERMS, 1, 0.6)
        if not meant:
            self._line.refuse(word, UNDERSTOOD)
        mended = self._line.instead(word, meant[0])
        self._line.refuse(word, f"perhaps `{meant[0]}`; else {UNDERSTOOD}", (*mended, *lines_with(meant[0])))

    def _contradicted(self, side: Side, contradiction: TicketContradiction) -> NoReturn:
        """Refuse a line whose parts do not go together, at the part that does not."""
        word = self._said.get(contradiction.field)
        if contradiction.fault == Fault.SIDE:
            of_pair = contradiction.field == "oco_stop"
            told, example = _OCO_SIDES[side] if of_pair else _SIDES[side]
            other = (_OCO_SIDES if of_pair else _SIDES)[side.opposite][1]
            verb = "buys" if side is Side.BUY else "sells"
            self._line.refuse(word, f"{told}, since this order {verb}", (example, other))
        self._line.refuse(word, *_CONTRADICTIONS[Fault(contradiction.fault)])


def _ends(day: str, clock: str, zone: tzinfo) -> Sequence[date]:
    """
    Return the moment that is meant, or the plain *day* without a *clock*.

    None where the clocks of *zone* pass over it, both where they show it twice. Raises ValueError, OverflowError.
    """
    if _MOMENT.fullmatch(day):
        return [datetime.fromisoformat(day.upper()).astimezone(UTC)]
    if not _DAY.fullmatch(day):
        raise ValueError(day)
    last = date(*map(int, day.split("-")))
    if not clock:
        return [last]
    wall = datetime.combine(last, time.fromisoformat(clock.zfill(5)))
    both = [wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    real = [one for one in both if one.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall]
    moments = sorted({one.astimezone(UTC) for one in real})
    return moments if len(moments) < len(both) else [one.astimezone(zone) for one in moments]


_TERMS: Mapping[str, Callable[[TicketReader, Word], None]] = {
    "market": TicketReader.market,
    "mkt": TicketReader.market,
    **dict.fromkeys(LIMIT_WORDS, TicketReader.limit),
    "stop": TicketReader.stop,
    "stp": TicketReader.stop,
    "trail": TicketReader.trail,
    "moc": TicketReader.at_close,
    "loc": TicketReader.limit_at_close,
    "mid": TicketReader.midprice,
    "midprice": TicketReader.midprice,
    "tp": TicketReader.profit,
    "sl": TicketReader.loss,
    "oco": TicketReader.either,
    "risk": TicketReader.risk,
    **dict.fromkeys(("day", "gtc", "ioc", "opg", "gtd"), TicketReader.time_in_force),
    "outside": TicketReader.outside,
    "eth": TicketReader.outside,
    "adaptive": TicketReader.adaptive,
    "twap": TicketReader.sliced,
    "vwap": TicketReader.sliced,
}
KEYWORDS = frozenset(_TERMS)
"""The words that begin a price or an option, where they do not stand in the symbol's place."""
