"""
The text framing of the TWS socket: a length, then fields that each end in NUL.

A frame is a 4-byte big-endian length and a payload. The markers for "no
value" are those of real gateways.
"""

import asyncio
import struct
from typing import TypeAlias

UNSET_DOUBLE = "1.7976931348623157E308"
UNSET_INTEGER = "2147483647"
# Requests are short; a length beyond this is a client that lost its place in the stream.
LONGEST_REQUEST = 1 << 20

Field: TypeAlias = str | int | float | bool | None


class BrokenFrame(Exception):
    """The bytes received are no frame; *length* is what their header claims."""

    def __init__(self, length: int) -> None:
        super().__init__(f"a frame of {length} bytes")
        self.length = length


def text(value: Field) -> str:
    """
    Return *value* as it stands on the wire.

    Booleans become 1 and 0, None an empty field, whole floats lose their
    fraction ("100", as gateways send sizes) and others keep at most eight
    decimals.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    return f"{value:.8f}".rstrip("0").rstrip(".") or "0"


def price(value: float) -> str:
    """Return a price as gateways send it: `196.45`, `196.0`, `1.08345`."""
    return str(round(value, 6))


def frame(*fields: Field) -> bytes:
    """Return the bytes of one message of *fields*."""
    payload = "".join(text(field) + "\0" for field in fields).encode()
    return struct.pack(">I", len(payload)) + payload


async def read_payload(reader: asyncio.StreamReader) -> bytes:
    """
    Return the payload of the next frame, without its length.

    Raises BrokenFrame on an absurd length and asyncio.IncompleteReadError at
    the end of the stream.
    """
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    if not 0 < length <= LONGEST_REQUEST:
        raise BrokenFrame(length)
    return await reader.readexactly(length)


def fields_of(payload: bytes) -> tuple[str, ...]:
    """Return the fields of *payload*, without the empty one after its last NUL."""
    return tuple(payload.decode(errors="backslashreplace").split("\0")[:-1])
