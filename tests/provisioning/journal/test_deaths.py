"""Runs that are killed, over real sockets: nothing is done twice, nothing is lost, and no claim is wrong."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from uuid import uuid4

import pytest

from coggno.provisioning import RowOutcome, RowResult
from coggno.sandbox import Sandbox, ServerThread, parse_fault
from tests.provisioning.helpers import KEY, check_against_effects
from tests.provisioning.journal.fork_driver import DIED

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
HEADER = "email,first_name,last_name,password,groups\n"
SMALL = [["Warehouse"], ["Warehouse", "Office"], []]
STEP = 1 if "COGGNO_TORTURE_SEEDS" in os.environ else 4  # of the boundaries, only every fourth otherwise
SEEDS = [int(seed) for seed in os.environ.get("COGGNO_TORTURE_SEEDS", "1").split(",")]
KILLS = int(os.environ.get("COGGNO_TORTURE_KILLS", "4"))
ROWS = int(os.environ.get("COGGNO_TORTURE_ROWS", "150"))


class Driver:
    """Runs rosters in processes of their own."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.provisioning.journal.fork_driver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, **task):
        """Begin a run, and return the id of its process."""
        self._process.stdin.write(json.dumps({"dies_at": 0, **task}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def wait(self):
        """Return the exit code of the run."""
        return int(self._process.stdout.readline())

    def run(self, **task):
        self.start(**task)
        return self.wait()

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture(scope="module")
def driver():
    driver = Driver()
    yield driver
    driver.close()


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request):
    """Where the journal is, as part of a task: beside the roster, or one of its own in PostgreSQL for each folder."""
    if request.param == "sqlite":
        return lambda _: {}
    server = request.getfixturevalue("postgres")
    return lambda folder: {"journal": server.url(journal=f"{uuid4()}-{folder.name}")}


def write_roster(folder, groups):
    folder.mkdir()
    lines = [
        f"u{number}@example.com,First{number},Last{number},s3cret-{number},{';'.join(names)}\n"
        for number, names in enumerate(groups)
    ]
    folder.joinpath("roster.csv").write_text(HEADER + "".join(lines))
    return folder


def read_results(folder):
    content = json.loads(folder.joinpath("results.json").read_text())
    assert "stopped" not in content["results"], content["results"]["stopped"]
    results = {
        int(line): RowResult(**{**result, "outcome": RowOutcome(result["outcome"])})
        for line, result in content["results"].items()
    }
    return results, content["passed"]


def check(sandbox, results, groups):
    lines = range(2, 2 + len(groups))
    check_against_effects(sandbox, results, lines, dict(zip(lines, groups, strict=True)))
    assert Counter(result.outcome.value for result in results.values()) == {"created": len(groups)}


def test_death_at_every_boundary(driver, tmp_path, kept, request):
    """Before and after each call of the journal and each request, of a run that needs all kinds of them."""
    boundaries = 0
    # The next run waits for the lease of the dead one, which takes its time.
    step = STEP if "sqlite" in request.node.name else STEP * 3
    for dies_at in range(1, 1000, step):
        sandbox, folder = Sandbox(keys=[KEY]), write_roster(tmp_path / str(dies_at), SMALL)
        with ServerThread(sandbox) as url:
            task = {"url": url, "folder": str(folder), **kept(folder)}
            code = driver.run(**task, dies_at=dies_at)
            assert code in {0, DIED}
            assert driver.run(**task) == 0
        check(sandbox, read_results(folder)[0], SMALL)
        if code == 0:
            boundaries = dies_at
            break
    assert boundaries > 50


@pytest.mark.parametrize("seed", SEEDS)
def test_kills_at_random_moments(driver, tmp_path, kept, seed):
    """Under faults before and after the effect; the same command again and again, until it comes to its end."""
    chance = random.Random(seed)
    faults = [
        "*:status=503,p=0.02",
        "createUser:drop,after,p=0.03",
        "addGroupUser:status=503,after,p=0.03",
        "createGroup:drop,after,p=0.2",
    ]
    groups = [[f"Team {number % 7}", "Everybody"][: number % 3] for number in range(ROWS)]
    sandbox = Sandbox(keys=[KEY], faults=list(map(parse_fault, faults)), seed=seed)
    folder = write_roster(tmp_path / "run", groups)
    with ServerThread(sandbox) as url:
        task = {"url": url, "folder": str(folder), "concurrency": 16, **kept(folder)}
        for _ in range(KILLS):
            pid = driver.start(**task)
            time.sleep(chance.uniform(0.05, 0.6))
            with contextlib.suppress(ProcessLookupError):  # it has come to its end
                os.kill(pid, signal.SIGKILL)
            assert driver.wait() in {0, -signal.SIGKILL}
        assert driver.run(**task) == 0
    check(sandbox, read_results(folder)[0], groups)


def test_slow_group_of_a_killed_run(driver, tmp_path, kept):
    """The server takes 2 s to create it; the run is killed meanwhile, and the same command comes at once."""
    sandbox = Sandbox(keys=[KEY], faults=[parse_fault("createGroup:latency=2")])
    folder = write_roster(tmp_path / "run", [["Warehouse"]])
    with ServerThread(sandbox) as url:
        task = {"url": url, "folder": str(folder), "skips_pauses": False, "settle_time": 6.0, **kept(folder)}
        pid = driver.start(**task)
        while not sandbox.requests.in_flight or sandbox.requests.count("listGroups") < 2:
            time.sleep(0.01)
        time.sleep(0.3)  # the list before the creation may be the one in flight
        os.kill(pid, signal.SIGKILL)
        assert driver.wait() == -signal.SIGKILL
        assert not sandbox.groups()
        assert driver.run(**task) == 0
    assert [group.name for group in sandbox.groups()] == ["Warehouse"]
    check(sandbox, read_results(folder)[0], [["Warehouse"]])


def test_two_runs_at_once(driver, tmp_path):
    """Two processes with two journals, begun together for one roster of new groups: one of each."""
    groups = [[f"Team {number}"] for number in range(20)]
    sandbox = Sandbox(keys=[KEY], faults=[parse_fault("createGroup:latency=0.2,after")])
    folders = [write_roster(tmp_path / name, groups) for name in ("one", "two")]
    other = Driver()
    with ServerThread(sandbox) as url:
        runs = list(zip((driver, other), folders, strict=True))
        for process, folder in runs:
            process.start(url=url, folder=str(folder), skips_pauses=False)
        assert [process.wait() for process, _ in runs] == [0, 0]
    other.close()
    assert sorted(group.name for group in sandbox.groups()) == sorted(name for names in groups for name in names)
    found = [read_results(folder)[0] for folder in folders]
    # Who came first has created the user, the other one finds it; nobody is left out.
    for line in range(2, 22):
        assert {result[line].outcome.value for result in found} <= {"created", "exists", "joined"}


def test_two_runs_on_one_journal(driver, tmp_path, kept):
    """The second one is refused before it sends anything."""
    sandbox = Sandbox(keys=[KEY], faults=[parse_fault("createUser:latency=5")])
    folder, other = write_roster(tmp_path / "run", [[]]), Driver()
    with ServerThread(sandbox) as url:
        task = {"url": url, "folder": str(folder), "skips_pauses": False, **kept(folder)}
        driver.start(**task)
        while not sandbox.requests.count("listGroups"):
            time.sleep(0.01)
        assert other.run(**task) == 1
        assert driver.wait() == 0
    other.close()
    assert sandbox.requests.count("listUsers") == 1
    check(sandbox, read_results(folder)[0], [[]])
