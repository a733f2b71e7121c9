"""Files sent either way: their ids, their bytes, and what a picture measures."""

from __future__ import annotations

import mimetypes
import struct
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Any

from simulator.telegram.errors import ApiError, bad_request

if TYPE_CHECKING:
    from simulator.telegram.params import Params, Upload

MAX_PHOTO = 10 * 1024 * 1024
MAX_UPLOAD = 50 * 1024 * 1024
MAX_DOWNLOAD = 20 * 1024 * 1024
MAX_PHOTO_SIDES = 10_000
MAX_PHOTO_RATIO = 20


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file on the local Telegram; *size* of a picture in pixels, (0, 0) for others."""

    file_id: str
    unique_id: str
    name: str
    mime_type: str
    path: str
    content: bytes
    width: int = 0
    height: int = 0

    def photo(self) -> list[dict[str, Any]]:
        """Return the Message's photo field: one size, the original's."""
        return [{**self._ids(), "width": self.width, "height": self.height}]

    def document(self) -> dict[str, Any]:
        """Return the Message's document field."""
        return {"file_name": self.name, "mime_type": self.mime_type, **self._ids()}

    def file(self) -> dict[str, Any]:
        """Return the Bot API's File object."""
        return {**self._ids(), "file_path": self.path}

    def _ids(self) -> dict[str, Any]:
        return {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": len(self.content)}


class Files:
    """All files by id; every upload gets ids of its own, also where the bytes are known."""

    def __init__(self) -> None:
        self._files: dict[str, StoredFile] = {}
        self._numbers = count(1)

    def get(self, file_id: str) -> StoredFile | None:
        """Return the file *file_id*, None where there is none."""
        return self._files.get(file_id)

    def by_path(self, path: str) -> StoredFile | None:
        """Return the file that getFile gave *path* for, None where there is none."""
        return next((file for file in self._files.values() if file.path == path), None)

    def add(self, upload: Upload, *, as_photo: bool) -> StoredFile:
        """
        Keep an uploaded file.

        Raises a 400 where a photo is no picture, too large, or too long and
        thin (IMAGE_PROCESS_FAILED, PHOTO_INVALID_DIMENSIONS), a 413 above 50 MB.
        """
        if not upload.content:
            raise bad_request("file must be non-empty")
        if len(upload.content) > (MAX_PHOTO if as_photo else MAX_UPLOAD):
            raise bad_request("file is too big") if as_photo else ApiError(413, "Request Entity Too Large")
        width, height = dimensions(upload.content)
        if as_photo:
            _check_photo(width, height)
        number = next(self._numbers)
        digest = sha256(upload.content + number.to_bytes(8, "big")).hexdigest()
        name = upload.name.rpartition("/")[2] or "file"
        folder = "photos" if as_photo else "documents"
        mime = upload.mime_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        file = StoredFile(
            file_id=f"{'AgAC' if as_photo else 'BQAC'}{digest[:40]}{number}",
            unique_id=f"AQAD{digest[40:52]}",
            name=name,
            mime_type=mime,
            path=f"{folder}/file_{number}{_suffix(name)}",
            content=upload.content,
            width=width,
            height=height,
        )
        self._files[file.file_id] = file
        return file

    def taken(self, params: Params, name: str, reference: str | None = None) -> StoredFile:
        """
        Return the file that parameter *name* (or a *reference* from inside InputMedia) brings or points to.

        A part of the request, "attach://part", or the file_id of an earlier
        file. The local Telegram fetches nothing: addresses are refused.
        """
        kind = "photo" if name == "photo" else "document"
        text = params.text(name) if reference is None else reference
        upload = params.upload(name) if reference is None else params.attached(reference)
        if upload is not None:
            return self.add(upload, as_photo=kind == "photo")
        if not text or text.startswith("attach://"):
            raise bad_request(f"there is no {kind} in the request")
        if text.startswith(("http://", "https://")):
            raise bad_request("failed to get HTTP URL content")
        known = self.get(text)
        if known is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return known


def dimensions(content: bytes) -> tuple[int, int]:
    """Return width and height of a PNG, GIF or JPEG in pixels, (0, 0) for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:  # noqa: PLR2004 - signature and IHDR
        width, height = struct.unpack(">II", content[16:24])
        return int(width), int(height)
    if content.startswith((b"GIF87a", b"GIF89a")):
        width, height = struct.unpack("<HH", content[6:10])
        return int(width), int(height)
    if content.startswith(b"\xff\xd8"):
        return _jpeg_dimensions(content)
    return 0, 0


def _jpeg_dimensions(content: bytes) -> tuple[int, int]:
    at = 2
    frames = {0xC0, 0xC1, 0xC2, 0xC3}
    while at + 9 <= len(content) and content[at] == 0xFF:  # noqa: PLR2004 - every JPEG marker begins with it
        if content[at + 1] in frames:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return int(width), int(height)
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return 0, 0


def _check_photo(width: int, height: int) -> None:
    if not width or not height:
        raise bad_request("IMAGE_PROCESS_FAILED")
    too_thin = max(width, height) > MAX_PHOTO_RATIO * min(width, height)
    if too_thin or width + height > MAX_PHOTO_SIDES:
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if stem and dot and suffix.isalnum() else ""
