"""`coggno sandbox`: how it starts, what it prints, what it rejects."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import urllib.request
from contextlib import contextmanager

import httpx
import pytest

from coggno.cli.commands.sandbox import FAULTS_HELP, shell_words
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
        assert server.wait(10) == 0
        assert server.stderr.read() == ""


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--fault", "createUsr:drop"], "createUser"),
        (["--fault", "createUser:dropp"], "drop"),
        (["--host", "192.0.2.1"], "Cannot listen on 192.0.2.1"),
        (["--latency", "x"], "--latency must be seconds, such as 0.2, or a range such as 0.05-0.3, not 'x'."),
        (["--latency", "0.3-0.1"], "not '0.3-0.1'"),
        (["--latency", "nan"], "not 'nan'"),
        (
            ["--allow-host", "http://x/"],
            "--allow-host must be a name alone, such as sandbox.internal, not 'http://x/'.",
        ),
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


@contextmanager
def started(*arguments: str):
    """A server as a process; yields the process and the address that it prints."""
    command = [*COGGNO, "sandbox", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        line = server.stdout.readline()
        assert line, server.stderr.read()
        try:
            yield server, re.search(r"http://[\d.]+:\d+", line)[0]
        finally:
            server.terminate()


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ([], 421),
        (["--host", "0.0.0.0"], 421),
        (["--host", "0.0.0.0", "--allow-host", "build.example"], 200),
        (["--allow-host", "*"], 200),
    ],
)
def test_other_names_must_be_allowed(options, status):
    """Else a web page could reach the server under a name of its own (DNS rebinding)."""
    with started(*options) as (_, url):
        response = httpx.get(f"{url}/api/v1/users", auth=("test_key", ""), headers={"Host": "build.example"})
    assert response.status_code == status


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "127.0.0.1")])
def test_printed_address_is_one_for_clients(host, shown):
    """The client refuses plain http to 0.0.0.0, which is no address of this machine."""
    with started("--host", host) as (_, url):
        assert url.startswith(f"http://{shown}:")


def test_windows_gets_the_words_of_powershell():
    settings, curl = shell_words("http://127.0.0.1:8000", is_windows=True)
    assert settings == '$env:COGGNO_BASE_URL = "http://127.0.0.1:8000"; $env:COGGNO_API_KEY = "test_sandbox"'
    assert curl == "curl.exe"


def test_log_has_a_line_for_each_request():
    with started("--log", "--fault", "listGroups:drop") as (server, url):
        while server.stdout.readline().startswith("State, requests") is False:
            pass
        with httpx.Client(base_url=f"{url}/api/v1/", auth=("test_secret", "")) as api:
            api.get("users/test_secret")
            with pytest.raises(httpx.RemoteProtocolError):
                api.get("groups")
        lines = [server.stdout.readline() for _ in range(2)]
    assert re.fullmatch(r"\d\d:\d\d:\d\d 404 GET /api/v1/users/\*\*\* getUser, \d+ ms\n", lines[0])
    assert re.fullmatch(r"\S+ dropped GET /api/v1/groups listGroups, \d+ ms, fault Drop\n", lines[1])


def test_nothing_is_logged_without_a_terminal():
    """Who starts it with a pipe, and never reads that, must not block it."""
    with started() as (server, url), httpx.Client(base_url=f"{url}/api/v1/", auth=("test_key", "")) as api:
        for _ in range(20):
            api.get("users")
        server.terminate()
        assert "GET" not in server.stdout.read().partition("_sandbox")[2]


def test_state_is_kept_between_two_runs(tmp_path):
    file = tmp_path / "state.json"
    with started("--state", str(file), "--users", "5") as (server, url):
        response = httpx.post(f"{url}/api/v1/groups", auth=("test_key", ""), data={"name": "Drivers"})
        assert response.status_code == 200
        server.terminate()
        assert server.wait(10) == 0
    with started("--state", str(file), "--users", "50") as (server, url):
        with httpx.Client(base_url=f"{url}/api/v1/", auth=("test_key", "")) as api:
            assert [group["name"] for group in api.get("groups").json()] == ["Drivers"]
            assert len(api.get("users").json()) == 5
        server.terminate()
        assert f"The data is that of {file}" in server.stdout.read()


def test_damaged_state_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "state.json"
    file.write_text('{"format": 1, "users": [')
    done = run_process("sandbox", "--port", "0", "--state", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: Cannot use the state in {file}: it is not JSON, or not all of it (line 1")
    assert file.read_text() == '{"format": 1, "users": ['


def test_state_in_a_missing_folder_is_refused(tmp_path):
    done = run_process("sandbox", "--port", "0", "--state", str(tmp_path / "missing" / "state.json"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "Cannot write the state to" in done.stderr


def test_latency_delays_responses():
    with started("--latency", "0.2-0.3") as (_, url):
        response = httpx.get(f"{url}/api/v1/users", auth=("test_key", ""))
    assert response.elapsed.total_seconds() >= 0.2
