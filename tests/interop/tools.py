"""Runs other people's tools: a command to its end, or a server within a `with` block."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
SPEC: Final = ROOT / "openapi" / "coggno.yaml"
RUN_TIMEOUT: Final = 100
"""Seconds that one run may take."""
STARTUP_TIMEOUT: Final = 30
"""Seconds until a server must accept connections."""

_QUIET: Final = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
_MODULES: Final = {"PYTHONPATH": str(ROOT)}


def missing_node() -> str | None:
    """Return why Node programs cannot run here, or None."""
    if shutil.which("node") is None:
        return "Node is not installed"
    if not (HERE / "node_modules" / "express").is_dir():
        return "run `npm ci` in tests/interop/ first"
    return None


def missing_chromium() -> str | None:
    """Return why no browser can be started here, or None."""
    return None if chromium() else "Chromium is not installed (Debian: apt-get install chromium); or set CHROMIUM"


def chromium() -> str | None:
    """Return the path of Chromium or Chrome, if one is installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def node(script: Path, *arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a JavaScript file in Node to its end."""
    return run("node", script, *arguments, cwd=cwd)


def python(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run this Python interpreter to its end; its own environment's programs are on the path."""
    return run(sys.executable, *arguments, cwd=cwd)


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its output is text."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=_environment(),
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=RUN_TIMEOUT,
        check=False,
    )


@contextmanager
def served(*command: str | Path, port: int) -> Generator[str, None, None]:
    """Run a server on a local port within a `with` block; yield its address."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            env=_environment(),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(process, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a free local port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def program(name: str) -> Path:
    """Return the JavaScript file of a command in `node_modules`.

    Node runs it directly: a shell wrapper between us would survive when the process is killed.
    """
    return (HERE / "node_modules" / ".bin" / name).resolve(strict=True)


def _wait(process: subprocess.Popen[str], port: int, log: IO[str]) -> None:
    end = time.monotonic() + STARTUP_TIMEOUT
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    log.seek(0)
    raise RuntimeError(f"{process.args} did not start:\n{log.read()}")


def _environment() -> dict[str, str]:
    programs = str(Path(sys.executable).parent)
    return {**os.environ, **_QUIET, **_MODULES, "PATH": os.pathsep.join([programs, os.environ.get("PATH", "")])}
