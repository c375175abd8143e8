"""The clients that two generators make of openapi/coggno.yaml: made in a temporary folder, never kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SPEC = Path(__file__).parents[1] / "openapi" / "coggno.yaml"
OPC = "opc_client"
OAG = "openapi_client"
_LIMIT = 120  # seconds for one generator


def make(folder: Path) -> dict[str, str]:
    """Generate both into `folder`, which is then to be on the path of whoever imports them.

    Returns:
        For each that could not be made, its package and why.
    """
    commands = {
        OPC: ["openapi-python-client", "generate", "--path", SPEC, "--output-path", folder / OPC, "--meta", "none"],
        OAG: ["openapi-generator-cli", "generate", "-i", SPEC, "-g", "python", "-o", folder / "oag",
              "--additional-properties=library=asyncio"],
    }  # fmt: skip
    running = {package: _start(*map(str, command)) for package, command in commands.items()}
    missing = {package: reason for package, process in running.items() if (reason := _reason(process))}
    if OAG not in missing:
        (folder / "oag" / OAG).rename(folder / OAG)
    return missing


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
        said, _ = process.communicate(timeout=_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return f"the generator was not done in {_LIMIT} s"
    return "" if process.returncode == 0 else f"the generator failed: {said.strip()[-200:]}"
