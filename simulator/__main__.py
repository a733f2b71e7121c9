"""
`python -m simulator`: the demo. A simulated TWS, a local Telegram with its page, and the bot between them.

Prints `open http://127.0.0.1:<port>` once the page answers, and ends with
exit code 0 on Ctrl-C or SIGTERM, the bot first.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.child import Child
from simulator.scenario import opening
from simulator.world import HOST, TOKEN, World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

USERS = "111:admin,222:trader,333:viewer"
BOT = (sys.executable, "-m", "bot", "run")
# What a developer's own shell may hold of a real bot must not reach the demo's.
FOREIGN = ("TELEGRAM_BOT_TOKEN_FILE", "TELEGRAM_GROUPS", "IB_ACCOUNT", "IB_READONLY")
FOREIGN_KINDS = ("FLEX_", "HOOK_")
PREFERENCES = {
    "HTTP_PORT": "0",
    "TIMEZONE": "America/New_York",
    "SESSION_REFRESH_S": "2",
    "SUMMARY_DELAY_S": "0",
    # Nothing is at stake here: everything that there is may be tried.
    "LIMIT_KINDS": "STK OPT FUT FOP CASH CRYPTO BAG",
}


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description="The squawkbot demo: no account, no token."
    )
    parser.add_argument("--port", type=int, default=8600, help="the page's port; a free one where it is taken (8600)")
    parser.add_argument("--tws-port", type=int, default=0, help="the simulated TWS's port (any free one)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same prices (7)")
    parser.add_argument("--no-bot", action="store_true", help="only the simulators; start a bot yourself")
    parser.add_argument("--no-walk", action="store_true", help="prices stand still until they are pushed")
    parser.add_argument("--data", type=Path, metavar="DIR", help="the bot's data folder (a temporary one)")
    parser.add_argument("--close-in", type=float, metavar="SECONDS", help="ring the closing bell by itself")
    parser.add_argument("--token", default=TOKEN, help="the bot token that the local Telegram accepts")
    return parser.parse_args(argv)


def environment(world: World, token: str, data: Path, given: Mapping[str, str]) -> dict[str, str]:
    """
    Return the bot's environment in the demo, made from *given*.

    Addresses, token, users and storage are always the demo's own, so that a
    shell set up for a real account cannot lead the demo to it; PREFERENCES
    give way to what is set.
    """
    kept = {name: value for name, value in given.items() if name not in FOREIGN and not name.startswith(FOREIGN_KINDS)}
    root = str(Path(__file__).resolve().parent.parent)
    return {
        **PREFERENCES,
        **kept,
        "TELEGRAM_BOT_TOKEN": token,
        "TELEGRAM_API_URL": world.telegram_url,
        "TELEGRAM_USERS": USERS,
        "IB_HOST": HOST,
        "IB_PORT": str(world.tws_port),
        "DATABASE_URL": f"sqlite:///{data / 'squawkbot.db'}",
        "DATA_DIR": str(data),
        # The bot starts in the data folder, so that no .env of a real bot is read.
        "PYTHONPATH": os.pathsep.join(filter(None, (root, given.get("PYTHONPATH", "")))),
        # A proxy from the shell has no way to loopback.
        "NO_PROXY": ",".join(filter(None, (HOST, given.get("NO_PROXY", "")))),
        "no_proxy": ",".join(filter(None, (HOST, given.get("no_proxy", "")))),
    }


def say(line: str) -> None:
    """Print *line* at once, also into a pipe."""
    print(line, flush=True)  # noqa: T201 - this is a command line program


async def demo(options: argparse.Namespace, data: Path) -> None:
    """Run the demo until SIGINT, SIGTERM or SIGHUP; the bot ends first."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    child = None if options.no_bot else Child(BOT, say=say)
    world = World(
        seed=options.seed,
        walk=not options.no_walk,
        token=options.token,
        web_port=options.port,
        child=child,
        port=options.tws_port,
    )
    async with world, asyncio.TaskGroup() as group:
        say(f"open {world.telegram_url}")
        say(f"the simulated TWS listens on {HOST}:{world.tws_port}; the bot's data is in {data}")
        tasks = [group.create_task(opening(world.telegram))]
        if options.close_in is not None:
            tasks.append(group.create_task(_ring(world, options.close_in)))
        if child is not None:
            group.create_task(child.run(environment(world, options.token, data, os.environ), data))
        try:
            await ended.wait()
        finally:
            for task in tasks:
                task.cancel()
            if child is not None:
                await child.stop()


async def _ring(world: World, seconds: float) -> None:
    await asyncio.sleep(seconds)
    world.exchange.close_session()
    say("the closing bell rang")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the demo."""
    options = arguments(argv)
    with contextlib.ExitStack() as stack:
        if options.data is None:
            folder = tempfile.TemporaryDirectory(prefix="squawkbot-demo-", ignore_cleanup_errors=True)
            options.data = Path(stack.enter_context(folder))
        options.data.mkdir(parents=True, exist_ok=True)
        asyncio.run(demo(options, options.data.resolve()))


if __name__ == "__main__":
    main()
