"""
The second step: what an order above a limit needs beyond its own Confirm.

Either a code of the person's authenticator app (TOTP, RFC 6238: six digits, a new one each 30 s), or the approval of
another trader. A code counts once: the counter of the last one is stored, since the library does not stop a second use.
"""

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

import pyotp

from market.clock import Clock
from trading.access import Role, Roster
from trading.errors import CodeUsed, NoSecondPerson, NotEnrolled, StepLocked, WrongCode
from trading.ports import AuditLog
from trading.turns import Turns

PERIOD_S = 30
"""How long an authenticator app shows a code."""

WINDOW = 1
"""How many codes before and after the present one count: two clocks differ, and typing takes time."""

MOST_WRONG = 5
LOCKED_FOR = timedelta(hours=1)
APPROVAL_LASTS = timedelta(seconds=120)


class StepKind(StrEnum):
    """What the second step is; the values are those of the setting SECOND_STEP."""

    OFF = "off"
    CODE = "totp"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Policy:
    """The second step is wanted of an order whose value is more than *above*, in the account's currency."""

    kind: StepKind = StepKind.OFF
    above: Decimal = Decimal(0)

    def wanted(self, value: Decimal | None) -> StepKind:
        """Return the step that an order of *value* takes; one whose value nobody knows takes it too."""
        is_free = value is not None and value <= self.above
        return StepKind.OFF if is_free else self.kind


@dataclass(frozen=True, slots=True)
class Enrolment:
    """
    A person's *secret* (base32, as an authenticator app takes it), theirs *since*.

    It counts once a first code has confirmed it. *last_counter* is that of the last code used, *failures* are the
    wrong ones in a row.
    """

    user_id: int
    secret: str = field(repr=False)
    since: datetime
    is_confirmed: bool = False
    last_counter: int = 0
    failures: int = 0
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """
    One person's own button to approve a proposal; the card that has it is *message_id* (None before it is known).

    It stands in the person's private chat, whose id is *user_id*.
    """

    token: str = field(repr=False)
    proposal_id: int
    user_id: int
    message_id: int | None = None


class StepStore(Protocol):
    """Keeps enrolments and approvals; each change is one durable, atomic statement."""

    async def enrolment(self, user_id: int) -> Enrolment | None:
        """Return the person's enrolment, confirmed or not."""
        ...

    async def begin(self, enrolment: Enrolment) -> bool:
        """Store a new enrolment in the place of an unconfirmed one; False where a confirmed one stands."""
        ...

    async def spend(self, user_id: int, counter: int) -> bool:
        """
        Note that the code of *counter* was used: it confirms, and ends the row of wrong ones.

        False, and nothing changed, where that counter or a later one was used before.
        """
        ...

    async def failed(self, user_id: int, *, most: int, until: datetime) -> Enrolment | None:
        """Count a wrong code; the one that makes *most* in a row locks until then and begins a new row."""
        ...

    async def unlock(self, user_id: int) -> bool:
        """End a lock and the row of wrong codes; False where there was neither."""
        ...

    async def forget(self, user_id: int) -> bool:
        """Remove the person's enrolment; False where there was none."""
        ...

    async def add_approvals(self, approvals: Sequence[Approval]) -> None:
        """Store the buttons of one proposal, in the place of earlier ones of the same people."""
        ...

    async def approval(self, token: str) -> Approval | None:
        """Return whose button this is."""
        ...

    async def approvals_of(self, proposal_id: int) -> Sequence[Approval]:
        """Return all buttons of one proposal, by person."""
        ...

    async def bind(self, token: str, message_id: int) -> None:
        """Note the message that has the button."""
        ...


def _new_token() -> str:
    """Return 128 random bits that fit into a button."""
    return secrets.token_urlsafe(16)


