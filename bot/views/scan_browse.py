"""What IBKR's scanner can do, page by page: kinds of instruments, places, codes; and what a search finds in it."""

import re
from collections.abc import Sequence

from bot.callback_data import Code, Place
from bot.views.keyboard import button, clamped, grid, line_button, pager, rows
from bot.views.message import Button, Message, text
from bot.views.scan import scans_button
from market.scan_catalogue import ScanCatalogue, ScanFilter, ScanLocation, ScanType, ScanUniverse

_HERE = Place.HERE
_PAGE = 8
_FILTERS_SHOWN = 8
_US = "STK.US.MAJOR"


def kinds(catalogue: ScanCatalogue, page: int) -> Message:
    """Return a page of the kinds of instruments that can be scanned."""
    every = catalogue.universes
    page = clamped(page, len(every), _PAGE)
    buttons: list[Button] = []
    for one in every[page * _PAGE : (page + 1) * _PAGE]:
        buttons += line_button(one.name or one.type, Code.SCAN_PLACES, _HERE, 0, one.type)
    return Message(
        f"🗂 <b>Scan what?</b> IBKR scans {len(every)} kinds of instruments.",
        rows(*grid(buttons, 2), pager(Code.SCAN_TYPES, page, len(every), size=_PAGE), (scans_button(),)),
    )


def places(catalogue: ScanCatalogue, kind: str, page: int) -> Message:
    """Return a page of the places where instruments of a *kind* can be scanned."""
    found = places_of(catalogue, kind)
    page = clamped(page, len(found), _PAGE)
    buttons: list[Button] = []
    for one in found[page * _PAGE : (page + 1) * _PAGE]:
        buttons += line_button(_indented(one, found), Code.SCAN_CODES, _HERE, 0, f"{kind} {one.code}")
    return Message(
        f"🗂 <b>{text(_kind_name(catalogue, kind))}</b>: where? {len(found)} places",
        rows(
            *grid(buttons, 2),
            pager(Code.SCAN_PLACES, page, len(found), kind, size=_PAGE),
            (button("« Kinds", Code.SCAN_TYPES, _HERE, 0), scans_button()),
        ),
    )


def codes(catalogue: ScanCatalogue, kind: str, place: str, page: int) -> Message:
    """Return a page of the scans of a *kind* of instruments at a *place*."""
    found = [one for one in catalogue.types if kind in one.instruments]
    page = clamped(page, len(found), _PAGE)
    buttons: list[Button] = []
    for one in found[page * _PAGE : (page + 1) * _PAGE]:
        buttons += line_button(one.name or one.code, Code.SCAN_BUILD, _HERE, scan_at(one.code, place))
    back = line_button("« Places", Code.SCAN_PLACES, _HERE, 0, kind)
    where = next((one.name for one in catalogue.locations if one.code == place), "") or place
    return Message(
        f"🗂 <b>{text(_kind_name(catalogue, kind))} · {text(where)}</b>: which scan? {len(found)} of them",
        rows(
            *grid(buttons, 1),
            pager(Code.SCAN_CODES, page, len(found), f"{kind} {place}", size=_PAGE),
            (*back, scans_button()),
        ),
    )


