"""Workers that are killed, as processes over real sockets: nothing is done twice, nothing is lost."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from coggno import AsyncCoggno
from coggno.provisioning import RowOutcome, RunOptions
from coggno.provisioning.jobs import JobPhase, JobReader, submit_job
from coggno.sandbox import Sandbox, ServerThread, parse_fault
from tests.provisioning.helpers import KEY, check_against_effects

COGGNO = [sys.executable, "-c", "import sys; from coggno.cli import main; sys.exit(main())"]
FAULTS = [
    "*:status=503,p=0.02",
    "createUser:drop,after,p=0.03",
    "addGroupUser:status=503,after,p=0.03",
    "createGroup:drop,after,p=0.2",
    "createUser:latency=0.05",
]
WORKERS = 4
SEEDS = [int(seed) for seed in os.environ.get("COGGNO_TORTURE_SEEDS", "1").split(",")]
KILLS = int(os.environ.get("COGGNO_TORTURE_KILLS", "2"))
ROWS = int(os.environ.get("COGGNO_TORTURE_ROWS", "300"))
INTERVAL = float(os.environ.get("COGGNO_TORTURE_INTERVAL", "1"))  # seconds between two kills
LEASE = 2.0  # seconds


class Workers:
    """Processes of `coggno worker`."""

    def __init__(self, url, address):
        self._command = [*COGGNO, "worker", "--journal", url, "--lease", str(LEASE)]
        self._environment = {**os.environ, "COGGNO_API_KEY": KEY, "COGGNO_BASE_URL": address}
        self.running = []
        self.killed = 0
        self.printed = []
        self._url = url

    def start(self, count=1):
        for _ in range(count):
            process = subprocess.Popen(
                self._command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            self.running.append(process)

    def wait_until(self, condition, seconds=60):
        """Wait for something; if it does not happen, say what the workers do."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                with JobReader(self._url) as reader:
                    job = reader.job("hires")
                codes = [process.poll() for process in self.running]
                self.close()
                raise AssertionError(f"{job} {job.shards} {codes} {self.printed}")
            time.sleep(0.01)

    def kill_one(self, chance):
        """Kill a worker without notice, and start another one in its place."""
        victim = self.running.pop(chance.randrange(len(self.running)))
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        # One that had come to its end is no victim.
        self.killed += victim.returncode == -signal.SIGKILL
        self.start()

    def end(self):
        """Wait for all of them, and return what they have printed."""
        printed = []
        for process in self.running:
            out, _ = process.communicate(timeout=100)
            assert process.returncode == 0, out
            printed.append(out)
        self.running.clear()
        return printed

    def close(self):
        for process in self.running:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            self.printed.append(process.communicate()[0])
        self.running.clear()


@pytest.fixture
def workers():
    made = []

    def make(url, address):
        made.append(Workers(url, address))
        return made[-1]

    yield make
    for each in made:
        each.close()


def rows(count):
    return [
        {
            "email": f"u{number}@example.com",
            "first_name": f"First{number}",
            "last_name": f"Last{number}",
            "password": f"s3cret-{number}",
            "groups": [f"Team {number % 7}", "Everybody"][: number % 3],
        }
        for number in range(count)
    ]


def submit(url, address, people, shard_rows):
    async def run():
        async with AsyncCoggno(KEY, base_url=address) as coggno:
            options = RunOptions(settle_time=2.0)
            return await submit_job(coggno, people, journal=url, options=options, shard_rows=shard_rows)

    return asyncio.run(run())


def check(sandbox, url, people):
    with JobReader(url) as reader:
        status, results = reader.job("hires"), {result.line: result for result in reader.results("hires")}
    groups = {line: row["groups"] for line, row in enumerate(people, start=1)}
    check_against_effects(sandbox, results, groups, groups)
    assert (status.state, status.workers) == (JobPhase.FINISHED, [])
    assert status.counts == Counter(result.outcome for result in results.values()) == {RowOutcome.CREATED: len(people)}


@pytest.mark.timeout(max(120, KILLS * INTERVAL * 4 + ROWS / 10))
@pytest.mark.parametrize("seed", SEEDS)
def test_workers_are_killed(postgres, url, database, workers, seed):
    """Four workers under faults, one killed again and again."""
    chance, people = random.Random(seed), rows(ROWS)
    sandbox = Sandbox(keys=[KEY], faults=list(map(parse_fault, FAULTS)), seed=seed)
    with ServerThread(sandbox) as address:
        submit(url, address, people, shard_rows=max(20, ROWS // 20))
        running = workers(url, address)
        running.start(WORKERS)
        running.wait_until(lambda: len(sandbox.users()) > ROWS // 20)
        for _ in range(KILLS):
            if len(sandbox.users()) > 0.9 * ROWS:
                break  # the last one is not to be killed for ever
            running.kill_one(chance)
            time.sleep(INTERVAL)
        printed = running.end()
        assert running.killed > 0
    check(sandbox, url, people)
    kept = str(postgres.execute("SELECT * FROM coggno.submitted_rows", database=database)) + "".join(printed)
    assert "s3cret" not in kept
    assert not postgres.execute("SELECT 1 FROM coggno.submitted_rows WHERE password IS NOT NULL", database=database)


@pytest.mark.parametrize("how", [signal.SIGQUIT, *[signal.SIGINT] * ("COGGNO_TORTURE_SEEDS" in os.environ)])
def test_database_is_restarted(postgres, url, workers, how):
    """Workers wait, send nothing meanwhile, and go on."""
    people = rows(120)
    sandbox = Sandbox(keys=[KEY], faults=[parse_fault("createUser:latency=0.1")])
    with ServerThread(sandbox) as address:
        submit(url, address, people, shard_rows=40)
        running = workers(url, address)
        running.start(2)
        running.wait_until(lambda: len(sandbox.users()) > 20)
        postgres.stop(how)
        time.sleep(0.5)  # those whose intent was committed before may still leave
        before = len(sandbox.effects)
        time.sleep(1.5)
        assert len(sandbox.effects) == before < len(people)
        postgres.start()
        running.end()
    check(sandbox, url, people)


def test_sigterm_gives_the_lease_back(url, workers):
    """The worker ends in order within 10 seconds, and the next one need not wait for the lease."""
    people = rows(200)
    sandbox = Sandbox(keys=[KEY], faults=[parse_fault("createUser:latency=0.2")])
    with ServerThread(sandbox) as address:
        submit(url, address, people, shard_rows=200)
        first, second = workers(url, address), workers(url, address)
        first.start()
        first.wait_until(lambda: len(sandbox.users()) > 10)
        (process,) = first.running
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=15)
        assert time.monotonic() - began < 10
        assert process.returncode == 3, out
        assert "Other workers, or the same command, go on with the rest." in out
        with JobReader(url) as reader:
            assert reader.job("hires").state is JobPhase.STOPPED
        second.start()
        second.end()
    check(sandbox, url, people)
