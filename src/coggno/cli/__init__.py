"""The command line. Needs the extra `cli`; this module itself needs nothing, so that it can say so."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        argv: the arguments after the program's name; those of the process if not given.
    """
    try:
        from coggno.cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"typer", "rich"}:
            raise
        sys.stderr.write("Error: the command line is an extra. Install it with: pip install 'coggno[cli]'\n")
        return 2
    return run(argv)
