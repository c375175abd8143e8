"""Which HTTP engine a run uses: aiohttp sends a request in two thirds of the time, and takes a moment to import."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any, Final

_FEWEST: Final = 1000  # rows from which on importing aiohttp, a quarter of a second, pays
_PROXIES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy"})


def engine_options(rows: int) -> dict[str, Any]:
    """Return the arguments of `AsyncCoggno` that choose the engine.

    Args:
        rows: how many the roster has.
    """
    # aiohttp speaks no SOCKS; behind a proxy the network is what limits a run.
    is_direct = not any(value for name, value in os.environ.items() if name.lower() in _PROXIES)
    is_worth_it = rows >= _FEWEST and is_direct and find_spec("aiohttp") is not None
    return {"http_client": "aiohttp"} if is_worth_it else {}
