"""User code for submitted jobs, never run: mypy --strict and pyright strict must accept it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import assert_type

from coggno import AsyncCoggno
from coggno.provisioning import Progress, RowOutcome, RowResult, RunOptions
from coggno.provisioning.jobs import (
    JobClient,
    JobNotFoundError,
    JobPhase,
    JobReader,
    JobStatus,
    ShardStatus,
    SubmittedJob,
    Worker,
    WorkerObserver,
    WorkerReport,
    submit_job,
)


class Log:
    """Keeps what a worker does."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def planning(self, job: SubmittedJob, /) -> None:
        self.seen += [job.name, job.roster]

    def shard_begun(self, job: SubmittedJob, number: int, progress: Progress, /) -> None:
        self.seen += [job.name, number, job.shards, progress.total]

    def row_ended(self, result: RowResult, progress: Progress, /) -> None:
        self.seen += [result.outcome, progress.done]

    def tick(self, progress: Progress, /) -> None:
        self.seen.append(progress.waiting)

    def idle(self, reason: str, /) -> None:
        self.seen.append(reason)

    def note(self, text: str, /) -> None:
        self.seen.append(text)


async def carry_out(coggno: AsyncCoggno, url: str, people: list[Mapping[str, str]]) -> Counter[RowOutcome]:
    client: JobClient = coggno
    observer: WorkerObserver = Log()
    status = await submit_job(client, people, journal=url, options=RunOptions(rate=10), makes_passwords=True)
    assert_type(status, JobStatus)
    worker = Worker(coggno, url, lease=10, observer=observer)
    assert_type(await worker.run(forever=status.is_new), WorkerReport)
    assert_type(await worker.is_alive(), bool)
    worker.stop("the machine is needed")
    return (await worker.run_shard(1)).counts


def show(url: str, name: str) -> Iterator[RowResult]:
    with JobReader(url) as reader:
        try:
            status = reader.job(name)
        except JobNotFoundError:
            return
        shards: list[ShardStatus] = [shard for shard in status.shards if shard.finished is None]
        if status.state is not JobPhase.FINISHED and shards:
            reader.cancel(name)
        yield from reader.results(name)
