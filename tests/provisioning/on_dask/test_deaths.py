"""What a job on Dask comes to when the scheduler dies, or whoever has submitted it; the same call continues it."""

import asyncio
import contextlib
import re
import signal
import subprocess
import sys
import time

import distributed
import pytest

from coggno.provisioning import RowOutcome, StoppedError
from coggno.sandbox import parse_fault
from tests.provisioning.helpers import KEY, people
from tests.provisioning.on_dask.test_run_on_dask import carry_out, check_effects, url, wait_until

__all__ = ["url"]
_ADDRESS = re.compile(r"(tcp://127\.0\.0\.1:\d+)")


@pytest.fixture
def processes(monkeypatch, tmp_path):
    """A scheduler and two workers, each a process as `dask scheduler` and `dask worker` start them."""
    monkeypatch.setenv("COGGNO_API_KEY", KEY)
    with contextlib.ExitStack() as stack:

        def start(name, *arguments):
            log = (tmp_path / f"{name}.log").open("wb")
            command = [sys.executable, "-m", f"distributed.cli.dask_{name.partition('-')[0]}", *arguments]
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path)
            stack.callback(log.close)
            stack.callback(process.wait, 30)
            stack.callback(process.kill)
            return process

        host = ("--host", "127.0.0.1")
        scheduler = start("scheduler", *host, "--port", "0", "--no-dashboard", "--no-show")
        log = tmp_path / "scheduler.log"
        while (found := _ADDRESS.search(log.read_text())) is None:
            assert scheduler.poll() is None, log.read_text()
            time.sleep(0.05)
        for number in (1, 2):
            start(f"worker-{number}", found[1], *host, "--no-dashboard", "--nthreads", "1", "--no-nanny")
        yield scheduler, found[1]


async def test_scheduler_that_is_gone_stops_the_run(processes, cluster, sandbox, address, url):
    """Within some seconds; another cluster continues the job."""
    scheduler, where = processes
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.2"))
    async with distributed.Client(where, asynchronous=True, set_as_default=False) as dask:
        await dask.wait_for_workers(2, timeout=30)
        running = asyncio.create_task(carry_out(dask, address, url, people(300), shard_rows=50))
        await wait_until(lambda: len(sandbox.users()) > 10)
        scheduler.send_signal(signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(StoppedError, match="the connection to the Dask scheduler is lost"):
            await running
        assert time.monotonic() - began < 40
    sandbox.faults.remove(slow)
    async with distributed.Client(cluster.scheduler_address, asynchronous=True, set_as_default=False) as dask:
        assert (await carry_out(dask, address, url)).counts == {RowOutcome.CREATED: 300}
    check_effects(sandbox, url, 300)


SUBMITTER = """
import asyncio, distributed, sys
from coggno import AsyncCoggno
from coggno.provisioning import run_on_dask
from tests.provisioning.helpers import KEY, people

async def main(scheduler, address, url):
    async with (
        AsyncCoggno(KEY, base_url=address) as coggno,
        distributed.Client(scheduler, asynchronous=True) as dask,
    ):
        await run_on_dask(dask, coggno, people(300), journal=url, shard_rows=50, lease=2.0)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_submitter_that_is_killed_loses_nothing(dask, cluster, sandbox, address, url):
    """Shards in progress are finished, no others begin, and the next call does the rest."""
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.1"))
    command = [sys.executable, "-c", SUBMITTER, cluster.scheduler_address, address, url]
    process = await asyncio.create_subprocess_exec(*command)
    await wait_until(lambda: len(sandbox.users()) > 10)
    process.kill()
    await process.wait()
    sandbox.faults.remove(slow)
    assert (await carry_out(dask, address, url)).counts == {RowOutcome.CREATED: 300}
    check_effects(sandbox, url, 300)
