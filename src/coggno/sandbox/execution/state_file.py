"""The state in a file: read when a sandbox starts, written whole or not at all while it runs."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from coggno.sandbox.state import AccountState, LoginFolding, SnapshotError, restore_snapshot, take_snapshot


class StateFileError(ValueError):
    """A file that holds no state of a sandbox; the message names the problem and its location."""


def read_state_file(path: Path, fold_logins: LoginFolding = False) -> AccountState:  # noqa: FBT002 - one of four values
    """Return the state in a file.

    Raises:
        StateFileError: the file is damaged.
        OSError: it cannot be read.
    """
    content = path.read_bytes()
    try:
        return restore_snapshot(_parsed(content), fold_logins)
    except SnapshotError as error:
        raise StateFileError(str(error)) from None


def write_state_file(path: Path, state: AccountState) -> None:
    """Write a state into a file that only its owner can read.

    It is written beside `path` and renamed, so that a crash leaves the old file or the new one, never a part.

    Raises:
        OSError: it cannot be written.
    """
    # A link stays a link: what it points to is replaced.
    target = path.resolve()
    # dir: renaming works within one file system only.
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(_text(take_snapshot(state)))
            # Before the rename: else a power cut could leave the new name with an empty file.
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _text(snapshot: dict[str, int | list[Any]]) -> str:
    """Return JSON with one record on a line: people compare two versions, and edit one."""
    parts = [f"{json.dumps(name)}: {_value(value)}" for name, value in snapshot.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _value(value: int | list[Any]) -> str:
    if isinstance(value, list) and value:
        return "[\n " + ",\n ".join(map(json.dumps, value)) + "\n]"
    return json.dumps(value)


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except RecursionError:
        raise SnapshotError("there is no state of a sandbox in it") from None
    except json.JSONDecodeError as error:
        raise SnapshotError(f"it is not JSON, or not all of it (line {error.lineno}, column {error.colno})") from None
    except ValueError:
        # Bytes that are not UTF-8, or a number of more digits than Python converts.
        raise SnapshotError("it is not JSON") from None
