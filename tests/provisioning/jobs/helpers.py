"""Submitting, reading and judging jobs in tests."""

from coggno import AsyncCoggno
from coggno.provisioning import RunOptions
from coggno.provisioning.jobs import JobReader, submit_job
from coggno.provisioning.jobs.database import tables
from coggno.provisioning.journal import DatabaseUrl
from coggno.provisioning.journal.postgres import driver
from tests.provisioning.helpers import KEY, Intercepted, check_against_effects

QUICK = RunOptions(settle_time=0.5)


def client(address, key=KEY):
    return AsyncCoggno(key, base_url=address)


class PasswordsSent(Intercepted):
    """A client that keeps the passwords that it sends."""

    def __init__(self, coggno):
        self.sent = []
        super().__init__(coggno, lambda _, values: "password" in values and self.sent.append(values["password"]))
        self.derive_key = coggno.derive_key


async def submit(coggno, rows, url, options=QUICK, **settings):
    return await submit_job(coggno, rows, journal=url, options=options, **settings)


def read(url, name="hires"):
    """The status of a job, and its results."""
    with JobReader(url) as reader:
        return reader.job(name), list(reader.results(name))


def check(sandbox, results, count):
    check_against_effects(sandbox, {result.line: result for result in results}, range(1, count + 1))


def all_rows(postgres, url, table):
    """What a table has, as text."""
    database = url.partition("?")[0].rpartition("/")[2]
    return str(postgres.execute(f"SELECT * FROM coggno.{table}", database=database))


def execute(postgres, url, statement, *parameters):
    return postgres.execute(statement, *parameters, database=url.partition("?")[0].rpartition("/")[2])


def take_over(postgres, url, name):
    """Take a journal from its worker, as if its lease had run out, and die half a second later."""
    statement = (
        "UPDATE coggno.journals SET token = token + 1, expires = clock_timestamp() + interval '0.5 s' WHERE name = %s"
    )
    execute(postgres, url, statement, name)


async def claim(url, coggno, *, seconds=1.0):
    """Take a shard as a worker does, and die."""
    from coggno.provisioning.journal import JournalScope

    connection = await driver.connect(DatabaseUrl(url))
    try:
        jobs = await tables.unfinished_jobs(connection, JournalScope.of(coggno))
        return await tables.claim_shard(connection, DatabaseUrl(url), jobs, number=None, seconds=seconds, now=0.0)
    finally:
        await connection.close()
