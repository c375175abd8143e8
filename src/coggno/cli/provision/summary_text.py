"""The summary of a run for a person: headline, rows that need attention, files."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from coggno.cli.provision.labels import detail_of, label_of
from coggno.cli.provision.summary import LISTED, RunReport
from coggno.cli.terminal.output import count_rows
from coggno.provisioning import RowResult

_MISSING: Final = "password is missing"


def summary_lines(report: RunReport) -> Iterator[str]:
    """Yield the lines of the summary."""
    yield from _headline(report)
    for label, results in _problems(report).items():
        yield ""
        yield from _problem_lines(report, label, results)
    if any(_MISSING in result.detail for result in report.results.values()):
        yield ""
        yield _password_hint(report)
    if not report.is_dry_run and report.write_error is None:
        yield ""
        yield from _file_lines(report)


def _headline(report: RunReport) -> Iterator[str]:
    labels = Counter(map(label_of, report.in_order()))
    counts = ", ".join(f"{count:,} {label}" for label, count in labels.most_common())
    total = count_rows(len(report.roster.rows))
    if report.is_dry_run:
        yield "Dry run: nothing was changed."
        yield f"{total} would end as: {counts}"
        if report.new_groups:
            yield f"Groups that would be created: {', '.join(report.new_groups)}"
    else:
        yield f"{total} in {report.summary.seconds:.1f} s: {counts}"
    inferred = sum(result.inferred for result in report.results.values())
    if inferred:
        yield f"The response was lost for {count_rows(inferred)}; reading the users again showed the outcome."


def _problems(report: RunReport) -> dict[str, list[RowResult]]:
    """Return the rows that need attention by label, in the order of their lines."""
    problems: dict[str, list[RowResult]] = {}
    for result in report.in_order():
        if not result.is_as_wanted:
            problems.setdefault(label_of(result), []).append(result)
    return problems


def _problem_lines(report: RunReport, label: str, results: Sequence[RowResult]) -> Iterator[str]:
    yield f"{label.capitalize()} ({count_rows(len(results))}):"
    by_detail: defaultdict[str, list[RowResult]] = defaultdict(list)
    for result in results:
        by_detail[detail_of(result)].append(result)
    # What many rows have in common is one line: ten rows of it would hide all others.
    common = {detail: rows for detail, rows in by_detail.items() if len(rows) > LISTED}
    shown = sorted(common.items(), key=lambda item: len(item[1]), reverse=True)[:LISTED]
    for detail, rows in shown:
        yield f"  {count_rows(len(rows))} from line {rows[0].line} on: {detail}"
    single = [result for result in results if detail_of(result) not in common][:LISTED]
    for result in single:
        yield f"  line {result.line}, {result.login or 'no login'}: {detail_of(result)}"
    more = len(results) - len(single) - sum(len(rows) for _, rows in shown)
    if more:
        where = "" if report.is_dry_run else f", see {report.files.results}"
        yield f"  and {more:,} more{where}"


def _password_hint(report: RunReport) -> str:
    has_column = len(report.roster.visible) < len(report.roster.header)
    generate = "use --generate-passwords FILE to generate them"
    return (
        f"Fill in the missing passwords, or {generate}." if has_column else f"For rows without a password, {generate}."
    )


def _file_lines(report: RunReport) -> Iterator[str]:
    files = report.files
    yield f"Outcome of every row: {files.results}"
    if report.to_run_again:
        gives_passwords = _gives_passwords(report)
        left_out = "; the passwords are left out" if gives_passwords else ""
        # After an early stop the message below says what to do: run the same command again, not this file.
        is_complete = report.summary.stopped is None
        title = "Rows to run again" if is_complete else "Rows that are not done"
        yield f"{title}: {files.failed} ({count_rows(report.to_run_again)}{left_out})"
        if is_complete and files.roster is not None and gives_passwords:
            yield f"To keep their passwords, correct {files.roster} and run it again instead."
    if files.passwords is not None:
        yield f"Generated passwords: {files.passwords}"


def _gives_passwords(report: RunReport) -> bool:
    return any(row.person is not None and row.person.password is not None for row in report.roster.rows)
