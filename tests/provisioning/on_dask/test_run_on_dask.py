"""Jobs on a Dask cluster of three processes, over real sockets: the database decides, and Dask only launches."""

import asyncio
import os
import random
import sys
import time
from collections import Counter
from contextlib import contextmanager
from uuid import uuid4

import cloudpickle
import distributed
import pytest

from coggno import AsyncCoggno
from coggno.provisioning import DaskError, RowOutcome, StoppedError
from coggno.provisioning.errors import JobNotFoundError
from coggno.provisioning.jobs import JobPhase, JobReader, submit_job
from coggno.provisioning.on_dask import DaskRun, run_on_dask
from coggno.sandbox import parse_fault
from tests.helpers.dask_cluster import kill_worker
from tests.provisioning.helpers import KEY, check_against_effects, people

LEASE = 2.0  # seconds
SEEDS = [int(seed) for seed in os.environ.get("COGGNO_TORTURE_SEEDS", "1").split(",")]
IS_TORTURE = "COGGNO_TORTURE_SEEDS" in os.environ
ROWS = 2400 if IS_TORTURE else 600
KILLS = 4 if IS_TORTURE else 1
FAULTS = ("*:status=503,p=0.02", "createUser:drop,after,p=0.02", "createGroup:drop,after,p=0.2")


@pytest.fixture
def url(postgres):
    return postgres.url(journal=f"dask-{uuid4()}")


@pytest.fixture(params=["asynchronous", "synchronous"])
async def any_client(request, cluster):
    if request.param == "synchronous":
        yield request.getfixturevalue("dask")
        return
    async with distributed.Client(cluster.scheduler_address, asynchronous=True) as client:
        yield client


async def carry_out(dask_client, address, url, rows=None, **options):
    async with AsyncCoggno(KEY, base_url=address) as coggno:
        return await run_on_dask(dask_client, coggno, rows, journal=url, lease=LEASE, **options)


def results_of(url):
    with JobReader(url) as reader:
        return {result.line: result for result in reader.results(url.rpartition("=")[2])}


async def test_both_kinds_of_clients_work(any_client, sandbox, address, url):
    status = await carry_out(any_client, address, url, people(60), shard_rows=20)
    assert (status.state, status.counts) == (JobPhase.FINISHED, {RowOutcome.CREATED: 60})
    results = results_of(url)
    check_against_effects(sandbox, results, results)
    assert Counter(effect.operation for effect in sandbox.effects)["createUser"] == 60


async def wait_until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


def check_effects(sandbox, url, count):
    """Everybody was created once, nothing was sent twice, and every row says so."""
    results = results_of(url)
    assert len(results) == count
    check_against_effects(sandbox, results, results)
    assert Counter(result.outcome for result in results.values()) == {RowOutcome.CREATED: count}


