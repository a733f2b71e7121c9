"""
Pictures, drawn in one spawned process (`bot/drawing.py`).

matplotlib in a thread stalls the loop by 60 to 100 ms, in a process by 2. The process is started at the first picture
and draws one at a time; one that takes too long or dies is ended and made anew. It is spoken to through its own pipes:
`multiprocessing` would import the whole bot into it, and the environment it is given holds no secret. No picture ever
holds up a message: whoever asks gets None instead.
"""

import asyncio
import json
import logging
import os
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from alerts.history import Backtest
from market.quote import Bar

_log = logging.getLogger(__name__)

_PROGRAM = Path(__file__).with_name("drawing.py")
_HANDED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME", "LD_LIBRARY_PATH", "SYSTEMROOT")
_HEAD = struct.Struct(">cI")
_MOST_BYTES = 10_000_000
_LIMIT_S = 5.0
_WARMUP_S = 30.0
_MOST_WAITING = 8

Points = Sequence[tuple[date, float]]


class Theme(StrEnum):
    """The colours of a picture."""

    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True, slots=True)
class Line:
    """A price drawn across a chart, with its *label*."""

    price: float
    label: str
    kind: Literal["level", "entry", "stop", "target", "order"] = "level"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened *at* a moment, at *price*."""

    at: datetime
    price: float
    kind: Literal["firing", "buy", "sell"] = "firing"


class ChartPainter:
    """
    Draws pictures in a process of its own.

    *limit_s* bounds one drawing, *most_waiting* how many may be asked for at once. The first drawing of a new process
    may take *warmup_s*, since it has to import matplotlib. *program* is the file that draws. `close` ends the process.
    """

    def __init__(
        self,
        *,
        limit_s: float = _LIMIT_S,
        warmup_s: float = _WARMUP_S,
        most_waiting: int = _MOST_WAITING,
        program: Path = _PROGRAM,
    ) -> None:
        self._limit_s = limit_s
        self._warmup_s = warmup_s
        self._most_waiting = most_waiting
        self._program = program
        self._waiting = 0
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._is_warm = False

    async def equity_curve(
        self, points: Points, theme: Theme = Theme.DARK, *, title: str = "", currency: str = ""
    ) -> bytes | None:
        """
        Return a PNG (1280 x 720) of the account's value over time, or None where it could not be drawn.

        *points* are in order of their dates; *title* and *currency* are drawn as text.
        """
        if not points:
            return None
        return await self._in_turn(
            {
                "kind": "equity",
                "points": [(day.isoformat(), value) for day, value in points],
                "theme": theme.value,
                "title": title,
                "currency": currency,
            }
        )

    async def price_chart(
        self,
        bars: Sequence[Bar],
        theme: Theme = Theme.DARK,
        *,
        title: str = "",
        zone: str = "UTC",
        lines: Sequence[Line] = (),
        marks: Sequence[Mark] = (),
    ) -> bytes | None:
        """
        Return a PNG (1280 x 720) of *bars* as candles with their volume, or None where it could not be drawn.

        *bars* are oldest first; times are written as clocks in *zone* (IANA) show them.
        """
        if not bars:
            return None
        return await self._in_turn(
            {
                "kind": "price",
                "bars": _rows(bars, zone),
                "theme": theme.value,
                "title": title,
                "lines": [(line.price, line.label, line.kind) for line in lines],
                "marks": [(_local(mark.at, zone), mark.price, mark.kind) for mark in marks],
            }
        )

    async def backtest_chart(
        self, backtest: Backtest, theme: Theme = Theme.DARK, *, title: str = "", zone: str = "UTC"
    ) -> bytes | None:
        """Return a PNG (1280 x 720) of the price with each firing of *backtest* marked, or None as `price_chart`."""
        if not backtest.bars:
            return None
        is_daily = _is_daily(backtest.bars)
        return await self._in_turn(
            {
                "kind": "backtest",
                "bars": _rows(backtest.bars, zone),
                "theme": theme.value,
                "title": title,
                "headline": _headline(backtest),
                "aside": _aside(backtest),
                "level": backtest.level,
                "marks": [
                    # A daily bar is drawn on its date, whatever the time of its close.
                    (one.at.date().isoformat() if is_daily else _local(one.at, zone), one.price, "firing")
                    for one in backtest.firings
                ],
            }
        )

    async def movers_chart(
        self,
        up: Sequence[tuple[str, float]],
        down: Sequence[tuple[str, float]],
        theme: Theme = Theme.DARK,
        *,
        title: str = "",
    ) -> bytes | None:
        """
        Return a PNG (1280 x 720) of changes in percent as bars, those *up* beside those *down*, or None as above.

        Both are pairs of a label and a change, in the order in which they are drawn from the top.
        """
        if not up and not down:
            return None
        return await self._in_turn(
            {"kind": "movers", "up": list(up), "down": list(down), "theme": theme.value, "title": title}
        )

    async def close(self) -> None:
        """Kill the process, for one that hangs ends in no other way; a later picture starts a new one."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with suppress(ProcessLookupError):
            process.kill()
        # Reads what it had still to say: only then is the pipe closed.
        await process.communicate()

    async def _in_turn(self, wanted: dict[str, Any]) -> bytes | None:
        if self._waiting >= self._most_waiting:
            _log.warning("no picture: %s are waiting already", self._waiting)
            return None
        self._waiting += 1
        try:
            async with self._turn:
                return await self._drawn(wanted)
        finally:
            self._waiting -= 1

    async def _drawn(self, wanted: dict[str, Any]) -> bytes | None:
        limit_s = self._limit_s if self._is_warm else self._warmup_s
        answer: tuple[bytes, bytes] | None = None
        try:
            async with asyncio.timeout(limit_s):
                answer = await self._asked(json.dumps(wanted))
        except TimeoutError:
            _log.warning("no picture: it took longer than %s s; the process is made anew", limit_s)
        except (EOFError, OSError) as error:
            _log.warning("no picture: the drawing process died (%s); it is made anew", type(error).__name__)
        finally:
            # Also when whoever asked is cancelled: an answer nobody read would be taken for the next one's.
            if answer is None:
                await self.close()
        if answer is None:
            return None
        kind, body = answer
        if kind != b"P":
            _log.warning("no picture: %s", body.decode(errors="replace"))
            return None
        self._is_warm = True
        return body

    async def _asked(self, line: str) -> tuple[bytes, bytes]:
        process = await self._running()
        if process.stdin is None or process.stdout is None:
            raise EOFError
        process.stdin.write(line.encode() + b"\n")
        await process.stdin.drain()
        kind, size = _HEAD.unpack(await process.stdout.readexactly(_HEAD.size))
        if size > _MOST_BYTES:
            raise EOFError
        return kind, await process.stdout.readexactly(size)

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            self._is_warm = False
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                # Without its own folder on the path: there, our calendar.py would hide Python's.
                "-P",
                str(self._program),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={name: os.environ[name] for name in _HANDED_ON if name in os.environ},
                # Ctrl-C in the terminal is for the bot, which then ends its process itself.
                start_new_session=True,
            )
        return self._process


def _rows(bars: Sequence[Bar], zone: str) -> list[tuple[str, float, float, float, float, float]]:
    is_daily = _is_daily(bars)
    return [
        (
            # A daily bar's start is midnight UTC of its date, which is no moment anywhere else.
            bar.start.date().isoformat() if is_daily else _local(bar.start, zone),
            bar.open,
            bar.high,
            bar.low,
            bar.close,
            bar.volume,
        )
        for bar in bars
    ]


def _is_daily(bars: Sequence[Bar]) -> bool:
    return not any(bar.start.hour or bar.start.minute for bar in bars)


def _local(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat()


def _headline(backtest: Backtest) -> str:
    count = len(backtest.firings)
    days = max((backtest.end - backtest.start).days, 1) if backtest.start is not None else 0
    return f"{count} \u00d7 in {days} days" if count else f"never in {days} days"


def _aside(backtest: Backtest) -> str:
    moves = [(backtest.median_1h_pct, "1 h"), (backtest.median_1d_pct, "1 d")]
    told = [f"{span} {move:+.2f}%" for move, span in moves if move is not None]
    return f"median after  {'   '.join(told)}" if told else ""
