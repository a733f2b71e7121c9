"""What a news alert says: whose news, from whom and how long ago, the headline, and how the price stands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from alerts.condition import NewsMatch
from alerts.mute import Mutes
from alerts.rule import Firing, NewsCause, Rule
from bot.callback_data import Code, Place
from bot.views.alerts import kind_mark
from bot.views.condition import describe
from bot.views.keyboard import button, rows, shortened
from bot.views.message import Button, Message, Rows, text
from bot.views.news import button_id, is_digest, story_button
from bot.views.news_home import INSTRUMENT, OFF, ON, PROVIDER
from bot.views.numbers import arrow, moment, percent, price, quantity, span
from bot.views.template import OwnWords
from bot.views.ticket import TRADED
from market.instrument import Instrument
from market.news import BULLETIN_PROVIDER, Headline
from market.quote import Quote

_ANEW = Place.ANEW
_HEADLINE = 400
_BULLETIN = 2000
_NAME = 40
_MUTED_NAME = 24
_NOTE = 300
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_NO_MUTES = Mutes()


@dataclass(frozen=True, slots=True)
class Around:
    """
    What is known in memory of a headline as it is told: nobody waits for it.

    *provider* names a provider by its code, *quote* is the price now, *held* what the reader holds of the instrument,
    *mutes* what the alert's owner does not want to hear of.
    """

    provider: Callable[[str], str] = str
    quote: Quote | None = None
    held: Decimal | None = None
    mutes: Mutes = _NO_MUTES


def news_alert(
    fired: Firing,
    cause: NewsCause,
    around: Around,
    *,
    own: OwnWords,
    tail: list[str],
    prepare: tuple[Button, ...],
    now: datetime,
    zone: ZoneInfo,
) -> Message:
    """
    Return the message of a news alert.

    *own* are the words of the owner's template, *tail* the lines every firing ends with, *prepare* the button of the
    alert's order.
    """
    rule, headline = fired.rule, cause.headline
    is_bulletin = headline.provider == BULLETIN_PROVIDER
    most = _BULLETIN if is_bulletin else _HEADLINE
    lines = [
        *own.lines,
        _head(rule, cause, around, now, zone),
        f"<b>{text(shortened(headline.text, most))}</b>",
        *_market(cause.instrument, around),
        *_gate(rule),
        f"{text(_matched(rule, headline))} · alert #{rule.id}",
        *tail,
        f"<i>{moment(headline.time, zone, now)}</i>",
    ]
    buttons = keyboard(fired, cause, around, prepare)
    return Message("\n".join(lines), buttons, silent=not rule.draft.options.critical)


def keyboard(fired: Firing, cause: NewsCause, around: Around, prepare: tuple[Button, ...]) -> Rows:
    """Return the buttons below a news alert: the story, what else there is about the instrument, mutes, the alert."""
    rule = fired.rule
    is_bulletin = cause.headline.provider == BULLETIN_PROVIDER
    about = None if is_bulletin else cause.instrument
    story = _story(fired, cause.headline)
    chart = () if about is None else (button("📈 Chart", Code.SCAN_CHART, _ANEW, about.con_id),)
    card = (button(f"⚙️ Alert #{rule.id}", Code.ALERT_CARD, _ANEW, rule.id),)
    return rows(prepare, (*story, *chart), _onward(about), *_mutes(fired, cause, around), card)


def headline_of(fired: Firing) -> Headline | None:
    """Return the headline that has a story behind it: that of a news alert, but no bulletin's."""
    cause = fired.cause
    if not isinstance(cause, NewsCause) or cause.headline.provider == BULLETIN_PROVIDER:
        return None
    return cause.headline


