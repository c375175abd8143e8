"""One run at a time: a lock file beside the journal, which the system releases when its process ends."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from coggno.provisioning.errors import JournalError
from coggno.provisioning.file_lock import LockAttempt, try_lock
from coggno.provisioning.journal.records import Holder

_TRIES: Final = 5
_PAUSE: Final = 0.02  # seconds; a command that reads who holds a journal locks the file for less
_LONGEST: Final = 4096  # bytes of a lock file


class HolderLock:
    """The right to write to a journal.

    Args:
        journal: the journal's path.
        now: seconds since the epoch.

    Raises:
        JournalError: another run has it, or it cannot be had.
    """

    def __init__(self, journal: Path, *, now: Callable[[], float] = time.time) -> None:
        self._path = _path_of(journal)
        self._number = self._acquire(journal)
        text = json.dumps({"pid": os.getpid(), "since": now(), "host": socket.gethostname()})
        try:
            os.ftruncate(self._number, 0)
            os.write(self._number, text.encode())
        except OSError as error:
            self.release()
            raise JournalError(f"{self._path} cannot be written: {error.strerror or error}.") from None

    def release(self) -> None:
        """Let the next run have the journal."""
        # Removed before it is unlocked: whoever opened it meanwhile notices that the name is gone, and tries again.
        with contextlib.suppress(OSError):
            self._path.unlink()
        with contextlib.suppress(OSError):
            os.close(self._number)

    def _acquire(self, journal: Path) -> int:
        for _ in range(_TRIES):
            number = _open(self._path)
            attempt = try_lock(number)
            if attempt is LockAttempt.LOCKED and _is_in_place(number, self._path):
                return number
            os.close(number)
            if attempt is LockAttempt.UNSUPPORTED:
                raise JournalError(f"{journal} is on a file system without locks. Put the journal on a local disk.")
            time.sleep(_PAUSE)
        raise JournalError(f"Another run is using {journal}{describe(_read(self._path))}. Wait until it ends.")


def holder_of(journal: Path) -> Holder | None:
    """Return the run that uses a journal, or `None` if there is none."""
    path = _path_of(journal)
    try:
        number = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        # The file alone says nothing: a run that was killed leaves it behind, without its lock.
        return _read(path) if try_lock(number) is LockAttempt.HELD else None
    finally:
        os.close(number)


def _path_of(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.lock")


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except (OSError, ValueError) as error:
        raise JournalError(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}.") from None


def _is_in_place(number: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(number), path.stat())
    except OSError:
        return False


def _read(path: Path) -> Holder:
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_LONGEST))
        return Holder(pid=int(content["pid"]), since=float(content["since"]), host=str(content["host"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Holder(pid=0, since=0.0)


def describe(holder: Holder) -> str:
    """Return who uses a journal, as the end of a sentence; empty if that is not known."""
    if not holder.pid:
        return ""
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(holder.since))
    return f": process {holder.pid} on {holder.host}, since {since}"
