"""
What is to be ordered, as a person would write it: `buy 10 AAPL 199.5`.

A line is *side quantity symbol*, then a price (`199.5`, `limit 199.5`, `lmt 199.5`, `@ 199.5`, `market`, `mkt`) and
options (`day`, `gtc`, `outside`, `eth`) in any order. The third word is the symbol whatever it spells, so that `ALL`,
`DAY` or `GTC` can be traded too. Without a price the ticket has no order type: it is asked for, never guessed.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn

from market.errors import TicketSyntaxError


class Side(StrEnum):
    """Which way."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        """The other way."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """
    How the price is found, by IBKR's own codes.

    STOP and TRAIL become market orders when they are touched, STOP_LIMIT a limit order. MIDPRICE follows the middle of
    bid and ask, up to its limit price where it has one.
    """

    MARKET = "MKT"
    LIMIT = "LMT"
    STOP = "STP"
    STOP_LIMIT = "STP LMT"
    TRAIL = "TRAIL"
    MARKET_ON_CLOSE = "MOC"
    LIMIT_ON_CLOSE = "LOC"
    MIDPRICE = "MIDPRICE"


class Algo(StrEnum):
    """IBKR's algorithms that work an order off, by its own names."""

    ADAPTIVE = "Adaptive"
    TWAP = "Twap"
    VWAP = "Vwap"


class Urgency(StrEnum):
    """How fast the adaptive algorithm wants to be filled, by IBKR's own words."""

    PATIENT = "Patient"
    NORMAL = "Normal"
    URGENT = "Urgent"


class TimeInForce(StrEnum):
    """How long the order works, by IBKR's own codes. OPG: at the opening auction only."""

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    OPG = "OPG"
    GTD = "GTD"


class SizeUnit(StrEnum):
    """
    What a size counts that is no number of units.

    MONEY: of the instrument's currency. POSITION_PCT: of what is held. NET_LIQUIDATION_PCT: of the account's worth.
    RISK_PCT: of the account's worth, lost when the stop loss is hit.
    """

    MONEY = "money"
    POSITION_PCT = "position %"
    NET_LIQUIDATION_PCT = "net liquidation %"
    RISK_PCT = "risk %"


@dataclass(frozen=True, slots=True)
class Size:
    """How much, as it was asked for: *amount* of *unit*, above zero."""

    unit: SizeUnit
    amount: Decimal


@dataclass(frozen=True, slots=True)
class OrderTicket:
    """
    One order as it was asked for; *symbol* is as typed, *quantity* in units of the instrument (shares, contracts).

    *quantity* is 0 while only a *size* is known; `sized` gives the ticket that can be sent. *order_type* is None when
    no price was given: nothing may be submitted before the person chose one. *stop_price* triggers STOP and STOP_LIMIT;
    TRAIL follows by *trail_amount* (money) or *trail_pct*. *take_profit* and *stop_loss* are the prices of a bracket's
    children; *oco_stop* is the stop that works beside the limit order until one of both is filled. *algo* works off a
    market or limit order (ADAPTIVE by *urgency*, the others from *algo_start* to *algo_end*). *good_till* is GTD's end.

    A ticket that contradicts itself (no quantity, a limit order without its price, a price that its type does not
    have) raises ValueError.
    """

    side: Side
    quantity: Decimal
    symbol: str
    order_type: OrderType | None = None
    limit_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    outside_rth: bool = False
    size: Size | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_pct: Decimal | None = None
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    oco_stop: Decimal | None = None
    algo: Algo | None = None
    urgency: Urgency | None = None
    algo_start: time | None = None
    algo_end: time | None = None
    good_till: datetime | None = None

    def __post_init__(self) -> None:
        _check_size(self)
        _check_prices(self)
        _check_options(self)

    def sized(self, quantity: Decimal) -> "OrderTicket":
        """Return the ticket for *quantity* units; what it was worked out from is no longer in it."""
        return replace(self, quantity=quantity, size=None)


