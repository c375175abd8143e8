"""Progress as server-sent events, whatever carries the job out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any, Final, Protocol

_HEARTBEAT: Final = 15.0  # seconds; proxies close a connection on which nothing happens
ENDED: Final = frozenset({"done", "failed"})


class WebJob(Protocol):
    """One roster, from the upload to its results."""

    @property
    def interval(self) -> float:
        """Seconds between two snapshots for one browser."""
        ...

    async def snapshot(self) -> dict[str, Any]:
        """Return how far the job is, for the page."""
        ...

    async def stop(self, reason: str) -> None:
        """Begin no more rows; what is in progress has a few seconds left."""
        ...


class WebJobs(Protocol):
    """All jobs of the application."""

    async def open(self) -> None:
        """Begin to work; called when the application begins."""
        ...

    async def start(self, upload: IO[bytes], *, makes_passwords: bool) -> WebJob:
        """Check an uploaded roster, and begin to carry it out in the background."""
        ...

    async def get(self, name: str) -> WebJob | None:
        """Return a job by its id."""
        ...

    async def file(self, name: str, file: str) -> Path | None:
        """Return the path of a file that can be downloaded; `release` it then."""
        ...

    def release(self, path: Path) -> None:
        """Take note that a file was downloaded."""
        ...

    async def delete(self, name: str) -> bool:
        """Delete what is kept of a job that has ended, and return whether there was one."""
        ...

    async def close(self) -> None:
        """End in order; called when the application ends."""
        ...


async def events(job: WebJob) -> AsyncIterator[str]:
    """Yield server-sent events: a snapshot at once, one whenever something changes, and the last one at the end.

    A browser that connects again, or late, simply gets the present state.
    """
    last, unchanged = "", 0.0
    while True:
        snapshot = await job.snapshot()
        data = json.dumps(snapshot)
        if data != last:
            yield f"data: {data}\n\n"
            last, unchanged = data, 0.0
        elif unchanged >= _HEARTBEAT:
            yield ": still here\n\n"
            unchanged = 0.0
        if snapshot["state"] in ENDED:
            return
        await asyncio.sleep(job.interval)
        unchanged += job.interval
