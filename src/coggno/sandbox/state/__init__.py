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
    "StateError",
    "parse_integer",
]
