"""Writes docs/orders.md, the reference of the order language, from the lines the bot itself quotes: `make docs`."""

from pathlib import Path

from market.ticket_example import ASKED_BACK, OPTIONS, SIZES, SYMBOLS, TYPES, Example

DOCUMENT = Path(__file__).resolve().parent / "orders.md"
HEAD = """\
# The order language

Type a line that begins with `buy` or `sell`:

**side quantity symbol** *price or type* *options*

Price, type and options stand in any order. The answer is a card; nothing is sent before you press *Confirm* on it.
Upper and lower case are the same. The word after the quantity is the symbol, whatever it spells (`buy 10 ALL 199.5`).

In the chat `/help buy` shows these pages; `/options SPY` puts an option or a vertical spread together by buttons.

Shares and ETFs can be ordered from the start; options, futures, currencies, coins and spreads once `LIMIT_KINDS` on the
host names them. What a [limit](guards.md#limits) forbids, such as a price that reaches 20% through the market, or what
IBKR does not take of its instrument is denied before there is a card, with the reason.

A line that is not understood is answered with where it broke, what could stand there, and two lines that work.

<!-- Written by `make docs`; a test holds it to the code. -->
"""
TIMES = """\
## What goes together

- `tp` and `sl` lie on either side of the entry: for a purchase `sl` below and `tp` above, for a sale the other way.
- `sl` protects what an order buys or sells; `stop` is a type, an order that waits.
- `oco stop` needs one limit price: for a sale the stop is below it, for a purchase above.
- `moc` and `loc` are for today's close, so they take no `gtc`, `gtd`, `ioc`, `opg` or `outside`.
- `ioc` and `opg` go with `market` or a limit price; `adaptive`, `twap` and `vwap` too, without `ioc` and `opg`.
- A day after `gtd` ends where the exchange is (23:59:59 there), a time of it is in your time zone; the card says the
  moment. The times of `twap` and `vwap` are New York's.
- Prices are above zero, but for futures and spreads.
"""
NUMBERS = """\
## Numbers

| where | written |
| --- | --- |
| quantities and money | `10`, `0.5`, `1,000`, `1.5k`, `2m`, `$5000`, `$5k` |
| prices | `199.5`, `$199.5`, `1,234.50`; in full, without k, m, b or % |
| percentages | `25%`, `0.5%`; above 0 % and of at most 100 % |
| days and times | `2026-12-24`, `15:30`, `2026-12-24T15:30Z` |
"""


def document() -> str:
    """Return the whole reference in Markdown."""
    parts = (
        HEAD,
        _section("How much", "size", SIZES),
        _section("Price and type", "type", TYPES),
        _section("Options", "option", OPTIONS),
        _section("Symbols", "symbol", SYMBOLS),
        TIMES,
        NUMBERS,
        _asked_back(),
    )
    return "\n".join(parts)


def _section(title: str, name: str, examples: tuple[Example, ...]) -> str:
    rows = [
        (f"`{one.written}`" if one.written else "", one.says, " · ".join(f"`{line}`" for line in one.lines))
        for one in examples
    ]
    return f"## {title}\n\n" + _table((name, "it means", "lines that work"), rows)


def _asked_back() -> str:
    rows = [(f"`{one.written}`", one.says) for one in ASKED_BACK]
    return "## Never guessed, but asked back\n\n" + _table(("line", "what is not clear"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
