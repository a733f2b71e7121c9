"""The command line: `squawkbot run`, `squawkbot demo`."""

import asyncio
import importlib.metadata
import logging
import subprocess
import sys
from typing import Annotated

import typer

from bot import app, logs, settings
from storage.errors import NewerDatabase, StorageBusy, StorageError

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
    try:
        given = settings.load()
    except settings.SettingsError as error:
        typer.echo(f"squawkbot cannot start: {error}", err=True)
        raise typer.Exit(_WRONG_SETTING) from None
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


def _words(error: StorageError) -> str:
    match error:
        case StorageBusy(path=path, holder=holder):
            return f"{path} is in use by another squawkbot ({holder or 'unknown'}); stop that one first"
        case NewerDatabase(path=path, found=found):
            return f"{path} was written by a newer squawkbot (revision {found}); update this one"
        case _:
            return f"the database cannot be used ({error})"


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
