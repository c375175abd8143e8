"""Options that are defined once and expanded into every command."""

from __future__ import annotations

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from coggno.cli.option_groups import expanded, option_group

Name = Annotated[str, typer.Option("--name", help="Required.")]
First = Annotated[int, typer.Option("--first")]
Size = Annotated[int, typer.Option("--size", help="Optional.")]


@option_group
class BaseGroup:
    name: Name


@option_group
class DerivedGroup(BaseGroup):
    size: Size = 3


def run(*arguments: str):
    app = typer.Typer()

    @app.command()
    @expanded
    def command(
        *, first: First = 1, group: DerivedGroup, last: Annotated[bool, typer.Option("--last")] = False
    ) -> None:
        """Do something."""
        typer.echo(f"{first} {group} {last}")

    return CliRunner().invoke(app, list(arguments))


def test_group_is_made_of_its_options():
    assert run("--name", "x", "--size", "5").output == "1 DerivedGroup(name='x', size=5) False\n"


def test_options_without_a_default_are_required():
    assert run("--size", "5").exit_code == 2


def test_help_lists_options_in_the_order_of_the_command():
    shown = run("--help").output
    positions = [shown.index(option) for option in ("--first", "--name", "--size", "--last")]
    assert positions == sorted(positions)


def test_groups_cannot_be_changed():
    group = DerivedGroup(name="x")
    with pytest.raises(AttributeError):
        group.size = 4
