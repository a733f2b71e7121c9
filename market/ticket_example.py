"""
Order lines that work, for every size, type, option and symbol: what refusals and docs/orders.md quote.

A test reads every one of them.
"""

from dataclasses import dataclass

from market.ticket_line import EXAMPLES


@dataclass(frozen=True, slots=True)
class Example:
    """Something that can be written (*written*, as a person would look for it), what it means, and *lines* with it."""

    written: str
    says: str
    lines: tuple[str, ...]


SIZES = (
    Example("10", "so many shares, contracts or units; `1,000`, `1.5k`, `2m`, `0.5`", ("buy 10 AAPL 199.5",)),
    Example("$5000", "as many as that much of the instrument's own currency buys", ("buy $5000 MSFT",)),
    Example("half", "of what you hold; also `all`, `quarter`", ("sell half TSLA market", "sell all AAPL 210")),
    Example("25%", "of what you hold", ("sell 25% TSLA",)),
    Example(
        "50% position",
        "the same in so many words; a purchase needs them: it buys back a short position",
        ("buy 50% position TSLA market",),
    ),
    Example("5% nlv", "of the account's net liquidation value", ("buy 5% nlv MSFT",)),
    Example(
        "risk 0.5%",
        "as many as lose that share of the account at the stop loss",
        ("buy AAPL risk 0.5% sl 182", "buy AAPL 199.5 risk 0.5% sl 182"),
    ),
)
TYPES = (
    Example("199.5", "limit; also `limit 199.5`, `@ 199.5`", ("buy 10 AAPL 199.5", "sell 10 AAPL limit 210")),
    Example("market", "at the market; only where you say so", ("sell 5 MSFT market",)),
    Example("", "no price: a card asks for one, with buttons", ("buy 10 AAPL",)),
    Example("stop 190", "a market order once the price gets there", ("sell 10 AAPL stop 190",)),
    Example("stop 190 limit 189", "a limit order once the price gets there", ("sell 10 AAPL stop 190 limit 189",)),
    Example("trail 2%", "a stop that follows the price", ("sell 10 AAPL trail 2%", "sell 10 AAPL trail 1.50")),
    Example("moc", "at the closing auction's price", ("sell 10 AAPL moc",)),
    Example("loc 199", "in the closing auction, with a limit", ("sell 10 AAPL loc 199",)),
    Example("mid", "follows the middle of bid and ask", ("buy 10 AAPL mid", "buy 10 AAPL mid cap 200")),
)
OPTIONS = (
    Example(
        "tp 210 sl 190",
        "a bracket: take profit and stop loss, sent once the order is; one of both can stand alone",
        ("buy 10 AAPL 199.5 tp 210 sl 190", "buy 10 AAPL market sl 190"),
    ),
    Example(
        "oco stop 190",
        "a stop beside the limit order; whichever is filled cancels the other",
        ("sell 10 AAPL 210 oco stop 190", "buy 10 AAPL 190 oco stop 210"),
    ),
    Example("gtc", "till cancelled; without it, `day`", ("buy 10 AAPL 199.5 gtc",)),
    Example("ioc", "at once, what cannot be filled is cancelled", ("buy 10 AAPL 199.5 ioc",)),
    Example("opg", "in the opening auction only", ("buy 10 AAPL market opg",)),
    Example(
        "gtd 2026-12-24",
        "till the end of that day at the exchange, or till a time of it in your zone",
        ("buy 10 AAPL 199.5 gtd 2026-12-24", "buy 10 AAPL 199.5 gtd 2026-12-24 15:30"),
    ),
    Example("outside", "outside regular hours too; also `eth`", ("buy 10 AAPL 199.5 outside",)),
    Example(
        "adaptive",
        "IBKR works it off between bid and ask; also `adaptive patient`, `adaptive urgent`",
        ("buy 100 AAPL market adaptive", "buy 100 AAPL 199.5 adaptive urgent"),
    ),
    Example(
        "twap",
        "in slices over the day, or between two times in New York",
        ("buy 1000 AAPL market twap", "buy 1000 AAPL 199.5 twap from 10:00 till 15:30"),
    ),
    Example("vwap", "the same, along the day's volume", ("buy 1000 AAPL market vwap till 15:30",)),
)
SYMBOLS = (
    Example("AAPL", "a share or ETF; the word after the quantity, whatever it spells", ("buy 10 LOW 230",)),
    Example("BMW@IBIS/EUR", "at its exchange, in its currency", ("buy 10 BMW@IBIS/EUR 80",)),
    Example("$LOW", "always the symbol", ("sell 25% $LOW",)),
    Example("EUR.USD", "a currency pair; the quantity is in the first currency", ("buy 20000 EUR.USD 1.08",)),
    Example(
        "BTC.USD",
        "a coin: with a limit, or sold at the market with `ioc`",
        ("buy 0.5 BTC.USD 97000", "sell 0.5 BTC.USD market ioc"),
    ),
    Example("ES 202612", "a future: six digits after its root are the month", ("buy 1 ES 202612 @ 6000",)),
    Example("SPY 20261218 C600", "an option", ("buy 10 SPY 20261218 C600 4.20",)),
    Example(
        "SPY 20261218 C600/C610",
        "a vertical spread as one order: buys the first, sells the second; its price is the net one, below zero where "
        "you receive money",
        ("buy 1 SPY 20261218 C600/C610 2.35", "buy 1 SPY 20261218 C610/C600 -2.35"),
    ),
    Example("#265598", "IBKR's contract id", ("buy 10 #265598 199.5",)),
)
ASKED_BACK = (
    Example("buy AAPL 10", "which number is which", ()),
    Example("buy 10 AAPL 199,5", "a decimal comma or a thousand", ()),
    Example("buy 1.000 F 10", "one share or a thousand", ()),
    Example("buy 25% TSLA", "of the account, or of a short position", ()),
    Example("sell 10 AAPL 210 stop 190", "either of both (`oco stop`), or a stop with a limit", ()),
    Example("sell 10 AAPL stop 190 189", "a stop with a limit, or a slip", ()),
    Example("buy 10 AAPL 199.5 tp 190 sl 210", "profit and loss are on the wrong sides", ()),
    Example("sell 10 AAPL moc gtc", "the closing auction is today's", ()),
    Example("buy 10 AAPL makret", "the line with `market` is offered", ()),
)
"""What is never guessed."""


def fitting(text: str, position: int, keywords: frozenset[str]) -> tuple[str, ...]:
    """Return two lines that work, with the keyword in whose reach *text* broke at *position* where there is one."""
    end = position + len(text[position:].split(maxsplit=1)[0]) if text[position:].strip() else len(text)
    said = [word for word in text[:end].lower().split()[2:] if word in keywords]
    found = [line for word in said[-1:] for line in lines_with(word)]
    return tuple(dict.fromkeys((*found, *EXAMPLES)))[:2]


def lines_with(word: str) -> list[str]:
    """Return the lines that have *word*, those that are about it first."""
    tables = (TYPES, OPTIONS, SIZES, SYMBOLS)
    examples = [example for table in tables for example in table if word in example.written.split()]
    examples += [example for table in tables for example in table]
    return list(dict.fromkeys(line for one in examples for line in one.lines if word in line.lower().split()))
