"""What a webhook carries: the same bytes for the same firing, fields that stay, nothing of the owner's."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.codec import firing_to_json
from alerts.condition import OrderEvent
from alerts.language import parse
from alerts.rule import (
    AccountCause,
    Away,
    Cause,
    FeedCause,
    Firing,
    NewsCause,
    OrderCause,
    PriceCause,
    Rule,
    ScanCause,
    TimeCause,
)
from bot.views.envelope import body_of, is_test, key_of, rule_of
from bot.views.envelope import test_payload as payload_of_test
from market.news import Headline
from market.quote import DataKind, TickField
from market.scan import ScanRow, ScanSpec
from tests.fakes.chat import AAPL, EVIL, NEW_YORK
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()
STAMP = "2026-11-20T15:00:00+00:00"
PRICE = PriceCause(AAPL, TickField.LAST, 200.15, DataKind.DELAYED, 200.1, None, 1.82, {"AAPL last": 200.15})


def fired(cause: Cause = PRICE, line: str = 'AAPL > 200 note "x" tag earnings critical') -> Firing:
    rule = Rule(3, 222, -1001, line, parse(line, NOW, NEW_YORK), {"AAPL": AAPL}, NOW, NOW)
    return Firing("3:1:salt", rule.fired(NOW, spent=True, memory={"secret": 1}), NOW, cause)


def told(firing: Firing) -> dict[str, object]:
    body = body_of(firing_to_json(firing))
    # What went through the database's JSON is the same request again.
    assert body_of(json.loads(json.dumps(firing_to_json(firing)))) == body
    content: dict[str, object] = json.loads(body)
    return content


def test_a_price_is_carried_with_all_that_is_known_of_it() -> None:
    assert told(fired()) == {
        "version": 1,
        "event": "alert.fired",
        "id": "3:1:salt",
        "at": STAMP,
        "exchange_time": None,
        "found_afterwards": None,
        "alert": {
            "id": 3,
            "text": 'AAPL > 200 note "x" tag earnings critical',
            "kind": "level",
            "condition": "AAPL above 200.00",
            "note": "x",
            "tag": "earnings",
            "critical": True,
            "fired_count": 1,
        },
        "instrument": {
            "con_id": 265598,
            "symbol": "AAPL",
            "label": "AAPL",
            "type": "STK",
            "exchange": "NASDAQ",
            "currency": "USD",
        },
        "what": {
            "type": "price",
            "field": "last",
            "price": 200.15,
            "bid": 200.1,
            "ask": None,
            "change_pct": 1.82,
            "data": "delayed",
            "values": {"AAPL last": 200.15},
        },
    }


def test_what_was_found_after_a_gap_says_so() -> None:
    late = replace(fired(), away=Away(NOW, timedelta(minutes=1), is_unordered=True))
    assert told(late)["found_afterwards"] == {
        "begin": STAMP,
        "span_s": 60.0,
        "order_unknown": True,
        "observed": True,
    }


@pytest.mark.parametrize(
    ("cause", "line", "what", "about"),
    [
        (
            NewsCause(Headline("BRFG", "BRFG$1", "Apple “raises” guidance", NOW), AAPL),
            'news AAPL "guidance"',
            {
                "type": "news",
                "headline": "Apple “raises” guidance",
                "provider": "BRFG",
                "article_id": "BRFG$1",
                "time": STAMP,
            },
            "AAPL",
        ),
        (
            OrderCause(OrderEvent.FILLED, "BUY 10 AAPL", None, 199.5, is_ours=True),
            "orders filled",
            {"type": "order", "event": "filled", "order": "BUY 10 AAPL", "price": 199.5, "placed_here": True},
            None,
        ),
        (
            TimeCause(NOW, "check MOC", 2),
            'at 15:45 ET weekdays "check MOC"',
            {"type": "time", "due": STAMP, "message": "check MOC", "missed_before": 2},
            None,
        ),
        (FeedCause(AAPL, None), "AAPL stale 5m", {"type": "feed", "last": None}, "AAPL"),
        (
            AccountCause({"cushion": 9.0}),
            "account cushion < 10%",
            {"type": "account", "values": {"cushion": 9.0}},
            None,
        ),
    ],
)
def test_each_kind_carries_its_own(cause: Cause, line: str, what: object, about: str | None) -> None:
    content = told(fired(cause, line))
    assert content["what"] == what
    instrument = content["instrument"]
    assert (instrument["label"] if isinstance(instrument, dict) else None) == about


def test_a_scan_carries_its_rows() -> None:
    cause = ScanCause(ScanSpec("TOP_PERC_GAIN"), (ScanRow(1, AAPL), ScanRow(2, EVIL)))
    what = told(fired(cause, "scan TOP_PERC_GAIN top 10"))["what"]
    assert isinstance(what, dict)
    assert [(row["rank"], row["instrument"]["con_id"]) for row in what["rows"]] == [(1, 265598), (2, 666)]


def test_neither_people_nor_chats_nor_memory_leave_the_house() -> None:
    body = body_of(firing_to_json(fired())).decode()
    assert all(word not in body for word in ("222", "1001", "owner", "chat", "memory", "secret"))


def test_a_test_carries_its_key_and_its_alert() -> None:
    payload = payload_of_test(3, "webhook test:3:x", NOW)
    assert json.loads(body_of(payload)) == {
        "version": 1,
        "event": "test",
        "id": "webhook test:3:x",
        "at": STAMP,
        "alert": {"id": 3},
    }
    assert (is_test(payload), rule_of(payload), key_of(payload)) == (True, 3, "webhook test:3:x")
    firing = firing_to_json(fired())
    assert (is_test(firing), rule_of(firing), key_of(firing)) == (False, 3, "3:1:salt")
