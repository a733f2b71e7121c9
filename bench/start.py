"""
PRODUCT M, row 6: the start with 100,000 alerts, and the memory of each.

The real process (`python -m bot run`) is started on a database with so many alerts and on one without any, with nothing
to talk to: neither Telegram nor TWS is there. It has started when its health page answers, which it does once all
alerts are loaded; what the start takes without any (the imports) is not counted. Memory is what the system has given
the process by then (RSS), over that of the process without.
"""

import asyncio
import subprocess
from pathlib import Path
from socket import create_connection
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from sqlalchemy import insert

from bench.child import BOT, HOST, free_port, running, settings, url_of, words
from bench.population import instruments, rules
from bench.row import Row
from market.clock import SystemClock
from storage.database import Database
from storage.rules import rule_columns
from storage.tables import rules as rules_table

LIMIT_S = 3.0
LIMIT_BYTES = 1024
_ALERTS = 100_000
_SYMBOLS = 100
_BATCH = 5_000
_TRIES = 3
_PATIENCE_S = 120.0
_LOOK_S = 0.01


def measure(alerts: int = _ALERTS) -> list[Row]:
    """Return two rows: the seconds of a start, and the bytes of an alert."""
    with TemporaryDirectory() as place:
        full, empty = Path(place, "full"), Path(place, "empty")
        full.mkdir()
        empty.mkdir()
        asyncio.run(filled(full, alerts))
        asyncio.run(filled(empty, 0))
        seconds, resident = min(_started(full) for _ in range(_TRIES))
        bare_s, bare = min(_started(empty) for _ in range(_TRIES))
    each = (resident - bare) / alerts
    return [
        Row(
            f"start: loading {alerts:,} alerts",
            "value",
            seconds - bare_s,
            LIMIT_S,
            " s",
            note=f"{seconds:.2f} s until it answers, {bare_s:.2f} s without any",
        ),
        Row(
            f"memory of an alert, of {alerts:,}",
            "value",
            each,
            LIMIT_BYTES,
            " B",
            note=f"{resident / 2**20:.0f} MiB against {bare / 2**20:.0f} MiB",
        ),
    ]


async def filled(folder: Path, alerts: int, symbols: int = _SYMBOLS) -> None:
    """Make the database of a bot with *alerts* alerts on *symbols* shares in *folder*."""
    database = await Database.open(url_of(folder), clock=SystemClock(), boot_id="bench")
    rows = [rule_columns(rule) for rule in rules(alerts, instruments(symbols))]
    for begin in range(0, len(rows), _BATCH):
        async with database.writing() as connection:
            await connection.execute(insert(rules_table), rows[begin : begin + _BATCH])
    await database.close()


def _started(folder: Path) -> tuple[float, int]:
    """Start the bot, and return the seconds until it has started and the bytes that it has then."""
    port = free_port()
    begun = perf_counter()
    nowhere = free_port()
    environment = settings(folder, f"http://{HOST}:{nowhere}", nowhere, http_port=port)
    with running(BOT, folder, environment) as process:
        while not _answers(port):
            if process.poll() is not None or perf_counter() - begun > _PATIENCE_S:
                raise RuntimeError(words(folder))
            sleep(_LOOK_S)
        seconds = perf_counter() - begun
        return seconds, _resident(process.pid)


def _answers(port: int) -> bool:
    try:
        with create_connection((HOST, port), timeout=_PATIENCE_S) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return connection.recv(4) == b"HTTP"
    except OSError:
        return False


def _resident(pid: int) -> int:
    """Return the process's resident memory in bytes, as `ps` tells it in KiB."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True, text=True)  # noqa: S603, S607  a number
    return int(told.stdout) * 1024
