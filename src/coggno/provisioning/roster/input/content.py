"""The bytes of a roster, which are read several times: those of a file, or a private copy."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import threading
import weakref
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, cast

from attrs import define

from coggno.provisioning.errors import RosterError

_IN_MEMORY: Final = 1 << 20  # bytes of a copy that are kept in memory; what is longer goes into a temporary file
_BUFFER: Final = 1 << 16  # bytes


class Content(Protocol):
    """Bytes that can be read several times, and are the same each time."""

    @property
    def name(self) -> str:
        """Where they came from."""
        ...

    @property
    def was_text(self) -> bool:
        """Whether the source was text, so that the bytes are UTF-8 of our own."""
        ...

    def reading(self) -> AbstractContextManager[BinaryIO]:
        """Return a context in which they can be read, from the first on.

        Raises:
            RosterError: they cannot be read, or have changed.
        """
        ...

    def digest(self) -> bytes:
        """Return their SHA-256 digest."""
        ...


@define
class FileContent:
    """A regular file. It is not copied, so that it must stay as it is while it is used.

    Attributes:
        path: of the file.
        was_text: never.
    """

    path: Path
    was_text: bool = False
    _stamp: tuple[int, int] | None = None
    _digest: bytes | None = None

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    @contextmanager
    def reading(self) -> Generator[BinaryIO]:
        """Open the file, and see before and after that it has not changed since it was read first.

        Raises:
            RosterError: it cannot be read, or has changed.
        """
        try:
            with self.path.open("rb", buffering=_BUFFER) as file:
                self._check(file)
                yield file
                self._check(file)
        except (OSError, ValueError) as error:
            if isinstance(error, RosterError | UnicodeError):
                raise
            raise unreadable(self.name, error) from None

    def digest(self) -> bytes:
        """Return the digest of the file, computed once.

        Raises:
            RosterError: it cannot be read, or has changed.
        """
        if self._digest is None:
            with self.reading() as file:
                digest = _sha256(file)
            self._digest = digest
        return self._digest

    def _check(self, file: BinaryIO) -> None:
        found = os.fstat(file.fileno())
        stamp = (found.st_size, found.st_mtime_ns)
        if self._stamp is None or stamp == self._stamp or self._is_same(file):
            self._stamp = stamp
            return
        message = f"{self.name} was changed after it was checked. Read it again, so that its rows are checked again."
        raise RosterError(message)

    def _is_same(self, file: BinaryIO) -> bool:
        """Return whether a file with another time has the same content, as after `touch` or a copy."""
        position = file.tell()
        file.seek(0)
        digest = _sha256(file)
        file.seek(position)
        return digest == self._digest


class Spool:
    """A private copy of bytes that can be read once only.

    It is in memory while it is short. A longer one is a temporary file that no other user can open, and that is gone
    when this process ends, however it ends.

    Args:
        name: where the bytes came from.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.was_text = False
        self.size = 0
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - lives as long as this object
        # Several readers share one position in the file.
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            RosterError: there is no space for them.
        """
        try:
            self._file.write(data)
        except OSError as error:
            reason = error.strerror or error
            message = f"The temporary copy of {self.name} in {tempfile.gettempdir()} cannot be written: {reason}."
            raise RosterError(f"{message} Free some space, or name another folder with the variable TMPDIR.") from None
        self.size += len(data)

    def read_at(self, position: int, size: int) -> bytes:
        """Return up to `size` bytes from `position` on."""
        with self._lock:
            self._file.seek(position)
            return self._file.read(max(min(size, self.size - position), 0))

    @contextmanager
    def reading(self) -> Generator[BinaryIO]:
        """Return a reader of its own."""
        with io.BufferedReader(_SpoolReader(self), _BUFFER) as reader:
            yield cast("BinaryIO", reader)

    def digest(self) -> bytes:
        """Return the digest of the bytes."""
        with self.reading() as file:
            return _sha256(file)


class _SpoolReader(io.RawIOBase):
    def __init__(self, spool: Spool) -> None:
        super().__init__()
        self._spool = spool
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._spool.size}[whence]
        self._position = max(start + offset, 0)
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        data = self._spool.read_at(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def unreadable(name: str, error: OSError | ValueError) -> RosterError:
    """Return the error for a file that cannot be read."""
    return RosterError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.")


def _sha256(file: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    while chunk := file.read(_BUFFER):
        digest.update(chunk)
    return digest.digest()
