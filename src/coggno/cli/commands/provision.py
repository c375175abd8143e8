"""`coggno provision`: from a roster to users, groups and memberships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer
from attrs import evolve

from coggno.cli.client_settings import ClientSettings
from coggno.cli.commands.sandbox import private_sandbox
from coggno.cli.error_messages import report_error, report_stdout
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.options import BaseUrl, CompanyOption, positive_number, whole_number
from coggno.cli.terminal import output
from coggno.cli.terminal.interrupt import accept_ctrl_c

if TYPE_CHECKING:
    from coggno.cli.provision.options import ProvisionOptions
    from coggno.cli.provision.summary import RunReport

# A tab is hard to type on a command line.
_DELIMITERS: Final[Mapping[str, str]] = {"comma": ",", "semicolon": ";", "tab": "\t", r"\t": "\t", "pipe": "|"}

RosterArgument: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="ROSTER", help="CSV or JSON Lines file, or - for standard input.", show_default=False),
]
DryRun: TypeAlias = Annotated[
    bool,
    typer.Option("--dry-run", help="Show what would happen, write it to the results file, and change nothing."),
]
RosterGroup: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="NAME", help="Add the users of all rows to this group, too. Repeatable."),
]
ColumnMap: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="Name the column of a field: email, first_name, last_name, login, password, group or company. Repeatable.",
    ),
]
Passwords: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--generate-passwords",
        metavar="FILE",
        help="Generate passwords for new users who have none, and save them in FILE, readable only by you.",
    ),
]
Results: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--results",
        metavar="FILE",
        help=(
            "Save the outcome of every row here. Default: results.csv, and failed.csv for the rows to run again. "
            "A run of failed.csv writes results-2.csv and failed-2.csv; so does any run where results.csv is there "
            "and has the results of another roster."
        ),
    ),
]
Report: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Also write a report as one HTML file: counts, pace, groups, and the rows that need a person.",
    ),
]
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
Delimiter: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        metavar="CHAR",
        help="Delimiter of a CSV file: comma, semicolon, tab or a character. Default: detected.",
    ),
]
Encoding: TypeAlias = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="Encoding of the roster, such as cp1252. Default: UTF-8."),
]
AllowRefused: TypeAlias = Annotated[
    bool,
    typer.Option("--allow-refused", help="Exit with 0 even if the roster has invalid or contradictory rows."),
]
EventsJson: TypeAlias = Annotated[
    bool,
    typer.Option("--json", help="Print events as JSON, one object per line; the last one is the summary."),
]
UseSandbox: TypeAlias = Annotated[
    bool,
    typer.Option("--sandbox", help="Try it on a temporary test server on this machine. Needs no key."),
]
SandboxFaults: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="SPEC",
        help="A fault of the test server, such as createUser:drop,after. See: coggno sandbox --help. Repeatable.",
    ),
]


def provision(
    *,
    roster: RosterArgument,
    dry_run: DryRun = False,
    groups: RosterGroup = None,
    columns: ColumnMap = None,
    passwords: Passwords = None,
    results: Results = None,
    report: Report = None,
    concurrency: Concurrency = 16,
    rate: Rate = None,
    patience: Patience = 900,
    timeout: Timeout = None,
    max_retries: MaxRetries = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    allow_refused: AllowRefused = False,
    as_json: EventsJson = False,
    sandbox: UseSandbox = False,
    faults: SandboxFaults = None,
    company: CompanyOption = None,
    base_url: BaseUrl = None,
) -> None:
    """Create the users, groups and memberships of a roster.

    The roster needs columns for e-mail, first name and last name; login, password and group are optional. They are
    found by their usual names, such as "Email Address" or "surname"; --map names the others. Several groups in one
    cell are separated by semicolons.

    The whole roster is checked before anything is sent. Users, groups and memberships that already exist are left as
    they are, so it is safe to interrupt a run and to run the same roster again.
    """
    # Imported late: provisioning is the largest part of the package, and `--help` does without it.
    from coggno.cli.provision.options import OutputOptions, ProvisionOptions, SandboxOptions
    from coggno.provisioning import RosterOptions, RunOptions

    options = ProvisionOptions(
        source=roster,
        roster=RosterOptions(
            mapping=_mapping(columns or ()),
            delimiter=None if delimiter is None else _DELIMITERS.get(delimiter, delimiter),
            encoding=encoding,
            groups=groups or (),
        ),
        run=RunOptions(concurrency=concurrency, rate=rate, patience=patience),
        output=OutputOptions(
            results=results, passwords=passwords, report=report, as_json=as_json, allow_refused=allow_refused
        ),
        sandbox=SandboxOptions(is_used=sandbox, faults=faults or ()),
        client=ClientSettings(company=company, base_url=base_url, timeout=timeout, max_retries=max_retries),
        dry_run=dry_run,
    )
    raise typer.Exit(_run(options))


def _run(options: ProvisionOptions) -> ExitCode:
    from coggno.cli.provision.run import run_provisioning

    accept_ctrl_c()
    with ExitStack() as stack:
        report = run_provisioning(_with_sandbox(options, stack))
    is_printed = _write_summary(report)
    return report.exit_code(allow_refused=options.output.allow_refused, is_printed=is_printed)


def _with_sandbox(options: ProvisionOptions, stack: ExitStack) -> ProvisionOptions:
    """Return options that lead to a new sandbox, which lasts as long as `stack`, if one was asked for."""
    if not options.sandbox.is_used:
        if options.sandbox.faults:
            raise CommandError("--fault works only together with --sandbox.")
        return options
    client = options.client
    if client.company is not None or client.base_url is not None:
        raise CommandError("--sandbox is a new, empty server: it cannot be combined with --company or --base-url.")
    url, key = stack.enter_context(private_sandbox(options.sandbox.faults))
    output.write_message("Using a temporary test server on this machine: it starts empty and nothing is kept.")
    return evolve(options, client=evolve(client, base_url=url, api_key=key))


def _mapping(columns: Sequence[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for text in columns:
        name, equals, column = (part.strip() for part in text.partition("="))
        if not (name and equals and column):
            raise CommandError(f"--map must be FIELD=COLUMN, such as email=Work_Mail, not '{text}'.")
        if name in mapping:
            raise CommandError(f"--map names the field {name} twice. Give one column for each field.")
        mapping[name] = column
    return mapping


def _write_summary(report: RunReport) -> bool:
    """Write the summary and return whether that was possible."""
    from coggno.cli.provision.summary_text import summary_lines

    is_written = True
    try:
        if report.events is not None:
            report.events.end(report.as_data())
            if report.events.error is not None:
                raise report.events.error
        else:
            for line in summary_lines(report):
                for part in output.wrapped(output.clean(line), output.terminal_width()):
                    output.write(part)
        output.flush()
    except output.StdoutError as error:
        # A reader that has closed the pipe does not change how the run ended.
        is_written = report_stdout(error) is ExitCode.CLOSED_PIPE
    for problem in (report.summary.stopped, report.write_error):
        if problem is not None:
            report_error(problem)
    return is_written
