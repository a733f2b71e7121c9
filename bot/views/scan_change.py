"""What a scanner alert tells: who is new in the list, who dropped out of it, who jumped in rank."""

from alerts.condition import ScanEntry
from alerts.rule import Rule, ScanCause
from alerts.wording import condition_text
from bot.callback_data import Code, Place
from bot.views.keyboard import line_button
from bot.views.message import Button, text
from bot.views.scan import bounds_line, name_of
from bot.views.scan_table import PAGE, Quotes, Volumes, rank_changes, table
from market.scan import ScanRow

_NAMED = 3
_LISTED = 12


def scan_lines(cause: ScanCause, quotes: Quotes, usual: Volumes) -> list[str]:
    """Return the lines of what changed, the first one the whole story; safe for HTML."""
    shown, further = cause.rows[:PAGE], cause.rows[PAGE:]
    lines = [f"🛰 <b>{text(name_of(cause.spec))}</b> · {_story(cause)}"]
    if shown:
        lines.append(table(shown, quotes, usual))
    if further:
        lines.append(f"New further down: {_labels(further)}")
    # What the first line says already is not said again.
    if cause.dropped and (cause.rows or cause.jumps or len(cause.dropped) > _NAMED):
        lines.append(f"Dropped: {_labels(cause.dropped)}")
    if cause.jumps and (cause.rows or cause.dropped or len(cause.jumps) > _NAMED):
        lines.append(f"Jumped: {text(rank_changes(cause.jumps[:_LISTED]))}")
    return lines


def told_rows(cause: ScanCause) -> tuple[ScanRow, ...]:
    """Return the rows that are still in the list and worth a look, as many as there is room for buttons."""
    return (*cause.rows, *(row for row, _ in cause.jumps))[:PAGE]


def gist(cause: ScanCause) -> str:
    """Return all that changed in one line of plain text: each kind of change names its first few instruments."""
    kinds = (
        (len(cause.rows), "new", _some(cause.rows)),
        (len(cause.dropped), "dropped", _some(cause.dropped)),
        (len(cause.jumps), "jumped", rank_changes(cause.jumps[:_NAMED])),
    )
    told = (f"{many} {how}: {names}{_more(many)}" for many, how, names in kinds if many)
    return f"🛰 {' · '.join((name_of(cause.spec), *told))}"


def scan_foot(rule: Rule, cause: ScanCause) -> str:
    """Return what was scanned and by which alert, safe for HTML."""
    return f"{bounds_line(cause.spec)} · alert #{rule.id}"


def scan_ways(rule: Rule) -> tuple[tuple[Button, ...], ...]:
    """Return the way to the whole list as it is now, where the scan's line fits into a button."""
    entry = rule.draft.condition
    if not isinstance(entry, ScanEntry):
        return ()
    line = condition_text(entry).removeprefix("scan ")
    return (line_button("🔄 Whole list now", Code.SCAN_RUN, Place.ANEW, line),)


def _story(cause: ScanCause) -> str:
    """Return what changed in one line; what is the only kind of change names its instruments."""
    parts = []
    kinds = sum(1 for each in (cause.rows, cause.dropped, cause.jumps) if each)
    if cause.rows:
        parts.append(f"{len(cause.rows)} new: <b>{text(_some(cause.rows))}</b>{_more(len(cause.rows))}")
    if cause.dropped:
        named = f": <b>{_labels(cause.dropped[:_NAMED])}</b>" if kinds == 1 else ""
        parts.append(f"{len(cause.dropped)} dropped{named}")
    if cause.jumps:
        named = f": <b>{text(rank_changes(cause.jumps[:_NAMED]))}</b>" if kinds == 1 else ""
        parts.append(f"{len(cause.jumps)} jumped{named}")
    return " · ".join(parts)


def _some(found: tuple[ScanRow, ...]) -> str:
    return ", ".join(row.instrument.label for row in found[:_NAMED])


def _more(many: int) -> str:
    return f" and {many - _NAMED} more" if many > _NAMED else ""


def _labels(found: tuple[ScanRow, ...]) -> str:
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    return text(", ".join(row.instrument.label for row in found[:_LISTED])) + more
