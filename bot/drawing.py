"""
The drawing process: a program of its own that `bot/charts.py` starts and talks to; nobody imports it but its tests.

It reads one JSON object a line and answers each with a letter (P a picture, E an error), the length of what follows
(4 bytes, big-endian) and the PNG or the error's text. It ends when its input does.

Figure and Agg alone, no pyplot: its global state draws wrong pictures when shared, and costs memory. It is one file,
and longer than others, because it runs without its own folder on the path and imports nothing of the house.
"""

import json
import os
import struct
import sys
from bisect import bisect_right
from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple

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
_MANY = 25


_LINE_COLOURS = {"level": "#e3a008", "entry": "#4c9be8", "stop": "#e5534b", "target": "#2eb872", "order": "#9d7fe0"}
_FIRING, _BUY, _SELL = "#e3a008", "#2eb872", "#e5534b"
_MOST_CANDLES = 130
_LONGEST_TITLE = 62
_MOST_MOVERS = 8
_LABEL_HEIGHT_PX = 30
# With fewer candles than this there is room beside them: they would become as broad as houses.
_LEAST_WIDTH = 20
# Where a new label may begin under the bars, coarsest first.
_PARTS: tuple[Callable[[datetime], tuple[int, ...]], ...] = (
    lambda at: (at.year, at.month),
    lambda at: at.isocalendar()[:2],
    lambda at: (at.year, at.month, at.day),
    lambda at: (at.year, at.month, at.day, at.hour),
)


class Candle(NamedTuple):
    """One bar, or several in one: *start* as the viewer's clocks showed it."""

    start: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


class Line(NamedTuple):
    """A price drawn across the picture: a level, an entry, a stop, a target or an order."""

    price: float
    label: str
    kind: str


class Mark(NamedTuple):
    """Something that happened at a price: a firing, a buy or a sell."""

    at: datetime
    price: float
    kind: str


class _Picture:
    """A figure of 1280 x 720 with its words on top: a title, a headline, and what is said on the right."""

    def __init__(self, theme: str, title: str, headline: str, size: int = 38) -> None:
        self.colours = _PALETTES[theme]
        self.figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, facecolor=self.colours["ground"])
        self._canvas = FigureCanvasAgg(self.figure)
        short = title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1] + "\u2026"
        # Without parse_math, matplotlib would read a formula between two dollar signs.
        self.figure.text(0.045, 0.93, short, color=self.colours["faint"], fontsize=20, va="center", parse_math=False)
        self.figure.text(
            0.045,
            0.855,
            headline,
            color=self.colours["ink"],
            fontsize=size,
            va="center",
            weight="bold",
            parse_math=False,
        )

    def say(self, words: str, tone: str, height: float = 0.855) -> None:
        self.figure.text(0.955, height, words, color=tone, fontsize=22, va="center", ha="right", parse_math=False)

    def axes(self, bottom: float = 0.115, height: float = 0.665) -> Axes:
        return self.figure.add_axes((0.045, bottom, 0.82, height), facecolor=self.colours["panel"])

    def png(self) -> bytes:
        stream = BytesIO()
        self._canvas.print_png(stream)  # type: ignore[no-untyped-call]  # matplotlib does not type it
        return stream.getvalue()


def draw_equity_curve(points: list[tuple[date, float]], theme: str, title: str, currency: str) -> bytes:
    """Return a PNG (1280 x 720) of the curve through *points*, which are in order of their dates."""
    days = [day for day, _ in points]
    values = [value for _, value in points]
    picture = _Picture(theme, title or "Net liquidation", _amount(values[-1], currency))
    axes = picture.axes()
    _curve(axes, days, values, picture.colours)
    _scales(axes, days, values, picture.colours)
    change = values[-1] - values[0]
    if len(values) > 1:
        words = f"{_signed(change)}  ({_percent(change, values[0])})  since {days[0].day} {days[0]:%b %Y}"
        picture.say(words, _RISE if change >= 0 else _FALL)
    return picture.png()


