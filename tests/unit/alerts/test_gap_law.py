"""The law of catch-up: with a gap in the middle the same fires in the same minutes as without, up to what is marked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.book import Book
from alerts.engine import Engine
from alerts.missed import Missed
from alerts.operand import PriceField
from alerts.ways import Stretch, moments_of
from market.instrument import Instrument
from market.quote import Bar, BarSize, Tick, TickField
from tests.unit.alerts.drafts import AAPL, MSFT, NOW, rule
from tests.unit.alerts.hours import ALWAYS, keep_open

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
LINES = [
    "AAPL > 200",
    "AAPL > 200 every",
    "AAPL < 199 every cooldown 3m",
    "AAPL crosses 200 every",
    "AAPL crosses above 201 every cooldown 2m",
    "AAPL crosses below 198",
    "AAPL enters 199..201 every",
    "AAPL leaves 198..202",
    "AAPL moves 1% in 3m every cooldown 2m",
    "AAPL drops $2 in 2m",
    "AAPL trails 2%",
    "AAPL trails $3 up",
    "AAPL +1% from 199",
    "AAPL > 200 for 2m",
    "AAPL crosses above 200 for 1m every",
    "AAPL > 200 and not AAPL > 202",
    "AAPL > 200 or AAPL < 198 every cooldown 1m",
    "AAPL > 200 every max 2",
]
PRICES = st.integers(390, 410).map(lambda half: half / 2)


@st.composite
def walks(draw: st.DrawFn, length: int) -> list[Bar]:
    """Draw minutes, some of them without trades."""
    made = []
    for n in range(length):
        ends = draw(PRICES), draw(PRICES)
        low, high = min(*ends, draw(PRICES)), max(*ends, draw(PRICES))
        if draw(st.integers(0, 5)):
            made.append(Bar(NOW + n * MINUTE, ends[0], high, low, ends[1], 10.0))
    return made


class Run:
    """An engine that is told of *bars* as a line would tell them."""

    def __init__(self, line: str, bars: dict[Instrument, Sequence[Bar]]) -> None:
        self.engine = keep_open(Engine())
        self.engine.load([rule(line)])
        self.bars = bars
        self.firings = self.engine.on_time(NOW)

    def live(self, first: int, end: int) -> None:
        """Tell the minutes from *first* up to *end* tick by tick."""
        for minute in range(first, end):
            start = NOW + minute * MINUTE
            told = [(one, bar) for one, bars in self.bars.items() for bar in bars if bar.start == start]
            steps = moments_of(start, MINUTE, (start, start + MINUTE))
            for at in sorted({*steps, *(start + second * SECOND for second in range(0, 60, 5))}):
                # What has held up to a moment has held, whatever comes with it.
                self.firings += self.engine.on_time(at)
                for one, bar in told if at in steps else ():
                    price = path(bar)[steps.index(at)]
                    self.firings += self.engine.on_ticks([Tick(one, TickField.LAST, price, 1.0, at)])
                self.firings += self.engine.on_time(at)

    def gap(self, first: int, end: int) -> None:
        """Lose the minutes from *first* up to *end*, and catch up with them."""
        begin, until = NOW + first * MINUTE, NOW + end * MINUTE
        backlog = self.engine.backlog
        backlog.darken(begin)
        backlog.dawn()
        self.firings += self.engine.on_time(until - MINUTE / 2)
        missed = []
        for one, bars in self.bars.items():
            if (wanted := backlog.wanted(one.con_id)) is not None:
                made = [bar for bar in bars if begin - 5 * MINUTE <= bar.start < until]
                missed.append(Missed(wanted, ALWAYS, {PriceField.LAST: made}))
        self.firings += self.engine.retrace(missed, BarSize.MIN_1, until - timedelta(microseconds=1))
        self.engine.release(list(backlog.since))
        for one, bars in self.bars.items():
            standing = [bar.close for bar in bars if bar.start < until]
            if standing:
                # A new subscription begins with where the price stands.
                self.firings += self.engine.on_ticks([Tick(one, TickField.LAST, standing[-1], 1.0, until)])

    def told(self) -> list[datetime]:
        """Return the minutes of the firings in order, up to the first that is marked."""
        sure = takewhile(lambda one: one.away is None or not one.away.is_unordered, self.firings)
        return sorted(one.at.replace(second=0, microsecond=0) for one in sure)


def path(bar: Bar) -> tuple[float, ...]:
    """Return a bar's prices in the likelier order."""
    return Stretch(Book(AAPL), int(TickField.LAST), bar, ()).path()


def is_marked(run: Run) -> bool:
    return any(one.away is not None and one.away.is_unordered for one in run.firings)


def is_same(line: str, bars: dict[Instrument, Sequence[Bar]], gap: tuple[int, int], length: int) -> None:
    whole, torn = Run(line, bars), Run(line, bars)
    whole.live(0, length)
    torn.live(0, gap[0])
    torn.gap(*gap)
    torn.live(gap[1], length)
    expected, found = whole.told(), torn.told()
    if is_marked(torn):
        # What the mark stands for may be, or not: up to it nothing differs.
        assert found == expected[: len(found)]
    else:
        assert found == expected


@settings(max_examples=60)
@given(st.sampled_from(LINES), walks(12), st.integers(0, 10), st.integers(1, 12))
def test_a_gap_changes_nothing(line: str, bars: list[Bar], first: int, length: int) -> None:
    is_same(line, {AAPL: bars}, (first, min(first + length, 12)), 12)


@settings(max_examples=60)
@given(
    st.sampled_from(["AAPL / MSFT > 1", "AAPL > 200 and MSFT >= 200 every", "AAPL - MSFT > 3 every cooldown 2m"]),
    walks(8),
    st.integers(0, 6),
    st.integers(1, 8),
)
def test_a_gap_changes_nothing_beside_another_that_stands(line: str, bars: list[Bar], first: int, length: int) -> None:
    standing = [Bar(NOW + n * MINUTE, 200.0, 200.0, 200.0, 200.0) for n in range(8)]
    is_same(line, {AAPL: bars, MSFT: standing}, (first, min(first + length, 8)), 8)
