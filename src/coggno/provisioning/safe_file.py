"""Files that are written whole or not at all, whatever interrupts the writing."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from coggno.provisioning.errors import RosterError

_PART: Final = ".part"


@contextmanager
def replacing(path: Path, *, encoding: str, errors: str) -> Generator[IO[str]]:
    """Open a file that takes the place of `path` when the context ends without an error.

    It is written beside `path` and renamed, so that a crash or Ctrl-C leaves the old file or the new one, never a part.
    A symbolic link stays one: the file that it leads to is replaced.

    Args:
        path: the file to replace.
        encoding: of the new file.
        errors: what to do with characters that the encoding does not have, as in `open`.

    Raises:
        RosterError: the file cannot be written.
    """
    part: Path | None = None
    target = path
    try:
        target = path.resolve()
        with tempfile.NamedTemporaryFile(
            "w",
            encoding=encoding,
            errors=errors,
            newline="",
            dir=target.parent,  # renaming works within one file system only
            prefix=target.name,
            suffix=_PART,
            delete=False,
        ) as file:
            part = Path(file.name)
            yield file
            # Before the rename: else a power cut could leave the new name with an empty file.
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException as error:
        if part is not None:
            part.unlink(missing_ok=True)
        if isinstance(error, OSError | ValueError):
            raise unwritable(path, error) from None
        raise
    with contextlib.suppress(OSError):  # some file systems cannot; the file is in place all the same
        sync_directory(target.parent)


def sync_directory(path: Path) -> None:
    """Return when the names of the files in a directory are on the disk.

    Raises:
        OSError: the file system cannot do that.
    """
    if os.name != "posix":
        return  # Windows does not open directories
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Check that a file can be written, before a run depends on it.

    What exists already must be a regular file, and the name must leave room for that of the file beside it, from which
    it is renamed.

    Raises:
        RosterError: it cannot be written; the message says why.
    """
    target = Path(path)
    if target.is_dir():
        raise RosterError(f"{target} is a directory. Give the name of a file.")
    if target.exists() and not target.is_file():
        raise RosterError(f"{target} is not a regular file. Give another name.")
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=target.name, suffix=_PART):
            pass
    except (OSError, ValueError) as error:
        raise unwritable(target, error) from None


def remove(path: Path) -> None:
    """Remove a file if it exists.

    Raises:
        RosterError: it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise RosterError(f"{path} cannot be removed: {error.strerror or error}.") from None


def unwritable(path: Path, error: OSError | ValueError) -> RosterError:
    """Return the error for a file that cannot be written."""
    return RosterError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}.")