def draw_prices(candles: list[Candle], lines: list[Line], marks: list[Mark], theme: str, title: str) -> bytes:
    """Return a PNG (1280 x 720) of *candles* with their volume, *lines* across, and *marks* where things happened."""
    bars = _gathered(candles)
    picture = _Picture(theme, title, _price(candles[-1].close))
    change = candles[-1].close - candles[0].open
    moved = f"{_price(change, '+', candles[0].open)}  ({_percent(change, candles[0].open)})"
    picture.say(f"{moved}  since {_moment(candles[0].start)}", _RISE if change >= 0 else _FALL)
    has_volume = any(bar.volume for bar in bars)
    axes = picture.axes(0.25, 0.53) if has_volume else picture.axes()
    _candles(axes, bars)
    prices = [*(bar.high for bar in bars), *(bar.low for bar in bars), *(line.price for line in lines)]
    axes.set_ylim(*_bounds([*prices, *(mark.price for mark in marks)]))
    starts = [bar.start for bar in bars]
    for mark in marks:
        _pin(axes, max(bisect_right(starts, mark.at) - 1, 0), mark, picture.colours)
    _levels(axes, lines, picture.colours)
    # Few candles stand in the middle.
    room = max(_LEAST_WIDTH - len(bars), 0) / 2
    below, edges = axes, (-0.8 - room, len(bars) - 0.2 + room)
    if has_volume:
        below = picture.axes(0.115, 0.11)
        tones = [_RISE if bar.close >= bar.open else _FALL for bar in bars]
        below.bar(range(len(bars)), [bar.volume for bar in bars], width=0.7, color=tones, alpha=0.55, linewidth=0)
        _bare(below, picture.colours)
        below.set_yticks([])
        axes.set_xticks([])
        below.set_xlim(*edges)
    axes.set_xlim(*edges)
    _price_scale(axes, picture.colours)
    _dates(below, starts, picture.colours)
    return picture.png()


def draw_backtest(candles: list[Candle], marks: list[Mark], level: float | None, theme: str, words: list[str]) -> bytes:
    """
    Return a PNG (1280 x 720) of the closes of *candles*, with a mark where a rule would have fired.

    *words* are the title, the headline, and what is said on the right (or "").
    """
    title, headline, aside = words
    picture = _Picture(theme, title, headline, size=32)
    picture.say(aside, picture.colours["faint"])
    axes = picture.axes()
    starts = [candle.start for candle in candles]
    closes = [candle.close for candle in candles]
    axes.plot(range(len(closes)), closes, color=picture.colours["faint"], linewidth=1.8)
    edge = [] if level is None or not _is_near(level, closes) else [Line(level, _price(level), "level")]
    axes.set_ylim(*_bounds([*closes, *(mark.price for mark in marks), *(line.price for line in edge)]))
    size = 220 if len(marks) <= _MANY else 90
    for mark in marks:
        x = max(bisect_right(starts, mark.at) - 1, 0)
        if len(marks) <= _MANY:
            axes.axvline(x, color=_FIRING, linewidth=1.2, alpha=0.35)
        axes.scatter([x], [mark.price], s=size, color=_FIRING, edgecolors=picture.colours["ground"], zorder=4)
    _levels(axes, edge, picture.colours)
    axes.margins(x=0.01)
    _price_scale(axes, picture.colours)
    _dates(axes, starts, picture.colours)
    return picture.png()


def draw_movers(up: list[tuple[str, float]], down: list[tuple[str, float]], theme: str, title: str) -> bytes:
    """Return a PNG (1280 x 720) of changes in percent: gains as bars on the left, losses on the right."""
    best = max((change for _, change in up), default=0.0)
    worst = min((change for _, change in down), default=0.0)
    picture = _Picture(theme, title, f"up to {best:+.1f}%   down to {worst:+.1f}%", size=32)
    width = 0.44
    for left, moves, tone in ((0.045, up, _RISE), (0.515, down, _FALL)):
        axes = picture.figure.add_axes((left, 0.06, width, 0.72), facecolor=picture.colours["panel"])
        _bars(axes, moves, tone, picture.colours)
    return picture.png()


