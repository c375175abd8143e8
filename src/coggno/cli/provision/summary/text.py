"""The summary of a run for a person: headline, rows that need attention, files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from coggno.cli.provision.summary.removals import forecast_lines
from coggno.cli.provision.summary.run_report import RunReport
from coggno.cli.terminal.output import count, count_rows
from coggno.provisioning import Leavers
from coggno.provisioning.planning.counts import PlanCounts
from coggno.provisioning.report import LISTED, ProblemRows, counts_of, detail_of


def summary_lines(report: RunReport) -> Iterator[str]:
    """Yield the lines of the summary."""
    yield from _headline(report)
    yield from removal_lines(report)
    for label, problems in report.statistics.problems.items():
        yield ""
        yield from _problem_lines(report, label, problems)
    if report.statistics.missing_passwords:
        yield ""
        yield password_hint(report)
    if report.write_error is None:
        yield ""
        yield from _file_lines(report)


def _headline(report: RunReport) -> Iterator[str]:
    counts = ", ".join(f"{number:,} {label}" for label, number in report.statistics.labels.most_common())
    total = count_rows(len(report.roster.rows))
    if report.is_dry_run:
        yield "Dry run: nothing was changed."
        yield f"{total} would end as: {counts}"
        if report.changes is not None:
            yield from _change_lines(report.changes, report.leavers)
        if report.leavers is not None:
            yield from forecast_lines(report.leavers)
    else:
        # Without a journal that can be read, nobody knows what became of the rows.
        yield f"{total} in {report.summary.seconds:.1f} s{f': {counts}' if counts else ''}"
        if report.done_earlier:
            were = "was" if report.done_earlier == 1 else "were"
            yield f"{count_rows(report.done_earlier)} {were} done by an earlier run; --recheck compares them again."
        if report.created_groups:
            # A mistyped name is a new group, too.
            yield f"Groups created: {_shortened(report.created_groups)}"
    inferred = report.statistics.inferred
    if inferred:
        yield f"The response was lost for {count_rows(inferred)}; reading the users again showed the outcome."


def removal_lines(report: RunReport) -> Iterator[str]:
    """Yield what became of people who are in no row."""
    if report.refused_removals is not None:
        yield f"Nobody was removed: {report.refused_removals}."
    if report.all_removed:
        earlier = len(report.all_removed) - len(report.removed)
        by_whom = f" ({earlier:,} of them by an earlier run)" if earlier else ""
        yield f"Not in the roster: {counts_of(report.all_removed)}{by_whom}"
    failed = [result for result in report.removed if not result.is_as_wanted]
    for result in failed[:LISTED]:
        yield f"  {result.login}: {detail_of(result)}"
    if len(failed) > LISTED:
        yield f"  and {len(failed) - LISTED:,} more, at the end of {report.files.results}"


def _change_lines(changes: PlanCounts, leavers: Leavers | None) -> Iterator[str]:
    parts = [
        (changes.new_users, "user"),
        (len(changes.group_names), "group"),
        (changes.new_memberships, "membership"),
    ]
    planned = [count(number, name) for number, name in parts if number]
    is_removing = leavers is not None and leavers.count and leavers.objection() is None
    if planned:
        yield f"The run would create {_listed(planned)}."
    elif not is_removing:
        yield "The run would change nothing."
    if changes.group_names:
        yield f"Groups that would be created: {_shortened(changes.group_names)}"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _shortened(names: Sequence[str]) -> str:
    shown = ", ".join(names[:LISTED])
    return f"{shown} and {len(names) - LISTED:,} more" if len(names) > LISTED else shown


def _problem_lines(report: RunReport, label: str, problems: ProblemRows) -> Iterator[str]:
    yield f"{label.capitalize()} ({count_rows(problems.count)}):"
    common, single = problems.common(), problems.single()
    for alike in common:
        yield f"  {count_rows(alike.count)} from line {alike.rows[0].line} on: {alike.detail}"
    for result in single:
        yield f"  line {result.line}, {result.login or 'no login'}: {detail_of(result)}"
    more = problems.count - len(single) - sum(alike.count for alike in common)
    if more:
        where = "" if report.write_error else f", see {report.files.results}"
        yield f"  and {more:,} more{where}"


def password_hint(report: RunReport) -> str:
    """Return how rows without a password get one."""
    generate = "use --generate-passwords FILE to generate them"
    if report.roster.has_password_column:
        return f"Fill in the missing passwords, or {generate}."
    return f"For rows without a password, {generate}."


def _file_lines(report: RunReport) -> Iterator[str]:
    files = report.files
    if report.is_dry_run:
        yield f"Forecast of every row: {files.results}"
        if files.plan is not None:
            yield f"Plan: {files.plan}. Carry it out with: coggno apply {files.plan}"
        if files.report is not None:
            yield f"Report: {files.report}"
        return
    yield f"Outcome of every row: {files.results}"
    if report.to_run_again:
        gives_passwords = report.roster.gives_passwords
        left_out = "; the passwords are left out" if gives_passwords else ""
        # After an early stop the message below says what to do: run the same command again, not this file.
        is_complete = report.summary.stopped is None
        title = "Rows to run again" if is_complete else "Rows that are not done"
        yield f"{title}: {files.failed} ({count_rows(report.to_run_again)}{left_out})"
        if is_complete and files.roster is not None and gives_passwords:
            yield f"To keep their passwords, correct {files.roster} and run it again instead."
    if files.passwords is not None and files.passwords.exists():
        yield f"Generated passwords: {files.passwords}"
    if files.report is not None:
        yield f"Report: {files.report}"
