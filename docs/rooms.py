"""Writes the table of modules in docs/architecture.md from the modules' own first lines: `make docs`."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- rooms: begin -->", "<!-- rooms: end -->"
ROOMS = (
    "market",
    "alerts",
    "trading",
    "storage",
    "broker",
    "bot",
    "bot/handlers",
    "bot/views",
    "bot/wiring",
    "simulator",
    "simulator/tws",
    "simulator/tws/handlers",
    "simulator/telegram",
)


def first_line(path: Path) -> str:
    """Return the first sentence-line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").strip().splitlines()[0]


def tables() -> str:
    """Return every room with its modules, in Markdown."""
    parts = []
    for room in ROOMS:
        folder = ROOT / room
        rows = [
            f"| `{path.name}` | {first_line(path)} |" for path in sorted(folder.glob("*.py")) if path.stem != "__init__"
        ]
        title = f"### {room}/\n\n{first_line(folder / '__init__.py')}"
        parts.append("\n".join([title, "", "| module | what it is |", "|---|---|", *rows]))
    return "\n\n".join(parts)


def rewritten(document: str) -> str:
    """Return the document with its tables as they should be."""
    head, _, rest = document.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{tables()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    DOCUMENT.write_text(rewritten(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
