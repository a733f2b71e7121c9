"""
`python -m tests.chaos`: kill -9 at random points of a stream of alerts, run after run, and what came of it.

A line of JSON for each run, one for all of them; ends with 1 where anything was lost, doubled or not marked. What is
seen in passing (logs, databases) of a run that went wrong stays in *--keep*, where one is given.
"""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from tests.chaos.stream import Run, Told


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    asked = _arguments()
    every = [_one(seed, asked) for seed in range(asked.first, asked.first + asked.runs)]
    total = {
        "runs": len(every),
        "seeds": [asked.first, asked.first + asked.runs - 1],
        "crossings": sum(one.crossings for one in every),
        "kills": sum(len(one.kills) for one in every),
        "blocked": sum(one.blocked for one in every),
        "reads of updates failed": sum(one.deaf for one in every),
        "asked for once then, done twice": sum(one.done_twice for one in every),
        "told": sum(one.told for one in every),
        "digested": sum(one.digested for one in every),
        "repeats, all marked": sum(one.repeats for one in every),
        "lost": sum(len(one.lost) for one in every),
        "repeats without a mark": sum(len(one.unmarked) for one in every),
        "fired twice": sum(len(one.fired_twice) for one in every),
        "bad runs": [one.seed for one in every if not one.is_good],
        "seconds a run": round(sum(one.seconds for one in every) / len(every), 1),
    }
    sys.stdout.write(json.dumps(total) + "\n")
    return 0 if all(one.is_good for one in every) else 1


def _one(seed: int, asked: argparse.Namespace) -> Told:
    with TemporaryDirectory() as place:
        folder = Path(place)
        run = Run(
            seed, folder, count=asked.crossings, symbols=asked.symbols, kills=asked.kills, crossing=asked.crossing
        )
        try:
            came = asyncio.run(run.finished())
        except AssertionError as error:
            # The others are done all the same.
            came = Told.failed(seed, str(error))
        sys.stdout.write(json.dumps(asdict(came) | {"good": came.is_good}) + "\n")
        sys.stdout.flush()
        if asked.keep and not came.is_good:
            copytree(folder, asked.keep / str(seed))
    return came


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first", type=int, default=1, help="the first run's seed")
    parser.add_argument("--crossings", type=int, default=1000)
    parser.add_argument("--symbols", type=int, default=40)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--crossing", action="store_true", help="every second alert must be crossed, not just reached")
    parser.add_argument("--keep", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
