"""Rosters carried out by any replica of the application, with one PostgreSQL database: the rest of `jobs.py`.

Each replica is also a worker. A roster that is uploaded at one of them is a job in the database; every replica shows
its progress and serves its files, and when the one that carries it out dies, another one continues.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from typing import IO, Any, Final, TypeVar

from attrs import define, field

from coggno import AsyncCoggno, CoggnoError
from coggno.provisioning import (
    PasswordFile,
    Roster,
    RosterError,
    RosterOptions,
    read_roster,
    writing_failed,
    writing_results,
)
from coggno.provisioning.jobs import JobPhase, JobReader, JobStatus, Worker, submit_job
from coggno.provisioning.journal import DatabaseUrl
from examples.provisioning_web.jobs import PROBLEMS_SHOWN

T = TypeVar("T")
SHARD_ROWS: Final = 1_000  # a part of a roster, which one replica carries out
FILES: Final = ("results.csv", "failed.csv", "passwords.csv")
_RESTART: Final = 5.0  # seconds until a worker that failed is started again
_STATES: Final = {
    JobPhase.SUBMITTED: "queued",
    JobPhase.RUNNING: "running",
    # The replica that had it has died, and its lease has not been taken by another one yet.
    JobPhase.STOPPED: "queued",
    JobPhase.FINISHED: "done",
    JobPhase.CANCELLED: "failed",
}


@define(eq=False, kw_only=True)
class ReplicatedJob:
    """One roster, from the upload to its results, as the database has it.

    Attributes:
        id: name of the job; cannot be guessed.
        jobs: all jobs.
        interval: seconds between two snapshots for one browser.
    """

    id: str
    jobs: ReplicatedJobs
    interval: float = 0.5

    async def snapshot(self) -> dict[str, Any]:
        """Return how far the job is, for the page."""
        return await self.jobs.read(self._snapshot)

    async def stop(self, reason: str) -> None:  # noqa: ARG002 - the page knows who has stopped it
        """Begin no more rows, at no replica; what is in progress has a few seconds left."""
        await self.jobs.read(lambda reader: reader.cancel(self.id))

    def _snapshot(self, reader: JobReader) -> dict[str, Any]:
        status = reader.job(self.id)
        is_ended = status.finished is not None
        waiting = status.waiting.reason if status.waiting is not None else None
        return {
            "id": self.id,
            "roster": status.roster,
            "state": _STATES[status.state],
            "message": "The run was stopped by a person." if status.state is JobPhase.CANCELLED else "",
            "done": status.done,
            "total": status.rows,
            "outcomes": {outcome.value: number for outcome, number in status.counts.items()},
            "waiting": waiting,
            "problems": self._problems(reader) if is_ended else [],
            "files": self._files(reader, status) if is_ended else [],
        }

    def _problems(self, reader: JobReader) -> list[dict[str, Any]]:
        problems = (result for result in reader.results(self.id) if not result.is_as_wanted)
        return [
            {"line": result.line, "login": result.login, "outcome": result.outcome.value, "detail": result.detail}
            for result in islice(problems, PROBLEMS_SHOWN)
        ]

    def _files(self, reader: JobReader, status: JobStatus) -> list[str]:
        is_complete = status.done == status.rows and not status.not_as_wanted
        has_passwords = any(True for _ in reader.passwords(self.id, self.jobs.coggno))
        exists = {"results.csv": True, "failed.csv": not is_complete, "passwords.csv": has_passwords}
        return [name for name in FILES if exists[name]]

    def write(self, reader: JobReader, file: str, path: Path) -> None:
        """Write a file of the job.

        Args:
            reader: of the database.
            file: which one.
            path: where to.
        """
        if file == "passwords.csv":
            with closing(PasswordFile(path)) as passwords:
                for person, password in reader.passwords(self.id, self.jobs.coggno):
                    passwords.add(person, password)
                passwords.sync()
            return
        roster = reader.roster(self.id)
        writing = writing_results if file == "results.csv" else writing_failed
        with writing(path, roster) as table:
            for row, result in reader.joined(self.id):
                table.add(row, result)


@define(eq=False)
class ReplicatedJobs:
    """All jobs in the database, and the worker of this replica.

    Attributes:
        coggno: sends the requests.
        url: of the database.
        lease: seconds after which another replica continues the work of one that has died.
    """

    coggno: AsyncCoggno
    url: DatabaseUrl = field(converter=DatabaseUrl)
    lease: float = 15.0
    _folder: tempfile.TemporaryDirectory[str] = field(factory=tempfile.TemporaryDirectory[str])
    _worker: Worker | None = None
    _working: asyncio.Task[None] | None = None
    _is_closing: bool = False

    async def open(self) -> None:
        """Begin to carry out jobs, of this and of other replicas."""
        self._working = asyncio.create_task(self._work())

    async def start(self, upload: IO[bytes], *, makes_passwords: bool) -> ReplicatedJob:
        """Check an uploaded roster, and submit it.

        Args:
            upload: the open file; it may be closed as soon as this returns.
            makes_passwords: whether new users without a password get one.

        Raises:
            RosterError: the file is no roster, or is in progress already; nothing was sent.
        """
        options = RosterOptions(needs_password=not makes_passwords)
        roster = await asyncio.to_thread(read_roster, upload, options)
        name = await self._free_name(roster)
        await submit_job(
            self.coggno,
            roster,
            journal=self.url.of_journal(name),
            makes_passwords=makes_passwords,
            shard_rows=SHARD_ROWS,
        )
        return ReplicatedJob(id=name, jobs=self)

    async def get(self, name: str) -> ReplicatedJob | None:
        """Return a job by its id."""
        return None if await self._status(name) is None else ReplicatedJob(id=name, jobs=self)

    async def file(self, name: str, file: str) -> Path | None:
        """Return the path of a file that can be downloaded."""
        job = await self.get(name)
        if job is None or file not in (await job.snapshot())["files"]:
            return None
        folder = Path(tempfile.mkdtemp(dir=self._folder.name))
        await self.read(lambda reader: job.write(reader, file, folder / file))
        return folder / file

    def release(self, path: Path) -> None:
        """Delete the copy of a file that was downloaded: it may have passwords."""
        shutil.rmtree(path.parent)

    async def delete(self, name: str) -> bool:
        """Delete everything that is known of a job that has ended, and return whether there was one."""
        status = await self._status(name)
        if status is None or status.finished is None:
            return False
        await self.read(lambda reader: reader.delete(name))
        return True

    async def close(self) -> None:
        """Give back what this replica is carrying out; called when the application ends."""
        self._is_closing = True
        if self._worker is not None:
            self._worker.stop("the server is shutting down")
        if self._working is not None:
            await self._working
        self._folder.cleanup()

    async def read(self, function: Callable[[JobReader], T]) -> T:
        """Return what a function finds in the database."""

        def call() -> T:
            with JobReader(self.url) as reader:
                return function(reader)

        return await asyncio.to_thread(call)

    async def _free_name(self, roster: Roster) -> str:
        """Return the name for a roster: the same one at every replica, which nobody can guess who has no API key.

        A roster whose run was stopped, or whose rows need another attempt, gets the next name.

        Raises:
            RosterError: it is in progress already.
        """
        secret = await asyncio.to_thread(self.coggno.derive_key, roster.digest[:16])
        base = base64.urlsafe_b64encode(hashlib.sha256(b"name of a run" + secret).digest()[:18]).decode()
        for number in count(1):
            name = f"{base}-{number}"
            status = await self._status(name)
            if status is None or (status.state is JobPhase.FINISHED and not status.not_as_wanted):
                return name
            if status.finished is None:
                raise RosterError("This roster is in progress already. Wait until it has ended.")
        raise AssertionError

    async def _status(self, name: str) -> JobStatus | None:
        return await self.read(lambda reader: reader.find(name))

    async def _work(self) -> None:
        while not self._is_closing:
            self._worker = Worker(self.coggno, self.url, lease=self.lease)
            try:
                await self._worker.run(forever=True)
            except CoggnoError:
                logging.getLogger(__name__).exception("The worker of this replica failed; it is started again")
                await asyncio.sleep(_RESTART)
