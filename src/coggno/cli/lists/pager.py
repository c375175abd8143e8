"""The pager: shows what does not fit on the screen of a person, one page at a time."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import IO, TextIO, cast

from coggno.cli.terminal import output


class PagedStdout(io.TextIOBase):
    """Keeps lines until they fill the screen; then they, and all that follow, go to the pager.

    Args:
        screen: the terminal.
        command: the pager with its arguments.
        lines: of the screen.
    """

    def __init__(self, screen: TextIO, command: list[str], lines: int) -> None:
        self._screen = screen
        self._command = command
        self._lines = lines
        self._kept: list[str] = []
        self._pager: subprocess.Popen[str] | None = None

    def isatty(self) -> bool:
        """Return whether a person is reading: always, or there would be no pager."""
        return True

    def write(self, text: str) -> int:
        """Keep the text, or pass it on to the pager."""
        if self._pager is None:
            self._kept.append(text)
            # Folded lines are written one by one, so that a line of text is a line of the screen.
            if sum(part.count("\n") for part in self._kept) >= self._lines - 1:
                self._start()
            return len(text)
        return self._input(self._pager).write(text)

    def flush(self) -> None:
        """Show what the pager has received so far."""
        if self._pager is not None:
            self._input(self._pager).flush()

    def finish(self) -> None:
        """Write what was short enough to be kept to the screen, or wait until the person has left the pager."""
        if self._pager is None:
            self._screen.write("".join(self._kept))
            self._kept.clear()
            return
        # A person may leave the pager before the list ends.
        with contextlib.suppress(BrokenPipeError):
            self._input(self._pager).close()
        _wait(self._pager)

    def _start(self) -> None:
        try:
            self._pager = subprocess.Popen(  # noqa: S603 - the command is the person's own setting
                self._command,
                stdin=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="backslashreplace",
                # As git sets it: end at once if the text fits, pass colors through, leave the text on the screen.
                env={"LESS": "FRX", **os.environ},
            )
        except OSError:
            # A pager that cannot be started is no reason to show nothing: the terminal scrolls.
            self._lines = sys.maxsize
            return
        self._input(self._pager).write("".join(self._kept))
        self._kept.clear()

    @staticmethod
    def _input(pager: subprocess.Popen[str]) -> IO[str]:
        return cast("IO[str]", pager.stdin)


@contextmanager
def paged(*, is_allowed: bool) -> Generator[None]:
    """Show standard output in a pager while the context lasts, if a person watches it and it is long.

    Args:
        is_allowed: whether there may be a pager at all.
    """
    command = pager_command() if is_allowed and _is_watched() else None
    if command is None:
        yield
        return
    screen = sys.stdout
    pages = PagedStdout(screen, command, shutil.get_terminal_size().lines)
    sys.stdout = cast("TextIO", pages)
    try:
        yield
    except output.StdoutError as error:
        # `q` in the pager: the person has seen enough, and that is no failure.
        if not error.is_closed_pipe:
            raise
    finally:
        sys.stdout = screen
        pages.finish()


def pager_command() -> list[str] | None:
    """Return the pager: of COGGNO_PAGER or PAGER, else `less` if it is installed; `None` if there is to be none."""
    named = next((os.environ[name] for name in ("COGGNO_PAGER", "PAGER") if name in os.environ), "less")
    try:
        words = shlex.split(named)
    except ValueError:
        return None
    # An empty variable, or `cat`, switches pagers off, as with git.
    if not words or words == ["cat"] or shutil.which(words[0]) is None:
        return None
    return words


def _is_watched() -> bool:
    # A pager reads keys from the terminal: with a pipe as standard input there may be nobody to press one.
    return output.is_terminal(sys.stdout) and output.is_terminal(sys.stdin)


def _wait(pager: subprocess.Popen[str]) -> None:
    # Ctrl-C is a key of the pager's now: ending here would leave it with a terminal that the shell uses as well.
    if threading.current_thread() is not threading.main_thread():
        pager.wait()
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pager.wait()
    finally:
        signal.signal(signal.SIGINT, before)
