"""What the host says to the bot: codes that let people in."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot import pairing
from bot.__main__ import cli
from market.clock import SystemClock
from trading.access import Role

ENVIRONMENT = {
    "TELEGRAM_BOT_TOKEN": "42:a-token",
    "TELEGRAM_USERS": "111:admin",
    "PAIRING": "on",
}


def said(folder: Path, *words: str, **settings: str) -> Result:
    given = {**ENVIRONMENT, "DATABASE_URL": f"sqlite:///{folder}/data/squawkbot.db", **settings}
    return CliRunner(env=given).invoke(cli, words)


@pytest.mark.parametrize(("words", "role"), [((), Role.VIEWER), (("trader",), Role.TRADER), (("Admin",), Role.ADMIN)])
def test_pair_prints_a_code_for_the_role_that_works_beside_the_database(
    tmp_path: Path, words: tuple[str, ...], role: Role
) -> None:
    told = said(tmp_path, "pair", *words)
    assert told.exit_code == 0, told.output
    letters = pairing.code_in(told.output.splitlines()[0])
    assert letters is not None
    assert pairing.redeem(tmp_path / "data" / pairing.FOLDER, letters, SystemClock().now()) is role
    assert "within 10 minutes" in told.output


@pytest.mark.parametrize(
    ("words", "settings", "why"),
    [
        (("boss",), {}, "'boss' is none of viewer, trader, admin"),
        (("trader",), {"PAIRING": "off"}, "PAIRING is off"),
        (("trader",), {"TELEGRAM_USERS": "111"}, "TELEGRAM_USERS: needs at least one admin"),
    ],
)
def test_what_would_let_nobody_in_makes_no_code(
    tmp_path: Path, words: tuple[str, ...], settings: dict[str, str], why: str
) -> None:
    told = said(tmp_path, "pair", *words, **settings)
    assert told.exit_code == 2
    assert why in told.output
    assert not (tmp_path / "data").exists()


def test_reset_totp_says_what_was_there(tmp_path: Path) -> None:
    told = said(tmp_path, "reset-totp", "222")
    assert (told.exit_code, told.output) == (0, "User 222 has none set up.\n")
