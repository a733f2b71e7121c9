"""
The bot, with what a test does to it from inside: `python -m tests.chaos.body <plan> run` is `python -m bot run`.

*plan* is a JSON object. What it may hold:

* "unpaced": true: Telegram's limits are not kept, so that it is not the clock that is tested
* "die_at" or "cut_at", "steps": see `tests.chaos.steps`
* "stalls": a file, see `tests.chaos.stalls`
* "quota": a file, see `tests.chaos.quota`

It goes by the clock that its environment names (`tests.flow.dial`). No product code knows of any of it.
"""

import json
import sys
from pathlib import Path
from typing import Any

from bot import pace
from bot.__main__ import main
from tests.chaos import quota, stalls, steps
from tests.flow.dial import follow


def program(**plan: Any) -> tuple[str, ...]:
    """Return what Python runs for a bot with *plan* (see above)."""
    return "-m", "tests.chaos.body", json.dumps(plan)


def _prepare(plan: dict[str, Any]) -> None:
    follow()
    if plan.get("unpaced"):
        pace.PUBLISHED = pace.UNLIMITED
    if "steps" in plan:
        last = plan.get("cut_at", "")
        steps.walk(Path(plan["steps"]), last or plan.get("die_at", ""), is_cut=bool(last))
    if "stalls" in plan:
        stalls.watch(Path(plan["stalls"]))
    if "quota" in plan:
        quota.keep(Path(plan["quota"]))


if __name__ == "__main__":
    _prepare(json.loads(sys.argv.pop(1)))
    main()
