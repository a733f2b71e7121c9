"""The file HALT beside the database: whoever can write it stops trading, without Telegram and without the database."""

import os

from storage.engine import file_of

NAME = "HALT"


class HaltFile:
    """
    The file *NAME* in the folder of the database that *url* names; that it is there is all it says.

    Looked at before each order: a stat of a local file takes microseconds.
    """

    def __init__(self, url: str) -> None:
        self.path = file_of(url).with_name(NAME)

    def is_set(self) -> bool:
        """Return whether it is there. Raises OSError where that cannot be told, also for want of the folder."""
        try:
            # Also a link that leads nowhere is there.
            self.path.lstat()
        except FileNotFoundError:
            self.path.parent.stat()
            return False
        return True

    def write(self, text: str) -> bool:
        """Make the file and its folder, with *text* for who finds it; False if it was there. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.path.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            return False
        return True

    def remove(self) -> bool:
        """Take the file away; False if there was none. Raises OSError."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True
