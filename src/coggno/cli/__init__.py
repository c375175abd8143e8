"""The command line. It needs the extra `cli`; this module does without it, so that it can report that."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from coggno.cli.exit_codes import ExitCode

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code, see `coggno.cli.exit_codes`.

    Args:
        argv: the arguments after the program's name; those of the process if not given.
    """
    try:
        from coggno.cli.app import run

        # Inside as well: commands import rich when they print a table.
        return run(argv)
    except ModuleNotFoundError as error:
        # Anything else that is missing is a defect, which a traceback explains best.
        if (error.name or "").partition(".")[0] not in {"typer", "rich", "platformdirs"}:
            raise
        sys.stderr.write("Error: The command line needs the extra 'cli'. Install it with: pip install 'coggno[cli]'\n")
        return ExitCode.INVALID
