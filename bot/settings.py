"""Settings from the environment or a `.env` file; a wrong one stops the start with one line that names it."""

import os
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, SettingsConfigDict

from bot.limit_settings import LimitSettings
from trading.access import Role
from trading.second_step import StepKind

_SECRETS = ("TELEGRAM_BOT_TOKEN", "HOOK_SECRET")
_SHORTEST_SECRET = 16
_DATABASE = "sqlite:///data/squawkbot.db"
_ENV_FILE = ".env"
_NO_TEXT = "is no UTF-8 text; save it as such, or set what it holds in the environment"


class SettingsError(Exception):
    """The setting *name* is missing or wrong; *problem* says how, in one line and without its value."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name
        self.problem = problem


class _Place(BaseSettings):
    """Where the data is: all that a halt from the host needs, however wrong the rest may be."""

    model_config = SettingsConfigDict(
        env_file=_ENV_FILE, env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: str = _DATABASE


class Settings(LimitSettings):
    """Everything that can be set; the names are those of the environment, in lower case."""

    model_config = SettingsConfigDict(
        env_file=_ENV_FILE, env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    telegram_bot_token: SecretStr
    telegram_api_url: str = "https://api.telegram.org"
    telegram_users: Annotated[dict[int, Role], NoDecode]
    telegram_groups: Annotated[frozenset[int], NoDecode] = frozenset()

    ib_host: str = "127.0.0.1"
    ib_port: int = Field(4002, ge=1, le=65535)
    ib_client_id: int = Field(17, ge=0)
    ib_account: str = ""
    ib_readonly: bool = False
    ib_market_lines: int = Field(90, ge=1)

    database_url: str = _DATABASE
    timezone: str = "America/New_York"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["line", "json"] = "line"
    http_port: int = Field(8650, ge=0, le=65535)
    hook_host: str = "127.0.0.1"
    hook_port: int = Field(0, ge=0, le=65535)
    hook_secret: SecretStr = Field(SecretStr(""), validate_default=True)
    hook_per_minute: int = Field(30, ge=1)
    hook_dedup_s: float = Field(60, ge=0, le=86_400)

    pairing: bool = False
    second_step: StepKind = StepKind.OFF
    second_step_above: Decimal = Field(Decimal(0), ge=0)

    confirm_timeout_s: float = Field(60, gt=0, le=3600)
    confirm_drift_pct: float = Field(0.5, gt=0, le=100)

    summary_symbol: str = "SPY"
    summary_delay_s: float = Field(300, ge=0)
    session_refresh_s: float = Field(900, ge=0.2)

    @field_validator("telegram_users", mode="before")
    @classmethod
    def _users(cls, value: object) -> object:
        return dict(map(_user, filter(None, map(str.strip, value.split(","))))) if isinstance(value, str) else value

    @field_validator("telegram_groups", mode="before")
    @classmethod
    def _groups(cls, value: object) -> object:
        return frozenset(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("telegram_users")
    @classmethod
    def _one_admin(cls, users: dict[int, Role]) -> dict[int, Role]:
        if Role.ADMIN not in users.values():
            raise ValueError("needs at least one admin, for example 123456789:admin")
        return users

    @field_validator("telegram_bot_token")
    @classmethod
    def _token(cls, token: SecretStr) -> SecretStr:
        number, colon, secret = token.get_secret_value().partition(":")
        if not (colon and number.isdigit() and secret):
            raise ValueError("is no bot token; BotFather's look like 123456789:AAE…")
        return token

    @field_validator("hook_secret")
    @classmethod
    def _secret(cls, secret: SecretStr, given: ValidationInfo) -> SecretStr:
        length = len(secret.get_secret_value())
        if (length or given.data.get("hook_port")) and length < _SHORTEST_SECRET:
            raise ValueError(f"must have at least {_SHORTEST_SECRET} characters where HOOK_PORT is set")
        return secret

    @field_validator("telegram_api_url")
    @classmethod
    def _api_url(cls, url: str) -> str:
        if not url.startswith(("https://", "http://")):
            raise ValueError("must start with https:// (or http:// for a local server)")
        return url.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database(cls, url: str) -> str:
        if not url.startswith("sqlite:///"):
            raise ValueError("must start with sqlite:///")
        return url

    @model_validator(mode="after")
    def _zone(self) -> Self:
        _ = self.zone
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The default time zone of the people."""
        return ZoneInfo(self.timezone)

    @property
    def data_folder(self) -> Path:
        """Where the database lies, and beside it what the host says to a running bot."""
        return Path(self.database_url.removeprefix("sqlite:///")).parent

    @property
    def token(self) -> str:
        """The bot's token, in clear."""
        return self.telegram_bot_token.get_secret_value()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must never stand in a log, in clear."""
        return tuple(filter(None, (self.token, self.hook_secret.get_secret_value())))


def _user(entry: str) -> tuple[int, Role]:
    number, _, role = entry.partition(":")
    try:
        return int(number), Role[(role or "viewer").upper()]
    except (ValueError, KeyError) as error:
        problem = f"{entry!r} is not <numeric id>:<viewer|trader|admin>"
        raise ValueError(problem) from error


def load() -> Settings:
    """
    Read the settings from the environment and `.env`.

    A secret may stand in a file named by `<NAME>_FILE`. Raises SettingsError for the first one that is wrong.
    """
    try:
        _require_known_limits()
        return Settings(**_from_files())
    except UnicodeDecodeError:
        raise SettingsError(_ENV_FILE, _NO_TEXT) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "TIMEZONE"
        problem = "is not set" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
        raise SettingsError(name, problem) from None
    except ZoneInfoNotFoundError:
        raise SettingsError("TIMEZONE", "is no time zone; use a name like America/New_York") from None


def database_url() -> str:
    """
    Read DATABASE_URL alone: no other setting, missing or wrong, stands in the way of a halt.

    Raises SettingsError where only `.env` can name it, and that is no text.
    """
    try:
        return _Place().database_url
    except UnicodeDecodeError:
        known = os.environ.get("DATABASE_URL")
        if known:
            return known
        raise SettingsError(_ENV_FILE, _NO_TEXT) from None


def _require_known_limits() -> None:
    """Raise SettingsError for a LIMIT_… that is none: one that is misspelt would leave a guard off."""
    known = {name.upper() for name in LimitSettings.model_fields}
    given = {name.upper() for name in (*os.environ, *DotEnvSettingsSource(Settings).env_vars)}
    unknown = sorted(name for name in given if name.startswith("LIMIT_") and name not in known)
    if unknown:
        near = get_close_matches(unknown[0], known, n=1)
        raise SettingsError(unknown[0], "is no setting" + (f"; did you mean {near[0]}?" if near else ""))


def _from_files() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _SECRETS:
        path = os.environ.get(f"{name}_FILE")
        if path:
            try:
                found[name.lower()] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingsError(f"{name}_FILE", f"cannot be read ({error.strerror})") from error
    return found
