"""The shared words as JSON and back: what storage keeps and the outbox carries. JSON values only."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from market.instrument import ComboLeg, Instrument, SecType
from market.news import Headline
from market.quote import DataKind, Quote
from market.scan import ScanRow, ScanSpec

_INSTRUMENT = {field.name: field.default for field in fields(Instrument) if field.name != "con_id"}
_INSTRUMENT_ODD: Mapping[str, Callable[[Any], Any]] = {
    "sec_type": str,
    "legs": lambda legs: [[leg.con_id, leg.ratio, leg.side] for leg in legs],
}
_PRICES = ("last", "bid", "ask", "high", "low", "open", "close", "volume", "bid_size", "ask_size")


def instrument_to_json(instrument: Instrument) -> dict[str, Any]:
    """Return *instrument* as JSON; every field that is not as usual, so that a message can be made from it alone."""
    data: dict[str, Any] = {"con_id": instrument.con_id}
    for name, usual in _INSTRUMENT.items():
        found = getattr(instrument, name)
        if found != usual:
            data[name] = _INSTRUMENT_ODD[name](found) if name in _INSTRUMENT_ODD else found
    return data


def instrument_from_json(data: Mapping[str, Any]) -> Instrument:
    """Return the instrument that `instrument_to_json` wrote. Raises TypeError, ValueError where it did not."""
    if "sec_type" in data:
        data = {**data, "sec_type": SecType(data["sec_type"])}
    if "legs" in data:
        data = {**data, "legs": tuple(ComboLeg(*leg) for leg in data["legs"])}
    return Instrument(**data)


def quote_to_json(quote: Quote) -> dict[str, Any]:
    """Return *quote* as JSON, times in ISO 8601."""
    return {
        "instrument": instrument_to_json(quote.instrument),
        **{name: getattr(quote, name) for name in _PRICES},
        "halted": quote.halted,
        "received": time_to_json(quote.received),
        "kind": str(quote.kind),
    }


def quote_from_json(data: Mapping[str, Any]) -> Quote:
    """Return the quote that `quote_to_json` wrote."""
    return Quote(
        instrument_from_json(data["instrument"]),
        **{name: data[name] for name in _PRICES},
        halted=data["halted"],
        received=time_from_json(data["received"]),
        kind=DataKind(data["kind"]),
    )


def headline_to_json(headline: Headline) -> dict[str, Any]:
    """Return *headline* as JSON."""
    return {
        "provider": headline.provider,
        "article_id": headline.article_id,
        "text": headline.text,
        "time": headline.time.isoformat(),
        "con_id": headline.con_id,
        "language": headline.language,
        **({"is_hot": True} if headline.is_hot else {}),
    }


def headline_from_json(data: Mapping[str, Any]) -> Headline:
    """Return the headline that `headline_to_json` wrote."""
    return Headline(**{**data, "time": datetime.fromisoformat(data["time"])})


def spec_to_json(spec: ScanSpec) -> dict[str, Any]:
    """Return *spec* as JSON."""
    return {
        "code": spec.code,
        "instrument": spec.instrument,
        "location": spec.location,
        "rows": spec.rows,
        "above_price": spec.above_price,
        "below_price": spec.below_price,
        "above_volume": spec.above_volume,
        **({"filters": [list(pair) for pair in spec.filters]} if spec.filters else {}),
    }


def spec_from_json(data: Mapping[str, Any]) -> ScanSpec:
    """Return the scan that `spec_to_json` wrote."""
    return ScanSpec(**{**data, "filters": tuple((str(code), str(value)) for code, value in data.get("filters", ()))})


def row_to_json(row: ScanRow) -> dict[str, Any]:
    """Return *row* as JSON."""
    return {"rank": row.rank, "instrument": instrument_to_json(row.instrument)}


def row_from_json(data: Mapping[str, Any]) -> ScanRow:
    """Return the row that `row_to_json` wrote."""
    return ScanRow(data["rank"], instrument_from_json(data["instrument"]))


def time_to_json(moment: datetime | None) -> str | None:
    """Return *moment* in ISO 8601 with its offset, or None."""
    return None if moment is None else moment.isoformat()


def time_from_json(text: str | None) -> datetime | None:
    """Return the moment that `time_to_json` wrote."""
    return None if text is None else datetime.fromisoformat(text)
