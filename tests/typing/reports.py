"""User code for reports, never run: mypy --strict and pyright strict must accept it."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import assert_type

from coggno import AsyncCoggno
from coggno.reports import (
    CompletionCounts,
    CompletionCsv,
    CompletionHtml,
    CompletionRow,
    CompletionState,
    CompletionStatistics,
    Reports,
    ReportScope,
    completion,
)


def started(scope: ReportScope) -> None:
    assert_type(scope.users, int)
    assert_type(scope.groups, Sequence[str])


async def report(coggno: AsyncCoggno) -> CompletionStatistics:
    statistics = CompletionStatistics()
    with CompletionHtml(io.StringIO(), now=dt.datetime.now(dt.UTC)) as page:
        async for row in coggno.reports.completion(documents=[5], groups=[3], on_scope=started):
            assert_type(row, CompletionRow)
            assert_type(row.state, CompletionState)
            assert_type(row.score, float | None)
            statistics.add(row)
            page.add(row)
    assert_type(coggno.reports, Reports)
    assert_type(statistics.total, CompletionCounts)
    assert_type(statistics.total.share, int | None)
    return statistics


async def as_csv(coggno: AsyncCoggno) -> None:
    lines = CompletionCsv(io.StringIO())
    async for row in completion(coggno, licensed_only=True, concurrency=4):
        lines.add(row)