def found(catalogue: ScanCatalogue, words: str, page: int) -> Message:
    """Return a page of what a search for *words* finds among codes, places and filters."""
    types, locations, filters = search(catalogue, words)
    hits = [line_button(f"🛰 {one.name or one.code}", Code.SCAN_BUILD, _HERE, one.code) for one in types]
    for place in locations:
        kind = next(iter(sorted(place.instruments)), "")
        hits.append(line_button(f"🗂 {_distinct(place, locations)}", Code.SCAN_CODES, _HERE, 0, f"{kind} {place.code}"))
    buttons = [each for hit in hits for each in hit]
    page = clamped(page, len(buttons), _PAGE)
    lines = [f"🔎 <b>{text(words)}</b>: scans {len(types)} · places {len(locations)} · filters {len(filters)}"]
    lines += [_filter_line(one) for one in filters[:_FILTERS_SHOWN]]
    if len(filters) > _FILTERS_SHOWN:
        lines.append(f"… and {len(filters) - _FILTERS_SHOWN} more filters")
    if filters:
        lines.append("A filter goes behind any scan: <code>/scan TOP_PERC_GAIN where CODE = value</code>")
    if not buttons and not filters:
        lines.append(
            "IBKR has nothing like it. Try a shorter word, for example <code>gap</code> or <code>volume</code>."
        )
    return Message(
        "\n".join(lines),
        rows(
            *grid(buttons[page * _PAGE : (page + 1) * _PAGE], 1),
            pager(Code.SCAN_FOUND, page, len(buttons), words, size=_PAGE),
            (button("🔎 Search again", Code.SCAN_ASK, 0, "find"), scans_button()),
        ),
    )


def nothing_known() -> Message:
    """Return the answer where IBKR's list of scans is empty."""
    return Message(
        "🗂 <b>IBKR's list of scans is empty just now.</b> The common ones work all the same.",
        rows((scans_button(),)),
    )


def places_of(catalogue: ScanCatalogue, kind: str) -> list[ScanLocation]:
    """Return where a *kind* of instruments can be scanned, in IBKR's order."""
    return [one for one in catalogue.locations if kind in one.instruments]


def filters_of(catalogue: ScanCatalogue, kind: str) -> list[ScanFilter]:
    """Return the filters that a scan of a *kind* of instruments may have."""
    allowed = next((one.filters for one in catalogue.universes if one.type == kind), frozenset[str]())
    return [one for one in catalogue.filters if one.belongs in allowed]


def search(
    catalogue: ScanCatalogue, words: str
) -> tuple[Sequence[ScanType], Sequence[ScanLocation], Sequence[ScanFilter]]:
    """
    Return the scans, places and filters in whose name or code every one of *words* stands, regardless of case.

    In places a word must begin so: who looks for "gap" means no Singapore.
    """
    sought = words.casefold().replace("_", " ").split()

    def fits(code: str, name: str) -> bool:
        told = f"{code} {name}".casefold().replace("_", " ")
        return all(word in told for word in sought)

    def begins(place: ScanLocation) -> bool:
        told = f" {place.code} {place.name}".casefold()
        return all(re.search(rf"(?<![^\W_]){re.escape(word)}", told) for word in sought)

    return (
        [one for one in catalogue.types if fits(one.code, one.name)],
        [one for one in catalogue.locations if begins(one)],
        [one for one in catalogue.filters if fits(one.code, one.name)],
    )


def scan_at(code: str, place: str) -> str:
    """Return the scan of a *code* at a *place* as buttons have it: every byte counts there."""
    return code if place == _US else f"{code} {place}"


def universe(catalogue: ScanCatalogue, kind: str) -> ScanUniverse | None:
    """Return a kind of instruments, or None where IBKR has it not."""
    return next((one for one in catalogue.universes if one.type == kind), None)


def _kind_name(catalogue: ScanCatalogue, kind: str) -> str:
    known = universe(catalogue, kind)
    return kind if known is None else known.name or kind


def _indented(place: ScanLocation, among: Sequence[ScanLocation]) -> str:
    return f"{'· ' if place.parent else ''}{_distinct(place, among)}"


def _distinct(place: ScanLocation, among: Sequence[ScanLocation]) -> str:
    """Return a place's name, with its code beside it where another place *among* these bears the same name."""
    if not place.name:
        return place.code
    is_shared = sum(one.name == place.name for one in among) > 1
    return f"{place.name} · {place.code}" if is_shared else place.name


def _filter_line(one: ScanFilter) -> str:
    return f"<code>{text(one.code)}</code> {text(one.name)}".rstrip()
