"""The drawing process: it draws, it is bounded, it is made anew, and matplotlib stays out of the bot."""

import asyncio
import os
import struct
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from bot.charts import ChartPainter, Theme

POINTS = [(date(2026, 11, 1), 100_000.0), (date(2026, 11, 2), 99_000.0), (date(2026, 11, 20), 101_500.0)]

FAKE = """
import json, os, struct, sys
for line in sys.stdin.buffer:
    title = json.loads(line)["title"]
    if title == "die":
        os._exit(1)
    if title == "hang":
        sys.stdin.buffer.read()
    body = str(os.getpid()).encode() if title != "env" else json.dumps(sorted(os.environ)).encode()
    sys.stdout.buffer.write(struct.pack(">cI", b"E" if title == "fail" else b"P", len(body)) + body)
    sys.stdout.buffer.flush()
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "fake_drawing.py"
    path.write_text(FAKE)
    return path


async def test_the_picture_is_a_png_of_1280_by_720_in_both_themes() -> None:
    painter = ChartPainter()
    try:
        for theme in Theme:
            picture = await painter.equity_curve(POINTS, theme, title="Net liquidation $x$", currency="USD")
            assert picture is not None
            assert picture.startswith(b"\x89PNG")
            assert struct.unpack(">II", picture[16:24]) == (1280, 720)
    finally:
        await painter.close()


def test_matplotlib_is_not_imported_by_the_bot() -> None:
    code = "import sys, bot.charts, bot.commands, bot.router; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  our own code
    assert done.stdout.strip() == "False"


async def test_one_process_draws_all_and_a_failure_does_not_end_it(program: Path) -> None:
    painter = ChartPainter(program=program)
    try:
        first = await painter.equity_curve(POINTS)
        assert await painter.equity_curve(POINTS, title="fail") is None
        assert await painter.equity_curve(POINTS) == first
    finally:
        await painter.close()


@pytest.mark.parametrize("ill", ["die", "hang"])
async def test_a_process_that_dies_or_hangs_is_made_anew(program: Path, ill: str) -> None:
    painter = ChartPainter(program=program, limit_s=0.5)
    try:
        first = await painter.equity_curve(POINTS)
        assert await painter.equity_curve(POINTS, title=ill) is None
        second = await painter.equity_curve(POINTS)
        assert first is not None
        assert second not in {None, first}
        with pytest.raises(ProcessLookupError):
            os.kill(int(first), 0)
    finally:
        await painter.close()


async def test_whoever_is_cancelled_leaves_no_answer_to_the_next(program: Path) -> None:
    painter = ChartPainter(program=program)
    try:
        await painter.equity_curve(POINTS)
        task = asyncio.create_task(painter.equity_curve(POINTS, title="hang"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await painter.equity_curve(POINTS) is not None
    finally:
        await painter.close()


async def test_too_many_at_once_go_without(program: Path) -> None:
    painter = ChartPainter(program=program, most_waiting=3)
    try:
        pictures = await asyncio.gather(*(painter.equity_curve(POINTS) for _ in range(5)))
        assert sum(picture is None for picture in pictures) == 2
    finally:
        await painter.close()


async def test_no_points_no_picture(program: Path) -> None:
    assert await ChartPainter(program=program).equity_curve([]) is None


async def test_a_program_that_is_not_there_is_no_harm(tmp_path: Path) -> None:
    painter = ChartPainter(program=tmp_path / "none.py")
    assert await painter.equity_curve(POINTS) is None
    await painter.close()


async def test_the_process_is_given_no_secret(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123:secret")
    painter = ChartPainter(program=program)
    try:
        seen = await painter.equity_curve(POINTS, title="env")
    finally:
        await painter.close()
    assert seen is not None
    assert b"TELEGRAM" not in seen
