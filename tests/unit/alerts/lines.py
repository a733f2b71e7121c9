"""Hypothesis strategies for every construct of the alert language, for the laws it keeps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from alerts.bearing import bears_hold, bears_hysteresis
from alerts.condition import (
    AllOf,
    AnyOf,
    AtSession,
    AtTime,
    Channel,
    Comparison,
    Condition,
    Crossing,
    DayMove,
    Direction,
    Draft,
    EveryTime,
    Inverse,
    NewsMatch,
    Op,
    Options,
    OrderEvent,
    OrderMatch,
    Pattern,
    Phrase,
    PositionMove,
    Repeat,
    ScanEntry,
    Stale,
    TradingTime,
    Trailing,
    Unit,
    Velocity,
    Way,
)
from alerts.moment import ZONES
from alerts.operand import (
    AccountValue,
    Arithmetic,
    AverageCost,
    AverageVolume,
    Extreme,
    Indicator,
    Number,
    OptionValue,
    PositionValue,
    Price,
    PriceField,
    Sign,
    Volume,
)
from market.quote import BarSize
from tests.unit.alerts.drafts import PHRASES, PRICES, SCANS, SYMBOLS, TEXTS, is_possible, joined

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
OPTIONS = st.sampled_from(["SPY 20261218 C600", "QQQ 20270115 P412.5", "SPY 261218C00600000", "#265598"])
BARS = st.sampled_from(BarSize)
LENGTHS = st.integers(2, 500)
POSITIVE = st.floats(0.001, 9999, allow_nan=False).map(lambda value: round(value, 4))
SIGNED = st.floats(-1e6, 1e6, allow_nan=False)


def spans(least: int, most: int) -> st.SearchStrategy[timedelta]:
    """Return whole time spans from *least* to *most* seconds."""
    return st.integers(least, most).map(lambda seconds: timedelta(seconds=seconds))


def _floats(*values: int) -> tuple[float, ...]:
    return tuple(map(float, values))


@st.composite
def indicators(draw: st.DrawFn) -> Indicator:
    symbol, bar, live = draw(SYMBOLS), draw(BARS), draw(st.booleans())
    name = draw(st.sampled_from(["sma", "ema", "rsi", "atr", "adx", "vwap", "macd", "bbands", "stoch"]))
    length = draw(LENGTHS)
    if name == "vwap":
        return Indicator(symbol, name, 0, bar, live=live)
    if name == "macd":
        more, part = (
            _floats(length + draw(st.integers(1, 9)), 9),
            draw(st.sampled_from(["macd", "signal", "histogram"])),
        )
        return Indicator(symbol, name, min(length, 400), bar, more if length <= 400 else _floats(500, 9), part, live)
    if name == "bbands":
        width = draw(st.sampled_from([1.0, 2.0, 2.5]))
        return Indicator(symbol, name, length, bar, (width,), draw(st.sampled_from(["upper", "middle", "lower"])), live)
    if name == "stoch":
        return Indicator(symbol, name, length, bar, _floats(3, draw(LENGTHS)), draw(st.sampled_from(["k", "d"])), live)
    return Indicator(symbol, name, length, bar, live=live)


POSITIONS = st.builds(PositionValue, SYMBOLS | st.just("any"), st.sampled_from(["pnl", "pnl%", "day%", "value"]))
VALUES = st.one_of(
    st.builds(Price, SYMBOLS, st.sampled_from(PriceField)),
    indicators(),
    st.builds(Extreme, SYMBOLS, st.booleans(), st.integers(1, 731)),
    st.builds(AverageCost, SYMBOLS),
)
NUMBERS = st.builds(Number, PRICES)


def _arithmetic(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(Arithmetic, inner, st.sampled_from(Sign), inner | NUMBERS)


ARITHMETIC = st.recursive(VALUES, _arithmetic, max_leaves=4)
OPS = st.sampled_from(Op)


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    """Draw a comparison whose number, where there is one, fits its slot."""
    count = st.integers(0, 10**11).map(float)
    sides: list[tuple[Any, Any]] = [
        (ARITHMETIC, NUMBERS | ARITHMETIC),
        (NUMBERS, ARITHMETIC),
        (st.builds(Volume, SYMBOLS), st.builds(Number, count)),
        (st.builds(Volume, SYMBOLS), st.builds(Arithmetic, NUMBERS, st.just(Sign.TIMES), AVERAGES)),
        (POSITIONS, st.builds(Number, SIGNED.filter(lambda value: abs(value) <= 10_000))),
        (st.builds(AccountValue, st.sampled_from(["cushion", "margin"])), st.builds(Number, POSITIVE)),
        (
            st.builds(AccountValue, st.sampled_from(["dailypnl", "netliq", "cash", "buyingpower"])),
            st.builds(Number, SIGNED),
        ),
        (st.builds(OptionValue, OPTIONS, st.just("iv")), st.builds(Number, st.floats(0.0001, 99))),
        (st.builds(OptionValue, OPTIONS, st.just("delta")), st.builds(Number, st.floats(-1, 1))),
        (st.builds(OptionValue, OPTIONS, st.sampled_from(["gamma", "theta", "vega", "dte"])), NUMBERS),
        (st.builds(OptionValue, OPTIONS, st.just("openinterest")), st.builds(Number, count)),
    ]
    left, right = draw(st.sampled_from(sides))
    return Comparison(draw(left), draw(OPS), draw(right))


AVERAGES = st.builds(AverageVolume, SYMBOLS, st.integers(1, 250))
WAYS = st.sampled_from(Way)


@st.composite
def channels(draw: st.DrawFn) -> Channel:
    low, width = draw(st.floats(0, 1e6)), draw(st.floats(1, 1e5))
    return Channel(draw(ARITHMETIC), draw(st.booleans()), low, low + width)


@st.composite
def trailings(draw: st.DrawFn) -> Trailing:
    symbol, from_low = draw(SYMBOLS), draw(st.booleans())
    if draw(st.booleans()):
        atr = Indicator(symbol, "atr", draw(LENGTHS), draw(BARS), live=draw(st.booleans()))
        return Trailing(symbol, draw(st.sampled_from([0.5, 2.0, 3.25])), Unit.ATR, from_low, atr)
    return Trailing(symbol, draw(POSITIVE), draw(st.sampled_from([Unit.PERCENT, Unit.MONEY])), from_low)


VELOCITIES = st.builds(
    Velocity, SYMBOLS, POSITIVE, st.sampled_from([Unit.PERCENT, Unit.MONEY]), WAYS, spans(10, 86_400)
)
SINGLES = st.one_of(
    comparisons(),
    st.builds(Crossing, ARITHMETIC, st.sampled_from(Direction), NUMBERS | ARITHMETIC),
    channels(),
    st.builds(DayMove, SYMBOLS, POSITIVE, WAYS, st.none() | PRICES),
    st.builds(DayMove, SYMBOLS, POSITIVE, WAYS, is_gap=st.just(value=True)),
    VELOCITIES,
    trailings(),
).filter(is_possible)


def _compound(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    return st.one_of(*joined(inner), st.builds(Inverse, inner))


def _words(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(_gathered(AllOf, inner), _gathered(AnyOf, inner))


def _gathered(kind: Any, parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(parts, min_size=2, max_size=3).map(
        lambda found: kind(tuple(p for part in found for p in (part.parts if isinstance(part, kind) else (part,))))
    )


WORDS = st.recursive(
    st.builds(Phrase, PHRASES)
    | st.builds(Pattern, st.sampled_from(["downgrad", "a/b", r"\bcut\b", r"a\\/b", "x y", "(a|b)+"]), st.booleans()),
    _words,
    max_leaves=4,
)


@st.composite
def news(draw: st.DrawFn) -> NewsMatch:
    subject = draw(SYMBOLS | st.sampled_from(["*", "portfolio", "watchlist"]))
    gate = None
    if subject not in {"*", "portfolio", "watchlist"} and draw(st.booleans()):
        drawn = draw(VELOCITIES)
        gate = Velocity(subject, drawn.amount, drawn.unit, drawn.way, drawn.window)
    words = draw(st.none() | WORDS)
    # Plain phrases have a short form of their own.
    parts = words.parts if isinstance(words, AnyOf) else (words,)
    if words is None or all(isinstance(part, Phrase) for part in parts):
        return NewsMatch(subject, tuple(draw(st.lists(PHRASES, max_size=3))), gate=gate)
    return NewsMatch(subject, words=words, gate=gate)


WHOLE_LINES = st.one_of(
    news(),
    st.builds(ScanEntry, SCANS),
    st.builds(
        PositionMove, SYMBOLS | st.just("any"), st.builds(lambda p, s: p * s, POSITIVE, st.sampled_from([1, -1]))
    ),
    st.builds(OrderMatch, st.sampled_from(OrderEvent), SYMBOLS | st.just("")),
    st.builds(
        AtTime,
        st.integers(0, 23),
        st.integers(0, 59),
        st.just("") | st.sampled_from(sorted(set(ZONES.values()))),
        st.sets(st.integers(0, 6), max_size=6).map(lambda days: tuple(sorted(days))),
        TEXTS,
    ),
    st.builds(EveryTime, spans(60, 86_400), TEXTS),
    st.builds(AtSession, st.booleans(), spans(60, 43_200) | st.just(timedelta()) | spans(-43_200, -60), TEXTS),
    st.builds(Stale, SYMBOLS, spans(5, 86_400)),
)
COMPOUNDS = st.recursive(SINGLES, _compound, max_leaves=4)
CONDITIONS = st.booleans().flatmap(lambda whole: WHOLE_LINES if whole else COMPOUNDS)


@st.composite
def options(draw: st.DrawFn) -> Options:
    repeat = draw(st.none() | st.sampled_from(Repeat))
    repeats = repeat is not Repeat.ONCE
    return Options(
        repeat=repeat,
        cooldown=draw(st.none() | spans(1, 86_400 * 366)) if repeats else None,
        note=draw(TEXTS),
        most=draw(st.none() | st.integers(1, 10_000)) if repeats else None,
        hold=draw(st.none() | spans(1, 604_800)),
        hours=draw(st.none() | st.sampled_from(TradingTime)),
        until=draw(st.none() | st.integers(1, 9 * 10**7).map(lambda s: NOW + timedelta(seconds=s))),
        tag=draw(st.sampled_from(["", "earnings", "q4-2026", "tag"])),
        hysteresis_pct=draw(st.none() | st.floats(0.0001, 50)),
        to=draw(st.sampled_from(["", "desk", "once"])),
        **draw(st.sampled_from([{}, {"silent": True}, {"critical": True}])),
    )


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Draw a whole line; one with an order after it speaks of an instrument or names one."""
    condition, chosen = draw(CONDITIONS), draw(options())
    chosen = replace(
        chosen,
        hold=chosen.hold if bears_hold(condition) else None,
        hysteresis_pct=chosen.hysteresis_pct if bears_hysteresis(condition) else None,
    )
    then = draw(st.sampled_from(["", "", "buy 10 AAPL limit 199.5", "sell 5 MSFT market", "buy 1k $ON 5 gtc outside"]))
    return Draft(condition, Options(**{**_fields(chosen), "then": then}))


def _fields(chosen: Options) -> dict[str, Any]:
    return {name: getattr(chosen, name) for name in chosen.__slots__}


DRAFTS = drafts()
