"""
What a client sent, whatever way it sent it.

The Bot API takes parameters from the query string, as a form, as multipart
and as a JSON object, alone or mixed; nested values may come as JSON text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile

from simulator.telegram.errors import bad_request

if TYPE_CHECKING:
    from starlette.requests import Request

_TRUE = frozenset({"true", "yes", "1"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    name: str
    content: bytes
    mime_type: str


class Params:
    """The parameters of one call, with the lenient conversions of the official server."""

    def __init__(self, values: dict[str, Any], uploads: dict[str, Upload] | None = None) -> None:
        self._values = values
        self.uploads = uploads or {}

    def __contains__(self, name: str) -> bool:
        value = self._values.get(name)
        return name in self.uploads or (value is not None and value != "")

    def text(self, name: str) -> str:
        """Return parameter *name* as text, "" where it is missing."""
        value = self._values.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        return json.dumps(value, ensure_ascii=False)

    def integer(self, name: str, default: int = 0) -> int:
        """Return parameter *name* as a whole number, *default* where it is missing or no number."""
        try:
            return int(self.text(name).strip())
        except ValueError:
            return default

    def boolean(self, name: str) -> bool:
        """Return whether *name* is one of true, yes, 1 in any case."""
        return self.text(name).strip().lower() in _TRUE

    def parsed(self, name: str) -> object:
        """
        Return parameter *name* as the JSON value it stands for, None where it is missing.

        Raises a 400 where the text is no JSON.
        """
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from None

    def object(self, name: str) -> dict[str, Any] | None:
        """Return parameter *name* as a JSON object, None where it is missing; anything else is a 400."""
        value = self.parsed(name)
        if value is None or isinstance(value, dict):
            return value
        raise bad_request(f"can't parse {name.replace('_', ' ')}: Expected an Object")

    def array(self, name: str) -> list[Any] | None:
        """Return parameter *name* as a JSON array, None where it is missing; anything else is a 400."""
        value = self.parsed(name)
        if value is None or isinstance(value, list):
            return value
        raise bad_request(f"can't parse {name.replace('_', ' ')}: Expected an Array")

    def integers(self, name: str) -> list[int]:
        """Return parameter *name* as a list of whole numbers; a 400 where it holds anything else."""
        values = self.array(name) or []
        if not all(isinstance(value, int) for value in values):
            raise bad_request(f"can't parse {name.replace('_', ' ')}: Expected an Array of Number")
        return values

    def upload(self, name: str) -> Upload | None:
        """Return the file that *name* means: a part of that name, or the part its "attach://" points to."""
        direct = self.uploads.get(name)
        return direct or self.attached(self.text(name))

    def attached(self, reference: str) -> Upload | None:
        """Return the part that an "attach://name" reference points to, None for other texts."""
        if not reference.startswith("attach://"):
            return None
        return self.uploads.get(reference.removeprefix("attach://"))

    def recorded(self) -> dict[str, Any]:
        """Return the parameters for the call log: nested JSON opened, files as name and size."""
        shown: dict[str, Any] = {}
        for name, value in self._values.items():
            shown[name] = _opened(value)
        for name, upload in self.uploads.items():
            shown[name] = {"file_name": upload.name, "size": len(upload.content)}
        return shown


async def read(request: Request) -> Params:
    """
    Return the parameters of *request*; raises a 400 where its body cannot be read.

    Where a name comes twice, the body wins over the query string.
    """
    values: dict[str, Any] = dict(request.query_params)
    uploads: dict[str, Upload] = {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        values.update(await _json_body(request))
    elif kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        async with request.form(max_part_size=64 * 1024 * 1024) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    content = await value.read()
                    uploads[name] = Upload(value.filename or name, content, value.content_type or "")
                else:
                    values[name] = value
    return Params(values, uploads)


async def _json_body(request: Request) -> dict[str, Any]:
    body = await request.body()
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
    except ValueError:
        raise bad_request("can't parse JSON object") from None
    if not isinstance(value, dict):
        raise bad_request("JSON object expected as request")
    return value


def _opened(value: object) -> object:
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
