"""`coggno provision`: from a roster to users, groups and memberships."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from attrs import evolve

from coggno.cli.client_settings import ClientSettings
from coggno.cli.commands.sandbox import private_sandbox
from coggno.cli.error_messages import report_error
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.options import BaseUrl, Company
from coggno.cli.terminal import output
from coggno.cli.terminal.interrupt import heed_ctrl_c

if TYPE_CHECKING:
    from coggno.cli.provision.summary import Report

_DELIMITERS: Final[Mapping[str, str]] = {"comma": ",", "semicolon": ";", "tab": "\t", r"\t": "\t", "pipe": "|"}


def provision(
    *,
    roster: Annotated[
        str,
        typer.Argument(metavar="ROSTER", help="CSV or JSON Lines file; - for standard input.", show_default=False),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would happen; change nothing.")] = False,
    group: Annotated[
        str | None,
        typer.Option("--group", metavar="NAME", help="A group that every row shall be in as well."),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Which column holds a field: email, first_name, last_name, login, password or group. Repeatable.",
        ),
    ] = None,
    passwords: Annotated[
        Path | None,
        typer.Option(
            "--generate-passwords",
            metavar="FILE",
            help="Make passwords for rows without one, and write them here first, for your eyes only.",
        ),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results",
            metavar="PATH",
            help="Every row with its outcome, in results.csv if not given. Rows to run again go beside it: failed.csv.",
        ),
    ] = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=1000, metavar="N", help="Rows under way at once, at the most.")
    ] = 16,
    rate: Annotated[float | None, typer.Option("--rate", metavar="N", help="Requests per second, at the most.")] = None,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="SECONDS", help="For each phase of a request."),
    ] = None,
    max_retries: Annotated[
        int | None, typer.Option("--max-retries", metavar="N", help="Attempts after the first, where that is safe.")
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(
            "--delimiter",
            metavar="CHAR",
            help="Of CSV: a character, or comma, semicolon, tab. Found if not given.",
        ),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Of the roster, e.g. cp1252; UTF-8 if not given.")
    ] = None,
    allow_refused: Annotated[
        bool,
        typer.Option("--allow-refused", help="Rows that are invalid or refused do not make the exit code 1."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="For programs: the summary as one JSON object; none if the run cannot begin.")
    ] = False,
    sandbox: Annotated[
        bool,
        typer.Option("--sandbox", help="Try it on a sandbox of its own on this machine: no key, nothing real."),
    ] = False,
    faults: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="SPEC",
            help="What goes wrong on that sandbox, e.g. createUser:drop,after; see: coggno sandbox --help. Repeatable.",
        ),
    ] = None,
    company: Company = None,
    base_url: BaseUrl = None,
) -> None:
    """Create the users of a roster, the groups it names, and the memberships.

    The whole roster is checked before anything is sent. Every row gets one outcome. Nothing is done twice: stop it at
    any time, run it again at any time.

    Exit code: 0 every row is as wanted; 1 finished, some rows are not; 2 bad arguments or roster, nothing was sent;
    3 stopped early, run it again to go on; 130 interrupted, likewise.
    """
    from coggno.cli.provision.files import Files
    from coggno.cli.provision.run import Job, run

    heed_ctrl_c()
    files = Files.of(roster, results=results, passwords=passwords)
    with ExitStack() as stack:
        limit = _positive("--timeout", timeout)
        settings = ClientSettings(company=company, base_url=base_url, timeout=limit, max_retries=max_retries)
        if sandbox:
            settings = _private(stack, settings, faults or ())
        elif faults:
            raise CommandError("--fault is for --sandbox: nobody should break the real Coggno")
        job = Job(
            files=files,
            settings=settings.checked(),
            mapping=_mapping(columns or ()),
            delimiter=None if delimiter is None else _DELIMITERS.get(delimiter, delimiter),
            encoding=encoding,
            group=group,
            concurrency=concurrency,
            rate=_positive("--rate", rate),
            dry_run=dry_run,
        )
        report = run(job)
    is_told = _tell(report, as_json=as_json)
    code = report.exit_code(allow_refused=allow_refused)
    raise typer.Exit(code if is_told else code or ExitCode.FAILED)


def _private(stack: ExitStack, settings: ClientSettings, faults: Sequence[str]) -> ClientSettings:
    """Start a sandbox that lasts as long as `stack`, and return the settings to it."""
    if settings.company is not None or settings.base_url is not None:
        raise CommandError("--sandbox is an empty Coggno of its own: it goes with neither --company nor --base-url")
    url, key = stack.enter_context(private_sandbox(faults))
    output.say("Sandbox: an empty Coggno on this machine, gone at the end. Nothing is real.")
    return evolve(settings, base_url=url, api_key=key)


def _mapping(columns: Sequence[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for text in columns:
        name, equals, column = text.partition("=")
        if not (name and equals and column):
            raise CommandError(f"--map {text}: write it as FIELD=COLUMN, e.g. --map email=Work_Mail")
        if name in mapping:
            raise CommandError(f"--map names {name} twice")
        mapping[name.strip()] = column.strip()
    return mapping


def _positive(option: str, number: float | None) -> float | None:
    if number is not None and not (number > 0 and math.isfinite(number)):
        raise CommandError(f"{option} must be a positive number, not {number:g}")
    return number


def _tell(report: Report, *, as_json: bool) -> bool:
    """Tell of a run that is over, and return whether that could be done; who has stopped reading has had enough."""
    is_told = True
    try:
        if as_json:
            output.write_json(report.as_data())
        else:
            for line in report.as_text():
                output.write(output.clean(line))
        sys.stdout.flush()
    except OSError as error:
        output.silence_stdout()
        if not isinstance(error, BrokenPipeError):
            is_told = False
            report_error(f"standard output: {error.strerror}")
    for problem in (report.summary.stopped, report.unwritten):
        if problem is not None:
            report_error(problem)
    return is_told
