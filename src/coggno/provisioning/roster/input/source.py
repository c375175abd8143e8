"""What a roster can be read from, and how its bytes are found."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

from coggno.provisioning.errors import RosterError
from coggno.provisioning.roster.input.content import Content, FileContent, Spool, unreadable

Source: TypeAlias = "str | os.PathLike[str] | IO[bytes] | IO[str] | Iterable[Mapping[str, Any]]"
"""What a roster is read from: a path, `"-"` for standard input, an open file, or rows from code."""

_CHUNK: Final = 1 << 18  # bytes or characters
_STDIN: Final = "standard input"


def content_of(source: Source) -> Content | None:
    """Return the bytes of a file, or `None` if the source is rows from code.

    Args:
        source: where the roster is.

    Raises:
        RosterError: it cannot be read.
    """
    if isinstance(source, str) and source == "-":
        return _spooled(_STDIN, sys.stdin.buffer.read)
    if isinstance(source, str | os.PathLike):
        return _path_content(Path(source))
    read = getattr(source, "read", None)
    if read is None:
        return None
    # The name of a temporary file, such as an upload, is None or a number.
    name = name if isinstance(name := getattr(source, "name", None), str) else "roster"
    # Its owner may close it, or read on in it, before the rows are needed again.
    return _spooled(name, read)


def _path_content(path: Path) -> Content:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise RosterError(f"{path} is a directory. Give the name of a file.")
        if stat.S_ISREG(mode):
            return FileContent(path)
        if stat.S_ISFIFO(mode):  # such as `<(command)` in a shell: it can be read once only
            with path.open("rb") as file:
                return _spooled(str(path), file.read)
    except OSError as error:
        raise unreadable(str(path), error) from None
    except ValueError as error:
        if isinstance(error, RosterError):
            raise
        raise unreadable(str(path), error) from None
    raise RosterError(f"{path} is a device or a socket. Give the name of a file.")


def _spooled(name: str, read: Callable[[int], Any]) -> Spool:
    spool = Spool(name)
    while chunk := _chunk(name, read):
        spool.was_text = isinstance(chunk, str)
        spool.write(chunk.encode("utf-8", "surrogatepass") if isinstance(chunk, str) else chunk)
    return spool


def _chunk(name: str, read: Callable[[int], Any]) -> bytes | str:
    try:
        chunk = read(_CHUNK)
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from None
    if not isinstance(chunk, bytes | str):
        kind = type(chunk).__name__
        raise RosterError(f"{name} cannot be read: read() returned {kind} instead of bytes or text.")
    return chunk
