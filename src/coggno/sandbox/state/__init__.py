"""What the sandbox stores: companies, users, groups, documents and licenses. Pure: no I/O, no time."""

from __future__ import annotations

from .account import AccountState
from .errors import InvalidDataError, RecordNotFoundError, StateError
from .identifiers import LoginFolding, parse_integer
from .records import (
    ROOT,
    NewPerson,
    SandboxCompany,
    SandboxDocument,
    SandboxGroup,
    SandboxLicense,
    SandboxUser,
)
from .snapshot import SnapshotError, restore_snapshot, take_snapshot

__all__ = [
    "ROOT",
    "AccountState",
    "InvalidDataError",
    "LoginFolding",
    "NewPerson",
    "RecordNotFoundError",
    "SandboxCompany",
    "SandboxDocument",
    "SandboxGroup",
    "SandboxLicense",
    "SandboxUser",
    "SnapshotError",
    "StateError",
    "parse_integer",
    "restore_snapshot",
    "take_snapshot",
]
