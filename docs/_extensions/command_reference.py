"""The directives `commands` and `exit-codes`: the command line's reference, generated from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from typer.main import get_command

from coggno.cli import exit_codes
from coggno.cli.app import app as commands

_NAMES = re.compile(r"(?<![\w`-])(--[a-z][\w-]*|COGGNO_\w+)")


class Commands(SphinxDirective):
    """A section for every command: usage, description, arguments and options."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        root = get_command(commands)
        text = "\n".join(
            _command(root, root.make_context("coggno", [], resilient_parsing=True))
        )
        return self.parse_text_to_nodes(text, allow_section_headings=True)


class ExitCodes(SphinxDirective):
    """The table of exit codes, from the docstring of `coggno.cli.exit_codes`."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        lines = (exit_codes.__doc__ or "").splitlines()
        return self.parse_text_to_nodes(
            "\n".join(line for line in lines if line.startswith("|"))
        )


def _command(command: Any, context: Any) -> Iterator[str]:
    yield f"## {context.command_path}"
    yield ""
    yield from _description(command)
    yield "```text"
    yield " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield "```"
    yield ""
    yield from _parameters(command, context)
    yield from _epilog(command)
    for name in (
        command.list_commands(context) if hasattr(command, "list_commands") else ()
    ):
        child = command.get_command(context, name)
        yield from _command(
            child, child.context_class(child, parent=context, info_name=name)
        )


def _description(command: Any) -> Iterator[str]:
    for paragraph in (command.help or "").split("\n\n"):
        # click's mark for a paragraph whose lines stay as they are
        head, mark, block = paragraph.replace("\b", "\\b").partition("\\b\n")
        yield from (
            ("```text", block, "```") if mark and not head else (_escape(paragraph),)
        )
        yield ""


def _parameters(command: Any, context: Any) -> Iterator[str]:
    records = [
        record
        for each in command.get_params(context)
        if (record := _record(each, context))
    ]
    if not records:
        return
    yield "| argument or option | meaning |"
    yield "|---|---|"
    for name, meaning in records:
        yield f"| {_code(name)} | {_escape(meaning)} |"
    yield ""


def _record(parameter: Any, context: Any) -> tuple[str, str] | None:
    record = parameter.get_help_record(context)
    # an argument without a help text has no record
    return record if record is None or record[1] else (record[0], "")


def _epilog(command: Any) -> Iterator[str]:
    if not command.epilog:
        return
    yield "```text"
    yield from command.epilog.replace("\b", "").strip().splitlines()
    yield "```"
    yield ""


def _code(text: str) -> str:
    return f"`{text.strip()}`".replace("|", "\\|")


def _escape(text: str) -> str:
    """Return text of a help page as Markdown, with options and variables as code."""
    text = _NAMES.sub(r"`\1`", text)
    return (
        text.replace("|", "\\|")
        .replace("[", "\\[")
        .replace("<", "&lt;")
        .replace("*", "\\*")
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("commands", Commands)
    app.add_directive("exit-codes", ExitCodes)
    return {"parallel_read_safe": True}
