"""respx, the mock library for httpx: tests that mock the network with it must see our requests as well.

respx takes the place of httpcore, which our default engine does not use. While it is active, requests go through httpx
instead, so that a test never reaches the network unnoticed. Seen with respx 0.22 and 0.23; the contract is in
`tests/_engines/test_private.py`. Where an attribute is gone, respx counts as not active.
"""

from __future__ import annotations

import sys
from typing import Any


def is_active() -> bool:
    """Return whether a respx router is in force. Costs a look-up where respx is not imported."""
    mocks: Any = sys.modules.get("respx.mocks")
    if mocks is None:
        return False
    mockers: dict[str, Any] = getattr(getattr(mocks, "Mocker", None), "registry", {})
    return any(getattr(mocker, "routers", ()) for mocker in mockers.values())
