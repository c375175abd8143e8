"""Clients that two other generators make from openapi/coggno.yaml, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SPEC = Path(__file__).parents[1] / "openapi" / "coggno.yaml"
OPENAPI_PYTHON_CLIENT = "opc_client"
OPENAPI_GENERATOR = "openapi_client"
_TIMEOUT = 120  # seconds for one generator


def generate(folder: Path) -> dict[str, str]:
    """Generate both clients into `folder`, which must then be on the import path.

    Returns:
        The reason for each package that could not be generated.
    """
    commands = {
        OPENAPI_PYTHON_CLIENT: ["openapi-python-client", "generate", "--path", SPEC, "--meta", "none",
                                "--output-path", folder / OPENAPI_PYTHON_CLIENT],
        OPENAPI_GENERATOR: ["openapi-generator-cli", "generate", "-i", SPEC, "-g", "python", "-o", folder / "oag",
              "--additional-properties=library=asyncio"],
    }  # fmt: skip
    running = {package: _start(*map(str, command)) for package, command in commands.items()}
    failed = {package: reason for package, process in running.items() if (reason := _reason(process))}
    if OPENAPI_GENERATOR not in failed:
        (folder / "oag" / OPENAPI_GENERATOR).rename(folder / OPENAPI_GENERATOR)
    return failed


def _start(program: str, *arguments: str) -> subprocess.Popen[str] | None:
    scripts = Path(sys.executable).parent
    path = shutil.which(program, path=scripts) or shutil.which(program)
    if path is None:
        return None
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
    return subprocess.Popen(
        [path, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _reason(process: subprocess.Popen[str] | None) -> str:
    if process is None:
        return "the generator is not installed"
    try:
        output, _ = process.communicate(timeout=_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return f"the generator took longer than {_TIMEOUT} s"
    return "" if process.returncode == 0 else f"the generator failed: {output.strip()[-200:]}"
