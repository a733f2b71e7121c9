"""`squawkbot halt` and `resume`: with nothing but a shell on the host."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.__main__ import cli


def said(folder: Path, *words: str, **settings: str) -> Result:
    """Run it with a broken environment: only the place of the data counts."""
    given = {"DATABASE_URL": f"sqlite:///{folder}/squawkbot.db", "TELEGRAM_USERS": "nobody", "LIMIT_ORDER_VALUE": "x"}
    return CliRunner(env=given | settings).invoke(cli, words)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "squawkbot.db").touch()
    return tmp_path


def test_halt_makes_the_file_and_resume_takes_it_away(data: Path) -> None:
    told = said(data, "halt")
    assert told.exit_code == 0, told.output
    assert told.output.startswith(f"Halted: {data / 'HALT'} is there, so no order leaves.\n")
    assert "cancel them in TWS" in told.output
    assert "halted by hand" in (data / "HALT").read_text()
    assert said(data, "halt").output.startswith("Was halted already: ")
    again = said(data, "resume")
    assert again.exit_code == 0
    assert again.output.startswith(f"Removed {data / 'HALT'}.\n")
    assert not (data / "HALT").exists()
    assert said(data, "resume").output.startswith("There was no ")


@pytest.mark.parametrize("word", ["halt", "resume"])
def test_beside_no_database_nothing_is_done_and_that_is_said(tmp_path: Path, word: str) -> None:
    told = said(tmp_path, word)
    assert told.exit_code == 1
    assert "NOT halted or resumed: there is no database" in told.output
    assert list(tmp_path.iterdir()) == []


def test_a_url_of_another_kind_is_said(tmp_path: Path) -> None:
    told = said(tmp_path, "halt", DATABASE_URL="mysql://x")
    assert told.exit_code == 2
    assert "NOT halted" in told.output


def test_a_file_that_cannot_be_written_is_said(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    told = said(data, "halt")
    assert told.exit_code == 1
    assert "NOT halted" in told.output
    assert "Permission denied" in told.output


def test_an_env_file_that_is_no_text_does_not_stand_in_the_way(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    (data / ".env").write_bytes(b"TELEGRAM_USERS=\xff\xfe")
    assert said(data, "halt").output.startswith("Halted: ")
    told = said(data, "halt", DATABASE_URL="")
    assert told.exit_code == 2
    assert "NOT halted or resumed: .env: is no UTF-8 text" in told.output