def _bars(axes: Axes, moves: list[tuple[str, float]], tone: str, colours: dict[str, str]) -> None:
    """Draw one bar a row from the top, its label before it and its change behind it."""
    places = range(len(moves))
    longest = max((abs(change) for _, change in moves), default=1.0) or 1.0
    axes.barh(places, [abs(change) for _, change in moves], height=0.72, color=tone, alpha=0.9, linewidth=0)
    for place, (label, change) in zip(places, moves, strict=True):
        words = ((-longest * 0.03, "right", label), (abs(change) + longest * 0.03, "left", f"{change:+.1f}%"))
        for x, side, said in words:
            axes.text(x, place, said, ha=side, va="center", fontsize=20, color=colours["ink"], parse_math=False)
    # Room for the labels before the bars and the numbers behind them.
    axes.set_xlim(-longest * 0.5, longest * 1.42)
    axes.set_ylim(_MOST_MOVERS - 0.4, -0.6)
    axes.set_xticks([])
    axes.set_yticks([])
    _bare(axes, colours)


def _gathered(candles: list[Candle]) -> list[Candle]:
    """Return as many candles as can be told apart, each of equally many."""
    each = -(-len(candles) // _MOST_CANDLES)
    groups = [candles[begin : begin + each] for begin in range(0, len(candles), each)]
    return [
        Candle(
            group[0].start,
            group[0].open,
            max(one.high for one in group),
            min(one.low for one in group),
            group[-1].close,
            sum(one.volume for one in group),
        )
        for group in groups
    ]


def _candles(axes: Axes, bars: list[Candle]) -> None:
    tones = [_RISE if bar.close >= bar.open else _FALL for bar in bars]
    places = range(len(bars))
    axes.vlines(places, [bar.low for bar in bars], [bar.high for bar in bars], color=tones, linewidth=1.6)
    # A body without any height would not be seen.
    least = (max(bar.high for bar in bars) - min(bar.low for bar in bars)) / 400
    bodies = [max(abs(bar.close - bar.open), least) for bar in bars]
    axes.bar(places, bodies, width=0.7, bottom=[min(bar.open, bar.close) for bar in bars], color=tones, linewidth=0)


def _pin(axes: Axes, place: int, mark: Mark, colours: dict[str, str]) -> None:
    tone, shape = {"firing": (_FIRING, "o"), "buy": (_BUY, "^"), "sell": (_SELL, "v")}[mark.kind]
    if mark.kind == "firing":
        axes.axvline(place, color=tone, linewidth=1.4, alpha=0.5)
    axes.scatter([place], [mark.price], s=240, marker=shape, color=tone, edgecolors=colours["ground"], zorder=5)


def _levels(axes: Axes, lines: list[Line], colours: dict[str, str]) -> None:
    """Draw *lines* across, each with its label on the left; labels that would lie on each other make room."""
    low, high = axes.get_ylim()
    # Two labels nearer than this would lie on each other.
    step = _LABEL_HEIGHT_PX / (axes.get_position().height * _HEIGHT * _DPI)
    floor = -1.0
    for line in sorted(lines, key=lambda line: line.price):
        tone = _LINE_COLOURS[line.kind]
        axes.axhline(line.price, color=tone, linewidth=2, linestyle=(0, (5, 3)), zorder=3)
        height = max((line.price - low) / (high - low), floor + step)
        floor = height
        axes.text(
            0.005,
            height,
            line.label,
            transform=axes.transAxes,
            ha="left",
            va="bottom",
            fontsize=18,
            color=tone,
            weight="bold",
            parse_math=False,
            zorder=6,
            bbox={"facecolor": colours["panel"], "alpha": 0.75, "linewidth": 0, "pad": 2},
        )


def _price_scale(axes: Axes, colours: dict[str, str]) -> None:
    axes.yaxis.tick_right()
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    middle = sum(axes.get_ylim()) / 2
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _price(value, like=middle)))
    axes.grid(visible=True, axis="y", color=colours["grid"], linewidth=1)
    axes.set_axisbelow(True)
    _bare(axes, colours)


