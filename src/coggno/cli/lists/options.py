"""The options of every list, and what they ask for."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from coggno.cli.option_groups import option_group
from coggno.cli.options import Json

Csv: TypeAlias = Annotated[bool, typer.Option("--csv", help="Print CSV, with the API's field names as the header.")]
Columns: TypeAlias = Annotated[
    str | None,
    typer.Option("--columns", metavar="NAME,...", help="Show these columns, in this order, such as id,login."),
]
Sort: TypeAlias = Annotated[
    str | None,
    typer.Option("--sort", metavar="NAME,...", help="Sort by these columns; -NAME for descending order."),
]
Filters: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="NAME=VALUE",
        help="Show rows with this value only, or with NAME~TEXT rows that contain TEXT. Repeatable: all must match.",
    ),
]
NoPager: TypeAlias = Annotated[bool, typer.Option("--no-pager", help="Do not show a long list in a pager.")]


@option_group
class ListOptions:
    """Which rows and columns of a list are shown, in which order and form."""

    as_json: Json = False
    as_csv: Csv = False
    columns: Columns = None
    sort: Sort = None
    filters: Filters = None
    no_pager: NoPager = False
