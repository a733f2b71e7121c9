"""Hypothesis strategies for everything the alert language can say, and makers of rules and ticks."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from alerts.condition import (
    EVERY_CHANGE,
    Both,
    Comparison,
    Condition,
    Crossing,
    DayMove,
    Direction,
    Draft,
    Either,
    NewsMatch,
    Op,
    Options,
    Repeat,
    ScanChange,
    ScanEntry,
    Trailing,
    Unit,
    Velocity,
    Way,
)
from alerts.language import parse
from alerts.needs import symbols_of
from alerts.operand import Indicator, Number, Price, PriceField
from alerts.rule import Rule
from alerts.wording import format_draft
from market.instrument import Instrument, SecType
from market.quote import BarSize, DataKind, Tick, TickField
from market.scan import ScanSpec

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
AAPL = Instrument(265598, "AAPL", primary_exchange="NASDAQ", name="APPLE INC")
MSFT = Instrument(272093, "MSFT", primary_exchange="NASDAQ", name="MICROSOFT CORP")
EURUSD = Instrument(12087792, "EUR", SecType.FOREX, "IDEALPRO", currency="USD", min_tick=0.00005)
KNOWN = {"AAPL": AAPL, "MSFT": MSFT, "EUR.USD": EURUSD}

WORD_TICKERS = [
    *("ALL", "ON", "IT", "A", "T", "OR", "NOW", "LOW", "OPEN", "DAY", "FOR", "UP", "ANY", "RSI", "EMA"),
    *("SMA", "AND", "NEWS", "SCAN", "WHEN", "IF", "TELL", "BID", "ASK", "OF", "NOTE"),
]
SYMBOLS = st.sampled_from(
    [
        *WORD_TICKERS,
        *["AAPL", "BRK.B", "EUR.USD", "AAPL@NASDAQ", "BMW@IBIS/EUR", "#265598", "BTC.USD@PAXOS", "700@SEHK"],
        "ES 202612",
        "SPY 20261218 C600",
    ]
)
PRICES = st.one_of(
    st.integers(1, 10**9).map(float),
    st.floats(0.00001, 1e9, allow_nan=False, allow_subnormal=False),
    st.floats(-1e4, -0.01, allow_nan=False),
)
NUMBERS = st.builds(Number, PRICES)
TEXTS = st.text("abé 1\\\"'“”„«»\n\u00a0|)(", max_size=12)
PHRASES = st.tuples(TEXTS, st.sampled_from(["FDA approval", "x", "ü"])).map("".join)


def _studies(symbols: st.SearchStrategy[str]) -> st.SearchStrategy[Indicator]:
    return st.builds(
        Indicator,
        symbol=symbols,
        name=st.sampled_from(["sma", "ema", "rsi"]),
        length=st.integers(2, 500),
        bar=st.sampled_from(BarSize),
    )


def is_possible(condition: Condition) -> bool:
    """Return whether the language takes it: nothing falls by all it is worth, an RSI stays between 0 and 100."""
    match condition:
        case (
            Comparison(Indicator(_, "rsi" | "adx" | "stoch"), _, Number(value))
            | Comparison(Number(value), _, Indicator(_, "rsi" | "adx" | "stoch"))
            | Crossing(Indicator(_, "rsi" | "adx" | "stoch"), _, Number(value))
        ):
            return 0 <= value <= 100
        case DayMove(_, amount, Way.DOWN) | Velocity(_, amount, Unit.PERCENT, Way.DOWN):
            return amount < 100
        case Trailing(_, amount, Unit.PERCENT, False):
            return amount < 100
        case _:
            return True


LEFTS = st.one_of(st.builds(Price, SYMBOLS, st.sampled_from(PriceField)), _studies(SYMBOLS))
RIGHTS = st.one_of(NUMBERS, _studies(SYMBOLS))
SINGLES = st.one_of(
    st.builds(Comparison, LEFTS, st.sampled_from(Op), RIGHTS),
    st.builds(Crossing, LEFTS, st.sampled_from(Direction), RIGHTS),
).filter(is_possible)


def _joined(kind: Any, parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    """Join *parts*; one of the same kind dissolves, as it does for the parser."""
    return st.lists(parts, min_size=2, max_size=3).map(
        lambda found: kind(tuple(p for part in found for p in (part.parts if isinstance(part, kind) else (part,))))
    )


def joined(parts: st.SearchStrategy[Condition]) -> tuple[st.SearchStrategy[Condition], st.SearchStrategy[Condition]]:
    """Return *parts* joined by `and` and by `or`."""
    return _joined(Both, parts), _joined(Either, parts)


PRICE_CONDITIONS = st.recursive(
    SINGLES, lambda inner: st.one_of(_joined(Both, inner), _joined(Either, inner)), max_leaves=5
)
_FILTERS = st.dictionaries(
    st.sampled_from(["marketCapAbove1e6", "marketCapBelow1e6", "avgVolumeAbove", "changePercAbove", "optVolumeAbove"]),
    st.integers(0, 10_000).map(str),
    max_size=3,
).map(lambda found: tuple(sorted(found.items())))
_PLACES = st.sampled_from(
    [("STK", "STK.US.MAJOR"), ("STK", "STK.NASDAQ"), ("STOCK.EU", "STK.EU"), ("FUT.US", "FUT.US")]
)
SCANS = st.builds(
    lambda place, **more: ScanSpec(instrument=place[0], location=place[1], **more),
    _PLACES,
    filters=_FILTERS,
    code=st.sampled_from(["TOP_PERC_GAIN", "HOT_BY_VOLUME", "TOP", "PRICE", "HIGH_VS_52W_HL"]),
    rows=st.integers(1, 50),
    above_price=st.none() | st.floats(0.01, 1e6),
    below_price=st.none() | st.floats(0.01, 1e6),
    above_volume=st.none() | st.integers(0, 10**10),
)
CONDITIONS = st.one_of(
    PRICE_CONDITIONS,
    st.builds(
        NewsMatch,
        SYMBOLS | st.sampled_from(["*", "portfolio", "watchlist"]),
        st.lists(PHRASES, max_size=3).map(tuple),
        providers=st.lists(st.sampled_from(["DJNL", "BRFG", "DJ-RTA", "FLY"]), unique=True, max_size=3).map(tuple),
        languages=st.lists(st.sampled_from(["en", "de", "or", "in"]), unique=True, max_size=2).map(tuple),
    ),
    st.builds(ScanEntry, SCANS)
    | st.builds(
        lambda spec, changes, jump: ScanEntry(
            spec, tuple(one for one in EVERY_CHANGE if one in changes), jump if ScanChange.JUMPED in changes else 5
        ),
        SCANS,
        st.sets(st.sampled_from(ScanChange), min_size=1),
        st.integers(1, 50),
    ),
)


@st.composite
def options(draw: st.DrawFn) -> Options:
    repeat = draw(st.none() | st.sampled_from(Repeat))
    seconds = draw(st.none() | st.integers(1, 86_400 * 366))
    return Options(
        repeat=repeat,
        cooldown=None if seconds is None or repeat is Repeat.ONCE else timedelta(seconds=seconds),
        note=draw(TEXTS),
        **draw(st.sampled_from([{}, {"silent": True}, {"critical": True}])),
    )


DRAFTS = st.builds(Draft, CONDITIONS, options())


def rule(text: str, rule_id: int = 1, *, at: datetime = NOW, **changes: Any) -> Rule:
    """Return the rule that *text* says, over the instruments of this file."""
    draft = parse(text, at, ZoneInfo("UTC"))
    instruments = {symbol: KNOWN[symbol] for symbol in symbols_of(draft.condition)}
    given = {"owner_id": 111, "chat_id": 111, "created": at, "since": at, **changes}
    return Rule(id=rule_id, text=format_draft(draft), draft=draft, instruments=instruments, **given)


def tick(
    price: float,
    field: TickField = TickField.LAST,
    instrument: Instrument = AAPL,
    *,
    after_s: float = 0.0,
    kind: DataKind = DataKind.LIVE,
    exchange_time: datetime | None = None,
) -> Tick:
    """Return a tick *after_s* seconds from `NOW`."""
    return Tick(instrument, field, price, 100.0, NOW + timedelta(seconds=after_s), exchange_time, kind)
