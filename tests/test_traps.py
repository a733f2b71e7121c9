"""docs/traps.md names tests that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
_NAMED = re.compile(r"`([a-z_/.]+)::(test_\w+)`")


def file_of(name: str) -> Path:
    """Return the file that the page means by *name*."""
    if name == "flow":
        return ROOT / "tests/flow/test_trouble_ibkr.py"
    return ROOT / name if "/" in name else ROOT / "tests/integration/broker" / name


def names_in(file: Path) -> set[str]:
    """Return the names of the tests in *file*."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return {one.name for one in body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_trap_has_a_test_that_exists() -> None:
    rows = [line for line in (ROOT / "docs/traps.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    traps = [row for row in rows if not row.startswith("| trap |")]
    assert len(traps) > 50
    named = [_NAMED.findall(row) for row in traps]
    assert [row for row, tests in zip(traps, named, strict=True) if not tests] == []
    assert [(file, test) for tests in named for file, test in tests if test not in names_in(file_of(file))] == []
