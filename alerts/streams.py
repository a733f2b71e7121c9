"""
The arithmetic of the indicators: bars in, one number a bar out, and the latest bar can be taken back.

talipp (which has no types and is wrapped here, once) keeps the running sums. Each indicator agrees with TA-Lib's
function of the same name to 1e-9 from its first value on (`tests/unit/alerts/test_talib.py`). Where talipp alone would
not, it is talipp's moving averages that are put together here instead:

* macd: TA-Lib's fast average begins as late as the slow one, talipp's with the first bar.
* atr: TA-Lib's first true range is the second bar's (it needs a close before), talipp's the first bar's.
* adx: TA-Lib's first sums have one move less than the length, talipp's are means of them all.
* stoch: TA-Lib's smooths twice, talipp's once; where nothing moved one says 0 and the other 100.

A ratio of nothing to nothing is no number: rsi and stoch are unknown where there was no move. vwap has no counterpart
in TA-Lib, and begins anew with each session, which talipp's does not.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Protocol, cast

from talipp.indicators import EMA, RSI, SMA, SMMA, StdDev

from alerts.operand import Indicator
from market.quote import Bar

DayOf = Callable[[datetime], date]
"""Returns the trading day that a moment belongs to."""


def parameters(indicator: Indicator) -> tuple[float, ...]:
    """
    Return all parameters of *indicator*, as many as its kind has.

    sma, ema, rsi, atr, adx: length; macd: fast, slow, signal; bbands: length, standard deviations; stoch: length,
    smoothing of k, smoothing of d; vwap: none.
    """
    return (indicator.length, *indicator.more) if indicator.length else indicator.more


class _Talipp(Protocol):
    """The part of a talipp indicator that is used."""

    def add(self, value: float) -> None: ...

    def remove(self) -> None: ...

    def purge_oldest(self, size: int) -> None: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> float | None: ...


class _Line:
    """One talipp indicator over single numbers, kept short: talipp would keep every value it ever saw."""

    __slots__ = ("_length", "made")

    def __init__(self, make: Callable[[int], object], length: float) -> None:
        self.made = cast("_Talipp", make(int(length)))
        self._length = int(length)

    def add(self, value: float) -> float | None:
        self.made.add(value)
        # Never down to the length itself: there it would begin anew.
        if len(self.made) > 4 * self._length + 100:
            self.made.purge_oldest(2 * self._length)
        return self.made[-1]

    def drop(self) -> None:
        self.made.remove()


class Stream:
    """What all have in common: the lines that the latest bar went into, so that it can be taken back out of them."""

    def __init__(self) -> None:
        self._fed: list[_Line] = []

    def add(self, bar: Bar) -> float | None:
        """Take *bar* in, and return the value with it; None where there are too few yet."""
        self._fed.clear()
        return self._value(bar)

    def drop(self) -> None:
        """Take the latest bar back (once)."""
        for line in self._fed:
            line.drop()
        self._fed.clear()

    def _value(self, bar: Bar) -> float | None:
        raise NotImplementedError

    def _feed(self, line: _Line, value: float) -> float | None:
        self._fed.append(line)
        return line.add(value)


class _Average(Stream):
    """sma and ema; an ema begins with the mean of its first *length* closes."""

    def __init__(self, make: Callable[[int], object], length: float) -> None:
        super().__init__()
        self._line = _Line(make, length)

    def _value(self, bar: Bar) -> float | None:
        return self._feed(self._line, bar.close)


class _Rsi(Stream):
    """Wilder's; unknown in a market that does not move, where talipp would say 100 and TA-Lib 0."""

    def __init__(self, length: float) -> None:
        super().__init__()
        self._line = _Line(RSI, length)

    def _value(self, bar: Bar) -> float | None:
        value = self._feed(self._line, bar.close)
        made = cast("RSI", self._line.made)
        return None if value is None or not (made.avg_gain[-1] or made.avg_loss[-1]) else value


class _Macd(Stream):
    """The difference of two averages ("macd"), its own average ("signal"), and what is between those ("histogram")."""

    def __init__(self, part: str, fast: float, slow: float, signal: float) -> None:
        super().__init__()
        fast, slow = sorted((fast, slow))
        self._fast, self._slow, self._signal = _Line(EMA, fast), _Line(EMA, slow), _Line(EMA, signal)
        self._part = part
        self._wait = self._waited = int(slow) - int(fast)

    def _value(self, bar: Bar) -> float | None:
        self._waited = self._wait
        slow = self._feed(self._slow, bar.close)
        if self._wait:
            self._wait -= 1
            return None
        fast = self._feed(self._fast, bar.close)
        if fast is None or slow is None:
            return None
        macd = fast - slow
        signal = self._feed(self._signal, macd)
        if self._part in {"", "macd"}:
            return macd
        if signal is None:
            return None
        return signal if self._part == "signal" else macd - signal

    def drop(self) -> None:
        """Take the latest bar back (once)."""
        super().drop()
        self._wait = self._waited


class _Bands(Stream):
    """The mean of the closes ("middle"), and so many standard deviations above ("upper") or below it ("lower")."""

    def __init__(self, part: str, length: float, width: float) -> None:
        super().__init__()
        self._mean, self._deviation = _Line(SMA, length), _Line(StdDev, length)
        self._width = {"": 0.0, "middle": 0.0, "upper": width, "lower": -width}[part]

    def _value(self, bar: Bar) -> float | None:
        mean = self._feed(self._mean, bar.close)
        deviation = self._feed(self._deviation, bar.close)
        return None if mean is None or deviation is None else mean + self._width * deviation


