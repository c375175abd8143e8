"""Soak test: many tasks on one client, against a sandbox with every kind of fault.

    python -m benchmarks.soak --seconds 300 --tasks 200

Each task creates users, reads them, adds them to a group, removes them from it and deletes them, and records the
outcome that the client reports for each write. At the end the outcomes are compared with the sandbox's log of effects:
no write happened twice, each write reported as done happened, each write reported as not carried out did not. All
connections must be closed, and memory must not grow. The exit code is 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TextIO

from attrs import Factory, define

from coggno import APIError, AsyncCoggno

FAULTS = (
    "writes:status=503,p=0.01",
    "writes:status=504,after,p=0.01",
    "writes:drop,p=0.01",
    "writes:drop,after,p=0.01",
    "writes:reset,after,p=0.01",
    "writes:cut=0.5,p=0.01",
    "writes:html=502,after,p=0.01",
    "writes:empty,p=0.005",
    "createUser:late=1.0,p=0.01",
    "deleteUser:late=1.0,p=0.01",
    "*:status=429,retry_after=0,p=0.01",
    "*:latency=0.05,p=0.02",
    "reads:status=502,p=0.01",
    "reads:drop,p=0.01",
    "reads:cut=0.5,p=0.01",
)
LATE_EFFECTS = 3.0  # seconds: `late` faults carry a write out after its response failed
WARM_UP = 10.0  # seconds until modules, caches and connections are there, and memory should stop growing
MAX_GROWTH = 6.0  # MB after the warm-up: 20 bytes per call in five minutes


def serve(pipe: Connection, seed: int) -> None:
    """Run the sandbox in a separate process, so that the memory measured here is the client's alone."""
    from coggno.sandbox import Sandbox, serving

    async def main() -> None:
        sandbox = Sandbox(faults=FAULTS, seed=seed)
        group = sandbox.seed_group("Soak")
        async with serving(sandbox) as url:
            pipe.send((url, group.id))
            await asyncio.to_thread(pipe.recv)
            pipe.send([(effect.operation, effect.login) for effect in sandbox.effects])
            pipe.send(dict(Counter(entry for entry in _faults(sandbox))))

    asyncio.run(main())


def _faults(sandbox: Any) -> Iterator[str]:
    return (exchange.fault for exchange in sandbox.requests.recent if exchange.fault)


@define
class OutcomeLog:
    """The outcomes that the client reported, in a file: in memory they would look like growth of the client."""

    file: TextIO
    calls: int = 0
    errors: Counter[str] = Factory(Counter)

    async def write(self, operation: str, login: str, call: Awaitable[Any]) -> Any:
        """Await a write and record its outcome; return `None` if it failed."""
        self.calls += 1
        try:
            result = await call
        except APIError as error:
            self._record(operation, login, error.outcome)
            self.errors[f"{operation} {type(error).__name__}"] += 1
            return None
        self._record(operation, login, "done")
        return result or True

    def _record(self, operation: str, login: str, outcome: str) -> None:
        self.file.write(f"{operation} {login} {outcome}\n")

    def outcomes(self) -> Iterator[tuple[str, str, str]]:
        """Yield operation, login and outcome (done, rejected, not_sent or unknown) of every write."""
        self.file.seek(0)
        for line in self.file:
            operation, login, outcome = line.split()
            yield operation, login, outcome

    async def read(self, call: Awaitable[Any]) -> None:
        """Await a read and count a failure."""
        self.calls += 1
        try:
            await call
        except APIError as error:
            self.errors[f"read {type(error).__name__}"] += 1


async def user_lifecycle(coggno: AsyncCoggno, group: int, login: str, log: OutcomeLog, rng: random.Random) -> None:
    """Create a user, use it, and delete it."""
    user = await log.write(
        "createUser",
        login,
        coggno.users.create(email=login, first_name="Ada", last_name=login[:8], password="s3cret-word"),
    )
    if user is None:
        return
    await log.read(coggno.users.get(login))
    if await log.write("addGroupUser", login, coggno.groups.users.add(group, user.id)) and rng.random() < 0.5:
        await log.write("removeGroupUser", login, coggno.groups.users.remove(group, login))
    if rng.random() < 0.02:
        await log.read(_count(coggno))
    await log.write("deleteUser", login, coggno.users.delete(user.id))


async def _count(coggno: AsyncCoggno) -> int:
    return sum([1 async for _ in coggno.users.iter()])


