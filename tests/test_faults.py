"""docs/faults.md: each fault of the list, its sentence, and tests that exist and say it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_NAMED = re.compile(r"`([\w/.]+)::(test_\w+)`")
_SAID = re.compile(r"“([^”]+)”")
_GOLDEN = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests/unit/bot/golden").glob("*.txt"))
_TAGS = re.compile(r"<[^>]+>")

FAULTS = (
    *("killed before a firing is stored", "killed while a message is sent", "steps of confirming and submitting"),
    *("down at start", "down later", "slow", "429", "5xx", "timing out after it accepted", "two pollers"),
    *("cannot be parsed", "dropped", "silent with the socket up", "1100", "1101", "1102", "2103, then 2104", "326"),
    *("321", "10197", "single bytes", "unknown messages", "garbage", "disk full", "database locked"),
    *("clock jumps ahead", "clock set back", "DST", "hostile texts", "callbacks", "hostile frames"),
)
"""All that the product promises to survive."""


def rows(part: str = "") -> list[list[str]]:
    """Return the cells of the page's rows, of one *part* or of all."""
    page = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    chosen = next(one for one in page.split("\n## ") if one.startswith(part)) if part else page
    found = [line.strip("| ").split(" | ") for line in chosen.splitlines() if line.startswith("| ")]
    return [cells for cells in found if cells[0] != "fault"]


def file_of(name: str) -> Path:
    """Return the file that the page means by *name*."""
    return ROOT / (name if "/" in name else f"tests/flow/{name}")


def source_of(name: str, test: str) -> str:
    """Return the text of a test; "" where there is none."""
    text = file_of(name).read_text(encoding="utf-8")
    for one in ast.parse(text).body:
        inside = one.body if isinstance(one, ast.ClassDef) else [one]
        for found in inside:
            if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef) and found.name == test:
                begin = min([found.lineno, *(mark.lineno for mark in found.decorator_list)])
                return "\n".join(text.splitlines()[begin - 1 : found.end_lineno])
    return ""


def test_every_fault_has_its_row() -> None:
    named = " · ".join(cells[0] for cells in rows())
    assert [fault for fault in FAULTS if fault not in named] == []


@pytest.mark.parametrize("cells", [pytest.param(cells, id=cells[0]) for cells in rows()])
def test_its_tests_exist_and_its_sentence_stands_in_one_of_them_or_in_a_kept_message(cells: list[str]) -> None:
    _, said, _, tests = cells
    named = _NAMED.findall(tests)
    assert named
    sources = [source_of(file, test) for file, test in named]
    assert all(sources), [one for one, source in zip(named, sources, strict=True) if not source]
    shown = "\n".join([*sources, _TAGS.sub("", _GOLDEN)])
    sentences = _SAID.findall(said)
    assert [sentence for sentence in sentences if sentence not in shown] == []
    assert sentences or said.startswith(("nothing", "a sentence"))


def test_the_faults_of_tws_are_shown_with_both_libraries() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    command = next(line for line in makefile.splitlines() if "$(INSYNC)/bin/python -m pytest" in line)
    run = re.findall(r"tests/\S+", command)
    assert run
    for cells in rows("TWS and IBKR"):
        files = [str(file_of(file).relative_to(ROOT)) for file, _ in _NAMED.findall(cells[3])]
        assert all(any(file.startswith(one) for one in run) for file in files), cells[0]
        assert any("test_trouble_ibkr.py" in file for file in files), cells[0]
