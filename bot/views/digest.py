"""Many firings as one message, in pages; none is left out."""

from collections.abc import Callable, Sequence
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

_PROMPT = frozenset({Reason.BURST, Reason.NEWS})
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
    is_late = told.reason not in _PROMPT or _waited(told, now) > LATE
    lines = [_head(told, zone), *_why(told, now), ""]
    lines += _lines(told.entries[:PAGE], now, zone, quotes if is_late else None)
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
    lines += _lines(told.entries, now, zone, quotes)
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
    if told.reason in {Reason.NEWS, Reason.HOURLY}:
        return _news_head(told)
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
        case _:
            return f"🤫 <b>{many} after {clock(told.begin, zone)}</b>{names}"


def _news_head(told: Gathered) -> str:
    names = f": {text(told.about)}" if told.names else ""
    many = "1 headline" if told.count == 1 else f"{told.count} headlines"
    if told.reason is Reason.HOURLY:
        return f"📰 <b>{many} in the last hour</b>{names}"
    if told.count == 1:
        return f"📰 <b>{text(told.entries[0].gist.removeprefix('📰 '))}</b>, and more may follow here"
    length = told.end - told.begin
    within = f"within {span(length)}" if length >= _SECOND else "at once"
    return f"📰 <b>{told.count} more headlines</b> {within}{names}"


def _waited(told: Gathered, now: datetime) -> timedelta:
    """Return how late a burst is told: one that lasted longer than a digest grows has something old in it."""
    is_long = told.reason is Reason.BURST and told.end - told.begin > LONGEST
    return now - (told.begin if is_long else told.end)


def _why(told: Gathered, now: datetime) -> list[str]:
    late = now - told.end
    match told.reason:
        case Reason.BURST | Reason.NEWS:
            return _late(told, now)
        case Reason.QUIET:
            return [f"The first waited {span(now - told.begin)}, the last {span(late)}."]
        case Reason.STALE:
            return [f"The first happened {span(now - told.begin)} ago, the last {span(late)}."]
        case _:
            return []


def _late(told: Gathered, now: datetime) -> list[str]:
    if _waited(told, now) <= LATE:
        return []
    if told.reason is Reason.BURST and told.end - told.begin > LONGEST:
        return [f"⚠️ <b>Late</b>: the first happened {span(now - told.begin)} ago"]
    return [f"⚠️ <b>Late</b>: told {span(now - told.end)} after"]


def _lines(entries: Sequence[Entry], now: datetime, zone: ZoneInfo, quotes: Quotes | None) -> list[str]:
    """Return a line for each entry; one that has a story begins with the number of its button."""
    numbers = (f"{number}. " if entry.has_story else "" for number, entry in enumerate(entries, 1))
    return [number + _line(entry, now, zone, quotes) for number, entry in zip(numbers, entries, strict=True)]


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
    shown = told.entries[:PAGE]
    stories = [
        button(f"📖 {number}", Code.NEWS_TOLD, Place.ANEW, 0, entry.rule_id, entry.nth)
        for number, entry in enumerate(shown, 1)
        if entry.has_story
    ]
    cards = {entry.rule_id: button(f"#{entry.rule_id}", Code.ALERT_CARD, Place.ANEW, entry.rule_id) for entry in shown}
    # The order's line may have been changed since: the button bears the alert, not its order of then.
    orders = {
        entry.rule_id: button(f"📝 Order of alert #{entry.rule_id}", Code.ORDER_THEN, entry.rule_id)
        for entry in shown
        if entry.has_order
    }
    turn = pager(Code.DIGEST, at, told.count, root, size=PAGE)
    return rows(*grid(stories, _ROW), *grid(list(orders.values()), 2), *grid(list(cards.values()), _ROW), turn)
