"""A whole `coggno provision`, and a bare gather of the same requests. Runs in a worker process, a new one each time."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from benchmarks import machine
from benchmarks.peers import BASIC, KEY, PATH

AT_ONCE: Final = 50
_COLUMNS: Final = ("First Name", "Last Name", "Email", "Password")


@frozen
class ProvisioningCost:
    """What a roster cost.

    Attributes:
        rate: rows per second.
        cpu: microseconds of CPU per row, of all threads.
        peak: peak of the resident memory in MB.
    """

    rate: float
    cpu: float
    peak: float


def write_roster(path: Path, rows: int) -> Path:
    """Write a roster of new users with passwords, and return its path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for number in range(rows):
            writer.writerow([f"First{number}", f"Last{number}", f"user{number}@example.com", f"s3cret-{number:07}"])
    return path


def measure(way: str, url: str, roster: str, rows: int) -> ProvisioningCost:
    """Provision a roster in one of `WAYS`.

    Raises:
        RuntimeError: not every row was provisioned.
    """
    # Imports are part of the command, and of no gather: the time that a person waits is compared.
    cpu, begin = time.process_time(), time.perf_counter()
    seconds = WAYS[way](url, Path(roster)) or time.perf_counter() - begin
    return ProvisioningCost(rows / seconds, (time.process_time() - cpu) / rows * 1e6, machine.peak())


class _Watched(io.StringIO):
    """What a command prints.

    Attributes:
        started_at: when it reported that the rows begin; `None` before.
    """

    started_at: float | None = None

    def write(self, text: str, /) -> int:
        if self.started_at is None and '"start"' in text:
            self.started_at = time.perf_counter()
        return super().write(text)


def _command(url: str, roster: Path) -> None:
    _run(url, roster, _Watched())


def _resume(url: str, roster: Path) -> float:
    """Return the seconds until the rows begin, for a roster that an earlier run has done."""
    _run(url, roster, _Watched())
    begin, printed = time.perf_counter(), _Watched()
    _run(url, roster, printed, "--json")
    if printed.started_at is None:
        raise RuntimeError("coggno provision has reported no start")
    return printed.started_at - begin


def _run(url: str, roster: Path, printed: _Watched, *more: str) -> None:
    from coggno.cli import main

    results = roster.with_name(f"results-{os.getpid()}.csv")
    files = ["--results", str(results), "--journal", str(results.with_suffix(".journal"))]
    options = ["--base-url", url, "--concurrency", str(AT_ONCE), *files, *more]
    os.environ["COGGNO_API_KEY"] = KEY
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = main(["provision", str(roster), *options])
    if code != 0:
        raise RuntimeError(f"coggno provision ended with {code}: {printed.getvalue()[-150:]}")


def _gather(url: str, roster: Path) -> float:
    with roster.open(encoding="utf-8", newline="") as file:
        forms = [
            dict(zip(("first_name", "last_name", "email", "password"), row, strict=True)) for row in csv.reader(file)
        ]
    return asyncio.run(_post_all(url, forms[1:]))


async def _post_all(url: str, forms: list[dict[str, str]]) -> float:
    import aiohttp

    from coggno._generated.operations import CREATE_USER
    from coggno._protocol.decode import decode

    limiter, connector = asyncio.Semaphore(AT_ONCE), aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(headers={"Authorization": BASIC}, connector=connector) as session:

        async def post(form: dict[str, str]) -> None:
            async with limiter, session.post(url + PATH, data=form) as response:
                response.raise_for_status()
                decode(CREATE_USER, await response.read())

        begin = time.perf_counter()
        await asyncio.gather(*map(post, forms))
        return time.perf_counter() - begin


WAYS: Final[Mapping[str, Callable[[str, Path], Any]]] = {
    "gather": _gather, "command": _command, "resume": _resume,
}  # fmt: skip
TITLES: Final[Mapping[str, str]] = {
    "command": "`coggno provision`",
    "gather": "hand-written aiohttp: the POSTs alone, no journal",
}
