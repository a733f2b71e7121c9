"""
What is wrong between the bot and IBKR, in words: once for each trouble, and by edit when it changes or is over.

Payloads are JSON; `bot/views/notices.py` says which fields each has.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.views.errors import LINK_REASONS
from bot.views.keyboard import shortened
from bot.views.message import text
from bot.views.numbers import span

_MOST_SUBJECTS = 12
_WORDS = 400
_TOLD_SOON = timedelta(minutes=1)
_IBKR = re.compile(r"IBKR (\d+): (.*)", re.DOTALL)
_NO_SUBSCRIPTION = "IBKR sends no live prices of it to this login, for want of a market data subscription"
_REFUSALS = {
    200: "IBKR does not know its instrument any more (renamed, merged or expired?)",
    354: _NO_SUBSCRIPTION,
    10089: _NO_SUBSCRIPTION,
    10090: "IBKR sends only a part of its data to this login, for want of a market data subscription",
    10091: "IBKR sends only a part of its data to this login, for want of a market data subscription",
    10168: f"{_NO_SUBSCRIPTION}, and delayed ones are switched off",
    10186: f"{_NO_SUBSCRIPTION}, and delayed ones are switched off",
    10197: "another session of the same IBKR user has its market data",
    10276: "IBKR allows this login no news of it",
}


class Advice(StrEnum):
    """What helps against a link that stays lost."""

    NONE = ""
    RESTART = "restart"
    LOGIN = "login"


class Trouble(StrEnum):
    """What can be wrong while the link itself is up. Its subjects are symbols, or names of farms."""

    COMPETING = "competing session"
    DELAYED = "delayed data"
    FROZEN = "frozen data"
    FARM = "farm down"
    READ_ONLY = "read-only api"


def link_lost(payload: Mapping[str, Any], at: datetime) -> str:
    """Return the words about a lost link, as long as it is lost."""
    why = LINK_REASONS.get(payload["reason"], "the link is down.")
    gone = at - datetime.fromisoformat(payload["since"]) if payload.get("since") else timedelta()
    lasting = f" for {span(gone)}" if gone >= _TOLD_SOON else ""
    match Advice(payload.get("advice", "")):
        case Advice.LOGIN:
            return (
                f"🔑 <b>IBKR's weekly login is due</b>: the link is lost{lasting}.\n"
                "Logins end on Sundays at 01:00 New York time. Log in at the Gateway and confirm it on your phone "
                f"(2FA). If you have done so: {text(why)}\n{_UNTIL_THEN}"
            )
        case Advice.RESTART:
            return (
                f"🔌 <b>IBKR link lost{lasting}: restart the Gateway</b>; {text(why)}\n"
                f"After so long it rarely mends itself. {_UNTIL_THEN}"
            )
        case _:
            return f"🔌 <b>IBKR link lost{lasting}</b>: {text(why)}\n{_UNTIL_THEN}"


_UNTIL_THEN = "Alerts see no prices and no order can be sent until it is back. I keep trying by myself."


def link_back(payload: Mapping[str, Any], at: datetime) -> str:
    """Return the words that take the place of those about a lost link."""
    since = payload["since"]
    alerts = int(payload["alerts"])
    watched = f"{alerts} alert{' is' if alerts == 1 else 's are'} watched again."
    if not since:
        return f"✅ <b>IBKR link is up</b>\n{watched}"
    gone = span(at - datetime.fromisoformat(since))
    return (
        f"✅ <b>IBKR link is up again</b> after {gone}\n"
        f"I look up what happened meanwhile: an alert that fires by it says so. {watched}"
    )


def trouble(payload: Mapping[str, Any], _at: datetime) -> str:
    """Return the words about a trouble that is there."""
    subjects = _listed(payload["subjects"])
    return _WORDS_OF[Trouble(payload["trouble"])].format(subjects=subjects)


def trouble_over(payload: Mapping[str, Any], at: datetime) -> str:
    """Return the words that take the place of those about a trouble."""
    lasted = span(at - datetime.fromisoformat(payload["since"]))
    subjects = _listed(payload["subjects"])
    return f"✅ {_OVER[Trouble(payload['trouble'])].format(subjects=subjects)} after {lasted}"


def blind(reason: str) -> str:
    """Return why an alert cannot be evaluated, IBKR's own words after ours where both are known."""
    found = _IBKR.fullmatch(reason)
    ours = _REFUSALS.get(int(found[1])) if found is not None else None
    if found is None or ours is None:
        return text(shortened(reason, _WORDS))
    return f"{text(ours)}.\n<i>IBKR {found[1]}: {text(shortened(found[2], _WORDS))}</i>"


_WORDS_OF = {
    Trouble.COMPETING: (
        "🔌 <b>No market data: the same IBKR user is logged in elsewhere</b> and has it there (IBKR 10197).\n"
        "Alerts see no prices of {subjects}. Log out of the other TWS, app or website, or give the bot a user of its "
        "own. I ask again by myself; orders that I cannot check against a price are refused."
    ),
    Trouble.DELAYED: (
        "🕒 <b>Delayed prices of {subjects}</b>: IBKR sends them 15 to 20 minutes late.\n"
        "Alerts on them fire that much later, each marked as delayed. Live prices take a market data subscription at "
        "IBKR (Client Portal, Settings, Market Data Subscriptions)."
    ),
    Trouble.FROZEN: (
        "🧊 <b>Frozen prices of {subjects}</b>: IBKR sends the last ones it has, and nothing new.\n"
        "Alerts on them are marked as frozen. That ends when the venue opens, or IBKR sends live prices again."
    ),
    Trouble.FARM: (
        "📡 <b>IBKR's data farm is down</b>: {subjects}.\n"
        "Prices from it do not come, so alerts may see nothing, and orders that I cannot check against a price are "
        "refused. When it is back I ask for everything anew."
    ),
    Trouble.READ_ONLY: (
        "🔒 <b>The Gateway's API is read-only</b>: no order can be sent, and I do not hear of orders.\n"
        "Untick “Read-Only API” in its settings (Configure, API, Settings), or set IB_READONLY=true if it is meant "
        "so. Alerts on prices go on."
    ),
}
_OVER = {
    Trouble.COMPETING: "<b>Market data comes again</b>: {subjects},",
    Trouble.DELAYED: "<b>Prices are live again</b>: {subjects},",
    Trouble.FROZEN: "<b>Prices move again</b>: {subjects},",
    Trouble.FARM: "<b>IBKR's data farm is up again</b>: {subjects},",
    Trouble.READ_ONLY: "<b>The Gateway's API takes orders again</b>",
}


def _listed(subjects: Sequence[str]) -> str:
    shown = ", ".join(text(one) for one in subjects[:_MOST_SUBJECTS])
    more = len(subjects) - _MOST_SUBJECTS
    return f"{shown} and {more} more" if more > 0 else shown
