"""
Errors in words: what happened, whether anything was sent to the market, what can be done now.

`explain` is the only place where the rooms' errors, which carry fields and no prose, become sentences.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC
from functools import singledispatch

from alerts.errors import (
    AlertSyntaxError,
    NoSuchChat,
    NoSuchProvider,
    NoSuchScan,
    NotEvaluable,
    RuleGone,
    TooManyAlerts,
    TooManyScans,
)
from alerts.exchange import UnreadableFile
from bot.callback_data import Code
from bot.views import limits, second_step
from bot.views.contradiction import contradiction_words
from bot.views.denial import denied, is_adjustable
from bot.views.keyboard import line_button, shortened
from bot.views.list_refusal import refusal
from bot.views.message import Message, text
from bot.views.numbers import exact
from bot.views.sizing import not_sizable
from bot.views.storage import why
from market.errors import (
    AmbiguousSymbol,
    BrokerError,
    LinkDown,
    MarketError,
    NoMarketData,
    PacingViolation,
    ReadOnlyApi,
    RequestTimeout,
    TicketContradiction,
    TicketSyntaxError,
    UnknownSymbol,
)
from market.instrument import Instrument
from market.ticket import EXAMPLES
from storage.errors import StorageUnavailable
from trading.errors import (
    LimitNotTighter,
    LimitUnreadable,
    ListRefused,
    NotAllowed,
    NothingToChange,
    NotSizable,
    OrderDenied,
    OrderGone,
    ProposalGone,
    SecondStepError,
    TimeUp,
    UnknownAccount,
)

# What is to be typed stands between backticks in the errors' own words.
_TYPED = re.compile(r"`([^`]+)`")
_COLUMNS = 34
_WORDS = 400
_MATCHES = 6
_EXAMPLES = 2
LINK_REASONS = {
    "refused": "nothing listens at its address; is TWS or the Gateway running, with its API switched on?",
    "silent": "it takes the connection but says nothing; look at the Gateway's screen for a dialog.",
    "closed": "it closed the connection.",
    "client id in use": "another program uses the same client id; change IB_CLIENT_ID or stop that program.",
    "paper disclaimer": "it waits for the paper trading disclaimer to be accepted on its screen.",
    "account not managed": "its login does not manage the account that IB_ACCOUNT names; correct the one or the other.",
    "lost ibkr": "TWS itself has lost its connection to IBKR.",
    "stopped": "the bot is shutting down.",
}
_NO_MARKET = "Nothing was sent to the market."


@singledispatch
def explain(error: Exception) -> Message:
    """Return *error* as a message. Raises the error itself when it is none that a room told of."""
    raise error


@explain.register
def _(error: AlertSyntaxError) -> Message:
    if error.readings:
        return which_number(error)
    head, hint = "<b>I don't understand that alert.</b> Nothing was set.", ""
    if error.text.lower().startswith("scan "):
        head = "<b>I don't understand that scan.</b> Nothing was run or set."
    if _is_mended(error):
        head = f"<b>Did you mean</b> <code>{text(error.examples[0])}</code>? Nothing was set."
    elif error.suggestion:
        hint = f", perhaps “{error.suggestion}”"
    return _syntax(head, error.text, error.position, error.expected + hint, error.examples)


@explain.register
def _(error: TicketSyntaxError) -> Message:
    examples = [*error.examples, *(line for line in EXAMPLES if line not in error.examples)][:_EXAMPLES]
    head = f"<b>I don't understand that order. {_NO_MARKET}</b>"
    return _syntax(head, error.text, error.position, error.expected, examples)


@explain.register
def _(error: TicketContradiction) -> Message:
    return Message(f"🤔 <b>That order contradicts itself</b>: {contradiction_words(error.fault)}\n{_NO_MARKET}")


@explain.register
def _(error: ListRefused) -> Message:
    return Message(f"🤔 <b>No orders came of that</b>: {refusal(error)}\n{_NO_MARKET}")


@explain.register
def _(error: UnknownSymbol) -> Message:
    head = f"🤔 I don't know <b>{text(shortened(error.symbol, 60))}</b>. Nothing was done."
    found = candidates(error.candidates)
    if not found:
        return Message(f"{head}\nIBKR has nothing like it. Try the ticker, for example <code>AAPL</code>.")
    return Message("\n".join([f"{head}\nDid you mean one of these?", *map(_candidate, found)]))


@explain.register
def _(error: AmbiguousSymbol) -> Message:
    head = f"🤔 Several instruments are called <b>{text(shortened(error.symbol, 60))}</b>. Nothing was done. Which one?"
    return Message("\n".join([head, *map(_candidate, candidates(error.candidates))]))


@explain.register
def _(error: LinkDown) -> Message:
    why = LINK_REASONS.get(error.reason, "the link is not up.")
    return Message(
        f"🔌 <b>IBKR cannot be reached</b>: {text(why)}\n"
        f"{_NO_MARKET} I keep trying by myself; /status shows how it stands."
    )


@explain.register
def _(error: RequestTimeout) -> Message:
    return Message(
        f"⏳ <b>IBKR did not answer</b> within {exact(error.timeout_s)} s ({text(shortened(error.request, 80))}).\n"
        f"{_NO_MARKET} Please try again."
    )


@explain.register
def _(error: BrokerError) -> Message:
    return Message(f"❌ <b>IBKR says no</b>: {_ibkr(error)}\n{_NO_MARKET}")


@explain.register
def _(error: NoMarketData) -> Message:
    return Message(
        f"❌ <b>No market data</b>: {_ibkr(error)}\n{_NO_MARKET} It takes a data subscription at IBKR, and no other "
        "session of the same user that holds it."
    )


@explain.register
def _(error: PacingViolation) -> Message:
    return Message(
        f"⏳ <b>Too many requests for IBKR just now</b>: {_ibkr(error)}\n{_NO_MARKET} Please try again in a minute."
    )


@explain.register
def _(error: ReadOnlyApi) -> Message:
    return Message(
        f"🔒 <b>The Gateway's API is read-only</b>: {_ibkr(error)}\n{_NO_MARKET} Untick “Read-Only API” in its "
        "settings (Configure, API, Settings) to order from here."
    )


@explain.register
def _(error: MarketError) -> Message:
    return Message(f"❌ <b>IBKR could not do that</b> ({text(type(error).__name__)}).\n{_NO_MARKET}")


@explain.register
def _(error: RuleGone) -> Message:
    return Message(f"🔔 <b>Alert #{error.rule_id} is not there any more.</b>\n/alerts shows the ones you have.")


@explain.register
def _(error: TooManyAlerts) -> Message:
    return Message(
        f"🔔 <b>You have {error.cap} alerts, the most there may be.</b> Nothing was set.\n"
        "Delete one in /alerts, then try again."
    )


@explain.register
def _(error: NotEvaluable) -> Message:
    return Message(f"🔔 <b>That cannot be watched</b>: {text(shortened(error.what, _WORDS))}\nNothing was set.")


@explain.register
def _(error: NoSuchChat) -> Message:
    return Message(
        f"🔔 <b>I know no chat @{text(shortened(error.name, 60))} that you are in.</b> Nothing was set.\n"
        "Its id must be in TELEGRAM_GROUPS; write something in it to me, so that I learn what it is called."
    )


@explain.register
def _(error: UnreadableFile) -> Message:
    return Message(
        f"📥 <b>I cannot read that file</b>: line {error.line}, {text(error.why)}.\n"
        "Nothing was set. /import says what a file must look like."
    )


@explain.register
def _(error: TooManyScans) -> Message:
    return Message(
        f"🛰 <b>All {error.cap} scans that alerts can watch are in use.</b> No alert was set.\n"
        "IBKR runs ten scans at once; one place is kept for /scan. Delete or pause a scan alert in /alerts, or watch "
        "a scan that is watched already: equal ones share a place."
    )


@explain.register
def _(error: NoSuchProvider) -> Message:
    known = ", ".join(f"<code>{text(code)}</code>" for code in error.known)
    return Message(
        f"🤔 Your account has no news provider <b>{text(shortened(error.code, 60))}</b>. Nothing was saved.\n"
        f"It has {known}."
    )


@explain.register
def _(error: NoSuchScan) -> Message:
    word = f"<b>{text(shortened(error.word, 60))}</b>"
    if error.place:
        said = f"🤔 IBKR does not run the scan {word} over {text(error.place)}."
    else:
        said = f"🤔 IBKR's scanner knows no {error.kind} {word}."
    nearest = ", ".join(f"<code>{text(one)}</code>" for one in error.nearest)
    way = f"Did you mean {nearest}?" if nearest else "/scan shows what there is, /scan find looks for words."
    return Message(f"{said} Nothing was saved.\n{way}")


@explain.register
def _(error: OrderDenied) -> Message:
    more = " /limits shows your limits." if is_adjustable(error) else ""
    return Message(f"⛔ {denied(error)}\n{_NO_MARKET}{more}")


@explain.register
def _(error: NotSizable) -> Message:
    return Message(not_sizable(error))


@explain.register
def _(error: TimeUp) -> Message:
    until = error.until.astimezone(UTC)
    return Message(
        f"⌛ <b>Not sent: that time is over</b>, {until.day} {until:%b %Y %H:%M} UTC.\n{_NO_MARKET} "
        "Write the order with a later end, like <code>gtd 2030-12-24</code>: a day ends where the exchange is."
    )


@explain.register
def _(error: UnknownAccount) -> Message:
    return Message(
        f"📋 <b>There is no account {text(error.account)}</b> under this login.\n"
        "Nothing was sent. /account shows yours."
    )


@explain.register
def _(error: NothingToChange) -> Message:
    del error
    return Message(
        "📋 <b>There is nothing to change.</b>\n"
        "The order has these terms already, or less than what is filled would be left, or it would become another "
        "order. Nothing was changed; /orders shows what works."
    )


@explain.register
def _(error: LimitUnreadable) -> Message:
    return Message(limits.unreadable(error.name, error.value))


@explain.register
def _(error: LimitNotTighter) -> Message:
    return Message(limits.not_tighter(error.name, error.ceiling))


@explain.register
def _(error: ProposalGone) -> Message:
    became = f" It is {text(error.state)}." if error.state else ""
    return Message(f"⌛ <b>This card is over.</b>{became}\n{_NO_MARKET} Type the order again for a new card.")


@explain.register
def _(error: NotAllowed) -> Message:
    return Message(f"🔒 <b>That takes a {text(error.needed)}'s role.</b>\n{_NO_MARKET} An admin can give it to you.")


@explain.register
def _(error: SecondStepError) -> Message:
    return Message(second_step.refused(error))


@explain.register
def _(error: OrderGone) -> Message:
    if error.client_id:
        return Message(
            f"📋 <b>Another client sent that order</b>: client id {error.client_id}, and only that one can cancel it.\n"
            "Nothing was changed. Cancel it in TWS, or start me with that IB_CLIENT_ID."
        )
    return Message("📋 <b>There is no such open order any more.</b>\nNothing was changed. /orders shows what is open.")


@explain.register
def _(error: StorageUnavailable) -> Message:
    return Message(
        f"💾 <b>I cannot store that just now</b>: {text(why(error.reason))}.\n"
        f"It was not done; of several things at once perhaps some were. {_NO_MARKET} I try by myself and say when I "
        "can again; /status shows how it stands."
    )


def _is_mended(error: AlertSyntaxError) -> bool:
    """Return whether the first example is the line itself, with the suggestion where it broke."""
    kept = error.text[: error.position].strip()
    return bool(error.suggestion and kept and error.examples) and error.examples[0].startswith(kept)


def which_number(
    error: AlertSyntaxError, code: Code | None = None, *args: object, told: Callable[[str], str] = str
) -> Message:
    """
    Ask back which of two numbers is meant.

    With a *code* each reading has a button that goes on with its line (after *args*), unless it does not fit into one;
    without, its line is there to be copied, *told* as it must be typed.
    """
    lines = "\n".join(f"<code>{text(told(line))}</code>" for line in error.readings)
    buttons = [] if code is None else [one for line in error.readings for one in line_button(line, code, *args, line)]
    return Message(
        "🤔 <b>Which number do you mean?</b> Nothing is set yet.\n"
        f"<pre>{_caret(error.text, error.position)}</pre>\n{lines}",
        tuple((one,) for one in buttons),
    )


def reason(error: MarketError) -> str:
    """Return in a few plain words why the market side could not do something."""
    match error:
        case LinkDown():
            return "IBKR cannot be reached"
        case RequestTimeout():
            return "IBKR did not answer in time"
        case BrokerError():
            return f"IBKR {error.code}: {error.text}" if error.code else error.text
        case _:
            return type(error).__name__


def candidates(found: Sequence[object]) -> list[Instrument]:
    """Return the instruments among an error's candidates, at most six."""
    return [candidate for candidate in found if isinstance(candidate, Instrument)][:_MATCHES]


