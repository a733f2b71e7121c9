"""Where the answer to a press is shown."""

from bot.callback_data import Callback, Place
from bot.handlers.ports import Reply
from bot.request import Press
from bot.views.message import Message


async def show(reply: Reply, press: Press, callback: Callback, message: Message) -> None:
    """Put *message* into the pressed message, or, where that tells of an event, below it. Raises DeliveryError."""
    if callback.place is Place.HERE:
        await reply.edit(press.chat_id, press.message_id, message)
    else:
        await reply.send(press.chat_id, message, reply_to=press.message_id)
