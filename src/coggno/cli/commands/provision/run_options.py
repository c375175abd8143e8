"""The options that say how fast a run goes, and how long it waits."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from coggno.cli.option_groups import option_group
from coggno.cli.options import positive_number, whole_number

Concurrency: TypeAlias = Annotated[
    int,
    typer.Option(
        "--concurrency",
        metavar="N",
        parser=whole_number(1, 1000),
        help="Rows in progress at the same time, 1 to 1000.",
    ),
]
Rate: TypeAlias = Annotated[
    float | None,
    typer.Option("--rate", metavar="N", parser=positive_number, help="Send at most N requests per second."),
]
Patience: TypeAlias = Annotated[
    float,
    typer.Option(
        "--patience",
        metavar="SECONDS",
        parser=positive_number,
        help="Wait for an API that is down or overloaded; stop when no row could be finished for so long.",
    ),
]
Timeout: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        parser=positive_number,
        help="Time limit for one attempt of a request.",
    ),
]
MaxRetries: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--max-retries",
        metavar="N",
        parser=whole_number(0),
        help="Repeat a request that reads users and groups up to N times; rows are repeated until --patience ends.",
    ),
]


@option_group
class PaceOptions:
    """How fast a run goes, and how long it waits."""

    concurrency: Concurrency = 16
    rate: Rate = None
    patience: Patience = 900
    timeout: Timeout = None
    max_retries: MaxRetries = None
