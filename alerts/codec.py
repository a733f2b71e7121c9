"""
Drafts, rules and firings as JSON and back: what the database keeps, so that start-up parses no text.

JSON values only (no NaN, no infinity). The readers raise KeyError, TypeError or ValueError where the JSON is not ours.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from alerts.condition import Draft, Options, OrderEvent, Repeat, TradingTime
from alerts.condition_codec import condition_from_json, condition_to_json
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
    RuleState,
    ScanCause,
    TimeCause,
)
from market.codec import (
    headline_from_json,
    headline_to_json,
    instrument_from_json,
    instrument_to_json,
    row_from_json,
    row_to_json,
    spec_from_json,
    spec_to_json,
    time_from_json,
    time_to_json,
)
from market.instrument import Instrument
from market.quote import DataKind, TickField

Json = dict[str, Any]


def _seconds(length: timedelta) -> float:
    return length.total_seconds()


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


_OPTIONS: dict[str, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "repeat": ("repeat", str, Repeat),
    "cooldown": ("cooldown_s", _seconds, _span),
    "note": ("note", str, str),
    "silent": ("silent", bool, bool),
    "critical": ("critical", bool, bool),
    "most": ("most", int, int),
    "hold": ("hold_s", _seconds, _span),
    "hours": ("hours", str, TradingTime),
    "until": ("until", datetime.isoformat, datetime.fromisoformat),
    "tag": ("tag", str, str),
    "hysteresis_pct": ("hysteresis_pct", float, float),
    "then": ("then", str, str),
    "to": ("to", str, str),
}
"""Every option: its key, and both ways."""

_STATES = {str(state): state for state in RuleState}
_NO_OPTIONS = Options()
_NO_MEMORY: Mapping[str, object] = MappingProxyType({})


def rule_to_json(rule: Rule) -> Json:
    """Return *rule* as JSON, its id, state and memory included; what is as in a new rule is left out."""
    data: Json = {
        "id": rule.id,
        "owner_id": rule.owner_id,
        "chat_id": rule.chat_id,
        "text": rule.text,
        "draft": draft_to_json(rule.draft),
        "instruments": {symbol: instrument_to_json(found) for symbol, found in rule.instruments.items()},
        "created": rule.created.isoformat(),
        "state": str(rule.state),
    }
    if rule.since != rule.created:
        data["since"] = rule.since.isoformat()
    for name in ("reason", "fired_count", "wake_on"):
        if found := getattr(rule, name):
            data[name] = found
    for name in ("last_fired", "snoozed_until"):
        if (moment := getattr(rule, name)) is not None:
            data[name] = moment.isoformat()
    if rule.memory:
        data["memory"] = dict(rule.memory)
    return data


def rule_from_json(data: Mapping[str, Any]) -> Rule:
    """
    Return the rule that `rule_to_json` wrote.

    Rules about the same instruments share them: a start reads a hundred thousand rules about a few hundred shares.
    """
    since, found = data.get("since", data["created"]), data["instruments"]
    created = datetime.fromisoformat(data["created"])
    return Rule(
        id=data["id"],
        owner_id=data["owner_id"],
        chat_id=data["chat_id"],
        text=data["text"],
        draft=draft_from_json(data["draft"]),
        instruments=_instruments(tuple((symbol, tuple(one.items())) for symbol, one in found.items())),
        created=created,
        since=created if since == data["created"] else datetime.fromisoformat(since),
        state=_STATES[data["state"]],
        reason=data.get("reason", ""),
        fired_count=data.get("fired_count", 0),
        last_fired=time_from_json(data.get("last_fired")),
        memory=data.get("memory") or _NO_MEMORY,
        snoozed_until=time_from_json(data.get("snoozed_until")),
        wake_on=data.get("wake_on", ""),
    )


@lru_cache(maxsize=4096)
def _instruments(found: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]) -> Mapping[str, Instrument]:
    return {symbol: _instrument(fields) for symbol, fields in found}


@lru_cache(maxsize=4096)
def _instrument(fields: tuple[tuple[str, Any], ...]) -> Instrument:
    return instrument_from_json(dict(fields))


def draft_to_json(draft: Draft) -> Json:
    """Return *draft* as JSON, time spans in seconds; options that were not typed are left out."""
    data: Json = {"condition": condition_to_json(draft.condition)}
    for field, (key, write, _) in _OPTIONS.items():
        found = getattr(draft.options, field)
        # 0 is False, and as good as not typed; a span of nothing cannot be typed.
        if found:
            data[key] = write(found)
    return data


def draft_from_json(data: Mapping[str, Any]) -> Draft:
    """Return the draft that `draft_to_json` wrote."""
    condition = condition_from_json(data["condition"])
    if len(data) == 1:
        return Draft(condition, _NO_OPTIONS)
    found = {}
    for field, (key, _, read) in _OPTIONS.items():
        # Rules of the first version carry options that were not typed as None, "" or false.
        if got := data.get(key):
            found[field] = read(got)
    return Draft(condition, Options(**found) if found else _NO_OPTIONS)


def firing_to_json(firing: Firing) -> Json:
    """Return *firing* as JSON, with its rule as it stands after it."""
    data = {
        "key": firing.key,
        "rule": rule_to_json(firing.rule),
        "at": firing.at.isoformat(),
        "cause": _cause_to_json(firing.cause),
        "exchange_time": time_to_json(firing.exchange_time),
    }
    return data if firing.away is None else {**data, "away": _away_to_json(firing.away)}


def firing_from_json(data: Mapping[str, Any]) -> Firing:
    """Return the firing that `firing_to_json` wrote."""
    return Firing(
        key=data["key"],
        rule=rule_from_json(data["rule"]),
        at=datetime.fromisoformat(data["at"]),
        cause=_cause_from_json(data["cause"]),
        exchange_time=time_from_json(data["exchange_time"]),
        away=_away(data["away"]) if "away" in data else None,
    )


def _away_to_json(away: Away) -> Json:
    return {
        "begin": away.begin.isoformat(),
        "span_s": away.span.total_seconds(),
        "is_unordered": away.is_unordered,
        "is_observed": away.is_observed,
        "live": time_to_json(away.live),
    }


def _away(data: Mapping[str, Any]) -> Away:
    begin = datetime.fromisoformat(data["begin"])
    live = time_from_json(data["live"])
    return Away(begin, _span(data["span_s"]), data["is_unordered"], data["is_observed"], live)


def _cause_to_json(cause: Cause) -> Json:  # noqa: PLR0911  one for each cause
    match cause:
        case PriceCause():
            return _price_cause_to_json(cause)
        case NewsCause(headline, instrument):
            return {"is": "news", "headline": headline_to_json(headline), "instrument": _known_to_json(instrument)}
        case ScanCause():
            return _scan_cause_to_json(cause)
        case AccountCause(values, instrument, currency):
            about = _known_to_json(instrument)
            return {"is": "account", "values": dict(values), "instrument": about, "currency": currency}
        case OrderCause(event, order, instrument, price, is_ours):
            about = _known_to_json(instrument)
            return {
                "is": "order",
                "event": str(event),
                "order": order,
                "instrument": about,
                "price": price,
                "is_ours": is_ours,
            }
        case TimeCause(due, message, collapsed):
            return {"is": "time", "due": due.isoformat(), "message": message, "collapsed": collapsed}
        case FeedCause(instrument, last):
            return {"is": "feed", "instrument": instrument_to_json(instrument), "last": time_to_json(last)}


def _price_cause_to_json(cause: PriceCause) -> Json:
    return {
        "is": "price",
        "instrument": instrument_to_json(cause.instrument),
        "field": cause.field.name,
        "price": cause.price,
        "kind": str(cause.kind),
        "bid": cause.bid,
        "ask": cause.ask,
        "change_pct": cause.change_pct,
        "values": dict(cause.values),
        "from_minute": cause.from_minute,
    }


def _price_cause(data: Mapping[str, Any]) -> Cause:
    return PriceCause(
        instrument=instrument_from_json(data["instrument"]),
        field=TickField[data["field"]],
        price=data["price"],
        kind=DataKind(data["kind"]),
        bid=data["bid"],
        ask=data["ask"],
        change_pct=data["change_pct"],
        values=data["values"],
        from_minute=data.get("from_minute", False),
    )


def _news_cause(data: Mapping[str, Any]) -> Cause:
    return NewsCause(headline_from_json(data["headline"]), _known(data["instrument"]))


def _scan_cause_to_json(cause: ScanCause) -> Json:
    return {
        "is": "scan",
        "spec": spec_to_json(cause.spec),
        "rows": [row_to_json(row) for row in cause.rows],
        "dropped": [row_to_json(row) for row in cause.dropped],
        "jumps": [[row_to_json(row), before] for row, before in cause.jumps],
    }


def _scan_cause(data: Mapping[str, Any]) -> Cause:
    # Firings of before knew new rows only.
    return ScanCause(
        spec_from_json(data["spec"]),
        tuple(row_from_json(row) for row in data["rows"]),
        tuple(row_from_json(row) for row in data.get("dropped", ())),
        tuple((row_from_json(row), int(before)) for row, before in data.get("jumps", ())),
    )


def _account_cause(data: Mapping[str, Any]) -> Cause:
    return AccountCause(data["values"], _known(data["instrument"]), data.get("currency", ""))


def _order_cause(data: Mapping[str, Any]) -> Cause:
    return OrderCause(
        OrderEvent(data["event"]), data["order"], _known(data["instrument"]), data["price"], data["is_ours"]
    )


def _time_cause(data: Mapping[str, Any]) -> Cause:
    return TimeCause(datetime.fromisoformat(data["due"]), data["message"], data["collapsed"])


def _feed_cause(data: Mapping[str, Any]) -> Cause:
    return FeedCause(instrument_from_json(data["instrument"]), time_from_json(data["last"]))


_CAUSES: dict[str, Callable[[Mapping[str, Any]], Cause]] = {
    "price": _price_cause,
    "news": _news_cause,
    "scan": _scan_cause,
    "account": _account_cause,
    "order": _order_cause,
    "time": _time_cause,
    "feed": _feed_cause,
}


def _cause_from_json(data: Mapping[str, Any]) -> Cause:
    return _CAUSES[data["is"]](data)


def _known_to_json(instrument: Instrument | None) -> Json | None:
    return None if instrument is None else instrument_to_json(instrument)


def _known(data: Mapping[str, Any] | None) -> Instrument | None:
    return None if data is None else instrument_from_json(data)
