"""Completion in the shell: typer writes to start-up files at once, so a person is asked before it may."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Final

from coggno.cli.exit_codes import CommandError
from coggno.cli.terminal import output
from coggno.cli.terminal.prompts import confirm

_OPTION: Final = "--install-completion"
# What typer changes for each shell.
_FILES: Final[Mapping[str, str]] = {
    "bash": "~/.bash_completions/coggno.sh, and a line in ~/.bashrc",
    "zsh": "~/.zfunc/_coggno, and lines in ~/.zshrc",
    "fish": "~/.config/fish/completions/coggno.fish",
}


def is_installation(arguments: Sequence[str]) -> bool:
    """Return whether a command line asks for completion to be installed."""
    return any(each == _OPTION or each.startswith(f"{_OPTION}=") for each in arguments)


def may_install() -> bool:
    """Ask whether the start-up files of the shell may be changed, and return the reply.

    Raises:
        CommandError: there is nobody to ask, or it is no shell that completion can be installed for.
    """
    shell = _shell()
    files = _FILES.get(shell or "")
    by_hand = "Print the script with coggno --show-completion, and add it to the start-up file of your shell."
    if files is None:
        # For PowerShell typer would allow all scripts of the machine to run, which nobody has asked for.
        raise CommandError(f"Completion cannot be installed for {shell or 'this shell'}. {by_hand}")
    if not output.is_terminal(sys.stdin):
        raise CommandError(f"Cannot ask whether to change {files}: standard input is not a terminal. {by_hand}")
    return confirm(f"Completion for {shell} writes {files}. Go on?", yes=False)


def _shell() -> str | None:
    # A dependency of typer's, which finds out what process has started this one.
    shellingham = import_module("shellingham")
    try:
        name: str = shellingham.detect_shell()[0]
    except shellingham.ShellDetectionFailure:
        return None
    return name
