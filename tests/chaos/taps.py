"""A press on a button that the bot may take away between a look at the chat and the press."""

from tests.flow.chat import Chat, Shown


async def press(chat: Chat, message: Shown, button: str, *, wait: int = 5) -> None:
    """Press a button of *message*, unless it is gone since the message was looked at."""
    try:
        await chat.press(message, button, wait=wait)
    except AssertionError as refusal:
        if "has no button" not in str(refusal):
            raise
