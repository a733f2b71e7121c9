"""Programs measured from outside: the real bot, and the scripts that it is held against, as processes of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import create_server

HOST = "127.0.0.1"
TOKEN = "42:a-token-that-nobody-knows"  # noqa: S105  of no bot that there is
BOT = ("-m", "bot", "run")
_ROOT = Path(__file__).parent.parent
_KEPT = frozenset({"PATH", "HOME", "LANG", "LC_ALL"})


@contextmanager
def running(
    program: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run Python on *program*, killed at the end of the block; `words` of *folder* are what it said."""
    surroundings = {name: value for name, value in os.environ.items() if name in _KEPT}
    surroundings |= {"PYTHONPATH": str(_ROOT), **(environment or {})}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603  our own programs
            [sys.executable, *program], env=surroundings, cwd=folder, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def words(folder: Path) -> str:
    """Return what programs in *folder* said."""
    log = folder / "log"
    return log.read_text(encoding="utf-8") if log.exists() else ""


def settings(
    folder: Path, telegram_url: str, tws_port: int, users: str = "111:admin", http_port: int = 0
) -> dict[str, str]:
    """Return the environment of a bot whose data stand in *folder*."""
    return {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram_url,
        "TELEGRAM_USERS": users,
        "IB_HOST": HOST,
        "IB_PORT": str(tws_port),
        "DATABASE_URL": url_of(folder),
        "HTTP_PORT": str(http_port),
    }


def url_of(folder: Path) -> str:
    """Return the address of the database in *folder*."""
    return f"sqlite:///{folder / 'squawkbot.db'}"


def free_port() -> int:
    """Return a port on which nobody listens."""
    with create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port
