"""Only one process of this user on this machine creates groups of a company at a time.

Two runs with two journals, begun at the same moment for one roster, would otherwise both find a group missing and both
create it; groups have no unique key that the API could check.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import stat
import tempfile
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from attrs import define, field

from coggno.provisioning.errors import JournalError
from coggno.provisioning.file_lock import LockAttempt, try_lock

Sleep: TypeAlias = Callable[[float], Awaitable[Any]]
"""Waits for so many seconds."""

_POLL: Final = 0.25  # seconds between two attempts; the system does not tell when a lock becomes free


@define
class _Shared:
    """A lock of this process. All tasks that need it share one descriptor: a run may create hundreds of groups."""

    number: int | None = None
    users: int = 0
    guard: threading.Lock = field(factory=threading.Lock)


root: Callable[[], str] = tempfile.gettempdir
"""Returns the folder of the locks. Tests have one of their own: two of their runs must not wait for each other."""
_locks: Final[dict[Path, _Shared]] = {}
_guard: Final = threading.Lock()


@asynccontextmanager
async def group_lock(address: str, company: str | None, *, sleep: Sleep = asyncio.sleep) -> AsyncGenerator[None]:
    """Hold the right to create groups, from the list that shows that one is missing until it is known to exist.

    Other processes wait; within this one, several tasks may hold it at once, since the client itself lets one of them
    at a time create a group of one name.

    Args:
        address: of the API.
        company: id of the company that the client acts for; `None` for that of the key.
        sleep: waits for so many seconds.

    Raises:
        JournalError: there is no safe place for the lock.
    """
    path = _folder() / f"{hashlib.sha256(f'{company} {address}'.encode()).hexdigest()[:32]}.lock"
    with _guard:
        shared = _locks.setdefault(path, _Shared())
    while not _enter(shared, path):
        await sleep(_POLL)
    try:
        yield
    finally:
        _leave(shared)


def _enter(shared: _Shared, path: Path) -> bool:
    with shared.guard:
        if shared.number is None:
            try:
                number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
            except OSError as error:
                raise JournalError(f"{path} cannot be used for locks: {error.strerror or error}. Set TMPDIR.") from None
            # Where the file system has no locks, runs on one machine are not kept apart: refusing all would be worse.
            if try_lock(number) is LockAttempt.HELD:
                os.close(number)
                return False
            shared.number = number
        shared.users += 1
        return True


def _leave(shared: _Shared) -> None:
    with shared.guard:
        shared.users -= 1
        if shared.users == 0 and shared.number is not None:
            # The file stays: whoever waits for it has its name only.
            os.close(shared.number)
            shared.number = None


def _folder() -> Path:
    """Return a folder that only this user can write to, the same for every process of the user."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    path = Path(root()) / f"coggno-{user}"
    try:
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        status = path.lstat()
    except OSError as error:
        raise JournalError(f"{path} cannot be used for locks: {error.strerror or error}. Set TMPDIR.") from None
    # Somebody else's folder of that name could make runs wait for ever, or a link could point anywhere.
    is_ours = stat.S_ISDIR(status.st_mode) and (not hasattr(os, "getuid") or status.st_uid == os.getuid())
    if not is_ours:
        raise JournalError(f"{path} does not belong to this user, and is needed for locks. Remove it, or set TMPDIR.")
    return path
