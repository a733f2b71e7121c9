"""/users and the buttons about people, for admins."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from bot.callback_data import Callback
from bot.handlers.place import show
from bot.handlers.ports import Reply, Zones
from bot.membership import Change, Person
from bot.request import Press, TextIn
from bot.views import members as views
from bot.views.message import Message
from market.clock import Clock
from trading.second_step import Enrolment

_TOASTS = {
    Change.NOT_THERE: "That is so already, or they are not known. Nothing was changed.",
    Change.YOURSELF: "Not yourself: another admin can do that. Nothing was changed.",
    Change.NOT_ADMIN: "Only an admin can do that, and you are none any more. Nothing was changed.",
    Change.ENVIRONMENT: "The settings on the host decide that (TELEGRAM_USERS, PAIRING). Nothing was changed.",
}


class Members(Protocol):
    """Who is in and who is out; `bot/membership.py`."""

    @property
    def is_open(self) -> bool:
        """Whether anyone beside the environment's people may come in."""
        ...

    def people(self) -> Sequence[Person]:
        """Return everyone who is known."""
        ...

    def person(self, user_id: int) -> Person | None:
        """Return what is known of one person."""
        ...

    async def let_in(self, user_id: int, name: str, *, by: int) -> Change:
        """Let a stranger in as a viewer."""
        ...

    async def lower(self, user_id: int, *, by: int) -> Change:
        """Make a viewer of someone."""
        ...

    async def remove(self, user_id: int, *, by: int) -> Change:
        """Let someone in no more."""
        ...

    async def block(self, user_id: int, name: str, *, by: int) -> Change:
        """Put someone out for good."""
        ...

    async def unblock(self, user_id: int, *, by: int) -> Change:
        """Take someone off the list of those who are out."""
        ...


class Codes(Protocol):
    """Whose authenticator app is set up; `trading/second_step.py`."""

    async def enrolment(self, user_id: int) -> Enrolment | None:
        """Return the person's enrolment."""
        ...


class MembersHandler:
    """
    Shows people to admins and does what they decide.

    *name_of* gives what a stranger was called in the notice about them, *welcome* tells someone that they are in.
    """

    def __init__(
        self,
        *,
        reply: Reply,
        members: Members,
        codes: Codes,
        name_of: Callable[[int], Awaitable[str]],
        welcome: Callable[[int], Awaitable[None]],
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._reply = reply
        self._members = members
        self._codes = codes
        self._name_of = name_of
        self._welcome = welcome
        self._zones = zones
        self._clock = clock

    async def users(self, request: TextIn) -> None:
        """Send who is in and who is out."""
        message = await self._list(request.user_id, 0)
        await self._reply.send(request.chat_id, message, reply_to=request.message_id)

    async def on_list(self, press: Press, callback: Callback) -> None:
        """Show a page of them."""
        message = await self._list(press.user_id, callback.number(1))
        await self._reply.answer(press)
        await show(self._reply, press, callback, message)

    async def on_card(self, press: Press, callback: Callback) -> None:
        """Show one of them."""
        message = await self._card(callback.number(1), press.user_id)
        await self._reply.answer(press)
        await show(self._reply, press, callback, message)

    async def on_allow(self, press: Press, callback: Callback) -> None:
        """Let a stranger in as a viewer, from the notice about them."""
        user_id = callback.number(0)
        name = await self._name(user_id)
        change = await self._members.let_in(user_id, name, by=press.user_id)
        if change is not Change.DONE:
            await self._reply.answer(press, _TOASTS[change], alert=True)
            return
        await self._reply.answer(press, "Allowed as a viewer")
        await self._reply.edit(press.chat_id, press.message_id, views.decided(name, is_in=True))
        await self._welcome(user_id)

    async def on_block(self, press: Press, callback: Callback) -> None:
        """Put someone out: a stranger from the notice, or anyone from their card."""
        user_id = callback.number(1)
        was_in = self._members.person(user_id) is not None
        name = await self._name(user_id)
        change = await self._members.block(user_id, name, by=press.user_id)
        if change is Change.DONE and not was_in:
            await self._reply.answer(press, "Blocked")
            await self._reply.edit(press.chat_id, press.message_id, views.decided(name, is_in=False))
            return
        await self._did(press, callback, change, "Blocked: out at once, and nobody hears of them again.")

    async def on_unblock(self, press: Press, callback: Callback) -> None:
        """Take someone off the list of those who are out."""
        change = await self._members.unblock(callback.number(1), by=press.user_id)
        await self._did(press, callback, change, "Not blocked any more.")

    async def on_lower(self, press: Press, callback: Callback) -> None:
        """Make a viewer of someone."""
        change = await self._members.lower(callback.number(1), by=press.user_id)
        await self._did(press, callback, change, "A viewer from now on: no orders.")

    async def on_remove(self, press: Press, callback: Callback) -> None:
        """Let someone in no more."""
        change = await self._members.remove(callback.number(1), by=press.user_id)
        await self._did(press, callback, change, "Removed: out at once. A pairing code lets them in again.")

    async def _did(self, press: Press, callback: Callback, change: Change, done: str) -> None:
        if change is not Change.DONE:
            await self._reply.answer(press, _TOASTS[change], alert=True)
            return
        await self._reply.answer(press, done)
        await show(self._reply, press, callback, await self._card(callback.number(1), press.user_id, done))

    async def _list(self, user_id: int, page: int) -> Message:
        people = [await self._shown(person) for person in self._members.people()]
        zone = await self._zones.zone_of(user_id)
        return views.listing(people, page, now=self._clock.now(), zone=zone, is_open=self._members.is_open)

    async def _card(self, person_id: int, user_id: int, done: str = "") -> Message:
        person = self._members.person(person_id)
        if person is None:
            return views.gone() if not done else Message(f"{views.gone().html}\n{done}", views.gone().buttons)
        zone = await self._zones.zone_of(user_id)
        shown = await self._shown(person)
        return views.card(shown, now=self._clock.now(), zone=zone, is_you=person_id == user_id, done=done)

    async def _shown(self, person: Person) -> views.Shown:
        held = await self._codes.enrolment(person.user_id)
        return views.Shown(
            person.user_id,
            person.role,
            person.name,
            person.is_founder,
            person.at,
            has_code=held is not None and held.is_confirmed,
            locked_until=held.locked_until if held else None,
        )

    async def _name(self, user_id: int) -> str:
        known = self._members.person(user_id)
        return (known.name if known else "") or await self._name_of(user_id)
