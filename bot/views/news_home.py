"""The screen of /news: the account's providers, one's news alerts, and what one does not want to hear of."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from alerts.rule import Rule
from bot.callback_data import Code, Place, encode_line
from bot.views.condition import describe
from bot.views.keyboard import button, grid, rows, shortened
from bot.views.message import Button, Message, text
from bot.views.news import PORTFOLIO, WATCHLIST
from market.news import Provider
from storage.mute import Mute

INSTRUMENT, PROVIDER = "i", "p"
ON, OFF = "on", "off"

_HERE = Place.HERE
_SHOWN = 10
_MUTES_SHOWN = 20
_LINE = 90
_NAME = 24
_LABEL = _NAME + 10
_DIGEST = "+"
_EXAMPLES = ("news portfolio", 'news watchlist "guidance"', "news bulletins")


@dataclass(frozen=True, slots=True)
class Home:
    """
    What the screen shows; *providers* is None where IBKR does not tell them just now.

    *undone* is a mute that was just taken away, *renewed* one that was just set again.
    """

    providers: Sequence[Provider] | None
    alerts: Sequence[Rule]
    mutes: Sequence[Mute]
    undone: Mute | None = None
    renewed: Mute | None = None


def home(stands: Home) -> Message:
    """Return the screen."""
    lines = [_head(stands), "", *_providers(stands.providers), "", *_alerts(stands.alerts), "", *_mutes(stands.mutes)]
    lines += ["", "<code>/news AAPL</code> gives the last headlines of a symbol."]
    return Message("\n".join(lines), rows(*_buttons(stands)))


def word_of(provider: str) -> str:
    """Return a provider's code as buttons bear it: as it is where it fits, else a digest of it."""
    if provider[:1] != _DIGEST and encode_line(Code.NEWS_MUTE, _HERE, PROVIDER, provider, OFF) is not None:
        return provider
    return _DIGEST + hashlib.sha256(provider.encode(errors="replace")).hexdigest()[:16]


def is_digest(word: str) -> bool:
    """Return whether a button bears no provider's code but a digest of one."""
    return word[:1] == _DIGEST


def _head(stands: Home) -> str:
    if stands.undone is not None:
        return f"🔔 <b>News of {text(stands.undone.name)} are told again</b>"
    if stands.renewed is not None:
        return f"🔕 <b>News of {text(stands.renewed.name)} are muted</b>"
    counts = [
        "providers not known" if stands.providers is None else _count(len(stands.providers), "provider"),
        _count(len(stands.alerts), "news alert"),
        f"{len(stands.mutes)} muted" if stands.mutes else "nothing muted",
    ]
    return f"📰 <b>News</b> · {' · '.join(counts)}"


def _providers(found: Sequence[Provider] | None) -> list[str]:
    if found is None:
        return ["<b>Providers</b>: IBKR does not tell them just now; open /news again in a minute."]
    if not found:
        return ["<b>Providers</b>: this account has none. IBKR's Client Portal subscribes to them (News Feeds)."]
    listed = [f"<code>{text(one.code)}</code> {text(shortened(one.name, _LINE))}" for one in found[:_MUTES_SHOWN]]
    return ["<b>Providers of the account</b>", *listed, *_rest(len(found) - _MUTES_SHOWN)]


def _alerts(found: Sequence[Rule]) -> list[str]:
    if not found:
        return [
            "<b>Your news alerts</b>: none yet.",
            'Type <code>news AAPL "guidance"</code>, or tap an example below.',
        ]
    listed = [f"#{one.id} {text(shortened(describe(one), _LINE))} · {one.state.value}" for one in found[:_SHOWN]]
    return ["<b>Your news alerts</b>", *listed, *_rest(len(found) - _SHOWN)]


def _mutes(found: Sequence[Mute]) -> list[str]:
    if not found:
        return ["<b>Muted</b>: nothing. Each news alert has buttons that mute its symbol or its provider."]
    named = ", ".join(text(shortened(one.name, _NAME)) for one in found[:_MUTES_SHOWN])
    rest = f" and {len(found) - _MUTES_SHOWN} more" if len(found) > _MUTES_SHOWN else ""
    return [f"<b>Muted</b>: {named}{rest}"]


def _buttons(stands: Home) -> Sequence[Sequence[Button]]:
    cards = [button(f"#{one.id}", Code.ALERT_CARD, Place.ANEW, one.id) for one in stands.alerts[:_SHOWN]]
    unmutes = [_toggle(one, is_on=False) for one in stands.mutes[:_MUTES_SHOWN]]
    again = () if stands.undone is None or _is_nameless(stands.undone) else (_toggle(stands.undone, is_on=True),)
    read = (
        button("📰 My positions", Code.NEWS_AGAIN, Place.ANEW, PORTFOLIO),
        button("📰 My watchlist", Code.NEWS_AGAIN, Place.ANEW, WATCHLIST),
    )
    examples = [button(f"🔔 {line}", Code.ALERT_LINE, line) for line in _EXAMPLES]
    return (again, *grid(unmutes, 2), *grid(cards, 5), read, *grid(examples, 1))


def _is_nameless(mute: Mute) -> bool:
    """Nobody knows the code behind a digest once it is muted no more."""
    return bool(mute.provider) and is_digest(word_of(mute.provider))


def _toggle(mute: Mute, *, is_on: bool) -> Button:
    kind, word = (PROVIDER, word_of(mute.provider)) if mute.provider else (INSTRUMENT, str(mute.con_id))
    label = f"🔕 Mute {mute.name}" if is_on else f"🔔 Unmute {mute.name}"
    return button(label, Code.NEWS_MUTE, _HERE, kind, word, ON if is_on else OFF, most=_LABEL)


def _count(many: int, what: str) -> str:
    return f"{many} {what}" if many == 1 else f"{many} {what}s"


def _rest(many: int) -> list[str]:
    return [f"<i>… and {many} more</i>"] if many > 0 else []
