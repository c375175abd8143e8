"""`coggno report`: who has finished what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from coggno import AsyncCoggno
from coggno.cli.arguments.document import find_documents
from coggno.cli.arguments.group import GroupReference
from coggno.cli.connection import AccountOptions
from coggno.cli.option_groups import expanded
from coggno.cli.options import Json, examples, not_empty, whole_number
from coggno.cli.terminal import output
from coggno.cli.terminal.interrupt import accept_ctrl_c

if TYPE_CHECKING:
    from coggno.reports import CompletionStatistics

report = typer.Typer(no_args_is_help=True, epilog=examples("coggno report completion --html report.html"))

Documents: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--document",
        metavar="DOCUMENT",
        parser=not_empty,
        help="Title or id of a document. Repeatable. Default: all.",
    ),
]
Groups: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        metavar="GROUP",
        parser=not_empty,
        help="Name or id of a group whose members the report is about. Repeatable. Default: all users.",
    ),
]
CsvFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--csv", metavar="FILE", help="Write a line for each user and document to this CSV file; - is standard output."
    ),
]
HtmlFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write a page with charts and all people to this file."),
]
LicensedOnly: TypeAlias = Annotated[
    bool,
    typer.Option("--licensed", help="Leave out users who have no license for a document."),
]
ReportConcurrency: TypeAlias = Annotated[
    int,
    typer.Option(
        "--concurrency", metavar="N", parser=whole_number(1, 100), help="Requests in progress at once, 1 to 100."
    ),
]


@report.callback()
def reports() -> None:
    """Report on training: who has finished what."""


@report.command(
    "completion",
    epilog=examples(
        "coggno report completion",
        "coggno report completion --document 'Fire safety' --csv report.csv",
        "coggno report completion --group Warehouse --html report.html",
    ),
)
@expanded
def completion(
    *,
    documents: Documents = None,
    groups: Groups = None,
    csv: CsvFile = None,
    html: HtmlFile = None,
    licensed: LicensedOnly = False,
    concurrency: ReportConcurrency = 8,
    as_json: Json = False,
    account: AccountOptions,
) -> None:
    """Report who has finished which training.

    Prints how many users have passed each document, are in progress, have not passed, have not started or have no
    license. With --csv, --html or --json, also every user by name, those who have not started or not passed first.
    """
    # Imported late: reports load provisioning, and `--help` does without it.
    from coggno.cli.report.completion import CompletionReport
    from coggno.cli.report.report_files import STDOUT, check_files

    accept_ctrl_c()
    settings = account.settings().require_key()
    # Before anything is sent: a report of an hour must not fail because of a folder that does not exist.
    check_files(csv, html, as_json=as_json)

    async def work(coggno: AsyncCoggno) -> None:
        job = CompletionReport(
            documents=await find_documents(coggno, documents or ()),
            groups=[(await GroupReference(text).find(coggno)).id for text in groups or ()],
            licensed_only=licensed,
            concurrency=concurrency,
            csv=csv,
            html=html,
            as_json=as_json,
        )
        counted = await job.run(coggno)
        if not as_json and csv != STDOUT:
            _print(counted)

    settings.run(work)
    for file in (csv, html):
        if file is not None and file != STDOUT:
            output.write_message(f"Written: {file}")


def _print(statistics: CompletionStatistics) -> None:
    from coggno.cli.lists.tables import print_table
    from coggno.cli.report.counts import count_columns, count_rows, tables

    if not statistics.total.total:
        output.write_message("There is nothing to report: no user has a license for one of the documents.")
        return
    for number, (title, counts) in enumerate(tables(statistics)):
        if number:
            output.write("")
        print_table(count_columns(title), list(count_rows(counts)))
