"""What an alert says when it fires: a price, a headline, new rows of a scan, an order, a time, a silent feed."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.aftermath import PRICES
from alerts.amendment import order_line
from alerts.condition import OrderEvent
from alerts.rule import (
    AccountCause,
    FeedCause,
    Firing,
    NewsCause,
    OrderCause,
    PriceCause,
    Rule,
    RuleState,
    ScanCause,
    TimeCause,
)
from bot.callback_data import Code, Place
from bot.views import away
from bot.views.alerts import kind_mark, snooze_buttons
from bot.views.condition import describe, direction_of, level_of
from bot.views.gauge import Gauge, beneath, gauge_of
from bot.views.keyboard import button, line_button, rows, shortened
from bot.views.message import Button, Message, Rows, Style, text
from bot.views.news_alert import Around, keyboard, news_alert
from bot.views.numbers import clock, exact, moment, percent, price, span
from bot.views.order_words import brief
from bot.views.scan_change import scan_foot, scan_lines, scan_ways, told_rows
from bot.views.scan_table import Quotes, Volumes, row_buttons, unmeasured, unquoted
from bot.views.template import OwnWords, own_words
from bot.views.ticket import TRADED
from market.errors import TicketSyntaxError
from market.instrument import Instrument
from market.quote import DataKind, Quote, TickField
from market.ticket import parse as parse_ticket

_ANEW = Place.ANEW
LATE = timedelta(seconds=30)
_NOTE = 300
_PRINTS = {TickField.HIGH: "high", TickField.LOW: "low"}


def firing(  # noqa: PLR0913  all that stands around a firing as it is told
    fired: Firing,
    *,
    now: datetime,
    zone: ZoneInfo,
    may_repeat: bool = False,
    quote: Quote | None = None,
    wording: str | None = None,
    around: Around | None = None,
    quotes: Quotes = unquoted,
    usual: Volumes = unmeasured,
) -> Message:
    """
    Return the message of one firing.

    Later than 30 s after the fact it says when it happened, by how much it is late and, with *quote*, the price now.
    *may_repeat* marks a message that may have arrived before. *wording* is the owner's own template: what is told of a
    price is told in its words, what happened otherwise below them; every mark and button is as without it. *around* is
    what a news alert says beside its headline; *quotes* and *usual* give prices and usual volumes of a scan's rows.
    """
    # A news alert has a line for the price, late or not.
    late = _late_lines(fired, now, zone, None if isinstance(fired.cause, NewsCause) else quote)
    repeat = ["↻ <i>may repeat: the first send was not acknowledged</i>"] if may_repeat else []
    own = own_words(wording, fired, zone)
    tail = [*([] if own.tells_note else _note(fired.rule)), *late, *repeat]
    match fired.cause:
        case PriceCause():
            message = _price(fired, fired.cause, own, tail, now, zone)
        case NewsCause() as cause:
            prepare = _prepare(fired.rule)
            around = around or Around(quote=quote)
            message = news_alert(fired, cause, around, own=own, tail=tail, prepare=prepare, now=now, zone=zone)
        case ScanCause():
            lines = [*own.lines, *scan_lines(fired.cause, quotes, usual), scan_foot(fired.rule, fired.cause), *tail]
            buttons = rows(*row_buttons(told_rows(fired.cause)), *scan_ways(fired.rule), *_rule_rows(fired.rule))
            html = "\n".join([*lines, f"<i>{moment(fired.at, zone, now)}</i>"])
            message = Message(html, buttons, silent=not fired.rule.draft.options.critical)
        case AccountCause() | OrderCause() | TimeCause() | FeedCause():
            message = _plain(fired, fired.cause, own, tail, now, zone)
    return away.marked(message, fired, now, zone)


def news_keys(fired: Firing, around: Around) -> Rows:
    """Return the buttons below a news alert's message as they are now; none below that of another alert."""
    if not isinstance(fired.cause, NewsCause):
        return ()
    return keyboard(fired, fired.cause, around, _prepare(fired.rule))