def _syntax(head: str, line: str, position: int, expected: str, examples: Sequence[str]) -> Message:
    shown = "\n".join(f"<code>{text(example)}</code>" for example in examples)
    works = f"\n\nThese would work:\n{shown}" if examples else ""
    wanted = _TYPED.sub(r"<code>\1</code>", text(expected)) + ("" if expected.endswith("?") else ".")
    return Message(f"🤔 {head}\n<pre>{_caret(line, position)}</pre>\nHere I expected {wanted}{works}")


def _caret(line: str, position: int) -> str:
    """Return *line* with a caret under *position*, cut to a phone's width around it."""
    flat = "".join(" " if char.isspace() else char for char in line)
    position = min(max(position, 0), len(flat))
    start = max(0, position - _COLUMNS * 2 // 3)
    window = flat[start : start + _COLUMNS]
    lead = "…" if start else ""
    return f"{text(lead + window)}\n{' ' * (len(lead) + position - start)}^"


def _candidate(instrument: Instrument) -> str:
    venue = instrument.primary_exchange or instrument.exchange
    parts = [shortened(instrument.name, 60), venue, instrument.currency]
    return " · ".join([f"<b>{text(instrument.label)}</b>", *(text(part) for part in parts if part)])


def _ibkr(error: BrokerError) -> str:
    code = f" <i>(IBKR {error.code})</i>" if error.code else ""
    return text(shortened(error.text, _WORDS)) + code
