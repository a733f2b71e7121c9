"""
Bars: their sizes and durations as TWS spells them, joining and splitting.

Splitting is how history is made: a day's bar is split into minutes and a
minute into seconds, so that bars of every size agree with each other.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

BAR_SIZES: dict[str, int] = {
    "1 secs": 1, "5 secs": 5, "10 secs": 10, "15 secs": 15, "30 secs": 30,
    "1 min": 60, "2 mins": 120, "3 mins": 180, "5 mins": 300, "10 mins": 600, "15 mins": 900, "20 mins": 1200,
    "30 mins": 1800, "1 hour": 3600, "2 hours": 7200, "3 hours": 10800, "4 hours": 14400, "8 hours": 28800,
    "1 day": 86400, "1 week": 604800, "1 month": 2592000,
}  # fmt: skip
_ALIASES = {"1 sec": "1 secs", "1W": "1 week", "1M": "1 month", "1D": "1 day", "1 W": "1 week", "1 M": "1 month"}
DAY = 86400
DURATION_UNITS = "SDWMY"


@dataclass(slots=True)
class Bar:
    """One bar; *start* in seconds since 1970, *value* the sum of price times volume."""

    start: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    value: float
    count: int

    @property
    def average(self) -> float:
        """The volume-weighted price, the middle of the bar where nothing traded."""
        return self.value / self.volume if self.volume else (self.high + self.low) / 2

    def take(self, price: float, size: float) -> None:
        """Add a print to the bar."""
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.close = price
        self.volume += size
        self.value += price * size
        self.count += 1


def of_print(start: int, price: float, size: float) -> Bar:
    """Return a bar of one print."""
    return Bar(start, price, price, price, price, size, price * size, 1)


def seconds_of(bar_size: str) -> int | None:
    """Return the length of a bar size, None for a size that TWS does not know."""
    return BAR_SIZES.get(_ALIASES.get(bar_size, bar_size))


def parse_duration(duration: str) -> tuple[int, str] | None:
    """Return number and unit of a duration such as `2 D`, None where it is none."""
    number, _, unit = duration.strip().partition(" ")
    if not number.isdigit() or len(unit) != 1 or unit not in DURATION_UNITS or int(number) < 1:
        return None
    return int(number), unit


def joined(bars: Sequence[Bar], start: int) -> Bar:
    """Return all of *bars* (at least one) as one bar from *start*."""
    return Bar(
        start,
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum(bar.volume for bar in bars),
        sum(bar.value for bar in bars),
        sum(bar.count for bar in bars),
    )


def grouped(bars: Iterable[Bar], start_of: Callable[[Bar], int]) -> list[Bar]:
    """Join neighbours for which *start_of* gives the same start."""
    result: list[Bar] = []
    run: list[Bar] = []
    current = 0
    for bar in bars:
        start = start_of(bar)
        if run and start != current:
            result.append(joined(run, current))
            run = []
        current = start
        run.append(bar)
    if run:
        result.append(joined(run, current))
    return result


def split(parent: Bar, starts: Sequence[int], rng: random.Random, grid: Callable[[float], float]) -> list[Bar]:
    """
    Return one bar for each of *starts* that together are *parent*.

    The path runs from the open over the high and the low (in random order) to
    the close, with noise that never leaves the parent's range; prices lie on
    the *grid*, volume and count are whole and add up. Each bar has an average of
    its own within its range; these do not add up to the parent's.
    """
    if len(starts) == 1:
        return [parent]
    closes = _path(parent, len(starts), rng, grid)
    shares = _shares(int(parent.volume), len(starts), rng)
    counts = _shares(parent.count, len(starts), rng)
    bars: list[Bar] = []
    opening = parent.open
    wiggle = (parent.high - parent.low) / (4 * len(starts) ** 0.5)
    high, low = parent.high, parent.low
    for start, close, volume, count in zip(starts, closes, shares, counts, strict=True):
        upper, lower = (opening, close) if opening > close else (close, opening)
        top = min(high, max(upper, grid(upper + rng.random() * wiggle)))
        bottom = max(low, min(lower, grid(lower - rng.random() * wiggle)))
        middle = (opening + close + top + bottom) / 4
        bars.append(Bar(start, opening, top, bottom, close, volume, middle * volume, count))
        opening = close
    _balance(parent, bars)
    return bars


def _path(parent: Bar, steps: int, rng: random.Random, grid: Callable[[float], float]) -> list[float]:
    """Return the closing price of each step; one of them is the high and one the low."""
    extremes = [parent.high, parent.low]
    rng.shuffle(extremes)
    if steps == 2:  # noqa: PLR2004 - only one close is free: the other extreme is set below
        turns = [(1, extremes[0])]
    else:
        turns = list(zip(sorted(rng.sample(range(1, steps), 2)), extremes, strict=True))
    closes: list[float] = []
    at, price = 0, parent.open
    for end, target in [*turns, (steps, parent.close)]:
        closes += _bridge(price, target, end - at, parent, rng, grid)
        at, price = end, target
    return closes


def _bridge(
    start: float, end: float, steps: int, parent: Bar, rng: random.Random, grid: Callable[[float], float]
) -> list[float]:
    noise, walk = 0.0, []
    spread = (parent.high - parent.low) / (3 * steps**0.5)
    for _ in range(steps):
        noise += rng.gauss(0, spread)
        walk.append(noise)
    path = []
    high, low = parent.high, parent.low
    for number, wander in enumerate(walk[:-1], 1):
        part = number / steps
        price = start + (end - start) * part + wander - noise * part
        path.append(min(high, max(low, grid(price))))
    return [*path, end]


def _shares(total: int, parts: int, rng: random.Random) -> list[int]:
    weights = [0.3 + rng.random() for _ in range(parts)]
    scale = total / sum(weights)
    shares = [int(weight * scale) for weight in weights]
    shares[-1] += total - sum(shares)
    return shares


def _balance(parent: Bar, bars: list[Bar]) -> None:
    """Make the extremes and the volume of *bars* exactly those of *parent*."""
    highest = max(bars, key=lambda bar: bar.high)
    lowest = min(bars, key=lambda bar: bar.low)
    highest.high, lowest.low = parent.high, parent.low
    bars[-1].volume += parent.volume - sum(bar.volume for bar in bars)
