"""What only a real process shows: pipes, signals, missing extras, speed of `--help`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from coggno.sandbox import Sandbox
from tests.cli.helpers import COGGNO, KEY


def without(*modules: str) -> list[str]:
    blocked = "; ".join(f"sys.modules[{name!r}] = None" for name in modules)
    return [sys.executable, "-c", f"import sys; {blocked}; from coggno.cli import main; sys.exit(main())"]


def run(*arguments: str, program: list[str] = COGGNO, **options):
    return subprocess.run(
        [*program, *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
        **options,
    )


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_the_message_says_how_to_get_it(missing):
    """`rich` is needed only by what prints a table."""
    done = run(*(["--help"] if missing == "typer" else ["documents", "list"]), program=without(missing))
    assert done.returncode == 2
    if missing == "typer":
        assert done.stderr == "Error: the command line is an extra. Install it with: pip install 'coggno[cli]'\n"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_sandbox_extra_the_message_says_how_to_get_it(missing):
    done = run("sandbox", "--port", "0", program=without(missing))
    assert done.returncode == 2
    assert "pip install 'coggno[sandbox]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_imports_nothing_heavy():
    heavy = ("httpx", "starlette", "uvicorn", "rich", "aiohttp", "sqlite3", "coggno.sandbox", "coggno.provisioning")
    code = (
        "import sys\n"
        "from coggno.cli import main\n"
        "code = main(['--help'])\n"
        f"sys.exit(code or ', '.join(name for name in {heavy} if name in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_closed_pipe_ends_quietly(address, sandbox: Sandbox, as_json):
    sandbox.seed_users(5000)
    with subprocess.Popen(
        [*COGGNO, "users", "list", *as_json], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as listing:
        listing.stdout.readline()
        listing.stdout.close()
        assert listing.stderr.read() == b""
        assert listing.wait(30) == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_said(address, sandbox: Sandbox):
    sandbox.seed_users(3)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COGGNO, "users", "list"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_summary_that_cannot_be_written_is_no_success(address, sandbox: Sandbox, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text(
        "email,first name,last name,password\nada@example.com,Ada,Lovelace,difference-engine\n"
    )
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COGGNO, "provision", "people.csv", "--json"], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.returncode == 1
    assert [effect.operation for effect in sandbox.effects] == ["createUser"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_says_how_to_use_it_and_ends_cleanly(how):
    with subprocess.Popen(
        [*COGGNO, "sandbox", "--port", "0", "--users", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        lines = [server.stdout.readline() for _ in range(8)]
        url = lines[0].split()[-1]
        assert f"curl {url}/api/v1/users -u test_sandbox:" in "".join(lines)
        with urllib.request.urlopen(f"{url}/") as answer:
            assert answer.status == 200
        listed = run(
            "users", "list", "--json", env={**os.environ, "COGGNO_API_KEY": "test_sandbox", "COGGNO_BASE_URL": url}
        )
        assert len(listed.stdout.splitlines()) == 2
        server.send_signal(how)
        assert server.wait(10) == (0 if how == signal.SIGINT else -how)
        assert server.stderr.read() == ""


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--fault", "createUsr:drop"], "createUser"),
        (["--fault", "createUser:dropp"], "drop"),
        (["--host", "0.0.0.0"], "--allow-remote"),
        (["--host", "192.0.2.1", "--allow-remote"], "cannot listen"),
    ],
)
def test_a_sandbox_that_cannot_be_is_refused(arguments, hint):
    done = run("sandbox", "--port", "0", *arguments)
    assert done.returncode == 2
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said(address):
    done = run("sandbox", "--port", address.rpartition(":")[2])
    assert done.returncode == 2
    assert "--port 0" in done.stderr


def test_the_key_shows_nowhere(address):
    done = run("users", "list", "--company", "99")
    assert KEY not in done.stdout + done.stderr
