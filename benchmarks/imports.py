"""How long an import takes: CPU time of a fresh interpreter, net of an empty one."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

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
    return subprocess.run(_command(statement), cwd=path, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _time(statement: str, path: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(_command(statement), cwd=path, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def _command(statement: str) -> list[str]:
    # httpx imports click and rich, for a command of its own, where they happen to be installed
    return [sys.executable, "-W", "ignore", "-c", f"import sys; sys.modules['click'] = None; {statement}"]
