"""What stands in the place of something begun in the chat that came to nothing."""

from bot.callback_data import Code
from bot.views.keyboard import button, rows
from bot.views.message import Message


def dropped() -> Message:
    """Return what stands after a press on Cancel."""
    return Message("✖️ <b>Cancelled.</b> Nothing was done.")


def too_late() -> Message:
    """Return the answer to a reply whose question is over."""
    return Message("⌛ <b>That question is over.</b> Nothing was changed. Open the alert in /alerts and tap again.")


def expired(kind: str) -> Message:
    """Return what stands after a form was left alone for a quarter of an hour."""
    again = rows((button("🔁 Start again", Code.WIZARD, 0, "new", "x"),)) if kind == "wizard" else ()
    return Message("⌛ <b>Left alone for 15 minutes, so it is closed.</b>\nNothing was saved or changed.", again)
