"""`coggno worker` as a process: its liveness check, its signals, what it shows."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from coggno.cli.exit_codes import CommandError
from coggno.cli.jobs.health import HealthAddress
from coggno.provisioning.jobs import JobPhase, JobReader
from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import COGGNO, RunCommand, people, write_roster
from tests.cli.provision.test_interrupted import wait_until
from tests.helpers.postgres_server import PostgresServer

Process = subprocess.Popen[str]


@pytest.fixture
def start(address: str) -> Iterator:
    """Start `coggno worker`; it is ended with the test."""
    started: list[Process] = []

    def start(*arguments: str) -> Process:
        command = [*COGGNO, "worker", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def submitted(coggno: RunCommand, address: str, url: str) -> str:
    """The URL of a job with 40 rows."""
    assert coggno("provision", write_roster(*people(40)), "--journal", url, "--detach").code == 0
    return url


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def health(port: int) -> int | None:
    """Return the status of the check; `None` while nothing listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def is_finished(url: str) -> bool:
    with JobReader(url) as reader:
        return reader.job("hires").state is JobPhase.FINISHED


def test_health_follows_the_database(start, sandbox: Sandbox, postgres: PostgresServer, submitted: str):
    port = free_port()
    process = start("--journal", submitted, "--forever", "--health", f"127.0.0.1:{port}")
    wait_until(lambda: health(port) == 200 and len(sandbox.users()) == 40)
    postgres.stop(signal.SIGQUIT)
    wait_until(lambda: health(port) == 503)
    postgres.start()
    wait_until(lambda: health(port) == 200)
    wait_until(lambda: is_finished(submitted))
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=15)
    # Everything was done, and it waited for more.
    assert (process.returncode, out) == (0, "1 part finished, 40 rows carried out: 40 created\n"), err
    assert "Waiting for jobs ...\n" in err


def test_sigterm_while_the_database_is_gone(start, sandbox: Sandbox, postgres: PostgresServer, submitted: str):
    """It ends within 10 seconds all the same, and the next worker finds out what became of its rows."""
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.3"))
    process = start("--journal", submitted, "--lease", "2")
    wait_until(lambda: slow.applied >= 4)
    postgres.stop(signal.SIGQUIT)
    time.sleep(0.5)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    postgres.start()
    assert time.monotonic() - began < 10
    assert process.returncode == 3
    assert "Traceback" not in err


def test_ctrl_c_ends_with_130(start, sandbox: Sandbox, submitted: str):
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.3"))
    process = start("--journal", submitted)
    wait_until(lambda: slow.applied >= 4)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "Other workers, or the same command, go on with the rest." in err
    assert out.startswith("0 parts finished, ")
    assert "hires, part 1 of 1: people.csv\n" in err


def test_address_in_use_is_reported(coggno: RunCommand, submitted: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = coggno("worker", "--journal", submitted, "--health", address)
    assert ended.code == 2
    assert f"--health {address} cannot be used" in ended.err


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("8080", "127.0.0.1", 8080), ("0.0.0.0:80", "0.0.0.0", 80), ("[::1]:9", "::1", 9), (":0", "127.0.0.1", 0)],
)
def test_forms_of_the_address(text: str, host: str, port: int):
    assert HealthAddress.parse(text) == HealthAddress(host, port)


@pytest.mark.parametrize("text", ["", "localhost", "localhost:x", "localhost:65536", "localhost:-1"])
def test_other_forms_are_refused(text: str):
    with pytest.raises(CommandError, match="must be HOST:PORT"):
        HealthAddress.parse(text)
