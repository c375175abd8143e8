"""Questions to the person at the terminal: consent and passwords."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Generator
from contextlib import contextmanager

from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.terminal import output


def require_consent_possible(*, yes: bool) -> None:
    """Refuse early, before anything is sent, where nobody could answer.

    Raises:
        CommandError: not `yes`, and standard input is not a terminal.
    """
    if not yes and not output.is_terminal(sys.stdin):
        raise CommandError("this deletes, and nobody is there to ask: standard input is not a terminal. Use --yes")


def require_consent(question: str, *, yes: bool) -> None:
    """Ask a yes-or-no question, unless the answer was given with `--yes`.

    Raises:
        CommandError: the answer is not yes.
    """
    if yes:
        return
    sys.stderr.write(f"{output.clean(question)} [y/N] ")
    sys.stderr.flush()
    with _line_ended():
        answer = sys.stdin.readline()
    if answer.strip().casefold() not in {"y", "yes"}:
        raise CommandError("nothing was deleted", ExitCode.FAILED)


def password(*, from_stdin: bool) -> str:
    """Return a password: the first line of standard input, or what a person types twice, unseen.

    Raises:
        CommandError: nobody could be asked, or the two differ, or it is too short or too long.
    """
    if from_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
    elif output.is_terminal(sys.stdin):
        given = _typed_twice()
    else:
        raise CommandError("no password: standard input is no terminal, so nobody can be asked. Use --password-stdin")
    return _checked(given)


def _typed_twice() -> str:
    with _line_ended():
        first = _checked(getpass.getpass("Password (6 to 40 characters): ", stream=sys.stderr))
        second = getpass.getpass("Once more: ", stream=sys.stderr)
    if first != second:
        raise CommandError("the two passwords differ")
    return first


def _checked(given: str) -> str:
    if not 6 <= len(given) <= 40:
        raise CommandError("the password must have 6 to 40 characters")
    return given


@contextmanager
def _line_ended() -> Generator[None]:
    """After Ctrl-C or Ctrl-D the next message begins on a line of its own."""
    try:
        yield
    except (KeyboardInterrupt, EOFError):
        sys.stderr.write("\n")
        raise KeyboardInterrupt from None
