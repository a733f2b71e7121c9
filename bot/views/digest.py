"""Many firings as one message, in pages; none is left out."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.silence import LONGEST
from bot.callback_data import Code, Place
from bot.views.firing import LATE
from bot.views.gathered import PAGE, Entry, Gathered, Reason
from bot.views.keyboard import button, grid, pager, pages, rows
from bot.views.message import Message, Rows, text
from bot.views.numbers import clock, price, span, zone_label
from market.quote import Quote

Quotes = Callable[[int], Quote | None]

_ROW = 5
_REPEAT = "↻ <i>may repeat: the first send was not acknowledged</i>"
_SECOND = timedelta(seconds=1)


def digest(
    told: Gathered,
    root: int,
    *,
    now: datetime,
    zone: ZoneInfo,
    may_repeat: bool = False,
    silent: bool = False,
    quotes: Quotes = lambda _con_id: None,
) -> Message:
    """
    Return the message of a digest, whose outbox row is *root*, with the newest of what it tells.

    *quotes* gives the prices now, which stand beside what is told late.
    """
    is_late = told.reason is not Reason.BURST or _waited(told, now) > LATE
    lines = [_head(told, zone), *_why(told, now), ""]
    lines += [_line(entry, now, zone, quotes if is_late else None) for entry in told.entries[:PAGE]]
    if may_repeat:
        lines.append(_REPEAT)
    lines.append(_foot(told, 0, zone))
    return Message("\n".join(lines), _buttons(told, 0, root), silent=silent)


def page(
    told: Gathered, root: int, number: int, *, now: datetime, zone: ZoneInfo, quotes: Quotes, may_repeat: bool = False
) -> Message:
    """
    Return page *number* (from 0) of what the digest *root* tells, with the prices now; *told* has that page only.

    *may_repeat*: there may be another message of it, which was never acknowledged.
    """
    lines = [_head(told, zone), ""]
    lines += [_line(entry, now, zone, quotes) for entry in told.entries]
    if may_repeat:
        lines.append(_REPEAT)
    lines.append(_foot(told, number, zone))
    return Message("\n".join(lines), _buttons(told, number, root))


def calmed(message: Message, told: Gathered, root: int) -> Message:
    """Return the *message* of an alert that calms the others, with how many fired meanwhile."""
    many = "1 of yours" if told.count == 1 else f"{told.count} of yours"
    line = f"🤫 <b>{many} fired meanwhile</b>: {text(told.about)}"
    listed = (button(f"📋 Show all {told.count}", Code.DIGEST, Place.ANEW, 0, root),)
    return Message(f"{message.html}\n{line}", rows(listed, *message.buttons), silent=message.silent)


def gone() -> Message:
    """Return what is said of a digest that is not there (any more)."""
    return Message("🤔 <b>This list is not kept any more.</b>\nEach alert's 🕘 History has what it told.")


def _head(told: Gathered, zone: ZoneInfo) -> str:
    many = "1 alert" if told.count == 1 else f"{told.count} alerts"
    names = f": {text(told.about)}" if told.names else ""
    match told.reason:
        case Reason.BURST if told.count == 1:
            return f"🔔 <b>{text(told.entries[0].gist)}</b>, and more may follow here"
        case Reason.BURST:
            length = told.end - told.begin
            within = f"within {span(length)}" if length >= _SECOND else "at once"
            return f"🔔 <b>{told.count} more alerts</b> {within}{names}"
        case Reason.QUIET:
            return f"🌙 <b>{many} in your quiet hours</b>{names}"
        case Reason.STALE:
            return f"⚠️ <b>{many} from before, told late</b>{names}"
        case Reason.CALM:
            return f"🤫 <b>{many} after {clock(told.begin, zone)}</b>{names}"


def _waited(told: Gathered, now: datetime) -> timedelta:
    """Return how late a burst is told: one that lasted longer than a digest grows has something old in it."""
    return now - (told.begin if told.end - told.begin > LONGEST else told.end)


def _why(told: Gathered, now: datetime) -> list[str]:
    late = now - told.end
    match told.reason:
        case Reason.BURST if _waited(told, now) <= LATE:
            return []
        case Reason.BURST if told.end - told.begin > LONGEST:
            return [f"⚠️ <b>Late</b>: the first happened {span(now - told.begin)} ago"]
        case Reason.BURST:
            return [f"⚠️ <b>Late</b>: told {span(late)} after"]
        case Reason.QUIET:
            return [f"The first waited {span(now - told.begin)}, the last {span(late)}."]
        case Reason.STALE:
            return [f"The first happened {span(now - told.begin)} ago, the last {span(late)}."]
        case Reason.CALM:
            return []


def _line(entry: Entry, now: datetime, zone: ZoneInfo, quotes: Quotes | None) -> str:
    own = entry.at.astimezone(zone)
    day = "" if own.date() == now.astimezone(zone).date() else f"{own:%a} {own.day} {own:%b} "
    line = f"<code>{day}{own:%H:%M:%S}</code> <b>{text(entry.gist)}</b> · {text(entry.about)} · {entry.mark}"
    if entry.gap:
        line += f" · 🕰 {text(entry.gap)}"
    quote = None if quotes is None or not entry.con_id else quotes(entry.con_id)
    if quote is not None and quote.price is not None:
        line += f" · now {price(quote.price, entry.decimals)}"
    return line + (" · ↻ <i>may repeat</i>" if entry.repeat else "")


def _foot(told: Gathered, at: int, zone: ZoneInfo) -> str:
    total = pages(told.count, PAGE)
    turn = f" · page {at + 1} of {total}" if total > 1 else ""
    return f"<i>Newest first, none left out · times in {text(zone_label(told.end, zone))}{turn}</i>"


def _buttons(told: Gathered, at: int, root: int) -> Rows:
    cards = {
        entry.rule_id: button(f"#{entry.rule_id}", Code.ALERT_CARD, Place.ANEW, entry.rule_id)
        for entry in told.entries[:PAGE]
    }
    return rows(*grid(list(cards.values()), _ROW), pager(Code.DIGEST, at, told.count, root, size=PAGE))
