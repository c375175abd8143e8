"""`coggno worker`: carries out submitted jobs."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from coggno.cli.connection import AccountOptions
from coggno.cli.option_groups import expanded
from coggno.cli.options import not_empty, positive_number
from coggno.cli.terminal.interrupt import accept_ctrl_c

DatabaseOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--journal",
        metavar="URL",
        parser=not_empty,
        help="Database of the jobs: postgresql://user@host/database; with ?journal=NAME for one job.",
        show_default=False,
    ),
]
JobOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--job", metavar="NAME", parser=not_empty, help="Carry out this job only."),
]
Forever: TypeAlias = Annotated[
    bool,
    typer.Option("--forever", help="Wait for new jobs when all are done. SIGTERM ends the worker within 10 seconds."),
]
Health: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--health",
        metavar="HOST:PORT",
        help="Respond to HTTP requests here: 200 while the worker runs and its database responds, 503 otherwise.",
    ),
]
LeaseSeconds: TypeAlias = Annotated[
    float,
    typer.Option(
        "--lease",
        metavar="SECONDS",
        parser=positive_number,
        help="When this worker is killed, others continue its part of a job after so long.",
    ),
]


@expanded
def worker(
    *,
    journal: DatabaseOption,
    job: JobOption = None,
    forever: Forever = False,
    health: Health = None,
    lease: LeaseSeconds = 30,
    account: AccountOptions,
) -> None:
    """Carry out the jobs that coggno provision --detach has submitted, together with any number of other workers.

    A worker takes one part of a job after the other, and ends when all jobs of its account are done. Any worker may be
    killed at any time: another one continues its part, and does nothing twice.
    """
    # Imported late, as in `provision`.
    from coggno.cli.jobs.health import HealthAddress
    from coggno.cli.jobs.worker_run import WorkerOptions, run_worker
    from coggno.provisioning.journal import DatabaseUrl

    options = WorkerOptions(
        url=DatabaseUrl(journal),
        job=job,
        forever=forever,
        health=None if health is None else HealthAddress.parse(health),
        lease=lease,
        client=account.settings(),
    )
    accept_ctrl_c()
    raise typer.Exit(run_worker(options))
