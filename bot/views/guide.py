"""/help buy: every way to write an order, in pages; the lines are those of docs/orders.md."""

from bot.callback_data import Code, Place
from bot.views.keyboard import button, grid, shortened
from bot.views.message import Message, text
from market.ticket_example import ASKED_BACK, OPTIONS, SIZES, SYMBOLS, TYPES, Example

PAGES: dict[str, tuple[str, tuple[Example, ...]]] = {
    "types": ("Price and type", TYPES),
    "sizes": ("How much", SIZES),
    "options": ("Options", OPTIONS),
    "symbols": ("Symbols", SYMBOLS),
    "asked": ("Asked back", ASKED_BACK),
}
"""The pages by name, in their order: a title and what stands on it."""

_HEAD = "📝 <b>Orders in words</b> · side, quantity, symbol, then price or type, then options"
_TAIL = "<i>Each line shows a card first. Nothing is sent before you press Confirm on it.</i>"


def page(name: str) -> Message:
    """Return one page, with buttons to the others. Raises KeyError for one that there is not."""
    title, examples = PAGES[name]
    buttons = [
        button(f"• {label}" if key == name else label, Code.GUIDE, Place.HERE, key) for key, (label, _) in PAGES.items()
    ]
    return Message("\n".join([_HEAD, f"<b>{title}</b>", *map(_line, examples), _TAIL]), grid(buttons, 3))


def _line(example: Example) -> str:
    said = f"<code>{text(example.written)}</code> · " if example.written else ""
    told = f"{said}{text(shortened(example.says, 160).replace('`', ''))}"
    return told if not example.lines else f"{told}\n  <code>{text(example.lines[0])}</code>"