class _Paired(Stream):
    """An indicator over each bar and the one before it."""

    def __init__(self) -> None:
        super().__init__()
        self._before: Bar | None = None
        self._latest: Bar | None = None

    def _value(self, bar: Bar) -> float | None:
        self._before, self._latest = self._latest, bar
        return None if self._before is None else self._next(self._before, bar)

    def drop(self) -> None:
        """Take the latest bar back (once)."""
        super().drop()
        self._latest = self._before

    def _next(self, before: Bar, bar: Bar) -> float | None:
        raise NotImplementedError


class _Atr(_Paired):
    """Wilder's mean of the true ranges."""

    def __init__(self, length: float) -> None:
        super().__init__()
        self._line = _Line(SMMA, length)

    def _next(self, before: Bar, bar: Bar) -> float | None:
        return self._feed(self._line, _true_range(before, bar))


class _Adx(_Paired):
    """Wilder's mean of how one-sided the moves are."""

    def __init__(self, length: float) -> None:
        super().__init__()
        self._up, self._down, self._range = _Line(SMMA, length), _Line(SMMA, length), _Line(SMMA, length)
        self._mean = _Line(SMMA, length)
        self._length = int(length)
        # As TA-Lib does: the first sums have one move less than the length.
        for line in (self._up, self._down, self._range):
            line.add(0.0)

    def _next(self, before: Bar, bar: Bar) -> float | None:
        rise, fall = bar.high - before.high, before.low - bar.low
        up = self._feed(self._up, rise if rise > max(fall, 0) else 0.0)
        down = self._feed(self._down, fall if fall > max(rise, 0) else 0.0)
        wide = self._feed(self._range, _true_range(before, bar))
        if up is None or down is None or wide is None or len(self._range.made) <= self._length:
            return None
        sides = up + down
        if wide and sides:
            return self._feed(self._mean, 100 * abs(up - down) / sides)
        # Nothing moved either way: the mean stays where it is, or begins with a nought.
        known = self._mean.made[-1] if len(self._mean.made) else None
        return self._feed(self._mean, known or 0.0)


class _Stoch(Stream):
    """
    Where the close lies between the lowest low (0) and the highest high (100), smoothed once ("k") and twice ("d").

    A length of 1 for the first smoothing makes it the fast one. Unknown as long as bars without any range count.
    """

    def __init__(self, part: str, length: float, smooth: float, again: float) -> None:
        super().__init__()
        self._k, self._d = _Line(SMA, smooth), _Line(SMA, again)
        self._part = part
        self._window: tuple[Bar, ...] = ()
        self._length = int(length)
        self._reach = int(smooth) + (int(again) - 1 if part == "d" else 0)
        self._since_flat = self._reach
        self._kept: tuple[tuple[Bar, ...], int] = ((), self._reach)

    def _value(self, bar: Bar) -> float | None:
        self._kept = self._window, self._since_flat
        self._window = (*self._window, bar)[-self._length :]
        if len(self._window) < self._length:
            return None
        top, bottom = max(one.high for one in self._window), min(one.low for one in self._window)
        self._since_flat = 0 if top == bottom else self._since_flat + 1
        k = self._feed(self._k, 100 * (bar.close - bottom) / (top - bottom) if top > bottom else 0.0)
        d = None if k is None else self._feed(self._d, k)
        value = d if self._part == "d" else k
        return value if self._since_flat >= self._reach else None

    def drop(self) -> None:
        """Take the latest bar back (once)."""
        super().drop()
        self._window, self._since_flat = self._kept


class _Vwap(Stream):
    """The mean price by volume since the trading day began; each bar counts with (high + low + close) / 3."""

    def __init__(self, day_of: DayOf) -> None:
        super().__init__()
        self._day_of = day_of
        self._day: date | None = None
        self._money = self._shares = 0.0
        self._kept: tuple[date | None, float, float] = (None, 0.0, 0.0)

    def _value(self, bar: Bar) -> float | None:
        self._kept = self._day, self._money, self._shares
        day = self._day_of(bar.start)
        if day != self._day:
            self._day, self._money, self._shares = day, 0.0, 0.0
        self._money += (bar.high + bar.low + bar.close) / 3 * bar.volume
        self._shares += bar.volume
        return self._money / self._shares if self._shares else None

    def drop(self) -> None:
        """Take the latest bar back (once)."""
        self._day, self._money, self._shares = self._kept


def _true_range(before: Bar, bar: Bar) -> float:
    return max(bar.high, before.close) - min(bar.low, before.close)


def stream_of(indicator: Indicator, day_of: DayOf) -> Stream:
    """
    Return a new stream of *indicator*, that knows nothing.

    Raises LookupError for a name or part that is none, TypeError where it has not the parameters of its kind.
    """
    given, part = parameters(indicator), indicator.part
    make: dict[str, Callable[[], Stream]] = {
        "sma": lambda: _Average(SMA, *given),
        "ema": lambda: _Average(EMA, *given),
        "rsi": lambda: _Rsi(*given),
        "macd": lambda: _Macd(part, *given),
        "bbands": lambda: _Bands(part, *given),
        "atr": lambda: _Atr(*given),
        "adx": lambda: _Adx(*given),
        "stoch": lambda: _Stoch(part, *given),
        "vwap": lambda: _Vwap(day_of),
    }
    return make[indicator.name]()
