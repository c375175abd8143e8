"""Carrying changes out: the log of their effects, late commits, reads that lag, seeds and lookups."""

from __future__ import annotations

from .effects import Commit, Effect
from .executor import Executor, StateChange
from .lookups import StateLookups
from .read_replica import ReadDelay
from .seeding import Seeding
from .state_file import StateFileError
from .state_files import StateFiles, StateSaver

__all__ = [
    "Commit",
    "Effect",
    "Executor",
    "ReadDelay",
    "Seeding",
    "StateChange",
    "StateFileError",
    "StateFiles",
    "StateLookups",
    "StateSaver",
]
