"""What the bot can be told: /start, /help, and what it says to a line that it does not understand."""

from collections.abc import Sequence

from bot.callback_data import Code, Place
from bot.views.keyboard import button, rows
from bot.views.message import Message, Rows, text

Listed = Sequence[tuple[str, str]]
"""Commands by name and what they do."""

_ANEW = Place.ANEW
_TITLE = "📣 <b>squawkbot</b>: alerts, news and orders for your IBKR account"


def welcome(commands: Listed) -> Message:
    """Return the answer to /start."""
    return Message(
        "📣 <b>squawkbot</b>: alerts, news and orders for your IBKR account\n\n"
        + _typing(commands)
        + "\n\n"
        + _trust(commands),
        _doors(),
    )


def help_page(commands: Listed) -> Message:
    """Return every command with its one line of help."""
    listed = "\n".join(f"/{name} · {text(about)}" for name, about in commands)
    return Message(
        f"{_TITLE}\n\n{_typing(commands)}\n\n<b>Commands</b>\n{listed}\n"
        "<i>Nothing trades without pressing Confirm.</i>",
        _doors(),
    )


def help_on(name: str, about: str) -> Message:
    """Return the help on one command."""
    return Message(f"<b>/{name}</b> · {text(about)}\n/help lists all commands.")


def not_understood() -> Message:
    """Return the answer to plain text that is neither order nor alert nor symbol."""
    return Message(
        "🤔 <b>I don't understand that.</b> Nothing was done.\nFor example:\n"
        "<code>AAPL &gt; 200</code> sets an alert\n<code>buy 10 AAPL 199.5</code> shows an order to confirm\n"
        "/help lists what else I know."
    )


def no_such_command(name: str) -> Message:
    """Return the answer to a command that there is not."""
    return Message(f"🤔 <b>There is no /{text(name[:32])}.</b> Nothing was done.\n/help lists what there is.")


def was_away(said: str) -> Message:
    """Return the answer to a message so old that its sender may not mean it any more."""
    return Message(
        "😴 <b>I was away when you wrote this, so I did not do it.</b>\nPlease repeat it if you still want it:\n"
        f"<code>{text(said[:300])}</code>"
    )


def interrupted(said: str) -> Message:
    """Return the answer to a message that was being worked on when the bot ended."""
    return Message(
        "⚠️ <b>I was restarted while I worked on this. It may be done, or not.</b>\n"
        "Look before you repeat it (/alerts, /orders). No order is sent without its button.\n"
        f"<code>{text(said[:300])}</code>"
    )


def press_interrupted(label: str = "") -> Message:
    """Return the answer to a press (of the button *label*) that was being worked on when the bot ended."""
    which = f"your press of {text(label[:64])}" if label else "your press"
    return Message(
        f"⚠️ <b>I was restarted while I worked on {which}. It may be done, or not.</b>\n"
        "Look before you press again (/alerts, /orders). No order is sent twice."
    )


def traders_only(name: str) -> Message:
    """Return the refusal of something that takes a trader's role."""
    return Message(f"🔒 <b>{text(name)} is for traders only.</b>\nNothing was done. An admin can give you that role.")


def admins_only(name: str) -> Message:
    """Return the refusal of something that takes an admin's role."""
    return Message(f"🔒 <b>{text(name)} is for admins only.</b>\nNothing was done.")


def which_alert() -> Message:
    """Return what /alert says when it is not told what to watch."""
    return Message(
        "🔔 <b>Alert on what?</b> For example:\n<code>/alert AAPL &gt; 200</code>\n"
        "<code>/alert AAPL crosses above sma(50, 1d) every cooldown 1h</code>\n"
        "<code>/alert news AAPL &quot;guidance&quot;</code>"
    )


def which_order(side: str) -> Message:
    """Return what /buy and /sell say when they are not told what and how many."""
    return Message(
        f"📝 <b>{text(side.capitalize())} what?</b> For example:\n<code>{side} 10 AAPL 199.5</code>\n"
        f"<code>{side} 10 AAPL market</code>\nNothing is sent before you press Confirm."
    )


def _typing(commands: Listed) -> str:
    # A viewer cannot order.
    orders = "buy" in dict(commands)
    return (
        "<b>Just type</b>\n<code>AAPL</code> → quote card\n<code>AAPL &gt; 200</code> → price alert\n"
        "<code>news AAPL &quot;guidance&quot;</code> → news alert\n"
        "<code>scan TOP_PERC_GAIN top 10</code> → scanner alert"
        + ("\n<code>buy 10 AAPL 199.5</code> → order to confirm" if orders else "")
    )


def _trust(commands: Listed) -> str:
    return f"/help explains all {len(commands)} commands.\n<i>Nothing trades without pressing Confirm.</i>"


def _doors() -> Rows:
    return rows(
        (
            button("🔔 Alerts", Code.ALERT_LIST, _ANEW, 0, 0),
            button("📂 Positions", Code.POSITION_LIST, _ANEW, 0),
            button("📋 Orders", Code.ORDER_LIST, _ANEW),
        ),
        (
            button("🛰 Scanner", Code.SCAN_LIST, _ANEW),
            button("📅 Summary", Code.SUMMARY, _ANEW),
            button("🟢 Status", Code.STATUS, _ANEW),
        ),
    )
