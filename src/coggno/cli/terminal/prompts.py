"""Questions to the person at the terminal: confirmations and passwords."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from coggno.cli.exit_codes import CommandError
from coggno.cli.terminal import output

_TRIES: Final = 3  # as with sudo: whoever has not succeeded by then does something else wrong


def require_confirmation_possible(*, yes: bool) -> None:
    """Reject a deletion that nobody could confirm; called before anything is sent.

    Args:
        yes: whether `--yes` was given.

    Raises:
        CommandError: it was not, and standard input is not a terminal.
    """
    if not yes and not output.is_terminal(sys.stdin):
        raise CommandError("Cannot ask for confirmation: standard input is not a terminal. Add --yes to delete.")


def confirm(question: str, *, yes: bool) -> bool:
    """Ask a yes-or-no question and return whether to go on; only `y` and `yes` do. A no is reported as such.

    Args:
        question: such as `Delete the group Hall (id 3)?`; its line breaks are kept.
        yes: whether `--yes` was given; then nothing is asked.
    """
    if yes:
        return True
    # Standard error, so that the question is seen even if standard output is a file.
    sys.stderr.write("\n".join(output.message_lines(f"{question} [y/N]")) + " ")
    sys.stderr.flush()
    with newline_when_interrupted():
        reply = sys.stdin.readline()
    if not reply.endswith("\n"):
        sys.stderr.write("\n")  # Ctrl-D leaves the cursor behind the question
    is_yes = reply.strip().casefold() in {"y", "yes"}
    if not is_yes:
        output.write_message("Nothing was changed.")
    return is_yes


def read_password(*, from_stdin: bool) -> str:
    """Return a password: the first line of standard input, or what a person types twice.

    A person is asked again after a mistake.

    Args:
        from_stdin: whether `--password-stdin` was given.

    Raises:
        CommandError: there is nobody to ask, the length is not allowed, or a person has made too many mistakes.
    """
    if from_stdin:
        # Only the end of the line is removed: a password may begin or end with a space.
        return _checked(sys.stdin.readline().rstrip("\r\n"))
    if not output.is_terminal(sys.stdin):
        message = "Cannot ask for a password: standard input is not a terminal. Use --password-stdin to pipe it in."
        raise CommandError(message)
    return _type_twice()


def _type_twice() -> str:
    for _ in range(_TRIES):
        with newline_when_interrupted():
            # Checked before it is typed again, which would be for nothing.
            first = getpass.getpass(f"Password ({_lengths()} characters): ", stream=sys.stderr)
            problem = _length_problem(first)
            if problem is None and getpass.getpass("Repeat the password: ", stream=sys.stderr) != first:
                problem = "The two passwords differ."
        if problem is None:
            return first
        output.write_message(problem)
    raise CommandError(f"No valid password was typed {_TRIES} times. Nothing was created.")


def _checked(password: str) -> str:
    problem = _length_problem(password)
    if problem is not None:
        raise CommandError(f"{problem} Nothing was created.")
    return password


def _length_problem(password: str) -> str | None:
    shortest, longest = _limits()
    if shortest <= len(password) <= longest:
        return None
    return f"The password must have {_lengths()} characters, not {len(password)}."


def _lengths() -> str:
    shortest, longest = _limits()
    return f"{shortest} to {longest}"


def _limits() -> tuple[int, int]:
    # Imported late: the help of the command must not wait for provisioning.
    from coggno.provisioning.roster.checks.validation import LONGEST_PASSWORD, SHORTEST_PASSWORD

    return SHORTEST_PASSWORD, LONGEST_PASSWORD


@contextmanager
def newline_when_interrupted() -> Generator[None]:
    """Start a new line after Ctrl-C or Ctrl-D, which leave the cursor behind the question."""
    try:
        yield
    except (KeyboardInterrupt, EOFError):
        sys.stderr.write("\n")
        raise KeyboardInterrupt from None
