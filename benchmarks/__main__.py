"""See `benchmarks`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import crew, plan, report, server
from benchmarks.plan import PARTS, QUICK, Size


def main() -> int:
    """Measure, print, and with --write put the figures where the documentation shows them."""
    parser = argparse.ArgumentParser("python -m benchmarks", description="Side-by-side measurements against peers.")
    parser.add_argument("--quick", action="store_true", help="less of everything, about a minute; only a first look")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part only; may be given several times")
    parser.add_argument("--rounds", type=int, help="how often everything is measured; the median counts")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md and docs/performance.svg")
    arguments = parser.parse_args()
    if arguments.write and (arguments.quick or arguments.only):
        parser.error("--write wants the whole run")
    size = QUICK if arguments.quick else Size()
    if arguments.rounds:
        size = plan.with_rounds(size, arguments.rounds)
    with tempfile.TemporaryDirectory(prefix="coggno-bench-") as folder, crew.at_work(Path(folder)) as workers:
        try:
            results = plan.carry_out(workers, Path(folder), size, tuple(arguments.only or PARTS))
        except server.NoServerError as error:
            print(error, file=sys.stderr)
            return 2
    print(report.text(results))
    if arguments.write:
        report.write(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
