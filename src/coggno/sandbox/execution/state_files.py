"""What a sandbox offers for keeping its state: loading, saving, and saving by itself while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from coggno.sandbox.state import AccountState, LoginFolding

from .executor import Executor
from .state_file import read_state_file, write_state_file

_INTERVAL: Final = 1.0
"""Seconds between two checks for changes: a run of writes becomes one write of the file."""


class StateFiles:
    """Methods of a sandbox that keep its state in a file.

    Args:
        executor: the way to the state.
        fold_logins: which logins are the same.
    """

    def __init__(self, executor: Executor, fold_logins: LoginFolding) -> None:
        self._executor = executor
        self._fold_logins: LoginFolding = fold_logins

    def load_state(self, path: str | PathLike[str]) -> None:
        """Replace everything in the sandbox by the state in a file.

        Late commits that are still to come are dropped. API keys and faults are no part of the state.

        Raises:
            StateFileError: the file is damaged, or is no state of a sandbox.
            OSError: it cannot be read.
        """
        self._executor.replace(read_state_file(Path(path), self._fold_logins))

    def save_state(self, path: str | PathLike[str]) -> None:
        """Write the state into a file: JSON with one record on a line, without passwords and API keys.

        Raises:
            OSError: it cannot be written; a file that was there before is left as it was.
        """
        # Copied first, since requests go on: the records themselves never change.
        write_state_file(Path(path), self._executor.peek(AccountState.copy))

    @property
    def changes(self) -> int:
        """How often the state was changed so far, by requests and by seeds."""
        return self._executor.changes


class StateSaver:
    """Saves a sandbox's state in a thread whenever it has changed, and once more at the end of a `with` block.

    Args:
        sandbox: what is saved.
        path: the file.
        on_error: called with the error when the file cannot be written; the next change tries again.
    """

    def __init__(
        self, sandbox: StateFiles, path: str | PathLike[str], *, on_error: Callable[[OSError], object] = lambda _: None
    ) -> None:
        self._sandbox = sandbox
        self._path = path
        self._on_error = on_error
        self._saved = -1
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="coggno-sandbox-state", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Save now, and go on in a thread.

        Raises:
            OSError: the file cannot be written.
        """
        self._save()
        self._thread.start()

    def stop(self) -> None:
        """End, after saving what has changed since.

        Raises:
            OSError: the file cannot be written.
        """
        self._ended.set()
        self._thread.join()
        self._save()

    def _run(self) -> None:
        while not self._ended.wait(_INTERVAL):
            try:
                self._save()
            except OSError as error:
                self._on_error(error)

    def _save(self) -> None:
        # Read before the state: a change in between is saved now, and noticed once more.
        changes = self._sandbox.changes
        if changes != self._saved:
            self._sandbox.save_state(self._path)
            self._saved = changes
