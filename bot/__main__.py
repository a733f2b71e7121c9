"""The command line: `squawkbot run`, `squawkbot halt`, `squawkbot resume`, `squawkbot pair`, `squawkbot demo`."""

import asyncio
import importlib.metadata
import logging
import subprocess
import sys
from typing import Annotated

import typer

from bot import app, logs, pairing, settings
from market.clock import SystemClock
from storage.audit import SqlAuditLog
from storage.database import Database
from storage.engine import file_of
from storage.errors import NewerDatabase, StorageBusy, StorageError
from storage.halt_file import HaltFile
from storage.second_step import SqlStepStore
from trading.access import Role

_log = logging.getLogger(__name__)

_WRONG_SETTING = 2

cli = typer.Typer(add_completion=False, no_args_is_help=True, help="A Telegram squawk box for an IBKR account.")


def _version(asked: bool) -> None:  # noqa: FBT001  typer calls it so
    if asked:
        typer.echo(f"squawkbot {importlib.metadata.version('squawkbot')}")
        raise typer.Exit


@cli.callback()
def _main(
    *, _asked: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it.")] = False
) -> None:
    pass


@cli.command()
def run() -> None:
    """Run the bot until SIGTERM or Ctrl-C."""
    given = _settings()
    logs.configure(given.log_level, given.log_format, given.secrets)
    try:
        code = asyncio.run(app.run(given))
    except StorageError as error:
        typer.echo(f"squawkbot cannot start: DATABASE_URL: {_words(error)}", err=True)
        code = 1
    except Exception as error:  # noqa: BLE001  the last place where anything can be said
        _log.critical("squawkbot stops: %s", error, exc_info=error)
        code = 1
    raise typer.Exit(code)


def _settings() -> settings.Settings:
    try:
        return settings.load()
    except settings.SettingsError as error:
        typer.echo(f"squawkbot cannot start: {error}", err=True)
        raise typer.Exit(_WRONG_SETTING) from None


def _words(error: StorageError) -> str:
    match error:
        case StorageBusy(path=path, holder=holder):
            return f"{path} is in use by another squawkbot ({holder or 'unknown'}); stop that one first"
        case NewerDatabase(path=path, found=found):
            return f"{path} was written by a newer squawkbot (revision {found}); update this one"
        case _:
            return f"the database cannot be used ({error})"


@cli.command()
def halt() -> None:
    """Let no order leave any more, without Telegram: the bot looks for the file HALT before each."""
    mark, by = _halt_file(), f"halted by hand at {SystemClock().now():%Y-%m-%d %H:%M:%S} UTC"
    try:
        is_new = mark.write(f"{by}; `squawkbot resume` lifts it\n")
    except OSError as error:
        typer.echo(f"squawkbot is NOT halted: {mark.path} cannot be written ({error.strerror})", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{'Halted' if is_new else 'Was halted already'}: {mark.path.resolve()} is there, so no order leaves.")
    typer.echo("Orders that work at IBKR go on working: cancel them in TWS, or with /halt cancel in the chat.")
    typer.echo("Only `squawkbot resume` lifts it.")


@cli.command()
def resume() -> None:
    """Take the file HALT away; what was set in the chat with /halt or /reduce holds on."""
    mark = _halt_file()
    try:
        was_there = mark.remove()
    except OSError as error:
        typer.echo(f"squawkbot is still halted: {mark.path} cannot be removed ({error.strerror})", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{'Removed' if was_there else 'There was no'} {mark.path.resolve()}.")
    typer.echo("What was set in the chat holds on: /status shows it, an admin's /resume lifts it.")


def _halt_file() -> HaltFile:
    """Return the file beside the bot's database; with any other folder nobody would be halted."""
    try:
        url = settings.database_url()
        mark = HaltFile(url)
    except (settings.SettingsError, StorageError) as error:
        typer.echo(f"squawkbot is NOT halted or resumed: {error}", err=True)
        raise typer.Exit(_WRONG_SETTING) from None
    if not file_of(url).exists():
        typer.echo(
            f"squawkbot is NOT halted or resumed: there is no database {file_of(url).resolve()}. "
            "Do this in the bot's folder, with the DATABASE_URL that the bot has.",
            err=True,
        )
        raise typer.Exit(1)
    return mark


@cli.command()
def pair(role: Annotated[str, typer.Argument(help="viewer, trader or admin")] = "viewer") -> None:
    """Print a code that lets one person in: they send it to the bot in a private chat, within 10 minutes."""
    given = _settings()
    wanted = role.upper()
    if wanted not in Role.__members__:
        typer.echo(f"squawkbot cannot do that: {role!r} is none of viewer, trader, admin", err=True)
        raise typer.Exit(_WRONG_SETTING)
    if not given.pairing:
        typer.echo("squawkbot cannot do that: PAIRING is off, so that nobody beside TELEGRAM_USERS is in", err=True)
        raise typer.Exit(_WRONG_SETTING)
    try:
        code = pairing.issue(given.data_folder / pairing.FOLDER, Role[wanted], SystemClock().now())
    except OSError as error:
        typer.echo(f"squawkbot cannot do that: {given.data_folder}: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    minutes = int(pairing.LASTS.total_seconds() // 60)
    typer.echo(f"{code}\nWhoever sends this to the bot in a private chat is in as {role.lower()}.")
    typer.echo(f"It works once, within {minutes} minutes, while the bot runs here with PAIRING=on.")


@cli.command()
def reset_totp(user_id: Annotated[int, typer.Argument(help="the person's Telegram number")]) -> None:
    """Forget a person's authenticator app, for whoever has the host. The bot must not run."""
    given = _settings()
    try:
        was_there = asyncio.run(_reset_totp(given.database_url, user_id))
    except StorageError as error:
        typer.echo(f"squawkbot cannot do that: DATABASE_URL: {_words(error)}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"User {user_id} {'can set up a new one with /totp.' if was_there else 'has none set up.'}")


async def _reset_totp(url: str, user_id: int) -> bool:
    clock = SystemClock()
    database = await Database.open(url, clock=clock, boot_id="reset-totp")
    try:
        was_there = await SqlStepStore(database).forget(user_id)
        # 0: nobody in a chat.
        await SqlAuditLog(database).write(clock.now(), 0, 0, "second step", "", "reset", str(user_id))
    finally:
        await database.close()
    return was_there


@cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def demo(context: typer.Context) -> None:
    """Run the demo: a simulated TWS, a local Telegram, and the real bot between them."""
    finished = subprocess.run([sys.executable, "-m", "simulator", *context.args], check=False)  # noqa: S603  our own program
    raise typer.Exit(finished.returncode)


def main() -> None:
    """Enter here."""
    cli()


if __name__ == "__main__":
    main()
