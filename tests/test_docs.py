"""What the documents say is true: every command and setting is named, examples parse, links lead somewhere."""

import importlib.util
import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from alerts.language import format_draft, parse
from alerts.story import Told
from bot import scan_line
from bot.commands import COMMANDS
from bot.settings import Settings
from market.ticket import format_ticket
from market.ticket import parse as parse_ticket

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_in_the_readme_and_has_help(command) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  the table's row
    assert f"`/{command.name}`" in README
    assert 5 < len(command.help) <= 256


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    for name, field in Settings.model_fields.items():
        assert f"`{name.upper()}`" in README, name
        if isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
            row = next(line for line in README.splitlines() if f"`{name.upper()}`" in line)
            assert f"`{field.default:g}`" in row, row


def test_every_setting_of_the_example_file_exists() -> None:
    known = {name.upper() for name in Settings.model_fields} | {"TWS_USERID", "TWS_PASSWORD", "TRADING_MODE"}
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = {match[1] for line in lines if (match := re.match(r"#?([A-Z][A-Z_]+)=", line))}
    assert named <= known


def typed() -> list[str]:
    """Return the lines of the README's table of what can be typed."""
    table = README.partition("## Just type")[2].partition("## Commands")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [example for cell in cells for example in re.findall(r"`([^`]+)`", cell)]


def reads_back(line: str) -> bool:
    """Return whether *line* is of the alert language, and what is written of it says the same."""
    draft = parse(line, NOW, NEW_YORK)
    return parse(format_draft(draft), NOW, NEW_YORK) == draft


@pytest.mark.parametrize("line", typed())
def test_every_line_the_readme_promises_is_understood(line: str) -> None:
    if line.startswith(("buy", "sell")):
        assert parse_ticket(line)
    elif line != "AAPL":
        assert reads_back(line.replace("…", "AAPL > 200"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_local_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", document.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_the_changelog_has_the_packages_version_or_unreleased() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def script(name: str) -> ModuleType:
    """Return the script of docs/ of this *name*."""
    specification = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_reference_of_the_alert_language_is_what_the_bot_uses() -> None:
    document = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    assert document == script("language").document(), "run `make docs`"


def test_the_reference_of_the_order_language_is_what_the_bot_quotes() -> None:
    document = (ROOT / "docs" / "orders.md").read_text(encoding="utf-8")
    assert document == script("tickets").document(), "run `make docs`"


def order_lines() -> list[str]:
    """Return the lines that docs/orders.md says work."""
    document = (ROOT / "docs" / "orders.md").read_text(encoding="utf-8").partition("## Never guessed")[0]
    return re.findall(r"`((?:buy|sell) [^`]+)`", document)


@pytest.mark.parametrize("line", order_lines())
def test_every_order_of_the_reference_is_understood_and_reads_back(line: str) -> None:
    assert parse_ticket(format_ticket(parse_ticket(line))) == parse_ticket(line)


def reference(section: str) -> list[str]:
    """Return the lines in backticks of one section's table in docs/alerts.md, first columns first."""
    document = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    rows = [
        row for row in document.partition(f"## {section}\n")[2].partition("\n## ")[0].splitlines() if row[:1] == "|"
    ]
    return [line for row in rows for line in re.findall(r"`([^`]+)`", row.rpartition("|")[0].rpartition(" | ")[0])]


@pytest.mark.parametrize("line", reference("Kinds"))
def test_every_line_of_the_reference_is_understood(line: str) -> None:
    assert reads_back(line.replace("\\|", "|"))


@pytest.mark.parametrize("option", reference("Options"))
def test_every_option_of_the_reference_is_understood(option: str) -> None:
    assert reads_back(f"AAPL > 200 {option}")


@pytest.mark.parametrize("symbol", reference("Symbols"))
def test_every_symbol_of_the_reference_is_understood(symbol: str) -> None:
    assert reads_back(f"{symbol} > 200")


def test_the_architecture_lists_every_module_in_its_own_words() -> None:
    rooms = script("rooms")
    document = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert document == rooms.rewritten(document), "run `make docs`"


def in_first_columns(name: str, kind: str) -> list[str]:
    """Return the lines that begin with *kind* in the first columns of a document's tables."""
    document = (ROOT / "docs" / name).read_text(encoding="utf-8")
    cells = [row.split(" | ")[0] for row in document.splitlines() if row.startswith("| `")]
    return [line for cell in cells for line in re.findall(r"`([^`]+)`", cell) if line.startswith(kind)]


@pytest.mark.parametrize("line", [*in_first_columns("news.md", "news "), *in_first_columns("scanner.md", "scan ")])
def test_every_line_about_news_and_scans_is_understood(line: str) -> None:
    assert reads_back(line)


@pytest.mark.parametrize("line", in_first_columns("scanner.md", "/scan "))
def test_every_scan_that_is_looked_at_or_scheduled_is_understood(line: str) -> None:
    bounds, schedule = scan_line.split(line.removeprefix("/scan "))
    if not bounds.startswith("find "):
        assert scan_line.entry_of(f"scan {bounds}", NOW, NEW_YORK)
    if schedule:
        assert scan_line.schedule_of(schedule, NOW, NEW_YORK)


def stories(told: str) -> list[tuple[str, str]]:
    """Return the pairs of headlines of which docs/news.md says that they are *told* "once" or "twice"."""
    table = (ROOT / "docs" / "news.md").read_text(encoding="utf-8").partition(f"| told {told} |")[2]
    return re.findall(r"^\| (.+?) \| (.+?) \|$", table.partition("\n\n")[0], re.MULTILINE)


def is_told_by(one: str, other: str) -> bool:
    """Return whether who was told *one* is not told *other* of another provider."""
    told = Told()
    told.add("DJNL:1", "DJNL", one, NOW)
    return told.knows("BRFG:1", "BRFG", other, NOW)


@pytest.mark.parametrize(("one", "other"), stories("once"))
def test_what_is_said_to_be_told_once_is_one_story(one: str, other: str) -> None:
    assert is_told_by(one, other)


@pytest.mark.parametrize(("one", "other"), stories("twice"))
def test_what_is_said_to_be_told_twice_is_two_stories(one: str, other: str) -> None:
    assert not is_told_by(one, other)
