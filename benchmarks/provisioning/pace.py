"""How evenly several workers send together: `python -m benchmarks.provisioning.pace [--workers 1 2 4]`.

Workers of one job, each a process of its own, with a rate for all of them. The server counts what arrives in each
second of a minute. The exit code is 1 if a second has 5 % more or fewer than the rate.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
import time
from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

from attrs import define, field

from benchmarks import machine
from benchmarks.peers import KEY
from benchmarks.provisioning.database import database_at
from coggno import AsyncCoggno
from coggno.provisioning import RunOptions
from coggno.provisioning.jobs import Worker, submit_job
from coggno.sandbox import Sandbox, ServerThread

_TOLERANCE: Final = 0.05
_WARM_UP: Final = 3.0  # seconds of the first requests, which grow in number
_SHARD: Final = 500  # rows; several in a minute, so that changing from one to the next counts, too


@define
class Arrivals:
    """An application that counts its requests before the sandbox sees them.

    Attributes:
        app: the sandbox.
        moments: when a request that creates a user arrived.
    """

    app: Sandbox
    moments: list[float] = field(factory=list[float])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Count a request and pass it on."""
        if scope["type"] == "http" and scope["method"] == "POST":
            self.moments.append(time.monotonic())
        await self.app(scope, receive, send)


async def _submit(address: str, url: str, rows: int, rate: float) -> None:
    people = [
        {"email": f"u{number}@example.com", "first_name": "A", "last_name": "B", "password": "s3cret-word"}
        for number in range(rows)
    ]
    async with AsyncCoggno(KEY, base_url=address) as coggno:
        await submit_job(coggno, people, journal=url, options=RunOptions(rate=rate), shard_rows=_SHARD)


async def _work(address: str, url: str) -> None:
    async with AsyncCoggno(KEY, base_url=address) as coggno:
        await Worker(coggno, url).run()


def _worker(address: str, url: str) -> None:
    asyncio.run(_work(address, url))


def measure(database: str, workers: int, rate: float, seconds: int) -> list[int]:
    """Let so many workers send together, and return how many requests arrived in each second.

    Args:
        database: URL without the name of a journal.
        workers: how many.
        rate: requests per second that they are allowed together.
        seconds: how long.
    """
    context = multiprocessing.get_context("spawn")
    arrivals = Arrivals(Sandbox(keys=[KEY]))
    url = f"{database}{'&' if '?' in database else '?'}journal=pace-{uuid4().hex}"
    with ServerThread(arrivals) as address:
        asyncio.run(_submit(address, url, int(rate * (seconds + 2 * _WARM_UP)), rate))
        processes = [context.Process(target=_worker, args=(address, url)) for _ in range(workers)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
    # A whole number of seconds from the first request on, as somebody counts them who knows nothing of the workers.
    begin = arrivals.moments[0] + _WARM_UP
    counts = [0] * seconds
    for moment in arrivals.moments:
        if begin <= moment < begin + seconds:
            counts[int(moment - begin)] += 1
    return counts


def report(workers: int, counts: Sequence[int], rate: float) -> bool:
    """Print what arrived, and return whether each second keeps the rate."""
    is_kept = all(abs(count - rate) <= _TOLERANCE * rate for count in counts)
    mean = sum(counts) / len(counts)
    name = "1 worker" if workers == 1 else f"{workers} workers"
    spread = f"{min(counts)} to {max(counts)} requests in a second, {mean:.1f} on average"
    print(f"{name}: {spread}{'' if is_kept else '  NOT KEPT'}", flush=True)
    if not is_kept:
        print(f"  {' '.join(map(str, counts))}", flush=True)
    return is_kept


def main() -> int:
    """Measure, and return the exit code."""
    parser = argparse.ArgumentParser("python -m benchmarks.provisioning.pace", description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="how many, one measurement each")
    parser.add_argument("--rate", type=float, default=100.0, help="requests per second")
    parser.add_argument("--seconds", type=int, default=60, help="how long each measurement lasts")
    parser.add_argument("--database", metavar="URL", help="a database to use; its tables stay")
    arguments = parser.parse_args()
    is_kept = True
    with database_at(arguments.database) as database:
        for workers in arguments.workers:
            counts = measure(database, workers, arguments.rate, arguments.seconds)
            is_kept = report(workers, counts, arguments.rate) and is_kept
    print(f"load of the last minute: {machine.load():.1f}")
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
