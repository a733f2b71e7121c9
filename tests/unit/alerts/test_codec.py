import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.codec import draft_from_json, draft_to_json, firing_from_json, firing_to_json, rule_from_json, rule_to_json
from alerts.condition import OrderEvent
from alerts.language import parse
from alerts.rule import (
    AccountCause,
    FeedCause,
    Firing,
    NewsCause,
    OrderCause,
    PriceCause,
    Rule,
    RuleState,
    ScanCause,
    TimeCause,
)
from market.instrument import Instrument
from market.news import Headline
from market.quote import DataKind, TickField
from market.scan import ScanRow
from tests.unit.alerts.drafts import NOW, SCANS
from tests.unit.alerts.lines import DRAFTS

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.integers(0, 2 * 10**15).map(lambda us: NOW + timedelta(microseconds=us))
INSTRUMENTS = st.builds(Instrument, st.integers(0, 2**31), st.text(max_size=8))
RULES = st.builds(
    Rule,
    id=st.integers(0, 10**9),
    owner_id=st.integers(0, 2**52),
    chat_id=st.integers(-(2**52), 2**52),
    text=st.text(max_size=20),
    draft=DRAFTS,
    instruments=st.dictionaries(st.text(max_size=8), INSTRUMENTS, max_size=2),
    created=TIMES,
    since=TIMES,
    state=st.sampled_from(RuleState),
    reason=st.text(max_size=10),
    fired_count=st.integers(0, 10**6),
    last_fired=st.none() | TIMES,
    snoozed_until=st.none() | TIMES,
    wake_on=st.sampled_from(["", "recross", "open"]),
    memory=st.sampled_from([{}, {"armed": False}, {"sides": [[1, False]]}, {"shown": [1, 2]}]),
)
CAUSES = st.one_of(
    st.builds(
        PriceCause,
        INSTRUMENTS,
        st.sampled_from(TickField),
        FLOATS,
        st.sampled_from(DataKind),
        bid=st.none() | FLOATS,
        change_pct=st.none() | FLOATS,
        values=st.dictionaries(st.text(max_size=8), FLOATS, max_size=2),
        from_minute=st.booleans(),
    ),
    st.builds(NewsCause, st.builds(Headline, st.text(), st.text(), st.text(), TIMES), st.none() | INSTRUMENTS),
    st.builds(AccountCause, st.dictionaries(st.text(max_size=8), FLOATS, max_size=2), st.none() | INSTRUMENTS),
    st.builds(
        OrderCause,
        st.sampled_from(OrderEvent),
        st.text(max_size=20),
        st.none() | INSTRUMENTS,
        st.none() | FLOATS,
        st.booleans(),
    ),
    st.builds(TimeCause, TIMES, st.text(max_size=20), st.integers(0, 99)),
    st.builds(FeedCause, INSTRUMENTS, st.none() | TIMES),
    st.builds(ScanCause, SCANS, st.lists(st.builds(ScanRow, st.integers(1, 50), INSTRUMENTS), max_size=2).map(tuple)),
)


def stored(data: dict[str, Any]) -> Any:
    """Return *data* as a database gives it back."""
    return json.loads(json.dumps(data, allow_nan=False))


@settings(max_examples=50)
@given(DRAFTS)
def test_a_draft_comes_back_from_json(draft: Any) -> None:
    assert draft_from_json(stored(draft_to_json(draft))) == draft


@settings(max_examples=50)
@given(RULES)
def test_a_rule_comes_back_from_json(rule: Rule) -> None:
    back = rule_from_json(stored(rule_to_json(rule)))
    assert back == rule
    assert repr(back.instruments) == repr(rule.instruments)


@settings(max_examples=50)
@given(st.builds(Firing, st.text(), RULES, TIMES, CAUSES, st.none() | TIMES))
def test_a_firing_comes_back_from_json(firing: Firing) -> None:
    back = firing_from_json(stored(firing_to_json(firing)))
    assert back == firing
    assert repr(back.cause) == repr(firing.cause)


def test_a_rule_of_the_first_version_is_read() -> None:
    condition = {
        "is": "comparison",
        "left": {"is": "indicator", "symbol": "AAPL", "name": "rsi", "length": 14, "bar": "1h"},
        "op": "<",
        "right": {"is": "number", "value": 30.0},
    }
    old = {"condition": condition, "repeat": None, "cooldown_s": 1800.0, "note": "", "silent": False, "critical": True}
    assert draft_from_json(old) == parse("AAPL rsi(14, 1h) < 30 cooldown 30m critical", NOW, ZoneInfo("UTC"))
    news = {"is": "news", "symbol": "AAPL", "phrases": ["guidance", "outlook"]}
    assert draft_from_json({"condition": news}) == parse('news AAPL "guidance" or "outlook"', NOW, ZoneInfo("UTC"))


def test_foreign_json_is_refused() -> None:
    for odd in ({"is": "curse"}, {"is": "comparison", "op": ">"}, {"is": "price", "symbol": "AAPL"}, {}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            draft_from_json({"condition": odd})
