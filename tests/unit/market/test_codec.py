import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from market.codec import instrument_from_json, instrument_to_json, quote_from_json, quote_to_json
from market.instrument import Instrument, SecType
from market.quote import DataKind, Quote

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=8)
INSTRUMENTS = st.builds(
    Instrument,
    con_id=st.integers(0, 2**31),
    symbol=TEXTS,
    sec_type=st.sampled_from(SecType),
    expiry=TEXTS,
    strike=FLOATS,
    right=TEXTS,
    name=TEXTS,
    min_tick=FLOATS,
)
QUOTES = st.builds(
    Quote,
    INSTRUMENTS,
    last=st.none() | FLOATS,
    bid=st.none() | FLOATS,
    ask_size=st.none() | FLOATS,
    halted=st.booleans(),
    received=st.none() | st.just(datetime(2026, 11, 20, 15, 0, 0, 7, tzinfo=UTC)),
    kind=st.sampled_from(DataKind),
)


def stored(data: dict[str, Any]) -> Any:
    """Return *data* as a database gives it back."""
    return json.loads(json.dumps(data, allow_nan=False))


@given(INSTRUMENTS)
@settings(max_examples=50)
def test_an_instrument_comes_back_from_json_with_every_field(instrument: Instrument) -> None:
    assert repr(instrument_from_json(stored(instrument_to_json(instrument)))) == repr(instrument)


@given(QUOTES)
@settings(max_examples=50)
def test_a_quote_comes_back_from_json_with_every_field(quote: Quote) -> None:
    assert repr(quote_from_json(stored(quote_to_json(quote)))) == repr(quote)
