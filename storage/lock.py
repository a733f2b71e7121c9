"""One process per database file: two bots on one outbox would send everything twice."""

import os
import sys
from pathlib import Path

from storage.errors import StorageBusy

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """
    An operating system lock on `<path>.lock`; a killed process gives it up with its last breath.

    The file itself stays: were it removed, two processes could hold locks on two files of the same name.
    """

    def __init__(self, path: Path, holder: str) -> None:
        """Take the lock and note *holder* in the file. Raises StorageBusy when another has it."""
        self._path = path.with_name(path.name + ".lock")
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            raise StorageBusy(str(path), self._path.read_text(errors="replace").strip()) from error
        os.truncate(self._descriptor, 0)
        os.write(self._descriptor, f"{holder}\n".encode())

    def release(self) -> None:
        """Give the lock up."""
        os.close(self._descriptor)
