"""The pages on how orders are written."""

from bot.callback_data import BadCallback, Callback
from bot.handlers.place import show
from bot.handlers.ports import Reply
from bot.request import Press, TextIn
from bot.views import guide as views


class GuideHandler:
    """Answers `/help buy` and the buttons of its pages."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    async def begin(self, request: TextIn) -> None:
        """Send the first page."""
        first = next(iter(views.PAGES))
        await self._reply.send(request.chat_id, views.page(first), reply_to=request.message_id)

    async def on_page(self, press: Press, callback: Callback) -> None:
        """Show a page. Raises BadCallback for one that there is not."""
        if callback.args[1] not in views.PAGES:
            raise BadCallback(press.data)
        await self._reply.answer(press)
        await show(self._reply, press, callback, views.page(callback.args[1]))
