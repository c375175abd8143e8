"""What goes to standard output and standard error: data, JSON Lines and messages, harmless to a terminal."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO, cast

# These join letters in names of several scripts; all other format characters only hide or reorder text.
_JOINERS: Final = "\u200c\u200d"
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class StdoutError(Exception):
    """Standard output cannot be written to.

    An exception apart from OSError: a connection or a certificate file raises OSError too, and must not be reported
    as a problem of standard output.

    Attributes:
        is_closed_pipe: whether the reader has closed the pipe, which is no problem, as with `| head -1`.
        reason: the operating system's message.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))
        self.is_closed_pipe = isinstance(error, BrokenPipeError)
        self.reason = error.strerror or str(error)


def clean(text: str) -> str:
    r"""Return `text` with everything that a terminal would act on made visible, e.g. ESC as `\x1b`."""
    if text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char in _JOINERS or unicodedata.category(char) not in _UNSAFE:
        return char
    return char.encode("unicode_escape").decode()


def write_message(message: str) -> None:
    """Write a message to standard error; its line breaks are kept, and a terminal breaks no words."""
    lines = message_lines(message)
    # A closed standard error is no reason to fail: the exit code still says how the command ended.
    try:
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


def message_lines(message: str) -> list[str]:
    """Return the lines of a message, harmless and broken between words, as standard error shows them."""
    width = _message_width() if is_terminal(sys.stderr) else None
    return [part for line in message.split("\n") for part in wrapped(clean(line), width)]


def _message_width() -> int:
    """Return the cells of a line on standard error, never less than 1."""
    # `shutil` asks the terminal of standard output, which may be a pipe while standard error is not.
    with contextlib.suppress(KeyError, ValueError):
        if (columns := int(os.environ["COLUMNS"])) > 0:
            return columns
    with contextlib.suppress(OSError, ValueError):
        # A terminal that nobody has given a size, as script, expect and some CI services make them, reports 0.
        if (columns := os.get_terminal_size(sys.stderr.fileno()).columns) > 0:
            return columns
    return shutil.get_terminal_size().columns


def write(text: str) -> None:
    """Write a line to standard output.

    Args:
        text: the line, already harmless to a terminal (see `clean`).

    Raises:
        StdoutError: it cannot be written.
    """
    try:
        sys.stdout.write(text + "\n")
    except OSError as error:
        raise StdoutError(error) from error


def write_json(data: Any) -> None:
    """Write one JSON value on one line of standard output; raises as `write` does."""
    # ASCII only: harmless in every terminal, and readable whatever encoding the stream has.
    write(json.dumps(data, ensure_ascii=True, default=str))


def flush() -> None:
    """Write out what standard output still buffers; raises as `write` does."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raise StdoutError(error) from error


def silence_stdout() -> None:
    """Discard what standard output still buffers, so that Python does not complain about it at exit."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except (OSError, ValueError):
        sys.stdout = io.StringIO()


def silence_closed_stderr() -> None:
    """Discard what standard error still buffers if nobody reads it: Python would end with the exit code 120 for it."""
    try:
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):  # an attribute is missing where there is no such stream at all
        with contextlib.suppress(OSError, ValueError, AttributeError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, sys.stderr.fileno())
            os.close(null)


def as_data(model: Any) -> Mapping[str, Any]:
    """Return a model as JSON data with the API's field names."""
    # Imported late: the converter takes a while to build, and `--help` does not need it.
    from coggno._protocol.converter import unstructure

    return cast("Mapping[str, Any]", unstructure(model))


def count(number: int, noun: str) -> str:
    """Return `1 user`, `2 users` and so on, for a noun whose plural ends with s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def count_rows(number: int) -> str:
    """Return `1 row`, `2 rows` and so on."""
    return count(number, "row")


def timestamp(seconds: float) -> str:
    """Return a time for programs, in UTC and ISO 8601.

    Args:
        seconds: since the epoch.
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person is at `stream`."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # the stream is closed
        return False


def terminal_width() -> int | None:
    """Return the cells of a line on standard output, or `None` if it is a file or a pipe, where lines have no end."""
    return shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None


def wrapped(line: str, width: int | None, indent: str | None = None) -> list[str]:
    """Return a line broken at spaces; what follows the first break is indented.

    Args:
        line: harmless to a terminal.
        width: cells; `None` to break nothing.
        indent: begins the second line and those after it; two spaces more than the first line if not given.
    """
    if width is None or len(line) <= width:
        return [line]
    if indent is None:
        indent = f"{line[: len(line) - len(line.lstrip())]}  "
    # A path that is longer than a line stays whole, so that it can be copied.
    return textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def accept_any_text() -> None:
    """Make standard output and standard error accept every character, and replace streams that are missing."""
    # A process started with `>&-` has no such stream at all; Python sets it to None.
    sys.stdin, sys.stdout, sys.stderr = (stream or io.StringIO() for stream in (sys.stdin, sys.stdout, sys.stderr))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name in Greek must not end a command on a terminal whose encoding is Latin-1.
            stream.reconfigure(errors="backslashreplace")
