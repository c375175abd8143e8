"""Help pages: as narrow as the terminal, and a table of exit codes."""

from __future__ import annotations

import shutil
from typing import Any, Final

from typer.core import TyperCommand

from coggno.cli.exit_codes import MEANINGS

_NARROWEST: Final = 30  # cells; below this an option and its text no longer stand side by side
_ENOUGH: Final = 52  # cells; from here on typer's own width fits the terminal


def help_width() -> int | None:
    """Return the cells of a line of help; `None` for typer's own choice, which is 50 to 78."""
    columns = shutil.get_terminal_size().columns
    # Lines of 50 would be broken by a narrower terminal in the middle of words.
    return None if columns >= _ENOUGH else max(columns - 2, _NARROWEST)


def write_exit_codes(formatter: Any) -> None:
    """Write the exit codes as a table, which any width of a terminal can show."""
    # Not in the docstring: its paragraphs are filled, and a block kept as it is does not fit a narrow terminal.
    with formatter.section("Exit codes"):
        formatter.write_dl([(str(code.value), meaning.replace("`", "")) for code, meaning in MEANINGS.items()])


class HelpWithExitCodes(TyperCommand):
    """A command whose help explains the exit codes."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the exit codes, then the examples."""
        write_exit_codes(formatter)
        super().format_epilog(ctx, formatter)
