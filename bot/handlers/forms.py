"""Forms: the buttons that finish or drop one, the replies that fill one in, and the end of those left alone."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta

from bot.callback_data import Callback
from bot.errors import DeliveryError
from bot.handlers.ports import Forms, Reply
from bot.request import Press, TextIn
from bot.views import forms as views
from market.clock import Clock
from storage.forms import Form

_log = logging.getLogger(__name__)

LIFETIME = timedelta(minutes=15)
"""How long a form that nobody touches stays open."""


class FormsHandler:
    """
    Hands each form to whoever does its kind.

    *doers* finish a form at a press, once: it is closed before. *readers* take a reply to a form's message.
    """

    def __init__(
        self,
        reply: Reply,
        forms: Forms,
        clock: Clock,
        *,
        doers: Mapping[str, Callable[[Form, Press], Awaitable[None]]],
        readers: Mapping[str, Callable[[Form, TextIn], Awaitable[None]]],
    ) -> None:
        self._reply = reply
        self._forms = forms
        self._clock = clock
        self._doers = doers
        self._readers = readers

    async def on_do(self, press: Press, callback: Callback) -> None:
        """Do what the form says, unless it is over: of two presses one does."""
        form = await self._forms.get(callback.number(0), press.user_id)
        if form is None or form.kind not in self._doers or self._is_over(form):
            await self._reply.answer(press, "This is over. Nothing was done.")
        elif await self._forms.close(form.id):
            await self._doers[form.kind](form, press)
        else:
            await self._reply.answer(press, "That is done already.")

    async def on_drop(self, press: Press, callback: Callback) -> None:
        """Close the form and do nothing."""
        form = await self._forms.get(callback.number(0), press.user_id)
        if form is not None:
            await self._forms.close(form.id)
        await self._reply.answer(press, "Nothing was done.")
        await self._reply.edit(press.chat_id, press.message_id, views.dropped())

    async def takes(self, request: TextIn) -> bool:
        """Take a reply to a form's message; False where the text is none."""
        if request.reply_to is None:
            return False
        form = await self._forms.at_message(request.chat_id, request.reply_to, request.user_id)
        if form is None or form.kind not in self._readers:
            return False
        if self._is_over(form):
            await self._reply.send(request.chat_id, views.too_late(), reply_to=request.message_id)
        else:
            await self._readers[form.kind](form, request)
        return True

    async def expire(self) -> None:
        """Close the forms that nobody has touched for a quarter of an hour, and say so where they are shown."""
        for form in await self._forms.untouched_since(self._clock.now() - LIFETIME):
            if not await self._forms.close(form.id) or form.message_id is None:
                continue
            with suppress(DeliveryError):
                await self._ended(form)

    async def _ended(self, form: Form) -> None:
        if form.message_id is None:
            return
        if form.kind.endswith("?"):
            await self._reply.delete(form.chat_id, form.message_id)
        else:
            await self._reply.edit(form.chat_id, form.message_id, views.expired(form.kind))

    def _is_over(self, form: Form) -> bool:
        return self._clock.now() - form.touched > LIFETIME