class SecondStep:
    """Says whether a second step is wanted, looks at codes, and keeps who may approve what."""

    def __init__(
        self,
        *,
        store: StepStore,
        roster: Roster,
        clock: Clock,
        audit: AuditLog,
        policy: Policy | None = None,
        new_token: Callable[[], str] = _new_token,
        new_secret: Callable[[], str] = pyotp.random_base32,
    ) -> None:
        self._store = store
        self._roster = roster
        self._clock = clock
        self._audit = audit
        self.policy = policy or Policy()
        self._new_token = new_token
        self._new_secret = new_secret
        # In turn: of ten codes at once each must know of the wrong ones before it.
        self._turns = Turns()

    @property
    def is_on(self) -> bool:
        """Whether there is a second step at all."""
        return self.policy.kind is not StepKind.OFF

    def wanted(self, value: Decimal | None) -> StepKind:
        """Return the step that an order of *value* (account's currency) takes."""
        return self.policy.wanted(value)

    async def enrolment(self, user_id: int) -> Enrolment | None:
        """Return the person's enrolment, confirmed or not."""
        return await self._store.enrolment(user_id)

    async def enrol(self, user_id: int) -> Enrolment | None:
        """Return a new secret for the person, to be confirmed by a first code; None where one counts already."""
        new = Enrolment(user_id, self._new_secret(), self._clock.now())
        return new if await self._store.begin(new) else None

    async def check(self, user_id: int, code: str) -> None:
        """Return if *code* is right, and use it up. Raises NotEnrolled, StepLocked, WrongCode, CodeUsed."""
        async with self._turns.of(user_id):
            await self._check(user_id, code, is_first=False)

    async def require_enrolled(self, user_id: int) -> None:
        """Return if a code can be asked of the person. Raises NotEnrolled, StepLocked."""
        held = await self._store.enrolment(user_id)
        if held is None or not held.is_confirmed:
            raise NotEnrolled
        if held.locked_until is not None and self._clock.now() < held.locked_until:
            raise StepLocked(held.locked_until)

    async def confirm_first(self, user_id: int, code: str) -> None:
        """Take the first code of a new secret: from now on it counts. Raises as `check`."""
        async with self._turns.of(user_id):
            await self._check(user_id, code, is_first=True)
        await self._note(user_id, "set up")

    async def leave(self, user_id: int, code: str) -> None:
        """Forget the person's secret, for a code of it. Raises as `check`."""
        await self.check(user_id, code)
        await self._store.forget(user_id)
        await self._note(user_id, "off")

    async def unlock(self, user_id: int, *, by: int) -> bool:
        """End the person's lock, for an admin; False where there was none."""
        was_locked = await self._store.unlock(user_id)
        await self._note(by, "unlocked", str(user_id))
        return was_locked

    async def reset(self, user_id: int, *, by: int) -> bool:
        """Forget the person's secret, for an admin: a phone is lost; False where there was none."""
        was_there = await self._store.forget(user_id)
        await self._note(by, "reset", str(user_id))
        return was_there

    def approvers(self, requester: int) -> tuple[int, ...]:
        """Return who may approve what *requester* asks for: every other trader and admin."""
        return tuple(user for user, role in self._roster.roles.items() if user != requester and role >= Role.TRADER)

    async def ask(self, proposal_id: int, requester: int) -> Sequence[Approval]:
        """Give each who may approve a button of their own. Raises NoSecondPerson."""
        asked = [Approval(self._new_token(), proposal_id, user) for user in self.approvers(requester)]
        if not asked:
            raise NoSecondPerson
        await self._store.add_approvals(asked)
        return asked

    async def ask_anew(self, old: Approval) -> Approval:
        """Return a new button in the place of one of which nobody knows whether it arrived."""
        new = Approval(self._new_token(), old.proposal_id, old.user_id)
        await self._store.add_approvals([new])
        return new

    async def approval(self, token: str) -> Approval | None:
        """Return whose button this is."""
        return await self._store.approval(token)

    async def approvals_of(self, proposal_id: int) -> Sequence[Approval]:
        """Return all buttons of one proposal."""
        return await self._store.approvals_of(proposal_id)

    async def shown(self, token: str, message_id: int) -> None:
        """Note the message that has the button: only now does it count."""
        await self._store.bind(token, message_id)

    async def _check(self, user_id: int, code: str, *, is_first: bool) -> None:
        held, now = await self._store.enrolment(user_id), self._clock.now()
        if held is None or held.is_confirmed is is_first:
            raise NotEnrolled
        if held.locked_until is not None and now < held.locked_until:
            raise StepLocked(held.locked_until)
        counter = matching(held.secret, code, now)
        if counter is None:
            await self._failed(user_id, now)
        elif counter <= held.last_counter or not await self._store.spend(user_id, counter):
            raise CodeUsed(PERIOD_S - int(now.timestamp()) % PERIOD_S)

    async def _failed(self, user_id: int, now: datetime) -> None:
        after = await self._store.failed(user_id, most=MOST_WRONG, until=now + LOCKED_FOR)
        if after is None:
            raise NotEnrolled
        if after.locked_until is not None and now < after.locked_until:
            await self._note(user_id, "locked")
            raise WrongCode(0, after.locked_until)
        await self._note(user_id, "wrong code")
        raise WrongCode(MOST_WRONG - after.failures)

    async def _note(self, user_id: int, outcome: str, detail: str = "") -> None:
        await self._audit.write(self._clock.now(), user_id, user_id, "second step", "", outcome, detail)


def matching(secret: str, code: str, now: datetime) -> int | None:
    """Return the counter whose code this is, the present one or one beside it; None for any other code."""
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // PERIOD_S
    typed = spaceless(code).encode()
    near = range(present - WINDOW, present + WINDOW + 1)
    # Each is compared, and each in constant time.
    found = [counter for counter in near if hmac.compare_digest(totp.generate_otp(counter).encode(), typed)]
    return max(found, default=None)


def spaceless(code: str) -> str:
    """Return *code* as it counts: apps show `123 456`."""
    return "".join(code.split())


def looks_like_code(said: str) -> bool:
    """Return whether a text is six digits, as they are or in two groups."""
    digits = spaceless(said)
    return len(digits) == 6 and digits.isascii() and digits.isdigit()  # noqa: PLR2004  the digits of a code


def address(enrolment: Enrolment) -> str:
    """Return the `otpauth://` address that an authenticator app reads from a QR picture."""
    return pyotp.TOTP(enrolment.secret).provisioning_uri(name=str(enrolment.user_id), issuer_name="squawkbot")
