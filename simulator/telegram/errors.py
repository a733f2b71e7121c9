"""
What the local Telegram refuses.

* ApiError       an answer of the Bot API other than ok: status, description, parameters
* ControlError   a request to the control interface that makes no sense (no such chat, button ...)
"""

from __future__ import annotations

from typing import Any

PREFIXES = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}


class ApiError(Exception):
    """
    An error answer in the Bot API's envelope.

    The description gets the prefix of its code; the first letter after it is
    lower-cased unless the second character is "_" or upper case, as the
    official server does (Client.cpp, fail_query_with_error).
    """

    def __init__(self, code: int, reason: str = "", **parameters: int) -> None:
        super().__init__(code, reason)
        self.code = code
        self.parameters = parameters
        self.description = _described(code, reason)

    def envelope(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


class ControlError(Exception):
    """A refusal of the control interface: an HTTP status and a sentence."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


def bad_request(reason: str, **parameters: int) -> ApiError:
    """Return a 400 for *reason*."""
    return ApiError(400, reason, **parameters)


def forbidden(reason: str) -> ApiError:
    """Return a 403 for *reason*."""
    return ApiError(403, reason)


def too_many_requests(retry_after: int) -> ApiError:
    """Return the 429 that asks to wait *retry_after* seconds."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


def _described(code: int, reason: str) -> str:
    prefix = PREFIXES.get(code)
    if prefix is None:
        return reason
    if not reason:
        return prefix
    keep = len(reason) > 1 and (reason[1] == "_" or reason[1].isupper())
    return f"{prefix}: {reason if keep else reason[0].lower() + reason[1:]}"