def _head(rule: Rule, cause: NewsCause, around: Around, now: datetime, zone: ZoneInfo) -> str:
    headline = cause.headline
    if headline.provider == BULLETIN_PROVIDER:
        parts = ["<b>IBKR bulletin</b>"]
    else:
        about = [] if cause.instrument is None else [f"<b>{text(cause.instrument.label)}</b>"]
        hot = ["<b>HOT</b>"] if headline.is_hot else []
        parts = [*about, *hot, text(shortened(around.provider(headline.provider), _NAME))]
    critical = ["<b>CRITICAL</b>"] if rule.draft.options.critical else []
    return f"📰 {' · '.join([*parts, _ago(headline.time, now, zone), *critical])}"


def _ago(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    age = now - at
    if age >= _DAY:
        return moment(at, zone, now)
    return "just now" if age < _MINUTE else f"{span(age)} ago"


def _market(instrument: Instrument | None, around: Around) -> list[str]:
    if instrument is None:
        return []
    parts, quote = [], around.quote
    if quote is not None and quote.price is not None:
        moved = quote.change_pct
        change = [] if moved is None else [arrow(moved), percent(moved), "today"]
        value = f"<code>{price(quote.price, instrument.decimals)}</code>"
        parts.append(" ".join(filter(None, (text(instrument.label), value, *change))) + kind_mark(quote.kind))
    if around.held:
        held = quantity(abs(around.held))
        parts.append(f"you hold {held}" if around.held > 0 else f"you are short {held}")
    line = " · ".join(parts)
    return [line[:1].upper() + line[1:]] if parts else []


def _gate(rule: Rule) -> list[str]:
    """Say that the price moved too, where the alert asked for that."""
    condition = rule.draft.condition
    if not isinstance(condition, NewsMatch) or condition.gate is None:
        return []
    _, _, asked = describe(rule).rpartition(", if it ")
    return [f"The price moved too, as you asked: {text(asked)}"]


def _matched(rule: Rule, headline: Headline) -> str:
    condition = rule.draft.condition
    if isinstance(condition, NewsMatch):
        found = [phrase for phrase in condition.phrases if phrase.casefold() in headline.text.casefold()]
        if found:
            return "Has " + " and ".join(f"“{phrase}”" for phrase in found)
    said = shortened(describe(rule), _NOTE)
    return said[:1].upper() + said[1:]


def _story(fired: Firing, headline: Headline) -> tuple[Button, ...]:
    """Return the button to the story; where it has no room for the article's id, it goes by the firing's number."""
    if headline.provider == BULLETIN_PROVIDER:
        return ()
    if is_digest(button_id(headline)):
        return (button("📖 Full story", Code.NEWS_TOLD, _ANEW, 0, fired.rule.id, fired.rule.fired_count),)
    return story_button("📖 Full story", headline)


def _onward(about: Instrument | None) -> tuple[Button, ...]:
    if about is None:
        return ()
    trade = (button("🟢 Trade", Code.QUOTE, _ANEW, about.con_id),) if about.sec_type in TRADED else ()
    return (button("🔔 Price alert", Code.QUOTE_ALERT, _ANEW, about.con_id), *trade)


def _mutes(fired: Firing, cause: NewsCause, around: Around) -> Rows:
    provider, instrument = cause.headline.provider, cause.instrument
    found: list[Button] = []
    if instrument is not None:
        is_muted = instrument.con_id in around.mutes.instruments
        found.append(_mute(fired, INSTRUMENT, f"{shortened(instrument.label, _MUTED_NAME)} news", is_muted=is_muted))
    name = "IBKR bulletins" if provider == BULLETIN_PROVIDER else shortened(around.provider(provider), _MUTED_NAME)
    found.append(_mute(fired, PROVIDER, name, is_muted=provider in around.mutes.providers))
    return rows(found)


def _mute(fired: Firing, kind: str, name: str, *, is_muted: bool) -> Button:
    rule = fired.rule
    label, turned = (f"🔔 Unmute {name}", OFF) if is_muted else (f"🔕 Mute {name}", ON)
    return button(label, Code.NEWS_HUSH, rule.id, rule.fired_count, kind, turned)