_NEEDS_LIMIT = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_ON_CLOSE})
_MAY_LIMIT = _NEEDS_LIMIT | {OrderType.MIDPRICE}
_NEEDS_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


def _check_size(ticket: OrderTicket) -> None:
    if ticket.size is not None:
        if ticket.quantity or not ticket.size.amount.is_finite() or ticket.size.amount <= 0:
            raise ValueError(ticket.quantity, ticket.size)
        if ticket.size.unit is SizeUnit.RISK_PCT and ticket.stop_loss is None:
            raise ValueError(ticket.size)
    elif not ticket.quantity.is_finite() or ticket.quantity <= 0:
        raise ValueError(ticket.quantity)


def _check_prices(ticket: OrderTicket) -> None:
    kind = ticket.order_type
    if (kind in _NEEDS_LIMIT and ticket.limit_price is None) or (
        kind not in _MAY_LIMIT and ticket.limit_price is not None
    ):
        raise ValueError(kind, ticket.limit_price)
    if (kind in _NEEDS_STOP) != (ticket.stop_price is not None):
        raise ValueError(kind, ticket.stop_price)
    trails = [value for value in (ticket.trail_amount, ticket.trail_pct) if value is not None]
    if len(trails) != (1 if kind is OrderType.TRAIL else 0) or any(value <= 0 for value in trails):
        raise ValueError(kind, ticket.trail_amount, ticket.trail_pct)
    prices = (ticket.limit_price, ticket.stop_price, ticket.take_profit, ticket.stop_loss, ticket.oco_stop, *trails)
    if not all(price.is_finite() for price in prices if price is not None):
        raise ValueError(prices)


def _check_options(ticket: OrderTicket) -> None:
    if (ticket.time_in_force is TimeInForce.GTD) != (ticket.good_till is not None):
        raise ValueError(ticket.time_in_force, ticket.good_till)
    if ticket.algo is not None and ticket.order_type not in {None, OrderType.MARKET, OrderType.LIMIT}:
        raise ValueError(ticket.algo, ticket.order_type)
    if (ticket.algo is Algo.ADAPTIVE) != (ticket.urgency is not None):
        raise ValueError(ticket.algo, ticket.urgency)
    if (ticket.algo_start or ticket.algo_end) and ticket.algo not in {Algo.TWAP, Algo.VWAP}:
        raise ValueError(ticket.algo, ticket.algo_start, ticket.algo_end)
    if ticket.oco_stop is not None and (
        ticket.order_type is not OrderType.LIMIT or ticket.take_profit or ticket.stop_loss
    ):
        raise ValueError(ticket.oco_stop)


EXAMPLES = ("buy 10 AAPL 199.5", "sell 5 MSFT market")
"""Two lines that work."""

UNDERSTOOD = "a price, `market`, `day`, `gtc` or `outside`"
"""What may follow the symbol."""

_MAX_LENGTH = 200
_WORD = re.compile(r"(?<!\S)@|\S+")
_SYMBOL = re.compile(
    r"\$?[A-Z][A-Z0-9]*(?:[.-][A-Z0-9]+)*(?:@[A-Z][A-Z0-9]*(?:/[A-Z]{3})?)?"
    r"|[0-9][A-Z0-9]*@[A-Z][A-Z0-9]*(?:/[A-Z]{3})?"
    r"|#[0-9]{1,12}",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,8})?|\.[0-9]{1,8})")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){1,3}(?:\.[0-9]{1,8})?")
# One to three digits, a dot, then groups of exactly three: a thousand in half of Europe.
_DOTTED = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_FRACTIONS = frozenset({"all", "half", "third", "quarter", "everything"})
_ONE_GROUP = re.compile(r"[0-9]{1,3},[0-9]{3}")
_COMMA = re.compile(r"[0-9]+(?:,[0-9]+)+(?:\.[0-9]+)?")
_MOST = 10**12
_MULTIPLES = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_MARKET = {"market", "mkt"}
_LIMIT = {"limit", "lmt", "@"}
_TIMES = {"day": TimeInForce.DAY, "gtc": TimeInForce.GTC}
_OUTSIDE = {"outside", "eth"}


