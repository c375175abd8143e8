"""The text of a roster: from a path, standard input or an open file, decoded."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

from coggno.provisioning.errors import RosterError

Source: TypeAlias = "str | os.PathLike[str] | IO[bytes] | IO[str] | Iterable[Mapping[str, Any]]"
"""What a roster is read from: a path, `"-"` for standard input, an open file, or rows from code."""

_BOM: Final = "\ufeff"
_ZIP: Final = b"PK\x03\x04"
_SAVE_AS_CSV: Final = "Save it as CSV in UTF-8"


def read_text(source: Source, encoding: str | None) -> tuple[str, str] | None:
    """Return name and text of a file, or `None` if the source is rows from code.

    Args:
        source: where the roster is.
        encoding: of the file; UTF-8 if not given.

    Raises:
        RosterError: the file cannot be read or decoded.
    """
    if isinstance(source, str) and source == "-":
        return "standard input", _clean("standard input", sys.stdin.buffer.read(), encoding)
    if isinstance(source, str | os.PathLike):
        return str(source), _clean(str(source), _read_path(Path(source)), encoding)
    read = getattr(source, "read", None)
    if read is None:
        return None
    # The name of a temporary file, such as an upload, is None or a number.
    name = name if isinstance(name := getattr(source, "name", None), str) else "roster"
    try:
        content = read()
    except (OSError, ValueError) as error:
        raise RosterError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    return name, _clean(name, content, encoding)


def _read_path(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except IsADirectoryError:
        raise RosterError(f"{path} is a directory. Give the name of a file.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RosterError(f"{path} cannot be read: {reason}.") from None


def _clean(name: str, content: bytes | str, encoding: str | None) -> str:
    text = content if isinstance(content, str) else _decode(name, content, encoding)
    # No CSV or JSON holds NUL; UTF-16 that was read as another encoding is full of it.
    if "\0" in text:
        raise RosterError(f"{name} contains NUL characters, so its encoding is another one. Try --encoding utf-16.")
    return text.removeprefix(_BOM)


def _decode(name: str, content: bytes, encoding: str | None) -> str:
    if content.startswith(_ZIP):
        raise RosterError(f"{name} is an Excel workbook or another zip archive. {_SAVE_AS_CSV}.")
    if encoding is None and b"\0" in content:
        is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        hint = ", or add --encoding utf-16" if is_wide else ""
        raise RosterError(f"{name} is not UTF-8 text: it contains NUL bytes. {_SAVE_AS_CSV}{hint}.")
    try:
        return content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        raise _undecodable(name, content, error.start, encoding or "UTF-8") from None
    except (LookupError, ValueError):
        # ValueError: codecs that are no text encodings, such as base64, and names with NUL.
        raise RosterError(f"There is no encoding {encoding!r}. Give one such as utf-8, utf-16 or cp1252.") from None


def _undecodable(name: str, content: bytes, at: int, encoding: str) -> RosterError:
    line = content.count(b"\n", 0, at) + 1
    column = at - content.rfind(b"\n", 0, at)
    message = (
        f"{name}, line {line}, byte {column}: not valid {encoding}. "
        "Save the file in UTF-8, or name its encoding, such as --encoding cp1252."
    )
    return RosterError(message, line=line, column=column)
