"""Mistakes in a command line, in one sentence and with the command that helps."""

from __future__ import annotations

import re
from typing import Any, Final, cast

import typer

from coggno.cli.error_messages import report_error
from coggno.cli.exit_codes import ExitCode
from coggno.cli.terminal import output

# Newer versions of typer carry their own click and export BadParameter only; its base is the error of every mistake.
UsageError: Final = cast("type[Exception]", typer.BadParameter.__base__)
_NO_COMMAND: Final = re.compile(r"No such command '([^']*)'")
# What other programs call a command, where this one has it under another name.
_SYNONYMS: Final = {
    "show": "get",
    "view": "get",
    "ls": "list",
    "new": "create",
    "add": "create",
    "rm": "delete",
    "remove": "delete",
}
_EXTRA_ARGUMENTS: Final = re.compile(r"unexpected extra arguments?(?:\(s\))? \((.*)\)")


def report(error: Any) -> ExitCode:
    """Write what is wrong to standard error, and return the exit code.

    Args:
        error: a `UsageError`.
    """
    if type(error).__name__ == "NoArgsIsHelpError":
        # Not a mistake but a first look at the program: its message is the help text.
        output.write_message(error.format_message())
        return ExitCode.INVALID
    message = _message(error)
    context = getattr(error, "ctx", None)
    # A message that names a command already, such as `coggno groups list`, leads further than the help.
    if context is not None and "See:" not in message:
        message += f"\nSee: {context.command_path} --help"
    report_error(message)
    return ExitCode.INVALID


def _message(error: Any) -> str:
    # By name, because the classes live in click or in typer, depending on the version of typer.
    kind = type(error).__name__
    if kind == "MissingParameter":
        return f"{_parameter(error)} is missing."
    if kind == "BadParameter":
        return f"{_parameter(error)} {error.message}"
    if kind == "NoSuchOption":
        near = " or ".join(sorted(error.possibilities or ()))
        return f"There is no option {error.option_name}." + (f" Did you mean {near}?" if near else "")
    unknown = _NO_COMMAND.match(error.message)
    if unknown is not None and (meant := _meant(unknown[1], error)) is not None:
        return f"{unknown[0]}. Did you mean '{meant}'?"
    extra = _EXTRA_ARGUMENTS.search(error.message)
    if extra is not None:
        return f"There are too many arguments: {extra[1]}."
    return cast("str", error.message)


def _meant(command: str, error: Any) -> str | None:
    """Return what a command of another program is called here; `None` if that is not known."""
    context = getattr(error, "ctx", None)
    if context is None:
        return None
    # Words such as `version` and `help` are nothing but options.
    option = f"--{command}"
    if any(option in parameter.opts for parameter in context.command.get_params(context)):
        return option
    meant = _SYNONYMS.get(command)
    return meant if meant in getattr(context.command, "commands", ()) else None


def _parameter(error: Any) -> str:
    parameter = error.param
    if parameter is None:
        return "A value"
    if parameter.param_type_name == "argument":
        return cast("str", parameter.metavar or parameter.name)
    return cast("str", parameter.opts[0])
