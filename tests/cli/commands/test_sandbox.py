"""`coggno sandbox`: how it starts, what it prints, what it rejects."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import urllib.request

import httpx
import pytest

from coggno.cli.commands.sandbox import FAULTS_HELP
from coggno.sandbox import Sandbox, fault_help, parse_fault
from tests.cli.helpers import COGGNO, run_process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_server_prints_how_to_use_it(number):
    command = [*COGGNO, "sandbox", "--port", "0", "--users", "2"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as server:
        shown = ""
        while "/docs" not in shown:
            line = server.stdout.readline()
            assert line, server.stderr.read()
            shown += line
        url = re.search(r"http://[\d.]+:\d+", shown)[0]
        assert f"  curl {url}/api/v1/users -u test_sandbox:\n" in shown
        assert f"  export COGGNO_BASE_URL={url} COGGNO_API_KEY=test_sandbox\n" in shown
        with urllib.request.urlopen(f"{url}/") as response:
            assert response.status == 200
        environment = {**os.environ, "COGGNO_API_KEY": "test_sandbox", "COGGNO_BASE_URL": url}
        assert len(run_process("users", "list", "--json", env=environment).stdout.splitlines()) == 2
        server.send_signal(number)
        assert server.wait(10) == (0 if number == signal.SIGINT else -number)
        assert server.stderr.read() == ""


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--fault", "createUsr:drop"], "createUser"),
        (["--fault", "createUser:dropp"], "drop"),
        (["--host", "0.0.0.0"], "--allow-remote"),
        (["--host", "192.0.2.1", "--allow-remote"], "Cannot listen on 192.0.2.1"),
        (["--seed", "x"], "--seed must be a whole number of at least 0, not 'x'."),
        (["--port", "99999"], "--port must be a whole number from 0 to 65535, not '99999'."),
        (["--users", "x"], "--users must be a whole number of at least 0, not 'x'."),
    ],
)
def test_invalid_option_is_rejected(arguments, hint):
    done = run_process("sandbox", "--port", "0", *arguments)
    assert done.returncode == 2
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


def test_occupied_port_is_reported(address):
    done = run_process("sandbox", "--port", address.rpartition(":")[2])
    assert done.returncode == 2
    assert "Cannot listen on 127.0.0.1, port" in done.stderr
    assert "--port 0" in done.stderr


def test_sizes_and_seed_choose_the_content():
    command = [*COGGNO, "sandbox", "--port", "0", "--users", "30", "--documents", "4", "--groups", "2", "--seed", "7"]
    twin = Sandbox(documents=False)
    users = twin.populate(users=30, documents=4, groups=2, seed=7)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        url = re.search(r"http://[\d.]+:\d+", server.stdout.readline())[0]
        with httpx.Client(base_url=f"{url}/api/v1/", auth=("test_key", "")) as api:
            assert [user["login"] for user in api.get("users").json()] == [user.login for user in users]
            assert len(api.get("documents").json()) == 4
            assert [group["name"] for group in api.get("groups").json()] == ["Warehouse", "Sales"]
        server.terminate()


def test_help_explains_every_kind_of_fault():
    assert "\b\n" + fault_help() == FAULTS_HELP
    shown = re.findall(r"^  (\S+)   +", FAULTS_HELP, re.MULTILINE)
    assert all(parse_fault(text) for text in shown)


@pytest.mark.parametrize(("options", "status"), [([], 421), (["--allow-remote"], 200)])
def test_other_names_need_allow_remote(options, status):
    """Without it, a web page must not reach the server under a name of its own (DNS rebinding)."""
    command = [*COGGNO, "sandbox", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        url = re.search(r"http://[\d.]+:\d+", server.stdout.readline())[0]
        response = httpx.get(f"{url}/api/v1/users", auth=("test_key", ""), headers={"Host": "build.example"})
        server.terminate()
    assert response.status_code == status
