"""Second steps in memory, and an authenticator app."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pyotp

from tests.fakes.clock import FakeClock
from trading.second_step import PERIOD_S, Approval, Enrolment

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class MemoryStepStore:
    """Implements `trading.second_step.StepStore`."""

    def __init__(self) -> None:
        self.enrolments: dict[int, Enrolment] = {}
        self.buttons: dict[tuple[int, int], Approval] = {}

    async def enrolment(self, user_id: int) -> Enrolment | None:
        return self.enrolments.get(user_id)

    async def begin(self, enrolment: Enrolment) -> bool:
        standing = self.enrolments.get(enrolment.user_id)
        if standing is not None and standing.is_confirmed:
            return False
        self.enrolments[enrolment.user_id] = enrolment
        return True

    async def spend(self, user_id: int, counter: int) -> bool:
        held = self.enrolments.get(user_id)
        if held is None or held.last_counter >= counter:
            return False
        self.enrolments[user_id] = replace(held, last_counter=counter, is_confirmed=True, failures=0, locked_until=None)
        return True

    async def failed(self, user_id: int, *, most: int, until: datetime) -> Enrolment | None:
        held = self.enrolments.get(user_id)
        if held is None:
            return None
        count = held.failures + 1
        after = replace(held, failures=count) if count < most else replace(held, failures=0, locked_until=until)
        self.enrolments[user_id] = after
        return after

    async def unlock(self, user_id: int) -> bool:
        held = self.enrolments.get(user_id)
        if held is None or not (held.failures or held.locked_until):
            return False
        self.enrolments[user_id] = replace(held, failures=0, locked_until=None)
        return True

    async def forget(self, user_id: int) -> bool:
        return self.enrolments.pop(user_id, None) is not None

    async def add_approvals(self, asked: Sequence[Approval]) -> None:
        self.buttons |= {(one.proposal_id, one.user_id): one for one in asked}

    async def approval(self, token: str) -> Approval | None:
        return next((one for one in self.buttons.values() if one.token == token), None)

    async def approvals_of(self, proposal_id: int) -> Sequence[Approval]:
        return [one for (number, _), one in sorted(self.buttons.items()) if number == proposal_id]

    async def bind(self, token: str, message_id: int) -> None:
        for key, one in self.buttons.items():
            if one.token == token:
                self.buttons[key] = replace(one, message_id=message_id)


class FakePhone:
    """An authenticator app whose clock is *ahead_s* seconds beside *clock*."""

    def __init__(self, clock: FakeClock, secret: str = SECRET, ahead_s: int = 0) -> None:
        self._clock = clock
        self._totp = pyotp.TOTP(secret)
        self._ahead_s = ahead_s

    def code(self, periods: int = 0) -> str:
        """Return the code shown now, or so many periods later (earlier: negative)."""
        return self._totp.at(int(self._clock.now().timestamp()) + self._ahead_s + periods * PERIOD_S)

    def wrong(self) -> str:
        """Return a code that is shown neither now nor next."""
        shown = {self.code(one) for one in range(-3, 4)}
        return next(f"{number:06d}" for number in range(10) if f"{number:06d}" not in shown)
