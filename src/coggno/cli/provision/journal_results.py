"""The results files of a run, written from its journal after the run has ended in whatever way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from coggno.cli.exit_codes import CommandError
from coggno.cli.provision.files import RunFiles
from coggno.cli.provision.journal_file import by_login
from coggno.cli.provision.result_files import LoginsOnly
from coggno.cli.terminal.output import count_rows
from coggno.provisioning import Roster, RosterError, RosterOptions, Row, RowOutcome, RowResult, read_roster
from coggno.provisioning.journal import RecordedJob, Records, read_journal
from coggno.provisioning.report import counts_of, label_of
from coggno.provisioning.results import RUNNING, FailedWriter, ResultsWriter, writing_failed, writing_results

_SUPERSEDED: Final = "this run was killed or stopped, and another one with the same journal came after it"
_GONE: Final = "Its results are written without its columns, and without the file of rows to run again"


def write_from_journal(
    journal: str, *, results: Path | None, roster: Path | None, run: int | None = None
) -> Iterator[str]:
    """Write the results files of a run, and yield lines that say what was written.

    Args:
        journal: path or URL of the journal.
        results: path of the results; as for a run if not given.
        roster: path of the roster; where it was when the run began if not given.
        run: number of the run; the last one if not given.

    Raises:
        CommandError: there is no such run, the roster is another one, or a file would overwrite something else.
        JournalError: the journal cannot be read.
        RosterError: a file cannot be written.
    """
    with read_journal(journal) as reader:
        jobs = reader.jobs()
        if not jobs:
            raise CommandError(f"No run has begun with {reader.path} yet.")
        job = jobs[-1] if run is None else _job_of(jobs, run, results)
        if reader.holder is not None and job is jobs[-1]:
            yield "A run is using the journal now: these are the results so far."
        found, problem = _find_roster(job, roster)
        if problem:
            yield f"{problem} {_GONE}."
        files = RunFiles.of(str(_roster_path(job)), results=results, passwords=None)
        files.check()
        ending = RUNNING if job is jobs[-1] else _SUPERSEDED
        yield from _write(reader, job, found, files, ending)


def _job_of(jobs: Sequence[RecordedJob], run: int, results: Path | None) -> RecordedJob:
    found = next((job for job in jobs if job.state.number == run), None)
    if found is None:
        runs = "1 run" if len(jobs) == 1 else f"{len(jobs)} runs"
        raise CommandError(f"There is no run {run} in this journal: it has {runs}. See: coggno journal show JOURNAL")
    if results is None and found is not jobs[-1]:
        # They would take the place of those of the last run.
        raise CommandError(f"Name a file for the results of run {run} with --results.")
    return found


def _roster_path(job: RecordedJob) -> Path:
    """Return the path of the roster as a run in this folder would have it: a journal keeps the absolute one."""
    path = Path(job.job.roster)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _find_roster(job: RecordedJob, given: Path | None) -> tuple[Roster | None, str]:
    """Return the roster of a job, or else why there is none."""
    path = given or _roster_path(job)
    try:
        if given is None and not path.is_file():
            return None, f"The roster {path} is not there any more; name it with --roster."
        roster = read_roster(path, RosterOptions(**job.job.settings))
    except RosterError as error:
        if given is not None:
            raise
        return None, str(error)
    if roster.digest == job.job.digest:
        return roster, ""
    changed = f"{path} is not the roster of this run: it has changed, or is another file."
    if given is not None:
        raise CommandError(changed)
    return None, changed


def _write(reader: Records, job: RecordedJob, roster: Roster | None, files: RunFiles, ending: str) -> Iterator[str]:
    counts: Counter[str] = Counter()
    to_run_again = 0
    with ExitStack() as stack:
        writers: list[ResultsWriter | FailedWriter] = []
        if roster is not None:
            writers.append(stack.enter_context(writing_failed(files.failed, roster)))
        # Entered last, so that it is replaced first: without the results nobody knows what the other file is about.
        table = roster or LoginsOnly(str(_roster_path(job)))
        results = stack.enter_context(writing_results(files.results, table))
        writers.append(results)
        for row, result in _pairs(reader, job, roster):
            counts[label_of(result)] += 1
            to_run_again += not result.is_as_wanted
            for writer in writers:
                writer.add(row, result)
        removed = reader.removed(job.state.number)
        for result in removed:
            results.add_removed(result)
        if job.finished is None:
            results.add_note(RowOutcome.UNKNOWN, ending)
    listed = ", ".join(f"{count:,} {label}" for label, count in counts.most_common())
    yield f"{count_rows(counts.total())}: {listed}" if counts else "No row has a result yet."
    if removed:
        yield f"Not in the roster: {counts_of(removed)}"
    if job.finished is None:
        yield f"Not all is done: {ending}."
    yield f"Outcome of every row: {files.results}"
    if roster is not None and to_run_again:
        yield f"Rows that are not done: {files.failed} ({count_rows(to_run_again)})"


def _pairs(reader: Records, job: RecordedJob, roster: Roster | None) -> Iterator[tuple[Row, RowResult]]:
    if roster is None:
        return by_login(reader, job.state.number)
    return reader.joined(roster.rows, job.state.number)
