"""The report of a run as an HTML file, for `--report`."""

from __future__ import annotations

from collections.abc import Iterator

from coggno.cli.provision.summary.removals import forecast_lines
from coggno.cli.provision.summary.run_report import RunReport
from coggno.cli.provision.summary.text import password_hint, removal_lines
from coggno.cli.terminal.output import count_rows
from coggno.provisioning import RosterError
from coggno.provisioning.report import ReportFacts, Timeline, write_report


def write_html(report: RunReport, timeline: Timeline) -> None:
    """Write the HTML file of a run if one was asked for; a failure is noted in `report`."""
    if report.files.report is None:
        return
    try:
        write_report(report.files.report, _facts(report, timeline))
    except (RosterError, OSError) as error:
        report.add_write_error(error)


def _facts(report: RunReport, timeline: Timeline) -> ReportFacts:
    return ReportFacts(
        roster=report.roster.name,
        is_forecast=report.is_dry_run,
        began=report.began,
        seconds=report.summary.seconds,
        statistics=report.statistics,
        removed=report.all_removed,
        is_removal_refused=report.is_removal_refused,
        timeline=timeline,
        stopped=report.summary.stopped,
        notes=tuple(_notes(report)),
        files=dict(_files(report)),
        results=str(report.files.results),
    )


def _notes(report: RunReport) -> Iterator[str]:
    yield from removal_lines(report)
    if report.is_dry_run and report.leavers is not None:
        yield from forecast_lines(report.leavers)
    if report.statistics.missing_passwords:
        yield password_hint(report)
    if report.to_run_again and report.summary.stopped is None:
        again = f"Correct {report.files.failed}, which has the {count_rows(report.to_run_again)} to run again"
        yield f"{again}, and run it: coggno provision {report.files.failed}"
        if report.roster.gives_passwords and report.files.roster is not None:
            yield f"It has no passwords. To keep those of {report.files.roster}, correct that file and run it again."


def _files(report: RunReport) -> Iterator[tuple[str, str]]:
    if report.write_error is None:
        yield ("Forecast of every row" if report.is_dry_run else "Outcome of every row"), str(report.files.results)
    if report.to_run_again:
        yield "Rows to run again", str(report.files.failed)
    if report.files.passwords is not None and report.files.passwords.exists() and not report.is_dry_run:
        yield "Generated passwords", str(report.files.passwords)
