"""
Drafts, rules and firings as JSON and back: what the database keeps, so that start-up parses no text.

JSON values only (no NaN, no infinity). The readers raise KeyError, TypeError or ValueError where the JSON is not ours.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from alerts.condition import (
    Both,
    Comparison,
    Condition,
    Crossing,
    Direction,
    Draft,
    Either,
    NewsMatch,
    Op,
    Options,
    Repeat,
    ScanEntry,
)
from alerts.operand import Indicator, Number, Operand, Price, PriceField
from alerts.rule import Cause, Firing, NewsCause, PriceCause, Rule, RuleState, ScanCause
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
from market.quote import BarSize, DataKind, TickField

Json = dict[str, Any]


def rule_to_json(rule: Rule) -> Json:
    """Return *rule* as JSON, its id, state and memory included."""
    return {
        "id": rule.id,
        "owner_id": rule.owner_id,
        "chat_id": rule.chat_id,
        "text": rule.text,
        "draft": draft_to_json(rule.draft),
        "instruments": {symbol: instrument_to_json(found) for symbol, found in rule.instruments.items()},
        "created": rule.created.isoformat(),
        "since": rule.since.isoformat(),
        "state": str(rule.state),
        "reason": rule.reason,
        "fired_count": rule.fired_count,
        "last_fired": time_to_json(rule.last_fired),
        "memory": dict(rule.memory),
    }


def rule_from_json(data: Mapping[str, Any]) -> Rule:
    """Return the rule that `rule_to_json` wrote."""
    return Rule(
        id=data["id"],
        owner_id=data["owner_id"],
        chat_id=data["chat_id"],
        text=data["text"],
        draft=draft_from_json(data["draft"]),
        instruments={symbol: instrument_from_json(found) for symbol, found in data["instruments"].items()},
        created=datetime.fromisoformat(data["created"]),
        since=datetime.fromisoformat(data["since"]),
        state=RuleState(data["state"]),
        reason=data["reason"],
        fired_count=data["fired_count"],
        last_fired=time_from_json(data["last_fired"]),
        memory=data["memory"],
    )


def draft_to_json(draft: Draft) -> Json:
    """Return *draft* as JSON; a cooldown in seconds."""
    options = draft.options
    return {
        "condition": _condition_to_json(draft.condition),
        "repeat": None if options.repeat is None else str(options.repeat),
        "cooldown_s": None if options.cooldown is None else options.cooldown.total_seconds(),
        "note": options.note,
        "silent": options.silent,
        "critical": options.critical,
    }


def draft_from_json(data: Mapping[str, Any]) -> Draft:
    """Return the draft that `draft_to_json` wrote."""
    options = Options(
        repeat=None if data["repeat"] is None else Repeat(data["repeat"]),
        cooldown=None if data["cooldown_s"] is None else timedelta(seconds=data["cooldown_s"]),
        note=data["note"],
        silent=data["silent"],
        critical=data["critical"],
    )
    return Draft(_condition_from_json(data["condition"]), options)


def firing_to_json(firing: Firing) -> Json:
    """Return *firing* as JSON, with its rule as it stands after it."""
    return {
        "key": firing.key,
        "rule": rule_to_json(firing.rule),
        "at": firing.at.isoformat(),
        "cause": _cause_to_json(firing.cause),
        "exchange_time": time_to_json(firing.exchange_time),
    }


def firing_from_json(data: Mapping[str, Any]) -> Firing:
    """Return the firing that `firing_to_json` wrote."""
    return Firing(
        key=data["key"],
        rule=rule_from_json(data["rule"]),
        at=datetime.fromisoformat(data["at"]),
        cause=_cause_from_json(data["cause"]),
        exchange_time=time_from_json(data["exchange_time"]),
    )


def _condition_to_json(condition: Condition) -> Json:
    match condition:
        case Comparison(left, op, right):
            return {"is": "comparison", "left": _operand_to_json(left), "op": str(op), "right": _operand_to_json(right)}
        case Crossing(left, way, right):
            return {"is": "crossing", "left": _operand_to_json(left), "way": str(way), "right": _operand_to_json(right)}
        case NewsMatch(symbol, phrases):
            return {"is": "news", "symbol": symbol, "phrases": list(phrases)}
        case ScanEntry(spec):
            return {"is": "scan", "spec": spec_to_json(spec)}
        case Both(parts):
            return {"is": "and", "parts": [_condition_to_json(part) for part in parts]}
        case Either(parts):
            return {"is": "or", "parts": [_condition_to_json(part) for part in parts]}


def _condition_from_json(data: Mapping[str, Any]) -> Condition:
    match data["is"]:
        case "comparison":
            return Comparison(_operand_from_json(data["left"]), Op(data["op"]), _operand_from_json(data["right"]))
        case "crossing":
            return Crossing(_operand_from_json(data["left"]), Direction(data["way"]), _operand_from_json(data["right"]))
        case "news":
            return NewsMatch(data["symbol"], tuple(data["phrases"]))
        case "scan":
            return ScanEntry(spec_from_json(data["spec"]))
        case "and":
            return Both(tuple(_condition_from_json(part) for part in data["parts"]))
        case "or":
            return Either(tuple(_condition_from_json(part) for part in data["parts"]))
        case other:
            raise ValueError(other)


def _operand_to_json(operand: Operand) -> Json:
    match operand:
        case Number(value):
            return {"is": "number", "value": value}
        case Price(symbol, field):
            return {"is": "price", "symbol": symbol, "field": str(field)}
        case Indicator(symbol, name, length, bar):
            return {"is": "indicator", "symbol": symbol, "name": name, "length": length, "bar": str(bar)}


def _operand_from_json(data: Mapping[str, Any]) -> Operand:
    match data["is"]:
        case "number":
            return Number(data["value"])
        case "price":
            return Price(data["symbol"], PriceField(data["field"]))
        case "indicator":
            return Indicator(data["symbol"], data["name"], data["length"], BarSize(data["bar"]))
        case other:
            raise ValueError(other)


def _cause_to_json(cause: Cause) -> Json:
    match cause:
        case PriceCause():
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
            }
        case NewsCause(headline, instrument):
            about = None if instrument is None else instrument_to_json(instrument)
            return {"is": "news", "headline": headline_to_json(headline), "instrument": about}
        case ScanCause(spec, rows):
            return {"is": "scan", "spec": spec_to_json(spec), "rows": [row_to_json(row) for row in rows]}


def _cause_from_json(data: Mapping[str, Any]) -> Cause:
    match data["is"]:
        case "price":
            return PriceCause(
                instrument=instrument_from_json(data["instrument"]),
                field=TickField[data["field"]],
                price=data["price"],
                kind=DataKind(data["kind"]),
                bid=data["bid"],
                ask=data["ask"],
                change_pct=data["change_pct"],
                values=data["values"],
            )
        case "news":
            about = None if data["instrument"] is None else instrument_from_json(data["instrument"])
            return NewsCause(headline_from_json(data["headline"]), about)
        case "scan":
            return ScanCause(spec_from_json(data["spec"]), tuple(row_from_json(row) for row in data["rows"]))
        case other:
            raise ValueError(other)
