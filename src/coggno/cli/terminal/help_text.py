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


def with_plain_arguments(command: Any) -> Any:
    """Name arguments in the help of a command, and of those below it, as other programs do: `GROUP`, `[NAME]`.

    Typer writes `{GROUP}` in the usage, and `GROUP <str>` in the list.

    Args:
        command: a command of typer, which is changed and returned.
    """
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            _name_plainly(parameter)
    for child in getattr(command, "commands", {}).values():
        with_plain_arguments(child)
    return command


def _name_plainly(argument: Any) -> None:
    name = str(argument.metavar or argument.name).strip("[]")
    shown = name if argument.required else f"[{name}]"
    described = argument.get_help_record

    def help_record(context: Any) -> tuple[str, str] | None:
        record = described(context)
        # `[required]` repeats what the usage says.
        return None if record is None else (shown, record[1].removesuffix("  [required]"))

    def usage_pieces(_: Any) -> list[str]:
        return [shown]

    argument.get_usage_pieces = usage_pieces
    argument.get_help_record = help_record


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
