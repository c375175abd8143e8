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
        """Open the file; while it is read, it is compared with how it was when it was read first.

        Raises:
            RosterError: it cannot be read, or has changed.
        """
        try:
            with self.path.open("rb", buffering=0) as raw:
                self.check(raw)
                with io.BufferedReader(_WatchedReader(self, raw), _BUFFER) as file:
                    yield cast("BinaryIO", file)
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

    def check(self, file: io.FileIO) -> None:
        """Compare an open file with how it was when it was read first.

        Raises:
            RosterError: it has changed.
        """
        found = os.fstat(file.fileno())
        stamp = (found.st_size, found.st_mtime_ns)
        if self._stamp is None or stamp == self._stamp or self._is_same(file):
            self._stamp = stamp
            return
        message = f"{self.name} was changed after it was checked."
        raise RosterError(f"{message} Start again with the file as it is now, so that all its rows are checked.")

    def _is_same(self, file: io.FileIO) -> bool:
        """Return whether a file with another time has the same content, as after `touch` or a copy."""
        position = file.tell()
        file.seek(0)
        digest = _sha256(file)
        file.seek(position)
        return digest == self._digest


class _WatchedReader(io.RawIOBase):
    """Reads a file, and notices after each piece whether it is still the same: a run may take hours."""

    def __init__(self, content: FileContent, raw: io.FileIO) -> None:
        super().__init__()
        self._content = content
        self._raw = raw

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._raw.seek(offset, whence)

    def readinto(self, buffer: Any, /) -> int:
        size = self._raw.readinto(buffer)
        # After the piece was read: a change that comes later cannot be in it.
        self._content.check(self._raw)
        return size


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


def _sha256(file: BinaryIO | io.FileIO) -> bytes:
    digest = hashlib.sha256()
    while chunk := file.read(_BUFFER):
        digest.update(chunk)
    return digest.digest()
