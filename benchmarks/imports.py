"""How long an import takes, its bytecode at hand: CPU time of a fresh interpreter, net of an empty one."""

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
    "coggno, client made": "import coggno; coggno.AsyncCoggno('test_key')",
    "httpx, attrs, cattrs, tenacity": "import httpx, attrs, cattrs, tenacity",
    "httpx": "import httpx",
    "aiohttp": "import aiohttp",
    "openapi-generator": "import openapi_client",
    "openapi-python-client": "import opc_client.api.users.create_user",
}
_EMPTY: Final = "pass"


def measure(path: Path, rounds: int) -> dict[str, float]:
    """Return milliseconds per statement; what cannot be imported is left out."""
    figures: dict[str, list[float]] = {
        _EMPTY: [],
        **{title: [] for title in STATEMENTS if _works(STATEMENTS[title], path)},
    }
    for _ in range(rounds):
        for title, found in figures.items():
            found.append(_time(STATEMENTS.get(title, _EMPTY), path))
    medians = {title: statistics.median(found) for title, found in figures.items()}
    return {title: (figure - medians[_EMPTY]) * 1e3 for title, figure in medians.items() if title != _EMPTY}


def _works(statement: str, path: Path) -> bool:
    """Import once, which also leaves the bytecode for the next time."""
    return _run(statement, path, stderr=subprocess.DEVNULL).returncode == 0


def _time(statement: str, path: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run(statement, path).check_returncode()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def _run(statement: str, path: Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    # httpx imports click and rich, for a command of its own, where they happen to be installed
    code = f"import sys; sys.modules['click'] = None; {statement}"
    # what pip installed has its bytecode beside it; what runs from a source tree shall have it too
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(path / "bytecode")}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=path, env=environment, check=False, **options
    )
