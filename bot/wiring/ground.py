"""What every part stands on: the settings, the clock, and the stack that closes what was opened."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from bot.settings import Settings
from market.clock import Clock


@dataclass(frozen=True, slots=True)
class Ground:
    """
    Given to every part.

    *boot_id* tells this process from those before it. What must be closed goes on *stack* the line after it is made,
    and is closed in the reverse order.
    """

    settings: Settings
    clock: Clock
    boot_id: str
    stack: AsyncExitStack
