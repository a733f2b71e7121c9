"""What is held and what the account is worth."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.alerts import instrument_line
from bot.views.keyboard import PAGE, button, clamped, grid, pager, pages, rows, shortened
from bot.views.lists import close_buttons
from bot.views.message import Button, Message, text
from bot.views.numbers import MINUS, fixed, moment, money, percent, price, quantity, share
from bot.views.order_words import venue
from market.account import Position
from market.instrument import SecType
from trading.portfolio import Holding, PortfolioView

_MANY = Decimal(100_000)


def not_yet(known: str = "") -> Message:
    """Return what is said before IBKR has named any account, or has told what is in the one that is *known*."""
    of_it = f"what is in {venue(known)} {text(known)}" if known else "of any account"
    return Message(
        f"🔌 <b>IBKR has not told {of_it} yet.</b>\n"
        "The link is not up, or has just come up; /status shows how it stands."
    )


def positions(view: PortfolioView, page: int, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return page *page* (from 0) of the holdings, the largest first, as a table with a button for each."""
    total = pages(len(view.holdings))
    page = clamped(page, len(view.holdings))
    where = f"  ({page + 1}/{total})" if total > 1 else ""
    if not view.holdings:
        return Message(
            f"📂 <b>No positions</b> · {venue(view.account)} {text(view.account)}\n"
            "Type <code>buy 10 AAPL 199.5</code> for an order to confirm.",
            rows((button("💰 Account", Code.ACCOUNT, Place.HERE),)),
            protect=True,
        )
    head = f"📂 <b>Positions</b> {len(view.holdings)}"
    if view.market_value is not None:
        head += f" · <b>{money(view.market_value, view.currency)}</b>"
    if view.daily_pnl is not None:
        head += f" · day <b>{money(view.daily_pnl, view.currency, signed=True)}</b>"
    shown = view.holdings[page * PAGE : (page + 1) * PAGE]
    table = "\n".join([f"{'Sym':<7}{'Qty':>6}{'Last':>9}{'P&amp;L':>16}", *map(_row, shown)])
    picks = [_pick(held) for held in shown]
    return Message(
        f"{head}{where}\n<pre>{table}</pre>\n{venue(view.account)} {text(view.account)}"
        f" · <i>{moment(now, zone, now, seconds=True)}</i>",
        rows(
            *grid(picks, 4),
            pager(Code.POSITION_LIST, page, len(view.holdings)),
            (
                button("💰 Account", Code.ACCOUNT, Place.HERE),
                button("🔄 Refresh", Code.POSITION_LIST, Place.HERE, page),
            ),
        ),
        protect=True,
    )