def looks_like_ticket(text: str) -> bool:
    """Return whether *text* means to be an order: its first word is `buy` or `sell`."""
    first = text.split(maxsplit=1)[:1]
    return bool(first) and first[0].lower() in {"buy", "sell"}


def parse(text: str) -> OrderTicket:
    """
    Return the order that *text* spells; `parse(format_ticket(ticket)) == ticket`.

    Thousands commas stand in groups of exactly three. `199,5` is refused with both readings, and so is `199,500` where
    a price belongs. Raises TicketSyntaxError.
    """
    return _Reader(text[: _MAX_LENGTH + 1]).ticket()


def format_ticket(ticket: OrderTicket) -> str:
    """Return the shortest line that `parse` reads as *ticket*."""
    quantity = plain(ticket.quantity)
    # `1.015` would be asked back, `1.0150` can mean one thing only.
    words = [ticket.side.value.lower(), f"{quantity}0" if _DOTTED.fullmatch(quantity) else quantity, ticket.symbol]
    if ticket.order_type is OrderType.MARKET:
        words.append("market")
    if ticket.limit_price is not None:
        words.append(plain(ticket.limit_price))
    if ticket.time_in_force is not TimeInForce.DAY:
        words.append(ticket.time_in_force.value.lower())
    if ticket.outside_rth:
        words.append("outside")
    return " ".join(words)


def plain(number: Decimal) -> str:
    """Return *number* without exponent, grouping or needless zeros: `1000`, `199.5`."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of the line and where it begins."""

    text: str
    start: int

    @property
    def lower(self) -> str:
        """The word in lower case, as keywords are compared."""
        return self.text.lower()


