"""A scan put together by buttons: the line it comes to always stands on top."""

from collections.abc import Sequence

from bot.callback_data import Code, Place
from bot.scan_line import BOUNDS, Bound, clause, keys_of, value_of
from bot.views.keyboard import button, clamped, grid, line_button, pager, rows, shortened
from bot.views.message import Button, Message, text
from bot.views.numbers import exact
from bot.views.scan import name_of, scans_button
from market.scan import ScanSpec
from market.scan_catalogue import ScanFilter

_HERE = Place.HERE
_PAGE = 8
_SHOWN_CHOICES = 40
_LINE = 600


def card(scan_id: int, name: str, line: str, spec: ScanSpec) -> Message:
    """Return the scan as it stands, with a button for each bound that it may have and for each that it has."""
    ways = [button(_labelled(bound, spec), Code.SCAN_FILTER, _HERE, scan_id, bound.key) for bound in BOUNDS]
    more = button("More filters", Code.SCAN_FILTERS, _HERE, 0, scan_id)
    drops: list[Button] = []
    for key in keys_of(spec):
        drops += line_button(f"✖️ {_said(spec, key)}", Code.SCAN_SET, _HERE, scan_id, f"{key}=")
    return Message(
        f"⚙️ <b>{text(name or name_of(spec))}</b>: which bounds?\n{_typed(line)}",
        rows(
            *grid(ways, 2),
            (more,),
            *grid(drops, 2),
            (
                button("▶️ Run", Code.SCAN_AGAIN, _HERE, scan_id),
                button("🔔 Alert me", Code.SCAN_ALERT, Place.ANEW, scan_id),
                button("💾 Save", Code.SCAN_SAVE, Place.ANEW, scan_id),
            ),
            (
                button("⏰ Schedule", Code.SCAN_TIME, Place.ANEW, scan_id, "?"),
                *line_button("« Codes", Code.SCAN_CODES, _HERE, 0, f"{spec.instrument} {spec.location}"),
                scans_button(),
            ),
        ),
    )


def filters(scan_id: int, line: str, found: Sequence[ScanFilter], page: int) -> Message:
    """Return a page of the filters that IBKR has for a scan of this kind."""
    page = clamped(page, len(found), _PAGE)
    buttons: list[Button] = []
    for one in found[page * _PAGE : (page + 1) * _PAGE]:
        buttons += line_button(one.name or one.code, Code.SCAN_FILTER, _HERE, scan_id, one.code)
    head = (
        f"⚙️ <b>{len(found)} filters of IBKR go with this scan</b>" if found else "⚙️ <b>IBKR names no filters here.</b>"
    )
    return Message(
        f"{head}\n{_typed(line)}\n<code>/scan find cap</code> looks for one by its name.",
        rows(*grid(buttons, 1), pager(Code.SCAN_FILTERS, page, len(found), scan_id, size=_PAGE), (_back(scan_id),)),
    )


def bound_choice(scan_id: int, line: str, bound: Bound, spec: ScanSpec, listed: ScanFilter | None) -> Message:
    """Return the question to what a bound is to be set: presets, or a value of one's own."""
    names = dict(listed.choices) if listed is not None else {}
    presets = [
        one
        for value in bound.presets[:_SHOWN_CHOICES]
        for one in line_button(names.get(value) or value, Code.SCAN_SET, _HERE, scan_id, f"{bound.key}={value}")
    ]
    now = value_of(spec, bound.key)
    clear = () if now is None else line_button("✖️ Clear", Code.SCAN_SET, _HERE, scan_id, f"{bound.key}=")
    own = line_button("✏️ Other value", Code.SCAN_ASK, scan_id, bound.key)
    stands = f"\nNow: <code>{text(_said(spec, bound.key))}</code>" if now is not None else ""
    kind = f"\nIBKR's filter <code>{text(bound.key)}</code>" if listed is not None else ""
    return Message(
        f"⚙️ <b>{text(bound.label)}</b>: what value?{stands}{kind}\n{_typed(line)}",
        rows(*grid(presets, 3), (*own, *clear), (_back(scan_id),)),
    )


def asked(bound: Bound) -> Message:
    """Return the question for a value of one's own."""
    example = bound.presets[0] if bound.presets else "100"
    return Message(
        f"✏️ <b>{text(bound.label)}</b>: what value? For example <code>{text(example)}</code>",
        asks=shortened(f"e.g. {example}", 60),
    )


def asked_words() -> Message:
    """Return the question what to look for."""
    return Message(
        "🔎 <b>Which scan or filter are you looking for?</b> A word of its name or code is enough, for example "
        "<code>gap</code> or <code>dividend</code>.",
        asks="e.g. gap",
    )


def asked_name(name: str) -> Message:
    """Return the question what a scan is to be called."""
    return Message(f"✏️ <b>{text(name)}</b>: what shall it be called?", asks="a short name")


def unfit(bound: Bound, said: str, expected: str) -> Message:
    """Return the answer to a value that does not go with its filter."""
    return Message(
        f"🤔 <b>{text(shortened(said, 40))} is no value for {text(bound.label)}.</b> Nothing was changed.\n"
        f"I expected {text(expected)}. Reply again to the question."
    )


def _back(scan_id: int) -> Button:
    return button("« Back", Code.SCAN_CARD, _HERE, scan_id)


def _typed(line: str) -> str:
    return f"<code>/{text(shortened(line, _LINE))}</code>"


def _labelled(bound: Bound, spec: ScanSpec) -> str:
    return f"{'✅ ' if value_of(spec, bound.key) is not None else ''}{bound.label}"


def _said(spec: ScanSpec, key: str) -> str:
    """Return a bound that is set as one would say it, numbers in full."""
    value = value_of(spec, key)
    shown = exact(value) if isinstance(value, int | float) else str(value)
    scaled = key.startswith("marketCap") and key.endswith("1e6")
    return clause(key, f"{shown}m" if scaled else f"{shown}%" if key.startswith("changePerc") else shown)
