"""What several workers send together: `python -m benchmarks.provisioning.pace [--workers 1 2 4] [--outage]`.

Workers of one job, each a process of its own, with a rate for all of them. The server counts what arrives in each
second of a minute. With --outage, every request fails for a minute, in the middle of which a worker is killed. The exit
code is 1 if a second has 5 % more or fewer requests than the rate, or a minute of an outage has 30 or more.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess
from typing import Any, Final
from uuid import uuid4

from attrs import define, field

from benchmarks import machine
from benchmarks.peers import KEY
from benchmarks.provisioning.database import database_at
from coggno import AsyncCoggno
from coggno.provisioning import RunOptions
from coggno.provisioning.jobs import Worker, submit_job
from coggno.sandbox import Sandbox, ServerThread, parse_fault

_TOLERANCE: Final = 0.05
_WARM_UP: Final = 3.0  # seconds of the first requests, which grow in number
_NOTICED: Final = 2.0  # seconds until all workers know of an outage
_MOST_IN_OUTAGE: Final = 30  # requests a minute
_SHARD: Final = 500  # rows; several in a minute, so that changing from one to the next counts, too


@define
class Arrivals:
    """An application that counts its requests before the sandbox sees them.

    Attributes:
        app: the sandbox.
        moments: when each request arrived.
    """

    app: Sandbox
    moments: list[float] = field(factory=list[float])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Count a request and pass it on."""
        if scope["type"] == "http":
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


@define
class Workers:
    """Some workers of one job, and the server that they send to.

    Attributes:
        arrivals: what has arrived there.
        processes: one for each worker.
    """

    arrivals: Arrivals
    processes: Sequence[SpawnProcess]

    @property
    def sandbox(self) -> Sandbox:
        """The server."""
        return self.arrivals.app

    def sent(self, begin: float, end: float) -> int:
        """Return how many requests arrived between two moments."""
        return sum(begin <= moment < end for moment in self.arrivals.moments)

    def join(self) -> None:
        """Wait until all have ended."""
        for process in self.processes:
            process.join()


@contextmanager
def working(database: str, workers: int, rate: float, rows: int) -> Iterator[Workers]:
    """Submit a job, let so many workers carry it out, and yield when their first requests arrive.

    Args:
        database: URL without the name of a journal.
        workers: how many.
        rate: requests per second that they are allowed together.
        rows: of the job.
    """
    context = multiprocessing.get_context("spawn")
    arrivals = Arrivals(Sandbox(keys=[KEY]))
    url = f"{database}{'&' if '?' in database else '?'}journal=pace-{uuid4().hex}"
    with ServerThread(arrivals) as address:
        asyncio.run(_submit(address, url, rows, rate))
        arrivals.moments.clear()
        running = Workers(arrivals, [context.Process(target=_worker, args=(address, url)) for _ in range(workers)])
        for process in running.processes:
            process.start()
        while not running.sandbox.users():
            time.sleep(0.01)
        yield running
        running.join()


def measure(database: str, workers: int, rate: float, seconds: int) -> list[int]:
    """Let so many workers send together, and return how many requests arrived in each second."""
    with working(database, workers, rate, int(rate * (seconds + 2 * _WARM_UP))) as running:
        # From some moment on, as somebody counts them who knows nothing of the workers.
        begin = time.monotonic() + _WARM_UP
        running.join()
        return [running.sent(begin + second, begin + second + 1) for second in range(seconds)]


def outage(database: str, workers: int, rate: float, seconds: int) -> bool:
    """Let every request fail for so long, kill a worker meanwhile, and return whether few requests were sent."""
    rows = int(rate * 3 * _WARM_UP)
    with working(database, workers, rate, rows) as running:
        time.sleep(_WARM_UP)
        fault, begin = running.sandbox.faults.add(parse_fault("*:status=503")), time.monotonic()
        time.sleep(seconds / 2)
        if workers > 1:
            running.processes[0].kill()
        time.sleep(seconds / 2)
        running.sandbox.faults.remove(fault)
        end = time.monotonic()
        first, later = running.sent(begin, begin + _NOTICED), running.sent(begin + _NOTICED, end)
        running.join()
    after = next(moment for moment in running.arrivals.moments if moment > end + 0.1) - end
    effects = sum(effect.operation == "createUser" for effect in running.sandbox.effects)
    is_kept = later < _MOST_IN_OUTAGE * seconds / 60 and effects == len(running.sandbox.users()) == rows
    print(
        f"{_name(workers)}: {first} requests in the first {_NOTICED:g} s of an outage, {later} in the rest of it, the "
        f"next one {after:.1f} s after it; {effects} users created for {rows} rows{'' if is_kept else '  NOT KEPT'}"
    )
    return is_kept


def report(workers: int, counts: Sequence[int], rate: float) -> bool:
    """Print what arrived, and return whether each second keeps the rate."""
    is_kept = all(abs(count - rate) <= _TOLERANCE * rate for count in counts)
    mean = sum(counts) / len(counts)
    spread = f"{min(counts)} to {max(counts)} requests in a second, {mean:.1f} on average"
    print(f"{_name(workers)}: {spread}{'' if is_kept else '  NOT KEPT'}", flush=True)
    if not is_kept:
        print(f"  {' '.join(map(str, counts))}", flush=True)
    return is_kept


def _name(workers: int) -> str:
    return "1 worker" if workers == 1 else f"{workers} workers"


def main() -> int:
    """Measure, and return the exit code."""
    parser = argparse.ArgumentParser("python -m benchmarks.provisioning.pace", description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="how many, one measurement each")
    parser.add_argument("--rate", type=float, default=100.0, help="requests per second")
    parser.add_argument("--seconds", type=int, default=60, help="how long each measurement lasts")
    parser.add_argument("--outage", action="store_true", help="let every request fail meanwhile")
    parser.add_argument("--database", metavar="URL", help="a database to use; its tables stay")
    arguments = parser.parse_args()
    is_kept = True
    with database_at(arguments.database) as database:
        for workers in arguments.workers:
            if arguments.outage:
                is_kept = outage(database, workers, arguments.rate, arguments.seconds) and is_kept
            else:
                counts = measure(database, workers, arguments.rate, arguments.seconds)
                is_kept = report(workers, counts, arguments.rate) and is_kept
    print(f"load of the last minute: {machine.load():.1f}")
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
