"""Codes of authenticator apps: /totp, /unlock, and every code that is typed. A message with one is deleted at once."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from bot.errors import DeliveryError
from bot.handlers.orders import Desk
from bot.handlers.ports import Forms, Reply, Zones
from bot.handlers.second_step import ORDER_CODE
from bot.request import Press, TextIn
from bot.views import outcome as outcomes
from bot.views import second_step as views
from bot.views.errors import explain
from bot.views.message import Message
from market.clock import Clock
from market.errors import MarketError
from storage.errors import StorageUnavailable
from storage.forms import Form
from trading.confirmation import Confirmation
from trading.errors import NotEnrolled, SecondStepError, StepLocked, TradingError, WrongCode
from trading.ports import ProposalStore
from trading.proposal import Proposal, ProposalState
from trading.second_step import SecondStep, address, looks_like_code, spaceless

ENROLMENT = "totp?"
"""The kind of the form that waits for the first code of a new secret; the message that shows it has the secret."""

_OFF = re.compile(r"off(?:\s+(?P<code>[\d\s]+))?", re.IGNORECASE)
# A digit was missed or typed twice.
_NEAR_CODE = re.compile(r"[0-9]{4,8}")
_UNLOCK = re.compile(r"(?P<user>[1-9][0-9]{0,17})(?P<reset>\s+reset)?", re.IGNORECASE)


class Orders(Protocol):
    """The cards that wait for codes; `bot/handlers/orders.py`."""

    def branded(self, message: Message) -> Message:
        """Return *message* with PAPER or LIVE in its first line."""
        ...

    async def conclude(self, press: Press, answer: Confirmation) -> None:
        """Make the card show what became of it."""
        ...

    async def put_back(self, press: Press, proposal: Proposal) -> None:
        """Make the card show again what holds."""
        ...


class CodesHandler:
    """
    Sets authenticator apps up, takes typed codes, and unlocks.

    *draw* makes a QR picture, *tell_admins* hears what happened to whose second step (see `views.news`).
    """

    def __init__(  # noqa: PLR0913  a code leads to many things
        self,
        *,
        reply: Reply,
        desk: Desk,
        store: ProposalStore,
        step: SecondStep,
        orders: Orders,
        forms: Forms,
        draw: Callable[[str], Awaitable[bytes]],
        tell_admins: Callable[[int, str], Awaitable[None]],
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._desk = desk
        self._store = store
        self._step = step
        self._orders = orders
        self._forms = forms
        self._draw = draw
        self._tell_admins = tell_admins
        self._zones = zones
        self._clock = clock

    async def totp(self, request: TextIn) -> None:
        """Take `/totp`, `/totp off`, `/totp off 123456` and `/totp 123456`."""
        said, off = request.args.strip(), _OFF.fullmatch(request.args.strip())
        if any(character.isdigit() for character in said):
            await self._hide(request)
        if request.chat_id != request.user_id:
            await self._say(request, views.private_only())
        elif not said:
            await self._enrol(request)
        elif off is not None:
            await self._leave(request, off["code"] or "")
        elif not looks_like_code(said) or not await self._take(request, said):
            await self._say(request, views.how())

    async def unlock(self, request: TextIn) -> None:
        """Take `/unlock 222` and `/unlock 222 reset`, from an admin."""
        asked = _UNLOCK.fullmatch(request.args.strip())
        if asked is None:
            await self._say(request, views.which_user())
            return
        user_id = int(asked["user"])
        if user_id == request.user_id:
            await self._say(request, views.not_yourself())
        elif asked["reset"]:
            was_there = await self._step.reset(user_id, by=request.user_id)
            await self._say(request, views.reset(user_id, was_there=was_there))
        else:
            was_locked = await self._step.unlock(user_id, by=request.user_id)
            await self._say(request, views.unlocked(user_id, was_locked=was_locked))

    async def takes(self, request: TextIn) -> bool:
        """Take a typed code, or say of digits that they are none; False of another text, or where nobody asked."""
        is_code = looks_like_code(request.text)
        if not is_code and (request.reply_to is not None or not _NEAR_CODE.fullmatch(spaceless(request.text))):
            return False
        form = await self._form(request)
        if form is None:
            return False
        if not is_code:
            await self._say(request, self._orders.branded(views.not_six_digits()))
            return True
        await self._hide(request)
        if request.interrupted:
            await self._say(request, self._orders.branded(views.interrupted()))
            return True
        return await self._take(request, request.text)

    async def answered(self, form: Form, request: TextIn) -> None:
        """Take a reply to a question for a code that is none."""
        del form
        await self._say(request, views.not_six_digits())

    async def _take(self, request: TextIn, said: str) -> bool:
        form = await self._form(request)
        if form is None:
            return False
        if form.kind == ENROLMENT:
            await self._first(form, request, spaceless(said))
        else:
            await self._confirm(form, request, spaceless(said))
        return True

    async def _form(self, request: TextIn) -> Form | None:
        """Return the question that a code answers: the one replied to, else the latest in this chat."""
        kinds = (ORDER_CODE, ENROLMENT)
        if request.reply_to is not None:
            form = await self._forms.at_message(request.chat_id, request.reply_to, request.user_id)
            if form is not None:
                # Six digits for another question are its answer, whatever else waits.
                return form if form.kind in kinds else None
        found = [await self._forms.latest(request.user_id, request.chat_id, kind) for kind in kinds]
        return max((form for form in found if form is not None), key=lambda form: form.touched, default=None)

    async def _enrol(self, request: TextIn) -> None:
        new = await self._step.enrol(request.user_id)
        if new is None:
            held = await self._step.enrolment(request.user_id)
            if held is not None:
                zone = await self._zones.zone_of(request.user_id)
                await self._say(request, views.status(held, now=self._clock.now(), zone=zone))
            return
        earlier = await self._forms.latest(request.user_id, request.chat_id, ENROLMENT)
        if earlier is not None:
            await self._end(earlier)
        message = views.enrolment(new.secret, await self._draw(address(new)))
        form = await self._forms.open(request.user_id, request.chat_id, ENROLMENT, {}, self._clock.now())
        shown = await self._reply.send(request.chat_id, message, reply_to=request.message_id)
        await self._forms.shown(form.id, shown)

    async def _first(self, form: Form, request: TextIn, code: str) -> None:
        try:
            await self._step.confirm_first(request.user_id, code)
        except SecondStepError as error:
            if isinstance(error, NotEnrolled):
                await self._end(form)
            await self._refused(request, error)
            return
        await self._end(form)
        await self._say(request, views.set_up(is_on=self._step.is_on))
        await self._tell_admins(request.user_id, "set up")

    async def _leave(self, request: TextIn, code: str) -> None:
        held = await self._step.enrolment(request.user_id)
        if held is None or not held.is_confirmed:
            await self._say(request, views.nothing_to_leave())
            return
        if not code:
            await self._say(request, views.how())
            return
        try:
            await self._step.leave(request.user_id, code)
        except SecondStepError as error:
            await self._refused(request, error)
            return
        await self._say(request, views.left())
        await self._tell_admins(request.user_id, "off")

    async def _confirm(self, form: Form, request: TextIn, code: str) -> None:
        """Send the order that waits for the code, through the desk."""
        proposal = await self._store.get(form.data["proposal"])
        if proposal is None or proposal.state is not ProposalState.PROPOSED or proposal.message_id is None:
            await self._end(form)
            await self._say(request, self._orders.branded(views.code_for_nothing()))
            return
        card = Press(request.user_id, request.chat_id, proposal.message_id, request.role, "", "")
        with suppress(DeliveryError):
            await self._reply.edit(card.chat_id, card.message_id, outcomes.sending(proposal))
        try:
            answer = await self._desk.confirm(
                proposal.token, user_id=card.user_id, chat_id=card.chat_id, message_id=card.message_id, code=code
            )
        except SecondStepError as error:
            await self._orders.put_back(card, await self._stored(proposal))
            if isinstance(error, NotEnrolled | StepLocked) or _has_locked(error):
                await self._end(form)
            await self._refused(request, error)
            return
        except (TradingError, MarketError, StorageUnavailable):
            await self._orders.put_back(card, await self._stored(proposal))
            raise
        await self._end(form)
        await self._orders.conclude(card, answer)

    async def _stored(self, proposal: Proposal) -> Proposal:
        try:
            return await self._store.get(proposal.id) or proposal
        except StorageUnavailable:
            return proposal

    async def _refused(self, request: TextIn, error: SecondStepError) -> None:
        await self._say(request, self._orders.branded(explain(error)))
        if _has_locked(error):
            await self._tell_admins(request.user_id, "locked")

    async def _end(self, form: Form) -> None:
        """Close a question and take it out of the chat, with the secret it may show."""
        await self._forms.close(form.id)
        if form.message_id is not None:
            with suppress(DeliveryError):
                await self._reply.delete(form.chat_id, form.message_id)

    async def _hide(self, request: TextIn) -> None:
        with suppress(DeliveryError):
            await self._reply.delete(request.chat_id, request.message_id)

    async def _say(self, request: TextIn, message: Message) -> None:
        # Not as an answer to a message that may be gone.
        await self._reply.send(request.chat_id, message)


def _has_locked(error: SecondStepError) -> bool:
    return isinstance(error, WrongCode) and not error.left
