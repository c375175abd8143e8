"""A journal on standard output."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from coggno.cli.exit_codes import CommandError
from coggno.cli.lists.columns import Column
from coggno.cli.terminal import output

if TYPE_CHECKING:
    from coggno.provisioning import RowOutcome
    from coggno.provisioning.journal import RecordedJob, RecordedWrite, Records

_JOB: Final = (
    Column("Run", "number", right=True),
    Column("Roster", "roster"),
    Column("Begun", "begun"),
    Column("Finished", "finished"),
    Column("Recorded", "rows"),
    Column("Outcomes", "outcomes"),
)
_OPEN_WRITE: Final = (
    Column("Write", "write"),
    Column("Of", "of"),
    Column("Line", "line", right=True),
    Column("Sent", "sent"),
)


def as_data(reader: Records) -> dict[str, Any]:
    """Return what is in a journal, as JSON has it."""
    jobs, holder = reader.jobs(), reader.holder
    scope = jobs[-1].job.scope if jobs else None
    return {
        "journal": str(reader.path),
        "address": scope.address if scope else None,
        "company": scope.company if scope else None,
        "holder": {"pid": holder.pid, "since": output.timestamp(holder.since), "host": holder.host} if holder else None,
        "jobs": [_job_data(job) for job in jobs],
        "open_writes": [_write_data(known) for known in reader.writes() if known.is_open],
    }


def _job_data(job: RecordedJob) -> dict[str, Any]:
    return {
        "number": job.state.number,
        "roster": job.job.roster,
        "rows": job.job.rows,
        "recorded": job.recorded,
        "counts": {outcome.value: count for outcome, count in job.counts.items()},
        "removed": {outcome.value: count for outcome, count in job.removed.items()},
        "begun": output.timestamp(job.state.begun),
        "finished": None if job.finished is None else output.timestamp(job.finished),
        "is_planned": job.state.is_planned,
    }


def _write_data(known: RecordedWrite) -> dict[str, Any]:
    write = known.write
    return {
        "write": write.kind.value,
        "key": write.key,
        "company": write.company,
        "group_id": write.group_id,
        "line": write.line or None,
        "sent_at": output.timestamp(known.sent_at),
        "attempt": write.attempt,
    }


def print_journal(reader: Records) -> None:
    """Print what is in a journal for a person.

    Raises:
        CommandError: no run has begun with it.
    """
    # Imported late: rich takes longer to import than everything else.
    from coggno.cli.lists.show import iterate
    from coggno.cli.lists.tables import TablePrinter

    jobs = reader.jobs()
    if not jobs:
        raise CommandError(f"No run has begun with {reader.path} yet.")
    width = output.terminal_width()
    for line in (f"{reader.path}: {jobs[-1].job.scope}", _holder_line(reader)):
        for part in output.wrapped(output.clean(line), width):
            output.write(part)
    output.write("")
    rows = [_shown_job(job) for job in jobs]
    asyncio.run(TablePrinter(_JOB, width).print(iterate(rows)))
    doubtful = [_shown_write(known) for known in reader.writes() if known.is_open]
    if doubtful:
        output.write("")
        output.write(f"{output.count(len(doubtful), 'write')} in doubt; the next run finds out what became of them:")
        asyncio.run(TablePrinter(_OPEN_WRITE, width).print(iterate(doubtful)))


def _holder_line(reader: Records) -> str:
    holder = reader.holder
    if holder is None:
        return "No run uses it now."
    return f"In use by process {holder.pid} on {holder.host}, since {_time(holder.since)}."


def _shown_job(job: RecordedJob) -> dict[str, Any]:
    outcomes = [_counts(job.counts)] if job.counts else []
    if job.removed:
        outcomes.append(f"not in the roster: {_counts(job.removed)}")
    done = f"{job.recorded:,} of {output.count_rows(job.job.rows)}"
    return {
        "number": job.state.number,
        "roster": job.job.roster,
        "begun": _time(job.state.begun),
        "finished": "-" if job.finished is None else _time(job.finished),
        "rows": done,
        "outcomes": "; ".join(outcomes) or "-",
    }


def _counts(counts: Mapping[RowOutcome, int]) -> str:
    return ", ".join(f"{count:,} {outcome.value}" for outcome, count in counts.items())


def _shown_write(known: RecordedWrite) -> dict[str, Any]:
    write = known.write
    name = write.name or write.key
    return {
        "write": write.kind.value.replace("_", " "),
        "of": name if write.group_id is None else f"{name}, group {write.group_id}",
        "line": write.line or "-",
        "sent": _time(known.sent_at),
    }


def _time(seconds: float) -> str:
    # Local time: a person compares it with a clock on the wall.
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
