"""Rows of buttons: grids, pages, and buttons for lines too long to be one."""

from collections.abc import Sequence

from bot.callback_data import Code, Place, encode, encode_line
from bot.views.message import Button, Rows, Style

PAGE = 8
_MOST = 100
_WIDEST = 8
_LABEL = 40


def button(label: str, code: Code, *args: object, style: Style = Style.PLAIN, most: int = _LABEL) -> Button:
    """Return a button; a label of more than *most* characters is cut for phones. Raises ValueError as `encode`."""
    return Button(shortened(label, most), encode(code, *args), style)


def line_button(label: str, code: Code, *args: object, style: Style = Style.PLAIN) -> tuple[Button, ...]:
    """Return a button for a line of a person's making, or nothing where the line does not fit into one."""
    data = encode_line(code, *args)
    return () if data is None else (Button(shortened(label, _LABEL), data, style),)


def grid(buttons: Sequence[Button], per_row: int) -> Rows:
    """Return *buttons* in rows of *per_row*, at most Telegram's 100 of them and 8 in a row."""
    width = min(per_row, _WIDEST)
    kept = tuple(buttons[:_MOST])
    return tuple(kept[start : start + width] for start in range(0, len(kept), width))


def rows(*candidates: Sequence[Button]) -> Rows:
    """Return the rows that have a button in them."""
    return tuple(tuple(row) for row in candidates if row)


def pages(count: int, size: int = PAGE) -> int:
    """Return how many pages *count* items take; nothing takes one."""
    return max(1, -(-count // size))


def clamped(page: int, count: int, size: int = PAGE) -> int:
    """Return *page* (from 0), brought back into the range that *count* items have."""
    return min(max(page, 0), pages(count, size) - 1)


def pager(code: Code, page: int, count: int, *args: object, size: int = PAGE) -> tuple[Button, ...]:
    """Return `◀️ 2/3 ▶️` for *page* (from 0), or nothing where all fits on one; data: HERE, page, then *args*."""
    total = pages(count, size)
    if total == 1:
        return ()
    return (
        Button("◀️", encode(code, Place.HERE, (page - 1) % total, *args)),
        Button(f"{page + 1}/{total}", encode(Code.NOTHING)),
        Button("▶️", encode(code, Place.HERE, (page + 1) % total, *args)),
    )


def shortened(label: str, limit: int) -> str:
    """Return *label* on one line and of at most *limit* characters."""
    flat = " ".join(label.split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"
