"""The commands of `coggno journal`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coggno.cli.commands.journal.display import as_data, print_journal
from coggno.cli.options import Json, examples, whole_number
from coggno.cli.terminal import output

journal = typer.Typer(no_args_is_help=True, epilog=examples("coggno journal show results.journal"))
JournalArgument = Annotated[
    Path, typer.Argument(metavar="JOURNAL", help="Path of the journal of a run.", show_default=False)
]
JournalName = Annotated[
    str, typer.Argument(metavar="JOURNAL", help="Path of the journal of a run, or its URL.", show_default=False)
]


@journal.command(
    "show", epilog=examples("coggno journal show results.journal", "coggno journal show results.journal --json")
)
def show(*, name: JournalName, as_json: Json = False) -> None:
    """Show the runs in a journal, how far they are, and which writes are in doubt."""
    from coggno.provisioning.journal import read_journal

    with read_journal(name) as reader:
        if as_json:
            output.write_json(as_data(reader))
        else:
            print_journal(reader)


@journal.command(
    "results",
    epilog=examples(
        "coggno journal results results.journal",
        "coggno journal results results.journal --roster people.csv",
        "coggno journal results results.journal --run 1 --results first.csv",
    ),
)
def results(
    *,
    name: JournalName,
    results: Annotated[
        Path | None,
        typer.Option("--results", metavar="FILE", help="Where to write the outcome of every row.", show_default=False),
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(
            "--roster",
            metavar="FILE",
            help="The roster of the run. Default: where it was when the run began.",
            show_default=False,
        ),
    ] = None,
    run: Annotated[
        int | None,
        typer.Option(
            "--run",
            metavar="N",
            parser=whole_number(1),
            help="Number of the run, as `coggno journal show` lists it. Default: the last one.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the results files of a run from its journal, also after it was killed."""
    from coggno.cli.provision.journal_results import write_from_journal

    for line in write_from_journal(name, results=results, roster=roster, run=run):
        output.write(output.clean(line))


@journal.command("recover", epilog=examples("coggno journal recover results.journal"))
def recover(
    *,
    path: JournalArgument,
    target: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="FILE",
            help="The new journal. Default: beside the damaged one, with `-recovered` in its name.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Save what is sound of a damaged journal into a new one. The damaged one stays as it is."""
    from coggno.provisioning.journal import recover

    recovered = recover(path, target or path.with_name(f"{path.stem}-recovered{path.suffix}"))
    rows = output.count(recovered.rows, "result")
    writes = output.count(recovered.writes, "unfinished write")
    output.write(output.clean(f"{recovered.path} has {rows} and {writes}."))
    if not recovered.is_complete:
        message = "Records in the damaged part are lost; the next run compares their rows with the server again."
        output.write_message(message)
    output.write_message(f"Continue the run with: --journal {recovered.path}")