def _price(fired: Firing, cause: PriceCause, own: OwnWords, tail: list[str], now: datetime, zone: ZoneInfo) -> Message:
    rule = fired.rule
    bars = " · 1m bars" if cause.from_minute and fired.away is None else ""
    # Bars are neither live nor delayed: they are what IBKR tells afterwards.
    kind = "" if fired.away is not None and fired.away.is_observed else f" · {cause.kind.value}"
    foot = f"{_when(fired, now, zone)}{kind}{bars}"
    if own.lines:
        lines, foot = list(own.lines), f"{foot} · alert #{rule.id}"
    else:
        about = f"{text(shortened(describe(rule), _NOTE))} · alert #{rule.id}"
        told = gauge_of(fired)
        lines = [_price_head(rule, cause, told), about, *_market_lines(rule, cause, told)]
    if rule.draft.options.critical:
        lines[0] += " · <b>CRITICAL</b>"
    if cause.kind is not DataKind.LIVE:
        lines[0] += kind_mark(cause.kind)
    lines += [*tail, f"<i>{foot}</i>"]
    return Message("\n".join(lines), _price_buttons(rule, cause), silent=rule.draft.options.silent)


def _price_head(rule: Rule, cause: PriceCause, told: Gauge | None) -> str:
    if told is None:
        told = Gauge(cause.instrument.label, price(cause.price, cause.instrument.decimals), _arrow(rule, cause))
    head = f"🔔 <b>{text(str(told))}</b>"
    today = f"{percent(cause.change_pct)} today" if told.is_price and cause.change_pct is not None else ""
    return f"{head}  {text(told.after or today)}".rstrip()


def _market_lines(rule: Rule, cause: PriceCause, told: Gauge | None) -> list[str]:
    decimals = cause.instrument.decimals
    lines = []
    if cause.field in _PRINTS:
        span_of = "minute" if cause.from_minute else "day"
        lines.append(f"Seen as the {span_of}'s {_PRINTS[cause.field]}: a trade between two of TWS's samples")
    if cause.bid is not None or cause.ask is not None:
        whose = f"{text(cause.instrument.label)}: " if len(rule.instruments) > 1 else ""
        bid, ask = price(cause.bid, decimals), price(cause.ask, decimals)
        lines.append(f"{whose}Bid <code>{bid}</code> · Ask <code>{ask}</code>")
    values = _other_values(rule, cause, told)
    return [*lines, " · ".join(values)] if values else lines


def _other_values(rule: Rule, cause: PriceCause, told: Gauge | None) -> list[str]:
    """Return the condition's values as they stood, but for its fixed numbers and what the first line says."""
    found = beneath(rule, cause.values, told)
    names = {name for name, _ in found}
    about = cause.instrument.label
    if told is not None and not told.is_price and cause.field in PRICES and about not in names:
        change = "" if cause.change_pct is None else f" {percent(cause.change_pct)} today"
        found.append((about, price(cause.price, cause.instrument.decimals) + change))
    return [f"{text(name)} <code>{text(value)}</code>" for name, value in found]


def _arrow(rule: Rule, cause: PriceCause) -> str:
    way = direction_of(rule)
    level = level_of(rule)
    if way != "↕" or level is None:
        return way
    return "▲" if cause.price >= level else "▼"


def _price_buttons(rule: Rule, cause: PriceCause) -> Rows:
    con_id = cause.instrument.con_id
    trade: tuple[Button, ...] = ()
    if cause.instrument.sec_type in TRADED:
        trade = (
            button("🟢 Buy", Code.QUOTE_TRADE, _ANEW, con_id, "B", style=Style.SUCCESS),
            button("🔴 Sell", Code.QUOTE_TRADE, _ANEW, con_id, "S", style=Style.DANGER),
        )
    return rows(
        _prepare(rule),
        (*trade, button("📊 Quote", Code.QUOTE, _ANEW, con_id), button("📈 Chart", Code.ALERT_CHART, _ANEW, rule.id)),
        *_rule_rows(rule),
    )


def _prepare(rule: Rule) -> tuple[Button, ...]:
    """
    Return the button for the alert's `then`: it opens the order's card, whose time begins at that tap.

    The button bears the order itself, where that fits: what it says and what it opens are the same, whatever becomes
    of the alert. A longer one opens the order that the alert has then.
    """
    try:
        line = order_line(rule)
        label = f"📝 Prepare {_spelled(line, rule)}" if line else ""
    except TicketSyntaxError:
        return ()
    if not line:
        return ()
    return line_button(label, Code.ORDER_LINE, line) or (button(label, Code.ORDER_THEN, rule.id),)


def _spelled(line: str, rule: Rule) -> str:
    ticket = parse_ticket(line)
    named = (one for one in rule.instruments.values() if ticket.symbol in {f"#{one.con_id}", one.label})
    return brief(ticket, next(named, Instrument(0, ticket.symbol)))


def _rule_rows(rule: Rule) -> Rows:
    edit = button("✏️ Edit", Code.ALERT_EDIT, _ANEW, rule.id)
    change, delete, every = _rule_buttons(rule)
    return rows(snooze_buttons(rule, _ANEW), (edit, change, delete), (every,))


