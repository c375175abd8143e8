"""Writes the files of a run, and counts what is in them, in one pass over the rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import TypeAlias

from attrs import frozen

from coggno.cli.provision.summary import RunReport
from coggno.provisioning import (
    FailedWriter,
    ResultsWriter,
    RosterError,
    Row,
    RowResult,
    writing_failed,
    writing_results,
)
from coggno.provisioning.results import forecast_of
from coggno.provisioning.safe_file import remove


@frozen
class LoginsOnly:
    """Stands in for a roster that cannot be read any more: the journal itself knows the logins."""

    name: str
    columns: tuple[str, ...] = ()


RowPairs: TypeAlias = Callable[[], AsyncIterator[tuple[Row, RowResult]]]
"""Yields every row with its result, in the order of the lines, as often as it is called."""


async def write_files(report: RunReport, rows: RowPairs) -> None:
    """Write results and rows to run again, and count them in `report`."""
    try:
        with ExitStack() as stack:
            await _write(report, rows, stack)
    except (RosterError, OSError) as error:
        report.add_write_error(error)
        report.reset()
        async for row, result in rows():
            report.add(row, result)


async def _write(report: RunReport, rows: RowPairs, stack: ExitStack) -> None:
    writers: list[ResultsWriter | FailedWriter] = []
    failed = None
    if not report.is_dry_run:
        failed = stack.enter_context(writing_failed(report.files.failed, report.roster))
        writers.append(failed)
    # Entered last, so that it is replaced first: without the results nobody knows what the other file is about.
    results = stack.enter_context(writing_results(report.files.results, report.roster))
    writers.append(results)
    async for row, result in rows():
        report.add(row, result)
        shown = forecast_of(result) if report.is_dry_run else result
        for writer in writers:
            writer.add(row, shown)
    for result in report.all_removed:
        results.add_removed(result)
    report.to_run_again = 0 if failed is None else failed.count


async def write_logins(report: RunReport, rows: RowPairs) -> None:
    """Write the results by login, since the roster itself cannot be read any more; and count them in `report`."""
    report.reset()
    report.write_error = None
    try:
        with writing_results(report.files.results, LoginsOnly(report.roster.name)) as results:
            async for row, result in rows():
                report.add(row, result)
                results.add(row, result)
            for result in report.all_removed:
                results.add_removed(result)
        # One that is there is of an earlier run: the rows of this one cannot be written without the roster.
        remove(report.files.failed)
    except (RosterError, OSError) as error:
        report.add_write_error(error)
