"""User code for provisioning, never run: mypy --strict and pyright strict must accept it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import assert_type

from distributed import Client

from coggno import AsyncCoggno
from coggno.provisioning import (
    DaskError,
    FailedWriter,
    Journal,
    JournalError,
    Leaver,
    Leavers,
    MemoryJournal,
    MergedRow,
    PasswordFile,
    Person,
    Plan,
    PlanError,
    PlanFile,
    PlannedRow,
    PostgresJournal,
    Progress,
    ProvisioningClient,
    Removals,
    RemovalsRefusedError,
    ResultsWriter,
    Roster,
    RosterError,
    RosterHint,
    RosterOptions,
    RosterRows,
    Row,
    RowOutcome,
    RowResult,
    Rows,
    Run,
    RunOptions,
    RunStatus,
    Source,
    SqliteJournal,
    StoppedError,
    Summary,
    Waiting,
    apply_plan,
    are_results_of,
    check_writable,
    holds_results,
    make_plan,
    provision,
    read_roster,
    run_on_dask,
    write_failed,
    write_results,
    writing_failed,
    writing_results,
)
from coggno.provisioning.jobs import JobStatus


def read(source: Source) -> Roster | None:
    try:
        roster = read_roster(source, RosterOptions(mapping={"group": "Team"}, groups=("Staff",), needs_password=True))
    except RosterError:
        return None
    for row in roster.rows:
        assert_type(row, Row)
        assert_type(row.rejection, RowResult | None)
    return roster


async def run(coggno: AsyncCoggno, roster: Roster, folder: Path) -> int:
    client: ProvisioningClient = coggno
    options = RunOptions(
        concurrency=8, rate=20.0, journal=MemoryJournal(), passwords=PasswordFile(folder / "passwords.csv")
    )
    plan = await make_plan(client, roster, options)
    assert_type(plan, Plan)
    planned: list[PlannedRow] = list(plan.planned)
    results: dict[int, RowResult] = {}
    summary = Summary()
    running = apply_plan(client, plan, options)
    assert_type(running, Run)
    assert_type(running.progress, Progress)
    assert_type(running.progress.waiting, Waiting | None)
    try:
        async for result in running:
            results[result.line] = result
            summary.add(result)
        assert_type(summary.status(), RunStatus)
    except StoppedError as error:
        return len(str(error))
    check_writable(folder / "results.csv")
    if not holds_results(folder / "results.csv") or are_results_of(folder / "results.csv", roster.name):
        write_results(folder / "results.csv", roster, results)
    assert_type(write_failed(folder / "failed.csv", roster, results), int)
    return len(planned)


async def in_one_call(coggno: AsyncCoggno, rows: Rows) -> list[RowOutcome]:
    outcomes = [result.outcome async for result in provision(coggno, rows)]
    async for result in coggno.provision(rows, concurrency=4):
        assert_type(result, RowResult)
        outcomes.append(result.outcome)
    return outcomes


async def close_journal(path: Path) -> None:
    journals: list[Journal] = [MemoryJournal()]
    try:
        async with SqliteJournal(path) as journal, PostgresJournal("postgresql://host/database") as shared:
            journals += [journal, shared]
    except JournalError as error:
        assert_type(str(error), str)


def write_row_by_row(roster: Roster, results: Iterable[RowResult], folder: Path) -> int:
    with (
        writing_results(folder / "results.csv", roster) as table,
        writing_failed(folder / "failed.csv", roster) as again,
    ):
        assert_type(table, ResultsWriter)
        assert_type(again, FailedWriter)
        for row, result in zip(roster.rows, results, strict=True):
            table.add(row, result)
            again.add(row, result)
    return again.count


def facts(roster: Roster, error: RosterError) -> list[str]:
    rows: RosterRows = roster.rows
    for row in rows:
        assert_type(row.person, Person | None)
    merged: list[MergedRow] = list(roster.merged.with_first(2, "ada"))
    hint: RosterHint | None = error.hint
    return [row.login for row in merged] if hint is None else [hint.lead]


async def agreed(coggno: AsyncCoggno, roster: Roster, path: Path) -> list[str]:
    removals = Removals(scope="members", max_count=20, max_share=0.05, protect=frozenset({"ada"}))
    plan = await make_plan(coggno, roster, RunOptions(removals=removals))
    PlanFile.of(plan).save(path)
    leavers: Leavers | None = plan.leavers
    found: list[Leaver] = [] if leavers is None else leavers.found
    try:
        again = await PlanFile.load(path).make_again(coggno)
        results = [result async for result in apply_plan(coggno, again, RunOptions(removals=removals))]
        assert_type(results, list[RowResult])
    except PlanError as error:
        return [str(error)]
    except RemovalsRefusedError as refused:
        assert_type(refused.reason, str)
    return [leaver.login for leaver in found]


async def on_dask(coggno: AsyncCoggno, dask_client: Client, path: Path) -> int:
    try:
        status = await run_on_dask(dask_client, coggno, path, journal="postgresql:///coggno?journal=hires")
        assert_type(status, JobStatus)
    except DaskError:
        return 0
    return status.done
