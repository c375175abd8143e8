"""Import time: CPU time of a new interpreter with compiled bytecode, minus that of an empty program."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

STATEMENTS: Final[Mapping[str, str]] = {
    "coggno": "import coggno",
    "coggno, and a client created": "import coggno; coggno.AsyncCoggno('test_key')",
    "httpx, attrs, cattrs, tenacity": "import httpx, attrs, cattrs, tenacity",
    "httpx": "import httpx",
    "aiohttp": "import aiohttp",
    "openapi-generator": "import openapi_client",
    "openapi-python-client": "import opc_client.api.users.create_user",
}
_EMPTY: Final = "pass"


def measure(path: Path, rounds: int) -> dict[str, float]:
    """Return milliseconds per statement; statements that fail are left out."""
    times: dict[str, list[float]] = {
        _EMPTY: [],
        **{title: [] for title in STATEMENTS if _works(STATEMENTS[title], path)},
    }
    for _ in range(rounds):
        for title, samples in times.items():
            samples.append(_time(STATEMENTS.get(title, _EMPTY), path))
    medians = {title: statistics.median(samples) for title, samples in times.items()}
    return {title: (figure - medians[_EMPTY]) * 1e3 for title, figure in medians.items() if title != _EMPTY}


def _works(statement: str, path: Path) -> bool:
    """Return whether a statement runs; this also compiles the bytecode for later runs."""
    return _run(statement, path, stderr=subprocess.DEVNULL).returncode == 0


def _time(statement: str, path: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run(statement, path).check_returncode()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def _run(statement: str, path: Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    # httpx imports click and rich for its own command where they are installed; coggno does not need that
    code = f"import sys; sys.modules['click'] = None; {statement}"
    # pip compiles bytecode when it installs; a source tree needs a folder for it
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(path / "bytecode")}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=path, env=environment, check=False, **options
    )
