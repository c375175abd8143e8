"""Jobs on standard output: as tables for people, as JSON for programs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from coggno.cli.lists.columns import Column
from coggno.cli.terminal import output
from coggno.provisioning import RowOutcome, Waiting
from coggno.provisioning.jobs import JobStatus, ShardStatus
from coggno.provisioning.journal import Holder
from coggno.provisioning.report import label_of_outcome

_JOB: Final = (
    Column("Job", "name"),
    Column("State", "state"),
    Column("Done", "done", right=True),
    Column("Rows", "rows", right=True),
    Column("Outcomes", "outcomes"),
    Column("Workers", "workers", right=True),
    Column("Submitted", "submitted"),
)
_SHARD: Final = (
    Column("Part", "number", right=True),
    Column("Done", "done", right=True),
    Column("Rows", "rows", right=True),
    Column("Outcomes", "outcomes"),
    Column("Finished", "finished"),
    Column("Worker", "worker"),
)


def as_data(job: JobStatus) -> dict[str, Any]:
    """Return a job, as JSON has it."""
    return {
        "name": job.name,
        "state": job.state.value,
        "roster": job.roster,
        "address": job.scope.address,
        "company": job.scope.company,
        "rows": job.rows,
        "done": job.done,
        "counts": {outcome.value: count for outcome, count in job.counts.items()},
        "submitted": output.timestamp(job.submitted),
        "begun": _timestamp(job.begun),
        "finished": _timestamp(job.finished),
        "waiting": _waiting_data(job.waiting),
        "workers": [_holder_data(worker) for worker in job.workers],
        "parts": [_shard_data(shard) for shard in job.shards],
    }


def _shard_data(shard: ShardStatus) -> dict[str, Any]:
    return {
        "number": shard.number,
        "rows": shard.rows,
        "done": shard.done,
        "counts": {outcome.value: count for outcome, count in shard.counts.items()},
        "finished": _timestamp(shard.finished),
        "worker": None if shard.worker is None else _holder_data(shard.worker),
    }


def _holder_data(holder: Holder) -> dict[str, Any]:
    return {"pid": holder.pid, "since": output.timestamp(holder.since), "host": holder.host}


def _waiting_data(waiting: Waiting | None) -> dict[str, Any] | None:
    return None if waiting is None else {"since": output.timestamp(waiting.since), "reason": waiting.reason}


def _timestamp(seconds: float | None) -> str | None:
    return None if seconds is None else output.timestamp(seconds)


def print_jobs(jobs: Sequence[JobStatus]) -> None:
    """Print jobs, one in a line."""
    _print(_JOB, (_shown_job(job) for job in jobs))


def print_job(job: JobStatus) -> None:
    """Print how far a job is, and each of its parts."""
    for line in _headline(job):
        for part in output.wrapped(output.clean(line), output.terminal_width()):
            output.write(part)
    if job.shards:
        output.write("")
        _print(_SHARD, (_shown_shard(shard) for shard in job.shards))


def _headline(job: JobStatus) -> Iterable[str]:
    yield f"{job.name}: {job.roster}, {job.scope}"
    outcomes = f": {counts_text(job.counts)}" if job.counts else ""
    yield f"{job.state.value}, {job.done:,} of {output.count_rows(job.rows)} done{outcomes}"
    times = [f"Submitted {_time(job.submitted)}"]
    times += [f"begun {_time(job.begun)}"] if job.begun is not None else []
    times += [f"{job.state.value} {_time(job.finished)}"] if job.finished is not None else []
    yield ", ".join(times)
    if job.waiting is not None:
        yield f"Waiting since {_time(job.waiting.since)} for {job.waiting.reason}"


def counts_text(counts: Mapping[RowOutcome, int]) -> str:
    """Return how many rows have each outcome, in words for people."""
    return ", ".join(f"{count:,} {label_of_outcome(outcome)}" for outcome, count in counts.items())


def _shown_job(job: JobStatus) -> dict[str, Any]:
    return {
        "name": job.name,
        "state": job.state.value,
        "done": f"{job.done:,}",
        "rows": f"{job.rows:,}",
        "outcomes": counts_text(job.counts) or "-",
        "workers": len(job.workers),
        "submitted": _time(job.submitted),
    }


def _shown_shard(shard: ShardStatus) -> dict[str, Any]:
    worker = shard.worker
    return {
        "number": shard.number,
        "done": f"{shard.done:,}",
        "rows": f"{shard.rows:,}",
        "outcomes": counts_text(shard.counts) or "-",
        "finished": "-" if shard.finished is None else _time(shard.finished),
        "worker": "-" if worker is None else f"process {worker.pid} on {worker.host}",
    }


def _print(columns: tuple[Column, ...], rows: Iterable[Mapping[str, Any]]) -> None:
    # Imported late: rich takes longer to import than everything else.
    from coggno.cli.lists.show import iterate
    from coggno.cli.lists.tables import TablePrinter

    asyncio.run(_print_all(TablePrinter(columns, output.terminal_width()), iterate(rows)))


async def _print_all(printer: Any, rows: Any) -> None:
    await printer.print(rows)


def _time(seconds: float) -> str:
    # Local time: a person compares it with a clock on the wall.
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
