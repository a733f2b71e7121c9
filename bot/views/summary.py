"""The daily summary: text first, its picture is added by an edit (so the text must fit a caption)."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.keyboard import button, rows, shortened
from bot.views.message import Message, text
from bot.views.numbers import arrow, moment, money, percent, share, span
from bot.views.order_words import venue
from market.account import is_paper_account
from trading.summary import DailySummary, DayMove

_LATE = timedelta(hours=2)
"""The summary waits for the last numbers of the day; later than this after the close it is late."""


def daily_summary(
    summary: DailySummary,
    *,
    now: datetime,
    zone: ZoneInfo,
    may_repeat: bool = False,
    asked: bool = False,
    closed: datetime | None = None,
) -> Message:
    """
    Return the summary of one session. It is silent.

    *asked* is one that a person asked for; the others say when they are late, counted from when the session *closed*.
    *may_repeat* marks a message that may have arrived before.
    """
    currency = summary.currency
    head = f"📅 <b>{money(summary.net_liquidation, currency)}</b>"
    if summary.change is not None:
        change = f"{money(summary.change, currency, signed=True)} ({percent(summary.change_pct)})"
        head = f"{head} {arrow(summary.change)} <b>{change}</b>"
    lines = [
        f"{head} · {venue(summary.account)}",
        f"<b>Daily summary</b> · {_day(summary.day)} · account {text(summary.account)}",
        "",
        _gains(summary),
        *_moves(summary),
        _activity(summary),
        *_memory(summary),
    ]
    ended = closed or summary.at
    if not asked and now - ended > _LATE:
        lines.append(
            f"⚠️ <b>Late</b>: the session ended {moment(ended, zone, now)}, told {span(now - ended)} after; "
            f"the values are those of {moment(summary.at, zone, now)}"
        )
    else:
        lines.append(f"<i>as of {moment(summary.at, zone, now)}</i>")
    if may_repeat:
        lines.append("↻ <i>may repeat: the first send was not acknowledged</i>")
    return Message(
        "\n".join(lines),
        rows(
            (
                button("📂 Positions", Code.POSITION_LIST, Place.ANEW, 0),
                button("📋 Orders", Code.ORDER_LIST, Place.ANEW),
                button("💰 Account", Code.ACCOUNT, Place.ANEW),
            )
        ),
        silent=True,
        protect=True,
    )


def picture_title(summary: DailySummary) -> str:
    """Return what stands over the picture, in plain text."""
    return f"Net liquidation · {'PAPER' if is_paper_account(summary.account) else 'LIVE'} {summary.account}"


def _gains(summary: DailySummary) -> str:
    currency = summary.currency
    parts = [
        f"Realized {money(summary.realized_pnl, currency, signed=True)}",
        f"Unrealized {money(summary.unrealized_pnl, currency, signed=True)}",
    ]
    if summary.cash is not None:
        part = f" ({share(summary.cash / summary.net_liquidation * 100, 0)})" if summary.net_liquidation else ""
        parts.append(f"Cash {money(summary.cash, currency)}{part}")
    return " · ".join(parts)


def _moves(summary: DailySummary) -> list[str]:
    named = (("Best", summary.best), ("Worst", summary.worst))
    return [f"<b>{name}</b> {_move(move)}" for name, move in named if move is not None]


def _move(move: DayMove) -> str:
    pnl = money(move.pnl, move.instrument.currency, signed=True)
    pct = f" {percent(move.pct)}" if move.pct is not None else ""
    return f"{text(shortened(move.instrument.label, 24))}{pct} ({pnl})"


def _activity(summary: DailySummary) -> str:
    parts = [f"Trades {summary.trades}", f"Alerts fired {summary.alerts_fired}"]
    if summary.fees is not None:
        parts.insert(1, f"Fees {money(summary.fees, summary.currency)}")
    return " · ".join(parts)


def _memory(summary: DailySummary) -> list[str]:
    first = summary.curve[0] if len(summary.curve) > 1 else None
    if first is None:
        return ["The first snapshot: changes are counted from today on."]
    change = summary.net_liquidation - first[1]
    pct = f" ({percent(change / first[1] * 100)})" if first[1] else ""
    return [f"Since {_day(first[0])}: <b>{money(change, summary.currency, signed=True)}</b>{pct}"]


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