def position_card(view: PortfolioView, held: Holding, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return one holding with its numbers and what can be done with it."""
    position = held.position
    instrument = position.instrument
    currency = instrument.currency
    pnl = money(position.unrealized_pnl, currency, signed=True)
    lines = [
        f"📂 <b>{text(instrument.label)} {quantity(position.quantity)}</b> · P&amp;L <b>{pnl}</b>"
        + (f" ({percent(held.unrealized_pct)})" if held.unrealized_pct is not None else ""),
        instrument_line(instrument),
        _prices(position),
        f"Value {money(position.market_value, currency)}"
        + (f" · {share(held.share_pct)} of net liquidation" if held.share_pct is not None else ""),
        f"Today {money(position.daily_pnl, currency, signed=True)}"
        + (f" ({percent(held.day_pct)})" if held.day_pct is not None else ""),
        f"Realized {money(position.realized_pnl, currency, signed=True)}",
        f"{venue(view.account)} {text(view.account)} · <i>{moment(now, zone, now, seconds=True)}</i>",
    ]
    return Message("\n".join(lines), rows(_trade_buttons(held), _closing(held), _card_buttons(held)), protect=True)


def position_gone() -> Message:
    """Return what a card shows once nothing is held any more."""
    return Message(
        "📂 <b>Nothing of it is held any more.</b>",
        rows((button("« Positions", Code.POSITION_LIST, Place.HERE, 0),)),
        protect=True,
    )


def account(view: PortfolioView, *, now: datetime, zone: ZoneInfo) -> Message:
    """Return the account's balance and margin."""
    summary = view.summary
    if summary is None:
        return not_yet(view.account)
    worth = money(summary.net_liquidation, summary.currency)
    head = f"💰 {venue(view.account)} <b>{text(view.account)}</b> · <b>{worth}</b>"
    if view.daily_pnl is not None:
        head += f" · day <b>{money(view.daily_pnl, summary.currency, signed=True)}</b>"
    figures = (
        ("Net liq", summary.net_liquidation),
        ("Cash", summary.cash),
        ("Positions", summary.gross_position_value),
        ("Buying power", summary.buying_power),
        ("Init margin", summary.initial_margin),
        ("Maint margin", summary.maintenance_margin),
        ("Excess liq", summary.excess_liquidity),
    )
    gains = (("Unrealized", view.unrealized_pnl), ("Realized", summary.realized_pnl), ("Today", view.daily_pnl))
    table = [_line(name, money(value, summary.currency)) for name, value in figures]
    table += [_line(name, money(value, summary.currency, signed=True)) for name, value in gains]
    if summary.cushion is not None:
        table.append(_line("Cushion", share(summary.cushion * 100)))
    body = "\n".join(table)
    return Message(
        f"{head}\n<pre>{body}</pre>\n<i>{moment(now, zone, now, seconds=True)}</i>",
        rows(
            (
                button("📂 Positions", Code.POSITION_LIST, Place.HERE, 0),
                button("📅 Summary", Code.SUMMARY, Place.ANEW),
                button("🔄 Refresh", Code.ACCOUNT, Place.HERE),
            )
        ),
        protect=True,
    )


def _prices(position: Position) -> str:
    instrument, cost = position.instrument, position.average_cost
    if instrument.magnifier > 1:
        # IBKR tells the cost in the currency, and the price in its hundredths.
        cost /= instrument.factor
    average, last = price(cost, instrument.decimals), price(position.market_price, instrument.decimals)
    return f"Average <code>{average}</code> · last <code>{last}</code>"


def _line(name: str, value: str) -> str:
    return f"{name:<14}{value.replace(MINUS, '-'):>18}"


def _row(held: Holding) -> str:
    position = held.position
    pnl = position.unrealized_pnl
    gain = "-" if pnl is None else fixed(pnl, 0 if abs(pnl) >= _MANY else 2, signed=True, minus="-")
    last = price(position.market_price, position.instrument.decimals).replace(MINUS, "-")
    symbol = shortened(position.instrument.label, 6)
    return text(f"{symbol:<7}{_count(position.quantity):>6}{last:>9}{gain:>12}")


def _count(number: Decimal) -> str:
    return quantity(number).replace(MINUS, "-").replace(",", "")


def _pick(held: Holding) -> Button:
    instrument = held.position.instrument
    return button(shortened(instrument.label, 12), Code.POSITION_CARD, Place.HERE, instrument.con_id)


def _trade_buttons(held: Holding) -> tuple[Button, ...]:
    instrument = held.position.instrument
    if instrument.sec_type is not SecType.STOCK:
        return ()
    return (
        button("🟢 Buy", Code.QUOTE_TRADE, Place.ANEW, instrument.con_id, "B"),
        button("🔴 Sell", Code.QUOTE_TRADE, Place.ANEW, instrument.con_id, "S"),
    )


def _closing(held: Holding) -> tuple[Button, ...]:
    """Cash in another currency is a position to IBKR, and nothing to close."""
    is_cash = held.position.instrument.sec_type is SecType.FOREX
    return () if is_cash else close_buttons(held.position)


def _card_buttons(held: Holding) -> tuple[Button, ...]:
    con_id = held.position.instrument.con_id
    return (
        button("📊 Quote", Code.QUOTE, Place.ANEW, con_id),
        button("🔔 Alert", Code.QUOTE_ALERT, Place.ANEW, con_id),
        button("« Positions", Code.POSITION_LIST, Place.HERE, 0),
    )
