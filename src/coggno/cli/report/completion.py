"""One run of `coggno report completion`: reads the rows, and writes each to every file that is wanted."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, aclosing
from pathlib import Path
from typing import IO, TypeAlias, cast

from attrs import frozen

from coggno import AsyncCoggno
from coggno.cli.report.report_files import STDOUT, StdoutFile
from coggno.cli.terminal import output
from coggno.cli.terminal.progress_reporter import ProgressReporter, reporting_progress
from coggno.provisioning.safe_file import replacing
from coggno.reports import (
    CompletionCsv,
    CompletionHtml,
    CompletionRow,
    CompletionState,
    CompletionStatistics,
    ReportScope,
)

Sink: TypeAlias = Callable[[CompletionRow], None]


@frozen(kw_only=True)
class CompletionReport:
    """What the report is about and where it goes.

    Attributes:
        documents: ids; empty for all.
        groups: ids; empty for all users.
        licensed_only: whether to leave out users without a license.
        concurrency: requests at the same time.
        csv: path of the CSV file, if one is wanted; `-` for standard output.
        html: path of the page, if one is wanted.
        as_json: whether the rows go to standard output.
    """

    documents: Sequence[int]
    groups: Sequence[int]
    licensed_only: bool
    concurrency: int
    csv: Path | None
    html: Path | None
    as_json: bool

    async def run(self, coggno: AsyncCoggno) -> CompletionStatistics:
        """Read and write the rows, and return their counts; the files are written whole or not at all."""
        statistics = CompletionStatistics()
        # Lines of JSON or CSV on the same screen would tear a bar that is drawn in place.
        is_plain = (self.as_json or self.csv == STDOUT) and output.terminal_width() is not None
        with reporting_progress(is_plain=is_plain) as progress, ExitStack() as files:
            progress.phase("Reading users and groups")
            sinks = [statistics.add, *self._sinks(files)]
            async with aclosing(self._rows(coggno, progress)) as rows:
                async for row in rows:
                    for sink in sinks:
                        sink(row)
                    progress.row_ended(row.state.value, needs_attention=row.state is not CompletionState.PASSED)
            # Before the bar disappears: a page of a million rows takes a while to be put together.
            progress.phase("Writing the report")
            files.close()
        return statistics

    def _rows(self, coggno: AsyncCoggno, progress: ProgressReporter) -> AsyncGenerator[CompletionRow]:
        def begin(scope: ReportScope) -> None:
            progress.begin_rows(scope.users * scope.documents)

        return coggno.reports.completion(
            documents=self.documents or None,
            groups=self.groups or None,
            licensed_only=self.licensed_only,
            concurrency=self.concurrency,
            on_scope=begin,
        )

    def _sinks(self, files: ExitStack) -> list[Sink]:
        sinks: list[Sink] = []
        if self.csv == STDOUT:
            sinks.append(CompletionCsv(cast("IO[str]", StdoutFile())).add)
        elif self.csv is not None:
            sinks.append(CompletionCsv(files.enter_context(_replacing(self.csv))).add)
        if self.html is not None:
            file = files.enter_context(_replacing(self.html))
            # Local time with its zone: the page is read by people, maybe in another place.
            page = CompletionHtml(file, now=dt.datetime.now().astimezone())
            sinks.append(files.enter_context(page).add)
        if self.as_json:
            sinks.append(lambda row: output.write_json(output.as_data(row)))
        return sinks


def _replacing(path: Path) -> AbstractContextManager[IO[str]]:
    # A lone surrogate, which JSON can carry, is no reason to lose a report.
    return replacing(path, encoding="utf-8", errors="backslashreplace")
