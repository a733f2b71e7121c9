"""Settings from the environment; a wrong one is named."""

from decimal import Decimal
from pathlib import Path

import pytest

from bot.settings import SettingsError, load
from trading.access import Role
from trading.second_step import StepKind

TOKEN = "123456789:" + "A" * 35


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)
    for name in (
        "TELEGRAM_BOT_TOKEN",
        "TELEGRAM_BOT_TOKEN_FILE",
        "TELEGRAM_USERS",
        "TIMEZONE",
        "IB_PORT",
        "DATABASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
    monkeypatch.setenv("TELEGRAM_USERS", "111:admin,222:trader, 333")
    return monkeypatch


def test_a_bare_user_id_is_a_viewer() -> None:
    assert load().telegram_users == {111: Role.ADMIN, 222: Role.TRADER, 333: Role.VIEWER}


def test_defaults_are_those_of_the_documentation() -> None:
    settings = load()
    assert (settings.ib_host, settings.ib_port, settings.ib_client_id) == ("127.0.0.1", 4002, 17)
    assert settings.database_url == "sqlite:///data/squawkbot.db"
    assert (settings.confirm_timeout_s, settings.confirm_drift_pct) == (60, 0.5)
    assert settings.limit_order_value == Decimal(50_000)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("TELEGRAM_BOT_TOKEN", "", "is not set"),
        ("TELEGRAM_BOT_TOKEN", "hunter2", "is no bot token"),
        ("TELEGRAM_USERS", "", "is not set"),
        ("TELEGRAM_USERS", "222:trader", "at least one admin"),
        ("TELEGRAM_USERS", "111:boss", "'111:boss'"),
        ("TELEGRAM_USERS", "ada:admin", "numeric id"),
        ("TIMEZONE", "Mars/Olympus", "is no time zone"),
        ("IB_PORT", "zero", "integer"),
        ("IB_PORT", "70000", "65535"),
        ("DATABASE_URL", "mysql://x", "sqlite:///"),
        ("TELEGRAM_API_URL", "api.telegram.org", "https://"),
        ("HOOK_SECRET", "short", "at least 16 characters"),
        ("SECOND_STEP", "sms", "'off', 'totp' or 'person'"),
        ("SECOND_STEP_ABOVE", "-1", "greater than or equal to 0"),
    ],
)
def test_a_wrong_setting_is_named(environment: pytest.MonkeyPatch, name: str, value: str, problem: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load()
    assert caught.value.name == name
    assert problem in caught.value.problem
    assert "\n" not in str(caught.value)


def test_no_error_repeats_the_token(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TELEGRAM_BOT_TOKEN", "secret-without-colon")
    with pytest.raises(SettingsError) as caught:
        load()
    assert "secret-without-colon" not in str(caught.value)


def test_the_token_may_stand_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("TELEGRAM_BOT_TOKEN")
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n")
    environment.setenv("TELEGRAM_BOT_TOKEN_FILE", str(secret))
    assert load().token == TOKEN


def test_an_unreadable_secret_file_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TELEGRAM_BOT_TOKEN_FILE", "/nowhere/token")
    with pytest.raises(SettingsError, match="TELEGRAM_BOT_TOKEN_FILE: cannot be read"):
        load()


def test_a_dotenv_file_is_read(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("IB_PORT=7497\n")
    assert load().ib_port == 7497


def test_the_settings_do_not_show_the_token() -> None:
    assert TOKEN not in repr(load())


def test_nobody_else_is_let_in_and_one_tap_is_enough_unless_it_is_set(environment: pytest.MonkeyPatch) -> None:
    given = load()
    assert (given.pairing, given.second_step, given.second_step_above) == (False, StepKind.OFF, 0)
    for name, value in (("PAIRING", "on"), ("SECOND_STEP", "totp"), ("SECOND_STEP_ABOVE", "2500.50")):
        environment.setenv(name, value)
    given = load()
    assert (given.pairing, given.second_step, given.second_step_above) == (True, StepKind.CODE, Decimal("2500.50"))


def test_an_inbound_webhook_needs_a_secret(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("HOOK_PORT", "8651")
    with pytest.raises(SettingsError, match="HOOK_SECRET: must have at least 16 characters"):
        load()
    (tmp_path / "hook").write_text("a-secret-of-enough-length\n")
    environment.setenv("HOOK_SECRET_FILE", str(tmp_path / "hook"))
    assert load().hook_secret.get_secret_value() == "a-secret-of-enough-length"
    assert load().secrets == (TOKEN, "a-secret-of-enough-length")
    assert "a-secret" not in repr(load())


@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_misspelt_limit_is_named_with_the_one_that_is_meant(
    environment: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    if place == "file":
        (tmp_path / ".env").write_text("LIMIT_ORDERVALUE=5\n", encoding="utf-8")
    else:
        environment.setenv("LIMIT_ORDERVALUE", "5")
    with pytest.raises(SettingsError, match="LIMIT_ORDERVALUE: is no setting; did you mean LIMIT_ORDER_VALUE"):
        load()


def test_an_env_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"LIMIT_ORDER_VALUE=5\n\xff\xfe")
    with pytest.raises(SettingsError, match="is no UTF-8 text"):
        load()
