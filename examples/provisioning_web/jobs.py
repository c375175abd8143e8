"""Rosters carried out in the background: each upload is a job with its progress, its results and its own folder.

It knows no web framework: `fastapi_app.py` and `aiohttp_app.py` are two small applications around it.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections import Counter
from pathlib import Path
from typing import IO, Any, Final

from attrs import define, field

from coggno import AsyncCoggno, CoggnoError
from coggno.provisioning import (
    PasswordFile,
    Roster,
    RosterError,
    RowResult,
    Run,
    RunOptions,
    SqliteJournal,
    StoppedError,
    apply_plan,
    make_plan,
    read_roster,
    write_failed,
    write_results,
)
from examples.provisioning_web.events import ENDED

RUNNING_AT_ONCE: Final = 2  # jobs; more would compete for the same rate limit of the API
PROBLEMS_SHOWN: Final = 50  # rows; all of them are in the results file


@define(eq=False, kw_only=True)
class ProvisioningJob:
    """One roster, from the upload to its results.

    Attributes:
        id: cannot be guessed: whoever knows it can read the results.
        folder: its files; that of an earlier job for the same roster, which this one then continues.
        roster: what is wanted.
        makes_passwords: whether new users without a password get one.
        state: queued, planning, running, done or failed.
        message: why it failed or stopped early; empty otherwise.
        results: line -> what became of the row.
        outcomes: how many rows have ended with which outcome.
        files: names of the files that can be downloaded.
        interval: seconds between two snapshots for one browser.
    """

    id: str
    folder: Path
    roster: Roster
    makes_passwords: bool
    state: str = "queued"
    message: str = ""
    results: dict[int, RowResult] = field(factory=dict[int, RowResult])
    outcomes: Counter[str] = field(factory=Counter[str])
    files: list[str] = field(factory=list[str])
    interval: float = 0.2
    _run: Run | None = None
    _stopped: str | None = None

    @property
    def is_ended(self) -> bool:
        """Whether nothing more happens."""
        return self.state in ENDED

    async def snapshot(self) -> dict[str, Any]:
        """Return how far the job is, for the page."""
        waiting = self._run.progress.waiting if self._run is not None and not self.is_ended else None
        return {
            "id": self.id,
            "roster": self.roster.name,
            "state": self.state,
            "message": self.message,
            "done": len(self.results),
            "total": len(self.roster.rows),
            "outcomes": dict(self.outcomes.most_common()),
            "waiting": waiting.reason if waiting is not None else None,
            "problems": self._problems() if self.is_ended else [],
            "files": self.files,
        }

    async def stop(self, reason: str) -> None:
        """Begin no more rows; what is in progress has a few seconds left."""
        self._stopped = reason
        if self._run is not None:
            self._run.stop(reason)

    async def work(self, coggno: AsyncCoggno) -> None:
        """Carry out the roster, and write the files."""
        passwords = PasswordFile(self.folder / "passwords.csv") if self.makes_passwords else None
        try:
            async with SqliteJournal(self.folder / "results.journal") as journal:
                await self._provision(coggno, RunOptions(passwords=passwords, journal=journal))
        except StoppedError as error:
            self.message = str(error)
        except CoggnoError as error:
            # Messages of the client name no key and no password.
            self.message = str(error)
        finally:
            if passwords is not None:
                passwords.close()
        # Writing 100,000 rows takes seconds, in which other requests are to be served.
        await asyncio.to_thread(self._write_files)
        self.state = "failed" if self.message else "done"

    async def _provision(self, coggno: AsyncCoggno, options: RunOptions) -> None:
        self._raise_if_stopped()
        self.state = "planning"
        plan = await make_plan(coggno, self.roster, options)
        self._raise_if_stopped()
        self._run = apply_plan(coggno, plan, options)
        self.state = "running"
        async for result in self._run:
            self.results[result.line] = result
            self.outcomes[result.outcome.value] += 1

    def _raise_if_stopped(self) -> None:
        """Raise what a run raises that is stopped: before it begins there is none that could."""
        if self._stopped is not None:
            raise StoppedError(self._stopped)

    def _write_files(self) -> None:
        if not self.results:
            return
        write_results(self.folder / "results.csv", self.roster, self.results)
        write_failed(self.folder / "failed.csv", self.roster, self.results)
        names = ("results.csv", "failed.csv", "passwords.csv")
        # One line is a header only: nobody needed a new password.
        self.files = [name for name in names if _lines(self.folder / name) > 1]

    def _problems(self) -> list[dict[str, Any]]:
        problems = (result for _, result in sorted(self.results.items()) if not result.is_as_wanted)
        return [
            {"line": result.line, "login": result.login, "outcome": result.outcome.value, "detail": result.detail}
            for result, _ in zip(problems, range(PROBLEMS_SHOWN), strict=False)
        ]


def _lines(path: Path) -> int:
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(1 for _ in file)


@define(eq=False)
class ProvisioningJobs:
    """All jobs of the application.

    Attributes:
        coggno: sends the requests.
        folder: where each roster gets a folder of its own, readable for this user only.
    """

    coggno: AsyncCoggno
    folder: Path
    _jobs: dict[str, ProvisioningJob] = field(factory=dict[str, ProvisioningJob])
    _tasks: set[asyncio.Task[None]] = field(factory=set[asyncio.Task[None]])
    _places: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(RUNNING_AT_ONCE))

    async def open(self) -> None:
        """Do nothing: a job begins when its roster is uploaded."""

    async def start(self, upload: IO[bytes], *, makes_passwords: bool) -> ProvisioningJob:
        """Check an uploaded roster, and begin to carry it out in the background.

        Args:
            upload: the open file; it may be closed as soon as this returns.
            makes_passwords: whether new users without a password get one.

        Raises:
            RosterError: the file is no roster, or is in progress already; nothing was sent.
        """
        # In a thread: the rows of a large file take seconds to check.
        roster = await asyncio.to_thread(read_roster, upload)
        # By what is wanted: after a crash, the same roster continues with its journal and its passwords. New passwords
        # would be wrong for people who were created just before.
        folder = self.folder / roster.digest.hex()[:32]
        if any(job.folder == folder and not job.is_ended for job in self._jobs.values()):
            raise RosterError("This roster is in progress already. Wait until it has ended.")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = secrets.token_urlsafe(16)
        job = ProvisioningJob(id=name, folder=folder, roster=roster, makes_passwords=makes_passwords)
        self._jobs[name] = job
        task = asyncio.create_task(self._work(job))
        # The loop keeps only a weak reference to a task: without this one it could vanish in the middle.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def get(self, name: str) -> ProvisioningJob | None:
        """Return a job by its id."""
        return self._jobs.get(name)

    async def file(self, name: str, file: str) -> Path | None:
        """Return the path of a file that can be downloaded."""
        job = self._jobs.get(name)
        # Looked up in the list, not joined to a path: a name such as `../x` leads nowhere.
        return job.folder / file if job is not None and file in job.files else None

    def release(self, path: Path) -> None:
        """Keep the file: it can be downloaded again."""

    async def delete(self, name: str) -> bool:
        """Delete the files of a job that has ended, and return whether there was one."""
        job = self._jobs.get(name)
        if job is None or not job.is_ended:
            return False
        if any(other.folder == job.folder and not other.is_ended for other in self._jobs.values()):
            return False
        for other in [key for key, value in self._jobs.items() if value.folder == job.folder]:
            del self._jobs[other]
        shutil.rmtree(job.folder, ignore_errors=True)
        return True

    async def close(self) -> None:
        """Stop all jobs in order, and return when their results are written; called when the application ends."""
        for job in self._jobs.values():
            await job.stop("the server is shutting down")
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, job: ProvisioningJob) -> None:
        try:
            async with self._places:
                await job.work(self.coggno)
        except Exception:
            # The page must not wait forever for a job that nobody works on; the log has the traceback.
            job.state, job.message = "failed", "The server could not finish this run; its log says why."
            raise
