"""What a Bot API method is to the server: a name and a function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from simulator.telegram.params import Params
from simulator.telegram.state import Telegram

Method = Callable[[Telegram, Params], Any] | Callable[[Telegram, Params], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Described:
    """A result that comes with a description, as deleteWebhook's does."""

    result: Any
    description: str
