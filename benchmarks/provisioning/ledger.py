"""How fast journals in one PostgreSQL database grow: `python -m benchmarks.provisioning.ledger [--write]`.

Processes of one journal each write rows as `journal.py` does, without any request, and report how far they are. The
database is one of its own, unless `--database` names another; it commits synchronously, and with fsync.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import time
from collections.abc import Sequence
from itertools import accumulate, pairwise
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Final

from attrs import frozen

from benchmarks import machine
from benchmarks.provisioning.curve import Line, draw
from benchmarks.provisioning.database import database_at
from benchmarks.provisioning.journal import IN_PROGRESS, carry_out, job
from coggno.provisioning import PostgresJournal

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "docs" / "ledger.svg"
SIZES: Final = (10_000, 100_000, 1_000_000)
PROCESSES: Final = (1, 4)
TARGET: Final = 1500  # rows per second, of one process
_STEP: Final = 500  # rows of a process between two reports
_POINTS: Final = 50  # of a curve


@frozen
class Growth:
    """How the journals of some processes grew together.

    Attributes:
        processes: how many.
        seconds: when each report came, from the common beginning on.
        rows: how many rows all had together by then.
    """

    processes: int
    seconds: Sequence[float]
    rows: Sequence[int]

    def rate(self, first: int, last: int) -> float:
        """Return the rows per second between two numbers of rows."""
        begin, end = self._at(first), self._at(last)
        return (last - first) / (end - begin)

    def _at(self, rows: int) -> float:
        return next((second for second, count in zip(self.seconds, self.rows, strict=True) if count >= rows), 0.0)

    def line(self) -> Line:
        """Return the curve: rows per second over the rows that are there already."""
        total = self.rows[-1]
        ends = [total * part // _POINTS for part in range(_POINTS + 1)]
        name = "1 process" if self.processes == 1 else f"{self.processes} processes"
        return Line(name, [(last, self.rate(first, last)) for first, last in pairwise(ends)])


async def _write(url: str, rows: int, barrier: Barrier, reports: SimpleQueue[tuple[float, int]]) -> None:
    """Write rows to one journal, and report when every so many are done."""
    lines = iter(range(2, rows + 2))
    done = 0

    async def worker() -> None:
        nonlocal done
        for line in lines:
            await carry_out(journal, line)
            done += 1
            if done % _STEP == 0:
                reports.put((time.monotonic(), _STEP))

    async with PostgresJournal(url, patience=0) as journal:
        await journal.begin(job(rows))
        barrier.wait()
        await asyncio.gather(*(worker() for _ in range(IN_PROGRESS)))
        await journal.flush()
        reports.put((time.monotonic(), done % _STEP))


def _run(url: str, rows: int, barrier: Barrier, reports: SimpleQueue[tuple[float, int]]) -> None:
    asyncio.run(_write(url, rows, barrier, reports))


def measure(database: str, processes: int, rows: int) -> Growth:
    """Let so many processes write so many rows together.

    Args:
        database: URL without the name of a journal.
        processes: each has a journal of its own, and an equal part of the rows.
        rows: of all together.
    """
    context = multiprocessing.get_context("spawn")
    barrier, reports = context.Barrier(processes + 1), context.SimpleQueue()
    share = rows // processes
    mark = "&" if "?" in database else "?"
    urls = [f"{database}{mark}journal=ledger-{os.getpid()}-{processes}-{number}" for number in range(processes)]
    writers = [context.Process(target=_run, args=(url, share, barrier, reports)) for url in urls]
    for writer in writers:
        writer.start()
    barrier.wait()
    began = time.monotonic()
    found = [(began, 0)]
    while sum(count for _, count in found) < share * processes:
        found.append(reports.get())
    for writer in writers:
        writer.join()
    found.sort()
    return Growth(processes, [at - began for at, _ in found], list(accumulate(count for _, count in found)))


def table(growths: Sequence[Growth]) -> str:
    """Return the rows per second in Markdown: from the beginning to each size."""
    head = ["rows", *("one process" if each.processes == 1 else f"{each.processes} processes" for each in growths)]
    sizes = [size for size in SIZES if size <= growths[0].rows[-1]]
    cells = [[f"{size:,}", *(f"{each.rate(0, size):,.0f}" for each in growths)] for size in sizes]
    lines = [head, ["---:"] * len(head), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Measure and print; with --write also draw the curve of the documentation."""
    parser = argparse.ArgumentParser("python -m benchmarks.provisioning.ledger", description=__doc__)
    parser.add_argument("--rows", type=int, default=SIZES[-1], help="how many rows all processes write together")
    parser.add_argument("--database", metavar="URL", help="a database to write into; its tables grow and stay")
    parser.add_argument("--write", action="store_true", help=f"draw {CHART.relative_to(ROOT)}")
    arguments = parser.parse_args()
    with database_at(arguments.database) as database:
        growths = [measure(database, processes, arguments.rows) for processes in PROCESSES]
    print(f"load of the last minute: {machine.load():.1f}", table(growths), sep="\n\n")
    if arguments.write:
        CHART.write_text(draw([each.line() for each in growths], target=TARGET))


if __name__ == "__main__":
    main()
