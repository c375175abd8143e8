"""The directives `commands` and `exit-codes`: the command line's reference, generated from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from coggno.cli import exit_codes
from coggno.cli.app import command as all_commands

_NAMES = re.compile(r"(?<![\w`-])(--[a-z][\w-]*|COGGNO_\w+)")


class Commands(SphinxDirective):
    """A section for every command: usage, description, arguments and options."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        root = all_commands()
        text = "\n".join(
            _command(root, root.make_context("coggno", [], resilient_parsing=True))
        )
        return self.parse_text_to_nodes(text, allow_section_headings=True)


class ExitCodes(SphinxDirective):
    """The table of exit codes, from `coggno.cli.exit_codes`."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        rows = [
            f"| {code.value} | {meaning} |"
            for code, meaning in exit_codes.MEANINGS.items()
        ]
        return self.parse_text_to_nodes(
            "\n".join(["| code | when |", "|---|---|", *rows])
        )


def _command(command: Any, context: Any, depth: int = 0) -> Iterator[str]:
    # The groups of commands stand beside `coggno` in the contents, and their commands below them.
    yield f"{'##' if depth < 2 else '###'} {context.command_path}"
    yield ""
    yield from _description(command)
    yield from (
        "```text",
        " ".join([context.command_path, *command.collect_usage_pieces(context)]),
        "```",
        "",
    )
    children = [
        (name, command.get_command(context, name))
        for name in _child_names(command, context)
    ]
    yield from _table(
        "command", [(name, child.get_short_help_str(200)) for name, child in children]
    )
    yield from _table(
        "argument or option", [*_parameters(command, context, is_root=depth == 0)]
    )
    yield from _epilog(command)
    for name, child in children:
        yield from _command(
            child, child.context_class(child, parent=context, info_name=name), depth + 1
        )


def _child_names(command: Any, context: Any) -> list[str]:
    return command.list_commands(context) if hasattr(command, "list_commands") else []


def _description(command: Any) -> Iterator[str]:
    for paragraph in (command.help or "").split("\n\n"):
        # click's mark for a paragraph whose lines stay as they are
        head, mark, block = paragraph.replace("\b", "\\b").partition("\\b\n")
        yield from (
            ("```text", block, "```") if mark and not head else (_escape(paragraph),)
        )
        yield ""


def _parameters(
    command: Any, context: Any, *, is_root: bool
) -> Iterator[tuple[str, str]]:
    for parameter in command.get_params(context):
        # every command has --help, which is listed once
        if parameter.name == "help" and not is_root:
            continue
        # an argument without a help text has no record
        name, meaning = parameter.get_help_record(context) or (
            parameter.human_readable_name,
            "",
        )
        yield name, meaning


def _table(title: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    if not rows:
        return
    yield f"| {title} | meaning |"
    yield "|---|---|"
    for name, meaning in rows:
        yield f"| {_code(name)} | {_escape(meaning)} |"
    yield ""


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