def _rule_buttons(rule: Rule) -> tuple[Button, ...]:
    if rule.state is RuleState.FIRED:
        change = button("🔁 Re-arm", Code.ALERT_REARM, _ANEW, rule.id)
    else:
        change = button("⏸ Pause", Code.ALERT_PAUSE, _ANEW, rule.id)
    return (
        change,
        button("🗑 Delete", Code.ALERT_DELETE, _ANEW, rule.id),
        button("🔔 All alerts", Code.ALERT_LIST, _ANEW, 0, 0),
    )


_EVENTS = {OrderEvent.FILLED: "✅ Filled", OrderEvent.REJECTED: "❌ Rejected", OrderEvent.CANCELLED: "✖️ Cancelled"}


def _plain(
    fired: Firing,
    cause: AccountCause | OrderCause | TimeCause | FeedCause,
    own: OwnWords,
    tail: list[str],
    now: datetime,
    zone: ZoneInfo,
) -> Message:
    rule = fired.rule
    head = _head(fired, cause, now, zone)
    lines = [*own.lines, head, f"{text(shortened(describe(rule), _NOTE))} · alert #{rule.id}"]
    if rule.draft.options.critical:
        lines[0] += " · <b>CRITICAL</b>"
    lines += [*tail, f"<i>{moment(fired.at, zone, now, seconds=True)}</i>"]
    about = None if isinstance(cause, TimeCause) else cause.instrument
    quote = () if about is None else (button("📊 Quote", Code.QUOTE, _ANEW, about.con_id),)
    buttons = rows(_prepare(rule), quote, *_rule_rows(rule))
    return Message("\n".join(lines), buttons, silent=rule.draft.options.silent)


def _head(
    fired: Firing, cause: AccountCause | OrderCause | TimeCause | FeedCause, now: datetime, zone: ZoneInfo
) -> str:
    match cause:
        case AccountCause(values, instrument):
            told = gauge_of(fired)
            if told is not None:
                return f"🔔 <b>{text(str(told))}</b>"
            named = " · ".join(f"{name} {exact(round(value, 4))}" for name, value in values.items())
            return f"🔔 <b>{_about(instrument)}{text(named or describe(fired.rule))}</b>"
        case OrderCause(event, order, instrument, at_price, is_ours):
            decimals = 2 if instrument is None else instrument.decimals
            at = "" if at_price is None else f" @ {price(at_price, decimals)}"
            where = "" if is_ours else " · placed outside this chat"
            return f"<b>{_EVENTS[event]}: {text(shortened(order, _NOTE))}{at}</b>{where}"
        case TimeCause(due, message, collapsed):
            missed = f" · {collapsed} earlier missed" if collapsed else ""
            return f"⏰ <b>{text(shortened(message, _NOTE)) or moment(due, zone, now)}</b>{missed}"
        case FeedCause(instrument, last):
            since = "ever" if last is None else f"since {moment(last, zone, now, seconds=True)}"
            return f"⚠️ <b>{text(instrument.label)}: nothing received</b> {since}"


def _about(instrument: Instrument | None) -> str:
    return "" if instrument is None else f"{text(instrument.label)} · "


def _when(fired: Firing, now: datetime, zone: ZoneInfo) -> str:
    if fired.away is not None and fired.away.is_observed:
        return f"{away.when(fired.away, now, zone)}, by historical bars"
    if fired.exchange_time is not None:
        return f"{moment(fired.exchange_time, zone, now, seconds=True)} exchange time"
    return f"{moment(fired.at, zone, now, seconds=True)} received"


def _late_lines(fired: Firing, now: datetime, zone: ZoneInfo, quote: Quote | None) -> list[str]:
    if fired.away is not None:
        return away.lines(fired, fired.away, now, zone, quote)
    delay = now - fired.at
    if delay <= LATE:
        return []
    happened = clock(fired.at, zone, seconds=True)
    line = f"⚠️ <b>Late</b>: happened {happened}, told {span(delay)} after"
    if quote is not None and quote.price is not None:
        whose = f"{text(quote.instrument.label)} " if len(fired.rule.instruments) > 1 else ""
        line += f" · {whose}now <code>{price(quote.price, quote.instrument.decimals)}</code>"
    return [line]


def _note(rule: Rule) -> list[str]:
    note = rule.draft.options.note
    return [f"📝 {text(shortened(note, _NOTE))}"] if note else []
