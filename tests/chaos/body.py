"""
The bot, with what a test does to it from inside: `python -m tests.chaos.body <plan> run` is `python -m bot run`.

*plan* is a JSON object. What it may hold:

* "ahead": a file of `tests.flow.dial`: the clock is turned by it
* "unpaced": true: Telegram's limits are not kept, so that it is not the clock that is tested
* "die_at", "steps": see `tests.chaos.steps`
* "stalls": a file, see `tests.chaos.stalls`
* "quota": a file, see `tests.chaos.quota`

No product code knows of any of it.
"""

import json
import sys
from pathlib import Path
from typing import Any

from bot import pace
from bot.__main__ import main
from market.clock import SystemClock
from tests.chaos import quota, stalls, steps
from tests.flow.dial import Dial


def program(**plan: Any) -> tuple[str, ...]:
    """Return what Python runs for a bot with *plan* (see above)."""
    return "-m", "tests.chaos.body", json.dumps(plan)


def _turn(file: Path) -> None:
    dial = Dial(file)
    SystemClock.now = lambda _self: dial.now()  # type: ignore[method-assign]


def _prepare(plan: dict[str, Any]) -> None:
    if "ahead" in plan:
        _turn(Path(plan["ahead"]))
    if plan.get("unpaced"):
        pace.PUBLISHED = pace.UNLIMITED
    if "steps" in plan:
        steps.walk(Path(plan["steps"]), plan.get("die_at", ""))
    if "stalls" in plan:
        stalls.watch(Path(plan["stalls"]))
    if "quota" in plan:
        quota.keep(Path(plan["quota"]))


if __name__ == "__main__":
    _prepare(json.loads(sys.argv.pop(1)))
    main()