def _bare(axes: Axes, colours: dict[str, str]) -> None:
    axes.tick_params(colors=colours["faint"], labelsize=19, length=0, pad=8)
    for side in axes.spines.values():
        side.set_visible(False)


def _dates(axes: Axes, starts: list[datetime], colours: dict[str, str]) -> None:
    """Write under the bars when they were; nights and weekends have no room of their own."""
    for part in _PARTS:
        places = [n for n in range(1, len(starts)) if part(starts[n]) != part(starts[n - 1])]
        if len(places) >= _FEW:
            break
    else:
        places = list(range(len(starts)))
    # Labels at the very edges would be cut.
    places = [n for n in places if 0.03 * len(starts) <= n <= 0.96 * len(starts)] or places
    apart = max(len(starts), _LEAST_WIDTH) / 7
    told: list[int] = []
    for n in places:
        if not told or n - told[-1] >= apart:
            told.append(n)
    is_within_days = (starts[-1] - starts[0]).days < _FEW and any(start.hour or start.minute for start in starts)
    axes.set_xticks(told, [f"{starts[n]:%H:%M}" if is_within_days else _day(starts[n]) for n in told])
    axes.tick_params(colors=colours["faint"], labelsize=19, length=0, pad=8)


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


def _decimals(price: float) -> int:
    """Return how many decimals the size of *price* calls for."""
    return next((places for places, least in ((2, 10), (3, 2)) if abs(price) >= least), 4)


def _price(value: float, sign: str = "", like: float | None = None) -> str:
    return f"{value:{sign},.{_decimals(value if like is None else like)}f}"


def _is_near(level: float, closes: list[float]) -> bool:
    """Return whether *level* can be drawn without pressing the prices flat."""
    low, high = min(closes), max(closes)
    room = 2 * (high - low)
    return low - room <= level <= high + room


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b}"


def _moment(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}" if not (at.hour or at.minute) else f"{at.day} {at:%b %H:%M}"


def _drawn(wanted: dict[str, Any]) -> bytes:
    if wanted["kind"] == "equity":
        points = [(date.fromisoformat(day), float(value)) for day, value in wanted["points"]]
        return draw_equity_curve(points, wanted["theme"], wanted["title"], wanted["currency"])
    if wanted["kind"] == "movers":
        up, down = ([(str(label), float(change)) for label, change in wanted[side]] for side in ("up", "down"))
        return draw_movers(up[:_MOST_MOVERS], down[:_MOST_MOVERS], wanted["theme"], wanted["title"])
    candles = [Candle(datetime.fromisoformat(start), *map(float, values)) for start, *values in wanted["bars"]]
    marks = [Mark(datetime.fromisoformat(at), float(price), kind) for at, price, kind in wanted["marks"]]
    if wanted["kind"] == "backtest":
        words = [wanted["title"], wanted["headline"], wanted["aside"]]
        return draw_backtest(candles, marks, wanted["level"], wanted["theme"], words)
    lines = [Line(float(price), label, kind) for price, label, kind in wanted["lines"]]
    return draw_prices(candles, lines, marks, wanted["theme"], wanted["title"])


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Draw what each line of *requests* asks for, until there are no more."""
    for line in requests:
        try:
            kind, body = b"P", _drawn(json.loads(line))
        except (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError) as error:
            kind, body = b"E", f"{type(error).__name__}: {error}".encode()
        answers.write(struct.pack(">cI", kind, len(body)) + body)
        answers.flush()


if __name__ == "__main__":
    # A picture can wait; prices and messages, in the process that asks for it, cannot.
    os.nice(10)
    serve(sys.stdin.buffer, sys.stdout.buffer)
