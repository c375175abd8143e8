"""The end of a run: its summary, its messages, its exit code."""

from __future__ import annotations

from coggno.cli.error_messages import report_error, report_stdout
from coggno.cli.exit_codes import ExitCode
from coggno.cli.provision.summary import RunReport
from coggno.cli.provision.summary.text import summary_lines
from coggno.cli.terminal import output


def end_run(report: RunReport | None, *, allow_refused: bool) -> ExitCode:
    """Print what became of a run, and return the exit code.

    Args:
        report: of the run; `None` if a person decided against it.
        allow_refused: whether rows that the check of the roster rejects leave the exit code at 0.
    """
    if report is None:
        return ExitCode.OK
    return report.exit_code(allow_refused=allow_refused, is_printed=_print_summary(report))


def _print_summary(report: RunReport) -> bool:
    """Print the summary and return whether that was possible."""
    is_printed = True
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
        is_printed = report_stdout(error) is ExitCode.CLOSED_PIPE
    for problem in (report.summary.stopped, report.write_error):
        if problem is not None:
            report_error(problem)
    return is_printed
