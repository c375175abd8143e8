"""The version, and how we introduce ourselves."""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"
USER_AGENT: Final = f"coggno-python/{__version__}"
