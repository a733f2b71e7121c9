"""
Faults on command: POST /sim/faults {"method", "kind", "count", ...}.

*method* is a Bot API method or "*"; *count* how many calls it hits (default
1, -1 until cleared) after letting *skip* (default 0) pass; *chat_id*, where
given, narrows it to one chat.

Refused, nothing is stored:
* "429"        Too Many Requests with *retry_after* (default 1)
* "400"        Bad Request with *description* (default "message text is empty")
* "401"        Unauthorized
* "403"        bot was blocked by the user, or *description*
* "404"        Not Found (python-telegram-bot reads it as a bad token)
* "409"        Conflict, as with a second poller
* "500"        Internal Server Error
* "502"        Bad Gateway with an HTML body
* "garbage"    status 200 with a body that is no JSON
* "drop"       the connection is closed without an answer
* "hang"       no answer until the client gives up, or *seconds* (default 3600), then "drop"
Done, but not, or late, acknowledged:
* "timeout"    stored; the answer waits until the client gives up, or *seconds* (default 3600)
* "drop_after" stored; the connection is closed without an answer
* "slow"       the call is carried out *seconds* (default 3) late, then answered
Others:
* "bad_update" queues *count* updates that no client library can parse, at once
* "clear"      ends all faults
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.telegram.errors import ApiError, ControlError, bad_request, forbidden, too_many_requests
from simulator.telegram.updates import OTHER_POLL

if TYPE_CHECKING:
    from simulator.telegram.params import Params

REFUSALS = frozenset({"429", "400", "401", "403", "404", "409", "500"})
KINDS = REFUSALS | {"502", "garbage", "drop", "hang", "timeout", "drop_after", "slow"}
BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body>\r\n</html>\r\n"


@dataclass(slots=True)
class Fault:
    """One fault that waits for calls; *count* -1 means until cleared."""

    method: str
    kind: str
    count: int = 1
    retry_after: int = 1
    seconds: float | None = None
    chat_id: str = ""
    description: str = ""
    skip: int = 0

    def hits(self, method: str, params: Params) -> bool:
        """Return whether this call is one it waits for."""
        if self.count == 0 or self.method.lower() not in {"*", method.lower()}:
            return False
        return not self.chat_id or params.text("chat_id") == self.chat_id

    def refusal(self) -> ApiError:
        """Return the error answer of a refusing kind."""
        if self.kind == "429":
            return too_many_requests(self.retry_after)
        if self.kind == "400":
            return bad_request(self.description or "message text is empty")
        if self.kind == "403":
            return forbidden(self.description or "bot was blocked by the user")
        if self.kind == "409":
            return ApiError(409, self.description or OTHER_POLL)
        names = {"401": "Unauthorized", "500": "Internal Server Error"}
        return ApiError(int(self.kind), names.get(self.kind, ""))

    def wait_s(self) -> float:
        """Return how long it holds a call, in seconds."""
        if self.seconds is not None:
            return self.seconds
        return 3.0 if self.kind == "slow" else 3600.0


class Faults:
    """The faults in force, asked in the order in which they came."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fields: dict[str, Any]) -> None:
        """Put the fault in force that the control interface describes; raises ControlError where it is none."""
        kind = str(fields.get("kind", ""))
        if kind not in KINDS:
            raise ControlError(f"unknown kind of fault: {kind!r}")
        try:
            fault = Fault(
                method=str(fields.get("method", "*")),
                kind=kind,
                count=int(fields.get("count", 1)),
                retry_after=int(fields.get("retry_after", 1)),
                seconds=None if fields.get("seconds") is None else float(fields["seconds"]),
                chat_id=str(fields.get("chat_id", "")),
                description=str(fields.get("description", "")),
                skip=int(fields.get("skip", 0)),
            )
        except (TypeError, ValueError):
            raise ControlError("count, skip, retry_after and seconds are numbers") from None
        self._faults.append(fault)

    def take(self, method: str, params: Params) -> Fault | None:
        """Return the fault that hits this call, counted down, or None."""
        for fault in self._faults:
            if fault.hits(method, params):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.count -= fault.count > 0
                self._faults = [other for other in self._faults if other.count]
                return fault
        return None

    def clear(self) -> None:
        """End all faults."""
        self._faults.clear()

    def active(self) -> list[dict[str, Any]]:
        """Return what is in force, for the page."""
        return [{"method": fault.method, "kind": fault.kind, "count": fault.count} for fault in self._faults]
