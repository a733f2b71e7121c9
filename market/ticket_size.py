"""
How much, and of what: the words of an order line between its side and its terms.

`10 AAPL`, `$5000 MSFT`, `half TSLA`, `25% TSLA` (of what is held), `5% nlv MSFT` (of the account's worth),
`0.5% risk AAPL` or `AAPL risk 0.5%` (of the account's worth, lost at the stop loss).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from market.order import Side, Size, SizeUnit
from market.ticket_line import Line, Word
from market.ticket_number import certain, is_plain, plain, read_percent, read_quantity
from market.ticket_symbol import is_symbol, read_symbol

FRACTIONS = {"all": Decimal(100), "everything": Decimal(100), "half": Decimal(50), "quarter": Decimal(25)}
"""Parts of what is held that have a word, in percent."""

UNITS = {
    "nlv": SizeUnit.NET_LIQUIDATION_PCT,
    "netliq": SizeUnit.NET_LIQUIDATION_PCT,
    "position": SizeUnit.POSITION_PCT,
    "risk": SizeUnit.RISK_PCT,
}
"""What a percentage may be of."""

_NAMES = {
    SizeUnit.NET_LIQUIDATION_PCT: "nlv",
    SizeUnit.POSITION_PCT: "position",
    SizeUnit.RISK_PCT: "risk",
}
_FILLERS = frozenset({"of", "share", "shares", "contract", "contracts"})
_HOW_MANY = "a number of shares"
_PERCENT = "a percentage, like `25%`"
_OF_WHAT = (
    "what it is a part of: `{0} nlv` (of the account's net liquidation value), `{0} position` (of what you hold) "
    "or `{0} risk` (of the account, lost at the stop loss)"
)


@dataclass(frozen=True, slots=True)
class Amount:
    """What stands before the terms: the number of units, or a size, and the symbol; *word* is where it was said."""

    quantity: Decimal
    size: Size | None
    symbol: str
    word: Word | None


def read_amount(line: Line, side: Side) -> Amount:
    """Take quantity or size and the symbol, in either order where that is clear. Refuses what is none."""
    word = line.peek()
    if word is None:
        line.refuse(None, f"{_HOW_MANY}, or a size like `$5000`, `half` or `5% nlv`")
    if word.lower == "third":
        line.refuse(word, "a part that comes out even, like `33%`, `half` or `quarter`", line.instead(word, "33%"))
    if is_symbol(word.text) and not _is_fraction(line, word):
        return _by_risk(line, word, side)
    line.take()
    quantity, size = _quantity(line, word, side)
    return Amount(quantity, size, _symbol(line), word)


def amount_text(side: Side, quantity: Decimal, size: Size | None, symbol: str) -> str:
    """Return quantity or size and the symbol as `read_amount` reads them."""
    if size is None:
        return f"{certain(quantity)} {symbol}"
    if size.unit is SizeUnit.MONEY:
        return f"${certain(size.amount)} {symbol}"
    if size.unit is SizeUnit.POSITION_PCT and side is Side.SELL and symbol.partition(" ")[0].lower() not in UNITS:
        return f"{plain(size.amount)}% {symbol}"
    return f"{plain(size.amount)}% {_NAMES[size.unit]} {symbol}"


def _is_fraction(line: Line, word: Word) -> bool:
    """Return whether *word* is a part of what is held: `all` of a symbol that follows, and not the ticker ALL."""
    following = line.peek(1)
    return word.lower in FRACTIONS and not _risk_at(line) and (following is None or is_symbol(following.text))


def _quantity(line: Line, word: Word, side: Side) -> tuple[Decimal, Size | None]:
    if word.lower in FRACTIONS:
        if side is Side.BUY:
            _refuse_bare(line, word, f"{plain(FRACTIONS[word.lower])}%")
        return Decimal(0), Size(SizeUnit.POSITION_PCT, FRACTIONS[word.lower])
    if word.text.endswith("%"):
        return Decimal(0), Size(*_share(line, word, side))
    if word.text.startswith("$"):
        return Decimal(0), Size(SizeUnit.MONEY, read_quantity(line, word, "an amount of money"))
    return read_quantity(line, word), None


def _share(line: Line, word: Word, side: Side) -> tuple[SizeUnit, Decimal]:
    percent = read_percent(line, word, _PERCENT)
    named, following = line.peek(), line.peek(1)
    # `sell 25% RISK` is about the ticker: a unit has its symbol after it.
    if named is not None and named.lower in UNITS and following is not None and is_symbol(following.text):
        line.take()
        return UNITS[named.lower], percent
    if side is Side.BUY:
        _refuse_bare(line, word, f"{plain(percent)}%")
    return SizeUnit.POSITION_PCT, percent


def _refuse_bare(line: Line, word: Word, share: str) -> NoReturn:
    """Ask back of what a purchase's percentage is: of the account, or of a short position that it buys back."""
    line.refuse(word, _OF_WHAT.format(share), line.instead(word, f"{share} nlv", f"{share} position"))


def _symbol(line: Line) -> str:
    """Take the symbol; `10 shares of AAPL` is refused with the line without its fillers."""
    ahead = 0
    while (word := line.peek(ahead)) is not None and word.lower in _FILLERS:
        ahead += 1
    first, symbol = line.peek(), line.peek(ahead)
    # In upper case beside a ticker: `10 SHARES 5` may be about a ticker of that name.
    if ahead and first is not None and symbol is not None and symbol.text.isupper() and is_symbol(symbol.text):
        line.refuse(
            first, "the symbol at once after the number", (line.text[: first.start] + line.text[symbol.start :],)
        )
    return read_symbol(line)


def _risk_at(line: Line) -> Word | None:
    """Return the word `risk` that a percentage follows, anywhere after the first word that is next."""
    ahead = 1
    while (word := line.peek(ahead)) is not None:
        share = line.peek(ahead + 1)
        if word.lower == "risk" and share is not None and share.text.endswith("%") and share.is_number:
            return word
        ahead += 1
    return None


def _by_risk(line: Line, word: Word, side: Side) -> Amount:
    """Take a symbol without a number before it: how many follows from `risk 0.5%`, else it is asked back."""
    if _risk_at(line) is None:
        _ask_back(line, word, side)
    return Amount(Decimal(0), None, read_symbol(line), None)


def _ask_back(line: Line, symbol: Word, side: Side) -> NoReturn:
    """Refuse `buy AAPL 10`, offering `buy 10 AAPL`: which number is which must not be guessed."""
    verb, name = side.value.lower(), symbol.text.upper()
    expected = f"{_HOW_MANY} before the symbol"
    line.take()
    number = line.peek()
    if number is not None and is_plain(number.text) and Decimal(number.text):
        rest = line.text[number.end :].split()
        line.refuse(symbol, expected, (" ".join([verb, number.text, name, *rest]),))
    line.refuse(symbol, expected, (f"{verb} 10 {name}",))
