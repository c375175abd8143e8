"""The results files of a submitted job: the same as those of a run, also while workers carry it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from coggno import AsyncCoggno
from coggno.cli.client_settings import ClientSettings
from coggno.cli.exit_codes import ExitCode
from coggno.cli.provision.files import RunFiles
from coggno.cli.terminal.output import count, count_rows
from coggno.provisioning import PasswordFile, Person, Roster, RowOutcome
from coggno.provisioning.jobs import JobPhase, JobReader, JobStatus
from coggno.provisioning.report import label_of
from coggno.provisioning.results import writing_failed, writing_results

_OPEN: Final = "this job has not ended; run the same command again later"
_CANCELLED: Final = "this job was cancelled before all rows were carried out"


@frozen
class JobFiles:
    """Which files are written, and for which job.

    Attributes:
        name: of the job.
        results: path of the results; as for a run if not given.
        passwords: path of the generated passwords; `None` to write none.
        client: has the key that the passwords were sealed with.
    """

    name: str
    results: Path | None
    passwords: Path | None
    client: ClientSettings


@define
class WrittenResults:
    """What was written.

    Attributes:
        status: of the job.
        files: their paths.
        counts: how many rows ended in which way, in words for people.
        to_run_again: how many rows are not as wanted.
        passwords: how many passwords were written; `None` if none were asked for.
    """

    status: JobStatus
    files: RunFiles
    counts: Counter[str] = field(factory=Counter[str])
    to_run_again: int = 0
    passwords: int | None = None

    @property
    def exit_code(self) -> ExitCode:
        """0 if all rows are as wanted, 1 if some are not, 3 if the job has not come to its end."""
        if self.status.state is not JobPhase.FINISHED:
            return ExitCode.STOPPED
        return ExitCode.FAILED if self.to_run_again else ExitCode.OK

    def lines(self) -> Iterator[str]:
        """Yield what to tell a person."""
        listed = ", ".join(f"{number:,} {label}" for label, number in self.counts.most_common())
        yield f"{count_rows(self.counts.total())}: {listed}"
        if self.status.state is not JobPhase.FINISHED:
            yield f"Not all is done: {_note(self.status)}."
        yield f"Outcome of every row: {self.files.results}"
        if self.to_run_again:
            yield f"Rows that are not done: {self.files.failed} ({count_rows(self.to_run_again)})"
        if self.passwords is not None:
            yield f"Passwords: {self.files.passwords} ({count(self.passwords, 'user')})"

    def as_data(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return {
            "name": self.status.name,
            "state": self.status.state.value,
            "counts": dict(self.counts),
            "results": str(self.files.results),
            "failed": str(self.files.failed) if self.to_run_again else None,
            "to_run_again": self.to_run_again,
            "passwords": None if self.passwords is None else str(self.files.passwords),
        }


def write_results(reader: JobReader, wanted: JobFiles) -> WrittenResults:
    """Write the files of a job.

    Raises:
        CommandError: a file would overwrite something else, or there is no key.
        JournalError: there is no such job, or its passwords were sealed with another key.
        RosterError: a file cannot be written.
    """
    status = reader.job(wanted.name)
    files = RunFiles.of(status.roster, results=wanted.results, passwords=wanted.passwords)
    files.check()
    written = WrittenResults(status, files)
    if wanted.passwords is not None:
        # First: who has the results and no passwords would take the job for done.
        written.passwords = _write_passwords(reader, wanted, wanted.passwords)
    _write(reader, reader.roster(wanted.name), written)
    return written


def _write(reader: JobReader, roster: Roster, written: WrittenResults) -> None:
    # The results are entered last, so that they are replaced first: without them the other file means nothing.
    with (
        writing_failed(written.files.failed, roster) as failed,
        writing_results(written.files.results, roster) as results,
    ):
        for row, result in reader.joined(written.status.name):
            written.counts[label_of(result)] += 1
            failed.add(row, result)
            results.add(row, result)
        if written.status.state is not JobPhase.FINISHED:
            results.add_note(RowOutcome.UNKNOWN, _note(written.status))
        written.to_run_again = failed.count


def _note(status: JobStatus) -> str:
    return _CANCELLED if status.state is JobPhase.CANCELLED else _OPEN


def _write_passwords(reader: JobReader, wanted: JobFiles, path: Path) -> int:
    async def generated(coggno: AsyncCoggno) -> list[tuple[Person, str]]:
        return list(reader.passwords(wanted.name, coggno))

    found = wanted.client.run(generated)
    with closing(PasswordFile(path)) as file:
        for person, password in found:
            file.add(person, password)
        file.sync()
    return len(found)
