"""
What a webhook carries: an alert's firing as JSON, with fields that stay as they are (docs/webhook.md).

The same firing always makes the same bytes: a repeat is the same request, under the same idempotency key.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alerts.codec import firing_from_json
from alerts.default import kind_of
from alerts.rule import (
    AccountCause,
    Away,
    Cause,
    FeedCause,
    Firing,
    NewsCause,
    OrderCause,
    PriceCause,
    ScanCause,
    TimeCause,
)
from bot.views.condition import describe
from market.instrument import Instrument

VERSION = 1


def body_of(payload: Mapping[str, Any]) -> bytes:
    """
    Return the body for a webhook's outbox row.

    Raises KeyError, TypeError or ValueError where the payload is neither a firing nor a test.
    """
    content = _test(payload) if is_test(payload) else _fired(firing_from_json(payload))
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def is_test(payload: Mapping[str, Any]) -> bool:
    """Return whether a row is a test that its owner asked for."""
    return "test" in payload


def rule_of(payload: Mapping[str, Any]) -> int:
    """Return the alert that a webhook's row is of. Raises KeyError, TypeError or ValueError as `body_of`."""
    return int(payload["test"] if is_test(payload) else payload["rule"]["id"])


def test_payload(rule_id: int, key: str, at: datetime) -> dict[str, object]:
    """Return the row's payload for a test of an alert's webhook."""
    return {"test": rule_id, "key": key, "at": at.isoformat()}


def key_of(payload: Mapping[str, Any]) -> str:
    """Return the idempotency key: that of the firing, or of the test."""
    return str(payload["key"])


def _test(payload: Mapping[str, Any]) -> dict[str, object]:
    return {
        "version": VERSION,
        "event": "test",
        "id": payload["key"],
        "at": payload["at"],
        "alert": {"id": payload["test"]},
    }


def _fired(fired: Firing) -> dict[str, object]:
    rule, options = fired.rule, fired.rule.draft.options
    return {
        "version": VERSION,
        "event": "alert.fired",
        "id": fired.key,
        "at": fired.at.isoformat(),
        "exchange_time": None if fired.exchange_time is None else fired.exchange_time.isoformat(),
        "found_afterwards": _away(fired.away),
        "alert": {
            "id": rule.id,
            "text": rule.text,
            "kind": kind_of(rule.draft.condition).value,
            "condition": describe(rule),
            "note": options.note,
            "tag": options.tag,
            "critical": options.critical,
            "fired_count": rule.fired_count,
        },
        "instrument": _instrument(_subject(fired.cause)),
        "what": _what(fired.cause),
    }


def _away(away: Away | None) -> dict[str, object] | None:
    if away is None:
        return None
    return {
        "begin": away.begin.isoformat(),
        "span_s": away.span.total_seconds(),
        "order_unknown": away.is_unordered,
        "observed": away.is_observed,
    }


def _subject(cause: Cause) -> Instrument | None:
    return None if isinstance(cause, ScanCause | TimeCause) else cause.instrument


def _instrument(instrument: Instrument | None) -> dict[str, object] | None:
    if instrument is None:
        return None
    return {
        "con_id": instrument.con_id,
        "symbol": instrument.symbol,
        "label": instrument.label,
        "type": instrument.sec_type.value,
        "exchange": instrument.primary_exchange or instrument.exchange,
        "currency": instrument.currency,
    }


def _what(cause: Cause) -> dict[str, object]:  # noqa: PLR0911  one for each cause
    match cause:
        case PriceCause():
            return {
                "type": "price",
                "field": cause.field.name.lower(),
                "price": cause.price,
                "bid": cause.bid,
                "ask": cause.ask,
                "change_pct": cause.change_pct,
                "data": cause.kind.value,
                "values": dict(cause.values),
            }
        case NewsCause(headline):
            told = {"headline": headline.text, "provider": headline.provider, "article_id": headline.article_id}
            return {"type": "news", **told, "time": headline.time.isoformat()}
        case ScanCause(spec, rows):
            found = [{"rank": row.rank, "instrument": _instrument(row.instrument)} for row in rows]
            return {"type": "scan", "code": spec.code, "rows": found}
        case AccountCause(values):
            return {"type": "account", "values": dict(values)}
        case OrderCause(event, order, _, price, is_ours):
            return {"type": "order", "event": event.value, "order": order, "price": price, "placed_here": is_ours}
        case TimeCause(due, message, collapsed):
            return {"type": "time", "due": due.isoformat(), "message": message, "missed_before": collapsed}
        case FeedCause(_, last):
            return {"type": "feed", "last": None if last is None else last.isoformat()}
