"""The command `python -m benchmarks`; see the package's docstring."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import nginx, report, suite, worker_pool
from benchmarks.suite import PARTS, QUICK, Size


def main() -> int:
    """Measure and print; with --write also update the documentation. Return the exit code."""
    parser = argparse.ArgumentParser("python -m benchmarks", description="Measure this client and its alternatives.")
    parser.add_argument("--quick", action="store_true", help="measure less of everything, about a minute")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part only; can be repeated")
    parser.add_argument("--rounds", type=int, help="number of rounds; the report shows medians over all rounds")
    parser.add_argument("--million", action="store_true", help="provision a million rows for the memory, ten minutes")
    parser.add_argument("--write", action="store_true", help="update docs/performance.md and docs/performance.svg")
    arguments = parser.parse_args()
    if arguments.write and (arguments.quick or arguments.only):
        parser.error("--write needs a complete run: leave out --quick and --only")
    size = QUICK if arguments.quick else Size()
    if arguments.million:
        size = suite.with_a_million_rows(size)
    if arguments.rounds:
        size = suite.with_rounds(size, arguments.rounds)
    with tempfile.TemporaryDirectory(prefix="coggno-bench-") as folder, worker_pool.started(Path(folder)) as workers:
        try:
            results = suite.run(workers, Path(folder), size, tuple(arguments.only or PARTS))
        except nginx.NginxError as error:
            print(error, file=sys.stderr)
            return 2
    print(report.text(results))
    if arguments.write:
        report.write(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
