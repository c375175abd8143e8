"""Runs that are interrupted: real processes, real signals, and nothing is done twice afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import COGGNO, INVALID, RunCommand, people, read_table, write_roster

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@contextmanager
def start(*arguments: str, command: str = "provision") -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    program = [*COGGNO, command, *arguments]
    with subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True) as run:
        try:
            yield run
        finally:
            run.kill()


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < until, "the run did not begin"
        time.sleep(0.01)


def logins_made(sandbox: Sandbox) -> Counter[str]:
    return Counter(user.login for user in sandbox.users())


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 3)])
def test_signal_stops_and_the_same_command_continues(coggno: RunCommand, sandbox: Sandbox, how, code):
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.3"))
    with start(write_roster(*people(60)), "--concurrency", "4") as run:
        wait_until(lambda: slow.applied >= 8)
        run.send_signal(how)
        began = time.monotonic()
        out, err = run.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert run.returncode == code
    assert "again" in err
    assert "Traceback" not in err
    headline = out.splitlines()[0]
    assert "not attempted" in headline
    assert "failed" not in headline
    assert "\nNot attempted (" in out
    results = read_table("results.csv")
    created = [row["email"] for row in results if row["outcome"] == "created"]
    assert len(results) == 60
    assert sorted(created) == sorted(logins_made(sandbox))
    sandbox.faults.remove(slow)
    assert coggno("provision", "people.csv").code == 0
    assert set(logins_made(sandbox).values()) == {1}
    assert len(logins_made(sandbox)) == 60


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize("change", [lambda path: path.write_text(path.read_text() + "x"), Path.unlink])
def test_a_roster_that_changes_during_the_run(coggno: RunCommand, sandbox: Sandbox, change):
    """The run has changed accounts: it says so, and its results have every login."""
    coggno("provision", write_roster(INVALID))
    assert Path("failed.csv").exists()
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.05"))
    roster = Path(write_roster(*people(40)))
    kept = roster.read_text()
    with start(str(roster), "--concurrency", "4") as run:
        wait_until(lambda: slow.applied >= 8)
        change(roster)
        out, err = run.communicate(timeout=20)
    assert run.returncode == 3
    assert "40 rows in " in out
    assert f"{len(logins_made(sandbox))} created" in out
    assert "What was done is in results.csv, by login. Run the same command again" in " ".join(err.split())
    created = [row["login"] for row in read_table("results.csv") if row["outcome"] == "created"]
    assert sorted(created) == sorted(logins_made(sandbox))
    assert not Path("failed.csv").exists()
    roster.write_text(kept)
    assert coggno("provision", "people.csv").code == 0
    assert logins_made(sandbox).total() == 40


@pytest.mark.usefixtures("address")
def test_endless_requests_end_as_unknown(sandbox: Sandbox):
    slow = sandbox.faults.add(parse_fault("createUser:latency=60,after"))
    with start(write_roster(*people(5)), "--concurrency", "2") as run:
        wait_until(lambda: slow.applied >= 2)
        run.send_signal(signal.SIGINT)
        began = time.monotonic()
        run.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert run.returncode == 130
    assert Counter(row["outcome"] for row in read_table("results.csv"))["unknown"] == 2


@pytest.mark.usefixtures("address")
def test_old_results_do_not_pose_as_new_ones(coggno: RunCommand, sandbox: Sandbox):
    """After SIGKILL the results file says that the run has not ended."""
    assert coggno("provision", write_roster(*people(5))).code == 0
    slow = sandbox.faults.add(parse_fault("createUser:latency=60"))
    with start(write_roster(*people(9))) as run:
        wait_until(lambda: slow.applied >= 2)
        run.kill()
    (row,) = read_table("results.csv")
    assert (row["outcome"], row["line"]) == ("unknown", "")
    assert "run the same command again" in row["detail"]
    sandbox.faults.remove(slow)
    assert coggno("provision", "people.csv", "--settle-time", "0.5").code == 0
    assert len(read_table("results.csv")) == 9


@pytest.mark.usefixtures("address")
def test_second_ctrl_c_ends_at_once(sandbox: Sandbox):
    slow = sandbox.faults.add(parse_fault("createUser:latency=60"))
    with start(write_roster(*people(4))) as run:  # a run begins with four requests at once
        wait_until(lambda: slow.applied >= 4)
        run.send_signal(signal.SIGINT)
        time.sleep(0.3)
        run.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, err = run.communicate(timeout=20)
    assert time.monotonic() - began < 3
    assert run.returncode == 130
    assert "again" in err
    assert "Traceback" not in err
    assert [row["outcome"] for row in read_table("results.csv")] == ["unknown"] * 4


@pytest.mark.usefixtures("address")
def test_ctrl_c_before_the_first_write(sandbox: Sandbox):
    slow = sandbox.faults.add(parse_fault("listUsers:latency=60"))
    with start(write_roster(*people(5))) as run:
        wait_until(lambda: slow.applied >= 1)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=20)
    assert (run.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "Error: Interrupted. Nothing was changed."
    assert not Path("results.csv").exists()


def test_ctrl_c_ends_the_temporary_sandbox():
    with start(
        write_roster(*people(50)), "--sandbox", "--fault", "createUser:latency=0.5", "--concurrency", "2"
    ) as run:
        while "rows ..." not in run.stderr.readline():
            pass
        time.sleep(0.7)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=20)
    assert run.returncode == 130
    assert "Traceback" not in err
    assert "50 rows in" in out


@pytest.mark.usefixtures("address")
def test_closed_output_does_not_change_the_run(sandbox: Sandbox):
    with start(write_roster(*people(20))) as run:
        run.stdout.close()
        run.stderr.close()
        code = run.wait(30)
    assert code == 0
    assert len(logins_made(sandbox)) == 20
    assert [row["outcome"] for row in read_table("results.csv")] == ["created"] * 20


@pytest.mark.usefixtures("address")
def test_terminal_shows_a_bar(sandbox: Sandbox):
    import pty

    sandbox.faults.add(parse_fault("createUser:latency=0.05"))
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    command = [*COGGNO, "provision", write_roster(*people(40)), "--json", "--concurrency", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment) as run:
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
            if not piece:
                break
            seen += piece
        out = run.stdout.read()
    os.close(ours)
    assert run.returncode == 0
    assert out.count(b'{"event": "row"') == 40
    assert "━".encode() in seen
    assert b"of 40 rows" in seen
    assert b"\x1b[?25h" in seen  # the cursor is back
