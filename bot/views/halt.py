"""Whether trading goes on, in words: what was set, what it means, and what was done about orders."""

from decimal import Decimal

from bot.views.kept import kept_reason
from bot.views.message import Message, text
from bot.views.numbers import money
from trading.state import StateChange, TradingState
from trading.withdrawal import Withdrawn

_NO_MARKET = "Nothing was sent to the market."
_MEANS = {
    TradingState.ACTIVE: "Orders can be confirmed again, within the limits. Cards from before stay closed.",
    TradingState.REDUCING: "Only what makes a position smaller can be ordered, orders that work already included.",
    TradingState.HALTED: "No order leaves from here, until an admin sends /resume.",
}
_WORDS = {TradingState.ACTIVE: "▶️", TradingState.REDUCING: "🔻", TradingState.HALTED: "🔒"}
_HOST = (
    "The file HALT in the data folder halts it (or the folder cannot be read). Only the host lifts that: "
    "<code>squawkbot resume</code>."
)


def changed(
    state: TradingState, *, closed: int = 0, asked: int | None = None, trouble: str = "", by_host: bool = False
) -> Message:
    """
    Return what was done: trading is now *state*, *closed* open cards were closed.

    *asked* is how many orders IBKR was asked to cancel, None where nobody wanted that; *trouble* (plain text) what went
    wrong. *by_host*: the host halts it all the same.
    """
    lines = [f"{_WORDS[state]} <b>Trading is {state.value}.</b> {_NO_MARKET}", _MEANS[state]]
    if by_host and state is not TradingState.HALTED:
        lines[0] = f"🔒 <b>Trading stays halted by the host.</b> {_NO_MARKET}"
        lines[1] = f"{_HOST} After that it is {state.value}."
    if state is TradingState.HALTED:
        lines.append(_cards(closed))
        lines.append(_orders(asked, trouble))
    if trouble:
        lines.append(f"⚠️ {text(trouble)}")
    return Message("\n".join(lines))


def _cards(closed: int) -> str:
    if not closed:
        return "No card was open."
    return f"{closed} open card{'s were' if closed > 1 else ' was'} closed unsent."


def _orders(asked: int | None, trouble: str) -> str:
    if asked is None:
        return (
            "Orders that work at IBKR go on working: /orders shows them, <code>/halt cancel</code> cancels them all, "
            "stops that protect a position too."
        )
    if not asked:
        return "IBKR was not asked to cancel any order." if trouble else "No order was working that I could cancel."
    return f"IBKR is asked to cancel {asked} order{'s' if asked > 1 else ''}; you will hear what it did."


def kept(withdrawn: Withdrawn) -> str:
    """Return of which orders IBKR could not be asked to cancel them, and why (plain text); "" of none."""
    if not withdrawn.kept:
        return ""
    each = "; ".join(f"{one.proposal.reference} ({kept_reason(one.reason)})" for one in withdrawn.kept)
    return f"IBKR could not be asked to cancel everything: {each}. That may still work: look in TWS."


def standing(state: TradingState, change: StateChange | None, *, by_host: bool) -> str:
    """Return in a few words (plain text) how trading stands, and by whom."""
    if by_host:
        return f"{state.value}, by the file HALT on the host"
    return state.value if change is None or state is TradingState.ACTIVE else f"{state.value}, by {change.user_id}"


def needs_code(command: str) -> Message:
    """Return what is said of a *command* (without its /) that lacks the code that it takes."""
    return Message(
        "🔑 <b>Trading stays as it is: that takes a code.</b>\n"
        f"Send it with the command, such as <code>/{text(command)} 123456</code>; I delete your message at once."
    )


def not_looser(state: TradingState) -> Message:
    """Return what is said to a trader who would allow more than an admin did."""
    return Message(f"🔒 <b>Trading stays {state.value}.</b> Only an admin can allow more, with /resume.")


def set_by_another(state: TradingState, by: int) -> str:
    """Return what all others are told: HTML, without its time."""
    who = f"<code>{by}</code>" if by else "the host (file HALT)"
    return f"{_WORDS[state]} <b>Trading is {state.value}</b>, set by {who}.\n{_MEANS[state]}"


def day_lost(account: str, loss: Decimal, limit: Decimal, currency: str) -> str:
    """Return that an account's day is over: HTML, without its time."""
    return (
        f"🔒 <b>The day is over for {text(account)}</b>: it has lost {money(loss, currency)}, and "
        f"{money(limit, currency)} is the limit.\n"
        "Until midnight in New York only what makes a position smaller can be ordered."
    )


def host_lifted(state: TradingState) -> str:
    """Return that the host's own halt is lifted: HTML, without its time."""
    return f"{_WORDS[state]} <b>The file HALT is gone: trading is {state.value}.</b>\n{_MEANS[state]}"
