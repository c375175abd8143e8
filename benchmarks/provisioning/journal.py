"""What a journal costs: `python -m benchmarks.provisioning.journal [ROWS [postgresql://...?journal=NAME]]`.

Rows without any request, 50 in progress: an intent, its outcome and the row's result each. Then the journal is begun
again, as a run does that continues a finished one.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measurements.provisioning import write_roster
from coggno.provisioning import Journal, RowOutcome, RowResult, read_roster
from coggno.provisioning.journal import (
    Job,
    JournalLocation,
    JournalScope,
    RowRecord,
    Write,
    WriteKind,
    WriteOutcome,
    journal_at,
    journal_location,
)
from coggno.provisioning.planning.earlier import Earlier

IN_PROGRESS = 50


def job(rows: int) -> Job:
    scope = JournalScope(address="http://localhost")
    return Job(scope=scope, roster="roster.csv", digest=b"roster", rows=rows)


async def carry_out(journal: Journal, line: int) -> None:
    """What a row does that creates a user."""
    key = f"user{line}@example.com"
    intent = await journal.intend(Write(kind=WriteKind.CREATE_USER, key=key, line=line))
    journal.settle(intent, WriteOutcome.DONE, line)
    result = RowResult(line=line, login=key, outcome=RowOutcome.CREATED, user_id=line)
    journal.record(RowRecord(result=result, digest=line.to_bytes(16), key=key))


async def write(location: JournalLocation, rows: int) -> None:
    lines = iter(range(2, rows + 2))

    async def worker() -> None:
        for line in lines:
            await carry_out(journal, line)

    async with journal_at(location, patience=0, settle_time=60) as journal:
        await journal.begin(job(rows))
        began, cpu = time.perf_counter(), time.thread_time()
        await asyncio.gather(*(worker() for _ in range(IN_PROGRESS)))
        await journal.flush()
        seconds, cpu = time.perf_counter() - began, time.thread_time() - cpu
    print(f"{rows / seconds:,.0f} rows/s, {1e6 * cpu / rows:.1f} us of the event loop a row")


async def begin(location: JournalLocation, roster_path: Path, rows: int) -> None:
    began = time.perf_counter()
    roster = read_roster(roster_path)
    print(f"roster checked in {time.perf_counter() - began:.2f} s")
    async with journal_at(location, patience=0, settle_time=60) as journal:
        began = time.perf_counter()
        earlier = Earlier(journal, await journal.begin(job(rows)))
        await earlier.load(roster, recheck=False)
        assert earlier.done == rows
        print(f"begun again in {time.perf_counter() - began:.2f} s")


def main(rows: int, url: str | None = None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        roster_path = write_roster(Path(folder) / "roster.csv", rows)
        location = journal_location(url or roster_path.with_name("run.journal"))
        asyncio.run(write(location, rows))
        if isinstance(location, Path):
            print(f"{location.stat().st_size / rows:.0f} B a row")
        asyncio.run(begin(location, roster_path, rows))
    print(f"resident: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, *sys.argv[2:3])