class _Reader:
    """Reads one line from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words = [_Word(match.group(), match.start()) for match in _WORD.finditer(text)]
        self._next = 0
        self._order_type: OrderType | None = None
        self._price: Decimal | None = None
        self._time: TimeInForce | None = None
        self._outside = False

    def ticket(self) -> OrderTicket:
        """Return the whole line as a ticket."""
        if len(self._text) > _MAX_LENGTH:
            self._refuse(_MAX_LENGTH, f"at most {_MAX_LENGTH} characters")
        side = self._side()
        quantity = self._quantity()
        symbol = self._symbol()
        while (word := self._take()) is not None:
            self._option(word)
        return OrderTicket(
            side, quantity, symbol, self._order_type, self._price, self._time or TimeInForce.DAY, self._outside
        )

    def _take(self) -> _Word | None:
        if self._next == len(self._words):
            return None
        self._next += 1
        return self._words[self._next - 1]

    def _side(self) -> Side:
        word = self._take()
        if word is None or word.lower not in {"buy", "sell"}:
            self._refuse(word.start if word else 0, "`buy` or `sell`")
        return Side(word.text.upper())

    def _quantity(self) -> Decimal:
        word = self._take()
        if word is None:
            self._refuse(len(self._text), "a number of shares")
        if word.lower in _FRACTIONS:
            expected = (
                f"a number of shares (`{word.lower}` is not understood yet; a position's card can sell all of it)"
            )
            self._refuse(word.start, expected)
        if _SYMBOL.fullmatch(word.text):
            self._ask_back(word)
        if _DOTTED.fullmatch(word.text):
            self._refuse_dot(word)
        digits, multiple = word.lower, 1
        if digits[-1] in _MULTIPLES:
            digits, multiple = digits[:-1], _MULTIPLES[digits[-1]]
        quantity = self._number(word, digits, "a number of shares") * multiple
        if not 0 < quantity <= _MOST:
            self._refuse(word.start, "a number of shares above zero, and one that exists")
        return quantity

    def _ask_back(self, symbol: _Word) -> NoReturn:
        """Refuse `buy AAPL 10`, offering `buy 10 AAPL`: which number is which must not be guessed."""
        verb, rest = self._words[0].lower, [word.text for word in self._words[self._next :]]
        expected = "a number of shares before the symbol"
        if rest and _PLAIN.fullmatch(rest[0]):
            turned = " ".join([verb, rest[0], symbol.text.upper(), *rest[1:]])
            self._refuse(symbol.start, expected, (turned,))
        self._refuse(symbol.start, expected, (f"{verb} 10 {symbol.text.upper()}", EXAMPLES[0]))

    def _symbol(self) -> str:
        word = self._take()
        if word is None:
            self._refuse(len(self._text), "a symbol")
        if not _SYMBOL.fullmatch(word.text):
            self._refuse(word.start, "a symbol")
        return word.text.upper().removeprefix("$")

    def _option(self, word: _Word) -> None:
        if word.lower in _TIMES:
            if self._time is not None:
                self._refuse(word.start, "`day` or `gtc`, once")
            self._time = _TIMES[word.lower]
        elif word.lower in _OUTSIDE:
            self._outside = True
        elif word.lower in _MARKET:
            self._set_price(word, OrderType.MARKET, None)
        elif word.lower in _LIMIT:
            price = self._take()
            if price is None:
                self._refuse(len(self._text), "a price")
            self._set_price(word, OrderType.LIMIT, self._limit_price(price))
        elif word.text.removeprefix("$")[:1] in set("0123456789."):
            self._set_price(word, OrderType.LIMIT, self._limit_price(word))
        else:
            self._refuse(word.start, UNDERSTOOD)

    def _set_price(self, word: _Word, order_type: OrderType, price: Decimal | None) -> None:
        if self._order_type is not None:
            self._refuse(word.start, "one price only")
        self._order_type, self._price = order_type, price

    def _limit_price(self, word: _Word) -> Decimal:
        digits = word.text.removeprefix("$")
        if _ONE_GROUP.fullmatch(digits):
            self._refuse_comma(word, digits, "a price")
        price = self._number(word, digits, "a price")
        if price <= 0:
            self._refuse(word.start, "a price above zero")
        return price

    def _number(self, word: _Word, digits: str, expected: str) -> Decimal:
        if not (_PLAIN.fullmatch(digits) or _GROUPED.fullmatch(digits)):
            if _COMMA.fullmatch(digits):
                self._refuse_comma(word, digits, expected)
            self._refuse(word.start, expected)
        return Decimal(digits.replace(",", ""))

    def _refuse_dot(self, word: _Word) -> NoReturn:
        """Refuse `1.000` shares: one share to some, a thousand to others."""
        whole = word.text.partition(".")[0]
        grouped = word.text.replace(".", "")
        end = word.start + len(word.text)
        lines = tuple(f"{self._text[: word.start]}{reading}{self._text[end:]}".strip() for reading in (whole, grouped))
        self._refuse(word.start, f"a number of shares, written `{whole}` or `{grouped}`", lines)

    def _refuse_comma(self, word: _Word, digits: str, expected: str) -> NoReturn:
        """Refuse *digits*, whose comma may mean thousands or a decimal point, with a line for each reading."""
        whole, _, part = digits.rpartition(",")
        readings = [digits.replace(",", "")]
        if "." not in digits and "," not in whole:
            readings.insert(0, plain(Decimal(f"{whole}.{part}")))
        end = word.start + len(word.text)
        lines = tuple(f"{self._text[: word.start]}{reading}{self._text[end:]}".strip() for reading in readings)
        self._refuse(word.start, f"{expected}, written {' or '.join(f'`{reading}`' for reading in readings)}", lines)

    def _refuse(self, position: int, expected: str, examples: tuple[str, ...] = EXAMPLES) -> NoReturn:
        raise TicketSyntaxError(self._text, position, expected, examples)
