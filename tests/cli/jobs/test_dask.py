"""`coggno provision --dask`: a cluster of Dask carries a roster out, and the command ends as any run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import distributed
import pytest

from coggno.cli.jobs import dask_cluster as command_cluster
from coggno.cli.jobs import dask_run
from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import (
    ADA,
    COGGNO,
    GRACE,
    INVALID,
    KEY,
    CommandResult,
    RunCommand,
    people,
    read_table,
    write_roster,
)
from tests.cli.provision.helpers import created
from tests.cli.provision.test_interrupted import logins_made, wait_until
from tests.helpers.dask_cluster import dask_cluster, kill_worker

SECRET = "analytical-engine"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with dask_cluster(2, COGGNO_API_KEY=KEY) as cluster:
        yield cluster


@pytest.fixture
def shared_url(url: str) -> str:
    """Without a password, which is not passed on to workers elsewhere."""
    return url.replace(f":{SECRET}", "")


@pytest.fixture
def on_dask(coggno: RunCommand, address: str, cluster: Any, shared_url: str) -> RunCommand:
    """Run `coggno provision --dask`, and check that no output shows a password or a traceback."""

    def run(*arguments: str, **options: str) -> CommandResult:
        ended = coggno("provision", *arguments, "--journal", shared_url, "--dask", cluster.scheduler_address, **options)
        assert "difference-engine" not in ended.out + ended.err
        assert "Traceback" not in ended.err
        return ended

    return run


def test_files_and_summary_are_those_of_a_run(on_dask: RunCommand, sandbox: Sandbox):
    ended = on_dask(write_roster(ADA, GRACE, INVALID))
    assert ended.code == 1, ended.err
    assert "3 rows in" in ended.out
    assert "2 created, 1 invalid" in ended.out
    assert created(sandbox)["createUser"] == 2
    assert [row["outcome"] for row in read_table("results.csv")] == ["created", "created", "invalid"]
    assert [row["email"] for row in read_table("failed.csv")] == ["alan.example.com"]
    before = sandbox.requests.total
    again = on_dask("people.csv", "--allow-refused")
    assert (again.code, sandbox.requests.total) == (0, before)
    assert "hires was submitted already: 3 of 3 rows done." in again.err


def test_passwords_are_written_at_the_end(on_dask: RunCommand):
    ended = on_dask(write_roster("alan@example.com,Alan,Turing,,Navy\n"), "--generate-passwords", "passwords.csv")
    assert ended.code == 0, ended.err
    (row,) = read_table("passwords.csv")
    assert row["login"] == "alan@example.com"
    assert len(row["password"]) == 20
    assert row["password"] not in ended.out + ended.err


def test_events_end_with_the_summary(on_dask: RunCommand):
    ended = on_dask(write_roster(ADA, GRACE), "--json")
    events = ended.json
    assert (events[0]["event"], events[0]["rows"]) == ("start", 2)
    assert (events[-1]["event"], events[-1]["outcomes"]) == ("end", {"created": 2})


def test_local_cluster_inherits_key_and_password(coggno: RunCommand, address: str, sandbox: Sandbox, url: str):
    ended = coggno("provision", write_roster(ADA, GRACE), "--journal", url, "--dask", "local")
    assert ended.code == 0, ended.err
    assert created(sandbox)["createUser"] == 2
    assert SECRET not in ended.out + ended.err


def test_unreachable_scheduler_submits_nothing(
    coggno: RunCommand, address: str, sandbox: Sandbox, url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(command_cluster, "_TIMEOUT", 0.5)
    for text in ("tcp://127.0.0.1:1", "nonsense://x"):
        ended = coggno("provision", write_roster(ADA), "--journal", url, "--dask", text)
        assert ended.code == 2
        assert f"The Dask scheduler {text} cannot be reached" in ended.err.replace("\n", " ")
        assert "Traceback" not in ended.err
    assert sandbox.requests.total == 0
    assert "There are no jobs." in coggno("jobs", "list", "--journal", url).err


def test_cancelled_job_is_reported(on_dask: RunCommand, coggno: RunCommand, sandbox: Sandbox, shared_url: str):
    assert coggno("provision", write_roster(ADA), "--journal", shared_url, "--detach").code == 0
    assert coggno("jobs", "cancel", "--journal", shared_url, "--yes").code == 0
    ended = on_dask("people.csv")
    assert ended.code == 3
    assert "The job hires was cancelled." in ended.err
    assert not sandbox.users()


def test_missing_extra_is_named(coggno: RunCommand, address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    ended = coggno("provision", write_roster(ADA), "--journal", "postgresql:///x", "--dask", "local")
    assert ended.code == 2
    assert "pip install 'coggno[dask,postgres]'" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--dask needs a database"),
        (["--journal", "run.journal"], "--dask needs a database"),
        (["--journal", "postgresql:///x", "--dry-run"], "--dry-run cannot be combined with --dask"),
        (["--journal", "postgresql:///x", "--sandbox"], "--sandbox cannot be combined with --dask"),
        (["--journal", "postgresql:///x", "--detach"], "--detach and --dask contradict each other"),
        (["--journal", "postgresql:///x", "--remove-missing", "members"], "--remove-missing cannot be combined"),
    ],
)
def test_options_that_mean_nothing_are_refused(coggno: RunCommand, address: str, arguments: list[str], message: str):
    ended = coggno("provision", write_roster(ADA), "--dask", "local", *arguments)
    assert ended.code == 2
    assert message in ended.err


def test_password_in_the_url_is_refused(coggno: RunCommand, address: str, cluster: Any, url: str):
    ended = coggno("provision", write_roster(ADA), "--journal", url, "--dask", cluster.scheduler_address)
    assert ended.code == 2
    assert "PGPASSWORD" in ended.err
    assert SECRET not in ended.err


@pytest.mark.parametrize("is_local", [False, True], ids=["elsewhere", "local"])
@pytest.mark.usefixtures("address")
def test_ctrl_c_ends_soon_and_can_be_continued(
    coggno: RunCommand, sandbox: Sandbox, cluster: Any, shared_url: str, is_local: bool
):
    """As a terminal sends it: to the command and to the processes that it has started."""
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.3"))
    place = "local" if is_local else cluster.scheduler_address
    arguments = ["provision", write_roster(*people(200)), "--journal", shared_url, "--dask", place]
    process = subprocess.Popen(
        [*COGGNO, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    )
    wait_until(lambda: len(sandbox.users()) > 5 or process.poll() is not None)
    began = time.monotonic()
    assert process.poll() is None, process.communicate()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    seconds = time.monotonic() - began
    assert process.returncode == 130, errors
    assert seconds < 10  # five, and the end of the cluster on a machine that is busy
    assert "Interrupted. Run the same command again to continue." in errors
    assert "Traceback" not in errors
    assert len(read_table("results.csv")) >= 200
    sandbox.faults.remove(slow)
    ended = coggno(*arguments)
    assert ended.code == 0, ended.err
    assert set(logins_made(sandbox).values()) == {1}
    assert len(sandbox.users()) == 200


def test_killed_worker_is_replaced(
    on_dask: RunCommand, sandbox: Sandbox, cluster: Any, monkeypatch: pytest.MonkeyPatch
):
    """The bar goes on, the shard waits for its lease, and the exit code is 0."""
    monkeypatch.setattr(dask_run, "LEASE", 2.0)
    sandbox.faults.add(parse_fault("createUser:latency=0.1"))
    client = distributed.Client(cluster, set_as_default=False)

    def kill() -> None:
        wait_until(lambda: len(sandbox.users()) > 30)
        kill_worker(client)

    killing = threading.Thread(target=kill)
    killing.start()
    ended = on_dask(write_roster(*people(300)))
    killing.join()
    client.close()
    assert ended.code == 0, ended.err
    assert set(logins_made(sandbox).values()) == {1}