async def soak(log: OutcomeLog, url: str, group: int, *, seconds: float, tasks: int, seed: int) -> list[str]:
    """Run the tasks for that time; return what is wrong with connections and memory afterwards."""
    wrong: list[str] = []
    end = time.monotonic() + seconds
    before = _sockets()
    async with AsyncCoggno("test_soak", base_url=url, max_retries=6) as coggno:

        async def task(number: int) -> None:
            rng = random.Random(seed * 1_000_003 + number)
            count = 0
            while time.monotonic() < end:
                count += 1
                await user_lifecycle(coggno, group, f"t{number}-{count}@example.com", log, rng)

        async with asyncio.TaskGroup() as group_of_tasks:
            watch = group_of_tasks.create_task(_watch(end, seconds, log))
            for number in range(tasks):
                group_of_tasks.create_task(task(number))
        pool = coggno._session.engine.pool  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public access to the pool
        idle, busy = pool.open_connections
        if busy or idle > 50 or _sockets() - before > 50:
            wrong.append(f"connections: {busy} in use, {idle} idle, {_sockets() - before} sockets")
    await asyncio.sleep(0.1)
    if _sockets() > before:
        wrong.append(f"{_sockets() - before} sockets left open after closing")
    growth = watch.result()
    print(f"memory: {growth:+.1f} MB after the warm-up")
    if growth > MAX_GROWTH:
        wrong.append(f"memory grew by {growth:.1f} MB")
    return wrong


async def _watch(end: float, seconds: float, log: OutcomeLog) -> float:
    """Print the progress every 15 seconds; return the growth of memory in MB after the warm-up."""
    await _collect_for(min(WARM_UP, seconds / 2))
    start = _resident()
    while (left := end - time.monotonic()) > 0:
        print(
            f"{left:6.0f} s left, {log.calls} calls, {sum(log.errors.values())} failed, {_resident():.0f} MB",
            flush=True,
        )
        await _collect_for(min(left, 15.0))
    return _resident() - start


async def _collect_for(seconds: float) -> None:
    """Run the garbage collector every second: what waits for it differs by 20 MB from moment to moment, and is no leak.

    An exception refers to the frames that it went through, and they to the exception. The faster the calls, the more of
    these wait, and memory that was used once stays with the process.
    """
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(left, 1.0))
        gc.collect()


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _sockets() -> int:
    links = (_target(link) for link in Path("/proc/self/fd").iterdir())
    return sum(target.startswith("socket:") for target in links)


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def compare(log: OutcomeLog, effects: list[tuple[str, str | None]]) -> list[str]:
    """Return the contradictions between reported outcomes and effects."""
    happened = Counter((operation, login) for operation, login in effects if login)
    wrong = [f"{key} happened {count} times" for key, count in happened.items() if count > 1]
    for operation, login, outcome in log.outcomes():
        key = operation, login
        count = happened.pop(key, 0)
        if outcome == "done" and count != 1:
            wrong.append(f"{key} was reported as done and happened {count} times")
        if outcome in {"rejected", "not_sent"} and count:
            wrong.append(f"{key} was reported as {outcome} and happened")
    wrong += [f"{key} happened without a call" for key in happened]
    return wrong


def main(argv: list[str] | None = None) -> int:
    """Run a soak; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        return _report(*_run(OutcomeLog(file), **vars(options)))


def _run(log: OutcomeLog, *, seconds: float, tasks: int, seed: int) -> tuple[OutcomeLog, int, list[str]]:
    """Start a sandbox and run the soak test; return the log, the number of effects, and what is wrong."""
    ours, theirs = multiprocessing.Pipe()
    sandbox = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, seed))
    sandbox.start()
    try:
        url, group = ours.recv()
        wrong = asyncio.run(soak(log, url, group, seconds=seconds, tasks=tasks, seed=seed))
        time.sleep(LATE_EFFECTS)
        ours.send(None)
        effects = ours.recv()
        print("faults among the last requests:", ours.recv())
    finally:
        sandbox.join(10)
        if sandbox.is_alive():
            sandbox.terminate()
    return log, len(effects), wrong + compare(log, effects)


def _report(log: OutcomeLog, effects: int, wrong: list[str]) -> int:
    outcomes = Counter(f"{operation} {outcome}" for operation, _, outcome in log.outcomes())
    print(f"{log.calls} calls, {effects} effects, {len(wrong)} contradictions")
    for name, count in sorted({**outcomes, **log.errors}.items()):
        print(f"  {count:8d} {name}")
    for line in wrong[:20]:
        print("WRONG:", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