@pytest.mark.parametrize("seed", SEEDS)
async def test_killed_workers_repeat_nothing(dask, sandbox, address, url, seed):
    """Dask alone: 236 of 2,400 effects run again after one of three workers was killed."""
    chance = random.Random(seed)
    for fault in ("createUser:latency=0.01", *FAULTS):
        sandbox.faults.add(parse_fault(fault))
    run = asyncio.create_task(carry_out(dask, address, url, people(ROWS), shard_rows=ROWS // 12))
    for kill in range(KILLS):
        await wait_until(lambda: run.done() or len(sandbox.users()) >= ROWS * (kill + 1) // (KILLS + 2))  # noqa: B023
        await asyncio.sleep(chance.uniform(0, 0.3))
        await asyncio.to_thread(kill_worker, dask)
    status = await run
    assert (status.state, status.counts) == (JobPhase.FINISHED, {RowOutcome.CREATED: ROWS})
    check_effects(sandbox, url, ROWS)


async def test_stop_ends_soon_and_can_be_continued(dask, sandbox, address, url):
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.5"))
    async with AsyncCoggno(KEY, base_url=address) as coggno:
        await submit_job(coggno, people(300), journal=url, shard_rows=50)
        run = DaskRun.of(dask, coggno, url, lease=LEASE)
        running = asyncio.create_task(run.run())
        await wait_until(lambda: len(sandbox.users()) > 5)
        began = time.monotonic()
        run.stop("interrupted")
        with pytest.raises(StoppedError, match="interrupted"):
            await running
        assert time.monotonic() - began < 5
    sent = sandbox.requests.total
    await asyncio.sleep(0.5)
    assert sandbox.requests.total == sent, "no task goes on"
    assert 0 < len(sandbox.users()) < 300
    sandbox.faults.remove(slow)
    assert (await carry_out(dask, address, url)).counts == {RowOutcome.CREATED: 300}
    check_effects(sandbox, url, 300)


async def test_cancelled_call_ends_its_tasks(dask, sandbox, address, url):
    sandbox.faults.add(parse_fault("createUser:latency=0.3"))
    running = asyncio.create_task(carry_out(dask, address, url, people(200), shard_rows=40))
    await wait_until(lambda: len(sandbox.users()) > 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    sent = sandbox.requests.total
    await asyncio.sleep(0.5)
    assert sandbox.requests.total == sent


async def test_finished_job_needs_no_task(dask, sandbox, address, url):
    await carry_out(dask, address, url, people(10))
    sent = sandbox.requests.total
    assert (await carry_out(dask, address, url, people(10))).counts == {RowOutcome.CREATED: 10}
    assert sandbox.requests.total == sent


async def test_job_that_was_not_submitted_is_reported(dask, sandbox, address, url):
    with pytest.raises(JobNotFoundError):
        await carry_out(dask, address, url)
    assert sandbox.requests.total == 0


async def test_no_secret_passes_through_dask(dask, address, url, caplog):
    """Neither in what is submitted, nor in the log of a worker."""
    submitted = []

    class Watched:
        asynchronous = False

        def __getattr__(self, name):
            return getattr(dask, name)

        def submit(self, *arguments, **named):
            submitted.append(cloudpickle.dumps((arguments, named)))
            return dask.submit(*arguments, **named)

        def run(self, *arguments, **named):
            submitted.append(cloudpickle.dumps((arguments, named)))
            return dask.run(*arguments, **named)

    rows = people(10)
    assert (await carry_out(Watched(), address, url, rows)).counts == {RowOutcome.CREATED: 10}
    assert len(submitted) >= 3
    logs = b"".join(submitted) + repr(await asyncio.to_thread(dask.get_worker_logs)).encode() + caplog.text.encode()
    for secret in (KEY, *(row["password"] for row in rows)):
        assert secret.encode() not in logs


async def test_password_of_the_database_is_refused(dask, sandbox, address):
    with pytest.raises(DaskError, match="PGPASSWORD") as caught:
        await carry_out(dask, address, "postgresql://ada:engine@/x?journal=y", people(1))
    assert "engine" not in str(caught.value)
    assert sandbox.requests.total == 0


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("COGGNO_API_KEY", None, "The Dask worker tcp://.* no API key"),
        ("COGGNO_API_KEY", "test_another", "The Dask worker tcp://.* has another API key"),
        ("PGHOST", "/missing", "The Dask worker tcp://.* cannot use the database"),
    ],
)
async def test_unfit_worker_is_reported(dask, sandbox, address, url, postgres, monkeypatch, name, value, message):
    """Before the job is submitted."""
    if name == "PGHOST":
        monkeypatch.setenv("PGHOST", str(postgres.folder))
        url = url.replace(f"host={postgres.folder}&", "")
    with environment_of_workers(dask, name, value), pytest.raises(DaskError, match=message) as caught:
        await carry_out(dask, address, url, people(1))
    assert "test_another" not in str(caught.value)
    assert sandbox.requests.total == 0
    with JobReader(url) as reader:
        assert reader.find(url.rpartition("=")[2]) is None


@contextmanager
def environment_of_workers(dask, name, value):
    before = dask.run(os.environ.get, name)
    dask.run(set_variable, name, value)
    try:
        yield
    finally:
        dask.run(set_variable, name, next(iter(before.values())))


def set_variable(name, value):
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


async def test_worker_without_the_package_is_reported(dask, address, url):
    before = dask.run(hide_package)
    try:
        with pytest.raises(DaskError, match=r"The Dask worker tcp://.* does not have this package.*pip install"):
            await carry_out(dask, address, url, people(1))
    finally:
        dask.run(show_package)
    assert before


def hide_package():
    sys.modules["hidden"], sys.modules["coggno"] = sys.modules["coggno"], None


def show_package():
    sys.modules["coggno"] = sys.modules.pop("hidden")


async def test_worker_of_another_version_is_reported(dask, address, url, monkeypatch):
    monkeypatch.setattr("coggno.provisioning.on_dask.cluster.__version__", "9.9.9")
    with pytest.raises(DaskError, match=r"The Dask worker tcp://.* has coggno .*, and this is 9\.9\.9"):
        await carry_out(dask, address, url, people(1))
