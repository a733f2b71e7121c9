"""The log of Bot API calls, for assertions; the token is never in it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.telegram.clock import Clock

MAX_CALLS = 10_000


class Calls:
    """The last 10,000 calls, newest last; polls that brought nothing are left out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._log: deque[dict[str, Any]] = deque(maxlen=MAX_CALLS)
        self._count = 0

    def begin(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """
        Note a call and return its entry, to be completed with "response" or "error" (and "fault").

        *n* numbers the calls from 1 on; *at* is in Unix seconds.
        """
        entry: dict[str, Any] = {"method": method, "params": params, "at": self._clock.now().timestamp()}
        if method != "getUpdates":
            self._keep(entry)
        return entry

    def end(self, entry: dict[str, Any]) -> None:
        """Keep a poll that brought something or failed, now that this is known."""
        if entry["method"] == "getUpdates" and (entry.get("response") or entry.keys() & {"error", "fault"}):
            self._keep(entry)

    def select(self, method: str = "", since: int = 0) -> list[dict[str, Any]]:
        """Return the entries of *method* (any case; "" for all) numbered above *since*, oldest first."""
        wanted = method.lower()
        return [entry for entry in self._log if entry["n"] > since and wanted in {"", entry["method"].lower()}]

    def _keep(self, entry: dict[str, Any]) -> None:
        self._count += 1
        entry["n"] = self._count
        self._log.append(entry)
