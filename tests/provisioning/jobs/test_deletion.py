"""Deleting what is known of a job that has ended."""

import pytest

from coggno import AsyncCoggno
from coggno.provisioning import JournalError
from coggno.provisioning.jobs import JobNotFoundError, JobReader, Worker, submit_job
from tests.provisioning.helpers import KEY, people

TABLES = ("journals", "submissions", "shards", "submitted_rows", "rows", "writes", "plan_users")


async def test_ended_job_leaves_nothing_behind(address, url, postgres, database):
    async with AsyncCoggno(KEY, base_url=address) as coggno:
        await submit_job(coggno, people(25), journal=url, shard_rows=10)
        await Worker(coggno, url).run()
    with JobReader(url) as reader:
        assert reader.find("hires").done == 25
        reader.delete("hires")
        assert reader.find("hires") is None
        with pytest.raises(JobNotFoundError, match="There is no job 'hires'"):
            reader.delete("hires")
    counts = [postgres.execute(f"SELECT count(*) FROM coggno.{table}", database=database) for table in TABLES]
    assert counts == [[(0,)]] * len(TABLES)


def test_new_database_has_no_jobs(url):
    with JobReader(url) as reader:
        assert (reader.jobs(), reader.find("hires")) == ([], None)
        with pytest.raises(JobNotFoundError, match="It has no jobs"):
            reader.job("hires")


async def test_job_that_has_not_ended_is_kept(address, url):
    async with AsyncCoggno(KEY, base_url=address) as coggno:
        await submit_job(coggno, people(5), journal=url)
    with JobReader(url) as reader:
        with pytest.raises(JournalError, match="has not ended. Cancel it first"):
            reader.delete("hires")
        assert reader.cancel("hires").rows == 5
        reader.delete("hires")
        assert reader.jobs() == []
