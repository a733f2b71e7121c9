"""Golden messages: what a view says, kept beside the tests as a person would read it."""

import os
from pathlib import Path

from bot.views.message import Message, Style

_FOLDER = Path(__file__).parents[1] / "unit" / "bot" / "golden"
_MARKS = {Style.PLAIN: "", Style.PRIMARY: " (primary)", Style.SUCCESS: " (success)", Style.DANGER: " (danger)"}


def readable(message: Message) -> str:
    """Return the message as its golden file has it: flags, HTML, and a line for each row of buttons."""
    flags = [name for name in ("silent", "protect") if getattr(message, name)]
    flags += [f"asks: {message.asks}"] if message.asks else []
    flags += [f"file: {message.file.name}"] if message.file else []
    rows = ["".join(f"[{button.label}{_MARKS[button.style]}]" for button in row) for row in message.buttons]
    return "\n".join([*([f"({', '.join(flags)})"] if flags else []), message.html, *rows]) + "\n"


def check_golden(name: str, message: Message) -> None:
    """Hold *message* against its golden file; with GOLDEN=write in the environment the file is written instead."""
    path = _FOLDER / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(readable(message), encoding="utf-8")
    assert readable(message) == path.read_text(encoding="utf-8")
