"""What goes to standard output and standard error: text made harmless, messages, JSON Lines."""

from __future__ import annotations

import io
import json
import os
import sys
import unicodedata
from collections.abc import Mapping
from typing import Any, Final, TextIO, cast

# In names of people these join letters; all other format characters only hide or reorder text.
_JOINERS: Final = "\u200c\u200d"
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def clean(text: str) -> str:
    r"""Return `text` with everything that a terminal would act on made visible, e.g. ESC as `\x1b`."""
    if text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char in _JOINERS or unicodedata.category(char) not in _UNSAFE:
        return char
    return char.encode("unicode_escape").decode()


def say(message: str) -> None:
    """Write a message for a person to standard error; lines of it stay lines. A closed stream is no error."""
    try:
        sys.stderr.write("".join(f"{clean(line)}\n" for line in message.split("\n")))
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


def count_rows(count: int) -> str:
    """Return `count` with its noun."""
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def write(text: str) -> None:
    """Write a line of data, which must be clean, to standard output."""
    sys.stdout.write(text + "\n")


def write_json(data: Any) -> None:
    """Write one JSON value on one line, in ASCII: harmless in every terminal, readable in every encoding."""
    write(json.dumps(data, ensure_ascii=True, default=str))


def as_data(thing: Any) -> Mapping[str, Any]:
    """Return a model as JSON data under its names on the wire."""
    from coggno._protocol.converter import unstructure

    return cast("Mapping[str, Any]", unstructure(thing))


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person is at `stream`; a stream that is closed or was never open has nobody."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def tolerate_any_text() -> None:
    """Let no character end a command: what an encoding lacks is written as an escape.

    A stream that the process was started without (`>&-`) becomes one that leads nowhere.
    """
    sys.stdin, sys.stdout, sys.stderr = (stream or io.StringIO() for stream in (sys.stdin, sys.stdout, sys.stderr))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def silence_stdout() -> None:
    """Send what is still to be written nowhere, so that nothing complains when the process ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        sys.stdout = io.StringIO()
