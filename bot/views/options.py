"""The option wizard's screens: expiry, call or put, strikes with their prices, and the terms of an order."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from bot.callback_data import Code
from bot.option_wizard import OptionRow, OptionWizard, Step, written
from bot.views.keyboard import button, grid, rows
from bot.views.message import Button, Message, Rows, Style, text
from bot.views.numbers import NOTHING, exact, fixed, money, price
from market.option import OptionChain
from market.ticket import Side
from trading.exposure import most_lost

_SIDES = {"buy": "Buy", "sell": "Sell"}
_RIGHTS = {"C": "Call", "P": "Put"}
_SIZES = ("1", "2", "5", "10")
_STEPS = {Step.EXPIRY: "1/4", Step.RIGHT: "2/4", Step.STRIKE: "3/4", Step.SECOND: "3/4", Step.TERMS: "4/4"}
_BACK = {
    Step.RIGHT: Step.EXPIRY,
    Step.STRIKE: Step.RIGHT,
    Step.SECOND: Step.TERMS,
    Step.TERMS: Step.STRIKE,
}
_ASKED = {"quantity": ("How many contracts", "3"), "at": ("Which price", "4.20")}
_NOTHING_YET = "Nothing is ordered yet."
WAITING = "⏳ <i>asking for prices…</i>"


def which() -> Message:
    """Return what /options says when it is not told on what."""
    return Message(
        "📝 <b>Options on what?</b> For example:\n<code>/options SPY</code>\n"
        "Or type the order: <code>buy 1 SPY 20261218 C600 4.20</code>"
    )


def expiries(form_id: int, wizard: OptionWizard, chain: OptionChain, today: date) -> Message:
    """Return the expiries of a page."""
    shown, before, after = wizard.expiries(chain, f"{today:%Y%m%d}")
    picks = [_pick(form_id, "expiry", one, _day(one, today), chosen=one == wizard.expiry) for one in shown]
    words = "Which expiry?" if shown else "No expiry is left."
    return _screen(form_id, wizard, [words], rows(*grid(picks, 3), _turns(form_id, wizard.page, before, after)))


def rights(form_id: int, wizard: OptionWizard) -> Message:
    """Return the question whether call or put."""
    picks = tuple(
        _pick(form_id, "right", value, label, chosen=value == wizard.right) for value, label in _RIGHTS.items()
    )
    return _screen(form_id, wizard, ["Call or put?"], rows(picks))


def strikes(
    form_id: int, wizard: OptionWizard, chain: OptionChain, known: Mapping[str, OptionRow] | None = None
) -> Message:
    """
    Return the strikes of a page, each with its prices.

    *known* are rows by symbol; None before they were asked for. What is known not to be listed has no button.
    """
    shown, before, after = wizard.strikes(chain)
    found = {} if known is None else known
    listed = [one for one in shown if _row(wizard, one, found).is_listed is not False]
    what = "second" if wizard.step is Step.SECOND else "strike"
    picks = [_pick(form_id, what, written(one), written(one), chosen=written(one) == wizard.strike) for one in listed]
    lines = [_table(wizard, listed, found)] if listed else ["None of these strikes is listed for this expiry."]
    if known is None:
        lines.append(WAITING)
    ask = "Which strike?"
    if wizard.step is Step.SECOND:
        ask = f"Which second strike? Who buys the spread buys {wizard.strike} and sells this one."
    return _screen(form_id, wizard, [*lines, ask], rows(*grid(picks, 3), _turns(form_id, wizard.page, before, after)))


def terms(form_id: int, wizard: OptionWizard, row: OptionRow | None = None, multiplier: str = "100") -> Message:
    """Return how much at what price, with what is known of it (None before it was asked for)."""
    lines = [*_facts(row, multiplier), *_cost(wizard, row, multiplier)] if row is not None else [WAITING]
    if row is not None and row.is_listed is False:
        lines.append("⚠️ IBKR lists no such contract: choose another strike.")
    return _screen(form_id, wizard, [*lines, _NOTHING_YET], _terms_buttons(form_id, wizard, row))


def question(wizard: OptionWizard, what: str) -> Message:
    """Return the question for *what* (quantity or price), answered by a reply."""
    asked, example = _ASKED[what]
    said = f"⌨️ <b>{asked}</b> for {text(wizard.symbol)}?\nReply with it, for example <code>{example}</code>"
    return Message(said, asks=example)


def not_understood(said: str, what: str, example: str) -> Message:
    """Return the answer to a reply that is no *what*; the question stands."""
    return Message(
        f"🤔 <b>{text(said)} is no {what}.</b> {_NOTHING_YET}\nReply again, for example <code>{example}</code>"
    )


def done(line: str) -> Message:
    """Return what stands in the place of a wizard whose order has its card."""
    return Message(f"📝 <b>Its card is below</b>: <code>{text(line)}</code>")


def cancelled() -> Message:
    """Return what stands in the place of a wizard that was given up."""
    return Message("✖️ <b>Given up.</b> Nothing was ordered.")


def _screen(form_id: int, wizard: OptionWizard, lines: Sequence[str], body: Rows) -> Message:
    head = f"📝 <b>{text(_headline(wizard))}</b> · step {_STEPS[wizard.step]}"
    now = "" if wizard.price is None else f"{text(wizard.label)} <code>{price(wizard.price, wizard.decimals)}</code>"
    return Message("\n".join(filter(None, (head, now, *lines))), rows(*body, _ways(form_id, wizard)))


def _headline(wizard: OptionWizard) -> str:
    if wizard.step is Step.TERMS:
        return f"{wizard.side.upper()} {wizard.quantity} {wizard.symbol} {_price_words(wizard)}"
    chosen = (wizard.expiry, _RIGHTS.get(wizard.right, "")) if wizard.step is not Step.EXPIRY else ()
    return " ".join(filter(None, ("Option on", wizard.label, *chosen)))


def _price_words(wizard: OptionWizard) -> str:
    return {"market": "at market", "bid": "at the bid", "ask": "at the ask", "mid": "at the middle"}.get(
        wizard.at, f"@ {wizard.at}"
    )


def _row(wizard: OptionWizard, strike: float, known: Mapping[str, OptionRow]) -> OptionRow:
    symbol = wizard.symbol_at(strike)
    return known.get(symbol) or OptionRow(symbol)


def _table(wizard: OptionWizard, shown: Sequence[float], known: Mapping[str, OptionRow]) -> str:
    lines = [f"{'Strike':>7}{'Bid':>7}{'Ask':>7}{'Delta':>6}{'IV':>6}"]
    for strike in shown:
        row = _row(wizard, strike, known)
        cells = (_cell(row.bid, 2), _cell(row.ask, 2), _cell(row.greeks.delta, 2), _volatility(row))
        lines.append(f"{written(strike):>7}{cells[0]:>7}{cells[1]:>7}{cells[2]:>6}{cells[3]:>6}")
    return f"<pre>{text(chr(10).join(lines))}</pre>"


def _cell(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"


def _volatility(row: OptionRow) -> str:
    found = row.greeks.implied_volatility
    return "-" if found is None else f"{found * 100:.0f}%"


def _facts(row: OptionRow, multiplier: str) -> list[str]:
    model = row.greeks
    said = {
        "Delta": _greek(model.delta, 2),
        "Theta": _greek(model.theta, 3),
        "Gamma": _greek(model.gamma, 4),
        "Vega": _greek(model.vega, 3),
    }
    if model.implied_volatility is not None:
        said["IV"] = f"{model.implied_volatility * 100:.1f}%"
    known = " · ".join(f"{name} <code>{value}</code>" for name, value in said.items() if value != NOTHING)
    return [
        f"Bid <code>{price(row.bid)}</code> · Ask <code>{price(row.ask)}</code> · one is {text(multiplier)} units",
        known or "IBKR's model says nothing of it just now.",
    ]


def _cost(wizard: OptionWizard, row: OptionRow, multiplier: str) -> list[str]:
    """
    Return what the order costs or brings at the price chosen, where that is known; below zero a spread's turns.

    Of a spread it also says what may be lost with it: by buttons alone one is led to those that only can lose.
    """
    known = {"bid": row.bid, "mid": row.mid, "ask": row.ask, "market": row.ask if wizard.side == "buy" else row.bid}
    each = known[wizard.at] if wizard.at in known else float(wizard.at)
    if each is None or row.instrument is None:
        return []
    total = Decimal(repr(each)) * int(wizard.quantity) * Decimal(multiplier or 1) / row.instrument.magnifier
    verb = "Costs" if (wizard.side == "buy") is (total >= 0) else "Brings"
    amount = money(abs(total), row.instrument.currency)
    product = " \N{MULTIPLICATION SIGN} ".join((wizard.quantity, text(multiplier), exact(round(each, 4), 2)))
    lines = [f"{verb} about <b>{amount}</b> before fees ({product})"]
    side = Side(wizard.side.upper())
    most = most_lost(side, row.instrument, Decimal(repr(round(each, 8))))
    if most is not None:
        lost = money(most * int(wizard.quantity), row.instrument.currency)
        lines.append(f"Opened like that it may lose at most <b>{lost}</b> before fees")
    return lines


def _greek(value: float | None, decimals: int) -> str:
    return NOTHING if value is None else fixed(value, decimals)


def _terms_buttons(form_id: int, wizard: OptionWizard, row: OptionRow | None) -> Rows:
    sides = tuple(_pick(form_id, "side", value, label, chosen=value == wizard.side) for value, label in _SIDES.items())
    sizes = tuple(_pick(form_id, "quantity", one, one, chosen=one == wizard.quantity) for one in _SIZES)
    prices = tuple(
        _pick(form_id, "at", at, label, chosen=at == wizard.at)
        for at, label in (
            ("bid", _priced("Bid", row.bid if row else None)),
            ("mid", _priced("Mid", row.mid if row else None)),
            ("ask", _priced("Ask", row.ask if row else None)),
            ("market", "Market"),
        )
    )
    typed = (
        button("⌨️ How many", Code.OPTIONS, form_id, "ask", "quantity"),
        button("⌨️ Price", Code.OPTIONS, form_id, "ask", "at"),
        button("🔄 Prices", Code.OPTIONS, form_id, "step", Step.TERMS.value),
    )
    if wizard.second:
        spread = button("Single option again", Code.OPTIONS, form_id, "single", "x")
    else:
        spread = button("Second strike (vertical)", Code.OPTIONS, form_id, "step", Step.SECOND.value)
    style = Style.SUCCESS if wizard.side == "buy" else Style.DANGER
    go = button(
        f"📝 Card for {wizard.side.upper()} {wizard.quantity} {wizard.symbol}",
        Code.OPTIONS,
        form_id,
        "card",
        "x",
        style=style,
    )
    return rows(sides, sizes, prices, typed, (spread,), (go,))


def _priced(label: str, value: float | None) -> str:
    return label if value is None else f"{label} {price(value)}"


def _pick(form_id: int, what: str, value: str, label: str, *, chosen: bool) -> Button:
    return button(f"• {label}" if chosen else label, Code.OPTIONS, form_id, what, value)


def _turns(form_id: int, page: int, before: bool, after: bool) -> tuple[Button, ...]:  # noqa: FBT001  two ends of a list
    back = (button("◀️", Code.OPTIONS, form_id, "page", page - 1),) if before else ()
    onward = (button("▶️", Code.OPTIONS, form_id, "page", page + 1),) if after else ()
    return (*back, *onward)


def _ways(form_id: int, wizard: OptionWizard) -> tuple[Button, ...]:
    """Return the way back to the step before, and out."""
    back = _BACK.get(wizard.step)
    ways = () if back is None else (button("« Back", Code.OPTIONS, form_id, "step", back.value),)
    return (*ways, button("✖️ Cancel", Code.OPTIONS, form_id, "cancel", "x"))


def _day(expiry: str, today: date) -> str:
    """Return `18 Dec · 28d`, with the year where that is not this one's."""
    day = date(int(expiry[:4]), int(expiry[4:6]), int(expiry[6:]))
    year = "" if day.year == today.year else f" {day:%y}"
    return f"{day.day} {day:%b}{year} · {(day - today).days}d"
