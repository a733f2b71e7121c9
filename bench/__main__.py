"""`python -m bench [row ...]`: measure, print a table for people and a line of JSON for each row."""

import gc
import sys

from bench import answer, headlines, many, phone, polling, quiet_tick, scan_parameters, stall, start, stream
from bench.row import Row, table

ROWS = {
    "phone": phone.measure,
    "quiet-tick": quiet_tick.measure,
    "stream": stream.measure,
    "answer": answer.measure,
    "many": many.measure,
    "start": start.measure,
    "stall": stall.measure,
    "polling": polling.measure,
    "scan-parameters": scan_parameters.measure,
    "headlines": headlines.measure,
}
BY_HAND = {"many-2000": many.measure_all}
"""What takes too long for every run."""


def main(names: list[str]) -> int:
    """Measure the rows called *names*, without: all. Return 1 if one does not keep its limit, 2 for an unknown name."""
    if unknown := [name for name in names if name not in ROWS | BY_HAND]:
        sys.stderr.write(f"unknown: {', '.join(unknown)}; there are {', '.join(ROWS | BY_HAND)}\n")
        return 2
    rows: list[Row] = []
    for name in names or ROWS:
        rows += (ROWS | BY_HAND)[name]()
        gc.collect()
    sys.stdout.write(table(rows) + "\n\n" + "".join(row.as_json() + "\n" for row in rows))
    return 0 if all(row.is_within for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
