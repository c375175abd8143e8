"""What only a real process shows: pipes, signals, missing extras, speed of `--help`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import coggno
from coggno.sandbox import Sandbox
from tests.cli.helpers import COGGNO, KEY, run_process


def without(*modules: str) -> list[str]:
    blocked = "; ".join(f"sys.modules[{name!r}] = None" for name in modules)
    return [sys.executable, "-c", f"import sys; {blocked}; from coggno.cli import main; sys.exit(main())"]


@pytest.mark.parametrize(("missing", "arguments"), [("typer", ["--help"]), ("rich", ["documents", "list"])])
def test_missing_extra_names_the_command_to_install_it(address, missing, arguments):
    """`rich` is needed only by what prints a table."""
    done = run_process(*arguments, program=without(missing))
    assert done.returncode == 2
    assert done.stderr.startswith("Error: The command line needs the extra 'cli'. Install it with: pip install")


def test_module_runs_the_command():
    done = run_process("--version", program=[sys.executable, "-m", "coggno"])
    assert (done.returncode, done.stdout) == (0, f"coggno {coggno.__version__}\n")


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_missing_sandbox_extra_names_the_command(missing):
    done = run_process("sandbox", "--port", "0", program=without(missing))
    assert done.returncode == 2
    assert "pip install 'coggno[sandbox]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_closed_standard_error_keeps_the_exit_code():
    """Buffered text that nobody reads would make Python end with 120; without a buffer nothing would be seen of it."""
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen([*COGGNO, "users", "lst"], stderr=subprocess.PIPE, env=buffered) as process:
        process.stderr.close()
        assert process.wait(60) == 2


def test_help_imports_nothing_heavy():
    heavy = ("httpx", "starlette", "uvicorn", "rich", "aiohttp", "sqlite3", "keyring", "platformdirs")
    heavy += ("coggno.sandbox", "coggno.provisioning", "coggno.reports")
    code = (
        "import sys\n"
        "from coggno.cli import main\n"
        "code = main(['--help'])\n"
        f"sys.exit(code or ', '.join(name for name in {heavy} if name in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_closed_pipe_ends_quietly(address, sandbox: Sandbox, as_json):
    sandbox.seed_users(5000)
    with subprocess.Popen(
        [*COGGNO, "users", "list", *as_json], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as listing:
        listing.stdout.readline()
        listing.stdout.close()
        assert listing.stderr.read() == b""
        assert listing.wait(30) == 141


@pytest.mark.parametrize("arguments", [["--help"], ["provision", "--help"], ["--version"]])
def test_help_into_a_closed_pipe_ends_quietly(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    command = [*COGGNO, *arguments]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [["--help"], ["provision", "--help"], ["--version"]])
def test_help_onto_a_full_disk_is_reported(arguments):
    with Path("/dev/full").open("w") as full:
        command = [*COGGNO, *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == "Error: Cannot write to standard output: No space left on device.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_full_disk_is_reported(address, sandbox: Sandbox):
    sandbox.seed_users(3)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COGGNO, "users", "list"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "Error: Cannot write to standard output: No space left on device.\n"
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_unwritten_summary_is_no_success(address, sandbox: Sandbox, tmp_path, monkeypatch):
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


def test_key_is_shown_nowhere(address):
    done = run_process("users", "list", "--company", "99")
    assert KEY not in done.stdout + done.stderr


@pytest.mark.parametrize(("name", "content"), [("missing.pem", None), ("broken.pem", "no certificate")])
def test_certificate_file_is_named(monkeypatch, tmp_path, name, content):
    """It was once reported as a problem of standard output."""
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setenv("COGGNO_API_KEY", KEY)
    done = run_process("users", "list", "--base-url", "https://127.0.0.1:9")
    assert done.returncode in {1, 2}
    assert "SSL_CERT_FILE" in done.stderr
    assert str(path) in done.stderr
    assert "standard output" not in done.stderr
    assert "Traceback" not in done.stderr
