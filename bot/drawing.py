"""
The drawing process: a program of its own that `bot/charts.py` starts and talks to; nobody imports it but its tests.

It reads one JSON object a line and answers each with a letter (P a picture, E an error), the length of what follows
(4 bytes, big-endian) and the PNG or the error's text. It ends when its input does.

Figure and Agg alone, no pyplot: its global state draws wrong pictures when shared, and costs memory.
"""

import json
import struct
import sys
from datetime import date
from io import BytesIO
from typing import Any, BinaryIO

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

_WIDTH, _HEIGHT, _DPI = 12.8, 7.2, 100
_PALETTES = {
    "dark": {"ground": "#17212b", "panel": "#17212b", "ink": "#e6edf3", "faint": "#7d8b99", "grid": "#2b3845"},
    "light": {"ground": "#ffffff", "panel": "#ffffff", "ink": "#1c2733", "faint": "#6b7885", "grid": "#dfe5ea"},
}
_RISE, _FALL = "#2eb872", "#e5534b"
_FEW = 3


def draw_equity_curve(points: list[tuple[date, float]], theme: str, title: str, currency: str) -> bytes:
    """Return a PNG (1280 x 720) of the curve through *points*, which are in order of their dates."""
    colours = _PALETTES[theme]
    days = [day for day, _ in points]
    values = [value for _, value in points]
    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, facecolor=colours["ground"])
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.045, 0.115, 0.82, 0.665), facecolor=colours["panel"])
    _curve(axes, days, values, colours)
    _scales(axes, days, values, colours)
    change = values[-1] - values[0]
    tone = _RISE if change >= 0 else _FALL
    figure.text(0.045, 0.93, _plain(title) or "Net liquidation", color=colours["faint"], fontsize=20, va="center")
    figure.text(
        0.045, 0.855, _amount(values[-1], currency), color=colours["ink"], fontsize=38, va="center", weight="bold"
    )
    if len(values) > 1:
        words = f"{_signed(change)}  ({_percent(change, values[0])})  since {days[0].day} {days[0]:%b %Y}"
        figure.text(0.955, 0.855, words, color=tone, fontsize=22, va="center", ha="right")
    stream = BytesIO()
    canvas.print_png(stream)  # type: ignore[no-untyped-call]  # matplotlib does not type it
    return stream.getvalue()


def _curve(axes: Axes, days: list[date], values: list[float], colours: dict[str, str]) -> None:
    tone = _RISE if values[-1] >= values[0] else _FALL
    marker: Any = "o" if len(days) <= _FEW else None
    axes.plot(days, values, color=tone, linewidth=3.2, solid_capstyle="round", marker=marker, markersize=9)  # type: ignore[arg-type]  # matplotlib takes dates
    axes.plot([days[-1]], [values[-1]], color=tone, marker="o", markersize=12, markeredgecolor=colours["ground"])  # type: ignore[arg-type]  # as above
    axes.axhline(values[0], color=colours["faint"], linewidth=1.2, linestyle=(0, (4, 4)))
    low, high = _bounds(values)
    axes.set_ylim(low, high)
    axes.fill_between(days, values, low, color=tone, alpha=0.14, linewidth=0)  # type: ignore[arg-type]  # as above


def _scales(axes: Axes, days: list[date], values: list[float], colours: dict[str, str]) -> None:
    span = _bounds(values)[1] - _bounds(values)[0]
    axes.yaxis.tick_right()
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, span)))
    if len(days) <= _FEW:
        axes.set_xticks(days, [f"{day.day} {day:%b}" for day in days])  # type: ignore[arg-type]  # matplotlib takes dates
    else:
        locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]  # matplotlib does not type it
        axes.xaxis.set_major_locator(locator)
        formatter = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]  # as above
        axes.xaxis.set_major_formatter(formatter)
    axes.margins(x=0.02)
    axes.grid(visible=True, axis="y", color=colours["grid"], linewidth=1)
    axes.set_axisbelow(True)
    axes.tick_params(colors=colours["faint"], labelsize=19, length=0, pad=8)
    for side in axes.spines.values():
        side.set_visible(False)


def _bounds(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (high - low) * 0.12 or abs(high) * 0.01 or 1.0
    return low - room, high + room


def _tick(value: float, span: float) -> str:
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            # Ticks are at least a tenth of the span apart: enough decimals to tell them from each other.
            decimals = next((places for places, least in enumerate((10, 1, 0.1)) if span / size >= least), 3)
            return f"{value / size:,.{decimals}f}{unit}"
    return f"{value:,.0f}"


def _amount(value: float, currency: str) -> str:
    body = f"{abs(value):,.2f}"
    sign = "-" if value < 0 else ""
    marks = {"USD": "$", "EUR": "€", "GBP": "£"}
    return f"{sign}{marks[currency]}{body}" if currency in marks else f"{sign}{body} {currency}".rstrip()


def _signed(value: float) -> str:
    return f"{value:+,.2f}"


def _percent(change: float, base: float) -> str:
    return f"{change / abs(base) * 100:+.2f}%" if base else "from nothing"


def _plain(text: str) -> str:
    """Return *text* without dollar signs, between which matplotlib would read formulas."""
    return text.replace("$", "")


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Draw what each line of *requests* asks for, until there are no more."""
    for line in requests:
        try:
            wanted = json.loads(line)
            points = [(date.fromisoformat(day), float(value)) for day, value in wanted["points"]]
            kind, body = b"P", draw_equity_curve(points, wanted["theme"], wanted["title"], wanted["currency"])
        except (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError) as error:
            kind, body = b"E", f"{type(error).__name__}: {error}".encode()
        answers.write(struct.pack(">cI", kind, len(body)) + body)
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
