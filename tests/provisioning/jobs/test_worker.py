"""Workers, submitted jobs and their results, against a sandbox and PostgreSQL."""

import asyncio
import time
from collections import Counter

from coggno import AsyncCoggno
from coggno.provisioning import RowOutcome, RunOptions
from coggno.provisioning.jobs import JobPhase, JobReader, Worker, submit_job
from tests.provisioning.helpers import KEY, check_against_effects, people


def client(address, key=KEY):
    return AsyncCoggno(key, base_url=address)


def read(url):
    with JobReader(url) as reader:
        return reader.job("hires"), list(reader.results("hires"))


async def test_job_is_carried_out(address, sandbox, url):
    async with client(address) as coggno:
        status = await submit_job(coggno, people(25), journal=url, shard_rows=10)
        assert (status.state, status.is_new, status.rows, status.done) == (JobPhase.SUBMITTED, True, 25, 0)
        assert [shard.rows for shard in status.shards] == [10, 10, 5]
        report = await Worker(coggno, url).run()
        assert (report.shards, report.rows, report.stopped) == (3, 25, None)
    status, results = read(url)
    assert (status.state, status.counts) == (JobPhase.FINISHED, {RowOutcome.CREATED: 25})
    assert [result.line for result in results] == list(range(1, 26))
    check_against_effects(sandbox, {result.line: result for result in results}, range(1, 26))
    assert sandbox.requests.count("listUsers") == 1


async def test_workers_share_a_job(address, sandbox, url):
    async with client(address) as coggno:
        await submit_job(coggno, people(60), journal=url, shard_rows=10)
        reports = await asyncio.gather(*(Worker(coggno, url).run() for _ in range(4)))
    assert sum(report.shards for report in reports) == 6
    assert sum((report.counts for report in reports), Counter()) == {RowOutcome.CREATED: 60}
    _, results = read(url)
    check_against_effects(sandbox, {result.line: result for result in results}, range(1, 61))


async def test_workers_share_the_rate(address, sandbox, url):
    """Four workers send as many requests a second as one would."""
    moments = []
    async with AsyncCoggno(KEY, base_url=address, on_exchange=lambda _: moments.append(time.monotonic())) as coggno:
        await submit_job(coggno, people(90), journal=url, shard_rows=10, options=RunOptions(rate=40.0))
        moments.clear()
        await asyncio.gather(*(Worker(coggno, url).run() for _ in range(4)))
    assert len(moments) >= 90
    assert (len(moments) - 1) / (moments[-1] - moments[0]) <= 43
