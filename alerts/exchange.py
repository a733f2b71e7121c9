"""
Alerts as files and back: CSV and JSON with the same columns, and plain lines to read.

A row is the alert's line, its state, and which instrument each of its symbols meant, so that the same alert comes back
where a ticker is ambiguous. Pure: what a file would do is decided by whoever reads it (`bot/handlers/exchange.py`).
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alerts.errors import AlertError
from alerts.rule import Rule, RuleState

COLUMNS = ("alert", "state", "instruments", "created", "fired", "last_fired")
MOST_ENTRIES = 2000
"""More than that is no file of a person's alerts."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TORN = "there is a comma too many: a line with a comma in it needs quotes around it"
_STRANGE = "there is no state “{}”"
_STATES = frozenset(state.value for state in RuleState)


class UnreadableFile(AlertError):
    """The file holds no alerts in a form that is known; *line* is where it stopped making sense (1 at first)."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(line, why)
        self.line = line
        self.why = why


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One alert of a file: its *line* number, its *text*, *state* and the conIds its symbols meant.

    *flaw* says why it cannot be taken as it stands, "" where it can.
    """

    line: int
    text: str
    state: RuleState = RuleState.ARMED
    con_ids: Mapping[str, int] = field(default_factory=dict)
    flaw: str = ""


def to_json(rules: Iterable[Rule]) -> str:
    """Return *rules* as a JSON list of objects, one with each of `COLUMNS`."""
    return json.dumps([_row(rule) for rule in rules], indent=1, ensure_ascii=False) + "\n"


def to_csv(rules: Iterable[Rule]) -> str:
    """
    Return *rules* as CSV with a header.

    A cell that a spreadsheet would take for a formula is led by an apostrophe; `read` takes it away again.
    """
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    for row in map(_row, rules):
        pinned = " ".join(f"{symbol}={con_id}".replace(" ", "_") for symbol, con_id in row["instruments"].items())
        cells = [*(row[name] for name in COLUMNS[:2]), pinned, *(row[name] for name in COLUMNS[3:])]
        writer.writerow([_safe(cell) for cell in cells])
    return stream.getvalue()


def read(name: str, body: bytes) -> list[Entry]:
    """
    Return the alerts in a file called *name*: JSON, CSV, or one alert a line. Raises UnreadableFile.

    Whether each of them is an alert at all is not looked at here.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(body[: error.start].count(b"\n") + 1, "it is not UTF-8 text") from None
    kind = name.lower().rpartition(".")[2]
    is_json = kind == "json" or text.lstrip()[:1] == "["
    entries = _from_json(text) if is_json else _from_csv(text) if kind == "csv" else _from_lines(text)
    if not entries:
        raise UnreadableFile(1, "there is no alert in it")
    if len(entries) > MOST_ENTRIES:
        raise UnreadableFile(entries[MOST_ENTRIES].line, f"more than {MOST_ENTRIES} alerts are too many at once")
    return entries


def _row(rule: Rule) -> dict[str, Any]:
    return {
        "alert": rule.text,
        "state": rule.state.value,
        "instruments": {symbol: instrument.con_id for symbol, instrument in rule.instruments.items()},
        "created": rule.created.isoformat(),
        "fired": rule.fired_count,
        "last_fired": "" if rule.last_fired is None else rule.last_fired.isoformat(),
    }


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


def _from_json(text: str) -> list[Entry]:
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableFile(error.lineno, "it is no JSON") from None
    if not isinstance(rows, list):
        raise UnreadableFile(1, "a list of alerts was expected")
    return [_from_item(number, item) for number, item in enumerate(rows, 1)]


def _from_item(number: int, item: object) -> Entry:
    if isinstance(item, str):
        return Entry(number, item.strip())
    if not isinstance(item, dict) or not isinstance(item.get("alert"), str):
        raise UnreadableFile(number, "an object with an “alert” was expected")
    pinned = item.get("instruments")
    found = pinned if isinstance(pinned, dict) else {}
    con_ids = {str(symbol): con_id for symbol, con_id in found.items() if isinstance(con_id, int) and con_id > 0}
    said = item.get("state")
    return _entry(number, item["alert"].strip(), said if isinstance(said, str) else "", con_ids)


def _from_csv(text: str) -> list[Entry]:
    rows = csv.reader(io.StringIO(text))
    try:
        table = [(rows.line_num, [_plain(cell.strip()) for cell in row]) for row in rows]
    except csv.Error:
        raise UnreadableFile(rows.line_num, "it is no CSV") from None
    filled = [(number, row) for number, row in table if any(row)]
    if not filled:
        return []
    header = [name.lower() for name in filled[0][1]]
    if "alert" in header:
        return [_from_row(number, header, row) for number, row in filled[1:]]
    return [_from_row(number, ["alert"], row) for number, row in filled]


def _from_row(number: int, header: Sequence[str], row: Sequence[str]) -> Entry:
    if any(row[len(header) :]):
        # `AAPL > 1,234.5` would be an alert at 1 else.
        return Entry(number, ", ".join(row), flaw=_TORN)
    return _from_cells(number, dict(zip(header, row, strict=False)))


def _from_cells(number: int, cells: Mapping[str, str]) -> Entry:
    pairs = (pair.rpartition("=") for pair in cells.get("instruments", "").split())
    con_ids = {symbol.replace("_", " "): int(con_id) for symbol, _, con_id in pairs if symbol and con_id.isdecimal()}
    return _entry(number, cells.get("alert", ""), cells.get("state", ""), con_ids)


def _from_lines(text: str) -> list[Entry]:
    lines = ((number, line.strip().removeprefix("/alert ").strip()) for number, line in enumerate(text.split("\n"), 1))
    return [Entry(number, line) for number, line in lines if line and not line.startswith("//")]


def _entry(number: int, text: str, said: str, con_ids: Mapping[str, int]) -> Entry:
    """Return an alert in the state that the file says; an armed one where it says none."""
    state = said.lower()
    if state in _STATES:
        return Entry(number, text, RuleState(state), con_ids)
    digits = text[-1:].isdigit() and said[:1].isdigit()
    return Entry(number, text, con_ids=con_ids, flaw=(_TORN if digits else _STRANGE.format(said)) if said else "")


def is_spent(entry: Entry) -> bool:
    """Return whether the alert was over already when the file was made."""
    return entry.state in {RuleState.FIRED, RuleState.EXPIRED}


def known_texts(rules: Sequence[Rule]) -> frozenset[tuple[str, tuple[int, ...]]]:
    """Return what tells *rules* apart: each one's line and the instruments it is about."""
    return frozenset(identity(rule) for rule in rules)


def identity(rule: Rule) -> tuple[str, tuple[int, ...]]:
    """Return what makes two alerts the same alert: the line, and the instruments in it."""
    return rule.text, tuple(sorted(instrument.con_id for instrument in rule.instruments.values()))
