"""
Whether anything may be ordered at all, and the switch that says so.

Two hands can stop trading: a person in the chat (stored, so that a restart keeps it) and whoever can write a file on
the host. The stricter of both holds. Only the host takes its own halt back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class TradingState(StrEnum):
    """What may be ordered at all. REDUCING: only what makes a position smaller. HALTED: nothing."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"

    def is_stricter(self, other: "TradingState") -> bool:
        """Return whether less may be ordered than in *other*."""
        return _STRICTNESS.index(self) > _STRICTNESS.index(other)


_STRICTNESS = (TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED)

TradingStateSource = Callable[[], TradingState]
"""Tells the trading state now, at once and without awaiting; what it cannot read it must call HALTED."""


def always_active() -> TradingState:
    """Return ACTIVE: the source of a bot that nobody has given a halt switch."""
    return TradingState.ACTIVE


@dataclass(frozen=True, slots=True)
class StateChange:
    """Who set the trading to *state*, and when."""

    state: TradingState
    user_id: int
    at: datetime


class StateStore(Protocol):
    """Keeps the changes of the trading state."""

    async def latest(self) -> StateChange | None:
        """Return the last change, or None where there was none yet."""
        ...

    async def add(self, change: StateChange) -> None:
        """Keep *change*: durable when it returns."""
        ...


class HaltMark(Protocol):
    """The host's own halt: a file."""

    def is_set(self) -> bool:
        """Return whether it is there; raises OSError where that cannot be told."""
        ...


class TradingSwitch:
    """
    The trading state, of which a call tells how it is right now.

    It is HALTED until `load` has told otherwise, and where the *mark* cannot be looked at.
    """

    def __init__(self, store: StateStore, mark: HaltMark) -> None:
        self._store = store
        self._mark = mark
        self._state = TradingState.HALTED
        self._change: StateChange | None = None
        self._calls = 0

    def __call__(self) -> TradingState:
        """Return the trading state."""
        return self.state

    @property
    def state(self) -> TradingState:
        """The stricter of what was set here and what the host says."""
        return TradingState.HALTED if self.is_halted_by_host else self._state

    @property
    def is_halted_by_host(self) -> bool:
        """Whether the host's mark is there, or cannot be read."""
        try:
            return self._mark.is_set()
        except OSError:
            return True

    @property
    def set_here(self) -> TradingState:
        """What was set by `set`, whatever the host says."""
        return self._state

    @property
    def change(self) -> StateChange | None:
        """Who set it last, or None where nobody ever did."""
        return self._change

    async def load(self) -> None:
        """Take over what was stored last; ACTIVE where nothing was. Raises StorageUnavailable: then it is HALTED."""
        self._change = await self._store.latest()
        self._state = TradingState.ACTIVE if self._change is None else self._change.state

    async def set(self, state: TradingState, *, user_id: int, at: datetime) -> None:
        """
        Set it, and keep that. What is stricter holds at once, what is looser only once it is stored.

        Of two calls the later one counts. Raises StorageUnavailable where it could not be stored: a stricter state
        then holds until the next start.
        """
        change = StateChange(state, user_id, at)
        self._calls += 1
        mine = self._calls
        if state.is_stricter(self._state):
            self._state, self._change = state, change
        await self._store.add(change)
        if mine == self._calls:
            self._state, self._change = state, change
