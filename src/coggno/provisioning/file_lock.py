"""Locks on files that end with their process, however it ends."""

from __future__ import annotations

import os
from enum import Enum


class LockAttempt(Enum):
    """How an attempt to lock a file went."""

    LOCKED = "locked"
    HELD = "held by another"
    UNSUPPORTED = "the file system has no locks"


def try_lock(number: int) -> LockAttempt:
    """Lock an open file if nobody else has; the lock ends when the file is closed or its process ends.

    Args:
        number: descriptor of the file. The same file opened twice counts as two, also within one process.
    """
    if os.name == "nt":  # pragma: no cover - Windows
        return _lock_windows(number)
    import fcntl

    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return LockAttempt.HELD
    except OSError:
        return LockAttempt.UNSUPPORTED
    return LockAttempt.LOCKED


def _lock_windows(number: int) -> LockAttempt:  # pragma: no cover - Windows
    import msvcrt

    # Far behind the content: on Windows others could not read a byte that is locked.
    os.lseek(number, 1 << 30, os.SEEK_SET)
    try:
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError:
        return LockAttempt.HELD
    return LockAttempt.LOCKED
