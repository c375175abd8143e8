"""What the tests of a run share: what the sandbox has created, and which files there are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from coggno.sandbox import Sandbox


def file_names(folder: str = ".") -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def created(sandbox: Sandbox) -> Counter[str]:
    """Return how often each operation has changed something."""
    return Counter(effect.operation for effect in sandbox.effects)
